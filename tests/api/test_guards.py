"""The guard matrix: every field and mutation, visited by every kind of caller, against a committed expectation."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import strawberry
from graphql import build_schema, parse, validate

from domain.kernel.actor import ANONYMOUS, Actor, Role
from resolvers.permissions import UNDECLARED, enforce, guard_of, guarded_fields
from schema.guards import PUBLIC, shown
from schema.requests import GraphQLRequest
from schema.root import executable
from tests.api.callers import CALLERS, Caller, Scene
from tests.api.guard_arguments import arguments_of
from tests.api.guard_paths import FieldPath, field_paths
from tests.api.operations import APPLY, CLAIM, DECIDE, rent_input
from tests.api.people import Citizen, new_staff
from tests.api.world import Client, World
from tests.factories.snapshot import nothing_changed

As = Callable[..., Client]

MATRIX = Path(__file__).with_name("guard_matrix.txt")
WRITE = os.environ.get("HPF_SNAPSHOTS") == "write"
HEADING = """\
# Who is shown which field. Written by `HPF_SNAPSHOTS=write pytest tests/api/test_guards.py`: read every change.
# yes: shown, or refused by a rule of business   none: as if it did not exist   no: FORBIDDEN   login: UNAUTHENTICATED
"""


def test_every_field_declares_a_guard() -> None:
    bare = [
        f"{kind.name}.{name}" for kind, name, field in guarded_fields(executable()) if guard_of(field) is UNDECLARED
    ]
    assert bare == []


def test_every_field_is_reached_by_the_matrix() -> None:
    visited = {path.name for path in field_paths(executable())}
    everything = {f"{kind.name}.{name}" for kind, name, _ in guarded_fields(executable())}
    assert everything - visited == {"Subscription.caseProgress"}


async def test_a_field_without_a_guard_refuses_everybody() -> None:
    @strawberry.type
    class Query:
        open: str = shown(PUBLIC, "公开 · public")
        forgotten: str = strawberry.field(description="忘记声明 · forgotten")

    built = strawberry.Schema(query=Query)
    enforce(built._schema)
    root = Query(open="yes", forgotten="secret")
    everyone = [ANONYMOUS, Actor(kind="citizen", channel="app", person_id=1)]
    everyone.append(Actor(kind="agent", channel="employer_portal", person_id=1, employer_no=1))
    everyone += [Actor(kind="staff", channel="backoffice", staff_id=1, roles=frozenset({role})) for role in Role]
    for actor in everyone:
        context: Any = type("Context", (), {"actor": actor})()
        answer = await built.execute("{ open }", root_value=root, context_value=context)
        assert answer.data == {"open": "yes"}
        answer = await built.execute("{ forgotten }", root_value=root, context_value=context)
        assert answer.errors and "secret" not in str(answer)


async def _case_with_everything(world: World, citizen: Citizen, as_: As) -> str:
    """A case of the citizen that has checks, flags, a payment and an arrangement."""
    world.agencies.silent.add("property")
    made = await as_(citizen).run(APPLY, input=rent_input(citizen.card, requestKey="apply-0001"))
    id: str = made["applyForRentWithdrawal"]["case"]["id"]
    for role in ("preliminary_reviewer", "final_reviewer"):
        client = as_(await new_staff(role, now=world.clock()))
        await client.run(CLAIM, input={"id": id, "requestKey": "claim-0001"})
        await client.run(
            DECIDE,
            input={"id": id, "requestKey": f"decide-{role}", "decision": "APPROVE", "overrideReason": "已电话核实"},
        )
    return id


def _arguments(citizen: Citizen, case_id: str) -> dict[str, str]:
    """Those of every field, made from the schema; below the ones that have to lead somewhere."""
    schema = executable()
    made = {f"{kind.name}.{name}": arguments_of(field) for kind, name, field in guarded_fields(schema)}
    rent = f'frequency: MONTHLY, cardId: "{citizen.card}", autoRenewal: false, commitment: true'
    home = f'cardId: "{citizen.card}", commitment: true'
    return {
        **made,
        "Query.node": f'(id: "{case_id}")',
        "Query.case": f'(id: "{case_id}")',
        "Query.quoteRentedHomeWithdrawal": f'(kind: "rent_no_home", input: {{ {rent} }})',
        "Query.quoteHomeWithdrawal": f'(kind: "purchase_in_city", input: {{ {home} }})',
        "Query.quoteExpenseWithdrawal": f'(kind: "property_fee", input: {{ {home} }})',
        "Query.quoteClosureWithdrawal": f'(kind: "retirement", input: {{ cardId: "{citizen.card}" }})',
        "Query.withdrawalKind": '(code: "rent_no_home")',
        "Query.serviceItem": '(code: "C20")',
        # nothing to say, so that nothing is said
        "Mutation.sendMessage": '(input: { text: " ", requestKey: "matrix-0001" })',
        "Query.quoteRentWithdrawal": f"(input: {{ {rent} }})",
    }


async def _answer(world: World, as_: As, caller: Caller, path: FieldPath, query: str) -> dict[str, Any]:
    """Root fields over HTTP; what lies below them by the same execution without the way there, thousands of times."""
    if caller.over_http and (len(path.steps) == 1 or path.kinds[0] == "Mutation"):
        answer: dict[str, Any] = (await as_(caller if caller.token else None).post(query)).json()
        return answer
    operation = world.execution.operation(GraphQLRequest(query, {}, None), actor=caller.actor)
    return await world.execution.run(operation, actor=caller.actor, reference="matrix")


async def _outcome(world: World, as_: As, caller: Caller, path: FieldPath, arguments: dict[str, str]) -> str:
    prefix = "mutation " if path.kinds[0] == "Mutation" else ""
    answer = await _answer(world, as_, caller, path, prefix + path.document(arguments))
    if "errors" in answer:
        code = answer["errors"][0]["extensions"]["code"]
        return {"FORBIDDEN": "no", "UNAUTHENTICATED": "login"}[code]
    found = answer["data"]
    for step in path.steps:
        if isinstance(found, list):
            found = found[0] if found else None
        if found is None:
            return "none"
        found = found[step]
    return "yes" if found is not None or len(path.steps) > 1 else "none"


async def test_the_matrix(database_url_empty: str, world: World, citizen: Citizen, stranger: Citizen, as_: As) -> None:
    # from nothing: where the demonstration city was left, the agent's employer has lists and a month to draw
    case_id = await _case_with_everything(world, citizen, as_)
    scene = Scene(owner=citizen, stranger=stranger, now=world.clock())
    callers = {name: await made(scene) for name, made in CALLERS.items()}
    arguments = _arguments(citizen, case_id)
    rows = [["field", "guard", *callers]]
    async with nothing_changed():
        for path in sorted(field_paths(executable()), key=lambda path: path.name):
            outcomes = [await _outcome(world, as_, caller, path, arguments) for caller in callers.values()]
            rows.append([path.name, path.guard, *outcomes])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    table = HEADING + "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows
    )
    if WRITE:
        MATRIX.write_text(table, encoding="utf-8")
    assert table.splitlines() == MATRIX.read_text(encoding="utf-8").splitlines()


def test_everybody_of_the_staff_is_in_the_matrix() -> None:
    assert {role.value for role in Role} <= set(CALLERS)
    assert {"anonymous", "owner", "stranger", "agent", "partner", "partner_reads", "partner_does"} <= set(CALLERS)


def test_arguments_are_made_for_whatever_a_field_requires() -> None:
    schema = build_schema("""
        scalar Money  enum E { A B }  input In { a: Int! b: In c: [E!]! d: Money! e: Int! = 3 requestKey: String!
        dryRun: Boolean = false }  type Query { a(x: In!, id: ID!, e: E!, n: Int, s: String!): Int  b(n: Int = 1): Int }
    """)
    assert schema.query_type is not None
    made = arguments_of(schema.query_type.fields["a"])
    assert validate(schema, parse(f"{{ a{made} }}")) == []
    assert 'requestKey: "matrix-0001", dryRun: true' in made and ", n:" not in made
    assert arguments_of(schema.query_type.fields["b"]) == ""
