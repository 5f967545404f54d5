"""The attacks that public tools for auditing GraphQL servers try, each against the real application, with free text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from tests.api.test_trusted import IDS
from tests.city import ApiClient, Enter, RunningHouse
from tests.factories.snapshot import nothing_changed

PLAIN = {"Content-Type": "text/plain"}
ANSWER_BYTES_MAX = 16 * 1024


@pytest.fixture
async def http(running: RunningHouse) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Accept": "application/graphql-response+json"}
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False, headers=headers, timeout=20) as client:
        yield client


def refused(answer: httpx.Response, *codes: str) -> None:
    """No attack gets more out than a screenful, or than it put in."""
    assert answer.status_code == 400, answer.text[:300]
    assert answer.json()["errors"][0]["extensions"]["code"] in codes
    assert "data" not in answer.json()
    assert len(answer.content) < max(ANSWER_BYTES_MAX, int(answer.request.headers.get("content-length", 0)))


def circle(length: int) -> str:
    spread = " ".join(f"fragment F{n} on Viewer {{ ...F{(n + 1) % length} }}" for n in range(length))
    return "{ viewer { ...F0 } } " + spread


def doubling(levels: int) -> str:
    """Each fragment spreads the next one twice: 2 to the power of `levels` fields."""
    parts = [f"fragment F{n} on Viewer {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels)]
    return "{ viewer { ...F0 } } " + " ".join(parts) + f" fragment F{levels} on Viewer {{ kind }}"


OVERLOADS: dict[str, str] = {
    "alias overloading": "{" + " ".join(f"a{n}: viewer {{ kind }}" for n in range(101)) + "}",
    "aliases deep inside": "{ viewer {" + " ".join(f"a{n}: kind" for n in range(101)) + "} }",
    "aliased typename": "{" + " ".join(f"a{n}: __typename" for n in range(101)) + "}",
    "field duplication": "{ viewer {" + " kind" * 500 + "} }",
    "root duplication": "{" + " viewer { kind }" * 100 + "}",
    "typename duplication": "{" + " __typename" * 500 + "}",
    "directive overloading": "{ viewer { kind " + "@skip(if: false) " * 100 + "} }",
    "unknown directives": "{ viewer { kind " + "@aa " * 50 + "} }",
    "directives on the operation": "query A " + "@aa " * 50 + "{ viewer { kind } }",
    "circular fragment": "{ viewer { ...F } } fragment F on Viewer { kind ...F }",
    "circle of fragments": circle(50),
    "doubling fragments": doubling(20),
    "many unused fragments": "{ viewer { kind } }" + "".join(f" fragment F{n} on Viewer {{kind}}" for n in range(300)),
    "deep recursion": "{ case(id: 1) { " + "a { " * 200 + "id" + " }" * 200 + " } }",
    "recursion through types": "{ viewer { person { " + "accounts { entries { edges {" * 9 + "} } } " * 9 + "} } }",
    "introspection circle": "{ __schema { types {" + " fields { type {" * 10 + " name" + "} }" * 10 + "} } }",
    "deep list": "{ cases(states: " + "[" * 500 + '"a"' + "]" * 500 + ") { totalCount } }",
    "deep object": '{ quoteRentWithdrawal(input: ' + "{a: " * 400 + "1" + "}" * 400 + ") { userErrors { code } } }",
    "wide list": "{ cases(states: [" + '"a" ' * 3000 + "]) { totalCount } }",
    "many variables": "query A(" + " ".join(f"$v{n}: Int" for n in range(900)) + ") { viewer { kind } }",
    "many operations": " ".join(f"query Q{n} {{ viewer {{ kind }} }}" for n in range(400)),
    "long name": "{ " + "a" * 20_000 + " }",
    "long string": '{ cases(after: "' + "x" * 20_000 + '") { totalCount } }',
    "long comment": "#" + "x" * 20_000 + "\n{ viewer { kind } }",
    "block string": '{ cases(after: """' + "\n " * 9_000 + '""") { totalCount } }',
    "null bytes": "{ viewer { kind } }" + "\x00" * 100,
}  # fmt: skip


async def test_overloading_documents(http: httpx.AsyncClient) -> None:
    for query in (*OVERLOADS.values(), *OVERLOADS.values()):
        answer = await http.post("/graphql", json={"query": query})
        refused(answer, "LIMIT_EXCEEDED", "DOCUMENT_INVALID", "FORBIDDEN")


VARIABLES: dict[str, tuple[str, Any]] = {
    "deep list": ("query A($v: [String!]) { cases(states: $v) { totalCount } }", lambda: nested(300)),
    "list where one is wanted": ("query A($v: String) { cases(after: $v) { totalCount } }", lambda: ["a"] * 5_000),
    "deep object": (
        "query A($v: RentWithdrawalInput!) { quoteRentWithdrawal(input: $v) { userErrors { code } } }",
        lambda: deep_object(300),
    ),
    "unknown fields": (
        "query A($v: RentWithdrawalInput!) { quoteRentWithdrawal(input: $v) { userErrors { code } } }",
        lambda: {f"field{n}": n for n in range(4_000)},
    ),
    "huge number": ("query A($v: Int!) { cases(first: $v) { totalCount } }", lambda: 10**300),
    "number with an exponent": ("query A($v: Int!) { cases(first: $v) { totalCount } }", lambda: 1e308),
}


def nested(depth: int) -> Any:
    value: Any = "a"
    for _ in range(depth):
        value = [value]
    return value


def deep_object(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"cardId": value}
    return value


async def test_overloading_variables(http: httpx.AsyncClient, citizen_client: Enter) -> None:
    zhang = await citizen_client("zhang_wei")
    headers = {"Authorization": f"Bearer {zhang.token}", "Content-Type": "application/json"}
    for query, make in VARIABLES.values():
        body = json.dumps({"query": query, "variables": {"v": make()}})
        refused(await http.post("/graphql", content=body, headers=headers), "BAD_USER_INPUT", "BAD_REQUEST")


async def test_variables_that_nobody_declared_are_ignored_within_the_body_limit(http: httpx.AsyncClient) -> None:
    query = {"query": "{ viewer { kind } }"}
    some = await http.post("/graphql", json={**query, "variables": {f"v{n}": "x" for n in range(2_000)}})
    assert some.json()["data"] == {"viewer": {"kind": "anonymous"}}
    many = await http.post("/graphql", json={**query, "variables": {"v": "x" * 200_000}})
    assert (many.status_code, many.json()["errors"][0]["extensions"]["code"]) == (413, "LIMIT_EXCEEDED")


async def test_bodies_nested_deeply(http: httpx.AsyncClient) -> None:
    for depth, status in ((100, 200), (1_000, 200), (20_000, 400)):
        body = b'{"query":"{ viewer { kind } }","extensions":{"a":' + b"[" * depth + b"]" * depth + b"}}"
        answer = await http.post("/graphql", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == status


@pytest.mark.parametrize("path", ["/graphql", "/graphql/stream"])
async def test_batches_are_off(http: httpx.AsyncClient, path: str) -> None:
    accept = {"Accept": "text/event-stream"} if path.endswith("stream") else {}
    for batch in ([{"query": "{ viewer { kind } }"}] * 10, [], [[{"query": "{ viewer { kind } }"}]]):
        answer = await http.post(path, json=batch, headers=accept)
        refused(answer, "BAD_REQUEST")
        assert "不支持批量请求" in answer.json()["errors"][0]["message"]


async def test_mutations_by_get_or_by_form_change_nothing(running: RunningHouse, citizen_client: Enter) -> None:
    zhang = await citizen_client("zhang_wei")
    bearer = {"Authorization": f"Bearer {zhang.token}"}
    text = 'mutation { cancelCase(input: {id: "x", requestKey: "key-00001"}) { userErrors { code } } }'
    async with nothing_changed(), httpx.AsyncClient(base_url=running.base_url, trust_env=False) as http:
        answers = [
            await http.get("/graphql", params={"query": text}, headers=bearer),
            await http.get("/graphql", params={"documentId": IDS["CancelCase"], "variables": "{}"}, headers=bearer),
            await http.post("/graphql", data={"query": text}, headers=bearer),
            await http.post("/graphql", files={"query": (None, text)}, headers=bearer),
            await http.post("/graphql", content=orjson.dumps({"query": text}), headers={**bearer, **PLAIN}),
            await http.post("/graphql", params={"query": text}, headers=bearer),
            await http.request("GET", "/graphql", json={"query": text}, headers=bearer),
            await http.put("/graphql", json={"query": text}, headers=bearer),
            await http.post("/graphql/stream", data={"query": text}, headers=bearer),
            await http.get("/graphql/stream", params={"query": text}, headers=bearer),
        ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [200, 405, 415, 415, 415, 415, 400, 405, 415, 405]
    assert answers[0].json()["errors"][0]["extensions"]["code"] == "DOCUMENT_UNKNOWN"


@pytest.mark.parametrize(
    "query",
    ["{ accountz { id } }", "{ viewer { kinds } }", "{ serviceItem(cod: 1) { code } }", "{ viewer { kind @skp } }",
     "{ case(id: 1) { ... on Cas { id } } }", 'query A($v: RentWithdrawalInpt) { viewer { kind } }',
     '{ accounts { entries(firs: 1) { totalCount } } }'],
)  # fmt: skip
async def test_faults_suggest_no_names(http: httpx.AsyncClient, query: str) -> None:
    answer = await http.post("/graphql", json={"query": query})
    refused(answer, "DOCUMENT_INVALID")
    assert "Did you mean" not in answer.text


async def test_inputs_and_enums_suggest_no_names(http: httpx.AsyncClient, citizen_client: Enter) -> None:
    zhang = await citizen_client("zhang_wei")
    query = "query A($v: RentWithdrawalInput!) { quoteRentWithdrawal(input: $v) { userErrors { code } } }"
    for value in ({"frequenc": "MONTHLY"}, {"frequency": "MONTLY"}):
        answer = await zhang.post({"query": query, "variables": {"v": value}})
        assert answer.json()["errors"] and "Did you mean" not in answer.text
        assert "QUARTERLY" not in answer.text and "spouseName" not in answer.text


LEAKS = (
    "Traceback",
    "asyncpg",
    "SELECT ",
    "graphql-core",
    "strawberry",
    "site-packages",
    '.py"',
    "tracing",
    "stacktrace",
)


@pytest.mark.parametrize(
    ("headers", "extensions"),
    [
        ({"X-Apollo-Tracing": "1"}, {"tracing": True}),
        ({"Apollo-Federation-Include-Trace": "ftv1"}, {}),
        ({"Apollo-Query-Plan-Experimental": "1"}, {"queryPlan": True}),
        ({"X-Debug": "1", "X-Forwarded-For": "127.0.0.1"}, {"debug": True}),
        ({}, {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}),
    ],
)
async def test_no_trace_is_to_be_had(running: RunningHouse, headers: dict[str, str], extensions: Any) -> None:
    nobody = ApiClient(running.base_url, None)
    for query in ("{ viewer { kind } }", "{ accounts { id } }", "{ nothing", '{ node(id: "\\u0000") { id } }'):
        answer = await nobody.post({"query": query, "extensions": extensions}, **headers)
        assert not [word for word in LEAKS if word in answer.text]
        assert set(answer.json().get("extensions", {})) <= {"cost"}
        assert "server" not in answer.headers or "uvicorn" in answer.headers["server"]


async def test_a_hash_registers_nothing(running: RunningHouse) -> None:
    """Automatic persisted queries would let anybody add to what may run."""
    nobody = ApiClient(running.base_url, None)
    text = "query Mine { viewer { kind } }"
    digest = hashlib.sha256(text.encode()).hexdigest()
    async with nothing_changed():
        sent = {"query": text, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest}}}
        assert (await nobody.post(sent)).json()["data"]
        later = await nobody.post({"documentId": f"sha256:{digest}"})
    assert later.json()["errors"][0]["extensions"]["code"] == "DOCUMENT_UNKNOWN"


async def test_no_console_stands_open(http: httpx.AsyncClient) -> None:
    for path in ("/graphiql", "/playground", "/altair", "/voyager", "/graphql/console", "/graphql/schema"):
        assert (await http.get(path)).status_code == 404
    page = await http.get("/graphql", headers={"Accept": "text/html"})
    assert (page.status_code, "<html" in page.text) == (406, False)
