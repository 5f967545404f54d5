"""Questions that share their trips to Valkey."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from ops.round_trips import TOGETHER_MAX, RoundTrips

ECHO = "return ARGV[1]"


class Counted:
    """A server that says how many questions came on each trip, and answers them with themselves."""

    def __init__(self, *, held: asyncio.Event | None = None, fails: Exception | None = None) -> None:
        self.trips: list[int] = []
        self._held, self._fails = held, fails

    def register_script(self, script: str) -> Any:
        async def run(*, args: list[bytes]) -> bytes:
            self.trips.append(len(orjson.loads(args[0])))
            if self._held is not None:
                await self._held.wait()
            if self._fails is not None:
                raise self._fails
            return args[0]

        return run


def over(server: Any, *, seconds: float = 5) -> RoundTrips:
    return RoundTrips(redis=server, script=ECHO, seconds=seconds)


async def test_each_gets_the_answer_to_its_own_question(redis: Redis) -> None:
    trips = over(redis)
    asked = [[number, f"问{number}"] for number in range(150)]
    assert await asyncio.gather(*(trips.ask(question) for question in asked)) == asked


async def test_what_is_asked_meanwhile_goes_together_on_the_next_trip() -> None:
    held = asyncio.Event()
    server = Counted(held=held)
    trips = over(server)
    first = asyncio.ensure_future(trips.ask([0]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.ensure_future(trips.ask([number])) for number in range(1, TOGETHER_MAX + 11)]
    await asyncio.sleep(0)
    held.set()
    assert await first == [0]
    assert await asyncio.gather(*others) == [[number] for number in range(1, TOGETHER_MAX + 11)]
    assert server.trips == [1, TOGETHER_MAX, 10]
    assert await trips.ask(["later"]) == ["later"]


async def test_a_caller_who_left_takes_no_answer_from_the_others() -> None:
    held = asyncio.Event()
    trips = over(Counted(held=held))
    leaves, stays = (asyncio.ensure_future(trips.ask([number])) for number in range(2))
    await asyncio.sleep(0)
    leaves.cancel()
    held.set()
    assert await stays == [1]
    assert leaves.cancelled()


@pytest.mark.parametrize("fails", [ConnectionResetError(), ResponseError("script")])
async def test_a_trip_that_fails_fails_for_all_on_it_and_for_nobody_after(fails: Exception) -> None:
    server = Counted(fails=fails)
    trips = over(server)
    answers = await asyncio.gather(*(trips.ask([number]) for number in range(3)), return_exceptions=True)
    assert answers == [fails] * 3
    server._fails = None
    assert await trips.ask([4]) == [4]


async def test_a_trip_has_a_time_limit() -> None:
    trips = over(Counted(held=asyncio.Event()), seconds=0.01)
    with pytest.raises(TimeoutError):
        await trips.ask([1])
