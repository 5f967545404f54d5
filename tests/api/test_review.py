"""The review desk over GraphQL, up to the evaluation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest_asyncio

from domain.kernel import database
from domain.kernel.identifiers import new_id
from tests.api.operations import APPLY, CASE, CLAIM, DECIDE, EVALUATE, RELEASE, rent_input
from tests.api.people import Citizen, StaffMember, new_citizen, new_staff
from tests.api.world import Client, World

As = Callable[..., Client]

DESK_CASE = """query Case($id: ID!) { case(id: $id) { allowedActions officeCode channelName applicantName
  checks { kind kindName agency askedAt asOf outcome summary overrideReason } flags { code message }
  history { actorName action reason note } } }"""
QUEUE = """query Queue($filters: ReviewQueueFilters) { reviewQueue(filters: $filters, first: 100) {
  totalCount amountTotal edges { node { id amount } } } }"""


@pytest_asyncio.fixture
async def case_id(citizen: Citizen, as_: As) -> str:
    return await _applied(citizen, as_)


async def _applied(citizen: Citizen, as_: As) -> str:
    made = await as_(citizen).run(APPLY, input=rent_input(citizen.card, requestKey="apply-0001"))
    id: str = made["applyForRentWithdrawal"]["case"]["id"]
    return id


async def _decide(client: Client, id: str, decision: str, **more: object) -> dict[str, Any]:
    await client.run(CLAIM, input={"id": id, "requestKey": "claim-0001"})
    key = {"id": id, "requestKey": f"decide-{new_id()}", "decision": decision}
    answer: dict[str, Any] = (await client.run(DECIDE, input={**key, **more}))["decideCase"]
    return answer


async def test_two_reviews_lead_to_payment(
    case_id: str, citizen: Citizen, preliminary: StaffMember, final: StaffMember, as_: As
) -> None:
    assert (await _decide(as_(preliminary), case_id, "APPROVE"))["case"]["state"] == "pending_final"
    assert (await _decide(as_(final), case_id, "APPROVE"))["case"]["state"] == "pending_payment"
    case = (await as_(citizen).run(CASE, id=case_id))["case"]
    assert case["payment"]["amount"] == case["amount"]
    assert case["payment"]["confirmedAt"] is None
    assert "****" in case["payment"]["cardMasked"]
    assert [step["state"] for step in case["steps"]] == ["DONE", "DONE", "DONE", "CURRENT", "WAITING"]


async def test_the_desk_sees_checks_and_queue(world: World, preliminary: StaffMember, as_: As) -> None:
    world.agencies.silent.add("property")
    id = await _applied(await new_citizen(now=world.clock()), as_)
    client = as_(preliminary)
    case = (await client.run(DESK_CASE, id=id))["case"]
    assert case["allowedActions"] == ["claim"]
    assert case["channelName"] == "京通（H5）"
    assert {check["kind"]: check["outcome"] for check in case["checks"]} == {
        "marriage": "passed",
        "property": "unanswered",
    }
    assert [flag["code"] for flag in case["flags"]] == ["property_unanswered"]
    shown = (await client.run(QUEUE, filters={"flagged": True, "state": "pending_preliminary"}))["reviewQueue"]
    assert id in [edge["node"]["id"] for edge in shown["edges"]]
    total = sum(int(edge["node"]["amount"].replace(".", "")) for edge in shown["edges"])
    if shown["totalCount"] == len(shown["edges"]):
        assert int(shown["amountTotal"].replace(".", "")) == total
    none = (await client.run(QUEUE, filters={"submittedTo": "2020-01-01"}))["reviewQueue"]
    assert (none["totalCount"], none["amountTotal"]) == (0, "0.00")
    figures = (await client.run("{ dayFigures { submitted waiting byState { code name count } } }"))["dayFigures"]
    assert figures["submitted"] >= 1
    assert {"pending_preliminary": "待初审"}.items() <= {
        count["code"]: count["name"] for count in figures["byState"]
    }.items()
    await client.run(CLAIM, input={"id": id, "requestKey": "claim-0001"})
    refused = await client.refusals(DECIDE, input={"id": id, "requestKey": "decide-01", "decision": "APPROVE"})
    assert refused == [("case.override_required", "overrideReason")]


async def test_refusing_needs_a_reason_and_gives_the_money_back(
    case_id: str, citizen: Citizen, preliminary: StaffMember, as_: As, footprint: Any
) -> None:
    await as_(preliminary).run(CLAIM, input={"id": case_id, "requestKey": "claim-0001"})
    before = await footprint()
    key = {"id": case_id, "decision": "REFUSE"}
    assert await as_(preliminary).refusals(DECIDE, input={**key, "requestKey": "decide-01"}) == [
        ("case.reason_required", "reasonCode")
    ]
    assert await footprint() == before
    reason = {"reasonCode": "home_found", "note": "核实有房"}
    for _ in range(2):
        done = await as_(preliminary).run(DECIDE, input={**key, **reason, "requestKey": "decide-02"})
        assert done["decideCase"]["case"]["state"] == "refused"
    other = {**key, "reasonCode": "other", "note": "其他", "requestKey": "decide-02"}
    assert await as_(preliminary).refusals(DECIDE, input=other) == [("request.key_reused", "requestKey")]
    case = (await as_(citizen).run(CASE, id=case_id))["case"]
    assert case["history"][-1]["note"] == "核实有房"
    [account] = (await as_(citizen).run("{ accounts { held } }"))["accounts"]
    assert account["held"] == "0.00"


async def test_evaluating_once(case_id: str, citizen: Citizen, preliminary: StaffMember, as_: As) -> None:
    client = as_(citizen)
    early = {"id": case_id, "requestKey": "evaluate-0", "grade": 5}
    assert ("evaluation.not_open", None) in await client.refusals(EVALUATE, input=early)
    await _decide(as_(preliminary), case_id, "REFUSE", reasonCode="other", note="材料不符")
    wrong = {"id": case_id, "requestKey": "evaluate-1", "grade": 9, "tags": ["nice"], "comment": "好" * 501}
    assert {field for _, field in await client.refusals(EVALUATE, input=wrong)} == {"grade", "tags", "comment"}
    given = {"id": case_id, "requestKey": "evaluate-2", "grade": 4, "tags": ["fast"], "comment": "不错"}
    for _ in range(2):
        assert (await client.run(EVALUATE, input=given))["evaluateCase"]["case"]["evaluation"] == 4
    again = {**given, "requestKey": "evaluate-3"}
    assert ("evaluation.given_already", None) in await client.refusals(EVALUATE, input=again)


async def test_one_reviewer_cannot_do_both_reviews(world: World, case_id: str, as_: As, footprint: Any) -> None:
    both = as_(await new_staff("preliminary_reviewer", "final_reviewer", now=world.clock()))
    await _decide(both, case_id, "APPROVE")
    before = await footprint()
    refused = await both.refusals(CLAIM, input={"id": case_id, "requestKey": "claim-0002"})
    assert refused == [("case.same_reviewer", None)]
    assert await footprint() == before


async def test_what_another_works_on_is_locked(
    world: World, case_id: str, preliminary: StaffMember, as_: As, footprint: Any
) -> None:
    await as_(preliminary).run(CLAIM, input={"id": case_id, "requestKey": "claim-0001"})
    before = await footprint()
    other = as_(await new_staff("preliminary_reviewer", now=world.clock()))
    assert await other.refusals(CLAIM, input={"id": case_id, "requestKey": "claim-0002"}) == [
        ("case.locked_by_other", None)
    ]
    assert await other.refusals(RELEASE, input={"id": case_id, "requestKey": "release-1"}) == [
        ("case.release_not_permitted", None)
    ]
    assert await footprint() == before
    supervisor = as_(await new_staff("supervisor", now=world.clock()))
    assert await supervisor.refusals(RELEASE, input={"id": case_id, "requestKey": "release-1"}) == [
        ("case.reason_required", "reason")
    ]
    await supervisor.run(RELEASE, input={"id": case_id, "requestKey": "release-2", "reason": "人员请假"})
    assert await database.value("SELECT count(*) FROM service_case WHERE locked_by = $1", preliminary.staff_id) == 0


async def test_the_wrong_role_for_the_step_is_a_permission_failure(
    case_id: str, final: StaffMember, as_: As, footprint: Any
) -> None:
    before = await footprint()
    error = await as_(final).error(CLAIM, input={"id": case_id, "requestKey": "claim-0001"})
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert await footprint() == before
