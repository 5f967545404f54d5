"""资源接入与分发: at a third party's kiosk a citizen finds and can do what its owner was granted, and nothing else."""

# ruff: noqa: F401, F811 -- fixtures are imported by name
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from auth import grants, kiosks
from channels.kiosk import SimulatedKiosk
from domain.kernel import database
from tests.auth.test_kiosks import code_of, device, visit
from tests.city import ApiClient, RunningHouse
from tests.factories import partners
from tests.factories.partners import REGISTRAR, Party

pytestmark = [pytest.mark.requirement("R06.3"), pytest.mark.requirement("R12.2")]

ITEMS = "{ serviceItems { code } }"
RENT = ("Home", "ServiceItems", "WithdrawalKinds", "ApplyForRentWithdrawal", "Cases")


@dataclass
class Bank:
    """The owner of the device."""

    running: RunningHouse
    device: SimulatedKiosk
    party: Party

    async def grant(self, *documents: str, **changes: Any) -> int:
        now = self.running.clock()
        return await partners.granted(self.party, *documents, now=now, service="kiosk", **changes)

    async def citizen(self) -> tuple[ApiClient, set[str]]:
        status, told = await visit(self.running, self.device)
        assert status == 200, told
        return ApiClient(self.running.base_url, told["access_token"]), set(told["documents"])


@pytest.fixture
async def bank(running: RunningHouse, device: SimulatedKiosk) -> Bank:
    now = running.clock()
    await partners.administrators(running.settings.database_url)
    await partners.service_registered("kiosk", now=now)
    party = await partners.registered(now=now)
    await database.execute("UPDATE kiosk SET partner_id = $2 WHERE device_no = $1", device.device_no, party.partner_id)
    return Bank(running, device, party)


async def id_of(name: str) -> str:
    found: str = await database.value(
        "SELECT document_id FROM document_version WHERE service = 'kiosk' AND name = $1", name
    )
    return found


async def ran(client: ApiClient, name: str, **variables: Any) -> str:
    """ "ok", or the code of the error that a registered document ends with."""
    answer = (await client.post({"documentId": await id_of(name), "variables": variables})).json()
    return str(answer["errors"][0]["extensions"]["code"]) if "errors" in answer else "ok"


async def test_without_a_grant_nobody_gets_in(bank: Bank) -> None:
    assert code_of(await visit(bank.running, bank.device)) == "kiosk.not_granted"
    await bank.grant("Home", represents="nobody")
    assert code_of(await visit(bank.running, bank.device)) == "kiosk.not_granted", "a grant without persons"


async def test_what_was_granted_is_shown_and_runs_and_nothing_else(bank: Bank) -> None:
    await bank.grant(*RENT)
    client, documents = await bank.citizen()
    assert documents == {await id_of(name) for name in RENT}
    items = (await client.post({"documentId": await id_of("ServiceItems")})).json()["data"]["serviceItems"]
    assert [item["code"] for item in items] == ["C20"], "only the item that its documents serve"
    kinds = (await client.post({"documentId": await id_of("WithdrawalKinds"), "variables": {"item": "C20"}})).json()
    assert [kind["code"] for kind in kinds["data"]["withdrawalKinds"]] == ["rent_no_home"]
    assert await ran(client, "Home", entries=2) == "ok"
    for name in ("Transfers", "RiskRecords", "PrintablePapers", "LoginDevices"):
        assert await ran(client, name) == "DOCUMENT_NOT_GRANTED", name
    assert await ran(client, "PrintPaper", input={"paper": "paper:x", "requestKey": "kiosk-0001"}) == (
        "DOCUMENT_NOT_GRANTED"
    )
    told = await database.row("SELECT count(*) AS n FROM audit_event WHERE action = 'grant.exceeded'")
    assert told is not None and told["n"] == 5
    # whatever this environment lets others send: text that nobody registered does not run here
    free = await client.run("{ accounts { balance } }")
    assert free["errors"][0]["extensions"]["code"] == "DOCUMENT_UNKNOWN"


async def test_a_grant_that_is_suspended_ends_in_the_middle_of_a_visit(bank: Bank) -> None:
    number = await bank.grant(*RENT)
    client, _ = await bank.citizen()
    assert await ran(client, "Home", entries=2) == "ok"
    await grants.suspend_grant(actor=REGISTRAR, grant_id=number, reason="银行终端维护", now=bank.running.clock())
    assert await ran(client, "Home", entries=2) == "DOCUMENT_NOT_GRANTED"
    assert code_of(await visit(bank.running, bank.device)) == "kiosk.not_granted"


async def test_the_quota_of_the_day_is_the_owners(bank: Bank) -> None:
    await bank.grant("Home", calls_per_day=2)
    client, _ = await bank.citizen()
    assert [await ran(client, "Home", entries=1) for _ in range(3)] == ["ok", "ok", "TOO_MANY_REQUESTS"]


async def test_a_device_that_was_stopped_has_nothing_any_more(bank: Bank) -> None:
    await bank.grant("Home")
    client, _ = await bank.citizen()
    session = await database.value("UPDATE kiosk SET session_id = NULL RETURNING device_id")
    assert session and await ran(client, "Home", entries=1) == "DOCUMENT_NOT_GRANTED", "a visit of no device"


async def test_the_centres_own_devices_have_everything(running: RunningHouse, device: SimulatedKiosk) -> None:
    _, told = await visit(running, device)
    client = ApiClient(running.base_url, told["access_token"])
    assert told["documents"] is None and await ran(client, "RiskRecords") == "ok"
    assert len((await client.data(ITEMS))["serviceItems"]) > 1
