"""GraphQL over HTTP: what is said to requests that are malformed, too big or not allowed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from tests.api.operations import HOME
from tests.api.people import Citizen
from tests.api.world import LIMITS, Client, World

As = Callable[..., Client]
JSON = {"Content-Type": "application/json"}


async def _post(http: httpx.AsyncClient, content: Any, **headers: str) -> httpx.Response:
    return await http.post("/graphql", content=content, headers={**JSON, **headers})


def _code(response: httpx.Response) -> str:
    error = response.json()["errors"][0]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in error["message"]), "not in Chinese"
    code: str = error["extensions"]["code"]
    return code


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b'"query"',
        b"\xff\xfe",
        b"{}",
        b'{"query": 1}',
        b'{"query": "   "}',
        b'{"query": "{ viewer { kind } }", "variables": []}',
        b'{"query": "{ viewer { kind } }", "variables": "x"}',
        b'{"query": "{ viewer { kind } }", "operationName": 7}',
        b'{"query": "{ viewer { kind } }", "extensions": []}',
        b'[{"query": "{ viewer { kind } }"}]',
        b"[" * 5000,
    ],
)
async def test_malformed_requests(http: httpx.AsyncClient, body: bytes) -> None:
    for accept in ("application/graphql-response+json", "application/json"):
        response = await _post(http, body, Accept=accept)
        assert (response.status_code, _code(response)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "query",
    [
        "{",
        "{ viewer { kind }",
        "query Q { nothing }",
        "{ viewer }",
        "{ viewer { kind } } { viewer { kind } }",
        "query ($a: Unknown) { viewer { kind } }",
        "{ ...F } fragment F on Query { ...F }",
        '{ accounts { entries(first: "ten") { totalCount } } }',
    ],
)
async def test_faulty_documents(http: httpx.AsyncClient, query: str) -> None:
    body = json.dumps({"query": query})
    response = await _post(http, body)
    assert (response.status_code, _code(response)) == (400, "DOCUMENT_INVALID")
    assert "data" not in response.json()
    # a well-formed request answers 200 in the older media type
    legacy = await _post(http, body, Accept="application/json")
    assert (legacy.status_code, legacy.headers["content-type"]) == (200, "application/json; charset=utf-8")


async def test_errors_suggest_no_names(http: httpx.AsyncClient) -> None:
    for query in ("{ accountz { id } }", "{ viewer { kinds } }", "{ serviceItem(cod: 1) { id } }"):
        assert "Did you mean" not in (await http.post("/graphql", json={"query": query})).text


async def test_the_operation_must_be_named_when_there_are_several(http: httpx.AsyncClient) -> None:
    query = "query A { viewer { kind } } query B { viewer { channel } }"
    for name in (None, "C"):
        response = await http.post("/graphql", json={"query": query, "operationName": name})
        assert (response.status_code, _code(response)) == (400, "BAD_REQUEST")
    response = await http.post("/graphql", json={"query": query, "operationName": "B"})
    assert response.json() == {"data": {"viewer": {"channel": "unknown"}}}


async def test_only_json_by_post(http: httpx.AsyncClient) -> None:
    query = "{ viewer { kind } }"
    assert (await http.put("/graphql", json={"query": query})).status_code == 405
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx"):
        response = await http.post("/graphql", content=b"{}", headers={"Content-Type": kind})
        assert response.status_code == 415
    assert (await http.post("/graphql", content=b"{}")).status_code == 415
    gbk = {"Content-Type": "application/json; charset=gbk"}
    assert (await http.post("/graphql", content=b"{}", headers=gbk)).status_code == 415
    utf8 = {"Content-Type": 'application/json; charset="utf-8"'}
    body = json.dumps({"query": query}).encode()
    assert (await http.post("/graphql", content=body, headers=utf8)).status_code == 200


async def test_the_answer_has_the_type_that_was_asked_for(http: httpx.AsyncClient) -> None:
    body = json.dumps({"query": "{ viewer { kind } }"})
    for accept, expected in {
        "*/*": "application/json; charset=utf-8",
        "application/*": "application/json; charset=utf-8",
        "*/*, application/graphql-response+json": "application/graphql-response+json; charset=utf-8",
        "application/json": "application/json; charset=utf-8",
        "application/graphql-response+json, application/json;q=0.9": (
            "application/graphql-response+json; charset=utf-8"
        ),
        "application/graphql-response+json;q=0, application/json": "application/json; charset=utf-8",
    }.items():
        response = await _post(http, body, Accept=accept)
        assert (response.status_code, response.headers["content-type"]) == (200, expected)
        assert response.headers["cache-control"] == "no-store"
    assert (await _post(http, body, Accept="text/html")).status_code == 406


async def test_oversized_bodies(http: httpx.AsyncClient) -> None:
    big = b" " * (LIMITS.body_bytes_max + 1)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(LIMITS.body_bytes_max // 1024 + 2):
            yield b" " * 1024

    for content in (big, endless()):
        response = await _post(http, content)
        assert (response.status_code, _code(response)) == (413, "LIMIT_EXCEEDED")


@pytest.mark.parametrize(
    "query",
    [
        "{ viewer " + "{ person { accounts { entries { edges { node " * 3 + "{ id }" + "} } } } }" * 3 + "}",
        "{" + " ".join(f"a{n}: viewer {{ kind }}" for n in range(LIMITS.aliases_max + 1)) + "}",
        "{ viewer { kind " + "@skip(if: false) " * (LIMITS.directives_max + 1) + "} }",
        "{ viewer { ...A } } fragment A on Viewer { ...B ...B ...B ...B ...B } fragment B on Viewer "
        "{ ...C ...C ...C ...C ...C } fragment C on Viewer { ...D ...D ...D ...D ...D } "
        "fragment D on Viewer { kind name channel assurance }",
        "{ " + "viewer { kind } " * (LIMITS.root_fields_max + 1) + "}",
        "{ " + "viewer { kind } " * LIMITS.tokens_max + "}",
        "{ viewer { kind } } #" + "x" * LIMITS.document_chars_max,
        "{ a" * 900 + " }" * 900,
        "{ serviceItem(code: " + "[" * 900 + "]" * 900 + ") { code } }",
    ],
    ids=["depth", "aliases", "directives", "fragments", "roots", "tokens", "length", "nesting", "lists"],
)
async def test_documents_that_are_too_big(http: httpx.AsyncClient, query: str) -> None:
    for _ in range(2):
        response = await http.post("/graphql", json={"query": query})
        assert response.status_code == 400
        assert _code(response) in ("LIMIT_EXCEEDED", "DOCUMENT_INVALID")
        assert len(response.content) < 16_384


async def test_deep_and_aliased_queries_are_named_as_such(http: httpx.AsyncClient) -> None:
    aliased = "{" + " ".join(f"a{n}: viewer {{ kind }}" for n in range(LIMITS.aliases_max + 1)) + "}"
    assert _code(await http.post("/graphql", json={"query": aliased})) == "LIMIT_EXCEEDED"
    deep = "{ viewer " + "{ person { accounts { entries { edges { node " * 3 + "{ id }" + "} } } } }" * 3 + "}"
    assert _code(await http.post("/graphql", json={"query": deep})) == "LIMIT_EXCEEDED"


async def test_wrong_scalars_name_their_field(citizen: Citizen, as_: As) -> None:
    query = "query Q($f: ReviewQueueFilters!) { reviewQueue(filters: $f) { totalCount } }"
    for value in ("2026-13-01", "20261101", "0001-01-01", 5, True, {"year": 2026}):
        response = await as_(citizen).post(query, {"f": {"submittedFrom": value}})
        assert (response.status_code, _code(response)) == (400, "BAD_USER_INPUT")
        assert "submittedFrom" in response.json()["errors"][0]["message"]
        assert "日期" in response.json()["errors"][0]["message"]
    response = await as_(citizen).post(query.replace("$f: ReviewQueueFilters!", "$f: Int"), {"f": 1})
    assert (response.status_code, _code(response)) == (400, "DOCUMENT_INVALID")


async def test_missing_and_unknown_variables(citizen: Citizen, as_: As) -> None:
    query = "query Q($input: RentWithdrawalInput!) { quoteRentWithdrawal(input: $input) { userErrors { code } } }"
    for variables in (
        None,
        {},
        {"input": None},
        {"input": {}},
        {"input": {"frequency": "DAILY", "cardId": "x", "autoRenewal": True, "commitment": True}},
        {"input": {"frequency": "MONTHLY", "cardId": 1.5, "autoRenewal": True, "commitment": True}},
        {"input": {"frequency": "MONTHLY", "cardId": "x", "autoRenewal": "yes", "commitment": True}},
        {"input": {"frequency": "MONTHLY", "cardId": "x", "autoRenewal": True, "commitment": True, "z": 1}},
    ):
        response = await as_(citizen).post(query, variables)
        assert (response.status_code, _code(response)) == (400, "BAD_USER_INPUT")


async def test_forged_cursors_and_page_sizes(citizen: Citizen, as_: As) -> None:
    query = "query Q($first: Int!, $after: String) { cases(first: $first, after: $after) { totalCount } }"
    for first in (0, -1, 101, 2**31 - 1):
        assert (await as_(citizen).error(query, first=first))["extensions"]["refusal"] == "request.page_size"
    for after in (
        "x",
        "",
        "W10",
        "WzFd",
        "WyIyMDI2LTExLTIzIiwgMV0",
        "WyJhYmMiLDFd",
        "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiwxXQ",
        "WzEsMl0",
        "💥",
        "a" * 5000,
    ):
        error = await as_(citizen).error(query, first=5, after=after)
        assert error["extensions"]["refusal"] == "request.cursor_malformed", after
    entries = "query Q($after: String) { accounts { entries(after: $after) { totalCount } } }"
    for after in ("WyJhIl0", "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OV0", "W3RydWVd"):
        error = await as_(citizen).error(entries, after=after)
        assert error["extensions"]["refusal"] == "request.cursor_malformed"


async def test_text_that_no_store_can_keep_is_refused(citizen: Citizen, as_: As) -> None:
    query = "query Q($states: [String!]) { cases(states: $states) { totalCount } }"
    error = await as_(citizen).error(query, states=["ok", "a\x00b"])
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    written = await as_(citizen).error('{ cases(states: ["a\\u0000b"]) { totalCount } }')
    assert written["extensions"]["code"] == "BAD_USER_INPUT"
    lone = b'{"query": "{ viewer { kind } }", "variables": {"a": "\\ud800"}}'
    assert (await _post(as_(citizen).http, lone)).status_code == 400


async def test_introspection_needs_its_right(citizen: Citizen, as_: As) -> None:
    for query in ("{ __schema { types { name } } }", '{ __type(name: "Case") { name } }'):
        for person in (None, citizen):
            assert (await as_(person).error(query))["extensions"]["code"] == "FORBIDDEN"
    hidden = "{ viewer { kind } ...F } fragment F on Query { x: __schema { types { name } } }"
    assert (await as_(citizen).error(hidden))["extensions"]["code"] == "FORBIDDEN"
    assert (await as_(citizen).run("{ __typename viewer { __typename } }"))["__typename"] == "Query"


async def test_subscriptions_do_not_run_by_post(citizen: Citizen, as_: As) -> None:
    response = await as_(citizen).post('subscription { caseProgress(id: "x") { id } }')
    assert (response.status_code, _code(response)) == (400, "BAD_REQUEST")


async def test_operations_are_observed_by_names_of_the_schema(world: World, citizen: Citizen, as_: As) -> None:
    await as_(citizen).run(HOME.replace("query Home", "query NameOfTheClient"))
    await as_(None).error("{ accounts { id } }")
    await as_(None).error("{ nothing }")
    assert [(seen.kind, seen.name, seen.outcome, seen.channel) for seen in world.seen] == [
        ("query", "viewer", "ok", "jingtong_h5"),
        ("query", "accounts", "errors", "unknown"),
        ("unknown", "unknown", "rejected", ""),
    ]
