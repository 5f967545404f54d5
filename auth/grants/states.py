"""The states of services, parties, keys and grants, and the one way to change them: each change is in the audit
trail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from auth.grants.refusals import STATE_UNFIT
from domain.kernel import audit
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import Refused

Kind = Literal["service", "party", "key", "grant"]

STATE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "registered": "已登记",
        "approved": "已批准",
        "connected": "已对接",
        "suspended": "已暂停",
        "ended": "已结束",
    }
)
STANDING = frozenset({"approved", "connected"})

# From each state, where it may go.
_MOVES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "registered": frozenset({"approved", "ended"}),
        "approved": frozenset({"connected", "suspended", "ended"}),
        "connected": frozenset({"suspended", "ended"}),
        "suspended": frozenset({"approved", "ended"}),
        "ended": frozenset(),
    }
)
_TABLES: Mapping[Kind, tuple[str, str]] = MappingProxyType(
    {
        "service": ("registered_service", "service"),
        "party": ("third_party", "partner_id"),
        "key": ("party_key", "kid"),
        "grant": ("service_grant", "grant_id"),
    }
)


def reachable(state: str, to: str) -> bool:
    return to in _MOVES[state]


async def move(tx: Transaction, *, actor: Actor, kind: Kind, key: object, to: str, reason: str, now: datetime) -> None:
    """Raises Refused when the state does not allow it; nothing has changed then."""
    table, column = _TABLES[kind]
    state = await tx.value(f"SELECT state FROM {table} WHERE {column} = $1 FOR UPDATE", key)
    assert state is not None, f"{kind} {key} is unknown"
    if not reachable(state, to):
        raise Refused(STATE_UNFIT(state=STATE_NAMES[state]))
    await tx.execute(f"UPDATE {table} SET state = $2, changed_at = $3 WHERE {column} = $1", key, to, now)
    await audit.record(
        tx,
        actor=actor,
        action=f"{kind}.{to}",
        subject=f"{kind}:{key}",
        now=now,
        detail={"before": STATE_NAMES[state], "reason": reason},
    )
    await changed(tx)


async def changed(tx: Transaction) -> None:
    """Every process reads the grants again soon after."""
    await tx.execute(
        "INSERT INTO grant_registry (one, revision) VALUES (true, $1)"
        " ON CONFLICT (one) DO UPDATE SET revision = excluded.revision",
        new_id(),
    )
