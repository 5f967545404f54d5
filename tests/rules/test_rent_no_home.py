"""The rent withdrawal without a home against its decision table, and its properties over any input."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import policy
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.withdrawals import kind_of
from domain.withdrawals.rules import (
    FREQUENCY_NAMES,
    MONTHS_OF_FREQUENCY,
    CardFacts,
    Declaration,
    Facts,
    HomesAnswer,
    Judgement,
    MarriageAnswer,
    Spouse,
    judge,
    spouse_to_check,
)
from tests.rules.rent_table import Row, rows

ROWS = rows()
DAY = date(2026, 11, 23)
BASE = ROWS[0]
KIND = kind_of("rent_no_home")

pytestmark = pytest.mark.requirement("R08.4")


def judged(row: Row) -> Judgement:
    return judge(
        kind=KIND,
        facts=row.facts,
        application=row.application,
        policy=policy.on(row.business_date),
        business_date=row.business_date,
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.number}-{row.title}")
def test_decision_table(row: Row) -> None:
    judgement, expected = judged(row), row.expected
    codes = [f"withdrawal.{code}" for code in expected.get("代码", [])]
    assert sorted(refusal.code for refusal in judgement.refusals) == sorted(codes)
    assert judgement.allowed == (expected["结果"] == "同意")
    assert sorted(judgement.flags) == sorted(expected.get("标记", []))
    if not judgement.allowed:
        assert judgement.amount == Money.zero()
    told: dict[str, Any] = {
        "金额": str(judgement.amount),
        "月数": judgement.months,
        "每月限额": str(judgement.monthly_limit),
        "起始": str(judgement.from_month),
        "截止": str(judgement.until_month),
        "字段": [
            refusal.field for refusal in sorted(judgement.refusals, key=lambda refusal: codes.index(refusal.code))
        ],
    }
    assert {key: told[key] for key in told if key in expected} == {
        key: value for key, value in expected.items() if key in told
    }
    text = "".join(paragraph["text"] for paragraph in judgement.explanation)
    assert expected.get("说明含", "") in text and expected.get("依据含", "") in text


def test_table_is_wide_enough() -> None:
    assert len(ROWS) >= 40
    assert len({row.number for row in ROWS}) == len(ROWS)
    abnormal = [row for row in ROWS if row.kind in {"拒绝", "非法输入"}]
    assert len(abnormal) * 4 >= len(ROWS)
    # the tables of all kinds together meet every refusal and flag: test_withdrawal_tables.py
    assert len({refusal.code for row in ROWS for refusal in judged(row).refusals}) >= 20


def test_every_refusal_says_what_to_do_next() -> None:
    for row in ROWS:
        for refusal in judged(row).refusals:
            assert refusal.message.endswith("。") and "{" not in refusal.message
            assert re.search("请|可", refusal.message), refusal.code


def test_explanation_shows_the_arithmetic() -> None:
    row = next(row for row in ROWS if row.number == "R27")
    texts = {paragraph["title"]: paragraph["text"] for paragraph in judged(row).explanation}
    assert texts["提取金额"] == (
        "每月限额2,000.00元 × 3个月 = 6,000.00元；账户可用余额1,234.56元"
        "（已扣除办理中业务占用的5,000.00元）。两者取较小者，本次可提取1,234.56元。"
    )
    assert "2024年3月起至2025年2月止" in texts["提取期限"]


def test_explanation_and_refusals_tell_nothing_that_identifies() -> None:
    for row in ROWS:
        said = repr(judged(row))
        for secret in (row.application.spouse_document_no, row.facts.marriage.spouse_document_no):
            assert not secret or secret.strip() not in said


def test_judgement_keeps_the_policy_it_used() -> None:
    snapshot = judged(BASE).policy_snapshot
    assert snapshot["withdrawal.rent_no_home.monthly_limit"] == {
        "name_zh": "无房租房提取每人每月限额",
        "value": "2000.00",
        "unit": "yuan",
        "from": "2023-07-01",
        "until": None,
        "source": "京房公积金发〔2023〕6号",
        "confidence": "U",
        "status": "unverified",
    }
    assert "withdrawal.hold_valid_days" not in snapshot


def test_reading_of_the_caller_records_both() -> None:
    reading = policy.on(DAY).reading()
    reading.number("withdrawal.hold_valid_days")
    judgement = judge(kind=KIND, facts=BASE.facts, application=BASE.application, policy=reading, business_date=DAY)
    assert {"withdrawal.hold_valid_days", "withdrawal.rent_no_home.monthly_limit"} <= set(judgement.policy_snapshot)


def test_every_frequency_of_the_policy_has_its_months() -> None:
    for dated in policy.parameters()["withdrawal.rent_no_home.frequencies"].series:
        assert isinstance(dated.value, tuple)
        assert set(dated.value) <= set(MONTHS_OF_FREQUENCY) == set(FREQUENCY_NAMES) - {"once"}


def test_policy_of_another_date_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="another date"):
        judge(
            kind=KIND,
            facts=BASE.facts,
            application=BASE.application,
            policy=policy.on(date(2023, 6, 30)),
            business_date=date(2023, 7, 1),
        )


def test_date_before_the_rules_is_refused() -> None:
    judgement = judged(replace(BASE, business_date=date(2018, 6, 30)))
    assert [refusal.code for refusal in judgement.refusals] == ["withdrawal.kind_not_offered"]
    assert not judgement.amount


@pytest.mark.parametrize(
    "broken",
    [
        lambda: replace(BASE.facts, available=Money(-1)),
        lambda: replace(BASE.facts, held=Money(-1)),
        lambda: replace(BASE.facts, months_contributed_consecutively=-1),
        lambda: HomesAnswer(answered=False, count=1),
        lambda: HomesAnswer(answered=True, count=-1),
        lambda: MarriageAnswer(answered=True),
        lambda: MarriageAnswer(answered=False, status="single"),
    ],
)
def test_impossible_facts_are_bugs(broken: Any) -> None:
    with pytest.raises(AssertionError):
        broken()


def test_whose_homes_are_asked_about() -> None:
    married = MarriageAnswer(answered=True, status="married", spouse_name="样例甲", spouse_document_no="p1")
    unnamed = MarriageAnswer(answered=True, status="married")
    silent = MarriageAnswer(answered=False)
    single = MarriageAnswer(answered=True, status="single")
    none = BASE.application
    other = replace(none, spouse_name="样例乙", spouse_document_no="p2")
    half = replace(none, spouse_name="样例乙")
    assert spouse_to_check(marriage=married, application=other) == Spouse("样例甲", "P1")
    assert spouse_to_check(marriage=married, application=none) == Spouse("样例甲", "P1")
    assert spouse_to_check(marriage=unnamed, application=other) == Spouse("样例乙", "P2")
    assert spouse_to_check(marriage=silent, application=other) == Spouse("样例乙", "P2")
    assert spouse_to_check(marriage=silent, application=half) is None
    assert spouse_to_check(marriage=single, application=other) is None


fen = st.integers(min_value=0, max_value=50_000_000).map(Money)
answers = st.builds(HomesAnswer, answered=st.just(True), count=st.integers(0, 2), covers_spouse=st.booleans())
facts_strategy = st.builds(
    Facts,
    account_state=st.sampled_from(["01", "01", "01", "02", "05", "06", "99", ""]),
    available=fen,
    held=fen,
    months_contributed_consecutively=st.integers(0, 400),
    paid_through=st.none() | st.builds(YearMonth, st.integers(2018, 2027), st.integers(1, 12)),
    homes=answers | st.just(HomesAnswer(answered=False)),
    marriage=st.sampled_from(
        [
            MarriageAnswer(answered=False),
            MarriageAnswer(answered=True, status="single"),
            MarriageAnswer(answered=True, status="married"),
            MarriageAnswer(answered=True, status="married", spouse_name="样例甲", spouse_document_no="P1"),
        ]
    ),
    card=st.none() | st.builds(CardFacts, entrusted_bank=st.booleans(), active=st.booleans()),
    running_arrangement=st.booleans(),
    frozen=st.booleans(),
    adverse_record=st.booleans(),
)
applications = st.builds(
    Declaration,
    frequency=st.sampled_from(["monthly", "quarterly"]) | st.text(max_size=12),
    commitment=st.booleans(),
    auto_renewal=st.booleans(),
    spouse_name=st.none() | st.text(max_size=12),
    spouse_document_no=st.none() | st.text(max_size=20),
    rental_filing_no=st.none() | st.text(max_size=20),
)
days = st.dates(min_value=date(2018, 7, 1), max_value=date(2030, 12, 31))


@given(facts=facts_strategy, application=applications, day=days)
def test_any_input_is_judged_within_the_limits(facts: Facts, application: Declaration, day: date) -> None:
    judgement = judge(kind=KIND, facts=facts, application=application, policy=policy.on(day), business_date=day)
    assert Money.zero() <= judgement.amount <= facts.available
    assert judgement.amount <= judgement.monthly_limit * judgement.months
    assert judgement.allowed == (not judgement.refusals) == bool(judgement.amount)
    assert judgement.from_month <= judgement.until_month == judgement.from_month.plus(months=11)
    assert len({refusal.code for refusal in judgement.refusals}) == len(judgement.refusals)
    assert all(paragraph["title"] and paragraph["text"] for paragraph in judgement.explanation)


@given(first=fen, more=fen, day=days, frequency=st.sampled_from(["monthly", "quarterly"]))
def test_a_higher_balance_never_pays_less(first: Money, more: Money, day: date, frequency: str) -> None:
    application = replace(BASE.application, frequency=frequency)

    def amount(available: Money) -> Money:
        facts = replace(BASE.facts, available=available)
        return judge(kind=KIND, facts=facts, application=application, policy=policy.on(day), business_date=day).amount

    assert amount(first) <= amount(first + more)


@given(facts=facts_strategy, application=applications, day=days)
def test_a_silent_agency_never_adds_a_refusal(facts: Facts, application: Declaration, day: date) -> None:
    def codes(told: Facts) -> set[str]:
        judgement = judge(kind=KIND, facts=told, application=application, policy=policy.on(day), business_date=day)
        return {refusal.code for refusal in judgement.refusals}

    silent = replace(facts, homes=HomesAnswer(answered=False), marriage=MarriageAnswer(answered=False))
    about_declaration = {"withdrawal.spouse_is_applicant", "withdrawal.spouse_document_malformed"}
    assert codes(silent) - about_declaration <= codes(facts)
