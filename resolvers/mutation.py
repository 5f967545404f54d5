"""The one place that catches refusals and makes them `userErrors`.

Nothing else is caught here or in any resolver: a store that is away and a bug travel up to `schema.faults`,
which shows a temporary error or a reference number.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from enum import Enum
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar

from auth import face, renewal
from domain.kernel import audit
from domain.kernel.identifiers import REQUEST_KEY
from domain.kernel.money import Money
from domain.kernel.refusal import KEY_MALFORMED, NOT_PERMITTED, Refused
from schema.types.errors import UserError

AUDITED = "leaves_an_audit_event"
"""Mark of a resolver whose success never goes without an event."""

_OUT_OF_REACH = ("case.not_found", ".other_office")
"""Ends of codes that say: not yours. What is hidden looks as if it were not there."""

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
                if key is None:
                    return await resolve(*values, **named)
                with audit.watched() as watch:
                    answer = await resolve(*values, **named)
                await _leave_no_gap(watch, answer, named=named, name=resolve.__name__, values=values)
                return answer
            except Refused as refused:
                if any(refusal.code == NOT_PERMITTED.code for refusal in refused.refusals):
                    raise
                await _note_reach(refused, named=named, name=resolve.__name__, values=values)
                refusal: R = payload.refused(UserError.all_of(refused))
                return refusal

        answering.__dict__[AUDITED] = True
        return answering

    return around


async def _note_reach(refused: Refused, *, named: dict[str, Any], name: str, values: tuple[Any, ...]) -> None:
    """Staff who reach for another department's matter see nothing of it, and the audit trail sees them."""
    info: Any = named["info"] if "info" in named else values[0]
    actor = info.context.actor
    reached = [one.code for one in refused.refusals if one.code.endswith(_OUT_OF_REACH)]
    if actor.is_staff and reached:
        await audit.record(
            None,
            actor=actor,
            action="access.out_of_reach",
            subject=f"mutation:{name}",
            outcome="refused",
            now=info.context.now,
            detail={"code": reached[0]},
        )


async def _leave_no_gap(
    watch: audit.Watch, answer: Any, *, named: dict[str, Any], name: str, values: tuple[Any, ...]
) -> None:
    """What an action forgot to record is recorded here, by the mutation's name: the trail has no gap."""
    rehearsed = getattr(named.get("input"), "dry_run", False)
    if watch.done or watch.repeated or rehearsed or getattr(answer, "user_errors", None):
        return
    info: Any = named["info"] if "info" in named else values[0]
    await audit.record(
        None,
        actor=info.context.actor,
        action="mutation.done",
        subject=f"mutation:{name}",
        now=info.context.now,
    )


def stepped_up(
    operation: str, *, amount: Callable[[Any], Money | None] = lambda input: None
) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Awaitable[R]]]:
    """Decorates, inside `refusable`, the resolver of a mutation that may ask for a face (`auth.face`). The check is for
    this input with this request key; a rehearsal (`dryRun`) asks for none. A login that is too old is asked for anew
    first (`auth.renewal`). The SDL says so by `@stepUp`."""
    assert operation in face.online_operations(), f"operation {operation} is not declared"

    def around(resolve: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        @wraps(resolve)
        async def answering(*values: P.args, **named: P.kwargs) -> R:
            info: Any = named.get("info") or values[0]
            input: Any = named["input"]
            if not getattr(input, "dry_run", False):
                await renewal.require_recent(actor=info.context.actor, operation=operation, now=info.context.now)
                await face.require(
                    actor=info.context.actor,
                    operation=operation,
                    given=_plain(asdict(input)),
                    amount=amount(input),
                    now=info.context.now,
                )
            return await resolve(*values, **named)

        answering.step_up = operation  # type: ignore[attr-defined]
        return answering

    return around


def _plain(value: Any) -> Any:
    """An input as text, for its digest."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return str(value.value)
    return value if value is None or isinstance(value, bool | int | str) else str(value)
