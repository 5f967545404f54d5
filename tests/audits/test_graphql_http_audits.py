"""The public audits of GraphQL over HTTP (package graphql-http), against the real application."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.api.closed import closed_door
from tests.audits.conftest import Audit, Audited
from tests.city import Enter, RunningHouse
from tests.loopback import serve

HERE = Path(__file__).parent

AUDITS = 61
BY_GET = {
    "D6D5": "MAY allow URL-encoded JSON string {variables} parameter in GETs when accepting"
    " application/graphql-response+json",
    "6A70": "MAY allow URL-encoded JSON string {variables} parameter in GETs when accepting application/json",
}
"""They send text by GET, which runs registered documents only; the audits leave that to the server (MAY)."""


def failed(results: list[Audited]) -> dict[str, str]:
    return {each.id: each.name for each in results if each.status != "ok"}


def weighed(results: list[Audited]) -> list[tuple[str, str, str]]:
    """Failures and warnings."""
    return [(each.id, each.name, each.reason) for each in results if each.status not in ("ok", "notice")]


async def test_the_audits_pass_where_text_is_allowed(running: RunningHouse, audit: Audit) -> None:
    results = await audit(f"{running.base_url}/graphql")
    assert len(results) == AUDITS
    assert weighed(results) == []
    assert failed(results) == BY_GET


async def test_the_audits_pass_in_production_for_staff_with_the_right(
    running: RunningHouse, audit: Audit, staff_client: Enter
) -> None:
    explorer = await staff_client("zhou.xitong")
    assert explorer.token
    async with closed_door(running) as door:
        results = await audit(f"{door}/graphql", token=explorer.token)
    assert len(results) == AUDITS
    assert weighed(results) == []
    assert failed(results) == BY_GET


async def test_the_audits_see_what_is_wrong(audit: Audit) -> None:
    """A server that answers everything with 200 and JSON, seen to fail."""

    async def anything(request: Request) -> Response:
        return JSONResponse({"data": {"__typename": "Query"}})

    app = Starlette(routes=[Route("/graphql", anything, methods=["GET", "POST"])])
    async with serve(app) as base_url:
        results = await audit(f"{base_url}/graphql")
    assert {each.status for each in results} == {"ok", "notice", "warn"}
    assert {"22EB", "9ABE", "BCF8", "865D"} <= {each.id for each in results if each.status == "warn"}


def _entries(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for part in value.values():
            yield from _entries(part)


def test_the_lock_names_versions_and_hashes_and_no_addresses() -> None:
    text = (HERE / "package-lock.json").read_text("utf-8")
    packages = json.loads(text)["packages"]
    wanted = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]
    for name, package in packages.items():
        if name:
            assert package["version"] == wanted[Path(name).name]
            assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", package["integrity"])
    assert "resolved" not in set(_entries(packages))
    assert "://" not in text


@pytest.mark.parametrize("file", ["audit.mjs", "package.json", ".npmrc"])
def test_no_address_stands_in_the_set_up(file: str) -> None:
    assert "://" not in (HERE / file).read_text("utf-8")
