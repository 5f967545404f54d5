"""The one place that catches refusals and makes them `userErrors`.

Nothing else is caught here or in any resolver: a store that is away and a bug travel up to `schema.faults`,
which shows a temporary error or a reference number.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar

from domain.kernel.identifiers import REQUEST_KEY
from domain.kernel.refusal import KEY_MALFORMED, NOT_PERMITTED, Refused
from schema.types.errors import UserError

P = ParamSpec("P")
R = TypeVar("R")


class Payload(Protocol):
    """A payload type that can say why nothing was done."""

    @classmethod
    def refused(cls, errors: list[UserError]) -> Any: ...


def refusable(payload: type[Payload]) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Awaitable[R]]]:
    """Decorates the resolver of a mutation (or of a quote). A missing permission stays a top-level error."""

    def around(resolve: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        @wraps(resolve)
        async def answering(*values: P.args, **named: P.kwargs) -> R:
            try:
                key = getattr(named.get("input"), "request_key", None)
                if key is not None and REQUEST_KEY.fullmatch(key) is None:
                    raise Refused(KEY_MALFORMED())
                return await resolve(*values, **named)
            except Refused as refused:
                if any(refusal.code == NOT_PERMITTED.code for refusal in refused.refusals):
                    raise
                answer: R = payload.refused(UserError.all_of(refused))
                return answer

        return answering

    return around
