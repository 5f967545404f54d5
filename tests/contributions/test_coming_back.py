"""恢复开户: a closed employer comes back under its own number, and is not registered twice."""

from __future__ import annotations

import pytest

from domain import contributions
from domain.kernel import database
from domain.kernel.refusal import Refused
from tests.contributions.world import (
    AGENT,
    COUNTER,
    DUE,
    EMPLOYER,
    NOW,
    OF_OTHER_OFFICE,
    TODAY,
    balance_of,
    carried_out,
    draw,
    key,
    matched_money_arrives,
    row,
    standing,
)
from tests.settlement.world import assert_books_hold, audited
from tests.settlement.world import receive as bank_receives

pytestmark = pytest.mark.usefixtures("employers")


async def _closed() -> None:
    await database.execute("UPDATE employer SET state = '04' WHERE employer_no = $1", EMPLOYER)
    await database.execute(
        "UPDATE employer_account SET closed_on = $2, close_reason = '公司决议' WHERE employer_no = $1", EMPLOYER, TODAY
    )


async def _reopen(actor: object = COUNTER, *, reason: str = "恢复经营", request_key: str = "") -> str:
    return await contributions.reopen_employer(
        actor=actor,  # type: ignore[arg-type]
        employer_no=EMPLOYER, reason=reason, request_key=request_key or key(), now=NOW, business_date=TODAY,
    )  # fmt: skip


async def test_it_pays_again_from_the_month_it_came_back() -> None:
    await _closed()
    again = key()
    matter_no = await _reopen(request_key=again)
    assert await _reopen(request_key=again) == matter_no, "a double click"
    found = await standing()
    assert (found.state, found.next_due, found.paid_through) == ("02", DUE, None)
    assert await audited("employer.reopened") == 1
    changed = await contributions.changes_of_employer(actor=COUNTER, employer_no=EMPLOYER)
    assert [(one.before, one.after) for one in changed] == [("04", "02")]
    await carried_out([row(1)])
    drawn = await draw()
    await bank_receives("SERIAL00001", "2400.00", remark=drawn.statement_no)
    await matched_money_arrives()
    account = await database.value("SELECT account_no FROM account")
    assert (await standing()).state == "01" and str(await balance_of(account)) == "2400.00"
    await assert_books_hold()


async def test_only_the_counter_of_its_department_reopens_what_is_closed_and_says_why() -> None:
    with pytest.raises(Refused, match=r"employer\.state_change"):
        await _reopen()
    await _closed()
    for actor, reason in ((AGENT, "恢复经营"), (OF_OTHER_OFFICE, "恢复经营"), (COUNTER, "短")):
        with pytest.raises(Refused):
            await _reopen(actor, reason=reason)
    assert (await standing()).state == "04" and await audited("employer.reopened") == 0


async def test_it_is_told_to_reopen_and_not_to_register_again() -> None:
    await _closed()
    with pytest.raises(Refused, match=r"employer\.closed") as closed:
        await draw()
    assert "恢复开户" in str(closed.value)
    with pytest.raises(Refused, match=r"employer\.uscc_closed") as known:
        await contributions.register_employer(
            actor=COUNTER,
            wanted=contributions.Registration(
                name="北京晨曦科技有限公司", uscc="91110101MA0DEM00XL", kind="enterprise", office_code="0101",
                pay_day=10, first_month=DUE, employer_rate_bp=1200, employee_rate_bp=1200, address="东城区1号",
                phone="010-12345678", legal_name="王建国", source="counter",
            ),
            request_key=key(),
            now=NOW,
            business_date=TODAY,
        )  # fmt: skip
    assert str(EMPLOYER) in str(known.value) and "恢复开户" in str(known.value)
