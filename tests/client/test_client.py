"""The typed clients of the channels: written from schema and documents, sound for the compiler, and working."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from pathlib import Path
from xml.etree import ElementTree

import pytest
from graphql import build_schema

from domain import catalogue
from schema.limits import GraphQLLimits
from schema.trusted import check, written_module
from tests import node
from tests.architecture.checks import ROOT
from tests.city import Enter, RunningHouse

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
async def packages() -> Path:
    return await asyncio.to_thread(node.installed, HERE)


async def test_the_clients_compile_strictly_and_mistakes_do_not(packages: Path) -> None:
    """`usage.ts` marks the mistakes: one that the compiler lets pass fails as well."""
    compiler = packages / "node_modules" / "typescript" / "bin" / "tsc"
    code, out, problems = await node.run(str(compiler), "--project", str(HERE / "tsconfig.json"), folder=HERE)
    assert (code, out, problems) == (0, "", "")


async def test_the_client_works_against_the_service(running: RunningHouse, citizen_client: Enter) -> None:
    zhang = await citizen_client("zhang_wei")
    assert zhang.token is not None
    code, out, problems = await node.run(
        "--disable-warning=ExperimentalWarning",
        "usage.ts",
        folder=HERE,
        CLIENT_URL=running.base_url,
        CLIENT_TOKEN=zhang.token,
        CLIENT_RUN=secrets.token_hex(4),
    )
    assert code == 0, problems
    told = json.loads(out)
    assert told["state"] == "待初审" and told["items"] > 0 and told["newest"]
    assert told["refused"], "the second application is refused, and the client says so"


@pytest.mark.requirement("R06.2")
async def test_the_mini_programs_log_in_and_show_the_same(running: RunningHouse, citizen_client: Enter) -> None:
    zhang = await citizen_client("zhang_wei")
    assert zhang.token is not None
    code, out, problems = await node.run(
        "--disable-warning=ExperimentalWarning",
        "mini.ts",
        folder=HERE,
        CLIENT_URL=running.base_url,
        SIMULATORS_URL=running.simulators_url,
        WECHAT_APP=running.settings.wechat_app,
        CLIENT_TOKEN=zhang.token,
        CLIENT_RUN=secrets.token_hex(4),
    )
    assert code == 0, problems
    told = json.loads(out)
    ours = [one.code for one in catalogue.items() if "jingtong" in " ".join(one.channels)]
    assert sorted(told["items"]) == sorted(ours) and len(ours) == 15
    assert [one.pop("channel") for one in told["platforms"]] == ["jingtong_wechat", "jingtong_alipay", "jingtong_baidu"]
    notices = [seen.pop("notices") for seen in told["platforms"]]
    assert notices == [["已开启通"] * 2, ["没有开启"] * 2, ["已开启通"] * 2]
    phones = [seen.pop("phone") for seen in told["platforms"]]
    assert phones == ["person.phone_not_from_platform"] * 3
    for seen in told["platforms"]:
        assert seen == {
            "before": "link",
            "refused": "login.identity_unlinked",
            "name": "张*",
            "same": True,
            "items": True,
            "rent": "/h5/#/apply/C20",
            "loans": "",
            "balances": 1,
            "renewed": True,
            "after": "ready",
            "offline": "网络连接不上，请检查网络后重试。",
        }


@pytest.mark.requirement("R06.2")
def test_the_pages_of_the_mini_programs_are_all_there() -> None:
    """What each `app.json` names has its template and its script; templates are well-formed and call what there is."""
    for program, suffix in (("wechat", "wxml"), ("alipay", "axml"), ("baidu", "swan")):
        folder = ROOT / "channels" / "jingtong" / program
        for page in json.loads((folder / "app.json").read_text())["pages"]:
            template = (folder / f"{page}.{suffix}").read_text()
            # the prefixes of the platforms' own attributes stand for no namespace of XML
            tree = ElementTree.fromstring(re.sub(r"\b(wx|a):(\w+)=", r"\1-\2=", f"<page>{template}</page>"))
            script = (folder / f"{page}.ts").read_text()
            called = [e.get(name) for e in tree.iter() for name in ("bindtap", "onTap") if e.get(name)]
            assert all(re.search(rf"^  (async )?{name}\(", script, re.M) for name in called), called


SDL = '''
"""查询 · queries"""
type Query { """甲 · a""" a(x: X, n: Int = 1): N "乙 */ · b" b: [[E!]] c: T! }
interface N { id: ID! }
type T implements N { id: ID! t: Int! @deprecated(reason: "2027-01-01") }
type U implements N { id: ID! u: D }
enum E { P Q }
input X { x: X, y: E!, z: Int! = 1 }
scalar D
'''


def typed(document: str) -> str:
    checked_document = check(schema=build_schema(SDL), source=document, limits=GraphQLLimits())
    return written_module(build_schema(SDL), [checked_document])


def test_types_of_what_a_document_asks_for() -> None:
    text = typed(
        "query Q($x: X, $n: Int! = 1, $s: Boolean!) { a(x: $x, n: $n) { __typename id ... on T { t @skip(if: $s) }"
        " ... on U { u } } b c { ...F @include(if: $s) } } fragment F on T { more: t }"
    )
    for line in (
        'readonly __typename: "T";',
        "/** @deprecated 2027-01-01 */",
        "readonly t?: number;",
        "readonly u?: undefined;",
        'readonly __typename: "U";',
        "readonly u: D | null;",
        "readonly t?: undefined;",
        "readonly b: ReadonlyArray<ReadonlyArray<E> | null> | null;",
        "/** 乙 *\\/ · b */",
        "readonly more?: number;",
        "readonly x?: X | null;",
        "readonly n?: number;",
        "readonly s: boolean;",
        "readonly y: E;",
        "readonly z?: number;",
        "export type D = string;",
        '  | "Q";',
    ):
        assert f"{line}\n" in text, text
    assert typed("query Q { c { id } }").count("export type E") == 0, "only what is named"
