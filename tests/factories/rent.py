"""Rent withdrawals brought as far as a test wants them, through the domain's own actions."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

import pytest

from domain import cases, contributions, ledger, settlement, withdrawals
from domain.cases import CaseView
from domain.kernel import database
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import Refused
from domain.settlement import PaymentView
from domain.withdrawals import Application
from ops.wiring import prove_books
from tests.city import RunningHouse
from tests.factories.people import account_no, card_id, citizen, staff
from tests.factories.snapshot import nothing_changed


def new_key() -> str:
    return secrets.token_hex(8)


async def application(key: str, **changes: Any) -> Application:
    """What the citizen declares: quarterly, to their own card, unless changed."""
    declared: dict[str, Any] = {"frequency": "quarterly", "auto_renewal": False, "commitment": True, **changes}
    if "card_id" not in declared:
        declared["card_id"] = await card_id(key)
    if filing_no := declared.pop("rental_filing_no", None):
        declared["fields"] = {**declared.get("fields", {}), "rental_filing_no": filing_no}
    return Application(**{"kind": "rent_no_home", **declared})


async def quote(running: RunningHouse, key: str, **changes: Any) -> withdrawals.Quote:
    now = running.clock()
    return await withdrawals.quote_withdrawal(
        actor=await citizen(key),
        application=await application(key, **changes),
        business_date=business_date_of(now),
        now=now,
        registries=running.house.registries,
    )


async def apply(
    running: RunningHouse, key: str, *, request_key: str | None = None, dry_run: bool = False, **changes: Any
) -> CaseView:
    """Raises Refused. With `dry_run` there is no case to return; callers then ignore the value."""
    now = running.clock()
    case = await withdrawals.apply_for_withdrawal(
        actor=await citizen(key),
        application=await application(key, **changes),
        request_key=request_key or new_key(),
        business_date=business_date_of(now),
        now=now,
        registries=running.house.registries,
        dry_run=dry_run,
    )
    return case  # type: ignore[return-value]


async def arrangement(key: str) -> withdrawals.ArrangementView | None:
    """The citizen's arrangement that has not ended."""
    found = [one for one in await withdrawals.arrangements_of(actor=await citizen(key)) if one.state != "ended"]
    return found[0] if found else None


async def claim(running: RunningHouse, case: CaseView, login: str) -> CaseView:
    return await cases.claim(actor=await staff(login), case_no=case.case_no, now=running.clock())


async def decide(
    running: RunningHouse, case: CaseView, login: str, decision: str = "approve", **given: Any
) -> CaseView:
    """A decision without claiming first; the case must be the reviewer's."""
    now = running.clock()
    return await cases.decide(
        actor=await staff(login),
        case_no=case.case_no,
        decision=decision,
        request_key=given.pop("request_key", None) or new_key(),
        now=now,
        business_date=business_date_of(now),
        matters=running.house.matters,
        **given,
    )


async def review(
    running: RunningHouse, case: CaseView, login: str, decision: str = "approve", **given: Any
) -> CaseView:
    """Claims and decides."""
    await claim(running, case, login)
    return await decide(running, case, login, decision, **given)


async def approved(running: RunningHouse, key: str, **changes: Any) -> CaseView:
    """A case whose payment is ordered and not yet told to the bank."""
    case = await apply(running, key, **changes)
    await review(running, case, "li.min")
    return await review(running, case, "wang.fang")


async def paid(running: RunningHouse, key: str, **changes: Any) -> CaseView:
    case = await approved(running, key, **changes)
    await running.settle()
    return await now_at(case)


async def now_at(case: CaseView) -> CaseView:
    return await cases.case_by_key(account_no=case.account_no, case_id=case.case_id)


async def payment_of(case: CaseView) -> PaymentView:
    payment = await settlement.payment_of_case(account_no=case.account_no, case_id=case.case_id)
    assert payment is not None, f"case {case.case_no} has no payment"
    return payment


async def pay_step(running: RunningHouse, case: CaseView, *, gateway: Any = None, life: Any = None) -> PaymentView:
    """One step with the bank, as the worker takes it."""
    now = running.clock()
    return await withdrawals.pay(
        account_no=case.account_no,
        payment_id=(await payment_of(case)).payment_id,
        gateway=gateway or running.house.gateway,
        life=life or running.house.registries.life,
        now=now,
        business_date=business_date_of(now),
    )


async def bank_bookings(running: RunningHouse, case: CaseView) -> int:
    """How often the simulated bank moved money for the case."""
    serial_no = (await payment_of(case)).serial_no
    return int((await running.simulated("bank/bookings", serial=serial_no))["count"])


async def texts_about(running: RunningHouse, case: CaseView) -> list[str]:
    """SMS that a carrier took and that name the case."""
    taken = await running.simulated("sms/messages")
    return [row["text"] for row in taken if case.case_no in row["text"]]


async def balance_of(key: str) -> ledger.Balance:
    return await ledger.balance_of(account_no=account_no(key))


async def set_account_state(key: str, state: str) -> None:
    """GRZHZT, as in the table `account`. A normal account is paid into, so an employment that was sealed runs again."""
    await database.execute("UPDATE account SET state = $2 WHERE account_no = $1", account_no(key), state)
    if state == "01":
        await database.execute(
            "UPDATE employment e SET ended_period = NULL, ended_by = NULL, end_reason = NULL FROM account a"
            " WHERE a.account_no = $1 AND e.account_no = a.account_no AND e.employer_no = a.employer_no"
            " AND e.ended_by = 'seal'",
            account_no(key),
        )


async def other_card(key: str, *, bank_code: str = "104", number: str = "6212260200017784279") -> int:
    """Registers a further card for the citizen's account."""
    async with database.transaction() as tx:
        return await contributions.register_card(
            tx,
            account_no=account_no(key),
            bank_code=bank_code,
            card_no=number,
            is_default=False,
            now=datetime.now(UTC),
        )


async def refused(work: Any) -> list[tuple[str, str | None]]:
    """(code, field) of every refusal; fails unless it is refused and every table is as before."""
    async with nothing_changed():
        with pytest.raises(Refused) as caught:
            await work
    assert all(refusal.message.endswith("。") for refusal in caught.value.refusals), "sentences for people"
    return [(refusal.code, refusal.field) for refusal in caught.value.refusals]


async def assert_books_hold() -> None:
    broken = [result for result in await prove_books() if not result.holds]
    assert not broken, broken
