"""Source that completes a value: `complete_value` of the executor, written out for one type.

The usual case comes first and is a comparison of types; whatever else a value may be goes to `schema.compiled.running`,
which does what the executor does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLID,
    GraphQLInt,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.type import GraphQLLeafType
from strawberry.types.cast import TYPE_CAST_ATTRIBUTE

from schema.compiled.reading import class_of, names_of, tells_type_itself
from schema.compiled.shape import FieldShape, ObjectShape
from schema.compiled.writer import Names, Writer

_USUAL = {
    GraphQLString: "type({v}) is not str",
    GraphQLID: "type({v}) is not str",
    GraphQLInt: "type({v}) is not int or not -2147483648 <= {v} <= 2147483647",
    GraphQLBoolean: "{v} is not True and {v} is not False",
}


@dataclass(slots=True)
class Values:
    """Completes the values of one field. `waits` is true in a coroutine, where what comes later is awaited at once;
    elsewhere the completed value may itself be a coroutine. `function_of` gives the name of an object's function."""

    writer: Writer
    names: Names
    shape: FieldShape
    call: str
    waits: bool
    function_of: Callable[[ObjectShape], str]

    def complete(self, kind: GraphQLOutputType, value: str, place: str, depth: int = 0) -> None:
        """Turns the variable `value` into what is shown."""
        required = is_non_null_type(kind)
        inner: Any = kind.of_type if is_non_null_type(kind) else kind
        if is_leaf_type(inner):
            self._leaf(inner, value, required)
        elif is_list_type(inner):
            self._list(inner.of_type, value, place, required, depth)
        else:
            assert is_object_type(inner) or is_abstract_type(inner), "an output type of a kind that does not exist"
            self._object(inner, value, place, required)

    @property
    def _where(self) -> str:
        return repr(f"{self.shape.parent.name}.{self.shape.name}")

    def _leaf(self, kind: GraphQLLeafType, value: str, required: bool) -> None:
        writer, known = self.writer, self.names.of("K", kind)
        enum = names_of(kind)
        plain = self.names.of("P", _plain_of(self.names, known))
        slow = f"{value} = leaf({known}, {value}, {plain})"
        if kind in _USUAL:
            with writer.block(f"if {_USUAL[kind].format(v=value)}:"):
                writer.add(slow)
                self._require(value, required)
            return
        if enum is not None:
            python_class, members = enum
            shown = f"{value} = {self.names.of('E', members)}[{value}]"
            with writer.block(f"if type({value}) is {self.names.of('C', python_class)}:"):
                writer.add(shown)
        else:
            with writer.block(f"if type({value}) in {plain}:"):
                writer.add(f"x = {value}")
                writer.add(f"{value} = {self.names.of('S', kind.coerce_output_value)}(x)")
                with writer.block(f"if {value} is None or {value} is Undefined:"):
                    writer.add(f"{value} = leaf({known}, x, {plain})")
        with writer.block("else:"):
            writer.add(slow)
            self._require(value, required)

    def _object(self, kind: Any, value: str, place: str, required: bool) -> None:
        writer = self.writer
        own = class_of(kind) if is_object_type(kind) else None
        usual = f"type({value}) is {self.names.of('C', own)} or " if own else ""
        with writer.block(f"if {usual}there({value}):"):
            if is_object_type(kind):
                self._check_type(kind, own, value, place)
                function = self.function_of(self.shape.targets[kind.name])
            else:
                functions = {name: self.function_of(target) for name, target in self.shape.targets.items()}
                found = f"run.type_of({value}, {self.names.of('K', kind)}, {self._details}, {self.call}, {place})"
                function = f"{self.names.table(functions)}[{found}]"
            writer.add(f"{value} = {function}(run, {value}, {place})")
            if self.waits and any(target.may_wait for target in self.shape.targets.values()):
                with writer.block(f"if type({value}) is Coroutine:"):
                    writer.add(f"{value} = await {value}")
        with writer.block("else:"):
            writer.add(f"raise missing({self._where})" if required else f"{value} = None")

    def _check_type(self, kind: GraphQLObjectType, own: type | None, value: str, place: str) -> None:
        if kind.is_type_of is None:
            return
        check = f"run.check_type({value}, {self.names.of('K', kind)}, {self._details}, {self.call}, {place})"
        if own is None or tells_type_itself(kind):
            self.writer.add(check)
            return
        cast = f"getattr({value}, {TYPE_CAST_ATTRIBUTE!r}, None) is not None"
        with self.writer.block(f"if type({value}) is not {self.names.of('C', own)} or {cast}:"):
            self.writer.add(check)

    def _list(self, item_kind: GraphQLOutputType, value: str, place: str, required: bool, depth: int) -> None:
        writer = self.writer
        above, index, item, items = (f"{name}{depth}" for name in ("q", "i", "x", "r"))
        item_place = f"({above}, {index}, None)"
        later = self.shape.may_wait and any(target.may_wait for target in self.shape.targets.values())
        within = Values(writer, self.names, self.shape, self.call, False, self.function_of)
        with writer.block(f"if type({value}) is not list:"):
            writer.add(f"{value} = listed({value}, {self._where})")
        with writer.block(f"if {value} is not None:"):
            writer.add(f"{above} = {place}")
            writer.add(f"{items} = []")
            with writer.block(f"for {index}, {item} in enumerate({value}):"):
                with writer.block("try:"):
                    within.complete(item_kind, item, item_place, depth + 1)
                    if later:
                        within.postpone(item_kind, item, item_place)
                self.failed(item_kind, item, item_place, leave=items if later else None)
                writer.add(f"{items}.append({item})")
            writer.add(f"{value} = {items}")
            if later:
                writer.add(f"w = [i for i, each in enumerate({items}) if type(each) is Coroutine]")
                with writer.block("if w:"):
                    writer.add(f"{value} = {'await ' if self.waits else ''}all_items({items}, w)")
        if required:
            with writer.block("else:"):
                writer.add(f"raise missing({self._where})")

    def postpone(self, kind: GraphQLOutputType, value: str, place: str) -> None:
        """A value that is complete only later carries its place for the error that it may end in."""
        with self.writer.block(f"if type({value}) is Coroutine:"):
            self.writer.add(f"{value} = run.later({value}, {self._nodes}, {place}, {is_non_null_type(kind)})")

    def failed(self, kind: GraphQLOutputType, value: str, place: str, leave: str | None) -> None:
        """The end of a `try:` around a value: the error goes up, or null takes its place."""
        with self.writer.block("except Exception as e:"):
            if not is_non_null_type(kind):
                self.writer.add(f"run.add(e, {self._nodes}, {place})")
                self.writer.add(f"{value} = None")
                return
            if leave is not None:
                self.writer.add(f"run.leave({leave})")
            self.writer.add(f"run.fail(e, {self._nodes}, {place})")

    @property
    def _nodes(self) -> str:
        return f"{self.call}.nodes"

    @property
    def _details(self) -> str:
        return self.names.of("D", self.shape.details)

    def _require(self, value: str, required: bool) -> None:
        if required:
            with self.writer.block(f"if {value} is None:"):
                self.writer.add(f"raise missing({self._where})")


def _plain_of(names: Names, known: str) -> set[type]:
    """The Python types of a leaf that were found to be plain values; one set a plan."""
    found = names.space.setdefault(f"plain_{known}", set())
    assert isinstance(found, set)
    return found
