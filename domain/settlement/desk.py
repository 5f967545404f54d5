"""What every desk of settlement shares: who may, the second person, reasons, request keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from domain.kernel import idempotency
from domain.kernel.actor import Actor, Role
from domain.kernel.database import Transaction
from domain.kernel.refusal import NOT_PERMITTED, Refused
from domain.settlement.refusals import OTHER_OFFICE, REASON_MISSING, REASON_TOO_LONG, SAME_PERSON

FUNDS_ROLES = (Role.FINANCE, Role.SUPERVISOR)
"""Who works at the desks of settlement. What moves money or master data takes two of them."""

REASON_CHARS_MIN = 4
REASON_CHARS_MAX = 500

# Requests of these desks belong to no personal account.
_NO_ACCOUNT = 0


def require_funds(actor: Actor) -> None:
    """Raises Refused unless the actor works at the desks of settlement."""
    if not actor.has_role(*FUNDS_ROLES):
        raise Refused(NOT_PERMITTED())


def require_second(actor: Actor, *, first: str) -> None:
    """Four eyes: whoever proposed does not decide. Raises Refused."""
    require_funds(actor)
    if actor.reference == first:
        raise Refused(SAME_PERSON())


def require_office(actor: Actor, *, office_code: str) -> None:
    """Staff of an office reach its money only; staff of the whole centre all. Raises Refused."""
    if actor.office_codes and office_code not in actor.office_codes:
        raise Refused(OTHER_OFFICE())


def checked_reason(text: str, *, field: str = "reason") -> str:
    """The reason without blanks around it. Raises Refused when it says nothing or too much."""
    reason = text.strip()
    if len(reason) < REASON_CHARS_MIN:
        raise Refused(REASON_MISSING.on(field, least=REASON_CHARS_MIN))
    if len(reason) > REASON_CHARS_MAX:
        raise Refused(REASON_TOO_LONG.on(field, most=REASON_CHARS_MAX))
    return reason


async def begun(
    tx: Transaction, *, actor: Actor, operation: str, request_key: str, given: Mapping[str, object], now: datetime
) -> int | None:
    """None for a new request, else the number that the earlier one with this key answered. Raises Refused."""
    earlier = await idempotency.begin(
        tx,
        actor=actor,
        account_no=_NO_ACCOUNT,
        request_key=request_key,
        operation=operation,
        given=dict(given),
        now=now,
    )
    return None if earlier is None else int(earlier["number"])


async def finished(tx: Transaction, *, actor: Actor, request_key: str, number: int) -> None:
    await idempotency.finish(
        tx, actor=actor, account_no=_NO_ACCOUNT, request_key=request_key, result={"number": str(number)}
    )
