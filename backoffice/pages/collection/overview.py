"""归集业务: what waits at the counter: matters, lists in transit, statements without money, failed collections."""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote

from starlette.responses import Response

from backoffice.desk import Desk, DeskPage, redirect
from backoffice.pages.collection.shared import OPERATE, PATH, READ, digits
from backoffice.pages.collection.shared import show as shown
from backoffice.refusals import PAGE_NOT_FOUND
from domain import contributions
from domain.kernel.money import total
from domain.kernel.refusal import Refused

READ_MAX = 200
_NOTICES = {
    "decided": "已办理，结果见列表或单位办件。",
    "failed": "办理未成功，原因见列表，处理后可再次办理。",
    "cancelled": "清册已撤销。",
}
_STEPS: dict[str, Literal["pass", "approve", "refuse"]] = {"pass": "pass", "approve": "approve", "refuse": "refuse"}


async def show(desk: Desk) -> Response:
    offices = sorted(desk.actor.office_codes)
    may_operate = desk.may(OPERATE)
    statements = await contributions.statements_open(office_codes=offices, most=READ_MAX)
    failed = await contributions.collection_failures(office_codes=offices, handled="open")
    matters = await contributions.matter_queue(actor=desk.actor, most=READ_MAX) if may_operate else []
    return shown(
        desk,
        "collection_overview.html",
        matters=matters,
        documents=(
            await contributions.documents_of_matters(actor=desk.actor, matters=[one.matter_no for one in matters])
            if matters
            else {}
        ),
        lists=await contributions.lists_in_transit(office_codes=offices, most=READ_MAX),
        statements=statements,
        owed=total([view.amount for view, _ in statements]),
        failed_count=len(failed),
        failed_amount=total([one.amount for one in failed]),
        read_max=READ_MAX,
        today=desk.business_date,
        notice=_NOTICES.get(desk.query.get("done", "")),
    )


async def decide(desk: Desk) -> Response:
    """Passes, approves or refuses a matter, or runs a failed one again."""
    employer_no, matter_no = _employer_no(desk), desk.form.get("matter_no", "")
    step = desk.form.get("step", "")
    if step == "run":
        state = await contributions.run_matter(
            actor=desk.actor, employer_no=employer_no, matter_no=matter_no, carry_out=contributions.CARRY_OUT,
            now=desk.now, business_date=desk.business_date,
        )  # fmt: skip
    else:
        if step not in _STEPS:
            raise Refused(PAGE_NOT_FOUND)
        state = await contributions.decide_matter(
            actor=desk.actor, employer_no=employer_no, matter_no=matter_no, step=_STEPS[step],
            reason=desk.form.get("reason", ""), carry_out=contributions.CARRY_OUT,
            request_key=desk.form.get("request_key", ""), now=desk.now, business_date=desk.business_date,
        )  # fmt: skip
    return redirect(f"{PATH}?done={'failed' if state == 'failed' else 'decided'}")


async def open_document(desk: Desk) -> Response:
    """A form, not a link: each look is kept."""
    document_id = digits(desk.form.get("document_id", ""))
    if document_id is None:
        raise Refused(PAGE_NOT_FOUND)
    opened = await contributions.open_document(
        actor=desk.actor, employer_no=_employer_no(desk), document_id=document_id, now=desk.now
    )
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(opened.name)}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(opened.content, media_type=opened.media_type, headers=headers)


async def cancel_list(desk: Desk) -> Response:
    await contributions.cancel_list(
        actor=desk.actor, employer_no=_employer_no(desk), list_no=desk.form.get("list_no", ""),
        reason=desk.form.get("reason", ""), request_key=desk.form.get("request_key", ""), now=desk.now,
    )  # fmt: skip
    return redirect(f"{PATH}?done=cancelled")


def _employer_no(desk: Desk) -> int:
    given = desk.form.get("employer_no", "")
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        raise Refused(PAGE_NOT_FOUND)
    return int(given)


PAGES = (
    DeskPage(PATH, READ, show),
    DeskPage(f"{PATH}/decide", OPERATE, decide, "POST"),
    DeskPage(f"{PATH}/document", OPERATE, open_document, "POST"),
    DeskPage(f"{PATH}/cancel-list", OPERATE, cancel_list, "POST"),
)
