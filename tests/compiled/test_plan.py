"""What is compiled, what is not, when, and how it is counted."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import strawberry
from graphql import GraphQLObjectType, GraphQLSchema, parse
from strawberry.extensions.field_extension import FieldExtension

from domain.kernel.actor import ANONYMOUS, Actor, Role
from resolvers.permissions import enforce, guarded_fields
from schema import guards
from schema.compiled import Candidates, Plan, Uncompilable, compile_operation, counts
from schema.compiled.plan import VARIANTS_MAX
from schema.guards import PUBLIC, Guard, answered, shown
from schema.root import executable
from tests.compiled.differ import by_plan, by_reference, plan_of, require_same
from tests.compiled.obstacles import Context, Course, obstacles

SCHEMA = executable()


def _context() -> Context:
    return Context(Course(seed=1, trouble=0))


@pytest.mark.parametrize(
    "document,reason",
    [
        ("{ __schema { types { name } } }", "introspection"),
        ('{ viewer { kind } ... on Query { __type(name: "Case") { name } } }', "introspection"),
        ("query Q { ...F } fragment F on Query { __schema { description } }", "introspection"),
        ('subscription { caseProgress(id: "x") { id } }', "subscription"),
    ],
)
def test_what_stays_with_the_reference_executor(document: str, reason: str) -> None:
    before = counts.not_compiled[reason]
    found = compile_operation(SCHEMA, parse(document), None)
    assert isinstance(found, Uncompilable) and found.reason == reason
    assert counts.not_compiled[reason] == before + 1


def test_every_field_of_the_schema_compiles() -> None:
    """All leaves of every type at once, through fragments: no field of ours is one that cannot be compiled."""
    for kind in (SCHEMA.query_type, SCHEMA.mutation_type):
        assert kind is not None
        for name, definition in kind.fields.items():
            needed = ", ".join(f"${each}: {argument.type}" for each, argument in definition.args.items())
            passed = ", ".join(f"{each}: ${each}" for each in definition.args)
            head = "mutation" if kind is SCHEMA.mutation_type else "query"
            text = f"{head} All{f'({needed})' if needed else ''} {{ {name}{f'({passed})' if passed else ''}"
            assert isinstance(plan_of(SCHEMA, f"{text} {_everything(definition.type)} }}"), Plan)


def _everything(kind: Any, depth: int = 0) -> str:
    while hasattr(kind, "of_type"):
        kind = kind.of_type
    if not hasattr(kind, "fields") or depth > 4:
        return "" if not hasattr(kind, "fields") else "{ __typename }"
    if not isinstance(kind, GraphQLObjectType):
        parts = [f"... on {each.name} {_everything(each, depth + 1)}" for each in SCHEMA.get_possible_types(kind)]
        return "{ " + " ".join(parts) + " }"
    return "{ " + " ".join(f"{name} {_everything(each.type, depth + 1)}" for name, each in kind.fields.items()) + " }"


def _schema(**fields: Any) -> GraphQLSchema:
    annotations = {name: str for name in fields}
    query = strawberry.type(type("Query", (), {"__annotations__": annotations, **fields}))
    built = strawberry.Schema(query=query)
    enforce(built._schema)
    return built._schema


def test_a_resolver_that_was_replaced_is_not_passed_over() -> None:
    built = _schema(word=answered(lambda: "a word", PUBLIC, "a word"))
    assert isinstance(compile_operation(built, parse("{ word }"), None), Plan)
    assert built.query_type is not None
    built.query_type.fields["word"].resolve = lambda source, info: "another"
    found = compile_operation(built, parse("{ word }"), None)
    assert isinstance(found, Uncompilable) and found.reason == "resolver"


def test_a_schema_that_was_not_enforced_is_not_compiled() -> None:
    @strawberry.type
    class Query:
        word: str = shown(PUBLIC, "a word")

    found = compile_operation(strawberry.Schema(query=Query)._schema, parse("{ word }"), None)
    assert isinstance(found, Uncompilable) and found.reason == "resolver"


def test_a_field_with_an_extension_is_not_compiled() -> None:
    class Louder(FieldExtension):
        def resolve(self, next_: Any, source: Any, info: Any, **values: Any) -> Any:
            return next_(source, info, **values).upper()

    field = strawberry.field(
        resolver=lambda: "word", extensions=[Louder()], metadata={guards.METADATA_KEY: PUBLIC}, description="x"
    )
    found = compile_operation(_schema(word=field), parse("{ word }"), None)
    assert isinstance(found, Uncompilable) and found.reason == "extension"


async def test_a_field_without_a_guard_refuses_everybody() -> None:
    built = _schema(open=shown(PUBLIC, "open"), forgotten=strawberry.field(description="forgotten"))
    root = type("Root", (), {"open": "yes", "forgotten": "secret"})()
    for actor in (ANONYMOUS, Actor(kind="citizen", channel="app", person_id=1)):
        context: Any = type("Context", (), {"actor": actor})()
        for text in ("{ open }", "{ forgotten }", "{ open forgotten }"):
            answer = await require_same(built, text, {}, lambda: context, root_for=lambda: root)  # noqa: B023
            assert b"secret" not in answer


def test_guards_of_the_caller_look_at_nothing_else() -> None:
    """A guard that says so is asked once an operation: it must not touch the object."""

    class Untouchable:
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(f"a guard of the caller read {name}")

    everyone = [ANONYMOUS, Actor(kind="citizen", channel="app", person_id=1)]
    everyone += [Actor(kind="staff", channel="backoffice", staff_id=1, roles=frozenset({role})) for role in Role]
    everyone += [Actor(kind="staff", channel="backoffice", staff_id=1, office_codes=frozenset({"0101"}))]
    found = [guard for guard in vars(guards).values() if isinstance(guard, Guard) and guard.of_caller]
    assert guards.PUBLIC in found and guards.DESK in found
    for guard in found:
        for actor in everyone:
            assert guard.allows(actor, Untouchable()) == guard.allows(actor, None)
    with pytest.raises(AssertionError, match="read owner_id"):
        guards.OWNER.allows(everyone[1], Untouchable())


def test_no_synchronous_resolver_gives_something_to_wait_for() -> None:
    """Plans know from the declaration whether a field waits."""
    for kind, name, field in guarded_fields(SCHEMA):
        definition = field.extensions["strawberry-definition"]
        if definition.base_resolver is None or definition.is_async:
            continue
        returned = str(inspect.signature(definition.base_resolver.wrapped_func).return_annotation)
        assert not any(word in returned for word in ("Awaitable", "Coroutine", "Future", "Async")), (kind, name)


async def test_conditions_are_compiled_one_by_one_up_to_a_limit() -> None:
    built = obstacles()
    names = [f"c{index}" for index in range(6)]
    declared = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: __typename @include(if: ${name})" for name in names)
    plan = plan_of(built, f"query Q({declared}) {{ {fields} }}")
    before = counts.by_reference["variants"]
    for number in range(64):
        variables = {name: bool(number >> index & 1) for index, name in enumerate(names)}
        chosen = ",".join(f'"{name}":"Query"' for name in names if variables[name])
        assert await by_plan(plan, variables, _context()) == f'{{"data":{{{chosen}}}}}'.encode()
    assert counts.by_reference["variants"] == before + 64 - VARIANTS_MAX


async def test_a_condition_without_a_value_goes_to_the_reference_executor() -> None:
    built = obstacles()
    text = "query Q($c: Boolean = true) { now { depth @skip(if: $c) name } }"
    plan, before = plan_of(built, text), counts.by_reference["condition"]
    answer = await by_plan(plan, {"c": None}, _context())
    assert answer == await by_reference(built, text, {"c": None}, _context())
    assert b"errors" in answer
    assert counts.by_reference["condition"] == before + 1


async def test_a_document_is_compiled_at_its_second_use() -> None:
    built, document = obstacles(), parse("query A { now { name } } query B { __schema { description } }")
    candidates = Candidates()

    def plan(name: str) -> Plan | None:
        return candidates.plan_of(schema=built, document=document, operation_name=name)

    before = counts.compiled
    assert plan("A") is None and counts.compiled == before
    made = plan("A")
    assert made is not None and plan("A") is made and counts.compiled == before + 1
    assert [plan("B") for _ in range(4)] == [None] * 4
    assert counts.compiled == before + 1


async def test_resolvers_are_told_the_same_about_where_they_are() -> None:
    told: list[tuple[Any, ...]] = []

    async def word(info: strawberry.Info, text: str = "x") -> str:
        told.append(
            (
                info.field_name,
                info.python_name,
                info.path.as_list(),
                info.path.typename,
                info.variable_values,
                info.operation.name.value if info.operation.name else None,
                [field.name for field in info.selected_fields],
                str(info._raw_info.return_type),
                info._raw_info.parent_type.name,
                sorted(info._raw_info.fragments),
                info.root_value,
            )
        )
        return text

    built = _schema(word=answered(word, PUBLIC, "a word"))
    text = "query Q($t: String!) { a: word(text: $t) ...F } fragment F on Query { word }"
    await require_same(built, text, {"t": "y"}, _context, root_for=lambda: "root", times=1)
    assert len(told) == 4
    assert told[:2] == told[2:]
