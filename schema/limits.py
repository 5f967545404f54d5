"""How big a request may be. A document is measured once, when first seen, before it is validated."""

from __future__ import annotations

from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphQLLimits:
    """Sizes of one request and times of one connection. `fields`, `aliases` and `directives` count a
    fragment as often as it is spread; `points_max` is the price of one operation (`schema.cost`);
    `socket_operations_max` is for one socket in a minute."""

    body_bytes_max: int = 64 * 1024
    document_chars_max: int = 16 * 1024
    tokens_max: int = 2000
    depth_max: int = 12
    fields_max: int = 400
    root_fields_max: int = 20
    aliases_max: int = 30
    directives_max: int = 30
    documents_cached: int = 512
    points_max: int = 5_000
    operation_seconds_max: int = 30
    heartbeat_seconds: int = 15
    connection_init_seconds: int = 5
    streams_per_caller_max: int = 10
    socket_operations_max: int = 120
    streams_max: int = 2000


@dataclass(slots=True)
class Size:
    """Of a selection, fragments included."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    introspects: bool = False

    def add(self, other: Size, *, deeper: int = 0) -> None:
        self.depth = max(self.depth, other.depth + deeper)
        self.fields += other.fields
        self.aliases += other.aliases
        self.directives += other.directives
        self.introspects = self.introspects or other.introspects


def measure(document: DocumentNode) -> dict[str | None, Size]:
    """The size of each operation by its name. Fragments that contain themselves count once: validation
    refuses them later."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    known: dict[str, Size] = {}

    def of_set(selected: SelectionSetNode | None) -> Size:
        size = Size()
        for node in selected.selections if selected else ():
            size.directives += len(node.directives or ())
            if isinstance(node, FieldNode):
                size.fields += 1
                size.aliases += node.alias is not None
                size.introspects = size.introspects or node.name.value in ("__schema", "__type")
                size.add(of_set(node.selection_set), deeper=1)
                size.depth = max(size.depth, 1)
            elif isinstance(node, InlineFragmentNode):
                size.add(of_set(node.selection_set))
            elif isinstance(node, FragmentSpreadNode):
                size.add(of_fragment(node.name.value))
        return size

    def of_fragment(name: str) -> Size:
        if name not in known:
            known[name] = Size()
            if name in fragments:
                known[name] = of_set(fragments[name].selection_set)
        return known[name]

    sizes: dict[str | None, Size] = {}
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            size = of_set(node.selection_set)
            size.directives += len(node.directives or ())
            sizes[node.name.value if node.name else None] = size
    return sizes


def excess(document: DocumentNode, sizes: dict[str | None, Size], limits: GraphQLLimits) -> str | None:
    """What is too big about a document, as a sentence; None when nothing is."""
    for size in sizes.values():
        for found, most, sentence in (
            (size.depth, limits.depth_max, "查询嵌套过深，最多{most}层，请减少层次。"),
            (size.fields, limits.fields_max, "查询的字段过多，最多{most}个，请分次查询。"),
            (size.aliases, limits.aliases_max, "查询的别名过多，最多{most}个，请分次查询。"),
            (size.directives, limits.directives_max, "查询的指令过多，最多{most}个，请减少指令。"),
        ):
            if found > most:
                return sentence.format(most=most)
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode) and len(node.selection_set.selections) > limits.root_fields_max:
            return f"一次查询的项目过多，最多{limits.root_fields_max}项，请分次查询。"
    return None
