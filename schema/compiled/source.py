"""Source of a plan: one function for each object type of each selection, one coroutine for each field that waits.

An object's function does what `execute_fields` does: first every field in order, guard in front, without waiting for
any; then the result, or a coroutine of it when fields are still to come. A mutation's root waits for each field before
the next (`execute_fields_serially`).
"""

from __future__ import annotations

from keyword import iskeyword

from graphql import is_non_null_type

from schema.compiled.call import Call
from schema.compiled.running import NAMES
from schema.compiled.shape import FieldShape, ObjectShape
from schema.compiled.values import Values
from schema.compiled.writer import Names, Writer
from schema.guards import PUBLIC, Guard


class SourceOf:
    """The source for the root object of an operation. `guards` are those that hang on the caller alone, asked for
    once an execution, in the order of `run.granted`."""

    def __init__(self, root: ObjectShape, *, serially: bool) -> None:
        self.names = Names(NAMES)
        self.guards: list[Guard] = []
        self._functions: list[str] = []
        self.root = self._serial_root(root) if serially else self._object(root)

    @property
    def text(self) -> str:
        return "\n\n".join(self._functions)

    def _object(self, shape: ObjectShape) -> str:
        name = self.names.fresh("o")
        writer = Writer()
        with writer.block(f"def {name}(run, s, p):"):
            held = self._guards(writer, shape)
            begun: list[str] = []
            for variable, each in _read(shape):
                self._field(writer, each, variable, held, begun)
                if each.may_wait:
                    begun.append(variable)
            self._result(writer, shape)
        self._functions.append(writer.text())
        return name

    def _serial_root(self, shape: ObjectShape) -> str:
        name = self.names.fresh("o")
        writer = Writer()
        with writer.block(f"async def {name}(run, s, p):"):
            held = self._guards(writer, shape)
            for variable, each in _read(shape):
                self._field(writer, each, variable, held, [])
                if each.may_wait:
                    with writer.block(f"if type({variable}) is Coroutine:"):
                        writer.add(f"{variable} = await {variable}")
            writer.add(f"return {_literal(shape)}")
        self._functions.append(writer.text())
        return name

    def _guards(self, writer: Writer, shape: ObjectShape) -> dict[Guard, str]:
        """Asks each guard of the object once; fields look at the answers."""
        held: dict[Guard, str] = {}
        for each in shape.fields:
            guard = PUBLIC if each.reading is None else each.reading.guard
            if guard is PUBLIC or guard in held:
                continue
            held[guard] = variable = f"h{len(held)}"
            if guard.of_caller:
                if guard not in self.guards:
                    self.guards.append(guard)
                writer.add(f"{variable} = run.granted[{self.guards.index(guard)}]")
            else:
                writer.add(f"{variable} = granted({self.names.of('G', guard)}, run.actor, s)")
        return held

    def _field(
        self, writer: Writer, shape: FieldShape, variable: str, held: dict[Guard, str], begun: list[str]
    ) -> None:
        assert shape.reading is not None and shape.definition is not None
        call = Call.of(shape)
        known = self.names.of("F", call)
        place = f"(p, {shape.key!r}, {shape.parent.name!r})"
        kind, guard = shape.definition.type, shape.reading.guard
        values = Values(writer, self.names, shape, known, False, self._object)
        with writer.block("try:"):
            given = bool(shape.definition.args) and call.converted is None
            if given:
                writer.add(f"k = run.arguments({known})")
            if guard in held:
                with writer.block(f"if not {held[guard]}:"):
                    writer.add(f"refuse({self.names.of('G', guard)}, run.actor, s)")
            if given:
                writer.add("require_storable(k)")
            if shape.waits:
                passed = f"s, {'k' if given else 'None'}, {place}"
                begin = f"{self._coroutine(shape, call, known)}(run, {passed})"
                writer.add(f"{variable} = at_once({begin})" if not shape.may_wait else f"{variable} = {begin}")
            else:
                self._read(writer, shape, call, known, variable, place)
                values.complete(kind, variable, place)
                if shape.may_wait:
                    values.postpone(kind, variable, place)
        leave = f"({', '.join(begun)},)" if begun else None
        values.failed(kind, variable, place, leave=leave)

    def _coroutine(self, shape: FieldShape, call: Call, known: str) -> str:
        """`complete_awaitable_value` of a field whose resolver waits."""
        assert shape.definition is not None
        name = self.names.fresh("f")
        writer = Writer()
        values = Values(writer, self.names, shape, known, True, self._object)
        with writer.block(f"async def {name}(run, s, k, p):"):
            with writer.block("try:"):
                self._read(writer, shape, call, known, "v", "p")
                values.complete(shape.definition.type, "v", "p")
            values.failed(shape.definition.type, "v", "p", leave=None)
            writer.add("return v")
        self._functions.append(writer.text())
        return name

    def _read(self, writer: Writer, shape: FieldShape, call: Call, known: str, variable: str, place: str) -> None:
        """What the resolver gives, as it is."""
        reading = shape.reading
        assert reading is not None
        if reading.attribute is not None:
            name = reading.attribute
            plain = name.isidentifier() and not iskeyword(name)
            writer.add(f"{variable} = s.{name}" if plain else f"{variable} = getattr(s, {name!r})")
            return
        passed = ["s"] if reading.takes_source else []
        passed += [f"{name}=s" for name in reading.source_names]
        converts = bool(call.definition.args) and call.converted is None
        if reading.info_name is not None or converts:
            writer.add(f"i = run.info({known}, {place})")
        if reading.info_name is not None:
            passed.append(f"{reading.info_name}=i")
        if converts:
            passed.append(f"**{known}.convert(k, i)")
        elif call.converted:
            passed.append(f"**{known}.converted")
        waits = "await " if reading.waits else ""
        writer.add(f"{variable} = {waits}{self.names.of('R', reading.function)}({', '.join(passed)})")

    def _result(self, writer: Writer, shape: ObjectShape) -> None:
        waiting = [each for each in shape.fields if each.may_wait]
        if not waiting:
            writer.add(f"return {_literal(shape)}")
            return
        keys = tuple(each.key for each in waiting)
        if all(each.waits and each.definition and is_non_null_type(each.definition.type) for each in waiting):
            writer.add(f"return all_fields({_literal(shape)}, {keys!r})")
            return
        writer.add(f"d = {_literal(shape)}")
        writer.add(f"w = [key for key in {keys!r} if type(d[key]) is Coroutine]")
        writer.add("return all_fields(d, w) if w else d")


def _read(shape: ObjectShape) -> list[tuple[str, FieldShape]]:
    """The fields that are read, with their variables."""
    return [(f"v{index}", each) for index, each in enumerate(shape.fields) if each.reading is not None]


def _literal(shape: ObjectShape) -> str:
    parts = [
        f"{each.key!r}: {shape.kind.name!r}" if each.reading is None else f"{each.key!r}: v{index}"
        for index, each in enumerate(shape.fields)
    ]
    return "{" + ", ".join(parts) + "}"
