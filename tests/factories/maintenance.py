"""Deposits into the maintenance fund and their refunds, brought as far as a test wants them."""

from __future__ import annotations

import httpx

from auth import approvals, maintenance_care
from domain import withdrawals
from domain.cases import CaseView
from domain.kernel import database
from domain.kernel.dates import business_date_of
from domain.kernel.money import Money
from domain.withdrawals import Application, MaintenanceDeposit, MaintenanceRefund
from tests.city import RunningHouse
from tests.factories import rent
from tests.factories.people import card_id, citizen, staff

FUND = ("102", "0200000109000000444")
OWN = ("102", "0200000109000000001")
PAID = Money.yuan(20_000)
FIELDS = {
    "address": "朝阳区演示路3号院1号楼101",
    "certificate_no": "京2015朝不动产权第0000001号",
    "fund_home": "commodity",
    "invoice_no": "WX2024000001",
    "own_payment": PAID,
}


async def applied(running: RunningHouse, key: str, **changes: object) -> CaseView:
    now = running.clock()
    case = await withdrawals.apply_for_withdrawal(
        actor=await citizen(key, channel="web_portal"),
        application=Application(
            kind="maintenance_fund_deposit",
            card_id=await card_id(key),
            commitment=True,
            fields={**FIELDS, **changes},  # type: ignore[arg-type]
        ),
        request_key=rent.new_key(),
        business_date=business_date_of(now),
        now=now,
        registries=running.house.registries,
    )
    assert case is not None
    return case


async def ordered(running: RunningHouse, key: str = "zhang_wei", **changes: object) -> CaseView:
    """Approved; nothing is told to the bank yet."""
    case = await applied(running, key, **changes)
    await rent.review(running, case, "li.min", **({"override_reason": "已核对原件"} if case.flags else {}))
    return await rent.review(running, case, "wang.fang")


async def told(running: RunningHouse, account: tuple[str, str], serial_no: str) -> None:
    """The bank tells us of the money that one of our own payments has brought to an account of ours."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(
            f"{running.simulators_url}/_sim/bank/notify",
            json={"bank_code": account[0], "account_no": account[1], "host_serial_no": f"{serial_no}C"},
        )
    assert answer.json()["answers"] == ["00000"], answer.text
    await running.settle()


async def deposited(running: RunningHouse, key: str = "zhang_wei", **changes: object) -> CaseView:
    """Paid, and come in at the fund's account."""
    case = await ordered(running, key, **changes)
    await running.settle()
    serial_no = (await rent.payment_of(case)).bank_serial_no
    assert serial_no is not None
    await told(running, FUND, serial_no)
    return await rent.now_at(case)


async def asked(
    running: RunningHouse, case: CaseView, amount: Money | None = PAID, *, by: str = "li.min"
) -> approvals.Approval:
    return await maintenance_care.ask_refund(
        actor=await staff(by), case_no=case.case_no, amount=amount, reason="购房合同已解除", now=running.clock()
    )


async def agreed(running: RunningHouse, asked: approvals.Approval, *, by: str = "sun.cai") -> None:
    await approvals.decide(
        actor=await staff(by), approval_id=asked.approval_id, agree=True, note="", now=running.clock()
    )


async def refund_of(case: CaseView) -> MaintenanceRefund:
    return (await deposit(case)).refunds[-1]


async def deposit(case: CaseView) -> MaintenanceDeposit:
    found = await withdrawals.deposit_of(case=case)
    assert found is not None
    return found


async def paid_out(running: RunningHouse, case: CaseView) -> str:
    """The fund's bank has paid the last refund; its serial number."""
    await running.settle()
    serial_no: str = await database.value(
        "SELECT p.bank_serial_no FROM payment p JOIN maintenance_refund r USING (account_no, payment_id)"
        " WHERE r.refund_no = $1",
        (await refund_of(case)).refund_no,
    )
    return serial_no


async def returned(running: RunningHouse, case: CaseView, amount: Money = PAID) -> None:
    """Asked for, agreed to, paid and come back."""
    await agreed(running, await asked(running, case, amount))
    await told(running, OWN, await paid_out(running, case))


async def book(account_set: str, subject: str) -> Money:
    """Debit less credit of a subject."""
    return Money(
        await database.value(
            "SELECT coalesce(sum(CASE side WHEN 'D' THEN amount_fen ELSE -amount_fen END), 0)::bigint FROM ledger_line"
            " WHERE account_set = $1 AND subject = $2",
            account_set,
            subject,
        )
    )
