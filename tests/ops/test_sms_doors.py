"""The SMS area put together: receipts that are pushed, the gauges, China Mobile by CMPP from queue to receipt."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError
from starlette.applications import Starlette

from domain.kernel import database as store
from domain.kernel import vault
from domain.kernel.identifiers import new_id
from notifications import balances, control, strays
from notifications.gateway import Gateway
from notifications.queueing import enqueue
from notifications.routing import Carriers
from ops import simulators, sms_web
from ops.carriers import carriers_of
from ops.settings import Settings
from tests.conftest import MASTER_KEY
from tests.contracts.sms_worlds import until
from tests.notifications.carriers import Recording
from tests.notifications.world import NOW, queue

TOKEN = "a-token-of-at-least-24-characters"
REPORT = {
    "phone_number": "13812345678",
    "report_time": "2026-11-23 10:00:05",
    "success": True,
    "err_code": "DELIVERED",
    "biz_id": "b1",
}


@pytest.fixture
def door(database: str) -> Any:
    """A browserless client of the doors of a house with these carriers."""
    vault.install(vault.Vault(MASTER_KEY))

    def open_door(*names: str, token: str | None = TOKEN) -> httpx.AsyncClient:
        settings = SimpleNamespace(
            sms_push_token=SecretStr(token) if token else None, carrier_kinds={name: name for name in names}
        )
        carriers = Carriers(in_order=[Recording(name=name) for name in names])
        house = SimpleNamespace(settings=settings, carriers=carriers, clock=lambda: NOW)
        app = Starlette(routes=sms_web.routes(house))  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://house")

    return open_door


async def test_receipts_that_aliyun_pushes_are_kept_before_they_are_acknowledged(door: Any) -> None:
    message = await queue()
    await message.send(Carriers(in_order=[Recording(name="aliyun")]))
    body = json.dumps([{**REPORT, "out_id": str(message.message_id)}])
    async with door("aliyun") as client:
        answers = [(await client.post(f"/sms/reports/{TOKEN}/aliyun", content=body)) for _ in range(2)]
    assert [answer.json() for answer in answers] == [{"code": 0, "msg": "成功"}] * 2
    assert await message.state() == "delivered"


async def test_receipts_that_the_cloud_mas_pushes_find_their_message_by_its_group(door: Any) -> None:
    message = await queue()
    await message.send(Carriers(in_order=[Recording(name="cloud_mas")]))
    told = {"mobile": "13812345678", "msgGroup": "cloud_mas-1-1", "errorCode": "UNDELIV", "receiveDate": ""}
    async with door("cloud_mas") as client:
        answer = await client.post(f"/sms/reports/{TOKEN}/cloud_mas", content=json.dumps(told))
    assert answer.status_code == 200
    row = await message.row()
    assert (row["state"], row["last_code"]) == ("rejected", "UNDELIV")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (f"{TOKEN}/aliyun", "{}", 400),
        (f"{TOKEN}/cloud_mas", "not json", 400),
        (f"{TOKEN}/cloud_mas", '{"mobile": "1", "msgGroup": "", "errorCode": "X"}', 400),
        ("wrong/aliyun", "[]", 404),
        (f"{TOKEN}/mobile", "[]", 404),
        (f"{TOKEN}/aliyun", "[" + " " * (sms_web.BODY_BYTES_MAX + 1), 413),
    ],
)
async def test_what_is_no_push_changes_nothing(door: Any, path: str, body: str, status: int) -> None:
    message = await queue()
    async with door("aliyun", "cloud_mas", "mobile") as client:
        assert (await client.post(f"/sms/reports/{path}", content=body)).status_code == status
    assert await message.state() == "queued"
    assert await store.value("SELECT count(*) FROM sms_stray_receipt") == 0


async def test_without_a_token_or_the_carrier_there_is_no_door(door: Any) -> None:
    async with door("aliyun", token=None) as client:
        assert (await client.post("/sms/reports//aliyun", content="[]")).status_code == 404
        assert (await client.post(f"/sms/reports/{TOKEN}/aliyun", content="[]")).status_code == 404
    async with door("agent") as client:
        assert (await client.post(f"/sms/reports/{TOKEN}/aliyun", content="[]")).status_code == 404


async def test_the_gauges_tell_queue_and_carriers(database: str) -> None:
    vault.install(vault.Vault(MASTER_KEY))
    carriers = Carriers(in_order=[Recording(name="mobile", long=True), Recording(name="agent", balance=700)])
    await control.tell_condition(carriers=carriers, holds=True, now=NOW)
    await balances.ask(carriers=carriers, now=NOW)
    await queue()
    carriers.note(carrier="mobile", failed=True, now=NOW, handed_ms=40)
    await control.tick(carriers=carriers, now=NOW)
    await sms_web.observe(SimpleNamespace(clock=lambda: NOW))  # type: ignore[arg-type]

    def value(gauge: Any, **labels: str) -> float:
        return float(gauge.labels(**labels)._value.get())

    assert value(sms_web.WAITING, lane="courtesy") == 1
    assert (value(sms_web.SHARE, carrier="mobile"), value(sms_web.ONLINE, carrier="mobile")) == (100, 1)
    assert value(sms_web.BALANCE, carrier="agent") == 700
    assert [value(sms_web.SEEN, carrier="mobile", what=what) for what in ("submitted", "failed", "mean_ms")] == [
        1,
        1,
        40,
    ]


def settings_of(**values: object) -> Settings:
    return Settings(
        database_url="postgresql://nobody@127.0.0.1/none",
        redis_url="redis://127.0.0.1/0",
        **values,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("carriers", ["", "mobile", "mobile=smpp", "a=agent,a=agent", "a=cmpp,b=cmpp"])
def test_carriers_that_are_none_are_malformed(carriers: str) -> None:
    with pytest.raises(ValidationError):
        settings_of(sms_carriers=carriers)


def test_production_refuses_the_secrets_of_development_for_the_carriers_it_has() -> None:
    settings = settings_of(sms_carriers="mobile=cmpp,aliyun=aliyun,agent=agent")
    assert [text.split()[0] for text in settings.carriers_unfit()] == [
        "HPF_SMS_CMPP_SECRET",
        "HPF_SMS_ALIYUN_ACCESS_KEY_SECRET",
    ]
    assert settings_of().carriers_unfit() == []


@asynccontextmanager
async def _gateway(carriers: Carriers, clock: Callable[[], datetime]) -> AsyncIterator[None]:
    running = asyncio.ensure_future(Gateway(carriers=carriers, clock=clock, holder="test").run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_china_mobile_by_cmpp_from_the_queue_to_the_receipt(database: str) -> None:
    vault.install(vault.Vault(MASTER_KEY))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = settings_of(sms_carriers="mobile=cmpp,agent=agent", sms_cmpp_port=port, sms_cmpp_version="3.0")

    def clock() -> datetime:
        return datetime.now(UTC)

    app = simulators.build(settings, clock=clock)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        carriers = carriers_of(settings, clock=clock, stack=stack)
        async with _gateway(carriers, clock):
            await until(lambda: carriers.long_connections()[0].online)
            async with store.transaction() as tx:
                await enqueue(
                    tx,
                    account_no=1,
                    event_id=new_id(),
                    template="withdrawal.paid",
                    variables={
                        "name": "无房租房提取",
                        "case_no": "C1",
                        "amount": "1,500.00元",
                        "card_tail": "0018",
                        "paid_on": "2026年11月25日",
                    },
                    mobile="+86 138 1234 5678",
                    now=clock(),
                )
            async with asyncio.timeout(10):
                while await store.value("SELECT state FROM sms_message") != "delivered":
                    # a receipt may come while the answer is being written down: the house looks again too
                    await strays.sweep(now=clock())
                    await asyncio.sleep(0.02)
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://simulators")
        async with client:
            (taken,) = (await client.get("/_sim/sms/messages")).json()
    assert (taken["mobile"], taken["carrier"]) == ("13812345678", "cmpp")
    assert taken["text"].startswith("【北京公积金】您的无房租房提取款1,500.00元")
    parts = await store.rows("SELECT carrier, region, state FROM sms_part")
    assert {tuple(part) for part in parts} == {("mobile", "elsewhere", "delivered")}
    assert len(parts) == taken["parts"]
