"""Checks a document before it is registered: what a request would be refused for, a registration is refused for."""

from __future__ import annotations

from dataclasses import dataclass

from graphql import GraphQLSchema, OperationDefinitionNode

from schema.documents import Documents
from schema.limits import GraphQLLimits
from schema.trusted.describing import Described, describe
from schema.trusted.identity import document_id_of


class DocumentFault(Exception):
    """The document cannot be registered; the message is a Chinese sentence."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A document fit to be registered. `points_max` is its price with the largest pages."""

    document_id: str
    name: str
    kind: str
    source: str
    points_max: int
    described: Described


def check(*, schema: GraphQLSchema, source: str, limits: GraphQLLimits) -> Checked:
    """Raises DocumentFault unless the text is one sound operation, named, within the limits, without introspection."""
    prepared = Documents(schema=schema, limits=limits).prepare(source)
    if prepared.errors:
        raise DocumentFault("".join(error["message"] for error in prepared.errors))
    assert prepared.document is not None
    operations = [node for node in prepared.document.definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].name is None:
        raise DocumentFault("一个文件应只含一个具名操作，请拆分或补上操作名。")
    operation = operations[0]
    name = operations[0].name.value
    if prepared.sizes[name].introspects:
        raise DocumentFault("登记的文档不能自省接口，请删除__schema和__type。")
    points_max = prepared.prices[name].points_max
    if points_max > limits.points_max:
        raise DocumentFault(f"文档的最高代价为{points_max}点，超过{limits.points_max}点，请减少内容或分页条数。")
    return Checked(
        document_id=document_id_of(source),
        name=name,
        kind=operation.operation.value,
        source=source,
        points_max=points_max,
        described=describe(schema, prepared.document),
    )
