"""GraphQL over HTTP: media types, caching, compression, and that a foreign page can do nothing."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from schema.negotiation import accepts_events, compressed, entity_tag, is_utf8_json, knows, media_type_for
from tests.api.test_trusted import IDS, SOURCES
from tests.city import ApiClient, Enter, RunningHouse

GRAPHQL = "application/graphql-response+json"
ITEMS = {"documentId": IDS["ServiceItems"]}


@pytest.fixture
async def http(running: RunningHouse) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False, headers={"Accept": GRAPHQL}) as client:
        yield client


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json", "application/json"),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}; charset=utf-8, application/json; charset=utf-8", GRAPHQL),
        (f"application/json, {GRAPHQL}", GRAPHQL),
        (f"application/json;q=0.9, {GRAPHQL};q=0.8", "application/json"),
        (f"application/json;q=0.5, {GRAPHQL};q=0.8", GRAPHQL),
        (f"{GRAPHQL};q=0, */*", "application/json"),
        ("application/json;q=0, */*", GRAPHQL),
        ("text/html, */*;q=0.1", "application/json"),
        ("APPLICATION/JSON", "application/json"),
        ("text/html", None),
        ("application/json;q=0", None),
        ("*/*;q=0.000", None),
    ],
)
def test_the_media_type_of_an_answer(accept: str | None, media_type: str | None) -> None:
    assert media_type_for(accept) == media_type


@pytest.mark.parametrize(
    ("accept", "accepted"),
    [(None, True), ("text/event-stream", True), ("text/*", True), ("text/event-stream;q=0", False), (GRAPHQL, False)],
)
def test_streams_are_asked_for(accept: str | None, accepted: bool) -> None:
    assert accepts_events(accept) is accepted


@pytest.mark.parametrize(
    ("kind", "read"),
    [
        ("application/json", True),
        ('application/json; charset="UTF-8"', True),
        ("application/json; charset=gbk", False),
        ("application/jsonp", False),
        ("text/plain", False),
        ("application/x-www-form-urlencoded", False),
        ("multipart/form-data; boundary=x", False),
        ("", False),
        (None, False),
    ],
)
def test_only_what_no_form_can_send_is_read(kind: str | None, read: bool) -> None:
    assert is_utf8_json(kind) is read


async def test_each_way_a_request_can_end_has_its_status(http: httpx.AsyncClient) -> None:
    sent: list[tuple[dict[str, Any], int, int]] = [
        ({"query": "{ viewer { kind } }"}, 200, 200),
        ({"query": "{ viewer { kind }"}, 400, 200),
        ({"query": "{ nothing }"}, 400, 200),
        ({"query": "query A($n: Int!) { cases(first: $n) { totalCount } }"}, 400, 200),
        ({"query": "{ accounts { id } }"}, 200, 200),  # an execution that began and answered with an error
        ({"nothing": 1}, 400, 400),
        ({"query": "{ viewer { kind } }", "operationName": "B"}, 400, 400),
    ]
    for body, new, old in sent:
        for accept, status in ((GRAPHQL, new), ("application/json", old)):
            response = await http.post("/graphql", json=body, headers={"Accept": accept})
            assert (response.status_code, response.headers["content-type"]) == (status, f"{accept}; charset=utf-8"), (
                body
            )
            began = "data" in response.json()
            assert began == (status == 200 and new == 200), body


async def test_a_body_in_another_encoding_is_not_read(http: httpx.AsyncClient) -> None:
    packed = gzip.compress(orjson.dumps({"query": "{ viewer { kind } }"}))
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    response = await http.post("/graphql", content=packed, headers=headers)
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (415, "BAD_REQUEST")


async def test_a_url_has_a_limit_too(http: httpx.AsyncClient, running: RunningHouse) -> None:
    from schema.exchange import Exchange
    from schema.http import _wanted

    async def nothing(*values: Any) -> Any:
        raise AssertionError("neither read nor answered")

    scope = {"type": "http", "method": "GET", "query_string": b"query=" + b"x" * 200, "headers": []}
    with pytest.raises(Exception, match="请求内容过大") as refused:
        await _wanted(Exchange(scope, nothing, nothing), bytes_max=100)
    assert refused.value.status == 414  # type: ignore[attr-defined]


async def test_a_public_answer_is_cached_until_it_changes(http: httpx.AsyncClient) -> None:
    first = await http.get("/graphql", params=ITEMS)
    assert first.status_code == 200
    assert first.headers["cache-control"] == "public, max-age=60"
    assert first.headers["vary"] == "Accept, Accept-Encoding, Authorization"
    assert set(first.json()) == {"data"}, "a balance is nobody else's"
    tag = first.headers["etag"]
    same = await http.get("/graphql", params=ITEMS, headers={"If-None-Match": f'"x", {tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert same.headers["cache-control"] == "public, max-age=60"
    other = await http.get("/graphql", params=ITEMS, headers={"If-None-Match": '"x"'})
    assert (other.status_code, other.headers["etag"]) == (200, tag)
    as_json = await http.get("/graphql", params=ITEMS, headers={"Accept": "application/json"})
    assert as_json.headers["etag"] != tag


async def test_what_belongs_to_a_person_is_never_cached(
    http: httpx.AsyncClient, citizen_client: Enter, running: RunningHouse
) -> None:
    zhang = await citizen_client("zhang_wei")
    bearer = {"Authorization": f"Bearer {zhang.token}"}
    home = {"documentId": IDS["Home"], "variables": '{"entries":1}'}
    answers = [
        await http.get("/graphql", params=ITEMS, headers=bearer),
        await http.get("/graphql", params=home, headers=bearer),
        await http.get("/graphql", params=home),
        await http.get("/graphql", params={"documentId": "sha256:" + "0" * 64}),
        await http.post("/graphql", json=ITEMS),
        await http.post("/graphql", json={"query": SOURCES["ServiceItems"]}),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 403, 400, 200, 200]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert "etag" not in answer.headers


async def test_large_answers_are_compressed_for_those_who_ask(http: httpx.AsyncClient) -> None:
    plain = await http.post("/graphql", json=ITEMS, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    for asked in ("gzip", "br;q=1.0, gzip;q=0.8", "*"):
        packed = await http.post("/graphql", json=ITEMS, headers={"Accept-Encoding": asked})
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.json()["data"] == plain.json()["data"]
        assert int(packed.headers["content-length"]) < len(plain.content) / 3
    for refused in ("gzip;q=0", "br", "gzip;q=0, *"):
        answer = await http.post("/graphql", json=ITEMS, headers={"Accept-Encoding": refused})
        assert "content-encoding" not in answer.headers
    small = await http.post("/graphql", json={"query": "{ viewer { kind } }"}, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in small.headers
    assert small.headers["vary"] == "Accept, Accept-Encoding, Authorization"


def test_nothing_asked_for_means_nothing_compressed() -> None:
    assert compressed(b"x" * 5000, accept_encoding=None) is None
    packed = compressed(b"x" * 5000, accept_encoding="gzip")
    assert packed is not None and gzip.decompress(packed) == b"x" * 5000


def test_tags() -> None:
    tag = entity_tag(b"body")
    assert tag.startswith('W/"') and tag != entity_tag(b"body2")
    assert knows(tag, tag=tag) and knows(tag.removeprefix("W/"), tag=tag) and knows("*", tag=tag)
    assert not knows(None, tag=tag) and not knows('"other"', tag=tag)


async def test_cookies_say_nothing_here(running: RunningHouse, staff_client: Enter) -> None:
    """What a browser adds by itself must not make anybody somebody (CSRF)."""
    from tests.city import staff_sign_in

    cookie = (await staff_sign_in("li.min", now=running.clock())).cookie
    nobody = ApiClient(running.base_url, None)
    for name in ("hpf_desk", "hpf_desk_login", "hpf_refresh", "hpf_login"):
        answer = await nobody.post({"query": "{ viewer { kind } }"}, Cookie=f"{name}={cookie}")
        assert answer.json()["data"] == {"viewer": {"kind": "anonymous"}}


async def test_a_head_has_the_headers_of_a_get(http: httpx.AsyncClient) -> None:
    got, head = await http.get("/graphql", params=ITEMS), await http.head("/graphql", params=ITEMS)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", got.headers["etag"])
