"""Top-level errors: what a client sees when an operation could not run.

A fault shows a reference number, never a trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog
from graphql import GraphQLError

from domain.kernel.failures import PartnerFailure, StoreUnavailable
from domain.kernel.refusal import NOT_PERMITTED, TEMPORARILY_UNAVAILABLE, Refused

_log = structlog.get_logger("graphql")

BAD_REQUEST = "BAD_REQUEST"
DOCUMENT_INVALID = "DOCUMENT_INVALID"
LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
BAD_USER_INPUT = "BAD_USER_INPUT"
UNAUTHENTICATED = "UNAUTHENTICATED"
FORBIDDEN = "FORBIDDEN"
REFUSED = "REFUSED"
UNAVAILABLE = "TEMPORARILY_UNAVAILABLE"
INTERNAL = "INTERNAL"


class Unauthenticated(GraphQLError):
    """Nobody is logged in, or no longer."""

    def __init__(self, message: str = "请先登录后再办理。", *, reason: str = "token_missing") -> None:
        super().__init__(message, extensions={"code": UNAUTHENTICATED, "reason": reason})


class Forbidden(GraphQLError):
    def __init__(self) -> None:
        super().__init__("您没有查看或办理此项内容的权限。", extensions={"code": FORBIDDEN})


class BadInput(GraphQLError):
    """An argument that no field can take."""

    def __init__(self, message: str) -> None:
        super().__init__(message, extensions={"code": BAD_USER_INPUT})


class RequestError(Exception):
    """A request that never becomes an operation. `status` is for HTTP, `errors` are ready to be sent."""

    def __init__(self, message: str, *, code: str, status: int = 400, **extensions: object) -> None:
        super().__init__(message)
        self.status = status
        self.errors: list[dict[str, Any]] = [{"message": message, "extensions": {"code": code, **extensions}}]

    @classmethod
    def of(cls, errors: Sequence[dict[str, Any]]) -> RequestError:
        """Errors of a document, found earlier."""
        made = cls(errors[0]["message"], code=DOCUMENT_INVALID)
        made.errors = list(errors)
        return made


def document_error(error: GraphQLError) -> dict[str, Any]:
    """A syntax or validation error, located in the document."""
    return _located(error, message=f"查询语句有误：{error.message}", code=DOCUMENT_INVALID)


def unavailable() -> RequestError:
    return RequestError(TEMPORARILY_UNAVAILABLE().message, code=UNAVAILABLE, status=503, retryable=True)


def presented(error: GraphQLError, *, reference: str) -> dict[str, Any]:
    """One error of an execution as the client sees it. Faults are logged with the reference and masked."""
    cause = _cause(error)
    if cause is None:
        if "code" in (error.extensions or {}):
            return _located(error, message=error.message, **(error.extensions or {}))
        return _located(error, message=f"提交的内容有误：{error.message}", code=BAD_USER_INPUT)
    if isinstance(cause, Refused):
        return _refused(error, cause)
    if isinstance(cause, StoreUnavailable | TimeoutError):
        _log.warning("graphql.unavailable", reference=reference, path=_path(error), cause=str(cause))
        return _located(error, message=TEMPORARILY_UNAVAILABLE().message, code=UNAVAILABLE, retryable=True)
    if isinstance(cause, PartnerFailure):
        _log.warning("graphql.partner", reference=reference, partner=cause.partner, reason=cause.reason)
        return _located(
            error, message="对方系统暂时未能答复，请稍后重试。", code=UNAVAILABLE, retryable=cause.retryable
        )
    _log.error("graphql.fault", reference=reference, path=_path(error), exc_info=cause)
    return _located(error, message=masked_message(reference), code=INTERNAL, reference=reference)


def masked_message(reference: str) -> str:
    return f"系统出现异常，请稍后重试；如仍有问题请拨打12329，并告知编号{reference}。"


def fault(error: BaseException, *, reference: str) -> RequestError:
    """For what goes wrong outside an execution."""
    _log.error("graphql.fault", reference=reference, exc_info=error)
    return RequestError(masked_message(reference), code=INTERNAL, status=500, reference=reference)


def _refused(error: GraphQLError, refused: Refused) -> dict[str, Any]:
    """Refusals of a query; mutations answer theirs as `userErrors`."""
    first = refused.refusals[0]
    if first.code == NOT_PERMITTED.code:
        return _located(error, message=first.message, code=FORBIDDEN)
    message = "".join(refusal.message for refusal in refused.refusals)
    return _located(
        error, message=message, code=REFUSED, refusal=first.code, field=first.field, retryable=first.retryable
    )


def _cause(error: GraphQLError) -> BaseException | None:
    """What a resolver raised, unless it was an error made for the client."""
    cause: BaseException | None = error.original_error
    while isinstance(cause, GraphQLError):
        if cause.original_error is None:
            return None
        cause = cause.original_error
    return cause


def _located(error: GraphQLError, *, message: str, **extensions: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {"message": message}
    if error.locations:
        shown["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        shown["path"] = error.path
    shown["extensions"] = extensions
    return shown


def _path(error: GraphQLError) -> str:
    return ".".join(str(step) for step in error.path or ())
