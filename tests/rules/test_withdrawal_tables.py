"""Every kind of withdrawal against its decision table, and what holds for all of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import policy
from domain.kernel.money import Money
from domain.withdrawals import kinds, refusals
from domain.withdrawals.rules import CONDITIONS, FLAGS, LIMITS, Judgement, judge
from tests.rules import rent_table
from tests.rules.withdrawal_tables import Row, rows

ROWS = rows()
pytestmark = pytest.mark.requirement("R08.5")

# said by actions, not by the rule: they look at what the rule is not told
BY_ACTIONS = {
    "spouse_checks_exhausted",
    "channel_not_offered",
    "arrangement_not_found",
    "arrangement_state",
    "nothing_to_change",
    "total_below_paid",
    "asked_nothing",
    "asked_number_missing",
    "asked_person_unknown",
    "paper_again",
    "paper_not_now",
    "correction_field",
    "correction_other_account",
    "correction_without_facts",
    "kiosk_paper_unknown",
    "kiosk_print_unknown",
    "kiosk_printed",
    "kiosk_printing",
    "kiosk_reported",
    "kiosk_too_many",
    "maintenance_account_missing",
    "maintenance_amount",
    "maintenance_no_payee",
    "maintenance_not_arrived",
    "maintenance_not_deposit",
    "maintenance_not_waiting",
    "record_period",
}


def judged(row: Row) -> Judgement:
    return judge(
        kind=row.kind,
        facts=row.facts,
        application=row.application,
        policy=policy.on(row.business_date),
        business_date=row.business_date,
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.number}-{row.title}")
def test_decision_tables(row: Row) -> None:
    judgement, expected = judged(row), row.expected
    codes = [f"withdrawal.{code}" for code in expected.get("代码", [])]
    assert sorted(refusal.code for refusal in judgement.refusals) == sorted(codes)
    assert sorted(judgement.flags) == sorted(expected.get("标记", []))
    told: dict[str, Any] = {
        "金额": str(judgement.amount),
        "总额": str(judgement.limit.total),
        "月数": judgement.months,
        "字段": sorted(refusal.field or "" for refusal in judgement.refusals),
    }
    assert {name: told[name] for name in told if name in expected} == {
        name: value for name, value in expected.items() if name in told
    }
    text = "".join(paragraph["text"] for paragraph in judgement.explanation)
    assert expected.get("说明含", "") in text


def test_the_tables_meet_every_kind_refusal_flag_condition_and_limit() -> None:
    assert {row.kind.code for row in ROWS} | {"rent_no_home"} == {kind.code for kind in kinds()}
    assert {name for kind in kinds() for name in kind.conditions} == set(CONDITIONS)
    assert {kind.limit for kind in kinds()} == set(LIMITS)
    declared = {kind.code for kind in vars(refusals).values() if hasattr(kind, "template")}
    met = {refusal.code for row in ROWS for refusal in judged(row).refusals}
    flags = {flag for row in ROWS for flag in judged(row).flags}
    rent = next(kind for kind in kinds() if kind.code == "rent_no_home")
    for row in rent_table.rows():
        judgement = judge(
            kind=rent,
            facts=row.facts,
            application=row.application,
            policy=policy.on(row.business_date),
            business_date=row.business_date,
        )
        met |= {refusal.code for refusal in judgement.refusals}
        flags |= set(judgement.flags)
    assert declared - met == {f"withdrawal.{code}" for code in BY_ACTIONS}
    assert flags == set(FLAGS)
    abnormal = [row for row in ROWS if row.expected.get("代码")]
    assert len(abnormal) * 4 >= len(ROWS)


def test_every_kind_has_its_parameters_on_every_day_it_is_offered() -> None:
    for kind in kinds():
        for offered in kind.offered:
            for day in {offered.valid_from, offered.valid_until or date(2030, 1, 1), max(offered.valid_from, DAY)}:
                values = policy.on(day)
                assert values.text(kind.parameter("legal_basis")), kind.code
                if kind.group:
                    assert values.codes(kind.parameter("frequencies")), kind.code


DAY = date(2026, 9, 20)
fen = st.integers(0, 90_000_000).map(Money)


@given(row=st.sampled_from(ROWS), available=fen, used=fen, day=st.dates(date(2018, 7, 1), date(2030, 1, 1)))
def test_whatever_is_allowed_is_covered_and_within_the_limit(
    row: Row, available: Money, used: Money, day: date
) -> None:
    assert row.facts.subject is not None
    shares = row.kind.subject == "estate"
    subject = replace(row.facts.subject, used=Money(used.fen % 10_000) if shares else used)
    facts = replace(row.facts, available=available, subject=subject)
    judgement = judged(replace(row, facts=facts, business_date=day))
    interest = facts.interest if row.kind.closure else Money.zero()
    assert Money.zero() <= judgement.amount <= available + interest
    assert judgement.allowed == (not judgement.refusals) == bool(judgement.amount)
    assert len({refusal.code for refusal in judgement.refusals} | {""}) >= 1
    if judgement.allowed and judgement.limit.whole is not None and not shares and row.kind.code != "renovation":
        assert judgement.amount + subject.used <= judgement.limit.whole
    assert all(refusal.message.endswith("。") for refusal in judgement.refusals)
