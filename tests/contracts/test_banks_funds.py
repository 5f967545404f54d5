"""Contract of the funds gateway: the client against the banks' simulator over real HTTP, and against answers that no
simulator of ours gives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from channels.banks import BankFunds, CentreNode, messages
from channels.banks import funds_messages as fm
from channels.banks.book import BankAccounts, BankBook
from channels.banks.client import SETTLEMENT_PATH
from channels.banks.funds import batch_rows
from channels.simulation import SimulatorJournal
from channels.wire import SignedClient
from domain.kernel.digest import sm3_hex
from domain.kernel.money import Money
from domain.settlement.ports import BatchEntry, BatchOrder, DepositInstruction, DepositOutcome, FileAnswer
from tests.loopback import serve, unused_url
from tests.settlement.world import FUND_102, NOTICE_102, NOW, OPENING, SECRET, TODAY, Bank, bank_at_work

CENTRE = CentreNode(unit_no="110000", node="C11000", customer_no="C11000000", operator_no="SYS01")

ENTRY = BatchEntry(
    item_no=1,
    bank_code="102",
    account_no="6222020200000000015",
    name="张三",
    amount=Money.yuan(100),
    summary="约定提取",
)
BATCH = BatchOrder(
    serial_no="B2026112300000001",
    direction="pay",
    bank_code="102",
    centre_account_no=FUND_102,
    business_type="02",
    entries=[ENTRY, replace(ENTRY, item_no=2, account_no="6222020200000000031", name="王五")],
    business_date=TODAY,
)
PLACE = DepositInstruction(
    serial_no="D2026112300000001",
    action="place",
    kind="notice",
    product="N7D",
    bank_code="102",
    demand_account_no=FUND_102,
    deposit_account_no=NOTICE_102,
    amount=Money.yuan(500_000),
    business_date=TODAY,
)


@pytest.fixture
async def bank() -> AsyncIterator[Bank]:
    async with bank_at_work() as bank:
        yield bank


async def test_the_bank_answers_a_probe(bank: Bank) -> None:
    assert await bank.funds.probe(bank_code="102", now=NOW)
    assert not await bank.funds.probe(bank_code="308", now=NOW)


async def test_a_batch_is_taken_once_and_asked_after(bank: Bank) -> None:
    for _ in range(2):
        taken = await bank.funds.submit_batch(order=BATCH, now=NOW)
        assert (taken.status, taken.code) == ("processing", "00001")
    asked: dict[str, Any] = {"serial_no": BATCH.serial_no, "bank_code": "102", "business_date": TODAY, "now": NOW}
    assert (await bank.funds.batch_file(**asked)).status == "absent"
    assert (await bank.funds.batch_result(**asked)).status == "confirmed"
    answer = await bank.funds.batch_file(**asked)
    assert (answer.status, answer.content.decode().splitlines()[-1]) == ("whole", "TAIL|2|200.00|0|0.00|0")
    assert bank.balance() == OPENING - Money.yuan(200)
    assert (await bank.funds.batch_result(**{**asked, "bank_code": "105"})).status == "not_found"
    assert (await bank.funds.batch_result(**{**asked, "serial_no": "B1"})).status == "not_found"


async def test_a_batch_with_other_content_under_its_number_is_refused(bank: Bank) -> None:
    await bank.funds.submit_batch(order=BATCH, now=NOW)
    other = replace(BATCH, entries=[ENTRY])
    assert (await bank.funds.submit_batch(order=other, now=NOW)).status == "rejected"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"bank_code": "308"}, "30003"),
        ({"centre_account_no": "0200009999999999999"}, "10006"),
        ({"entries": [replace(ENTRY, name="张\x01三")]}, "30001"),
    ],
)
async def test_a_batch_that_a_bank_refuses_for_good(bank: Bank, change: dict[str, Any], code: str) -> None:
    refused = await bank.funds.submit_batch(order=replace(BATCH, **change), now=NOW)
    # a control character travels in Base64: the bank takes it and refuses the item
    expected = ("processing", "00001") if code == "30001" else ("rejected", code)
    assert (refused.status, refused.code) == expected
    assert bank.balance() == OPENING


async def test_a_deposit_is_placed_once_and_asked_after(bank: Bank) -> None:
    async def query() -> DepositOutcome:
        return await bank.funds.query_deposit(instruction=PLACE, now=NOW)

    assert (await query()).status == "not_found"
    first = await bank.funds.instruct_deposit(instruction=PLACE, now=NOW)
    assert (first.status, first.certificate_no, first.rate_ppm) == ("confirmed", "CD1020000000001", 7_500)
    assert (first.booked_on, first.bank_serial_no, first.deposit_serial_no) == (
        TODAY,
        "10220261123D00000001",
        "10220261123E00000001",
    )
    for again in (await bank.funds.instruct_deposit(instruction=PLACE, now=NOW), await query()):
        assert replace(again, raw_digest=first.raw_digest) == first
    assert (bank.balance(), bank.balance(NOTICE_102)) == (OPENING - Money.yuan(500_000), Money.yuan(500_000))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": Money.yuan(99_000_000)}, "10005"),
        ({"product": "N9D"}, "10011"),
        ({"demand_account_no": "0200009999999999999"}, "10006"),
        ({"bank_code": "308"}, "30003"),
        ({"action": "draw", "certificate_no": "CD1"}, "10008"),
        ({"action": "cancel_notice", "certificate_no": "CD1"}, "10008"),
    ],
)
async def test_an_instruction_that_a_bank_refuses_for_good(bank: Bank, change: dict[str, Any], code: str) -> None:
    outcome = await bank.funds.instruct_deposit(instruction=replace(PLACE, **change), now=NOW)
    assert (outcome.status, outcome.code) == ("rejected", code)
    assert bank.balance() == OPENING


async def test_an_account_of_nobody_has_neither_statement_nor_balance(bank: Bank) -> None:
    answer = await bank.funds.statement(bank_code="102", account_no="999", day=TODAY, now=NOW)
    assert answer.status == "absent"
    tomorrow = await bank.funds.statement(bank_code="102", account_no=FUND_102, day=TODAY + timedelta(days=1), now=NOW)
    assert tomorrow.status == "absent"
    assert await bank.funds.demand_balance(bank_code="102", account_no="999", now=NOW) is None
    assert await bank.funds.demand_balance(bank_code="102", account_no=FUND_102, now=NOW) == OPENING


async def test_a_bank_that_cannot_be_reached_is_unknown_everywhere() -> None:
    async with SignedClient(partner="bank", base_url=unused_url(), app="hpf", secret=SECRET, timeout_seconds=1) as wire:
        funds = BankFunds(wire=wire, centre=CENTRE)
        assert (await funds.submit_batch(order=BATCH, now=NOW)).status == "unknown"
        assert (await funds.instruct_deposit(instruction=PLACE, now=NOW)).status == "unknown"
        assert (await funds.query_deposit(instruction=PLACE, now=NOW)).status == "unknown"
        assert (await funds.statement(bank_code="102", account_no=FUND_102, day=TODAY, now=NOW)).status == "failed"
        assert not await funds.probe(bank_code="102", now=NOW)
        assert await funds.union_banks(bank_code="102", now=NOW) is None


async def test_the_banks_remember_batches_deposits_and_receipts_over_a_restart(tmp_path: Path) -> None:
    banks = {"102": BankAccounts(name="工行", funds={FUND_102: OPENING}, pays_anyone=True)}
    path = tmp_path / "bank.jsonl"
    journal = SimulatorJournal(path)
    book = BankBook(banks=banks, write=journal.append)
    book.receive(
        bank_code="102",
        account_no=FUND_102,
        amount=Money.yuan(7),
        payer_account_no="1",
        payer_name="甲",
        now=NOW,
        remark="HJ2026110001",
    )
    rows = [line.split("|") for line in batch_rows(BATCH).decode().split("\n")]
    book.batches.take(
        serial_no=BATCH.serial_no,
        direction="pay",
        bank_code="102",
        centre_account_no=FUND_102,
        rows=rows,
        codes={},
        queries=0,
        first=1,
        now=NOW,
    )
    journal.close()
    again = BankBook(banks=banks, write=SimulatorJournal().append)
    for entry in SimulatorJournal(path).entries():
        again.replay(entry)
    assert again.balance(bank_code="102", account_no=FUND_102) == OPENING + Money.yuan(7) - Money.yuan(100)
    assert again.lines.of_day(("102", FUND_102), TODAY) == book.lines.of_day(("102", FUND_102), TODAY)
    again.batches.ask(bank_code="102", serial_no=BATCH.serial_no, now=NOW)
    assert again.balance(bank_code="102", account_no=FUND_102) == OPENING + Money.yuan(7) - Money.yuan(200)


# Answers that no simulator of ours gives: a bank may.

HEAD = """<?xml version="1.0" encoding="utf-8"?><Reply>
<Head><TxCode>{tx}</TxCode><TxStatus>{status}</TxStatus><RtnCode>{code}</RtnCode><RtnMessage>x</RtnMessage>
<ReceiveDate/><ReceiveTime/><ReceiveSeqNo/><ReceiveNode/><SendSeqNo>{seq}</SendSeqNo>
<BDCDate/><BDCTime/><BDCSeqNo/></Head><Body>{body}</Body></Reply>"""
CONTENT = "对账单".encode()


def part(**change: str) -> str:
    told = {
        "Key": FUND_102,
        "PartNo": "1",
        "PartCount": "1",
        "FileDigest": sm3_hex(CONTENT),
        "Content": fm.pack(CONTENT),
        **change,
    }
    return "".join(f"<{name}>{value}</{name}>" for name, value in told.items())


async def file_answered_by(body: str, **values: str) -> FileAnswer:
    async def settle(request: Request) -> Response:
        head, _ = messages.read_message(await request.body(), root="Request")
        filled = {"tx": "BDC113", "status": "0", "code": "00000", "seq": head.findtext("SendSeqNo") or "", **values}
        return Response(HEAD.format(body=body, **filled).encode(), media_type="application/xml")

    app = Starlette(routes=[Route(SETTLEMENT_PATH, settle, methods=["POST"])])
    async with (
        serve(app) as url,
        SignedClient(partner="bank", base_url=url, app="hpf", secret=SECRET, timeout_seconds=5) as wire,
    ):
        funds = BankFunds(wire=wire, centre=CENTRE)
        return await funds.statement(bank_code="102", account_no=FUND_102, day=TODAY, now=NOW)


async def test_the_file_of_these_tests_is_good() -> None:
    assert await file_answered_by(part()) == FileAnswer(status="whole", content=CONTENT)


@pytest.mark.requirement("R14.4")
@pytest.mark.parametrize(
    ("change", "values", "said"),
    [
        ({"FileDigest": "0" * 64}, {}, "文件不完整，摘要不符"),
        ({"Content": fm.pack(CONTENT[:-1])}, {}, "文件不完整，摘要不符"),
        ({"Content": "不是Base64"}, {}, "银行应答不符合报文规范"),
        ({"Key": "other"}, {}, "银行应答与请求不对应"),
        ({"PartNo": "2"}, {}, "银行应答与请求不对应"),
        ({"PartCount": "0"}, {}, "银行文件过大"),
        ({"PartCount": "201"}, {}, "银行文件过大"),
        ({"PartCount": "-1"}, {}, "银行应答不符合报文规范"),
        # the second part is told to be the first again
        ({"PartCount": "2"}, {}, "银行应答与请求不对应"),
        ({}, {"tx": "BDC108"}, "银行应答与请求不对应"),
        ({}, {"seq": "0000"}, "银行应答与请求不对应"),
        ({}, {"status": "2"}, "银行应答自相矛盾"),
        ({}, {"status": "9"}, "银行应答自相矛盾"),
        ({}, {"code": "90001"}, "银行系统异常，结果未知"),
        ({}, {"code": "77777"}, "银行返回未知代码"),
    ],
)
async def test_a_file_that_is_not_whole_is_no_file(change: dict[str, str], values: dict[str, str], said: str) -> None:
    answer = await file_answered_by(part(**change), **values)
    assert (answer.status, answer.content, answer.message) == ("failed", b"", said)


@pytest.mark.requirement("R07.1")
@pytest.mark.parametrize(
    ("account_no", "name", "status"),
    [
        ("6222020200000000015", "张三", "holds"),
        ("6222020200000000015", "李四", "differs"),
        ("6222020200000000023", "李四", "closed"),
        ("6222020299999999999", "张三", "absent"),
    ],
)
async def test_whose_account_it_is(bank: Bank, account_no: str, name: str, status: str) -> None:
    found = await bank.funds.check_account(bank_code="102", account_no=account_no, name=name, now=NOW)
    assert found.status == status


@pytest.mark.parametrize("mode", ["error500", "garbage", "timeout"])
async def test_no_answer_about_an_account_says_nothing(bank: Bank, mode: str) -> None:
    bank.fault("account_check", mode)
    found = await bank.impatient.check_account(bank_code="102", account_no="6222020200000000015", name="张三", now=NOW)
    assert found.status == "unanswered" and found.message
