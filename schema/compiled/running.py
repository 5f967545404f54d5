"""What a plan's code stands on while it runs: errors and where they belong, values of an unexpected kind, waiting.

Everything here follows graphql-core's `Executor` step by step; each function names the step that it stands for. Paths
are plain tuples `(before, key, type name)` and become lists only when an error needs one.
"""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Awaitable, Sequence
from types import CoroutineType
from typing import Any, NoReturn

from graphql import Executor, FieldNode, GraphQLAbstractType, GraphQLError, GraphQLResolveInfo, Undefined, located_error
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.executor import invalid_return_type_error
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils import Path, gather_with_cancel
from graphql.pyutils.is_iterable import is_iterable
from graphql.type import GraphQLLeafType
from graphql.type.definition import GraphQLResolveInfoHelpers

from domain.kernel.actor import Actor
from resolvers.permissions import refusal_for, require_storable
from schema.compiled.call import Call
from schema.compiled.reference import is_awaitable
from schema.guards import Guard

Place = tuple[Any, str | int, str | None]
"""A path from its end: what comes before, the key, and the type that the key is a field of (None for an index)."""


class Run:
    """One execution of one plan."""

    __slots__ = ("actor", "background", "context", "errors", "executor", "granted", "nulled", "root_value", "values")

    def __init__(
        self, *, executor: Executor[Any], context: Any, values: VariableValues, root_value: object, guards: list[Guard]
    ) -> None:
        self.executor = executor
        self.context = context
        self.actor: Actor = context.actor
        self.values = values
        self.root_value = root_value
        self.errors: list[GraphQLError] = []
        self.nulled: set[Place | None] = set()
        self.background: set[Future[Any]] = set()
        self.granted = [granted(guard, self.actor, None) for guard in guards]

    def arguments(self, call: Call) -> dict[str, Any]:
        """`get_argument_values`, done ahead where no variable is named."""
        if call.constant is not None:
            return call.constant
        return get_argument_values(call.definition, call.nodes[0], self.values, None, True)

    def info(self, call: Call, place: Place) -> Any:
        """The `info` that a resolver of ours is given."""
        return call.info_class(_raw_info=self.raw_info(call, place), _field=call.field)

    def raw_info(self, call: Call, place: Place) -> GraphQLResolveInfo[Any]:
        """`build_resolve_info`."""
        executor = self.executor
        return GraphQLResolveInfo(
            call.name,
            call.nodes,
            call.definition.type,
            call.parent,
            _path(place),
            executor.schema,
            executor.fragment_definitions,
            self.root_value,
            executor.operation,
            self.values,
            self.context,
            is_awaitable,
            None,
            GraphQLResolveInfoHelpers(gather=_gathered, track=self.leave),
        )

    def fail(self, error: Exception, nodes: list[FieldNode], place: Place) -> NoReturn:
        """`handle_field_error` of a field that may not be null: the error goes up."""
        raise located_error(error, nodes, _keys(place))

    def add(self, error: Exception, nodes: list[FieldNode], place: Place) -> None:
        """`handle_field_error` of a field that may be null."""
        self.keep(located_error(error, nodes, _keys(place)), place)

    def keep(self, error: GraphQLError, place: Place | None) -> None:
        """`CollectedErrors.add`: nothing is told about what lies under a null."""
        above = place
        while above is not None:
            if above in self.nulled:
                return
            above = above[0]
        if None in self.nulled:
            return
        self.nulled.add(place)
        self.errors.append(error)

    def leave(self, values: Sequence[Any]) -> None:
        """`settle_in_background`: what has begun ends by itself, and nobody waits for it."""
        begun = [value for value in values if is_awaitable(value)]
        if begun:
            future = asyncio.gather(*begun, return_exceptions=True)
            self.background.add(future)
            future.add_done_callback(self.background.discard)

    async def later(self, awaitable: Awaitable[Any], nodes: list[FieldNode], place: Place, required: bool) -> Any:
        """`await_completed`: a value that is complete once something below it is."""
        try:
            return await awaitable
        except Exception as error:
            if required:
                self.fail(error, nodes, place)
            self.add(error, nodes, place)
            return None

    def type_of(
        self, value: Any, kind: GraphQLAbstractType, details: FieldDetailsList, call: Call, place: Place
    ) -> str:
        """`complete_abstract_value`: the name of the object type that a value has."""
        info = self.raw_info(call, place)
        resolve: Any = kind.resolve_type or self.executor.type_resolver
        name = resolve(value, info, kind)
        assert not is_awaitable(name), f"{kind.name} tells types asynchronously"
        found = self.executor.ensure_valid_runtime_type(name, kind, details, info, value)
        require_type(value, found, details, info)
        return found.name

    def check_type(self, value: Any, kind: Any, details: FieldDetailsList, call: Call, place: Place) -> None:
        """`complete_object_value`, of an object that is no plain instance of its class."""
        require_type(value, kind, details, self.raw_info(call, place))


def require_type(value: Any, kind: Any, details: FieldDetailsList, info: GraphQLResolveInfo[Any]) -> None:
    if kind.is_type_of is not None:
        belongs = kind.is_type_of(value, info)
        assert not is_awaitable(belongs), f"{kind.name} tells its objects asynchronously"
        if not belongs:
            raise invalid_return_type_error(kind, value, details)


def granted(guard: Guard, actor: Actor, source: Any) -> bool:
    """Whether a guard lets a caller pass without a word; if not, `refuse` asks it again and says why not."""
    try:
        return bool(guard.allows(actor, source))
    except Exception:
        return False


def refuse(guard: Guard, actor: Actor, source: Any) -> None:
    """What `enforce` does in front of a resolver. Raises what the guard itself raises, too."""
    if not guard.allows(actor, source):
        raise refusal_for(actor)


def there(value: Any) -> bool:
    """The first steps of `complete_value`: raises a value that is an exception; False when there is none."""
    if isinstance(value, Exception):
        raise value
    assert not is_awaitable(value), "a field that is declared synchronous gave something to wait for"
    return value is not None and value is not Undefined


def leaf(kind: GraphQLLeafType, value: Any, plain: set[type]) -> Any:
    """A leaf of a Python type not met before; types that are plain values are remembered in `plain`."""
    if not there(value):
        return None
    shown = Executor.complete_leaf_value(kind, value)
    plain.add(type(value))
    return shown


def listed(value: Any, where: str) -> Any:
    """A list that is no Python list: another iterable, or None."""
    if not there(value):
        return None
    assert not hasattr(value, "__aiter__"), f"{where} gave an asynchronous iterator"
    if not is_iterable(value):
        raise GraphQLError(f"Expected Iterable, but did not find one for field '{where}'.")
    return value


def missing(where: str) -> TypeError:
    return TypeError(f"Cannot return null for non-nullable field {where}.")


def at_once(begun: CoroutineType[Any, Any, Any]) -> Any:
    """The value of a field whose resolver has nothing left to wait for."""
    try:
        begun.send(None)
    except StopIteration as done:
        return done.value
    begun.close()
    raise AssertionError("a field that was read ahead waits")


async def all_fields(fields: dict[str, Any], waiting: Sequence[str]) -> dict[str, Any]:
    """`execute_fields`, its end: the named fields, awaited side by side."""
    if len(waiting) == 1:
        name = waiting[0]
        fields[name] = await fields[name]
    else:
        found = await gather_with_cancel(*(fields[name] for name in waiting))
        fields.update(zip(waiting, found, strict=True))
    return fields


async def all_items(items: list[Any], waiting: Sequence[int]) -> list[Any]:
    """`complete_iterable_value`, its end."""
    if len(waiting) == 1:
        index = waiting[0]
        items[index] = await items[index]
    else:
        found = await gather_with_cancel(*(items[index] for index in waiting))
        for index, item in zip(waiting, found, strict=True):
            items[index] = item
    return items


def _gathered(values: Sequence[Awaitable[Any]]) -> Awaitable[list[Any]]:
    return gather_with_cancel(*values)


def _path(place: Place) -> Path:
    before, key, kind = place
    return Path(None if before is None else _path(before), key, kind)


def _keys(place: Place) -> list[str | int]:
    keys: list[str | int] = []
    above: Place | None = place
    while above is not None:
        keys.append(above[1])
        above = above[0]
    return keys[::-1]


NAMES: dict[str, Any] = {
    "Coroutine": CoroutineType,
    "Undefined": Undefined,
    "all_fields": all_fields,
    "all_items": all_items,
    "at_once": at_once,
    "granted": granted,
    "leaf": leaf,
    "listed": listed,
    "missing": missing,
    "refuse": refuse,
    "require_storable": require_storable,
    "there": there,
}
"""What generated code may call by name."""
