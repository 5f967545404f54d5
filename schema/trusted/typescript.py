"""A service's documents as a TypeScript module: for each operation its identifier with the exact types of its variables
and its data, and of the schema what these name. What a client may send and what it will get is then known to its
compiler, for every portal and mini-program of the service alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    is_required_input_field,
    parse,
    type_from_ast,
    visit,
)
from graphql.execution.collect_fields import (
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

from schema.trusted.checking import Checked

_PLAIN = {"String": "string", "ID": "string", "Int": "number", "Float": "number", "Boolean": "boolean"}
_RENAMED = {"Date": "DateText", "DateTime": "DateTimeText"}
"""TypeScript has a `Date` of its own, and ours are texts."""
_CONDITIONS_MAX = 6

HEAD = """\
// Written by `./dev documents write` from the schema and the .graphql files of this service; do not edit.
// The client sends identifiers: the service runs the registered text and no other.

/** A registered operation: what it takes and what it answers. */
export interface Operation<Kind extends "query" | "mutation" | "subscription", Data, Variables> {
  readonly kind: Kind;
  readonly name: string;
  readonly id: string;
  /** Never there: it carries the types. */
  readonly types?: (variables: Variables) => Data;
}
"""


def written_module(schema: GraphQLSchema, documents: Iterable[Checked]) -> str:
    """The module; the same documents and schema give the same text."""
    named: dict[str, GraphQLNamedType] = {}
    operations = [_Operation(schema, checked, named).text() for checked in documents]
    types = [_declaration(kind, named) for kind in _closed(named)]
    return "\n".join([HEAD, *types, *operations]).rstrip() + "\n"


@dataclass
class _Operation:
    """One operation; `named` collects the types of the schema that it names."""

    schema: GraphQLSchema
    checked: Checked
    named: dict[str, GraphQLNamedType]
    _fragments: dict[str, FragmentDetails] = field(default_factory=dict)

    def text(self) -> str:
        document = parse(self.checked.source)
        (operation,) = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
        self._fragments = {
            each.name.value: FragmentDetails(each)
            for each in document.definitions
            if isinstance(each, FragmentDefinitionNode)
        }
        root = self.schema.get_root_type(operation.operation)
        assert root is not None, "a checked document has a root"
        cases = [VariableValues({}, dict(case)) for case in _cases(document)]
        found = [
            collect_fields(self.schema, self._fragments, case, root, operation, True).grouped_field_set
            for case in cases
        ]
        name, kind = self.checked.name, self.checked.kind
        data = self._object(root, found, cases, operation, depth=0)
        lines = [
            f"export interface {name}Data {data}",
            "",
            self._variables(operation),
            "",
            *_comment(self._says(root, found[0])),
            f'export const {name}: Operation<"{kind}", {name}Data, {name}Variables> = {{',
            f'  kind: "{kind}",',
            f'  name: "{name}",',
            f'  id: "{self.checked.document_id}",',
            "};",
            "",
        ]
        return "\n".join(lines)

    def _says(self, root: GraphQLObjectType, found: GroupedFieldSet) -> str:
        names = dict.fromkeys(details[0].node.name.value for details in found.values())
        said = [root.fields[name].description or "" for name in names if name in root.fields]
        return "\n".join(said)

    def _variables(self, operation: OperationDefinitionNode) -> str:
        name = self.checked.name
        if not operation.variable_definitions:
            return f"export type {name}Variables = Record<string, never>;"
        lines = []
        for each in operation.variable_definitions:
            kind = type_from_ast(self.schema, each.type)
            assert kind is not None, "a checked document names types that are there"
            needed = is_non_null_type(kind) and each.default_value is None
            shown = _shown(kind, self.named, reads=True)
            lines.append(f"  readonly {each.variable.name.value}{'' if needed else '?'}: {shown};")
        return "\n".join([f"export interface {name}Variables {{", *lines, "}"])

    def _object(
        self,
        kind: GraphQLObjectType,
        found: list[GroupedFieldSet],
        cases: list[VariableValues],
        operation: OperationDefinitionNode,
        *,
        depth: int,
        elsewhere: Iterable[str] = (),
    ) -> str:
        """Fields that some case of the conditions leaves out are optional; those that only other types of the same
        place have (`elsewhere`) are there to be asked for, and undefined."""
        keys = dict.fromkeys(key for grouped in found for key in grouped)
        pad = "  " * (depth + 1)
        lines = ["{"]
        for key in keys:
            held = [(grouped[key], case) for grouped, case in zip(found, cases, strict=True) if key in grouped]
            name = held[0][0][0].node.name.value
            optional = "" if len(held) == len(found) else "?"
            if name == "__typename":
                lines.append(f'{pad}readonly {key}{optional}: "{kind.name}";')
                continue
            definition = kind.fields[name]
            within = self._within(definition.type, held, operation, depth=depth + 1)
            lines += _comment(definition.description, definition.deprecation_reason, pad=pad)
            lines.append(f"{pad}readonly {key}{optional}: {_shown(definition.type, self.named, within=within)};")
        lines += [f"{pad}readonly {key}?: undefined;" for key in elsewhere if key not in keys]
        return "\n".join([*lines, "  " * depth + "}"])

    def _within(
        self,
        kind: Any,
        held: list[tuple[FieldDetailsList, VariableValues]],
        operation: OperationDefinitionNode,
        *,
        depth: int,
    ) -> str | None:
        """The object below a field; one for each type that it may be, where they differ. None for a plain value."""
        plain = get_named_type(kind)
        if is_object_type(plain):
            targets = [plain]
        elif is_abstract_type(plain):
            targets = list(self.schema.get_possible_types(plain))
        else:
            return None
        cases = [case for _, case in held]
        grouped = {
            target: [
                collect_subfields(
                    self.schema, self._fragments, case, operation, target, details, True
                ).grouped_field_set
                for details, case in held
            ]
            for target in targets
        }
        everywhere = dict.fromkeys(key for found in grouped.values() for each in found for key in each)
        shapes: dict[str, None] = {}
        for target, found in grouped.items():
            text = self._object(target, found, cases, operation, depth=depth, elsewhere=everywhere)
            shapes[text] = None
        texts = list(shapes)
        return texts[0] if len(texts) == 1 else f"({' | '.join(texts)})"


def _cases(document: DocumentNode) -> Iterator[dict[str, bool]]:
    """Every way that the variables of `@skip` and `@include` can stand."""
    names: dict[str, None] = {}

    class Conditions(Visitor):
        def enter_directive(self, node: Any, *_: Any) -> None:
            if node.name.value in ("skip", "include"):
                names.update(
                    {each.value.name.value: None for each in node.arguments if isinstance(each.value, VariableNode)}
                )

    visit(document, Conditions())
    assert len(names) <= _CONDITIONS_MAX, "too many conditions for exact types"
    for values in product((True, False), repeat=len(names)):
        yield dict(zip(names, values, strict=True))


def _shown(kind: Any, named: dict[str, GraphQLNamedType], *, within: str | None = None, reads: bool = False) -> str:
    """A type in TypeScript. What may be null is so; in what a client gives (`reads`) it may be left out as well."""
    if is_non_null_type(kind):
        return _bare(kind.of_type, named, within, reads)
    return f"{_bare(kind, named, within, reads)} | null"


def _bare(kind: Any, named: dict[str, GraphQLNamedType], within: str | None, reads: bool) -> str:
    if is_list_type(kind):
        return f"ReadonlyArray<{_shown(kind.of_type, named, within=within, reads=reads)}>"
    if within is not None:
        return within
    plain = get_nullable_type(kind)
    if plain.name in _PLAIN:
        return _PLAIN[plain.name]
    named[plain.name] = plain
    return _RENAMED.get(plain.name) or str(plain.name)


def _closed(named: dict[str, GraphQLNamedType]) -> list[GraphQLNamedType]:
    """With everything that these name in turn, by name."""
    waiting = list(named.values())
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, GraphQLInputObjectType):
            for each in kind.fields.values():
                below = get_named_type(each.type)
                if below.name not in _PLAIN and below.name not in named:
                    named[below.name] = below
                    waiting.append(below)
    return [named[name] for name in sorted(named)]


def _declaration(kind: GraphQLNamedType, named: Mapping[str, GraphQLNamedType]) -> str:
    name = _RENAMED.get(kind.name, kind.name)
    lines = _comment(kind.description)
    if isinstance(kind, GraphQLScalarType):
        lines.append(f"export type {name} = string;")
    elif isinstance(kind, GraphQLEnumType):
        lines.append(f"export type {name} =")
        for key, value in kind.values.items():
            lines += _comment(value.description, value.deprecation_reason, pad="  ")
            lines.append(f'  | "{key}"')
        lines[-1] += ";"
    else:
        assert isinstance(kind, GraphQLInputObjectType), f"{kind.name} is neither given nor shown by itself"
        lines.append(f"export interface {name} {{")
        for key, each in kind.fields.items():
            needed = is_required_input_field(each)
            lines += _comment(each.description, each.deprecation_reason, pad="  ")
            lines.append(f"  readonly {key}{'' if needed else '?'}: {_shown(each.type, dict(named), reads=True)};")
        lines.append("}")
    return "\n".join([*lines, ""])


def _comment(description: str | None, deprecated: str | None = None, *, pad: str = "") -> list[str]:
    lines = [line.replace("*/", "*\\/") for line in (description or "").splitlines() if line.strip()]
    if deprecated is not None:
        lines.append(f"@deprecated {deprecated}")
    if len(lines) <= 1:
        return [f"{pad}/** {line} */" for line in lines]
    return [f"{pad}/**", *(f"{pad} * {line}" for line in lines), f"{pad} */"]
