"""A third party at the API: its grant and no more, on the way of every request."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from auth import grants
from auth.grants import admitting, usage
from domain.kernel import database
from domain.kernel.actor import SYSTEM
from domain.kernel.dates import business_date_of
from schema.limits import GraphQLLimits
from schema.root import executable
from schema.trusted import check, document_id_of, publish, source_of, withdraw
from schema.types.nodes import global_id
from tests.api.closed import closed_door
from tests.city import RunningHouse
from tests.factories import partners, people
from tests.factories.partners import APPROVER, FOLDER
from tests.factories.snapshot import nothing_changed
from tests.owner import as_owner
from tests.partners import PartnerClient, PartnerEnter

pytestmark = pytest.mark.requirement("R06.3")

SOURCES = {path.stem: source_of(path.read_text("utf-8")) for path in FOLDER.glob("*.graphql")}
IDS = {name: document_id_of(source) for name, source in SOURCES.items()}
GRAPHQL = {"Accept": "application/graphql-response+json"}


async def call(client: PartnerClient, name: str, **variables: Any) -> httpx.Response:
    return await client.post({"documentId": IDS[name], "variables": variables}, **GRAPHQL)


def refused(answer: httpx.Response) -> tuple[int, str]:
    (error,) = answer.json()["errors"]
    assert "data" not in answer.json()
    assert any("\u4e00" <= letter <= "\u9fff" for letter in error["message"])
    return answer.status_code, error["extensions"]["code"]


async def exceeded(grant_id: int) -> list[str]:
    """Reasons in the audit trail."""
    rows = await database.rows(
        "SELECT detail FROM audit_event WHERE action = 'grant.exceeded' AND subject = $1 AND outcome = 'refused'"
        " ORDER BY at, event_id",
        f"grant:{grant_id}",
    )
    return [row["detail"]["reason"] for row in rows]


async def test_within_its_grant_a_delegated_document_runs(partner_client: PartnerEnter) -> None:
    client = await partner_client("KioskBalance", stands_for="zhang_wei")
    answer = await call(client, "KioskBalance")
    data = answer.json()["data"]
    assert answer.status_code == 200, answer.text
    assert data["viewer"]["person"] == {"nameMasked": "张*"}
    assert [account["accountNo"] for account in data["accounts"]] == ["801000000001"]


async def test_by_its_text_too_and_no_other_text(partner_client: PartnerEnter) -> None:
    """Free text is open to others in this house; never to a third party."""
    client = await partner_client("KioskBalance", stands_for="zhang_wei")
    assert (await client.post({"query": SOURCES["KioskBalance"]}, **GRAPHQL)).status_code == 200
    for query in ("{ accounts { balance } }", "{ __schema { types { name } } }", SOURCES["KioskBalance"] + " "):
        assert refused(await client.post({"query": query}, **GRAPHQL)) == (400, "DOCUMENT_UNKNOWN")


async def test_a_document_beyond_the_grant(partner_client: PartnerEnter, running: RunningHouse) -> None:
    client = await partner_client("KioskBalance", stands_for="zhang_wei")
    async with nothing_changed():
        answer = await call(client, "KioskEntries", entries=3)
    assert refused(answer) == (403, "DOCUMENT_NOT_GRANTED")
    assert await exceeded(client.grant_id) == ["document"]
    (used,) = await usage.live_usage(grant_ids=[client.grant_id], day=business_date_of(running.clock()))
    assert (used["calls"], used["refused"]) == (1, 1)


async def test_a_channels_document_is_no_third_partys(partner_client: PartnerEnter) -> None:
    client = await partner_client("KioskBalance", stands_for="zhang_wei")
    home = (FOLDER.parents[1] / "jingtong/documents/Home.graphql").read_text("utf-8")
    answer = await client.post({"documentId": document_id_of(source_of(home)), "variables": {"entries": 1}}, **GRAPHQL)
    assert refused(answer) == (403, "DOCUMENT_NOT_GRANTED")


async def publish_version(running: RunningHouse, source: str) -> str:
    """One more version in the kiosk's service; its identifier."""
    checked = check(schema=executable(), source=source, limits=GraphQLLimits())
    async with as_owner(running.settings.database_url) as tx:
        await publish(
            tx,
            service=partners.SERVICE,
            documents=[(checked, frozenset({"partner"}))],
            actor=SYSTEM,
            now=running.clock(),
        )
    admitting.STANDING.forget()
    return checked.document_id


async def test_a_newer_version_that_reads_more_is_refused_and_one_that_reads_less_runs(
    partner_client: PartnerEnter, running: RunningHouse
) -> None:
    client = await partner_client("KioskBalance", stands_for="zhang_wei")
    more = await publish_version(running, SOURCES["KioskBalance"].replace("balance\n", "balance\n    held\n"))
    less = await publish_version(running, SOURCES["KioskBalance"].replace("    available\n", ""))
    async with closed_door(running) as base_url:
        client = replace(client, base_url=base_url)
        async with nothing_changed():
            beyond = await client.post({"documentId": more}, **GRAPHQL)
        assert refused(beyond) == (403, "FIELDS_NOT_GRANTED")
        assert (await client.post({"documentId": less}, **GRAPHQL)).status_code == 200
    event = await database.row("SELECT detail FROM audit_event WHERE action = 'grant.exceeded'")
    assert event is not None
    assert (event["detail"]["reason"], event["detail"]["about"]) == ("fields", "Account.held")
    assert event["detail"]["represents"].startswith("citizen:")


async def test_a_withdrawn_version_runs_no_more(partner_client: PartnerEnter, running: RunningHouse) -> None:
    client = await partner_client("KioskBalance", stands_for="zhang_wei")
    async with as_owner(running.settings.database_url) as tx:
        await withdraw(tx, service=partners.SERVICE, name="KioskBalance", version=1, actor=SYSTEM, now=running.clock())
    async with closed_door(running) as base_url:
        answer = await call(replace(client, base_url=base_url), "KioskBalance")
    assert refused(answer) == (400, "DOCUMENT_UNKNOWN")


@pytest.mark.parametrize("quota", [{"calls_per_day": 2}, {"points_per_day": 90}])
async def test_the_quota_of_a_day(quota: dict[str, int], partner_client: PartnerEnter, running: RunningHouse) -> None:
    client = await partner_client("KioskGuide", **quota)
    for _ in range(2):
        assert (await call(client, "KioskGuide")).status_code == 200
    over = await call(client, "KioskGuide")
    assert refused(over) == (429, "TOO_MANY_REQUESTS")
    assert over.json()["errors"][0]["extensions"]["reason"] == "quota"
    assert 0 < int(over.headers["retry-after"]) <= 86_401
    assert refused(await call(client, "KioskGuide"))[0] == 429
    # told once, counted each time
    assert await exceeded(client.grant_id) == ["quota"]
    today = business_date_of(running.clock())
    (used,) = await usage.live_usage(grant_ids=[client.grant_id], day=today)
    assert (used["calls"], used["points"], used["refused"]) == (2, 84, 2)

    await usage.carry_over(now=running.clock())
    row = await database.row("SELECT * FROM grant_usage WHERE grant_id = $1", client.grant_id)
    assert row is not None and (row["day"], row["calls"], row["refused"]) == (today, 2, 2)
    running.clock.advance(days=1)
    fresh = replace(client, token=await partners.token(client.party, now=running.clock()))
    assert (await call(fresh, "KioskGuide")).status_code == 200


async def test_a_suspended_grant_is_refused_at_once(partner_client: PartnerEnter, running: RunningHouse) -> None:
    client = await partner_client("KioskGuide")
    assert (await call(client, "KioskGuide")).status_code == 200
    await grants.suspend_grant(actor=APPROVER, grant_id=client.grant_id, reason="发现异常调用", now=running.clock())
    answer = await call(client, "KioskGuide")
    assert refused(answer) == (401, "UNAUTHENTICATED")
    assert await exceeded(client.grant_id) == ["token_ended"]


async def test_past_its_end_a_grant_is_refused(partner_client: PartnerEnter, running: RunningHouse) -> None:
    ends_on = business_date_of(running.clock()) + timedelta(days=1)
    client = await partner_client("KioskGuide", ends_on=ends_on)
    running.clock.ahead = partners.grants_end(ends_on) - running.clock() - timedelta(seconds=60)
    token = await partners.token(client.party, now=running.clock())
    running.clock.advance(seconds=61)
    answer = await call(replace(client, token=token), "KioskGuide")
    assert refused(answer) == (401, "UNAUTHENTICATED")
    assert answer.json()["errors"][0]["extensions"]["reason"] == "grant_ended"
    assert await exceeded(client.grant_id) == ["grant_past_end"]


async def test_without_a_delegation_a_grant_shows_nobody(partner_client: PartnerEnter) -> None:
    """The guards stand behind the grant: who represents nobody is no citizen."""
    client = await partner_client("KioskBalance", represents="nobody")
    answer = await call(client, "KioskBalance")
    assert answer.json()["data"] is None
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {"FORBIDDEN"}


async def test_a_delegation_to_read_changes_nothing(partner_client: PartnerEnter) -> None:
    case = {"input": {"id": global_id("Case", "20261123C200000000000"), "requestKey": "kiosk-0001"}}
    reader = await partner_client("KioskCancelCase", stands_for="zhang_wei")
    async with nothing_changed():
        assert refused(await call(reader, "KioskCancelCase", **case)) == (403, "DELEGATION_MISSING")
    assert await exceeded(reader.grant_id) == ["delegation_read_only"]
    writer = await partner_client("KioskCancelCase", stands_for="zhang_wei", may_change=True)
    answer = (await call(writer, "KioskCancelCase", **case)).json()
    assert answer["data"]["cancelCase"]["userErrors"][0]["code"] == "case.not_found"


async def test_each_delegation_shows_its_own_person(partner_client: PartnerEnter, running: RunningHouse) -> None:
    client = await partner_client("KioskBalance", stands_for="zhang_wei")
    li = await partners.delegated(client.party, person=await people.citizen("li_na"), now=running.clock())
    token = await partners.token(client.party, now=running.clock(), delegation=li)
    answer = (await call(replace(client, token=token), "KioskBalance")).json()
    assert [account["accountNo"] for account in answer["data"]["accounts"]] == ["801000000002"]


async def test_the_sandbox_answers_in_shape_and_touches_nothing(partner_client: PartnerEnter) -> None:
    client = await partner_client("KioskBalance", "KioskEntries", "KioskCancelCase", sandbox=True)
    async with nothing_changed():
        balance = (await call(client, "KioskBalance")).json()
        entries = (await call(client, "KioskEntries", entries=3)).json()
        wrong = (await call(client, "KioskEntries", entries="many")).json()
        cancelled = (await call(client, "KioskCancelCase", input={"id": "x", "requestKey": "kiosk-0001"})).json()
        unknown = await call(client, "KioskGuide")
    assert balance["extensions"]["sandbox"] is True
    assert balance["data"]["accounts"][0]["balance"] == "1234.56"
    assert balance["data"]["viewer"]["person"]["nameMasked"] == "张*"
    assert entries["data"]["accounts"][0]["entries"]["edges"][1]["node"]["businessDate"] == "2026-11-23"
    assert wrong["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert cancelled["data"]["cancelCase"]["userErrors"] == []
    assert refused(unknown) == (403, "DOCUMENT_NOT_GRANTED")


async def test_its_own_page_shows_health_quota_calls_and_failures(
    partner_client: PartnerEnter, running: RunningHouse
) -> None:
    client = await partner_client("KioskBalance", represents="nobody")
    # nobody's balance: the call fails, and a document beyond the grant is refused
    await call(client, "KioskBalance")
    await call(client, "KioskEntries", entries=1)
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False) as http:
        assert (await http.post("/partner/link")).status_code == 401
        bearer = {"Authorization": f"Bearer {client.token}"}
        link = (await http.post("/partner/link", headers=bearer)).json()
        path = link["url"].removeprefix(running.settings.public_url)
        page = await http.get(path)
        assert page.status_code == 200 and "unsafe-inline" not in page.headers["content-security-policy"]
        assert client.party.name in page.text and "自助终端查询余额" in page.text
        cells = [part.split("<")[0] for part in page.text.split('<td class="number">')[1:]]
        assert (cells[0], cells[2], cells[3]) == ("2 / 1000", "1", "1")
        assert (await http.get("/partner/" + "x" * 32)).status_code == 404
        await grants.suspend_party(
            actor=APPROVER, partner_id=client.party.partner_id, reason="资质待核实", now=running.clock()
        )
        assert (await http.get(path)).status_code == 404
        assert (await http.post("/partner/link", headers=bearer)).status_code == 401
