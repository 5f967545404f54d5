"""What tests of 互动消息 share: the platforms' sides, what citizens say, what staff do."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import httpx
import pytest

from channels import conversations
from channels.conversations import ConversationView
from domain.kernel import database
from domain.kernel.refusal import Refused
from ops import messages, partners
from tests.city import RunningHouse
from tests.factories.people import staff
from tests.factories.rent import new_key

OPENID, USER = "oX6Jk5conversation01", "2088000000000001"


@pytest.fixture(autouse=True)
async def forgotten(running: RunningHouse) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.delete(f"{running.simulators_url}/_sim/wechat/sent")
    for messenger in running.house.messengers.values():
        messenger.wire._breakers.clear()  # type: ignore[attr-defined]


async def said(running: RunningHouse, text: str = "", **given: Any) -> None:
    """The simulated platform says it to the house, which works on it and sends what follows."""
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        answer = await client.post(
            f"{running.simulators_url}/_sim/wechat/say", json={"openid": OPENID, "text": text, **given}
        )
    assert answer.json() == {"status": 200, "answer": "success"}
    await settle(running)


async def settle(running: RunningHouse) -> None:
    for _ in range(20):
        if not await partners.work_all(running.house) + await messages.send(running.house):
            return


async def heard(running: RunningHouse) -> list[str]:
    """What the account on the platform got, oldest first."""
    return [one["text"] for one in await running.simulated("wechat/sent") if one["kind"] == "text"]


async def the_conversation() -> int:
    number: int = await database.value("SELECT conversation_id FROM conversation ORDER BY opened_at DESC LIMIT 1")
    return number


async def view_of(running: RunningHouse, login: str = "he.jing") -> tuple[ConversationView, list[conversations.Line]]:
    return await conversations.conversation_of(
        actor=await staff(login), conversation_id=await the_conversation(), now=running.clock()
    )


async def refused(work: Awaitable[object]) -> list[str]:
    with pytest.raises(Refused) as found:
        await work
    return [one.code for one in found.value.refusals]


async def take(running: RunningHouse, login: str = "he.jing") -> None:
    await conversations.take(actor=await staff(login), conversation_id=await the_conversation(), now=running.clock())


async def answer(running: RunningHouse, text: str, *, login: str = "he.jing", key: str | None = None) -> None:
    await conversations.answer(
        actor=await staff(login), conversation_id=await the_conversation(), text=text, request_key=key or new_key(),
        now=running.clock(),
    )  # fmt: skip
    await settle(running)


async def inbound_rows() -> list[tuple[str, str, str | None]]:
    rows = await database.rows("SELECT kind, state, fault FROM inbound_message ORDER BY received_at, message_id")
    return [(row["kind"], row["state"], row["fault"]) for row in rows]
