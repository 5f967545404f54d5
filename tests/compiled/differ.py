"""One operation through both executors: the answers, as bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from graphql import GraphQLSchema, parse
from structlog.testing import capture_logs

from schema.compiled import Plan, Uncompilable, compile_operation, execute_by_reference
from schema.execution import answer_of

REFERENCE = "differ"
_AS_THEY_ARE = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS


class Different(AssertionError):
    """The plan did not answer as the reference executor."""


async def by_reference(
    schema: GraphQLSchema, text: str, variables: Mapping[str, Any], context: object, root: object = None
) -> bytes:
    result = await execute_by_reference(
        schema=schema,
        document=parse(text),
        operation_name=None,
        context=context,
        variables=variables,
        root_value=root,
    )
    return orjson.dumps(answer_of(result, reference=REFERENCE))


def plan_of(schema: GraphQLSchema, text: str) -> Plan:
    plan = compile_operation(schema, parse(text), None)
    assert not isinstance(plan, Uncompilable), plan
    return plan


async def by_plan(plan: Plan, variables: Mapping[str, Any], context: object, root: object = None) -> bytes:
    result = await plan.run(context=context, variables=variables, root_value=root)
    # a value that is no JSON is a difference too, also one that orjson would write as we do
    return orjson.dumps(answer_of(result, reference=REFERENCE), default=repr, option=_AS_THEY_ARE)


async def require_same(
    schema: GraphQLSchema,
    text: str,
    variables: Mapping[str, Any],
    context_for: Callable[[], object],
    *,
    root_for: Callable[[], object] = lambda: None,
    times: int = 2,
) -> bytes:
    """Raises Different unless the plan answers byte for byte as the reference does, each of `times`: a plan learns
    about Python's types as it runs."""
    plan = plan_of(schema, text)
    # faults are meant here: nobody wants to read them in the log
    with capture_logs():
        expected = await by_reference(schema, text, variables, context_for(), root_for())
        answers = [await by_plan(plan, variables, context_for(), root_for()) for _ in range(times)]
    for found in answers:
        if found != expected:
            raise Different(
                f"{text}\n{dict(variables)!r}\nreference {expected.decode()}\nplan      {found.decode()}\n{plan.text}"
            )
    return expected
