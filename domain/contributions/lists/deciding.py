"""What becomes of a list that is filled in: submitted, checked again, taken back. The runner carries it out."""

from __future__ import annotations

from datetime import date, datetime

from domain import cases
from domain.contributions.employers.standing import lock_standing
from domain.contributions.lists.checking import forget_file
from domain.contributions.lists.desk import (
    ListOpened,
    audited,
    begin,
    check_month,
    finish,
    note_work,
    own_list,
    require_state,
    require_submittable,
)
from domain.contributions.refusals import LIST_STATE, MATTER_REASON
from domain.kernel.actor import Actor
from domain.kernel.database import transaction
from domain.kernel.dates import YearMonth
from domain.kernel.refusal import Refused


async def recheck_list(*, actor: Actor, employer_no: int, list_no: str, request_key: str, now: datetime) -> ListOpened:
    """Has the rows that an agency did not answer for checked again."""
    async with transaction() as tx:
        row = await own_list(tx, actor=actor, employer_no=employer_no, list_no=list_no)
        given = {"list_no": list_no}
        earlier = await begin(
            tx, actor, employer_no=employer_no, request_key=request_key, operation="recheck_list", given=given, now=now
        )
        if earlier is not None:
            return earlier
        require_state(row, "checked")
        await tx.execute(
            "UPDATE contribution_list SET state = 'checking' WHERE employer_no = $1 AND list_id = $2",
            employer_no,
            row["list_id"],
        )
        opened = ListOpened(list_id=row["list_id"], list_no=list_no)
        await note_work(tx, employer_no=employer_no, list_id=row["list_id"], now=now)
        await audited(tx, actor, action="list.recheck", employer_no=employer_no, now=now, list_no=list_no)
        await finish(tx, actor, employer_no=employer_no, request_key=request_key, opened=opened)
        return opened


_ITEMS = {"change": "employee_change", "annual_base": "base_determination"}
"""Of the catalogue, which staff may switch off on a channel."""


async def submit_list(
    *, actor: Actor, employer_no: int, list_no: str, accepted_only: bool, request_key: str, now: datetime,
    business_date: date,
) -> ListOpened:  # fmt: skip
    """Has the accepted rows of a change or of new bases take effect. With refused rows only when `accepted_only` says
    so (D11). A back payment is submitted by drawing its statement (`remittances`)."""
    given = {"list_no": list_no, "accepted_only": accepted_only}
    async with transaction() as tx:
        row = await own_list(tx, actor=actor, employer_no=employer_no, list_no=list_no)
        earlier = await begin(
            tx, actor, employer_no=employer_no, request_key=request_key, operation="submit_list", given=given, now=now
        )
        if earlier is not None:
            return earlier
        require_submittable(row, accepted_only=accepted_only)
        if row["kind"] == "back_payment":
            raise Refused(LIST_STATE(state="待生成补缴书"))
        await cases.require_on(channel=actor.channel, item=_ITEMS[row["kind"]], using=tx)
        standing = await lock_standing(tx, employer_no=employer_no)
        month = YearMonth.of_period(row["period"])
        await check_month(tx, standing=standing, kind=row["kind"], month=month, business_date=business_date)
        await tx.execute(
            "UPDATE contribution_list SET state = 'applying', submitted_by = $3, submitted_by_name = $4,"
            " submitted_at = $5 WHERE employer_no = $1 AND list_id = $2",
            employer_no,
            row["list_id"],
            actor.reference,
            actor.name,
            now,
        )
        opened = ListOpened(list_id=row["list_id"], list_no=list_no)
        await note_work(tx, employer_no=employer_no, list_id=row["list_id"], now=now)
        detail = {"list_no": list_no, "rows": row["accepted_count"], "left_out": row["refused_count"]}
        await audited(tx, actor, action="list.submitted", employer_no=employer_no, now=now, **detail)
        await finish(tx, actor, employer_no=employer_no, request_key=request_key, opened=opened)
        return opened


async def cancel_list(
    *, actor: Actor, employer_no: int, list_no: str, reason: str, request_key: str, now: datetime
) -> ListOpened:
    """Takes back a list that has not begun to take effect (在途清册管理). Staff of the office may too."""
    reason = reason.strip()
    if not 4 <= len(reason) <= 500:
        raise Refused(MATTER_REASON())
    async with transaction() as tx:
        row = await own_list(tx, actor=actor, employer_no=employer_no, list_no=list_no)
        given = {"list_no": list_no, "reason": reason}
        earlier = await begin(
            tx, actor, employer_no=employer_no, request_key=request_key, operation="cancel_list", given=given, now=now
        )
        if earlier is not None:
            return earlier
        require_state(row, "checking", "checked")
        await tx.execute(
            "UPDATE contribution_list_row SET state = 'removed', document_cipher = NULL, name_cipher = NULL,"
            " mobile_cipher = NULL WHERE employer_no = $1 AND list_id = $2",
            employer_no,
            row["list_id"],
        )
        await tx.execute(
            "UPDATE contribution_list SET state = 'cancelled', ended_at = $3, end_reason = $4"
            " WHERE employer_no = $1 AND list_id = $2",
            employer_no,
            row["list_id"],
            now,
            reason,
        )
        await forget_file(tx, employer_no=employer_no, list_id=row["list_id"])
        opened = ListOpened(list_id=row["list_id"], list_no=list_no)
        await audited(
            tx, actor, action="list.cancelled", employer_no=employer_no, now=now, list_no=list_no, reason=reason
        )
        await finish(tx, actor, employer_no=employer_no, request_key=request_key, opened=opened)
        return opened
