"""Plans against the reference executor over the whole schema, on the demonstration city, for every kind of caller."""

from __future__ import annotations

import orjson
import pytest
from graphql import GraphQLObjectType
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from domain.kernel import database
from schema.root import executable
from schema.types.nodes import global_id
from tests.api import operations as written
from tests.api.guard_paths import field_paths
from tests.compiled.differ import Different, by_plan, by_reference, plan_of, require_same
from tests.compiled.generation import operations, sized
from tests.compiled.stage import STAFF, Stage
from tests.factories.snapshot import nothing_changed, snapshot

SCHEMA = executable()
CALLERS = ("anonymous", "zhang_wei", "chen_jing", "li_na", "password only", *STAFF)
QUERIES = sorted(SCHEMA.query_type.fields) if SCHEMA.query_type else []
MUTATIONS = sorted(SCHEMA.mutation_type.fields) if SCHEMA.mutation_type else []


def some(examples: int) -> settings:
    return settings(
        max_examples=sized(examples),
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.parametrize("name", QUERIES)
@some(12)
@given(data=st.data())
async def test_each_query_of_generated_shape(name: str, stage: Stage, data: st.DataObject) -> None:
    operation = data.draw(operations(SCHEMA, pool=stage.pool, root_fields=(name,), depth_max=5))
    who = data.draw(st.sampled_from(CALLERS))
    await require_same(SCHEMA, operation.text, operation.variables, stage.context_for(who))


@some(40)
@given(data=st.data())
async def test_queries_of_several_fields(stage: Stage, data: st.DataObject) -> None:
    operation = data.draw(operations(SCHEMA, pool=stage.pool, depth_max=5))
    who = data.draw(st.sampled_from(CALLERS))
    async with nothing_changed():
        await require_same(SCHEMA, operation.text, operation.variables, stage.context_for(who))


@pytest.mark.parametrize("who", CALLERS)
async def test_every_field_for_every_caller(who: str, stage: Stage) -> None:
    """Each field by the shortest way, on objects that exist: what is shown, refused and absent is the same."""
    case = global_id("Case", stage.cases[0].case_no)
    arguments = {
        "Query.node": f'(id: "{case}")',
        "Query.case": f'(id: "{case}")',
        "Query.serviceItem": '(code: "C20")',
        "Query.quoteRentWithdrawal": f'(input: {{ frequency: MONTHLY, cardId: "{stage.pool("cardId", "ID")[0]}",'
        " autoRenewal: false, commitment: true })",
    }
    for path in field_paths(SCHEMA):
        if path.kinds[0] == "Query":
            await require_same(SCHEMA, path.document(arguments), {}, stage.context_for(who), times=1)


@pytest.mark.parametrize("document", [written.HOME, written.QUOTE, written.CASE])
@pytest.mark.parametrize("who", CALLERS)
async def test_the_documents_of_our_channels(document: str, who: str, stage: Stage) -> None:
    variables = {
        "id": global_id("Case", stage.cases[0].case_no),
        "input": written.rent_input(stage.pool("cardId", "ID")[0]),
    }
    await require_same(SCHEMA, document, variables, stage.context_for(who))


@some(25)
@given(data=st.data())
async def test_mutations_of_generated_shape(stage: Stage, data: st.DataObject) -> None:
    """Each on the same database, put back in between; also the rows that each leaves are as many."""
    name = data.draw(st.sampled_from(MUTATIONS))
    operation = data.draw(operations(SCHEMA, pool=stage.pool, mutation=True, root_fields=(name,), depth_max=3))
    context_for = stage.context_for(data.draw(st.sampled_from(CALLERS)))
    plan = plan_of(SCHEMA, operation.text)
    known = {case.case_no for case in stage.cases}
    found: list[tuple[bytes, dict[str, int]]] = []
    put_back = await stage.kept()
    with capture_logs():
        for compiled in (False, True):
            answer = (
                await by_plan(plan, operation.variables, context_for())
                if compiled
                else await by_reference(SCHEMA, operation.text, operation.variables, context_for())
            )
            rows = {table: count for table, (count, _) in (await snapshot()).items()}
            found.append((await _without_new_names(answer, known), rows))
            await put_back()
    if found[0] != found[1]:
        raise Different(f"{operation}\n{found[0]}\n{found[1]}")


def _steps(stage: Stage) -> list[tuple[str, str, dict[str, object]]]:
    """(caller, document, input) of mutations that all succeed, each on the stage as it was set up."""
    approved, submitted = (global_id("Case", case.case_no) for case in stage.cases)
    key = {"requestKey": "compiled-0001"}
    return [
        ("zhang_wei", written.CANCEL, {"id": approved, **key}),
        ("li.min", written.CLAIM, {"id": submitted, **key}),
        ("wang.fang", written.CLAIM, {"id": approved, **key}),
        ("li_na", written.APPLY, written.rent_input(stage.pool("cardId", "ID")[2], **key)),
    ]


@pytest.mark.parametrize("step", range(4))
async def test_mutations_that_succeed(step: int, stage: Stage) -> None:
    who, document, given_input = _steps(stage)[step]
    found = []
    put_back = await stage.kept()
    for run in (by_reference, by_plan):
        way = SCHEMA if run is by_reference else plan_of(SCHEMA, document)
        passed = (way, document) if run is by_reference else (way,)
        answer = await run(*passed, {"input": given_input}, stage.context_for(who)())  # type: ignore[operator]
        found.append(await _without_new_names(answer, {case.case_no for case in stage.cases}))
        await put_back()
    [payload] = orjson.loads(found[1])["data"].values()
    assert payload["case"] is not None and payload["userErrors"] == []
    assert found[0] == found[1]


async def test_a_mutation_is_executed_once(stage: Stage) -> None:
    """One application is one case, and the second use of its key finds it."""
    plan = plan_of(SCHEMA, written.APPLY)
    variables = {"input": written.rent_input(stage.pool("cardId", "ID")[2], requestKey="compiled-0001")}
    before: int = await database.value("SELECT count(*) FROM service_case")
    answers = [orjson.loads(await by_plan(plan, variables, stage.context_for("li_na")())) for _ in range(2)]
    assert answers[0]["data"]["applyForRentWithdrawal"]["userErrors"] == []
    assert answers[0] == answers[1]
    assert await database.value("SELECT count(*) FROM service_case") == before + 1


async def _without_new_names(answer: bytes, known: set[str]) -> bytes:
    """Numbers of cases are drawn by chance: those that are new are left out."""
    text = answer.decode()
    for row in await database.rows("SELECT case_no FROM service_case"):
        if row["case_no"] not in known:
            text = text.replace(row["case_no"], "NEW").replace(global_id("Case", row["case_no"]), "NEW")
    return text.encode()


def test_generated_operations_reach_every_type() -> None:
    """What the differential tests can reach is all of the schema that is not for subscriptions or introspection."""
    reached = {kind for path in field_paths(SCHEMA) for kind in path.kinds}
    ours = {
        name
        for name, kind in SCHEMA.type_map.items()
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__")
    }
    assert ours - reached == {"Subscription"}
