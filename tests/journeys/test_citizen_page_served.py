"""The citizen's page as files: how it is served, and what its source promises. No browser needed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from graphql import build_schema, parse, validate
from starlette.applications import Starlette

from channels import jingtong
from schema.trusted import document_id_of, source_of

SOURCE = Path(jingtong.__file__).parent / "h5"
SCRIPTS = sorted(SOURCE.rglob("*.js"))
SDL = Path(__file__).parents[2] / "schema" / "schema.graphql"


@pytest.fixture
async def page() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=Starlette(routes=jingtong.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://page.test") as client:
        yield client


async def test_the_page_is_served_under_a_strict_policy(page: httpx.AsyncClient) -> None:
    answer = await page.get("/h5/")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy and "*" not in policy


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("app.js", "text/javascript; charset=utf-8"),
        ("views/home.js", "text/javascript; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ],
)
async def test_files_have_their_content_type(page: httpx.AsyncClient, path: str, content_type: str) -> None:
    answer = await page.get(f"/h5/{path}")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == content_type
    assert answer.content == (SOURCE / path).read_bytes()


async def test_a_file_that_did_not_change_is_not_sent_again(page: httpx.AsyncClient) -> None:
    etag = (await page.get("/h5/app.js")).headers["etag"]

    known = await page.get("/h5/app.js", headers={"If-None-Match": f'"other", W/{etag}'})
    other = await page.get("/h5/app.js", headers={"If-None-Match": '"other"'})

    assert (known.status_code, known.content) == (304, b"")
    assert known.headers["content-security-policy"]
    assert other.status_code == 200


async def test_unknown_places_show_the_page_and_unknown_files_do_not(page: httpx.AsyncClient) -> None:
    place = await page.get("/h5/somewhere/else")
    missing = await page.get("/h5/views/nothing.js")
    outside = await page.get("/h5/%2e%2e/pages.py")

    assert place.content == (SOURCE / "index.html").read_bytes()
    assert missing.status_code == 404
    assert "<!doctype" not in missing.text
    assert outside.status_code == 404


async def test_the_page_cannot_be_written_to(page: httpx.AsyncClient) -> None:
    assert (await page.post("/h5/", content=b"x")).status_code == 405
    assert (await page.get("/h5")).headers["location"] == "/h5/"


DOCUMENTS = SOURCE.parent / "documents"


def operations() -> dict[str, str]:
    return {path.stem: path.read_text("utf-8") for path in sorted(DOCUMENTS.glob("*.graphql"))}


@pytest.mark.parametrize("name", operations())
def test_every_operation_fits_the_schema(name: str) -> None:
    schema = build_schema(SDL.read_text("utf-8"))

    assert validate(schema, parse(operations()[name])) == []


def test_the_page_sends_identifiers_of_exactly_these_operations() -> None:
    sent = re.findall(r'export const [A-Z_]+ = "([^"]+)";', (SOURCE / "documents.js").read_text("utf-8"))

    assert sent == [document_id_of(source_of(text)) for text in operations().values()]
    assert "query:" not in (SOURCE / "api.js").read_text("utf-8"), "text goes nowhere"


async def test_the_portal_is_the_same_page(page: httpx.AsyncClient) -> None:
    answer = await page.get("/portal/")
    assert answer.content == (SOURCE / "index.html").read_bytes()
    assert answer.headers["content-security-policy"].startswith("default-src 'self';")
    assert (await page.get("/portal")).headers["location"] == "/portal/"
    assert (await page.get("/portal/app.js")).status_code == 404, "its files are below /h5/"


def test_every_mutation_tells_its_refusals() -> None:
    mutations = {name: text for name, text in operations().items() if text.lstrip().startswith("mutation")}

    applying = {name for name in mutations if name.startswith("ApplyFor") and name.endswith("Withdrawal")}
    assert {"CancelCase", "ChangeArrangement", "EvaluateCase", "StartFaceCheck"} <= set(mutations) - applying
    for name, text in mutations.items():
        assert re.search(r"userErrors \{ code message field retryable( stepUp \{[a-zA-Z ]+\})? \}", text), name
        # what may ask for a face says how to get it
        assert name not in applying or "stepUp { challenge operationName ways }" in text, name


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_scripts_never_turn_text_into_markup_or_leave_the_origin(script: Path) -> None:
    text = script.read_text("utf-8")

    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert not re.search(r"\b(parseFloat|toFixed)\b", text), "amounts stay strings"
    assert "localStorage" not in text, "a token or a person's data must not stay on the phone"
    assert len(text.splitlines()) <= 400


def test_the_frame_holds_no_inline_script_or_style() -> None:
    text = (SOURCE / "index.html").read_text("utf-8")

    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", text)
