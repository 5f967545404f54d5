"""What the counter alone does for an employer: its months, its opening, what it paid too much."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from domain import contributions
from domain.kernel import database
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from tests.contributions.test_employers import NEW
from tests.contributions.world import (
    AGENT,
    COUNTER,
    DUE,
    EMPLOYER,
    NOW,
    OF_OTHER_OFFICE,
    TODAY,
    draw,
    key,
    person_with_account,
)
from tests.factories.snapshot import nothing_changed

pytestmark = [pytest.mark.usefixtures("employers"), pytest.mark.requirement("R13.1")]

WHEN: dict[str, Any] = {"now": NOW, "business_date": TODAY}


async def _shift(month: YearMonth, *, employer_no: int = EMPLOYER, actor: Any = COUNTER, **given: Any) -> str:
    return await contributions.adjust_month(
        actor=actor,
        employer_no=employer_no,
        month=month,
        **{"reason": "本月无职工", "request_key": key(), **given},
        **WHEN,
    )


async def _due(employer_no: int = EMPLOYER) -> YearMonth:
    return (await contributions.standing_of(employer_no=employer_no)).next_due


async def _refused(month: YearMonth, code: str, **given: Any) -> None:
    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            await _shift(month, **given)
    assert refused.value.refusals[0].code == code


async def test_a_month_in_which_nobody_was_contributed_for_is_passed_over() -> None:
    following = DUE.plus(months=1)
    shown = await contributions.preview_month(actor=COUNTER, employer_no=EMPLOYER, month=following, business_date=TODAY)
    assert (shown.skipped, shown.people, shown.monthly) == ((DUE,), 0, Money.zero())
    request_key = key()
    first = await _shift(following, request_key=request_key)
    assert await _shift(following, request_key=request_key) == first
    assert await _due() == following
    history = await database.row("SELECT before, after FROM employer_change WHERE field = 'next_month'")
    assert history is not None and tuple(history.values()) == (str(DUE), str(following))
    await _refused(DUE, "employer.month_not_later")
    await _refused(following, "employer.month_not_later")
    await _refused(following.plus(months=5), "employer.first_month_invalid")


async def test_months_that_people_are_owed_stay() -> None:
    await person_with_account(1)
    await _refused(DUE.plus(months=1), "employer.month_has_people")
    await _refused(DUE.plus(months=1), "account.counter_only", actor=AGENT)
    await _refused(DUE.plus(months=1), "employer.other_office", actor=OF_OTHER_OFFICE)
    await draw()
    await _refused(DUE.plus(months=1), "statement.drawn")


async def test_an_employer_that_never_remitted_begins_earlier_or_later() -> None:
    wanted = replace(NEW, first_month=DUE)
    employer_no = await contributions.register_employer(actor=COUNTER, wanted=wanted, request_key=key(), **WHEN)
    for month in (DUE.minus(months=1), DUE.plus(months=1)):
        await _shift(month, employer_no=employer_no)
        assert await _due(employer_no) == month
    await _refused(YearMonth(2019, 1), "employer.first_month_invalid", employer_no=employer_no)


async def test_two_adjustments_at_once_are_one() -> None:
    following = DUE.plus(months=1)
    done = await asyncio.gather(*(_shift(following) for _ in range(2)), return_exceptions=True)
    assert sorted(isinstance(one, Refused) for one in done) == [False, True]
    assert await _due() == following


@pytest.mark.parametrize(
    ("actor", "amount", "code"),
    [
        (AGENT, 1, "account.counter_only"),
        (OF_OTHER_OFFICE, 1, "employer.other_office"),
        (COUNTER, 0, "settlement.amount_invalid"),
        (COUNTER, 1, "settlement.refund_not_covered"),
    ],
)
async def test_refunds_that_nobody_is_owed(actor: Any, amount: int, code: str) -> None:
    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            await contributions.ask_overpayment_refund(
                actor=actor,
                employer_no=EMPLOYER,
                amount=Money.yuan(amount),
                reason="单位多缴退款",
                request_key=key(),
                now=NOW,
            )
    assert refused.value.refusals[0].code == code
