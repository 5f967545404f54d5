"""Who gets in, and that nobody reaches what belongs to somebody else."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auth import sessions
from domain.kernel.actor import SYSTEM
from schema.types.nodes import global_id
from tests.api.operations import APPLY, CANCEL, CASE, CLAIM, DECIDE, EVALUATE, RELEASE, rent_input
from tests.api.people import Citizen, StaffMember, citizen_session, new_staff
from tests.api.world import Client, World

As = Callable[..., Client]
VIEWER = "{ viewer { kind } }"


@pytest_asyncio.fixture
async def case_id(citizen: Citizen, as_: As) -> str:
    made = await as_(citizen).run(APPLY, input=rent_input(citizen.card, requestKey="apply-0001"))
    id: str = made["applyForRentWithdrawal"]["case"]["id"]
    return id


async def _refused(http: httpx.AsyncClient, header: str, reason: str) -> None:
    response = await http.post("/graphql", json={"query": VIEWER}, headers={"Authorization": header})
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "UNAUTHENTICATED", "reason": reason}


async def test_expired_token(world: World, citizen: Citizen, http: httpx.AsyncClient) -> None:
    world.clock.forward(minutes=11)
    await _refused(http, f"Bearer {citizen.token}", "token_expired")


async def test_forged_tokens(citizen: Citizen, http: httpx.AsyncClient) -> None:
    head, body, signature = citizen.token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    other = {**claims, "sub": "citizen:1"}
    swapped = base64.urlsafe_b64encode(json.dumps(other).encode()).decode().rstrip("=")
    foreign = jwt.encode(
        claims, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers=jwt.get_unverified_header(citizen.token)
    )
    unsigned = jwt.encode(claims, "", algorithm="none")
    for token in (f"{head}.{swapped}.{signature}", foreign, unsigned, f"{head}.{body}.", "x", "a.b.c"):
        await _refused(http, f"Bearer {token}", "token_invalid")
    for header in ("Basic dXNlcjpwYXNz", "Bearer", "Bearer a b", citizen.token, "Bearer " + "x" * 5000):
        await _refused(http, header, "token_invalid")


async def test_logging_out_works_at_once(world: World, citizen: Citizen, http: httpx.AsyncClient) -> None:
    await sessions.end_session(session_id=citizen.session_id, actor=SYSTEM, reason="logout", now=world.clock())
    await _refused(http, f"Bearer {citizen.token}", "session_ended")


async def test_anonymous_callers_are_asked_to_log_in(as_: As, footprint: Any) -> None:
    before = await footprint()
    for query, variables in (
        ("{ accounts { id } }", {}),
        (CASE, {"id": global_id("Case", "20261123C200000000000")}),
        (APPLY, {"input": rent_input("x", requestKey="apply-0001")}),
    ):
        error = await as_(None).error(query, **variables)
        assert error["extensions"] == {"code": "UNAUTHENTICATED", "reason": "token_missing"}
        assert "登录" in error["message"]
    assert await footprint() == before


async def test_cases_of_other_people_do_not_exist(case_id: str, stranger: Citizen, as_: As, footprint: Any) -> None:
    before = await footprint()
    client = as_(stranger)
    assert (await client.run(CASE, id=case_id))["case"] is None
    assert (await client.run("query N($id: ID!) { node(id: $id) { id } }", id=case_id))["node"] is None
    unknown = global_id("Case", "20261123C200000000000")
    for id in (case_id, unknown):
        key = "stranger-1"
        for mutation, more in ((CANCEL, {}), (EVALUATE, {"grade": 5})):
            refused = await client.refusals(mutation, input={"id": id, "requestKey": key, **more})
            assert refused == [("case.not_found", "id")]
    assert (await client.run("{ cases { totalCount } }"))["cases"]["totalCount"] == 0
    assert await footprint() == before


async def test_accounts_cards_and_entries_of_other_people_do_not_exist(
    citizen: Citizen, stranger: Citizen, as_: As
) -> None:
    query = "query N($id: ID!) { node(id: $id) { __typename } }"
    owned = (await as_(citizen).run("{ accounts { entries(first: 1) { edges { node { id } } } } }"))["accounts"]
    entry = owned[0]["entries"]["edges"][0]["node"]["id"]
    for id, kind in ((citizen.account, "Account"), (citizen.card, "BankCard"), (entry, "LedgerEntry")):
        assert (await as_(citizen).run(query, id=id))["node"] == {"__typename": kind}
        assert (await as_(stranger).run(query, id=id))["node"] is None
        assert (await as_(None).run(query, id=id))["node"] is None


async def test_ids_that_are_none_find_nothing(citizen: Citizen, as_: As) -> None:
    query = "query N($id: ID!) { node(id: $id) { id } }"
    huge = global_id("Card", 10**30)
    for id in ("", "x", "Case:1", "💥", "=" * 400, huge, global_id("Staff", 1), global_id("Entry", "1:2:3")):
        assert (await as_(citizen).run(query, id=id))["node"] is None
    error = await as_(citizen).error(CASE, id=citizen.card)
    assert error["extensions"]["refusal"] == "request.reference_malformed"


async def test_whoever_is_not_known_for_sure_sees_and_does_nothing(
    world: World, citizen: Citizen, case_id: str, as_: As, http: httpx.AsyncClient, footprint: Any
) -> None:
    _, token = await citizen_session(
        person_id=citizen.person_id, name="测试人", now=world.clock(), assurance="password"
    )
    client, before = Client(http, token), await footprint()
    given = rent_input(citizen.card)
    for query in ("{ viewer { person { mobileMasked } } }", "{ accounts { id } }"):
        error = await client.error(query)
        assert error["extensions"]["refusal"] == "access.real_name_required"
    quote = "query Q($i: RentWithdrawalInput!) { quoteRentWithdrawal(input: $i) { userErrors { code field } } }"
    assert await client.refusals(quote, i=given) == [("access.real_name_required", None)]
    applied = await client.refusals(APPLY, input={**given, "requestKey": "apply-0002"})
    assert applied == [("access.real_name_required", None)]
    assert await client.refusals(CANCEL, input={"id": case_id, "requestKey": "cancel-01"}) == [("case.not_found", "id")]
    assert (await client.run(CASE, id=case_id))["case"] is None
    assert (await client.run("{ rentArrangement { id } }"))["rentArrangement"] is None
    assert (await client.run("{ cases { totalCount } }"))["cases"]["totalCount"] == 0
    assert await footprint() == before


async def test_staff_without_rights_of_business_see_no_case(world: World, case_id: str, as_: As) -> None:
    for role in ("system_admin", "security_admin", "audit_admin"):
        client = as_(await new_staff(role, now=world.clock()))
        assert (await client.error(CASE, id=case_id))["extensions"]["code"] == "FORBIDDEN"
        assert (await client.error("{ reviewQueue { totalCount } }"))["extensions"]["code"] == "FORBIDDEN"


async def test_staff_of_another_office_do_not_see_the_case(world: World, case_id: str, as_: As) -> None:
    client = as_(await new_staff("preliminary_reviewer", now=world.clock(), offices=("0999",)))
    assert (await client.run("query C($id: ID!) { case(id: $id) { id } }", id=case_id))["case"] is None
    refused = await client.refusals(CLAIM, input={"id": case_id, "requestKey": "claim-0001"})
    assert refused == [("case.not_found", "id")]


async def test_fields_of_the_desk_are_closed_to_the_applicant(case_id: str, citizen: Citizen, as_: As) -> None:
    for field in ("checks { kind }", "flags { code }", "officeCode", "lockedUntil", "history { actorName }"):
        error = await as_(citizen).error(f'{{ case(id: "{case_id}") {{ {field} }} }}')
        assert error["extensions"]["code"] == "FORBIDDEN"


async def test_a_role_that_was_withdrawn_opens_nothing(
    preliminary: StaffMember, case_id: str, as_: As, world: World, footprint: Any
) -> None:
    from domain.kernel import database

    await database.execute("UPDATE staff SET roles = '{}' WHERE staff_id = $1", preliminary.staff_id)
    before = await footprint()
    for mutation, more in (
        (CLAIM, {}),
        (RELEASE, {}),
        (DECIDE, {"decision": "APPROVE"}),
    ):
        error = await as_(preliminary).error(mutation, input={"id": case_id, "requestKey": "desk-0001", **more})
        assert error["extensions"]["code"] == "FORBIDDEN"
    assert await footprint() == before
