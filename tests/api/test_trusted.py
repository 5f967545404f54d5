"""Trusted documents: what a channel may run where only registered documents run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from channels import jingtong
from domain.kernel import database
from domain.kernel.actor import SYSTEM
from ops import telemetry
from ops.dev.documents import checked, folders_of_channels, publish_folders
from schema.trusted import document_id_of, source_of, withdraw
from schema.trusted.registry import Registry
from tests.api.closed import closed_door
from tests.city import ApiClient, Enter, RunningHouse
from tests.factories.snapshot import nothing_changed
from tests.owner import as_owner

FOLDER = folders_of_channels()[0]
SOURCES = {path.stem: source_of(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.graphql"))}
IDS = {name: document_id_of(source) for name, source in SOURCES.items()}
UNKNOWN = "sha256:" + "0" * 64
GRAPHQL = {"Accept": "application/graphql-response+json"}


@pytest.fixture
async def door(running: RunningHouse) -> AsyncIterator[str]:
    async with closed_door(running) as base_url:
        yield base_url


@pytest.fixture
async def zhang(door: str, citizen_client: Enter) -> ApiClient:
    return replace(await citizen_client("zhang_wei"), base_url=door)


@pytest.fixture
async def nobody(door: str) -> ApiClient:
    return ApiClient(door, None)


def refused(answer: httpx.Response) -> tuple[int, str]:
    (error,) = answer.json()["errors"]
    assert "data" not in answer.json()
    assert any("\u4e00" <= letter <= "\u9fff" for letter in error["message"])
    return answer.status_code, error["extensions"]["code"]


async def get(client: ApiClient, **parameters: str) -> httpx.Response:
    sent = {"Authorization": f"Bearer {client.token}"} if client.token else {}
    async with httpx.AsyncClient(base_url=client.base_url, trust_env=False) as http:
        return await http.get("/graphql", params=parameters, headers={**GRAPHQL, **sent})


async def test_a_registered_document_runs_by_its_identifier(zhang: ApiClient, citizen_client: Enter) -> None:
    variables = {"entries": 3}
    by_text = await (await citizen_client("zhang_wei")).data(SOURCES["Home"], variables)
    posted = await zhang.post({"documentId": IDS["Home"], "variables": variables}, **GRAPHQL)
    gotten = await get(zhang, documentId=IDS["Home"], variables=json.dumps(variables), operationName="")

    assert (posted.status_code, posted.json()["data"]) == (200, by_text)
    assert (gotten.status_code, gotten.json()["data"]) == (200, by_text)
    assert by_text["accounts"][0]["entries"]["edges"][2]


async def test_trust_is_the_documents_however_it_is_sent(zhang: ApiClient) -> None:
    answer = await zhang.post({"query": SOURCES["ServiceItems"]}, **GRAPHQL)
    assert (answer.status_code, list(answer.json()["data"])) == (200, ["serviceItems"])
    changed = await zhang.post({"query": SOURCES["ServiceItems"] + " "}, **GRAPHQL)
    assert refused(changed) == (400, "DOCUMENT_UNKNOWN")


async def test_an_unknown_identifier_is_refused_and_counted(zhang: ApiClient, nobody: ApiClient) -> None:
    def count() -> float:
        return telemetry.OPERATIONS.labels("document_unknown", "unknown", "rejected")._value.get()

    before = count()
    for client in (zhang, nobody):
        assert refused(await client.post({"documentId": UNKNOWN}, **GRAPHQL)) == (400, "DOCUMENT_UNKNOWN")
    assert refused(await get(nobody, documentId=UNKNOWN)) == (400, "DOCUMENT_UNKNOWN")
    assert count() == before + 3
    as_json = await zhang.post({"documentId": UNKNOWN}, Accept="application/json")
    assert refused(as_json) == (200, "DOCUMENT_UNKNOWN")


async def test_text_needs_the_right_to_explore(
    door: str, zhang: ApiClient, nobody: ApiClient, staff_client: Enter
) -> None:
    text = {"query": "{ viewer { kind } }"}
    for client in (zhang, nobody, replace(await staff_client("zhao.gang"), base_url=door)):
        assert refused(await client.post(text, **GRAPHQL)) == (400, "DOCUMENT_UNKNOWN")
    explorer = replace(await staff_client("zhou.xitong"), base_url=door)
    assert (await explorer.data("{ viewer { kind } }")) == {"viewer": {"kind": "staff"}}
    assert (await explorer.data("{ __schema { queryType { name } } }"))["__schema"] == {"queryType": {"name": "Query"}}
    assert refused(await get(explorer, query="{ viewer { kind } }")) == (400, "DOCUMENT_UNKNOWN")


async def test_a_mutation_as_text_changes_nothing(zhang: ApiClient) -> None:
    sent = {"query": SOURCES["CancelCase"].replace("id state", "id  state")}
    async with nothing_changed():
        assert refused(await zhang.post(sent, **GRAPHQL)) == (400, "DOCUMENT_UNKNOWN")


async def test_a_channel_runs_only_what_it_was_granted(door: str, nobody: ApiClient, staff_client: Enter) -> None:
    assert (await nobody.post({"documentId": IDS["ServiceItems"]}, **GRAPHQL)).status_code == 200
    home = {"documentId": IDS["Home"], "variables": {"entries": 1}}
    assert refused(await nobody.post(home, **GRAPHQL)) == (403, "DOCUMENT_NOT_GRANTED")
    desk = replace(await staff_client("zhou.xitong"), base_url=door)
    assert refused(await desk.post(home, **GRAPHQL)) == (403, "DOCUMENT_NOT_GRANTED")


async def test_a_bad_token_is_told_before_anything_else(door: str) -> None:
    stranger = ApiClient(door, "nonsense")
    for body in ({"documentId": UNKNOWN}, {"query": "{"}, {"documentId": IDS["Home"]}):
        assert refused(await stranger.post(body, **GRAPHQL)) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    "body",
    [
        {"documentId": 5},
        {"documentId": ""},
        {"documentId": "sha256:" + "A" * 64},
        {"documentId": "sha256:" + "a" * 63},
        {"documentId": "md5:" + "a" * 32},
        {"documentId": UNKNOWN, "query": "{ viewer { kind } }"},
        {"documentId": UNKNOWN, "query": ""},
        {"documentId": UNKNOWN, "variables": []},
        {"documentId": None},
    ],
)
async def test_malformed_identifiers(nobody: ApiClient, body: dict[str, Any]) -> None:
    assert refused(await nobody.post(body, **GRAPHQL)) == (400, "BAD_REQUEST")


async def test_get_runs_queries_only(zhang: ApiClient) -> None:
    async with nothing_changed():
        for name in ("CancelCase", "ApplyForRentWithdrawal", "CaseProgress"):
            answer = await get(
                zhang, documentId=IDS[name], variables='{"input": {"id": "x", "requestKey": "key-0001"}}'
            )
            assert refused(answer) == (405, "BAD_REQUEST")
            assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "query_string",
    [
        "documentId={id}&variables=%7B",
        "documentId={id}&variables=%5B%5D",
        "documentId={id}&extensions=1",
        "documentId={id}&documentId={id}",
        "documentId={id}&operationName=A&operationName=B",
        "documentId={id}&operationName=NoSuch",
        "documentId=",
        "",
    ],
)
async def test_malformed_urls(nobody: ApiClient, query_string: str) -> None:
    async with httpx.AsyncClient(base_url=nobody.base_url, trust_env=False) as http:
        answer = await http.get(f"/graphql?{query_string.format(id=IDS['ServiceItems'])}", headers=GRAPHQL)
    assert refused(answer) == (400, "BAD_REQUEST")


async def test_streams_and_sockets_have_the_same_door(zhang: ApiClient) -> None:
    headers = {"Authorization": f"Bearer {zhang.token}", "Accept": "text/event-stream"}
    missing = {"id": "Q2FzZTox"}
    async with httpx.AsyncClient(base_url=zhang.base_url, trust_env=False, headers=headers) as http:
        text = {"query": SOURCES["CaseProgress"] + "\n", "variables": missing}
        assert refused(await http.post("/graphql/stream", json=text)) == (400, "DOCUMENT_UNKNOWN")
        known = {"documentId": IDS["CaseProgress"], "variables": missing}
        streamed = await http.post("/graphql/stream", json=known)
    assert (streamed.status_code, streamed.headers["content-type"].partition(";")[0]) == (200, "text/event-stream")
    assert "event: complete" in streamed.text

    url = zhang.base_url.replace("http", "ws", 1) + "/graphql"
    async with connect(url, subprotocols=["graphql-transport-ws"]) as socket:  # type: ignore[list-item]
        await socket.send(
            json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {zhang.token}"}})
        )
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        for number, payload in enumerate([{"query": "{ viewer { kind } }"}, {"documentId": IDS["ServiceItems"]}]):
            await socket.send(json.dumps({"type": "subscribe", "id": str(number), "payload": payload}))
        answers = {"0": json.loads(await socket.recv())}
        answers["1"] = json.loads(await socket.recv())
    assert answers["0"]["payload"][0]["extensions"]["code"] == "DOCUMENT_UNKNOWN"
    assert "serviceItems" in answers["1"]["payload"]["data"]


async def test_a_withdrawn_version_stops_and_stays_withdrawn(running: RunningHouse, zhang: ApiClient) -> None:
    body = {"documentId": IDS["ServiceItems"]}
    assert (await zhang.post(body, **GRAPHQL)).status_code == 200
    registry = Registry(reread_seconds=0)
    assert await registry.find(IDS["ServiceItems"]) is not None
    async with as_owner(running.settings.database_url) as tx:
        await withdraw(tx, service="jingtong", name="ServiceItems", version=1, actor=SYSTEM, now=running.clock())
    # a service that shares the document keeps its own version
    shared = await registry.find(IDS["ServiceItems"])
    assert shared is not None and "jingtong_h5" not in shared.channels and "web_portal" in shared.channels
    async with as_owner(running.settings.database_url) as tx:
        for service in ("portal", "kiosk"):
            await withdraw(tx, service=service, name="ServiceItems", version=1, actor=SYSTEM, now=running.clock())
    assert await registry.find(IDS["ServiceItems"]) is None
    assert await registry.find(IDS["Home"]) is not None
    again = await publish_folders(running.settings.database_url, [FOLDER], now=running.clock())
    assert [each.name for each in again if each.withdrawn] == ["ServiceItems"]
    assert await registry.find(IDS["ServiceItems"]) is None
    actions = await database.rows(
        "SELECT action FROM audit_event WHERE subject = 'document:jingtong/ServiceItems/1' ORDER BY at"
    )
    assert [row["action"] for row in actions] == ["document.published", "document.withdrawn"]


async def test_what_was_published_later_is_found_at_once(running: RunningHouse) -> None:
    registry = Registry(reread_seconds=3600, unknown_seconds=0)
    assert await registry.find(UNKNOWN) is None
    assert (await registry.find(IDS["Home"])) is not None


async def test_a_flood_of_unknown_identifiers_asks_the_store_once(running: RunningHouse) -> None:
    registry = Registry(reread_seconds=3600, unknown_seconds=3600)
    await registry.find(UNKNOWN)
    task = registry._reading
    for number in range(200):
        assert await registry.find(f"sha256:{number:064x}") is None
    assert registry._reading is task


async def test_publishing_again_changes_nothing(running: RunningHouse) -> None:
    async with nothing_changed():
        done = await publish_folders(running.settings.database_url, [FOLDER], now=running.clock())
    assert [(each.new, each.version) for each in done] == [(False, 1)] * len(SOURCES)


async def test_a_changed_text_is_the_next_version_and_the_one_before_goes_on(
    running: RunningHouse, tmp_path: Any
) -> None:
    for path in FOLDER.glob("*"):
        text = path.read_text("utf-8")
        changed = text.replace("totalCount\n", "") if path.stem == "Cases" else text
        (tmp_path / path.name).write_text(changed, "utf-8")
    done = await publish_folders(running.settings.database_url, [tmp_path], now=running.clock())
    assert [(each.name, each.version) for each in done if each.new] == [("Cases", 2)]
    registry = Registry()
    assert await registry.find(IDS["Cases"]) is not None
    assert await registry.find(next(each.document_id for each in done if each.new)) is not None


async def test_taking_a_channel_away_takes_the_grant_away(running: RunningHouse, tmp_path: Any) -> None:
    for path in FOLDER.glob("*"):
        (tmp_path / path.name).write_text(path.read_text("utf-8").replace("jingtong_h5, ", ""), "utf-8")
    await publish_folders(running.settings.database_url, [tmp_path], now=running.clock())
    found = await Registry().find(IDS["Home"])
    portal = {"web_portal", "app", "official_account"}
    assert found is not None and found.channels == {
        "jingtong_wechat",
        "jingtong_alipay",
        "jingtong_baidu",
        "kiosk",
        *portal,
    }


async def test_the_application_cannot_add_to_what_it_may_run(running: RunningHouse) -> None:
    async with nothing_changed():
        for statement in (
            "UPDATE document_version SET withdrawn_at = NULL, withdrawn_by = NULL",
            "DELETE FROM document_grant",
            "INSERT INTO document_registry (revision) VALUES (1)",
            "UPDATE trusted_document SET source = '{ viewer { kind } }'",
        ):
            with pytest.raises(Exception, match="permission denied"):
                await database.execute(statement)


async def test_a_registered_text_belongs_to_its_identifier(running: RunningHouse) -> None:
    with pytest.raises(Exception, match="trusted_document_check"):
        async with as_owner(running.settings.database_url) as tx:
            await tx.execute("UPDATE trusted_document SET source = source || ' '")


async def test_many_who_ask_at_once_share_one_reading(running: RunningHouse) -> None:
    registry = Registry()
    found = await asyncio.gather(*(registry.find(IDS["Home"]) for _ in range(50)))
    assert {each.document_id for each in found if each} == {IDS["Home"]}
    assert len({id(each) for each in found}) == 1


def test_the_committed_documents_can_all_be_registered() -> None:
    service, documents = checked(FOLDER)
    assert (service.name, len(documents)) == ("jingtong", len(SOURCES))
    assert {document.document_id for document, _ in documents} == set(IDS.values())
    assert FOLDER.parent.name == jingtong.__name__.rpartition(".")[2]
