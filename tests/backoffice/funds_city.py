"""The funds desks of the running house: money that comes in at the simulated bank, and staff in their browsers."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest_asyncio

from backoffice.services import SESSION_COOKIE
from domain import settlement
from domain.kernel import database
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.dates import business_date_of
from domain.kernel.money import Money
from tests.backoffice import city
from tests.backoffice.conftest import Browser, hidden_fields
from tests.city import RunningHouse, staff_sign_in

FUNDS = "/backoffice/funds"
BANK, NUMBER = "102", "0200000109000000001"
PAYER = "北京晨曦科技有限公司"
PAYER_ACCOUNT = "0200001009000000001"
SignedIn = Callable[[str], Awaitable[Browser]]

READER = Actor(
    kind="staff",
    channel="backoffice",
    name="查账人",
    staff_id=1,
    roles=frozenset({Role.FINANCE}),
    assurance="password",
)
"""Looks things up for assertions; does nothing."""


@pytest_asyncio.fixture
async def desks(running: RunningHouse) -> AsyncIterator[SignedIn]:
    """`await desks("sun.cai")`: a browser of a member of staff at the house's real address."""
    clients: list[httpx.AsyncClient] = []

    async def enter(login: str) -> Browser:
        signed = await staff_sign_in(login, now=running.clock())
        client = httpx.AsyncClient(base_url=running.base_url, trust_env=False, timeout=20)
        client.cookies.set(SESSION_COOKIE, signed.cookie)
        clients.append(client)
        return Browser(client, city.Clock(running.clock()))

    yield enter
    for client in clients:
        await client.aclose()


async def carry_out(browser: Browser, page: httpx.Response, action: str, /, **fields: str) -> httpx.Response:
    """Fills a form of the page, reads what will happen, and confirms it."""
    asked = await browser.submit(page, action, **fields)
    assert asked.status_code == 200 and 'name="confirmed" value="yes"' in asked.text, said(asked)
    return await browser.submit(asked, action)


async def upload(
    browser: Browser, page: httpx.Response, action: str, /, *, name: str, content: bytes, **fields: str
) -> httpx.Response:
    """Sends a form with a file, as a browser does."""
    given = {**hidden_fields(page.text, action), **fields}
    return await browser.post(action, given, files={"file": (name, content, "text/html")})


def said(page: httpx.Response) -> str:
    """What the page tells in its boxes and beside its fields, and else its heading."""
    found = re.findall(r'role="(?:alert|status)"[^>]*>(.*?)</div>|class="field-bad">(.*?)</span>', page.text, re.DOTALL)
    texts = [re.sub(r"<[^>]+>", " ", one or other) for one, other in found]
    return html.unescape(" ".join(" ".join(texts).split())) or page.text[:400]


def cells(page: httpx.Response) -> str:
    """The page's words without tags."""
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", page.text).split()))


async def receive(running: RunningHouse, amount: str, **given: Any) -> str:
    """Money comes in at the bank, which tells us. Returns the bank's serial number."""
    wanted = {
        "bank_code": BANK,
        "account_no": NUMBER,
        "amount": amount,
        "payer_account_no": PAYER_ACCOUNT,
        "payer_name": PAYER,
        "payer_bank_no": "102100099996",
        "remark": "",
        "summary": "转账",
        "reversal": False,
    } | given
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        answer = await client.post(f"{running.simulators_url}/_sim/bank/receive", json=wanted)
        answer.raise_for_status()
        return str(answer.json()["host_serial_no"])


async def expect(running: RunningHouse, reference_no: str, amount: str, **given: Any) -> int:
    """Registers what is expected from employer 100001."""
    now = running.clock()
    wanted = {"purpose": "remittance", "employer_no": 100001, "office_code": "0101"} | given
    async with database.transaction() as tx:
        return await settlement.expect_receipt(
            tx, actor=SYSTEM, reference_no=reference_no, amount=Money.parse(amount), now=now, **wanted
        )


async def receipt_of(serial: str) -> int:
    found: int = await database.value("SELECT receipt_id FROM bank_receipt WHERE host_serial_no = $1", serial)
    return found


async def item_of(serial: str) -> int:
    found: int = await database.value(
        "SELECT item_id FROM suspense_item JOIN bank_receipt USING (receipt_id) WHERE host_serial_no = $1", serial
    )
    return found


async def suspense(item_id: int) -> tuple[str, str]:
    """What is open of an item, and what of it is set aside, in yuan."""
    row = await database.row("SELECT open_fen, claimed_fen FROM suspense_item WHERE item_id = $1", item_id)
    assert row is not None
    return str(Money(row["open_fen"])), str(Money(row["claimed_fen"]))


async def audited(action: str) -> int:
    return int(await database.value("SELECT count(*) FROM audit_event WHERE action = $1", action))


def today(running: RunningHouse) -> str:
    return business_date_of(running.clock()).isoformat()
