"""Contract of the city's application platform: reports over real HTTP to the simulator, and what our door reads."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.applications import Starlette

from channels.city_platform.client import CityReports
from channels.city_platform.messages import CODES, parse
from channels.city_platform.simulator import CityPlatformSimulator
from channels.inbound import Unreadable
from channels.simulation import Faults
from channels.wire import SignatureCheck, SignedClient
from domain.city_applications.ports import Report, ResultDocument
from domain.kernel.digest import sm3_hex
from tests.loopback import serve, unused_url

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
SECRET = b"city-platform-secret-of-the-test"
DOCUMENT = "11010519491231002X"
REPORT = Report(number="901", project_no="BJ20261125001", seq=1, status="1", note="", at=NOW)
pytestmark = pytest.mark.requirement("R05.1")


@dataclass(frozen=True, kw_only=True)
class World:
    faults: Faults
    simulator: CityPlatformSimulator
    platform: CityReports
    impatient: CityReports
    stranger: CityReports


@pytest.fixture
async def world() -> AsyncIterator[World]:
    faults = Faults()
    simulator = CityPlatformSimulator(
        url=unused_url(),
        secret=SECRET,
        check=SignatureCheck(secrets_by_app={"hpf": SECRET}, clock=lambda: NOW),
        faults=faults,
        clock=lambda: NOW,
    )
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serve(Starlette(routes=simulator.routes())))

        async def client(*, seconds: float = 5, secret: bytes = SECRET) -> CityReports:
            wire = SignedClient(
                partner="city_platform", base_url=url, app="hpf", secret=secret, timeout_seconds=seconds
            )
            return CityReports(wire=await stack.enter_async_context(wire))

        yield World(
            faults=faults,
            simulator=simulator,
            platform=await client(),
            impatient=await client(seconds=0.3),
            stranger=await client(secret=b"another-secret-of-somebody-else"),
        )


async def test_a_status_is_taken_once_with_a_receipt(world: World) -> None:
    first = await world.platform.report(report=REPORT, now=NOW)
    assert (first.status, first.code) == ("accepted", "0") and first.receipt_no
    again = await world.platform.report(report=REPORT, now=NOW)
    assert (again.status, again.receipt_no) == ("duplicate", first.receipt_no)
    other = await world.platform.report(report=replace(REPORT, status="2"), now=NOW)
    assert (other.status, other.code) == ("rejected", "2002")
    malformed = await world.platform.report(report=replace(REPORT, number="902", status="9"), now=NOW)
    assert (malformed.status, malformed.code) == ("rejected", "2001")
    assert [one["at"] for one in world.simulator.reports[REPORT.project_no]] == ["2026-11-25 11:00:00"]


@pytest.mark.parametrize("mode", ["timeout", "error500", "garbage"])
@pytest.mark.parametrize("detail", [{}, {"stage": "after"}])
async def test_trouble_is_unknown_and_telling_again_is_safe(world: World, mode: Any, detail: dict[str, str]) -> None:
    world.faults.add(simulator="city", operation="report", mode=mode, times=1, detail=detail)
    assert (await world.impatient.report(report=REPORT, now=NOW)).status == "unknown"
    again = await world.platform.report(report=REPORT, now=NOW)
    assert again.status == ("duplicate" if detail else "accepted")
    assert len(world.simulator.reports[REPORT.project_no]) == 1


async def test_a_wrong_signature_and_a_refusal_keep_nothing(world: World) -> None:
    assert (await world.stranger.report(report=REPORT, now=NOW)).code == "status"
    world.faults.add(simulator="city", operation="report", mode="refuse", times=1)
    assert (await world.platform.report(report=REPORT, now=NOW)).code == "2003"
    assert world.simulator.reports == {}


def test_every_outcome_has_a_code() -> None:
    assert {outcome for _, outcome in CODES.values()} == {"accepted", "duplicate", "rejected", "unknown"}


PDF = b"%PDF-1.7"
APPLY = {
    "kind": "apply", "msgId": "M1", "projectNo": "BJ20261125001", "itemCode": "C20", "applicantType": "person",
    "applicantName": "样例甲", "certType": "01", "certNo": DOCUMENT, "form": {"kind": "rent_no_home"},
}  # fmt: skip
MATERIAL = {
    "kind": "material", "msgId": "M2", "projectNo": "BJ20261125001", "fileNo": "F1", "fileName": "材料.pdf",
    "mediaType": "application/pdf", "sm3": sm3_hex(PDF), "content": base64.b64encode(PDF).decode(),
}  # fmt: skip


def test_told_again_a_message_is_the_same_but_for_its_time() -> None:
    first = parse(json.dumps({**APPLY, "sentAt": "1"}).encode())
    again = parse(json.dumps({**APPLY, "sentAt": "2"}).encode())
    assert (first.kind, first.key, first.lane, first.essence) == ("apply", "M1", "BJ20261125001", again.essence)
    assert parse(json.dumps({**APPLY, "itemCode": "C14"}).encode()).essence != first.essence
    assert parse(json.dumps(MATERIAL).encode()).kind == "material"


Spoil = Callable[[], Any]
UNREADABLE: dict[str, tuple[Spoil, str]] = {
    "no json": (lambda: "<xml/>", "不是JSON"),
    "deep": (lambda: "[" * 100_000, "不是JSON"),
    "unknown kind": (lambda: {**APPLY, "kind": "pay"}, "约定的结构"),
    "a field too many": (lambda: {**APPLY, "extra": "1"}, "不在约定之内"),
    "a field too few": (lambda: {name: value for name, value in APPLY.items() if name != "certNo"}, "certNo"),
    "a number for a text": (lambda: {**APPLY, "certNo": 1}, "certNo"),
    "control characters": (lambda: {**APPLY, "applicantName": "甲\x00"}, "applicantName"),
    "a form that is a list": (lambda: {**APPLY, "form": []}, "form"),
    "a form with markup for a name": (lambda: {**APPLY, "form": {"<b>": "1"}}, "不能识别"),
    "a form with a long value": (lambda: {**APPLY, "form": {"kind": "x" * 501}}, "过长"),
    "too many fields": (lambda: {**APPLY, "form": {f"f{n}": "1" for n in range(61)}}, "过多"),
    "a path for a name": (lambda: {**MATERIAL, "fileName": "../../etc/passwd"}, "fileName"),
    "no base64": (lambda: {**MATERIAL, "content": "%%%"}, "content"),
    "cut base64": (lambda: {**MATERIAL, "content": "A"}, "Base64"),
    "another digest": (lambda: {**MATERIAL, "sm3": sm3_hex(b"other")}, "摘要不符"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_names_the_field_and_not_what_stands_there(name: str) -> None:
    spoil, said = UNREADABLE[name]
    spoiled = spoil()
    content = spoiled if isinstance(spoiled, str) else json.dumps(spoiled)
    with pytest.raises(Unreadable) as unreadable:
        parse(content.encode())
    assert said in unreadable.value.fault and DOCUMENT not in unreadable.value.fault


async def test_a_result_goes_with_its_document_and_a_spoiled_one_is_refused(world: World) -> None:
    document = ResultDocument(
        paper_no="SB202611250000000001", file_name="办理结果告知书.pdf", content=b"%PDF-1.7 sealed"
    )
    report = replace(REPORT, status="5", document=document)
    assert (await world.platform.report(report=report, now=NOW)).status == "accepted"
    assert (await world.platform.report(report=report, now=NOW)).status == "duplicate"
    kept = world.simulator.reports[REPORT.project_no][0]
    assert (kept["sm3"], base64.b64decode(kept["content"])) == (sm3_hex(document.content), document.content)
    other = replace(report, document=replace(document, content=b"%PDF-1.7 another"))
    assert (await world.platform.report(report=other, now=NOW)).code == "2002"
    assert world.simulator.take({**kept, "reportNo": "902", "sm3": "0" * 64}) == "2004"
    assert world.simulator.take({name: kept[name] for name in kept if name != "sm3"} | {"reportNo": "903"}) == "2001"
