"""The API reference says everything that the schema says, and nothing that a browser would take for its own."""

from __future__ import annotations

import re
from datetime import date

import httpx
import strawberry
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType

from ops import asgi
from resolvers.permissions import enforce
from schema.contract import deprecation
from schema.guards import PUBLIC, answered
from schema.reference import written_page
from schema.root import executable
from tests.city import RunningHouse


def test_every_type_field_and_argument_has_its_place() -> None:
    page, schema = written_page(executable()), executable()
    roots = {"Query": "query", "Mutation": "mutation", "Subscription": "subscription"}
    for name, kind in schema.type_map.items():
        if name.startswith("__") or name in ("String", "ID", "Int", "Float", "Boolean"):
            continue
        if name not in roots:
            assert f'<article id="{name}">' in page
        parts: set[str] = set()
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for key, field in kind.fields.items():
                if name in roots:
                    assert f'<article id="{roots[name]}.{key}">' in page
                parts |= {key, *field.args}
        elif isinstance(kind, GraphQLInputObjectType):
            parts = set(kind.fields)
        elif isinstance(kind, GraphQLEnumType):
            parts = set(kind.values)
        assert [key for key in parts if f"<code>{key}</code>" not in page] == []


def test_every_link_leads_somewhere_and_nothing_is_loaded() -> None:
    page = written_page(executable())
    anchors = set(re.findall(r'(?:article|main) id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= anchors
    assert not re.search(r"<script|<link|<img|@import|url\(|https?:", page)


def test_rights_prices_and_ends_are_shown_and_words_are_no_markup() -> None:
    def hello(name: str = "<b>") -> str:
        return name

    @strawberry.type(description="查询 · queries")
    class Query:
        a: str = answered(hello, PUBLIC, "问候<script> · greeting <script>", weight=17)
        b: int = strawberry.field(
            description="旧 · old", deprecation_reason=deprecation(until=date(2027, 6, 30), use="`a`")
        )

    built = strawberry.Schema(query=Query)
    enforce(built._schema)
    page = written_page(built._schema)
    assert "问候&lt;script&gt;" in page and "&lt;b&gt;" in page and "<script" not in page
    assert "点数 <b>17</b>" in page and "可用 <b>任何人</b>" in page
    assert "停用，保留至2027-06-30" in page
    assert "UNDECLARED" in page, "a field that nobody may see says so"


async def test_the_running_system_shows_it(running: RunningHouse) -> None:
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False) as http:
        answer = await http.get("/api-reference")
    assert answer.status_code == 200 and answer.text == written_page(executable())
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_in_production_it_is_there_only_when_it_is_meant_to_be(running: RunningHouse) -> None:
    settings = running.settings.model_copy(update={"environment": "production"})
    assert settings.is_production
    assert asgi._reference(settings) == []
    assert asgi._reference(settings.model_copy(update={"api_reference": True}))
