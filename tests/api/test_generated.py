"""Schemathesis on the schema: whatever a well-typed document says, nothing breaks and nothing is given away."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.graphql import nodes

from schema.faults import INTERNAL
from schema.sdl import sdl
from tests.api.operations import APPLY, rent_input
from tests.api.people import Citizen, citizen_session, new_citizen, new_staff
from tests.api.world import Client, World

EXAMPLES = 10

_TEXTS = st.text(max_size=20)
for _name, _strategy in {
    "Money": st.one_of(st.decimals(0, 10**9, places=2).map(str), _TEXTS),
    "Date": st.one_of(st.dates().map(str), _TEXTS),
    "DateTime": st.one_of(st.datetimes().map(lambda at: f"{at.isoformat()}Z"), _TEXTS),
    "Rate": st.one_of(st.decimals(0, 1, places=4).map(str), _TEXTS),
    "YearMonth": st.one_of(st.just("2026-11"), _TEXTS),
}.items():
    schemathesis.graphql.scalar(_name, _strategy.map(nodes.String))

_OPERATIONS = {
    operation.ok().definition.field_name: operation.ok()
    for operation in schemathesis.graphql.from_file(io.StringIO(sdl())).get_all_operations()
}

# whoever sent one document of these is rightly nobody for the next, and logs in anew
_ENDS_THE_LOGIN = {"signOutEverywhere", "signOutDevice"}

Token = Callable[[], str | None]


def _send_all(operation: str, base_url: str, tokens: list[Token]) -> None:
    """Runs in a thread, because the server lives on the loop of the tests."""
    with httpx.Client(base_url=base_url, timeout=30) as client:

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=_OPERATIONS[operation].as_strategy())
        def send(case: schemathesis.Case) -> None:
            for token_now in tokens:
                token = token_now()
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                response = client.post("/graphql", json={"query": case.body}, headers=headers)
                assert response.status_code in (200, 400), (response.status_code, case.body)
                for error in response.json().get("errors", ()):
                    assert error["extensions"]["code"] != INTERNAL, case.body
                    assert not any(word in str(error) for word in ("Traceback", "SELECT", "asyncpg", ".py"))

        send()


@pytest.mark.parametrize("operation", sorted(_OPERATIONS))
async def test_no_document_breaks_anything(operation: str, world: World, citizen: Citizen) -> None:
    reviewer = await new_staff("preliminary_reviewer", "supervisor", now=world.clock())
    loop = asyncio.get_running_loop()

    def citizens() -> str:
        if operation not in _ENDS_THE_LOGIN:
            return citizen.token
        login = citizen_session(person_id=citizen.person_id, name="测试人", now=world.clock())
        return asyncio.run_coroutine_threadsafe(login, loop).result(timeout=30)[1]

    tokens: list[Token] = [lambda: None, citizens, lambda: reviewer.token]
    await asyncio.to_thread(_send_all, operation, world.base_url, tokens)


async def test_no_input_about_a_real_case_breaks_anything(world: World, as_: Callable[..., Client]) -> None:
    """Generated ids hit nothing: here the case is real and the rest is generated."""
    citizen = await new_citizen(now=world.clock())
    reviewer = await new_staff("preliminary_reviewer", now=world.clock())
    made = await as_(citizen).run(APPLY, input=rent_input(citizen.card, requestKey="apply-0001"))
    id = made["applyForRentWithdrawal"]["case"]["id"]
    text = st.one_of(st.none(), st.text(max_size=600))
    key = st.one_of(st.text(max_size=70), st.just("generated-1"))

    def attack() -> None:
        with httpx.Client(base_url=world.base_url, timeout=30) as client:

            @settings(max_examples=30, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
            @given(
                grade=st.integers(-(2**31), 2**31 - 1),
                tags=st.lists(st.text(max_size=20), max_size=5),
                decision=st.sampled_from(["APPROVE", "REFUSE", "RETURN"]),
                texts=st.tuples(text, text, text),
                key=key,
            )
            def send(grade: int, tags: list[str], decision: str, texts: tuple[str | None, ...], key: str) -> None:
                evaluation = {"id": id, "requestKey": key, "grade": grade, "tags": tags, "comment": texts[0]}
                decided = {
                    "id": id,
                    "requestKey": key,
                    "decision": decision,
                    "note": texts[0],
                    "reasonCode": texts[1],
                    "overrideReason": texts[2],
                }
                for token, kind, name, input in (
                    (citizen.token, "EvaluateCaseInput", "evaluateCase", evaluation),
                    (reviewer.token, "ClaimCaseInput", "claimCase", {"id": id, "requestKey": "claim-0001"}),
                    (reviewer.token, "DecideCaseInput", "decideCase", decided),
                ):
                    query = f"mutation M($input: {kind}!) {{ {name}(input: $input) {{ userErrors {{ code }} }} }}"
                    response = client.post(
                        "/graphql",
                        json={"query": query, "variables": {"input": input}},
                        headers={"Authorization": f"Bearer {token}"},
                    )
                    assert response.status_code in (200, 400)
                    codes = [error["extensions"]["code"] for error in response.json().get("errors", ())]
                    assert INTERNAL not in codes, (name, input)

            send()

    await asyncio.to_thread(attack)


def test_every_root_field_is_generated() -> None:
    assert {"viewer", "node", "reviewQueue", "decideCase", "applyForRentWithdrawal"} <= set(_OPERATIONS)
