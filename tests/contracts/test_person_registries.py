"""Contract of the persons' registries: the client against the gateway's simulator over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest

from channels.registries import CitizenRecord, PersonRegistriesClient, RegistryRecords
from channels.registries.simulator import simulator
from channels.simulation import Faults
from channels.wire import SignedClient
from domain.contributions.ports import PersonAsked, Standing
from tests.loopback import serve

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SECRET = b"registry-secret-of-the-test"
PENSIONER = PersonAsked(name="赵退休", document_type="01", document_no="110101195001010010")
ELSEWHERE = PersonAsked(name="钱外地", document_type="01", document_no="110101199202020020")
NOBODY = PersonAsked(name="孙普通", document_type="01", document_no="110101199303030030")
IMPOSTOR = PersonAsked(name="李冒名", document_type="01", document_no=PENSIONER.document_no)
CENTRE = "天津市住房公积金管理中心"


@dataclass(frozen=True)
class Gateway:
    faults: Faults
    client: PersonRegistriesClient


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    records = RegistryRecords(
        persons={
            PENSIONER.document_no: CitizenRecord(name=PENSIONER.name, pension_since=date(2010, 2, 1)),
            ELSEWHERE.document_no: CitizenRecord(name=ELSEWHERE.name, contributes_at=CENTRE),
        }
    )
    faults = Faults()
    app = simulator(records=records, secrets_by_app={"hpf": SECRET}, clock=lambda: NOW, faults=faults)
    async with (
        serve(app) as url,
        SignedClient(partner="数据共享网关", base_url=url, app="hpf", secret=SECRET, timeout_seconds=0.5) as wire,
    ):
        yield Gateway(faults=faults, client=PersonRegistriesClient(wire=wire))


async def test_each_person_is_answered_for_in_the_order_asked(gateway: Gateway) -> None:
    found = await gateway.client.standings(persons=[PENSIONER, ELSEWHERE, NOBODY, IMPOSTOR], now=NOW)
    assert found == [
        Standing(pension_since=date(2010, 2, 1)),
        Standing(contributes_at=CENTRE),
        Standing(),
        Standing(identity_matches=False, pension_since=date(2010, 2, 1)),
    ]


@pytest.mark.parametrize("mode", ["timeout", "error500", "garbage", "refuse"])
async def test_silence_of_one_agency_is_told_and_the_others_answer(gateway: Gateway, mode: str) -> None:
    gateway.faults.add(simulator="registries", operation="pension", mode=mode)  # type: ignore[arg-type]
    found = await gateway.client.standings(persons=[PENSIONER, ELSEWHERE], now=NOW)
    assert found == [
        Standing(no_answer=("人力社保（养老待遇）",)),
        Standing(contributes_at=CENTRE, no_answer=("人力社保（养老待遇）",)),
    ]
