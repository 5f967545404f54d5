"""The contract with clients: descriptions in two languages, breaking changes announced, deprecations with a day."""

from __future__ import annotations

from datetime import date

import pytest
from graphql import build_schema

from schema.contract import (
    breaking,
    deprecated,
    deprecation,
    described,
    is_bilingual,
    unannounced,
    until_of,
)
from schema.describing import argument, member
from schema.root import executable


@pytest.mark.parametrize(
    "text", [None, "", "amount", "金额", "amount · 金额", "金额 · ", "金额 amount", "· amount", "金额 · 1"]
)
def test_a_description_in_one_language_is_none(text: str | None) -> None:
    assert not is_bilingual(text)
    assert is_bilingual("金额（元）· amount in yuan")


def test_every_kind_of_thing_is_looked_at() -> None:
    sdl = """
        directive @d(a: Int) on FIELD
        type T { f(a: Int): Int }  input I { x: Int }  enum E { V }  scalar S  interface N { g: Int }  union U = T
        type Query { t: T }
    """
    bare = {path for path, text in described(build_schema(sdl)) if not is_bilingual(text)}
    assert bare >= {"@d", "T", "T.f", "T.f(a:)", "I", "I.x", "E", "E.V", "S", "N", "N.g", "U", "Query", "Query.t"}


BEFORE = """
directive @d on FIELD
type Query { a: Int b(x: Int): Int e(i: I): E u: U }
enum E { A B }  input I { x: Int }  union U = Query | T  type T { z: Int }  type Gone { z: Int }
"""
AFTER = """
type Query { b(y: Int!): String e(i: I): E u: U }
enum E { A }  input I { x: Int! y: Int! }  union U = T  type T { z: Int }
"""


def test_breaking_changes_are_found_and_named() -> None:
    found = breaking(build_schema(AFTER), released=BEFORE)
    assert {coordinate for coordinate, _ in found} == {
        "@d", "E.B", "Gone", "I.x", "I.y", "Query.a", "Query.b", "U",
    }  # fmt: skip
    assert breaking(build_schema(BEFORE), released=BEFORE) == []


def test_a_breaking_change_needs_its_line_in_the_coming_version() -> None:
    changes = [("Query.a", "Field Query.a was removed.")]
    log = "# Changelog\n\n## 0.2.0 — {state}\n\n- {line}\n\n## 0.1.0 — 2026-11-01\n\n- `Query.a` is there\n"
    for state, line, missing in (
        ("unreleased", "`Query.a` is gone, ask for `Query.b`", []),
        ("unreleased", "Query.a is gone", ["Field Query.a was removed."]),
        ("unreleased", "nothing", ["Field Query.a was removed."]),
        ("2026-12-01", "`Query.a` is gone", ["Field Query.a was removed."]),
    ):
        assert unannounced(changes, change_log=log.format(state=state, line=line)) == missing


def test_every_deprecation_says_until_when() -> None:
    assert [path for path, reason in deprecated(executable()) if until_of(reason) is None] == []


def test_deprecations_are_seen_wherever_they_stand() -> None:
    reason = deprecation(until=date(2027, 6, 30), use="`b`")
    sdl = f"""
        type Query {{ a(x: Int @deprecated(reason: "{reason}")): E @deprecated(reason: "soon") b(i: I): Int }}
        enum E {{ A B @deprecated(reason: "2027-13-45") }}
        input I {{ x: Int @deprecated(reason: "2027-01-01") y: Int }}
    """
    found = {path: until_of(told) for path, told in deprecated(build_schema(sdl))}
    assert found == {
        "Query.a": None,
        "Query.a(x:)": date(2027, 6, 30),
        "E.B": None,
        "I.x": date(2027, 1, 1),
    }
    assert reason == "请改用`b`，2027-06-30起停用 · use `b`; kept until 2027-06-30"


def test_what_describes_is_seen_by_clients() -> None:
    schema = executable()
    assert schema.query_type is not None
    assert schema.query_type.fields["serviceItem"].args["code"].description == (
        "事项代码或标识 · code (C20) or identifier (rent_withdrawal)"
    )
    assert argument("金额 · amount").description == "金额 · amount"
    assert member("in", "收入 · in").value == "in"
