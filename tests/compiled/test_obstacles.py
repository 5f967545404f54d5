"""Plans against the reference executor where everything goes wrong: hundreds of operations, all in memory."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.compiled.differ import require_same
from tests.compiled.generation import Generated, operations, sized
from tests.compiled.hard import HARD, Hard
from tests.compiled.obstacles import ACTORS, Context, Course, obstacles

SCHEMA = obstacles()
OFTEN = settings(
    max_examples=sized(100),
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


async def _same(operation: Generated, seed: int, trouble: int, actor: int) -> None:
    courses: list[Course] = []

    def context() -> Context:
        courses.append(Course(seed, trouble, ACTORS[actor]))
        return Context(courses[-1])

    await require_same(SCHEMA, operation.text, operation.variables, context)
    for _ in range(20):
        # what a failed sibling left behind ends by itself
        await asyncio.sleep(0)
    # not only the answers: every resolver was called, in the same order
    assert [course.log for course in courses[1:]] == [courses[0].log] * (len(courses) - 1), operation.text


@pytest.mark.parametrize("mutation", [False, True])
@OFTEN
@given(data=st.data())
async def test_plans_answer_as_the_reference_does(mutation: bool, data: st.DataObject) -> None:
    operation = data.draw(operations(SCHEMA, mutation=mutation))
    seed, actor = data.draw(st.integers(0, 10**6)), data.draw(st.integers(0, len(ACTORS) - 1))
    await _same(operation, seed, data.draw(st.sampled_from([0, 5, 20, 60])), actor)


@pytest.mark.parametrize("hard", HARD, ids=lambda hard: hard.what)
async def test_cases_that_chance_seldom_meets(hard: Hard) -> None:
    answer = await require_same(SCHEMA, hard.text, {}, hard.context)
    assert {"errors": [], **orjson.loads(answer)} == {"errors": hard.errors, "data": hard.data}
