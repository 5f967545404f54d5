"""Who may come in: asked once for each request, with what it is going to cost.

One port for three questions, so that its adapter can answer them in one round trip: is the session alive, has the
address asked too often, has the caller points left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from auth.grants.standing import StandingGrant
from domain.kernel.actor import Actor
from schema.faults import RequestError

TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The caller's bucket after the request was paid for. Points; `refill` is for one second."""

    points: int
    balance: int
    capacity: int
    refill: int

    @property
    def shown(self) -> dict[str, Any]:
        """As `extensions.cost` of an answer."""
        return {
            "points": self.points,
            "balance": self.balance,
            "capacity": self.capacity,
            "refillPerSecond": self.refill,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """`balance` is None where nobody counts."""

    actor: Actor
    balance: Balance | None = None


class Admit(Protocol):
    async def __call__(self, bearer: str | None, /, *, points: int, origin: str) -> Admitted:
        """`origin` is the caller's address. Raises TokenRefused; StoreUnavailable when nobody can tell; TooMany."""
        ...


class TooMany(RequestError):
    """Asked too often or for too much; `after` seconds the same request may pass."""

    def __init__(self, message: str, *, after: int, **extensions: object) -> None:
        super().__init__(
            message, code=TOO_MANY_REQUESTS, status=429, retryable=True, retryAfterSeconds=after, **extensions
        )
        self.after = after


def points_spent(balance: Balance, *, after: int) -> TooMany:
    sentence = f"查询过于频繁，额度已用完，请{after}秒后再试。"
    return TooMany(sentence, after=after, cost=balance.shown)


def quota_spent(grant: StandingGrant, *, after: int) -> TooMany:
    sentence = (
        f"授权的当日额度已用完（每日{grant.calls_per_day}次、{grant.points_per_day}点），请明日再试，或申请提高额度。"
    )
    return TooMany(sentence, after=after, reason="quota")
