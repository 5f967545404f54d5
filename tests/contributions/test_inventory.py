"""What a list does to the money before it is submitted, the months' inventories, and the log of reminders."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain import contributions
from domain.kernel import database
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from tests.contributions.world import (
    AGENT,
    COUNTER,
    DUE,
    EMPLOYER,
    NOW,
    OF_OTHER_OFFICE,
    OTHER,
    TODAY,
    agent,
    carried_out,
    check,
    draw,
    key,
    person_with_account,
    receive,
    row,
)
from tests.settlement.world import FINANCE, audited

pytestmark = pytest.mark.usefixtures("employers")


async def _effect(list_no: str, **given: Any) -> contributions.ListEffect:
    return await contributions.effect_of_list(**{"actor": AGENT, "employer_no": EMPLOYER, "list_no": list_no, **given})


async def test_a_list_tells_what_it_will_do_to_the_money() -> None:
    await person_with_account(1)
    await person_with_account(2)
    await person_with_account(3)
    rows = [row(1, "封存"), row(2, "基数变更", base="12000"), row(9), row(8, base="1")]
    opened = await receive(rows)
    assert await check(opened) == "checked"
    effect = await _effect(opened.list_no)
    assert (effect.people_before, effect.people_after) == (3, 3)
    assert (effect.came, effect.went, effect.changed) == (1, 1, 1)
    # three at 2,400; one goes, one has 2,880, one comes with 2,400: the refused row counts for nothing
    assert (effect.monthly_before, effect.monthly_after) == (Money.yuan(7200), Money.yuan(7680))
    assert effect.payable is None
    with pytest.raises(Refused, match=r"list\.not_found"):
        await _effect("QC0")
    with pytest.raises(Refused, match=r"employer\.other"):
        await _effect(opened.list_no, actor=agent(OTHER))
    drawn_after = await carried_out_and_drawn(opened)
    assert drawn_after == effect.monthly_after, "what was told is what is drawn"


async def carried_out_and_drawn(opened: contributions.ListOpened) -> Money:
    await contributions.submit_list(
        actor=AGENT, employer_no=EMPLOYER, list_no=opened.list_no, accepted_only=True, request_key=key(), now=NOW,
        business_date=TODAY,
    )  # fmt: skip
    await contributions.apply_list(employer_no=EMPLOYER, list_id=opened.list_id, now=NOW, business_date=TODAY)
    drawn = await draw()
    statement = await contributions.statement_of(actor=AGENT, employer_no=EMPLOYER, statement_no=drawn.statement_no)
    return statement.amount


async def _inventory(which: Any = "latest", months: int = 1, **given: Any) -> list[contributions.MonthInventory]:
    return await contributions.inventory_of(
        **{"actor": AGENT, "employer_no": EMPLOYER, "from_month": DUE.minus(months=months - 1), "until_month": DUE,
           "which": which, **given}
    )  # fmt: skip


async def test_first_and_latest_inventory_differ_and_say_how() -> None:
    await person_with_account(1)
    await person_with_account(2)
    first = await draw()
    await contributions.cancel_statement(
        actor=AGENT,
        employer_no=EMPLOYER,
        statement_no=first.statement_no,
        reason="人员有误",
        request_key=key(),
        now=NOW,
    )
    await carried_out([row(2, "封存"), row(1, "基数变更", base="12000")])
    second = await draw()
    (latest,) = await _inventory()
    assert (latest.statement_no, latest.version, latest.versions) == (second.statement_no, 2, 2)
    assert [line.difference for line in latest.lines] == ["首版为2,400.00元"]
    assert len(latest.left_out) == 1 and latest.total == Money.yuan(2880)
    (earlier,) = await _inventory("first")
    assert [line.difference for line in earlier.lines] == ["最新版为2,880.00元", "最新版没有此人"]
    assert await _inventory(months=3) == [latest], "months without a statement are left out"
    for wrong in (13, 0):
        with pytest.raises(Refused, match=r"inventory\.months"):
            await _inventory(months=wrong)
    with pytest.raises(Refused, match=r"employer\.other"):
        await _inventory(actor=agent(OTHER))


async def _remind(**changes: Any) -> None:
    given: dict[str, Any] = {
        "actor": COUNTER, "employer_no": EMPLOYER, "means": "phone", "contact": "财务王女士", "about": "2026-10汇缴",
        "said": "下周五前缴清", "promised_on": TODAY + timedelta(days=4), "happened_at": NOW, "request_key": key(),
        "now": NOW, **changes,
    }  # fmt: skip
    await contributions.record_reminder(**given)


async def test_reminders_are_kept() -> None:
    same = key()
    for _ in range(2):
        await _remind(request_key=same)
    (one,) = await contributions.reminders_of(actor=COUNTER, employer_no=EMPLOYER)
    assert (one.means_name, one.contact, one.promised_on) == ("电话", "财务王女士", TODAY + timedelta(days=4))
    assert await audited("reminder.recorded") == 1
    with pytest.raises(Refused, match=r"access\.not_permitted"):
        await contributions.reminders_of(actor=AGENT, employer_no=EMPLOYER)


async def test_reminders_that_are_not_taken() -> None:
    with pytest.raises(Refused) as refused:
        await _remind(
            means="fax",
            contact="",
            said="好",
            happened_at=NOW + timedelta(days=1),
            promised_on=TODAY - timedelta(days=9),
        )
    assert len(refused.value.refusals) == 5
    for actor, code in ((AGENT, "access.not_permitted"), (FINANCE, "access.not_permitted"),
                        (OF_OTHER_OFFICE, "employer.other_office")):  # fmt: skip
        with pytest.raises(Refused) as refused:
            await _remind(actor=actor)
        assert refused.value.refusals[0].code == code
    assert await database.value("SELECT count(*) FROM employer_reminder") == 0
