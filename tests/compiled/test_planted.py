"""The differential tests can fail: with a defect planted in the compiler they do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from graphql import GraphQLSchema, get_nullable_type
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from schema.compiled import running, shape, source, values
from schema.compiled.reading import Converter
from schema.compiled.running import NAMES, Run
from tests.compiled.differ import Different, require_same
from tests.compiled.generation import operations
from tests.compiled.hard import LEAF, LEFT_BEHIND, TOGETHER, WRONG_TYPE, Hard
from tests.compiled.obstacles import ACTORS, Context, Course, obstacles

Plant = Callable[[pytest.MonkeyPatch], None]


def _guards_forgotten(plant: pytest.MonkeyPatch) -> None:
    plant.setitem(NAMES, "refuse", lambda guard, actor, source: None)


def _guards_of_the_caller_forgotten(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(running, "granted", lambda guard, actor, source: True)


def _nulls_that_stay_where_they_are(plant: pytest.MonkeyPatch) -> None:
    def nullable(self: values.Values, kind: Any, value: str, place: str, leave: str | None) -> None:
        _failed(self, get_nullable_type(kind), value, place, leave)

    plant.setattr(values.Values, "failed", nullable)


def _errors_at_the_root(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(running, "_keys", lambda place: [place[1]])


def _errors_under_a_null_told(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(Run, "keep", lambda self, error, place: self.errors.append(error))


def _leaves_as_they_are(plant: pytest.MonkeyPatch) -> None:
    plant.setitem(NAMES, "leaf", lambda kind, value, plain: value)


def _conditions_ignored(plant: pytest.MonkeyPatch) -> None:
    def always(source: shape.Source, choices: dict[str, bool]) -> shape.ObjectShape:
        return _shape_of(source, dict.fromkeys(choices, True))

    plant.setattr("schema.compiled.plan.shape_of", always)


def _fields_in_another_order(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(source, "_literal", lambda shape: f"dict(reversed({_literal(shape)}.items()))")


def _arguments_ignored(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(Converter, "__call__", lambda self, values, info: {})


def _variables_ignored(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(Run, "arguments", lambda self, call: {})


def _siblings_one_after_the_other(plant: pytest.MonkeyPatch) -> None:
    async def slowly(fields: dict[str, Any], waiting: Any) -> dict[str, Any]:
        for name in waiting:
            fields[name] = await fields[name]
        return fields

    plant.setitem(NAMES, "all_fields", slowly)


def _types_unchecked(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(Run, "check_type", lambda self, *values: None)


_shape_of, _literal, _failed = shape.shape_of, source._literal, values.Values.failed

DEFECTS: list[Plant] = [
    _guards_forgotten,
    _guards_of_the_caller_forgotten,
    _nulls_that_stay_where_they_are,
    _errors_at_the_root,
    _conditions_ignored,
    _fields_in_another_order,
    _arguments_ignored,
    _variables_ignored,
]
SELDOM: list[tuple[Plant, Hard]] = [
    (_errors_under_a_null_told, LEFT_BEHIND),
    (_types_unchecked, WRONG_TYPE),
    (_leaves_as_they_are, LEAF),
    (_siblings_one_after_the_other, TOGETHER),
]


async def _compare(built: GraphQLSchema, text: str, variables: dict[str, Any], course: Callable[[], Course]) -> None:
    courses: list[Course] = []

    def context() -> Context:
        courses.append(course())
        return Context(courses[-1])

    await require_same(built, text, variables, context)
    for _ in range(20):
        await asyncio.sleep(0)
    if any(course.log != courses[0].log for course in courses):
        raise Different("resolvers were called in another order")


def _search() -> None:
    """Generates as the differential test does, until an answer differs. What is generated depends on the modules that
    are loaded (Hypothesis takes constants from them), so there is room for a run that meets a defect late."""
    built = obstacles()

    @settings(
        max_examples=1000,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(operation=operations(built), data=st.data())
    def search(operation: Any, data: st.DataObject) -> None:
        seed, trouble = data.draw(st.integers(0, 10**6)), data.draw(st.sampled_from([0, 5, 20, 60]))
        actor = ACTORS[data.draw(st.integers(0, len(ACTORS) - 1))]
        asyncio.run(_compare(built, operation.text, operation.variables, lambda: Course(seed, trouble, actor)))

    search()


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.__name__.strip("_"))
def test_a_planted_defect_is_found(defect: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    defect(monkeypatch)
    with pytest.raises(Different):
        _search()


@pytest.mark.parametrize("defect,hard", SELDOM)
async def test_a_defect_that_chance_seldom_meets_is_found(
    defect: Plant, hard: Hard, monkeypatch: pytest.MonkeyPatch
) -> None:
    defect(monkeypatch)
    with pytest.raises(Different):
        await _compare(obstacles(), hard.text, {}, hard.course)
