"""What the person says to a negotiation or a refusal of the other centre: kept beside the transfer, seen by staff."""

from __future__ import annotations

from datetime import datetime

from domain.kernel import audit, idempotency
from domain.kernel.actor import Actor
from domain.kernel.database import transaction
from domain.kernel.refusal import NOT_PERMITTED, REAL_NAME_REQUIRED, Refused
from domain.transfers import store
from domain.transfers.refusals import ANSWER_LENGTH, ANSWER_NOT_NOW, NOT_FOUND
from domain.transfers.store import REASON_LENGTH_MAX, REASON_LENGTH_MIN, TransferView, view_of

ANSWERED = "answered"
_OPEN_TO_ANSWERS = ("06", "13")


def may_answer(view: TransferView) -> bool:
    """While two centres negotiate, or the other one has said no, the person may say what they know."""
    return view.direction == "in" and view.state in _OPEN_TO_ANSWERS


async def answer_negotiation(
    *, actor: Actor, transfer_no: str, statement: str, request_key: str, now: datetime
) -> TransferView:
    """The answer stands in the transfer's record and among what staff have to see to; what of it goes to the other
    centre is for staff to say. Raises Refused."""
    if not actor.is_citizen:
        raise Refused(NOT_PERMITTED())
    if not actor.is_real_name:
        raise Refused(REAL_NAME_REQUIRED())
    place = await store.place_of(transfer_no=transfer_no)
    if place is None:
        raise Refused(NOT_FOUND())
    said = " ".join(statement.split())
    async with transaction() as tx:
        row = await store.locked(tx, account_no=place[0], transfer_id=place[1])
        if row["person_id"] != actor.person_id:
            raise Refused(NOT_FOUND())
        begun = await idempotency.begin(
            tx, actor=actor, account_no=place[0], request_key=request_key, operation="answer_transfer",
            given={"transfer_no": transfer_no, "statement": said}, now=now,
        )  # fmt: skip
        if begun is None:
            view = view_of(row)
            if not may_answer(view):
                raise Refused(ANSWER_NOT_NOW(state=view.state_name))
            if not REASON_LENGTH_MIN <= len(said) <= REASON_LENGTH_MAX:
                raise Refused(ANSWER_LENGTH())
            row = await store.note_event(tx, row=row, action=ANSWERED, actor=actor, note=said, now=now)
            row = await store.change(tx, row=row, trouble=f"职工已答复：{said}"[:200])
            await audit.record(
                tx, actor=actor, action="transfer.answered", subject=f"transfer:{transfer_no}", now=now,
                detail={"state": row["state"]},
            )  # fmt: skip
            await idempotency.finish(
                tx, actor=actor, account_no=place[0], request_key=request_key, result={"transfer_no": transfer_no}
            )
    return view_of(row)
