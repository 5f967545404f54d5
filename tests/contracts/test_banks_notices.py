"""The door that banks tell us through: the simulated settlement system against the running house, and what nobody else
may say there."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from channels.banks import funds_messages as fm
from channels.banks import messages
from channels.banks.inbound import NOTICES_PATH, NOTIFIER_APP
from channels.banks.messages import RequestHead
from channels.wire import signed_headers
from domain import settlement
from domain.kernel import database
from domain.kernel.dates import business_date_of
from domain.kernel.money import Money
from tests.city import SECRET, RunningHouse
from tests.factories.people import staff
from tests.factories.snapshot import nothing_changed
from tests.settlement import files

FUND = "0200000109000000001"


async def come_in(running: RunningHouse, amount: str = "1200.00", **given: Any) -> dict[str, Any]:
    body = {
        "bank_code": "102",
        "account_no": FUND,
        "amount": amount,
        "payer_account_no": "0200001009000000777",
        "payer_name": "北京晨曦科技有限公司",
        **given,
    }
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{running.simulators_url}/_sim/bank/receive", json=body)
        answer.raise_for_status()
        return dict(answer.json())


async def known() -> list[tuple[str, str, str]]:
    rows = await database.rows("SELECT host_serial_no, source, outcome FROM bank_receipt ORDER BY received_at")
    return [(row["host_serial_no"], row["source"], row["outcome"]) for row in rows]


async def expect(running: RunningHouse, reference_no: str, yuan: int) -> int:
    actor = await staff("sun.cai")
    async with database.transaction() as tx:
        return await settlement.expect_receipt(
            tx,
            actor=actor,
            purpose="remittance",
            reference_no=reference_no,
            amount=Money.yuan(yuan),
            employer_no=100001,
            office_code="0101",
            now=running.clock(),
        )


@pytest.mark.requirement("R14.3")
async def test_money_comes_in_and_its_owner_hears_of_it(running: RunningHouse) -> None:
    number = await expect(running, "HJ2026110001", 1200)
    told = await come_in(running, remark="汇缴＃HJ2026110001＃")
    assert told["answers"] == ["00000"]
    assert await known() == [(told["host_serial_no"], "notice", "matched")]
    assert (await settlement.expectation(expectation_id=number)).state == "met"
    await running.settle()
    assert await database.value("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 0
    assert await database.value("SELECT count(*) FROM pgqueuer") == 0


async def test_a_notice_told_twice_books_once(running: RunningHouse) -> None:
    await running.fault(simulator="bank", operation="notice", mode="answer_twice", times=1)
    told = await come_in(running)
    assert told["answers"] == ["00000", "00000"]
    async with httpx.AsyncClient(trust_env=False) as client:
        again = await client.post(
            f"{running.simulators_url}/_sim/bank/notify",
            json={"bank_code": "102", "account_no": FUND, "host_serial_no": told["host_serial_no"]},
        )
    assert again.json()["answers"] == ["00000"]
    assert await known() == [(told["host_serial_no"], "notice", "unknown")]


@pytest.mark.requirement("R14.4")
async def test_a_notice_that_never_came_is_found_on_the_statement(running: RunningHouse) -> None:
    await running.fault(simulator="bank", operation="notice", mode="refuse", times=1)
    told = await come_in(running)
    assert (told["answers"], await known()) == ([], [])
    now = running.clock()
    await settlement.fetch_statement(
        actor=await staff("sun.cai"),
        bank_account_code="102",
        day=business_date_of(now),
        gateway=running.house.funds,
        now=now,
        business_date=business_date_of(now),
    )
    assert (told["host_serial_no"], "statement", "unknown") in await known()


@pytest.mark.parametrize("spoil", ["short_line", "bad_amount", "bad_date"])
async def test_a_notice_that_cannot_be_read_is_put_aside(running: RunningHouse, spoil: str) -> None:
    await running.fault(
        simulator="bank", operation="notice", mode="garbage", times=1, detail={"stage": "rows", "spoil": spoil}
    )
    assert (await come_in(running))["answers"] == ["30001"]
    assert await known() == []
    [kept] = await settlement.quarantined_notices(actor=await staff("sun.cai"))
    assert (kept.bank_code, len(kept.digest)) == ("102", 64)


async def test_a_notice_in_gbk_is_read(running: RunningHouse) -> None:
    await running.fault(simulator="bank", operation="notice", mode="normal", times=1, detail={"encoding": "gbk"})
    assert (await come_in(running, remark="汇缴"))["answers"] == ["00000"]
    assert await database.value("SELECT payer_name_masked FROM bank_receipt") == "北京晨曦科技有限公司"


async def send(running: RunningHouse, content: bytes, **change: Any) -> httpx.Response:
    signed = {"app": NOTIFIER_APP, "secret": SECRET.encode(), "path": NOTICES_PATH, "now": running.clock(), **change}
    headers = signed_headers(method="POST", body=content, **signed)
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False) as client:
        return await client.post(NOTICES_PATH, content=content, headers=headers)


def written(*, tx_code: str = fm.TX_NOTIFY, send_node: str = "102", row_count: str = "1", content: str = "") -> bytes:
    head = RequestHead(
        SendDate="20261123",
        SendTime="101500",
        SendSeqNo="0001",
        TxUnitNo="",
        SendNode=send_node,
        TxCode=tx_code,
        ReceiveNode="110000",
        CustNo="",
        OperNo="",
    )
    rows = content or fm.pack(files.row(1, "S1", "5.00", "5.00").encode())
    return messages.write_message("Request", head, fm.NoticeBody(RowCount=row_count, Content=rows))


async def test_the_notice_of_these_tests_is_good(running: RunningHouse) -> None:
    answer = await send(running, written())
    assert (answer.status_code, "<RtnCode>00000</RtnCode>" in answer.text) == (200, True)
    assert await known() == [("S1", "notice", "unknown")]


@pytest.mark.requirement("R14.4")
@pytest.mark.parametrize(
    "change",
    [{"secret": b"wrong"}, {"app": "hpf-platform"}, {"path": "/bank/other"}],
)
async def test_nobody_else_tells_us_of_money(running: RunningHouse, change: dict[str, Any]) -> None:
    async with nothing_changed():
        answer = await send(running, written(), **change)
    assert answer.status_code == 401


async def test_a_recorded_notice_is_not_played_again(running: RunningHouse) -> None:
    nonce = "0123456789abcdef" * 2
    assert (await send(running, written(), nonce=nonce)).status_code == 200
    async with nothing_changed():
        assert (await send(running, written(), nonce=nonce)).status_code == 401


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<Request/>",
        b"not xml",
        b'<!DOCTYPE x [<!ENTITY a "b">]><Request><Head/></Request>',
        written(tx_code="BDC101"),
        written(send_node="工行"),
        written(row_count="2"),
        written(row_count="x"),
        written(content="?"),
        written(content=fm.pack(b"\xff\xff")),
    ],
)
async def test_what_is_no_notice_is_put_aside_and_not_asked_for_again(running: RunningHouse, content: bytes) -> None:
    answer = await send(running, content)
    assert (answer.status_code, "<RtnCode>30001</RtnCode>" in answer.text) == (200, True)
    assert await known() == []
    assert len(await settlement.quarantined_notices(actor=await staff("sun.cai"))) == 1
