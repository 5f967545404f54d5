"""Contract of the settlement gateway: the client against the banks' simulator, over real HTTP."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from channels.banks import BankSettlement, CentreNode, messages
from channels.banks.book import BankAccounts, Card
from channels.banks.client import SETTLEMENT_PATH
from channels.banks.simulator import BankSimulator
from channels.simulation import Faults, SimulatorJournal, control_routes
from channels.wire import SignatureCheck, SignedClient
from domain.kernel.money import Money
from domain.settlement.ports import PaymentOrder, PaymentOutcome
from tests.loopback import serve, unused_url

NOW = datetime(2026, 11, 23, 2, 0, 11, tzinfo=UTC)
TODAY = date(2026, 11, 23)
SECRET = b"settlement-secret-of-the-test"
CENTRE = CentreNode(unit_no="110000", node="C11000", customer_no="C11000000", operator_no="SYS01")
OPENING = Money.yuan(1_000_000)

BANKS = {
    "102": BankAccounts(
        name="工行",
        funds={"0200001009000000001": OPENING},
        cards=(
            Card(account_no="6222020200000000015", name="张三"),
            Card(account_no="6222020200000000023", name="李四", state="closed"),
            Card(account_no="6222020200000000031", name="王五", state="frozen"),
            # An old passbook: not a Luhn number, and paid to all the same.
            Card(account_no="01020000000000017", name="赵六"),
        ),
    ),
    "105": BankAccounts(name="建行", funds={"1100001009000000001": Money.yuan(10)}),
}

ORDER = PaymentOrder(
    serial_no="TQ2026112300000001",
    bank_code="102",
    payer_account_no="0200001009000000001",
    payee_account_no="6222020200000000015",
    payee_name="张三",
    amount=Money.yuan(2_000),
    summary="无房租房提取",
    business_date=TODAY,
)


@dataclass(frozen=True, kw_only=True)
class World:
    """The simulator and two clients: a patient one, and one that gives up after 0.3 seconds."""

    base_url: str
    faults: Faults
    simulator: BankSimulator
    gateway: BankSettlement
    impatient: BankSettlement

    async def query(self, serial_no: str = ORDER.serial_no) -> PaymentOutcome:
        return await self.gateway.query(serial_no=serial_no, bank_code="102", business_date=TODAY, now=NOW)

    async def bookings(self, serial_no: str = ORDER.serial_no) -> int:
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.get(f"{self.base_url}/_sim/bank/bookings", params={"serial": serial_no})
        return int(answer.json()["count"])

    @property
    def paid_out(self) -> Money:
        return OPENING - self.simulator.book.balance(bank_code="102", account_no=ORDER.payer_account_no)


@asynccontextmanager
async def banks_at_work(*, journal: Path | None = None, secret: bytes = SECRET) -> AsyncIterator[World]:
    faults = Faults()
    simulator = BankSimulator(
        banks=BANKS,
        faults=faults,
        check=SignatureCheck(secrets_by_app={"hpf": SECRET}, clock=lambda: NOW),
        clock=lambda: NOW,
        journal=SimulatorJournal(journal),
    )
    app = Starlette(routes=[*simulator.routes(), *control_routes(faults)])
    async with AsyncExitStack() as stack:
        base_url = await stack.enter_async_context(serve(app))
        patient = await stack.enter_async_context(wire(base_url, secret=secret, timeout_seconds=5))
        impatient = await stack.enter_async_context(wire(base_url, secret=secret, timeout_seconds=0.3))
        yield World(
            base_url=base_url,
            faults=faults,
            simulator=simulator,
            gateway=BankSettlement(wire=patient, centre=CENTRE),
            impatient=BankSettlement(wire=impatient, centre=CENTRE),
        )


def wire(base_url: str, *, timeout_seconds: float, secret: bytes = SECRET) -> SignedClient:
    return SignedClient(partner="bank", base_url=base_url, app="hpf", secret=secret, timeout_seconds=timeout_seconds)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with banks_at_work() as world:
        yield world


async def test_a_payment_is_confirmed_and_booked_once(world: World) -> None:
    outcome = await world.gateway.pay(order=ORDER, now=NOW)
    assert (outcome.status, outcome.code, outcome.message) == ("confirmed", "00000", "交易成功")
    assert outcome.confirmed_at == NOW
    assert outcome.amount == ORDER.amount
    assert outcome.bank_serial_no == "10220261123000000001"
    assert len(outcome.raw_digest) == 64
    assert (await world.bookings(), world.paid_out) == (1, ORDER.amount)


async def test_the_same_order_again_answers_the_same_and_books_nothing(world: World) -> None:
    first = await world.gateway.pay(order=ORDER, now=NOW)
    again = await world.gateway.pay(order=ORDER, now=NOW)
    assert replace(again, raw_digest=first.raw_digest) == first
    assert (await world.bookings(), world.paid_out) == (1, ORDER.amount)


async def test_a_query_tells_what_stands(world: World) -> None:
    assert (await world.query()).status == "not_found"
    paid = await world.gateway.pay(order=ORDER, now=NOW)
    outcome = await world.query()
    assert replace(outcome, raw_digest=paid.raw_digest) == paid
    assert await world.bookings() == 1


async def test_an_account_number_that_fails_the_luhn_check_is_paid(world: World) -> None:
    order = replace(ORDER, payee_account_no="01020000000000017", payee_name="赵六")
    assert (await world.gateway.pay(order=order, now=NOW)).status == "confirmed"


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"payee_account_no": "6222020200000009990"}, "10001", "收款账号不存在"),
        ({"payee_name": "张三丰"}, "10002", "收款户名与账号不符"),
        ({"payee_account_no": "6222020200000000023", "payee_name": "李四"}, "10003", "收款账户已销户"),
        ({"payee_account_no": "6222020200000000031", "payee_name": "王五"}, "10004", "收款账户已冻结"),
        ({"amount": Money.yuan(1_000_001)}, "10005", "付款账户余额不足"),
        ({"payer_account_no": "0200009999999999999"}, "10006", "付款账户不存在"),
        ({"bank_code": "308"}, "30003", "银行代码未签约"),
        ({"payee_name": "张\x01三"}, "30001", "报文格式错误"),
    ],
)
async def test_a_bank_refuses_for_good(world: World, change: dict[str, object], code: str, message: str) -> None:
    order = replace(ORDER, **change)
    for _ in range(2):
        outcome = await world.gateway.pay(order=order, now=NOW)
        assert (outcome.status, outcome.code, outcome.message) == ("rejected", code, message)
        assert (outcome.confirmed_at, await world.bookings(), world.paid_out) == (None, 0, Money.zero())


async def test_a_refused_payment_stays_refused_when_asked(world: World) -> None:
    world.faults.add(simulator="bank", operation="pay", mode="refuse", times=1, detail={"code": "10004"})
    assert (await world.gateway.pay(order=ORDER, now=NOW)).code == "10004"
    # The account is fine by now, but the serial number has its answer.
    assert (await world.gateway.pay(order=ORDER, now=NOW)).code == "10004"
    assert (await world.query()).status == "rejected"
    assert world.paid_out == Money.zero()


async def test_a_serial_number_with_other_content_is_refused(world: World) -> None:
    await world.gateway.pay(order=ORDER, now=NOW)
    outcome = await world.gateway.pay(order=replace(ORDER, amount=Money.yuan(3_000)), now=NOW)
    assert (outcome.status, outcome.code) == ("rejected", "20001")
    assert (await world.bookings(), world.paid_out) == (1, ORDER.amount)


@pytest.mark.parametrize("mode", ["timeout", "error500", "garbage"])
async def test_no_clear_answer_before_booking_is_unknown_and_found_nowhere(world: World, mode: str) -> None:
    world.faults.add(simulator="bank", operation="pay", mode=mode, times=1)  # type: ignore[arg-type]
    assert (await world.impatient.pay(order=ORDER, now=NOW)).status == "unknown"
    assert (await world.query()).status == "not_found"
    assert (await world.bookings(), world.faults.counts["bank.pay"]) == (0, 1)


@pytest.mark.parametrize("mode", ["timeout", "error500", "garbage"])
async def test_no_clear_answer_after_booking_is_unknown_and_then_found(world: World, mode: str) -> None:
    world.faults.add(simulator="bank", operation="pay", mode=mode, times=1, detail={"stage": "after"})  # type: ignore[arg-type]
    outcome = await world.impatient.pay(order=ORDER, now=NOW)
    assert (outcome.status, outcome.confirmed_at) == ("unknown", None)
    assert (await world.query()).status == "confirmed"
    assert (await world.bookings(), world.faults.counts["bank.pay"]) == (1, 1)


async def test_an_order_that_reaches_the_bank_twice_is_booked_once(world: World) -> None:
    world.faults.add(simulator="bank", operation="pay", mode="answer_twice")
    assert (await world.gateway.pay(order=ORDER, now=NOW)).status == "confirmed"
    assert (await world.bookings(), world.paid_out) == (1, ORDER.amount)


async def test_a_slow_bank_is_waited_for(world: World) -> None:
    world.faults.add(simulator="bank", operation="pay", mode="slow", times=1, detail={"seconds": 0.1})
    assert (await world.gateway.pay(order=ORDER, now=NOW)).status == "confirmed"


@pytest.mark.parametrize(("then", "status", "booked"), [("00000", "confirmed", 1), ("10003", "rejected", 0)])
async def test_a_bank_that_decides_later(world: World, then: str, status: str, booked: int) -> None:
    world.faults.add(simulator="bank", operation="pay", mode="confirm_later", detail={"queries": 3, "then": then})
    outcome = await world.gateway.pay(order=ORDER, now=NOW)
    assert (outcome.status, outcome.code, outcome.confirmed_at) == ("processing", "00001", None)
    assert [(await world.query()).status for _ in range(4)] == ["processing", "processing", status, status]
    assert await world.bookings() == booked


async def test_a_query_without_an_answer_is_unknown(world: World) -> None:
    await world.gateway.pay(order=ORDER, now=NOW)
    for mode in ("error500", "garbage"):
        world.faults.add(simulator="bank", operation="query", mode=mode, times=1)  # type: ignore[arg-type]
        assert (await world.query()).status == "unknown"
    assert (await world.query()).status == "confirmed"


async def test_another_bank_does_not_know_the_serial_number(world: World) -> None:
    await world.gateway.pay(order=ORDER, now=NOW)
    outcome = await world.gateway.query(serial_no=ORDER.serial_no, bank_code="105", business_date=TODAY, now=NOW)
    assert outcome.status == "not_found"


async def test_a_bank_that_cannot_be_reached_is_unknown() -> None:
    async with wire(unused_url(), timeout_seconds=1) as away:
        gateway = BankSettlement(wire=away, centre=CENTRE)
        assert (await gateway.pay(order=ORDER, now=NOW)).status == "unknown"
        outcome = await gateway.query(serial_no=ORDER.serial_no, bank_code="102", business_date=TODAY, now=NOW)
        assert (outcome.status, outcome.code) == ("unknown", "unreachable")


async def test_a_wrong_secret_fails_nobodys_payment() -> None:
    async with banks_at_work(secret=b"another-secret") as world:
        assert (await world.gateway.pay(order=ORDER, now=NOW)).status == "unknown"
        assert (await world.query()).status == "unknown"
        assert (await world.bookings(), world.paid_out) == (0, Money.zero())


async def test_the_banks_remember_over_a_restart(tmp_path: Path) -> None:
    journal = tmp_path / "bank.jsonl"
    late = replace(ORDER, serial_no="TQ2026112300000002")
    async with banks_at_work(journal=journal) as world:
        await world.gateway.pay(order=ORDER, now=NOW)
        world.faults.add(simulator="bank", operation="pay", mode="confirm_later", detail={"queries": 2})
        await world.gateway.pay(order=late, now=NOW)
        assert (await world.query(late.serial_no)).status == "processing"
    async with banks_at_work(journal=journal) as world:
        assert (await world.query()).status == "confirmed"
        assert (await world.query(late.serial_no)).status == "confirmed"
        assert (await world.gateway.pay(order=ORDER, now=NOW)).bank_serial_no == "10220261123000000001"
        assert (await world.bookings(), await world.bookings(late.serial_no)) == (1, 1)
        assert world.paid_out == ORDER.amount * 2


async def test_the_control_routes_work_over_http(world: World) -> None:
    async with httpx.AsyncClient(base_url=world.base_url, trust_env=False) as http:
        rule = {
            "simulator": "bank",
            "operation": "pay",
            "mode": "refuse",
            "match": {"serial_no": ORDER.serial_no},
        }
        assert (await http.post("/_sim/faults", json=rule)).status_code == 201
        assert (await world.gateway.pay(order=ORDER, now=NOW)).status == "rejected"
        balances = (await http.get("/_sim/bank/balances")).json()
    assert balances["102"] == {"0200001009000000001": "1000000.00"}


# Answers that no simulator of ours gives: a bank may.

REPLY = """<?xml version="1.0" encoding="utf-8"?><Reply>
<Head><TxCode>{tx}</TxCode><TxStatus>{status}</TxStatus><RtnCode>{code}</RtnCode><RtnMessage>x</RtnMessage>
<ReceiveDate/><ReceiveTime/><ReceiveSeqNo/><ReceiveNode/><SendSeqNo>{seq}</SendSeqNo>
<BDCDate/><BDCTime/><BDCSeqNo/></Head>
<Body><YWLSH>{serial}</YWLSH><YHJSLSH>{bank}</YHJSLSH><Amt>{amount}</Amt><TxTime>{time}</TxTime></Body></Reply>"""

GOOD = {
    "tx": "BDC101",
    "status": "0",
    "code": "00000",
    "serial": ORDER.serial_no,
    "bank": "B1",
    "amount": "2000.00",
    "time": "2026-11-23T10:00:11+08:00",
}


async def answered_by(reply: str, *, ask: str = "pay", **values: str) -> PaymentOutcome:
    """What the client makes of a reply; `{seq}` is the sequence number of the request unless given."""

    async def settle(request: Request) -> Response:
        head, _ = messages.read_message(await request.body(), root="Request")
        filled = {"seq": head.findtext("SendSeqNo") or "", **values}
        text = reply.format(**filled) if values else reply
        return Response(text.encode(), media_type="application/xml")

    app = Starlette(routes=[Route(SETTLEMENT_PATH, settle, methods=["POST"])])
    async with serve(app) as base_url, wire(base_url, timeout_seconds=5) as client:
        gateway = BankSettlement(wire=client, centre=CENTRE)
        if ask == "pay":
            return await gateway.pay(order=ORDER, now=NOW)
        return await gateway.query(serial_no=ORDER.serial_no, bank_code="102", business_date=TODAY, now=NOW)


async def test_the_reply_of_these_tests_is_good() -> None:
    assert (await answered_by(REPLY, **GOOD)).status == "confirmed"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"seq": "0000"}, "foreign_answer"),
        ({"tx": "BDC110"}, "foreign_answer"),
        ({"serial": "TQ2026112300000009"}, "foreign_answer"),
        ({"amount": "2000.01"}, "amount_differs"),
        ({"amount": "2000.001"}, "malformed_answer"),
        ({"amount": ""}, "malformed_answer"),
        ({"time": "2026-11-23T10:00:11"}, "malformed_answer"),
        ({"time": ""}, "malformed_answer"),
        ({"bank": ""}, "malformed_answer"),
        ({"code": "77777"}, "77777"),
        ({"code": "90001"}, "90001"),
        ({"status": "1"}, "00000"),
        ({"status": "2"}, "contradictory_answer"),
        ({"status": "7"}, "contradictory_answer"),
        ({"code": "20002", "amount": "", "time": ""}, "contradictory_answer"),
        ({"status": "1", "code": "30002"}, "30002"),
    ],
)
async def test_a_reply_that_does_not_fit_is_unknown(change: dict[str, str], code: str) -> None:
    outcome = await answered_by(REPLY, **{**GOOD, **change})
    assert (outcome.status, outcome.code, outcome.confirmed_at) == ("unknown", code, None)


async def test_a_query_that_was_not_carried_out_says_nothing_about_the_payment() -> None:
    outcome = await answered_by(REPLY, ask="query", **{**GOOD, "tx": "BDC110", "status": "1", "code": "30001"})
    assert outcome.status == "unknown"


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "<Reply/>",
        "<Request><Head/></Request>",
        '<!DOCTYPE x [<!ENTITY a "b">]><Reply><Head>&a;</Head></Reply>',
        '<?xml version="1.0"?><!doctype x SYSTEM "file:///etc/passwd"><Reply><Head/></Reply>',
        "<Reply><Head><TxCode>BDC101</TxCode><TxCode>BDC101</TxCode></Head></Reply>",
        "<Reply>" + " " * messages.MESSAGE_BYTES_MAX + "</Reply>",
    ],
    ids=["empty", "no head", "other root", "entity", "external", "twice", "long"],
)
async def test_a_reply_that_is_no_message_is_unknown(reply: str) -> None:
    outcome = await answered_by(reply)
    assert (outcome.status, outcome.code) == ("unknown", "malformed_answer")


async def test_a_good_reply_with_a_document_type_is_refused() -> None:
    typed = REPLY.replace("?><Reply>", '?><!DOCTYPE Reply [<!ENTITY a "b">]><Reply>')
    outcome = await answered_by(typed, **GOOD)
    assert (outcome.status, outcome.code) == ("unknown", "malformed_answer")
