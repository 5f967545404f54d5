"""Says what a document may read and change: its fields, the guards before them, and both in Chinese sentences.

The words are those of the schema's own descriptions, whose Chinese stands before the `·`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    is_abstract_type,
    visit,
)

from resolvers.permissions import guard_of
from schema.guards import PUBLIC, Guard

WHO: dict[str, str] = {
    "PUBLIC": "任何人",
    "SIGNED_IN": "已登录的市民、单位经办人和工作人员",
    "CITIZEN": "已登录的市民",
    "SELF": "本人，不含受托的第三方",
    "AGENT": "单位经办人",
    "EMPLOYER": "该单位的经办人",
    "PERSON": "已登录的市民和单位经办人",
    "CITIZEN_SELF": "市民本人",
    "OWNER": "本人",
    "HOLDER": "文书的持有人：本人或该单位的经办人",
    "OWNER_OR_DESK": "本人和有权查看该办件的工作人员",
    "CITIZEN_OR_DESK": "已登录的市民和有权查看办件的工作人员",
    "DESK": "有权查看办件的工作人员",
    "FIGURES": "有权查看统计的工作人员",
    "REVIEWER": "审核人员",
    "RELEASER": "审核人员和有权释放办件的工作人员",
}
"""Of each guard, who passes it. A guard without words here is named as it is; a test asks for the words."""

_DOES = {OperationType.QUERY: "查询", OperationType.MUTATION: "办理", OperationType.SUBSCRIPTION: "持续接收"}


@dataclass(frozen=True, slots=True)
class Described:
    """`fields` are `Type.field`, `rights` the names of the guards that somebody may fail to pass."""

    fields: tuple[str, ...]
    rights: tuple[str, ...]
    sentences: tuple[str, ...]
    public: bool
    """Every field is for everybody."""


def describe(schema: GraphQLSchema, document: DocumentNode) -> Described:
    """Of a validated document."""
    used = _Used(schema)
    info = TypeInfo(schema)
    visit(document, TypeInfoVisitor(info, used.visitor(info)))
    guards = {guard.name: guard for _, _, guards in used.fields.values() for guard in guards}
    return Described(
        fields=tuple(sorted(used.fields)),
        rights=tuple(sorted(name for name in guards if name != PUBLIC.name)),
        sentences=tuple(_sentences(schema, document, used)),
        public=set(guards) <= {PUBLIC.name},
    )


class _Used:
    """Fields of a document in the order of their appearance."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self.fields: dict[str, tuple[GraphQLNamedType, GraphQLField, tuple[Guard, ...]]] = {}

    def visitor(self, info: TypeInfo) -> Visitor:
        note = self._note

        class Fields(Visitor):
            def enter_field(self, node: FieldNode, *_: object) -> None:
                parent, definition = info.get_parent_type(), info.get_field_def()
                if parent is not None and definition is not None and not node.name.value.startswith("__"):
                    note(parent, node.name.value, definition)

        return Fields()

    def _note(self, parent: GraphQLNamedType, name: str, definition: GraphQLField) -> None:
        kinds = self._schema.get_possible_types(parent) if is_abstract_type(parent) else [parent]
        guards = tuple(
            guard_of(kind.fields[name]) for kind in kinds if isinstance(kind, GraphQLObjectType) and name in kind.fields
        )
        self.fields[f"{parent.name}.{name}"] = (parent, definition, guards)


def _sentences(schema: GraphQLSchema, document: DocumentNode, used: _Used) -> Iterator[str]:
    roots = {kind: schema.get_root_type(kind) for kind in OperationType}
    for kind in (node.operation for node in document.definitions if isinstance(node, OperationDefinitionNode)):
        for parent, definition, guards in used.fields.values():
            if parent is roots[kind]:
                changes = "会更改数据" if kind is OperationType.MUTATION else "不更改数据"
                yield f"{_DOES[kind]}：{_words(definition.description)}，限{_who(guards)}，{changes}。"
    read: dict[str, dict[str, list[str]]] = {}
    for parent, definition, guards in used.fields.values():
        plain = get_named_type(definition.type)
        if parent in roots.values() or isinstance(plain, GraphQLObjectType) or is_abstract_type(plain):
            continue
        read.setdefault(_words(parent.description), {}).setdefault(_who(guards), []).append(
            _words(definition.description)
        )
    for name, by_reader in read.items():
        for who, fields in by_reader.items():
            yield f"读取“{name}”的{'、'.join(dict.fromkeys(fields))}，限{who}。"


def _who(guards: tuple[Guard, ...]) -> str:
    names = dict.fromkeys(guard.name for guard in guards) or {"UNDECLARED": None}
    return "或".join(WHO.get(name, name) for name in names)


def _words(description: str | None) -> str:
    """The Chinese of a bilingual description."""
    return (description or "").partition("·")[0].strip().rstrip("。") or "（未说明）"
