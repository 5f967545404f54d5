"""The centre's desks of settlement for tests: persons, banks, what comes in, and a simulated bank over loopback."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from starlette.applications import Starlette

from channels.banks import BankFunds, BankSettlement, CentreNode
from channels.banks.book import BankAccounts, Card
from channels.banks.simulator import BankSimulator
from channels.simulation import Faults, SimulatorJournal
from channels.wire import SignatureCheck, SignedClient
from domain import settlement
from domain.kernel import database
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.dates import business_date_of
from domain.kernel.money import Money
from domain.settlement.receiving import ReceiptTaken, lock_tellings, take_receipt
from domain.settlement.statement_format import parse_row
from ops.wiring import INVARIANTS
from tests.loopback import serve
from tests.settlement import files

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
SECRET = b"settlement-secret-of-the-test"
OPENING = Money.yuan(10_000_000)
FUND_102, FUND_105 = "0200000109000000001", "1100000109000000003"
FIXED_102, NOTICE_102 = "0200000109000000088", "0200000109000000099"


def staff(number: int, *roles: Role, offices: tuple[str, ...] = ()) -> Actor:
    return Actor(
        kind="staff",
        channel="backoffice",
        name=f"职员{number}",
        staff_id=number,
        roles=frozenset(roles),
        office_codes=frozenset(offices),
        assurance="password",
    )


FINANCE = staff(1, Role.FINANCE)
SUPERVISOR = staff(2, Role.SUPERVISOR)
OTHER_FINANCE = staff(3, Role.FINANCE)
REVIEWER = staff(4, Role.PRELIMINARY_REVIEWER)
OF_CHAOYANG = staff(5, Role.FINANCE, offices=("0105",))


def key() -> str:
    """A fresh request key."""
    return secrets.token_hex(8)


async def open_centre() -> None:
    """Offices, banks with their accounts, and employers. The demand account of bank 105 belongs to 朝阳 (0105)."""
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO management_office (code, name, district_code) VALUES"
            " ('0101', '东城管理部', '110101'), ('0105', '朝阳管理部', '110105')"
        )
        await tx.execute(
            "INSERT INTO entrusted_bank (code, name, fund_account_no) VALUES"
            " ('102', '中国工商银行', $1), ('105', '中国建设银行', $2)",
            FUND_102,
            FUND_105,
        )
        await settlement.adopt_fund_accounts(tx, on=date(2026, 1, 1))
        await tx.execute("UPDATE bank_account SET office_code = '0105' WHERE code = '105'")
        await tx.execute(
            "INSERT INTO bank_account (code, bank_code, account_set, kind, subject, number, name, opened_on) VALUES"
            " ('102-F01', '102', 'provident_fund', 'fixed', '101', $1, '工行定期专户', '2026-01-01'),"
            " ('102-N01', '102', 'provident_fund', 'notice', '101', $2, '工行通知存款专户', '2026-01-01')",
            FIXED_102,
            NOTICE_102,
        )
        await tx.execute(
            "INSERT INTO employer (employer_no, name, uscc, office_code, opened_on) VALUES"
            " (100001, '北京晨曦科技有限公司', '91110101MA0DEM00XL', '0101', '2018-07-01'),"
            " (100002, '北京和风设计事务所', '91110102MA0DEM01X4', '0105', '2018-07-01')"
        )


async def expect(reference_no: str, amount: str, **given: Any) -> int:
    """Registers an expectation of employer 100001 and looks for money that waits."""
    wanted = {"purpose": "remittance", "employer_no": 100001, "office_code": "0101", **given}
    async with database.transaction() as tx:
        number = await settlement.expect_receipt(
            tx, actor=SYSTEM, reference_no=reference_no, amount=Money.parse(amount), now=NOW, **wanted
        )
        await settlement.meet_waiting(tx, expectation_id=number, now=NOW, business_date=TODAY)
    return number


async def receive(
    serial: str, amount: str, *, bank_code: str = "102", source: str = "notice", **given: Any
) -> ReceiptTaken:
    """A bank tells of money, in one row."""
    number = given.pop("number", FUND_102 if bank_code == "102" else FUND_105)
    told = parse_row(files.row(1, serial, amount, "0.00", number=number, **given))
    async with database.transaction() as tx:
        await lock_tellings(tx, bank_code=bank_code, serials=[serial])
        return await take_receipt(tx, bank_code=bank_code, row=told, source=source, now=NOW, business_date=TODAY)


async def item_of(taken: ReceiptTaken) -> int:
    found: int = await database.value("SELECT item_id FROM suspense_item WHERE receipt_id = $1", taken.receipt_id)
    return found


async def balance(subject: str, auxiliary: str, *, account_set: str = "provident_fund") -> Money:
    """Debit less credit of a subject and auxiliary in the general ledger."""
    fen = await database.value(
        "SELECT coalesce(sum(CASE side WHEN 'D' THEN amount_fen ELSE -amount_fen END), 0)::bigint FROM ledger_line"
        " WHERE account_set = $1 AND subject = $2 AND auxiliary = $3",
        account_set,
        subject,
        auxiliary,
    )
    return Money(fen)


async def events(kind: str) -> list[dict[str, Any]]:
    rows = await database.rows("SELECT payload FROM outbox WHERE kind = $1 ORDER BY event_id", kind)
    return [dict(row["payload"]) for row in rows]


async def audited(action: str) -> int:
    return int(await database.value("SELECT count(*) FROM audit_event WHERE action = $1", action))


async def claim_and_approve(
    claim: settlement.Claim, *, by: Actor = FINANCE, second: Actor = SUPERVISOR
) -> tuple[int, str]:
    movement_id = await settlement.propose_claim(actor=by, claim=claim, request_key=key(), now=NOW)
    state = await settlement.decide_claim(
        actor=second, movement_id=movement_id, approve=True, request_key=key(), now=NOW, business_date=TODAY
    )
    return movement_id, state


async def assert_books_hold() -> None:
    from domain import ledger

    broken = [result for result in await ledger.prove(invariants=INVARIANTS) if not result.holds]
    assert broken == []


@dataclass
class Clock:
    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **duration: int) -> None:
        self.at += timedelta(**duration)

    @property
    def today(self) -> date:
        return business_date_of(self.at)


@dataclass(kw_only=True)
class Bank:
    """A simulated bank and our gateways to it. `impatient` gives up after 0.3 seconds."""

    simulator: BankSimulator
    faults: Faults
    clock: Clock
    funds: BankFunds
    gateway: BankSettlement
    impatient: BankFunds

    def receive(self, amount: str, *, bank_code: str = "102", **given: Any) -> str:
        """Money comes in at the bank; nobody tells us. Returns the host serial number."""
        line = self.simulator.book.receive(
            bank_code=bank_code,
            account_no=FUND_102 if bank_code == "102" else FUND_105,
            amount=Money.parse(amount),
            payer_account_no=given.pop("payer_account_no", "0200001009000000001"),
            payer_name=given.pop("payer_name", "北京晨曦科技有限公司"),
            now=self.clock(),
            **given,
        )
        return line.host_serial_no

    def balance(self, number: str = FUND_102, *, bank_code: str = "102") -> Money:
        return self.simulator.book.balance(bank_code=bank_code, account_no=number)

    def fault(self, operation: str, mode: Any, **rule: Any) -> None:
        self.faults.add(simulator="bank", operation=operation, mode=mode, **rule)

    async def step(self) -> int:
        """What the worker's sweep does for settlement; returns how many steps were due."""
        steps = await settlement.due_steps(
            gateway=self.gateway, funds=self.funds, now=self.clock(), business_date=self.clock.today
        )
        for _, step in steps:
            await step()
        return len(steps)


@asynccontextmanager
async def bank_at_work() -> AsyncIterator[Bank]:
    clock, faults = Clock(), Faults()
    simulator = BankSimulator(
        banks={
            "102": BankAccounts(
                name="工行",
                funds={FUND_102: OPENING},
                cards=(
                    Card(account_no="6222020200000000015", name="张三"),
                    Card(account_no="6222020200000000023", name="李四", state="closed"),
                    Card(account_no="6222020200000000031", name="王五"),
                    Card(account_no="0200001009000000001", name="北京晨曦科技有限公司"),
                ),
                branches=(("102100000018", "工行北京市分行"), ("102100000026", "工行北京东城支行")),
            ),
            "105": BankAccounts(name="建行", funds={FUND_105: OPENING}),
        },
        faults=faults,
        check=SignatureCheck(secrets_by_app={"hpf": SECRET}, clock=clock),
        clock=clock,
        journal=SimulatorJournal(),
    )
    centre = CentreNode(unit_no="110000", node="C11000", customer_no="C11000000", operator_no="SYS01")
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serve(Starlette(routes=simulator.routes())))

        async def wire(seconds: float) -> SignedClient:
            return await stack.enter_async_context(
                SignedClient(partner="bank", base_url=url, app="hpf", secret=SECRET, timeout_seconds=seconds)
            )

        patient = await wire(5)
        yield Bank(
            simulator=simulator,
            faults=faults,
            clock=clock,
            funds=BankFunds(wire=patient, centre=centre),
            gateway=BankSettlement(wire=patient, centre=centre),
            impatient=BankFunds(wire=await wire(0.3), centre=centre),
        )
