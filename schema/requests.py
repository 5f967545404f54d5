"""What a client sends and who sends it, before anything runs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from auth.tokens import TokenRefused
from domain.kernel.actor import Actor
from schema.documents import Prepared, Wanted
from schema.faults import BAD_REQUEST, RequestError
from schema.trusted.identity import DOCUMENT_ID
from schema.trusted.registry import Trusted

_PARAMETERS = frozenset({"query", "documentId", "operationName", "variables", "extensions"})
_BEARER = re.compile(r"[Bb]earer +([A-Za-z0-9._~+/=-]{1,4096})")


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """A request as it came, its shape checked."""

    query: str
    variables: Mapping[str, Any]
    operation_name: str | None
    document_id: str | None = None
    """Names a registered document; then `query` is empty."""

    @classmethod
    def read(cls, body: object) -> GraphQLRequest:
        """Raises RequestError unless the body is a GraphQL request."""
        if isinstance(body, list):
            raise RequestError("不支持批量请求，请逐个提交。", code=BAD_REQUEST)
        if not isinstance(body, dict):
            raise RequestError("请求内容应为JSON对象，包含query或documentId。", code=BAD_REQUEST)
        query, variables, name = body.get("query"), body.get("variables"), body.get("operationName")
        document_id = body.get("documentId")
        if document_id is not None:
            if query is not None:
                raise RequestError("query和documentId只能提供一个，请去掉其中一个。", code=BAD_REQUEST)
            if not isinstance(document_id, str) or DOCUMENT_ID.fullmatch(document_id) is None:
                raise RequestError("documentId应为“sha256:”加64位小写十六进制数，请核对后重试。", code=BAD_REQUEST)
            query = ""
        elif not isinstance(query, str) or not query.strip():
            raise RequestError("请求缺少query，或query不是文本。", code=BAD_REQUEST)
        if variables is not None and not isinstance(variables, dict):
            raise RequestError("variables应为JSON对象。", code=BAD_REQUEST)
        if name is not None and not isinstance(name, str):
            raise RequestError("operationName应为文本。", code=BAD_REQUEST)
        extensions = body.get("extensions")
        if extensions is not None and not isinstance(extensions, dict):
            raise RequestError("extensions应为JSON对象。", code=BAD_REQUEST)
        return cls(query, variables or {}, name or None, document_id)

    @classmethod
    def of_url(cls, pairs: Sequence[tuple[str, str]]) -> GraphQLRequest:
        """The request in a URL's query: `variables` and `extensions` are JSON. Raises RequestError."""
        given: dict[str, Any] = {}
        for name, value in pairs:
            if name not in _PARAMETERS:
                continue
            if name in given:
                raise RequestError(f"参数{name}只能出现一次，请去掉重复的参数。", code=BAD_REQUEST)
            given[name] = _parameter(value) if name in ("variables", "extensions") else value
        return cls.read(given)


def _parameter(text: str) -> object:
    if not text:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise RequestError("variables和extensions应为JSON，请核对后重试。", code=BAD_REQUEST) from None


@dataclass(slots=True)
class Operation:
    """An operation that may run: found, validated and within the limits."""

    request: GraphQLRequest
    prepared: Prepared
    wanted: Wanted
    trusted: Trusted | None = None
    """The registered document it is of."""

    @property
    def points(self) -> int:
        """Its price with the variables given."""
        return self.wanted.price.points(self.request.variables)

    @property
    def is_subscription(self) -> bool:
        return self.wanted.kind == "subscription"


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
