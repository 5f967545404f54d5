"""Limits by name (`limits.yaml`), counted for all processes together, each enforced or only tracked.

A fixed window is enough against guessing and stuffing. The first attempt too many of a window leaves an audit event,
in either mode. Without its store nothing is limited: limits are no rights, and the doors behind them fail closed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

from auth import store
from auth.refusals import TOO_OFTEN
from domain.kernel import audit
from domain.kernel.actor import ANONYMOUS
from domain.kernel.declared import read
from domain.kernel.digest import sm3_hex
from domain.kernel.failures import StoreUnavailable
from domain.kernel.refusal import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    name: str
    zh: str
    most: int
    window: timedelta
    mode: Literal["enforce", "track"]


@cache
def limits() -> dict[str, Limit]:
    """The declared limits by name."""
    found = {}
    for name, row in read(Path(__file__).with_name("limits.yaml")).items():
        assert row["mode"] in ("enforce", "track") and row["most"] > 0, f"limit {name}"
        found[name] = Limit(
            name=name,
            zh=row["zh"],
            most=row["most"],
            window=timedelta(minutes=row["window_minutes"]),
            mode=row["mode"],
        )
    return found


async def require(name: str, *, key: str, channel: str, now: datetime) -> None:
    """Raises Refused when the limit is used up, without counting."""
    limit = limits()[name]
    try:
        counted = await store.counted(name=_key(limit, key))
    except StoreUnavailable:
        return
    if counted >= limit.most and limit.mode == "enforce":
        raise Refused(TOO_OFTEN(minutes=limit.window // timedelta(minutes=1)))


async def count(name: str, *, key: str, channel: str, now: datetime) -> None:
    """One more attempt."""
    limit = limits()[name]
    try:
        counted = await store.count(name=_key(limit, key), window=limit.window)
    except StoreUnavailable:
        return
    if counted == limit.most:
        await audit.record(
            None,
            actor=replace(ANONYMOUS, channel=channel),
            action="limit.reached",
            subject=f"limit:{name}",
            outcome="refused" if limit.mode == "enforce" else "done",
            now=now,
            detail={"mode": limit.mode, "most": limit.most},
        )


async def take(name: str, *, key: str, channel: str, now: datetime) -> None:
    """Counts and, where enforced, refuses what is too much. Raises Refused."""
    await require(name, key=key, channel=channel, now=now)
    await count(name, key=key, channel=channel, now=now)


def _key(limit: Limit, key: str) -> str:
    # an address or a person is nobody's business in the store's dump
    return f"{limit.name}:{sm3_hex(key.encode())[:24]}"
