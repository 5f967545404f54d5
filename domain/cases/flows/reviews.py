"""Reviews as data: which seats sign in a state, how many must, and what the signatures come to. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from domain.kernel.actor import Role
from domain.kernel.money import Money

Need = Literal["all", "any"] | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a flow may look at of a case. `amount_large_from` is the policy's."""

    flags: frozenset[str] = frozenset()
    amount: Money
    amount_large_from: Money
    checks_passed: bool = False


SITUATIONS: dict[str, Callable[[Situation], bool]] = {
    "key_review": lambda seen: not seen.flags.isdisjoint(("key_review", "spouse_listed")),
    "amount_large": lambda seen: seen.amount >= seen.amount_large_from,
    "no_flags": lambda seen: not seen.flags,
    "checks_passed": lambda seen: seen.checks_passed,
}
"""What `when` in a flow may name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One signature to give. It is there only in one of the situations of `when`, or always."""

    code: str
    name: str
    roles: tuple[str, ...]
    when: tuple[str, ...] = ()

    def is_there(self, seen: Situation) -> bool:
        return not self.when or any(SITUATIONS[name](seen) for name in self.when)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """How a state is reviewed. `within` names the policy's working days; late, `escalate_to` may sign too."""

    state: str
    name: str
    need: Need
    seats: tuple[Seat, ...]
    within: str | None = None
    escalate_to: tuple[str, ...] = ()

    def seats_of(self, seen: Situation) -> tuple[Seat, ...]:
        return tuple(seat for seat in self.seats if seat.is_there(seen))

    def needed(self, seats: Sequence[Seat]) -> int:
        """How many approvals it takes of the seats that are there."""
        if self.need == "all":
            return len(seats)
        return 1 if self.need == "any" else min(self.need, len(seats))

    def outcome(self, *, seats: Sequence[Seat], signed: Mapping[str, str]) -> Literal["approve", "refuse"] | None:
        """What the signatures come to: approved with as many as needed, refused once that many cannot be had any more,
        None while others must still sign. `signed` is seat → approve or refuse."""
        needed = self.needed(seats)
        given = [signed[seat.code] for seat in seats if seat.code in signed]
        if given.count("approve") >= needed:
            return "approve"
        return "refuse" if given.count("refuse") > len(seats) - needed else None


def read_review(state: str, declared: dict[str, Any]) -> Review:
    """Raises TypeError or KeyError for a malformed declaration."""
    unknown = set(declared) - {"name", "need", "seats", "within", "escalate_to"}
    if unknown:
        raise TypeError(f"unknown key in the review of {state}")
    return Review(
        state=state,
        name=declared["name"],
        need=declared["need"],
        seats=tuple(
            Seat(code=one["code"], name=one["name"], roles=tuple(one["roles"]), when=tuple(one.get("when", ())))
            for one in declared["seats"]
        ),
        within=declared.get("within"),
        escalate_to=tuple(declared.get("escalate_to", ())),
    )


def faults_of_review(review: Review) -> list[str]:
    """Everything that makes a review unusable."""
    found: list[str] = []
    codes = [seat.code for seat in review.seats]
    always = sum(not seat.when for seat in review.seats)
    if len(set(codes)) != len(codes) or not always:
        found.append(f"review of {review.state}: seats are doubled, or none is always there")
    if not (review.need in ("all", "any") or (isinstance(review.need, int) and 1 <= review.need <= always)):
        found.append(f"review of {review.state}: {review.need} of {always} seats cannot be")
    for seat in review.seats:
        if not seat.roles or not set(seat.roles) <= set(Role):
            found.append(f"review of {review.state}: seat {seat.code} needs known roles")
        found.extend(f"review of {review.state}: unknown situation {name}" for name in set(seat.when) - set(SITUATIONS))
    if not set(review.escalate_to) <= set(Role):
        found.append(f"review of {review.state}: escalates to an unknown role")
    return found
