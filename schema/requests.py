"""What a client sends and who sends it, before anything runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import OperationDefinitionNode, OperationType

from auth.tokens import TokenRefused
from domain.kernel.actor import Actor
from schema.documents import Prepared
from schema.faults import BAD_REQUEST, RequestError

_BEARER = re.compile(r"[Bb]earer +([A-Za-z0-9._~+/=-]{1,4096})")


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """A request as it came, its shape checked."""

    query: str
    variables: Mapping[str, Any]
    operation_name: str | None

    @classmethod
    def read(cls, body: object) -> GraphQLRequest:
        """Raises RequestError unless the body is a GraphQL request."""
        if isinstance(body, list):
            raise RequestError("不支持批量请求，请逐个提交。", code=BAD_REQUEST)
        if not isinstance(body, dict):
            raise RequestError("请求内容应为JSON对象，包含query。", code=BAD_REQUEST)
        query, variables, name = body.get("query"), body.get("variables"), body.get("operationName")
        if not isinstance(query, str) or not query.strip():
            raise RequestError("请求缺少query，或query不是文本。", code=BAD_REQUEST)
        if variables is not None and not isinstance(variables, dict):
            raise RequestError("variables应为JSON对象。", code=BAD_REQUEST)
        if name is not None and not isinstance(name, str):
            raise RequestError("operationName应为文本。", code=BAD_REQUEST)
        extensions = body.get("extensions")
        if extensions is not None and not isinstance(extensions, dict):
            raise RequestError("extensions应为JSON对象。", code=BAD_REQUEST)
        return cls(query, variables or {}, name or None)


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation that may run: found, validated and within the limits."""

    request: GraphQLRequest
    prepared: Prepared
    node: OperationDefinitionNode

    @property
    def is_subscription(self) -> bool:
        return self.node.operation is OperationType.SUBSCRIPTION


@dataclass(frozen=True, slots=True, repr=False)
class Caller:
    """Who asks, and how to ask again whether they still may: a subscription can outlive its token."""

    actor: Actor
    bearer: str | None


def bearer_of(header: str) -> str:
    """The token of an Authorization header. Raises TokenRefused for other schemes and malformed tokens."""
    found = _BEARER.fullmatch(header.strip())
    if found is None:
        raise TokenRefused("token_invalid")
    return found[1]
