"""缺失与异常的到账通知: what statements brought without a notice, what could not be read, and asking a bank again."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from backoffice.desk import Desk, DeskPage, redirect
from backoffice.pages.funds import names
from backoffice.pages.funds.receipts import LIST
from backoffice.pages.funds.shared import (
    CALM,
    OPERATE,
    PATH,
    READ,
    Intent,
    Trouble,
    confirmation,
    is_confirmed,
    path_number,
    reason_field,
    refuse,
    show,
)
from domain import settlement
from domain.kernel.refusal import Refusal, Refused

NOTICES = f"{PATH}/notices"
MISSING_DAYS = 31
_DONE = {"cleared": "该通知已标记为处理完毕。"}


async def listed(desk: Desk) -> Response:
    return await _page(desk)


async def _page(desk: Desk, *, trouble: Trouble = CALM) -> Response:
    since = desk.business_date - timedelta(days=MISSING_DAYS)
    return show(
        desk,
        "funds_notices.html",
        trouble=trouble,
        quarantined=await settlement.quarantined_notices(actor=desk.actor),
        missing=await settlement.missing_notices(actor=desk.actor, since=since, until=desk.business_date),
        missing_since=since,
        accounts=await names.accounts(),
        receipts_path=LIST,
        notice=_DONE.get(desk.query.get("done", "")),
    )


async def clear(desk: Desk) -> Response:
    notice_id = path_number(desk, "notice_id")
    form = f"clear-{notice_id}"
    try:
        problems: list[Refusal] = []
        note = reason_field(desk.form, "note", problems)
        refuse(problems)
        if not is_confirmed(desk):
            return confirmation(
                desk,
                Intent(
                    title="处理无法识别的通知",
                    facts=(("通知编号", str(notice_id)), ("处理说明", note or "—")),
                    effect="该通知移出隔离区，不记任何账；其款项须已由银行重发或由对账单带入。",
                    back=NOTICES,
                ),
            )
        await settlement.clear_notice(
            actor=desk.actor,
            notice_id=notice_id,
            note=note,
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _page(desk, trouble=Trouble.of(desk, form, refused))
    return redirect(f"{NOTICES}?done=cleared")


PAGES = (
    DeskPage(NOTICES, READ, listed),
    DeskPage(f"{NOTICES}/{{notice_id}}/clear", OPERATE, clear, "POST"),
)
