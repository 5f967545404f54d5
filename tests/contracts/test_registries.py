"""Contract of the registries' ports: the clients against the gateway's simulator over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.breaker import Breaker
from channels.registries import CitizenRecord, RegistryRecords, registries
from channels.registries.simulator import simulator
from channels.simulation import Faults
from channels.wire import SignedClient, signed_headers
from domain.kernel.money import Money
from domain.withdrawals import AgencyAnswer, Home, Marriage, PersonIdentity, Registries, RentalFiling
from tests.loopback import serve, unused_url

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SECRET = b"registry-secret-of-the-test"
APP = "hpf"

OWNER = PersonIdentity(name="赵房主", document_type="01", document_no="110101199001010010")
SPOUSE = PersonIdentity(name="钱配偶", document_type="01", document_no="110101199202020020")
NOBODY = PersonIdentity(name="孙无房", document_type="01", document_no="110101199303030030")

HOME = Home(
    address="北京市东城区示范街1号院2号楼301",
    district_code="110101",
    ownership_share="1/2",
    certificate_no="京(2020)东不动产权第0000001号",
    registered_on=date(2020, 5, 6),
)
FILING = RentalFiling(
    filing_no="BA2026000001",
    address="北京市朝阳区示范路8号",
    monthly_rent=Money.parse("4500.50"),
    from_on=date(2026, 1, 1),
    until_on=date(2026, 12, 31),
    tenants=(NOBODY,),
    valid=True,
)
RECORDS = RegistryRecords(
    persons={
        OWNER.document_no: CitizenRecord(
            name=OWNER.name,
            homes=(HOME,),
            marriage=Marriage(status="married", spouse_name=SPOUSE.name, spouse_document_no=SPOUSE.document_no),
        ),
        SPOUSE.document_no: CitizenRecord(name=SPOUSE.name, homes=(HOME,), marriage=Marriage(status="married")),
    },
    filings={
        FILING.filing_no: FILING,
        "BA2025000009": replace(FILING, filing_no="BA2025000009", valid=False),
    },
)


@dataclass(frozen=True)
class Gateway:
    """A running simulator, its faults and clients of it."""

    url: str
    faults: Faults
    clients: Registries


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    faults = Faults()
    app = simulator(records=RECORDS, secrets_by_app={APP: SECRET}, clock=lambda: NOW, faults=faults)
    async with serve(app) as url, wire(url) as client:
        yield Gateway(url=url, faults=faults, clients=registries(wire=client))


@asynccontextmanager
async def wire(url: str, *, secret: bytes = SECRET, app: str = APP, **options: Any) -> AsyncIterator[SignedClient]:
    options.setdefault("timeout_seconds", 5)
    async with SignedClient(partner="数据共享网关", base_url=url, app=app, secret=secret, **options) as client:
        yield client


# Clear answers


async def test_homes_of_spouses_come_each_once(gateway: Gateway) -> None:
    answer = await gateway.clients.property.homes_of(persons=[OWNER, SPOUSE], now=NOW)
    assert answer.answered
    assert answer.value == (HOME,)
    assert (answer.asked_at, answer.as_of) == (NOW, NOW)
    assert answer.trace_no.startswith("GX")


async def test_a_person_unknown_to_the_registries_owns_nothing_and_is_single(gateway: Gateway) -> None:
    homes = await gateway.clients.property.homes_of(persons=[NOBODY], now=NOW)
    marriage = await gateway.clients.marriage.marriage_of(person=NOBODY, now=NOW)
    assert homes.answered and homes.value == ()
    assert marriage.value == Marriage(status="single")


async def test_marriage_names_the_spouse_when_registered(gateway: Gateway) -> None:
    of_owner = await gateway.clients.marriage.marriage_of(person=OWNER, now=NOW)
    of_spouse = await gateway.clients.marriage.marriage_of(person=SPOUSE, now=NOW)
    assert of_owner.value == Marriage(status="married", spouse_name=SPOUSE.name, spouse_document_no=SPOUSE.document_no)
    assert of_spouse.value == Marriage(status="married")


async def test_filing_is_found_with_rent_to_the_fen(gateway: Gateway) -> None:
    answer = await gateway.clients.rental.filing(filing_no=FILING.filing_no, now=NOW)
    assert answer.value == FILING


async def test_revoked_and_unknown_filings_are_answers(gateway: Gateway) -> None:
    revoked = await gateway.clients.rental.filing(filing_no="BA2025000009", now=NOW)
    unknown = await gateway.clients.rental.filing(filing_no="BA0000000000", now=NOW)
    assert revoked.value is not None and not revoked.value.valid
    assert unknown.answered and unknown.value is None


async def test_the_time_of_the_data_is_the_agencys(gateway: Gateway) -> None:
    old = NOW - timedelta(days=40)
    gateway.faults.add(simulator="registries", operation="homes", mode="normal", detail={"as_of": old.isoformat()})
    answer = await gateway.clients.property.homes_of(persons=[NOBODY], now=NOW)
    assert answer.as_of == old


async def test_a_slow_answer_within_the_limit_is_an_answer(gateway: Gateway) -> None:
    gateway.faults.add(simulator="registries", mode="slow", detail={"seconds": 0.1})
    assert (await gateway.clients.property.homes_of(persons=[NOBODY], now=NOW)).answered


# Trouble


@pytest.mark.parametrize(
    ("mode", "detail", "reason"),
    [
        ("timeout", {}, "超时未答复"),
        ("timeout", {"stage": "after"}, "超时未答复"),
        ("slow", {"seconds": 5}, "超时未答复"),
        ("error500", {}, "返回HTTP状态500"),
        ("garbage", {}, "答复不是约定的格式"),
        ("refuse", {}, "系统繁忙，未能查询"),
        ("refuse", {"code": "1003"}, "本中心的查询权限未开通或已停用"),
        ("refuse", {"code": "7777"}, "返回代码7777，未能查询"),
        ("normal", {"as_of": "2031-01-01T00:00:00+00:00"}, "答复不是约定的格式"),
        ("normal", {"as_of": "2026-11-01T00:00:00"}, "答复不是约定的格式"),
        ("normal", {"as_of": "yesterday"}, "答复不是约定的格式"),
    ],
)
async def test_trouble_is_no_answer_with_its_reason(
    gateway: Gateway, mode: Any, detail: dict[str, Any], reason: str
) -> None:
    gateway.faults.add(simulator="registries", mode=mode, detail=detail)
    async with wire(gateway.url, timeout_seconds=0.2 if reason == "超时未答复" else 5) as client:
        clients = registries(wire=client)
        answers: tuple[AgencyAnswer[Any], ...] = await asyncio.gather(
            clients.property.homes_of(persons=[OWNER], now=NOW),
            clients.marriage.marriage_of(person=OWNER, now=NOW),
            clients.rental.filing(filing_no=FILING.filing_no, now=NOW),
        )
    for answer in answers:
        assert (answer.outcome, answer.value, answer.as_of, answer.reason) == (
            "no_answer",
            None,
            None,
            reason,
        )
        assert answer.trace_no


async def test_one_registry_down_leaves_the_others(gateway: Gateway) -> None:
    gateway.faults.add(simulator="registries", operation="marriage", mode="error500")
    for _ in range(6):
        assert not (await gateway.clients.marriage.marriage_of(person=OWNER, now=NOW)).answered
    assert (await gateway.clients.property.homes_of(persons=[OWNER], now=NOW)).answered


async def test_a_name_that_does_not_belong_to_the_number_is_no_answer(gateway: Gateway) -> None:
    answer = await gateway.clients.property.homes_of(persons=[replace(OWNER, name="李冒名")], now=NOW)
    assert (answer.outcome, answer.reason) == ("no_answer", "姓名与证件号码不一致，未能查询")


async def test_an_unreachable_gateway_is_no_answer() -> None:
    async with wire(unused_url()) as client:
        answer = await registries(wire=client).property.homes_of(persons=[OWNER], now=NOW)
    assert (answer.outcome, answer.reason) == ("no_answer", "无法连接")


@pytest.mark.parametrize(
    ("secret", "app", "apart"),
    [
        (b"another secret", APP, timedelta()),
        (SECRET, "stranger", timedelta()),
        (SECRET, APP, timedelta(minutes=6)),
        (SECRET, APP, timedelta(minutes=-6)),
    ],
)
async def test_a_refused_signature_is_no_answer(gateway: Gateway, secret: bytes, app: str, apart: timedelta) -> None:
    async with wire(gateway.url, secret=secret, app=app) as client:
        answer = await registries(wire=client).property.homes_of(persons=[OWNER], now=NOW + apart)
    assert (answer.outcome, answer.reason) == ("no_answer", "返回HTTP状态401")
    assert gateway.faults.counts["registries.homes"] == 0


async def test_the_breaker_opens_and_a_probe_closes_it(gateway: Gateway) -> None:
    gateway.faults.add(simulator="registries", mode="error500", times=2)
    async with wire(gateway.url, make_breaker=lambda: Breaker(failures_max=2, pause=timedelta(seconds=20))) as client:
        homes_of = registries(wire=client).property.homes_of
        for _ in range(2):
            assert (await homes_of(persons=[OWNER], now=NOW)).reason == "返回HTTP状态500"
        paused = await homes_of(persons=[OWNER], now=NOW + timedelta(seconds=19))
        assert paused.reason == "近期多次无应答，暂停请求"
        assert gateway.faults.counts["registries.homes"] == 2
        assert (await homes_of(persons=[OWNER], now=NOW + timedelta(seconds=21))).answered
        assert (await homes_of(persons=[OWNER], now=NOW + timedelta(seconds=21))).answered


# The gateway itself


async def test_a_replayed_request_is_refused(gateway: Gateway) -> None:
    body = b'{"requestNo":"r1","filingNo":"BA2026000001"}'
    headers = signed_headers(app=APP, secret=SECRET, method="POST", path="/rental/filing", body=body, now=NOW)
    async with httpx.AsyncClient(base_url=gateway.url, trust_env=False) as http:
        first = await http.post("/rental/filing", content=body, headers=headers)
        again = await http.post("/rental/filing", content=body, headers=headers)
        altered = await http.post("/rental/filing", content=body.replace(b"r1", b"r2"), headers=headers)
        elsewhere = await http.post("/marriage/status", content=body, headers=headers)
    assert first.json()["data"]["filingNo"] == FILING.filing_no
    assert (again.status_code, again.json()["code"]) == (401, "nonce_replayed")
    assert (altered.status_code, altered.json()["code"]) == (401, "signature_wrong")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (401, "signature_wrong")
    assert gateway.faults.counts["registries.filing"] == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"filingNo": 5}', b"{}", b"\xff"])
async def test_a_malformed_request_gets_400(gateway: Gateway, body: bytes) -> None:
    headers = signed_headers(app=APP, secret=SECRET, method="POST", path="/rental/filing", body=body, now=NOW)
    async with httpx.AsyncClient(base_url=gateway.url, trust_env=False) as http:
        answer = await http.post("/rental/filing", content=body, headers=headers)
    assert answer.status_code == 400


HOME_ROW = {
    "address": HOME.address,
    "districtCode": "110101",
    "ownershipShare": "1/2",
    "certificateNo": HOME.certificate_no,
    "registeredOn": "2020-05-06",
}


@pytest.mark.parametrize(
    "answer",
    [
        {"data": {}},
        {"data": None},
        {"data": ["home"]},
        {"data": [{**HOME_ROW, "registeredOn": "2020-13-06"}]},
        {"data": [{**HOME_ROW, "ownershipShare": 0.5}]},
        {"data": [{**HOME_ROW, "ownershipShare": "most"}]},
        {"data": [{**HOME_ROW, "address": "x" * 501}]},
        {"data": [{**HOME_ROW, "address": "a\x00b"}]},
        {"data": [], "requestNo": "of somebody else"},
        {"data": [], "code": 0},
        {"data": [], "traceNo": None},
    ],
)
async def test_an_answer_out_of_shape_is_no_answer(answer: dict[str, Any]) -> None:
    async def homes(request: Request) -> Response:
        asked = await request.json()
        usual = {"code": "0", "requestNo": asked["requestNo"], "traceNo": "T1", "dataTime": NOW.isoformat()}
        return JSONResponse({**usual, **answer})

    app = Starlette(routes=[Route("/property/homes", homes, methods=["POST"])])
    async with serve(app) as url, wire(url) as client:
        said = await registries(wire=client).property.homes_of(persons=[OWNER], now=NOW)
    assert (said.outcome, said.value, said.reason) == ("no_answer", None, "答复不是约定的格式")


async def test_an_endless_answer_is_cut_off() -> None:
    async def homes(_: Request) -> Response:
        return Response(b" " * (3 * 1024 * 1024))

    app = Starlette(routes=[Route("/property/homes", homes, methods=["POST"])])
    async with serve(app) as url, wire(url, timeout_seconds=5) as client:
        said = await registries(wire=client).property.homes_of(persons=[OWNER], now=NOW)
    assert (said.outcome, said.reason) == ("no_answer", "答复过大")


def test_answers_and_persons_show_no_personal_data() -> None:
    shown = f"{OWNER!r} {RECORDS.persons[OWNER.document_no].marriage!r}"
    assert OWNER.document_no not in shown and OWNER.name not in shown
    assert SPOUSE.name not in shown
