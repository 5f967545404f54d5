"""Parsed and validated documents, kept by their text.

The rules are fixed when the process starts: a document that was found sound once is sound for everyone, and
who may do what is decided while it runs.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
    validate,
)

from schema.compiled import Candidates
from schema.cost import Price, prices
from schema.faults import BAD_REQUEST, LIMIT_EXCEEDED, RequestError, document_error
from schema.limits import GraphQLLimits, Size, excess, measure

_ERRORS_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An operation of a sound document, with what is asked of it at each request."""

    node: OperationDefinitionNode
    price: Price
    kind: str
    root_field: str
    introspects: bool


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document ready to run, or the errors that it has."""

    document: DocumentNode | None
    sizes: dict[str | None, Size]
    errors: tuple[dict[str, Any], ...] = ()
    prices: dict[str | None, Price] = field(default_factory=dict)
    candidates: Candidates = field(default_factory=Candidates)
    found: dict[str | None, Wanted] = field(default_factory=dict)

    def wanted(self, name: str | None) -> Wanted:
        """The operation to run, as every request needs it. Raises RequestError when the name does not say which."""
        known = self.found.get(name)
        if known is None:
            node = self.operation(name)
            own = node.name.value if node.name else None
            known = Wanted(
                node=node,
                price=self.prices[own],
                kind=node.operation.value,
                root_field=root_field_of(node),
                introspects=self.sizes[own].introspects,
            )
            # names that are none raise above: no more are kept than the document has operations, and nobody's name
            self.found[name] = known
        return known

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation to run. Raises RequestError when the name does not say which."""
        assert self.document is not None, "a document with errors has no operation"
        found = [
            node
            for node in self.document.definitions
            if isinstance(node, OperationDefinitionNode)
            and (name is None or (node.name is not None and node.name.value == name))
        ]
        if len(found) == 1:
            return found[0]
        if name is None and found:
            raise RequestError("文档中有多个操作，请用operationName指明要执行的操作。", code=BAD_REQUEST)
        raise RequestError("文档中没有operationName指明的操作，请核对后重试。", code=BAD_REQUEST)


def root_field_of(operation: OperationDefinitionNode) -> str:
    """Name of the first root field: a name of our schema, fit for a metric's label."""
    for node in operation.selection_set.selections:
        if isinstance(node, FieldNode):
            return node.name.value
    return "fragment"


class Documents:
    """Least recently used documents go first."""

    def __init__(self, *, schema: GraphQLSchema, limits: GraphQLLimits) -> None:
        self._schema = schema
        self._limits = limits
        self._kept: OrderedDict[str, Prepared] = OrderedDict()

    def prepare(self, text: str) -> Prepared:
        """Never raises: a faulty document is kept with its errors, so that repeating it costs nothing."""
        kept = self._kept.get(text)
        if kept is not None:
            self._kept.move_to_end(text)
            return kept
        prepared = self._prepare(text)
        if len(text) <= self._limits.document_chars_max:
            self._kept[text] = prepared
            if len(self._kept) > self._limits.documents_cached:
                self._kept.popitem(last=False)
        return prepared

    def _prepare(self, text: str) -> Prepared:
        limits = self._limits
        if len(text) > limits.document_chars_max:
            return _too_big(f"查询语句过长，最多{limits.document_chars_max}个字符。")
        try:
            document = parse(text, max_tokens=limits.tokens_max)
            sizes = measure(document)
            if sentence := excess(document, sizes, limits):
                return _too_big(sentence)
            found = validate(self._schema, document, max_errors=_ERRORS_MAX, hide_suggestions=True)
        except RecursionError:
            return _too_big("查询嵌套过深，请减少层次。")
        except GraphQLSyntaxError as error:
            if "limited to" in error.message:
                return _too_big(f"查询语句过长，最多{limits.tokens_max}个词。")
            return _faulty([error])
        except GraphQLError as error:
            return _faulty([error])
        if found:
            return _faulty(found)
        return Prepared(document, sizes, prices=prices(self._schema, document))


def _faulty(found: list[GraphQLError]) -> Prepared:
    return Prepared(None, {}, tuple(document_error(error) for error in found[:_ERRORS_MAX]))


def _too_big(sentence: str) -> Prepared:
    return Prepared(None, {}, ({"message": sentence, "extensions": {"code": LIMIT_EXCEEDED}},))
