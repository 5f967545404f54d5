"""Contract of `FaceVerification`: Aliyun's client and the simulator of its wire format."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from channels.face import AliyunFace, AliyunFaceSettings
from channels.face.simulator import FaceSimulator
from domain.kernel.failures import PartnerFailure
from tests.loopback import serve, unused_url

PERSON: dict[str, str] = {"name": "张伟", "document_no": "110105199103151017"}


@dataclass(frozen=True, kw_only=True)
class World:
    url: str
    client: AliyunFace
    simulator: FaceSimulator

    async def start(self, *, order_no: str = "order-1", client: AliyunFace | None = None, **changed: str) -> Any:
        given = {"order_no": order_no, "meta_info": "{}", "return_url": "https://hpf.example/h5/", **PERSON, **changed}
        return await (client or self.client).start(**given)


def settings(url: str, **changes: Any) -> AliyunFaceSettings:
    made = AliyunFaceSettings(
        access_key_id="key",
        access_key_secret="secret",
        scene_id="1000000006",
        endpoint=url.removeprefix("http://"),
        scheme="http",
        timeout_seconds=1,
    )
    return replace(made, **changes)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    simulator = FaceSimulator(
        access_key_id="key", access_key_secret="secret", scene_id="1000000006", clock=lambda: datetime.now(UTC)
    )
    async with serve(Starlette(routes=simulator.app().routes)) as url:
        yield World(url=url, client=AliyunFace(settings=settings(url)), simulator=simulator)


@pytest.mark.parametrize(("passed", "outcome"), [(True, "passed"), (False, "failed")])
async def test_a_check_is_pending_until_the_face_was_shown(world: World, passed: bool, outcome: str) -> None:
    started = await world.start()
    assert started.url == f"{world.url}/show/{started.certify_id}"
    assert (await world.client.outcome(certify_id=started.certify_id)).outcome == "pending"
    world.simulator.show(started.certify_id, passed=passed)
    assert (await world.client.outcome(certify_id=started.certify_id)).outcome == outcome


async def test_the_page_plays_the_device_and_masks_the_person(world: World) -> None:
    started = await world.start()
    async with httpx.AsyncClient(trust_env=False) as browser:
        page = (await browser.get(started.url)).text
        assert PERSON["document_no"] not in page and PERSON["name"] not in page
        await browser.post(started.url, data={"passed": "yes"})
    assert (await world.client.outcome(certify_id=started.certify_id)).outcome == "passed"


async def test_nothing_of_the_picture_comes_through(world: World) -> None:
    started = await world.start()
    world.simulator.show(started.certify_id, passed=True)
    result = await world.client.outcome(certify_id=started.certify_id)
    assert "oss" not in repr(result) and "99" not in repr(result)


async def test_nothing_personal_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await world.start()
    assert PERSON["document_no"] not in caplog.text and "secret" not in caplog.text


@pytest.mark.parametrize("changes", [{"access_key_secret": "wrong"}, {"access_key_id": "other"}])
async def test_a_wrong_key_is_our_fault(world: World, changes: dict[str, str]) -> None:
    client = AliyunFace(settings=settings(world.url, **changes))
    with pytest.raises(PartnerFailure) as failure:
        await world.start(client=client)
    assert not failure.value.retryable


async def test_an_order_is_taken_once_and_a_stranger_s_check_is_not_told(world: World) -> None:
    await world.start()
    with pytest.raises(PartnerFailure):
        await world.start()
    with pytest.raises(PartnerFailure):
        await world.client.outcome(certify_id="0" * 32)


@pytest.mark.parametrize("operation", ["InitFaceVerify", "DescribeFaceVerify"])
@pytest.mark.parametrize("mode", ["error500", "garbage", "refuse", "timeout"])
async def test_trouble_is_a_failure_and_no_result(world: World, operation: str, mode: Any) -> None:
    started = await world.start()
    world.simulator.faults.add(operation=operation, mode=mode)
    with pytest.raises(PartnerFailure):
        if operation == "InitFaceVerify":
            await world.start(order_no="order-2")
        else:
            await world.client.outcome(certify_id=started.certify_id)


async def test_nobody_there(world: World) -> None:
    with pytest.raises(PartnerFailure):
        await world.start(client=AliyunFace(settings=settings(unused_url())))


async def test_a_clock_that_is_off_is_refused(world: World) -> None:
    world.simulator.clock = lambda: datetime.now(UTC) + timedelta(hours=1)
    with pytest.raises(PartnerFailure):
        await world.start()
