"""演练: a month's decided cases under a proposed rule; nothing is written, and a difference is the proposal's."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain import withdrawals
from domain.kernel import database
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.declared import DeclarationError
from domain.kernel.money import Money
from domain.policy import PolicyMissing
from domain.withdrawals import Rehearsal
from domain.withdrawals.rehearsing import _rehearsed
from domain.withdrawals.rules import read_back, written
from ops.dev.failures import CommandFailure
from ops.dev.rehearse import _options, report, write_csv
from tests.city import RunningHouse
from tests.factories import kinds, rent
from tests.factories.people import card_id, citizen
from tests.factories.snapshot import nothing_changed
from tests.rules.withdrawal_tables import rows

LIMIT = "withdrawal.rent_no_home.monthly_limit"
LEAST = "withdrawal.rent_no_home.contribution_months_min"


async def rehearsed(running: RunningHouse, declared: dict[str, Any]) -> Rehearsal:
    month = YearMonth.of(business_date_of(running.clock()))
    async with nothing_changed():
        return await withdrawals.rehearse(proposal=withdrawals.proposal_of(declared, name="proposal"), month=month)


async def a_month(running: RunningHouse) -> None:
    """Two rents approved (26 and 40 months contributed), one with too little in the account, one that staff refused."""
    for key in ("zhang_wei", "li_na", "wu_fang"):
        await rent.approved(running, key, frequency="monthly")
    case = await rent.apply(running, "ma_li", frequency="monthly")
    await rent.review(running, case, "li.min", "refuse", reason_code="other", note="材料不符")


async def test_who_gains_and_how_much(running: RunningHouse) -> None:
    await a_month(running)
    found = await rehearsed(running, {"title": "限额提高", "values": {LIMIT: "2500.00"}})
    assert [(case.before, case.after) for case in found.of("gains")] == [(Money.yuan(2000), Money.yuan(2500))] * 2
    # who has less than the limit gains nothing by a higher one
    assert [case.outcome for case in found.cases].count("same") == 1
    assert (found.total("gains"), found.refused_by_staff, found.without_facts) == (Money.yuan(1000), 1, 0)
    lines = report(found)
    assert lines[0] == f"演练：限额提高　{found.month.year}年{found.month.month}月审结的提取 3 件"
    assert "  增加 2 件　+1,000.00元" in lines and "  首期支付合计变化 +1,000.00元" in lines


async def test_who_would_be_refused_and_why(running: RunningHouse) -> None:
    await a_month(running)
    found = await rehearsed(running, {"values": {LEAST: 36}})
    (one, other) = found.of("refused")
    assert (one.after, other.after) == (Money.zero(), Money.zero())
    assert "须连续缴存满36个月" in one.reasons[0]
    assert found.total("refused") == Money.zero() - one.before - other.before
    assert any("改为不予受理 2 件" in line for line in report(found))


async def test_the_present_rule_changes_nothing(running: RunningHouse) -> None:
    await a_month(running)
    found = await rehearsed(running, {"values": {LIMIT: "2000.00"}})
    assert {case.outcome for case in found.cases} == {"same"}


async def test_a_case_that_the_present_rule_does_not_explain_is_not_compared(running: RunningHouse) -> None:
    await a_month(running)
    proposal = withdrawals.proposal_of({"values": {LIMIT: "2500.00"}}, name="p")
    row = await database.row(
        "SELECT 1 AS account_no, 1 AS case_id, 'C' AS case_no, '张*' AS applicant_masked, '0101' AS office_code,"
        " c.business_date, 'rent_no_home' AS kind, f.amount_fen + 1 AS amount_fen, f.facts_cipher"
        " FROM withdrawal_facts f JOIN service_case c USING (account_no, case_id) LIMIT 1"
    )
    assert row is not None
    assert _rehearsed(row, proposal).outcome == "not_comparable"


async def test_a_kind_with_other_conditions(running: RunningHouse) -> None:
    """A version of the rule itself; one that reads a parameter which does not exist says so."""
    one = kinds.granted(withdrawals.kind_of("rent_invoiced"))
    now = running.clock()
    case = await withdrawals.apply_for_withdrawal(
        actor=await citizen(one.who),
        application=withdrawals.Application(
            kind="rent_invoiced",
            card_id=await card_id(one.who),
            commitment=True,
            frequency="monthly",
            fields=one.fields(),
        ),
        request_key=rent.new_key(),
        business_date=business_date_of(now),
        now=now,
        registries=one.agencies.registries(),
    )
    assert case is not None
    await rent.review(running, case, "li.min")
    await rent.review(running, case, "wang.fang")
    with pytest.raises(DeclarationError, match="没有条件"):
        withdrawals.proposal_of({"kinds": {"rent_invoiced": {"conditions": ["nothing_such"]}}}, name="p")
    stricter = {"rent_invoiced": {"account_states": ["02"], "conditions": ["contributing"]}}
    (only,) = (await rehearsed(running, {"kinds": stricter})).cases
    assert only.outcome == "refused" and "请先由原单位办理封存" in only.reasons[0]
    lower = {"rent_invoiced": {"limit": "fixed_by_month"}}
    with pytest.raises(PolicyMissing, match=r"rent_invoiced\.monthly_limit"):
        await rehearsed(running, {"kinds": lower})


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.number)
def test_facts_are_read_back_as_they_were(row: Any) -> None:
    kept = written(facts=row.facts, declared=row.application)
    assert read_back(kept) == (row.facts, row.application)
    # a later version of the rule may have dropped a fact, or not have it yet
    assert read_back({"facts": {**kept["facts"], "gone": 1}, "declared": kept["declared"]})[0] == row.facts


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({}, "应写明"),
        ({"values": {"no.such": 1}}, "没有这个参数"),
        ({"values": {LIMIT: 2500}}, "takes a quoted text"),
        ({"values": {LIMIT: "-1.00"}}, "negative"),
        ({"kinds": {"no_such": {"limit": "cost"}}}, "没有这个提取类型"),
        ({"kinds": {"rent_no_home": {"limit": "no_such"}}}, "没有限额"),
        ({"kinds": {"rent_no_home": {"name": "x"}}}, "可改"),
        ({"title": "x"}, "至少有一项"),
    ],
)
def test_a_proposal_that_means_nothing_is_refused_with_every_reason(declared: Any, said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        withdrawals.proposal_of(declared, name="proposal")


async def test_every_case_can_be_exported_with_masked_names(running: RunningHouse, tmp_path: Path) -> None:
    await a_month(running)
    found = await rehearsed(running, {"values": {LIMIT: "1000.00"}})
    write_csv(found, tmp_path / "out.csv")
    head, *lines = list(csv.reader((tmp_path / "out.csv").open(encoding="utf-8-sig")))
    assert head[:2] == ["办件编号", "申请人"] and len(lines) == 3
    lost = [line for line in lines if line[7] == "减少"]
    assert lost and all(line[6] == str(Money.parse(line[5]) - Money.parse(line[4])) for line in lost)
    assert not any(name in str(lines) for name in ("张伟", "李娜", "吴芳"))


def test_the_command_says_how_it_is_used() -> None:
    for arguments in ([], ["--month", "2026-10"], ["f.yaml", "--month"], ["f.yaml", "--other", "x"]):
        with pytest.raises(CommandFailure, match="usage"):
            _options(arguments)


# --- refused before there was a case


async def test_who_was_turned_away_and_would_gain(running: RunningHouse) -> None:
    """zhao_min has not contributed long enough; the proposal asks for less."""
    [(code, _)] = await rent.refused(rent.apply(running, "zhao_min", frequency="monthly"))
    assert code == "withdrawal.contribution_too_short"
    # twice a day is one; a rehearsal and a dry run leave nothing
    await rent.refused(rent.apply(running, "zhao_min", frequency="monthly"))
    await rent.refused(rent.apply(running, "zhao_min", frequency="monthly", dry_run=True))
    assert await database.value("SELECT count(*) FROM refused_application") == 1
    found = await rehearsed(running, {"values": {LEAST: 1}})
    assert [(one.outcome, one.case_no, one.applicant_masked) for one in found.turned_away] == [("admitted", "", "")]
    assert found.total("admitted") == found.turned_away[0].after > Money.zero()
    assert "  改为受理 1 件" in "\n".join(report(found))
    unchanged = await rehearsed(running, {"values": {LEAST: 30}})
    assert [one.outcome for one in unchanged.turned_away] == ["same"] and unchanged.turned_away[0].reasons


async def test_who_came_back_or_was_refused_otherwise_is_not_counted(running: RunningHouse) -> None:
    await rent.refused(rent.apply(running, "zhang_wei", commitment=False))
    assert await database.value("SELECT count(*) FROM refused_application") == 1
    await rent.apply(running, "zhang_wei")
    # a case that runs is no rule
    await rent.refused(rent.apply(running, "zhang_wei"))
    assert await database.value("SELECT count(*) FROM refused_application") == 1
    assert (await rehearsed(running, {"values": {LIMIT: "2500.00"}})).turned_away == ()


async def test_what_was_turned_away_is_sealed_and_thrown_away(running: RunningHouse) -> None:
    await rent.refused(rent.apply(running, "zhao_min", frequency="monthly"))
    row = await database.row("SELECT * FROM refused_application")
    assert row is not None and set(row.keys()) == {
        "account_no", "kind", "business_date", "refused_at", "office_code", "codes", "facts_cipher", "keep_until",
    }  # fmt: skip
    assert await withdrawals.forget_refused(business_date=row["keep_until"]) == 0
    assert await withdrawals.forget_refused(business_date=row["keep_until"] + timedelta(days=1)) == 1
