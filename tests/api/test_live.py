"""Live progress by server-sent events and by WebSocket, and how it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from auth import sessions
from domain.kernel import database
from domain.kernel.actor import SYSTEM
from tests.api.operations import APPLY, CANCEL, PROGRESS, rent_input
from tests.api.people import Citizen, new_staff
from tests.api.world import LIMITS, Client, World

As = Callable[..., Client]
PROTOCOL = Subprotocol("graphql-transport-ws")


@pytest_asyncio.fixture
async def case_id(citizen: Citizen, as_: As) -> str:
    made = await as_(citizen).run(APPLY, input=rent_input(citizen.card, requestKey="apply-0001"))
    id: str = made["applyForRentWithdrawal"]["case"]["id"]
    return id


async def _cancel(world: World, client: Client, id: str) -> None:
    """Cancels, and publishes the news as the worker does after the commit."""
    await client.run(CANCEL, input={"id": id, "requestKey": "cancel-001"})
    case = (await client.run("query C($id: ID!) { case(id: $id) { caseNo } }", id=id))["case"]
    await world.news.publish_case(case["caseNo"])


# --- server-sent events


@asynccontextmanager
async def _streamed(client: Client, query: str, **variables: Any) -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
    body = {"query": query, "variables": variables}
    headers = {**client.headers, "Accept": "text/event-stream"}
    async with client.http.stream("POST", "/graphql/stream", json=body, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        async with asyncio.timeout(15):
            yield _events(response)


async def _events(response: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    """(event, data); heartbeats as ("heartbeat", None)."""
    name = ""
    async for line in response.aiter_lines():
        if line == ":":
            yield "heartbeat", None
        elif line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:"):
            yield name, json.loads(line[5:]) if line[5:].strip() else None


async def _next(events: AsyncIterator[tuple[str, Any]]) -> tuple[str, Any]:
    while True:
        event, data = await anext(events)
        if event != "heartbeat":
            return event, data


async def test_events_follow_the_case_to_its_end(world: World, case_id: str, citizen: Citizen, as_: As) -> None:
    async with _streamed(as_(citizen), PROGRESS, id=case_id) as events:
        event, data = await _next(events)
        assert (event, data["data"]["caseProgress"]["state"]) == ("next", "pending_preliminary")
        await _cancel(world, as_(citizen), case_id)
        event, data = await _next(events)
        assert (event, data["data"]["caseProgress"]["state"]) == ("next", "cancelled")
        assert await _next(events) == ("complete", None)


async def test_silence_is_filled_with_heartbeats(case_id: str, citizen: Citizen, as_: As) -> None:
    async with _streamed(as_(citizen), PROGRESS, id=case_id) as events:
        await _next(events)
        assert await anext(events) == ("heartbeat", None)


async def test_queries_stream_once(citizen: Citizen, as_: As) -> None:
    async with _streamed(as_(citizen), "{ viewer { kind } }") as events:
        assert await _next(events) == ("next", {"data": {"viewer": {"kind": "citizen"}}})
        assert await _next(events) == ("complete", None)


async def test_cases_of_others_are_not_streamed(case_id: str, stranger: Citizen, as_: As) -> None:
    for person, code in ((stranger, "REFUSED"), (None, "UNAUTHENTICATED")):
        async with _streamed(as_(person), PROGRESS, id=case_id) as events:
            _, data = await _next(events)
            assert data["errors"][0]["extensions"]["code"] == code
            assert await _next(events) == ("complete", None)


async def test_a_session_that_ends_ends_its_stream(world: World, case_id: str, citizen: Citizen, as_: As) -> None:
    async with _streamed(as_(citizen), PROGRESS, id=case_id) as events:
        await _next(events)
        await sessions.end_session(session_id=citizen.session_id, actor=SYSTEM, reason="logout", now=world.clock())
        _, data = await _next(events)
        assert data["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED", "reason": "session_ended"}
        assert await _next(events) == ("complete", None)


async def test_a_token_that_expires_ends_its_stream_without_completing_it(
    world: World, case_id: str, citizen: Citizen, as_: As
) -> None:
    async with _streamed(as_(citizen), PROGRESS, id=case_id) as events:
        await _next(events)
        world.clock.forward(minutes=11)
        assert [event async for event, _ in events if event != "heartbeat"] == []


async def test_too_many_streams_are_refused_and_closed_ones_give_way(case_id: str, citizen: Citizen, as_: As) -> None:
    async def one_more(depth: int) -> None:
        async with _streamed(as_(citizen), PROGRESS, id=case_id) as events:
            _, data = await _next(events)
            if depth == LIMITS.streams_per_caller_max:
                assert data["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
                return
            assert "errors" not in data
            await one_more(depth + 1)

    await one_more(0)
    async with asyncio.timeout(10):
        while True:
            async with _streamed(as_(citizen), PROGRESS, id=case_id) as events:
                if "errors" not in (await _next(events))[1]:
                    return


async def test_faulty_stream_requests(citizen: Citizen, as_: As) -> None:
    client = as_(citizen)
    headers = {**client.headers, "Accept": "text/event-stream"}
    for body, status in (({"query": "{"}, 400), ({}, 400)):
        response = await client.http.post("/graphql/stream", json=body, headers=headers)
        assert response.status_code == status
        assert response.json()["errors"]
    response = await client.http.post("/graphql/stream", json={}, headers={"Accept": "application/json"})
    assert response.status_code == 406
    assert (await client.http.get("/graphql/stream")).status_code == 405
    forged = {**headers, "Authorization": "Bearer x"}
    response = await client.http.post("/graphql/stream", json={"query": PROGRESS}, headers=forged)
    assert response.status_code == 401


# --- WebSocket


@asynccontextmanager
async def _connected(world: World, token: str | None = None, *, init: bool = True) -> AsyncIterator[ClientConnection]:
    async with connect(world.socket_url, subprotocols=[PROTOCOL], proxy=None) as socket, asyncio.timeout(15):
        if init:
            payload = {"authorization": f"Bearer {token}"} if token else {}
            await _send(socket, type="connection_init", payload=payload)
            assert await _received(socket) == {"type": "connection_ack"}
        yield socket


async def _send(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def _received(socket: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(await socket.recv())
    return message


async def _close_code(socket: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            await socket.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


def _subscription(id: str) -> dict[str, Any]:
    return {"query": PROGRESS, "variables": {"id": id}}


async def test_socket_follows_the_case_to_its_end(world: World, case_id: str, citizen: Citizen, as_: As) -> None:
    async with _connected(world, citizen.token) as socket:
        await _send(socket, type="ping")
        assert await _received(socket) == {"type": "pong"}
        await _send(socket, type="subscribe", id="1", payload=_subscription(case_id))
        message = await _received(socket)
        assert (message["type"], message["id"]) == ("next", "1")
        assert message["payload"]["data"]["caseProgress"]["state"] == "pending_preliminary"
        await _cancel(world, as_(citizen), case_id)
        assert (await _received(socket))["payload"]["data"]["caseProgress"]["state"] == "cancelled"
        assert await _received(socket) == {"type": "complete", "id": "1"}
        await _send(socket, type="subscribe", id="1", payload={"query": "{ viewer { kind } }"})
        assert (await _received(socket))["payload"] == {"data": {"viewer": {"kind": "citizen"}}}
        assert await _received(socket) == {"type": "complete", "id": "1"}


async def test_socket_refuses_faulty_operations_and_goes_on(world: World, citizen: Citizen) -> None:
    async with _connected(world, citizen.token) as socket:
        for payload in ({"query": "{"}, {}, None, {"query": "{ nothing }"}):
            await _send(socket, type="subscribe", id="a", payload=payload)
            message = await _received(socket)
            assert (message["type"], message["id"]) == ("error", "a")
            assert message["payload"][0]["extensions"]["code"] in ("BAD_REQUEST", "DOCUMENT_INVALID")
        await _send(socket, type="complete", id="never")
        await _send(socket, type="ping")
        assert await _received(socket) == {"type": "pong"}


@pytest.mark.parametrize("text", ["{", "[]", '{"type": "hello"}', '{"type": 1}', '{"type":"subscribe","payload":{}}'])
async def test_socket_closes_on_malformed_messages(world: World, citizen: Citizen, text: str) -> None:
    async with _connected(world, citizen.token) as socket:
        await socket.send(text)
        assert await _close_code(socket) == 4400


async def test_socket_closes_on_binary_and_oversized_messages(world: World, citizen: Citizen) -> None:
    async with _connected(world, citizen.token) as socket:
        await socket.send(b"{}")
        assert await _close_code(socket) == 4400
    async with _connected(world, citizen.token) as socket:
        await socket.send(" " * (LIMITS.body_bytes_max + 1))
        assert await _close_code(socket) == 1009


async def test_socket_wants_a_good_token(world: World) -> None:
    async with _connected(world, init=False) as socket:
        await _send(socket, type="connection_init", payload={"authorization": "Bearer forged"})
        assert await _close_code(socket) == 4401
    async with _connected(world, init=False) as socket:
        await _send(socket, type="subscribe", id="1", payload={"query": "{ viewer { kind } }"})
        assert await _close_code(socket) == 4401


async def test_socket_wants_to_be_initialised_once_and_in_time(world: World) -> None:
    async with _connected(world, init=False) as socket:
        assert await _close_code(socket) == 4408
    async with _connected(world) as socket:
        await _send(socket, type="connection_init")
        assert await _close_code(socket) == 4429


async def test_socket_ids_are_used_once_at_a_time(world: World, case_id: str, citizen: Citizen) -> None:
    async with _connected(world, citizen.token) as socket:
        await _send(socket, type="subscribe", id="1", payload=_subscription(case_id))
        await _received(socket)
        await _send(socket, type="subscribe", id="1", payload=_subscription(case_id))
        assert await _close_code(socket) == 4409


async def test_socket_lets_a_subscription_go(world: World, case_id: str, citizen: Citizen) -> None:
    async with _connected(world, citizen.token) as socket:
        for _ in range(LIMITS.streams_per_caller_max * 2):
            await _send(socket, type="subscribe", id="1", payload=_subscription(case_id))
            assert (await _received(socket))["type"] == "next"
            await _send(socket, type="complete", id="1")
            await _send(socket, type="ping")
            assert await _received(socket) == {"type": "pong"}


async def test_socket_closes_when_the_session_ends(world: World, case_id: str, citizen: Citizen) -> None:
    async with _connected(world, citizen.token) as socket:
        await _send(socket, type="subscribe", id="1", payload=_subscription(case_id))
        await _received(socket)
        await sessions.end_session(session_id=citizen.session_id, actor=SYSTEM, reason="logout", now=world.clock())
        assert await _close_code(socket) == 4401


async def test_a_socket_is_no_way_around_the_limits_of_requests(world: World, citizen: Citizen) -> None:
    async with _connected(world, citizen.token) as socket:
        for number in range(LIMITS.socket_operations_max):
            await _send(socket, type="subscribe", id=str(number), payload={"query": "{ viewer { kind } }"})
            assert (await _received(socket))["type"] == "next"
            assert (await _received(socket))["type"] == "complete"
        await _send(socket, type="subscribe", id="more", payload={"query": "{ viewer { kind } }"})
        assert await _close_code(socket) == 4429


async def test_staff_who_moved_to_another_office_see_no_more_of_the_case(
    world: World, case_id: str, citizen: Citizen, as_: As
) -> None:
    moved = await new_staff("service_desk", now=world.clock())
    async with _streamed(as_(moved), PROGRESS, id=case_id) as events:
        assert "errors" not in (await _next(events))[1]
        await database.execute("UPDATE staff SET office_codes = '{0999}' WHERE staff_id = $1", moved.staff_id)
        await _cancel(world, as_(citizen), case_id)
        _, answer = await _next(events)
    assert answer["data"] is None
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"FORBIDDEN"}


async def test_socket_speaks_one_protocol(world: World) -> None:
    async with connect(world.socket_url, proxy=None) as socket, asyncio.timeout(5):
        assert await _close_code(socket) == 4406
