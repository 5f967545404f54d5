"""The guard matrix: every field and mutation, visited by every kind of caller, against a committed expectation."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import strawberry

from domain.kernel.actor import ANONYMOUS, Actor, Role
from resolvers.permissions import UNDECLARED, enforce, guard_of, guarded_fields
from schema.guards import PUBLIC, shown
from schema.requests import GraphQLRequest
from schema.root import executable
from schema.types.nodes import global_id
from tests.api.guard_paths import FieldPath, field_paths
from tests.api.operations import APPLY, CLAIM, DECIDE, rent_input
from tests.api.people import Citizen, StaffMember, new_staff
from tests.api.world import Client, World

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
    rent = f'frequency: MONTHLY, cardId: "{citizen.card}", autoRenewal: false, commitment: true'
    nobodys = global_id("Case", "20261123C200000000000")
    key = f'id: "{nobodys}", requestKey: "matrix-0001"'
    return {
        "Query.node": f'(id: "{case_id}")',
        "Query.case": f'(id: "{case_id}")',
        "Query.serviceItem": '(code: "C20")',
        "Query.quoteRentWithdrawal": f"(input: {{ {rent} }})",
        "Mutation.applyForRentWithdrawal": '(input: { requestKey: "matrix-0001", '
        'frequency: MONTHLY, cardId: "none", autoRenewal: false, commitment: false })',
        "Mutation.cancelCase": f"(input: {{ {key} }})",
        "Mutation.evaluateCase": f"(input: {{ {key}, grade: 5 }})",
        "Mutation.claimCase": f"(input: {{ {key} }})",
        "Mutation.releaseCase": f"(input: {{ {key} }})",
        "Mutation.decideCase": f"(input: {{ {key}, decision: APPROVE }})",
    }


async def _answer(world: World, client: Client, path: FieldPath, query: str) -> dict[str, Any]:
    """Root fields over HTTP; what lies below them by the same execution without the way there, 2,000 times."""
    if len(path.steps) == 1 or path.kinds[0] == "Mutation":
        answer: dict[str, Any] = (await client.post(query)).json()
        return answer
    caller = await world.execution.caller(bearer=client.token)
    operation = world.execution.operation(GraphQLRequest(query, {}, None), actor=caller.actor)
    return await world.execution.run(operation, actor=caller.actor, reference="matrix")


async def _outcome(world: World, client: Client, path: FieldPath, arguments: dict[str, str]) -> str:
    prefix = "mutation " if path.kinds[0] == "Mutation" else ""
    answer = await _answer(world, client, path, prefix + path.document(arguments))
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


async def test_the_matrix(world: World, citizen: Citizen, stranger: Citizen, as_: As, footprint: Any) -> None:
    case_id = await _case_with_everything(world, citizen, as_)
    callers: dict[str, Citizen | StaffMember | None] = {"anonymous": None, "owner": citizen, "stranger": stranger}
    for role in Role:
        callers[role.value] = await new_staff(role.value, now=world.clock())
    arguments = _arguments(citizen, case_id)
    before = await footprint()
    rows = [["field", "guard", *callers]]
    for path in sorted(field_paths(executable()), key=lambda path: path.name):
        outcomes = [await _outcome(world, as_(person), path, arguments) for person in callers.values()]
        rows.append([path.name, path.guard, *outcomes])
    assert await footprint() == before
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    table = HEADING + "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows
    )
    if WRITE:
        MATRIX.write_text(table, encoding="utf-8")
    assert table.splitlines() == MATRIX.read_text(encoding="utf-8").splitlines()
