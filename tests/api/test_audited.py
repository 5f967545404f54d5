"""No mutation without its event, no personal number without its mask or its right."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from backoffice.audit_words import AUDIT_ACTIONS
from domain.kernel import audit, database
from domain.kernel.actor import Actor
from resolvers.mutation import AUDITED, refusable
from resolvers.permissions import guard_of
from schema.root import executable
from tests.architecture.checks import ROOT

pytestmark = pytest.mark.requirement("N6")

MUTATIONS = sorted(executable().mutation_type.fields)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_mutation_leaves_an_event(name: str) -> None:
    """By construction: its resolver is wrapped by the one that records what the action forgot."""
    mutation_type = executable().mutation_type
    assert mutation_type is not None
    definition = mutation_type.fields[name].extensions["strawberry-definition"]
    resolver = definition.base_resolver.wrapped_func
    assert getattr(resolver, AUDITED, False), f"{name} is not decorated with refusable"
    parameters = inspect.signature(resolver).parameters
    assert "input" in parameters, f"{name} takes no input with a request key"
    given = get_named_type(mutation_type.fields[name].args["input"].type)
    assert "requestKey" in given.fields  # type: ignore[union-attr]


@dataclass
class Payload:
    user_errors: list[Any] = field(default_factory=list)

    @classmethod
    def refused(cls, errors: list[Any]) -> Payload:
        return cls(errors)


async def events(database_url: str) -> list[tuple[str, str]]:
    rows = await database.rows("SELECT action, subject FROM audit_event ORDER BY at, event_id")
    return [(row["action"], row["subject"]) for row in rows]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("records", [("case.claimed", "case:1")]),
        ("forgets", [("mutation.done", "mutation:resolve")]),
        ("repeats", []),
        ("rehearses", []),
        ("refuses", []),
    ],
)
async def test_what_an_action_forgot_is_recorded(
    action: str, expected: list[tuple[str, str]], database_url_empty: str
) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    actor = Actor(kind="citizen", channel="app", person_id=7)

    async def resolve(info: Any, input: Any) -> Payload:
        if action == "records":
            await audit.record(None, actor=actor, action="case.claimed", subject="case:1", now=now)
        if action == "repeats":
            audit.note_repeated()
        return Payload([object()] if action == "refuses" else [])

    info = SimpleNamespace(context=SimpleNamespace(actor=actor, now=now))
    given = SimpleNamespace(request_key="matrix-0001", dry_run=action == "rehearses")
    await refusable(Payload)(resolve)(info, input=given)
    assert await events(database_url_empty) == expected


_ACTION = re.compile(r'action=(?:f?)"([a-z_]+\.[a-z_]+)"')


def test_every_action_has_its_words() -> None:
    """The kinds of events, as the audit administrator reads them."""
    said = set()
    for area in ("auth", "backoffice", "channels", "domain", "notifications", "ops", "resolvers", "schema"):
        for path in (ROOT / area).rglob("*.py"):
            said |= set(_ACTION.findall(path.read_text("utf-8")))
    ours = {action for action in said if action.split(".")[0] in OURS}
    assert ours, "nothing was found"
    assert ours - set(AUDIT_ACTIONS) == set()


OURS = {"grant", "party", "key", "service", "change", "partner", "delegation", "evidence", "vault_key", "person"} | {
    "access",
    "entry",
    "exchange",
    "reveal_rule",
    "mutation",
}

# What names a person, a number or a way to reach somebody.
_PERSONAL = re.compile(
    r"(^|[a-z])(idcard|documentno|documentnumber|mobile|phone|cardno|cardnumber|bankaccountno|address|birth|email"
    r"|personname|spousename|holdername)$",
    re.IGNORECASE,
)
# Shown in full to whom they concern or to the desk that works on them: each looked at, and why.
_LOOKED_AT: dict[str, str] = {}


def test_personal_fields_are_masked_or_behind_a_right_of_their_own() -> None:
    bare = []
    for name, kind in executable().type_map.items():
        if name.startswith("__") or not isinstance(kind, GraphQLObjectType):
            continue
        for field_name, definition in kind.fields.items():
            shows = is_leaf_type(get_named_type(definition.type)) and _PERSONAL.search(field_name)
            if shows and f"{name}.{field_name}" not in _LOOKED_AT:
                bare.append(f"{name}.{field_name} ({guard_of(definition).name})")
    assert bare == [], "give it a masked form, or a guard of its own and a reason here"


def test_the_scan_would_find_one() -> None:
    for name in ("documentNo", "mobile", "payeeCardNo", "spouseName", "homeAddress"):
        assert _PERSONAL.search(name), name
    for name in ("documentNoMasked", "mobileMasked", "caseNo", "nameMasked", "accountNo"):
        assert not _PERSONAL.search(name), name
