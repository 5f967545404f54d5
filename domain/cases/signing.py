"""Who must sign a case in its state, who has, and which seat a reviewer may take. One person signs one seat; who did an
earlier step does not do this one, nor does who stands in for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain import policy
from domain.cases.deputies import SIGNING_ROLES, Held, roles_held
from domain.cases.flows import Review, Seat, Situation
from domain.cases.refusals import ACTION_NOT_POSSIBLE, ALREADY_SIGNED, OWN_CASE, SAME_REVIEWER
from domain.cases.views import CaseView
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record, Transaction
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import NOT_PERMITTED, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    seat: str
    decision: str
    signer: str
    signer_name: str
    for_staff: str | None
    note: str | None
    signed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """How a review stands: the seats that are there, what was signed, and whether the round was late."""

    review: Review
    seats: tuple[Seat, ...]
    signatures: tuple[Signature, ...]
    escalated: bool

    @property
    def needed(self) -> int:
        return self.review.needed(self.seats)

    @property
    def missing(self) -> tuple[Seat, ...]:
        """Seats that nobody has signed."""
        signed = {one.seat for one in self.signatures}
        return tuple(seat for seat in self.seats if seat.code not in signed)

    def roles_of(self, seat: Seat) -> tuple[str, ...]:
        return (*seat.roles, *(self.review.escalate_to if self.escalated else ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The seat that a reviewer takes, and for whom if not for themselves."""

    signing: Signing
    seat: Seat
    for_staff: str | None


def situation_of(case: CaseView, *, now: datetime, checks_passed: bool = False) -> Situation:
    return Situation(
        flags=frozenset(case.flags),
        amount=case.amount,
        amount_large_from=policy.on(business_date_of(now)).money("review.payment_review_from"),
        checks_passed=checks_passed,
    )


async def signing_of(*, case: CaseView, now: datetime, using: Executor = database.pool) -> Signing | None:
    """None in a state in which nobody signs."""
    review = case.flow.reviews.get(case.state)
    if review is None:
        return None
    rows = await using.rows(
        "SELECT * FROM case_signature WHERE account_no = $1 AND case_id = $2 AND round = $3 ORDER BY signed_at",
        case.account_no,
        case.case_id,
        case.revision,
    )
    escalated = await using.value(
        "SELECT EXISTS (SELECT FROM case_escalation WHERE account_no = $1 AND case_id = $2 AND round = $3)",
        case.account_no,
        case.case_id,
        case.revision,
    )
    return Signing(
        review=review,
        seats=review.seats_of(situation_of(case, now=now)),
        signatures=tuple(_signature(row) for row in rows),
        escalated=bool(escalated),
    )


async def place_of(*, actor: Actor, case: CaseView, now: datetime, using: Executor) -> Place:
    """The seat that the actor may sign now. Raises Refused: by right, for an own case, for one signed or done
    before."""
    if not actor.has_role(*SIGNING_ROLES):
        raise Refused(NOT_PERMITTED())
    signing = await signing_of(case=case, now=now, using=using)
    if signing is None:
        raise Refused(ACTION_NOT_POSSIBLE(state=case.state_name, action="审核"))
    held = await roles_held(actor=actor, office_code=case.office_code, on=business_date_of(now), using=using)
    if not any(held.any_of(*signing.roles_of(seat)) for seat in signing.seats):
        raise Refused(NOT_PERMITTED())
    if actor.person_id is not None and actor.person_id == case.person_id:
        raise Refused(OWN_CASE())
    if any(one.signer == actor.reference for one in signing.signatures):
        raise Refused(ALREADY_SIGNED())
    doers = await _doers(case=case, using=using)
    if actor.reference in doers:
        raise Refused(SAME_REVIEWER())
    taken = {one.signer for one in signing.signatures} | doers
    found = _open_seat(signing, held, taken)
    if found is None:
        raise Refused(NOT_PERMITTED())
    return found


def _open_seat(signing: Signing, held: Held, taken: set[str]) -> Place | None:
    """A seat of an own role before one of an absent member's; none for a member who has signed or acted already."""
    places: list[Place] = []
    for seat in signing.missing:
        role = held.any_of(*signing.roles_of(seat))
        if role is not None and held.roles[role] not in taken:
            places.append(Place(signing=signing, seat=seat, for_staff=held.roles[role]))
    return min(places, key=lambda place: place.for_staff is not None) if places else None


async def _doers(*, case: CaseView, using: Executor) -> set[str]:
    """Who did the steps that the present one is to be separate from, who co-signed and who was
    stood in for among them. Who did it last counts: after a return, the earlier round's reviewers are free again."""
    flow = case.flow
    separate = {name for action in flow.actions_from(case.state) for name in flow.transition(action).separate_from}
    doers: set[str] = set()
    for actions in _by_step(sorted(separate), case):
        last = await using.row(
            "SELECT seq, actor FROM case_event WHERE account_no = $1 AND case_id = $2 AND action = ANY($3)"
            " ORDER BY seq DESC LIMIT 1",
            case.account_no,
            case.case_id,
            actions,
        )
        if last is None:
            continue
        doers.add(last["actor"])
        for row in await using.rows(
            "SELECT signer, for_staff FROM case_signature WHERE account_no = $1 AND case_id = $2 AND round = $3",
            case.account_no,
            case.case_id,
            last["seq"] - 1,
        ):
            doers |= {one for one in (row["signer"], row["for_staff"]) if one}
    return doers


def _by_step(actions: Sequence[str], case: CaseView) -> list[list[str]]:
    """The actions by the state that they are done in: of each state, the last doer counts."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for action in actions:
        groups.setdefault(case.flow.transition(action).origins, []).append(action)
    return list(groups.values())


async def sign(
    tx: Transaction,
    *,
    case: CaseView,
    place: Place,
    actor: Actor,
    decision: str,
    reason_code: str | None,
    note: str | None,
    now: datetime,
) -> None:
    await tx.execute(
        "INSERT INTO case_signature (account_no, case_id, round, seat, decision, signer, signer_name, for_staff,"
        " reason_code, note, signed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        case.account_no,
        case.case_id,
        case.revision,
        place.seat.code,
        decision,
        actor.reference,
        actor.name,
        place.for_staff,
        reason_code,
        note,
        now,
    )


def _signature(row: Record) -> Signature:
    return Signature(
        seat=row["seat"],
        decision=row["decision"],
        signer=row["signer"],
        signer_name=row["signer_name"],
        for_staff=row["for_staff"],
        note=row["note"],
        signed_at=row["signed_at"],
    )
