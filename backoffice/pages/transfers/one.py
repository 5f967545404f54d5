"""One transfer: what both centres said, the messages with their proof, and the forms for what the reader may do now."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.components import Problems
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.directory import office_names
from backoffice.forms import number_field
from backoffice.pages.transfers.shared import OPERATE, PATH, READ, show
from backoffice.refusals import PAGE_NOT_FOUND
from domain import transfers
from domain.kernel.refusal import Refused
from domain.transfers import Step, TransferView

INFO_NAMES = {
    "TransAmount": "转移金额（元）",
    "Principal": "本金（元）",
    "Interest": "利息（元）",
    "OpenMonth": "开户年月",
    "PaidThrough": "缴至年月",
    "SixMonths": "缴至月前6个月连续",
    "LoanTimes": "贷款次数",
    "LoanOpen": "有未结清贷款",
    "Fraud": "骗提骗贷",
}
_YES_NO = {"SixMonths", "LoanOpen", "Fraud"}
_NOTICES = {
    "applied": "转入申请已受理，请由另一人复核后发出联系函。",
    "done": "已办理，报文将按顺序发送。",
    "posted": "款项已入账。",
    "unposted": "款项仍不能入账，原因见页面上方。",
    "sent": "报文已重新排队发送。",
    "cancelled": "已提交撤销。",
}


async def shown(desk: Desk) -> Response:
    return await _page(desk, await _found(desk))


async def _page(desk: Desk, view: TransferView, *, refused: Refused | None = None) -> Response:
    offices = await office_names()
    status = 200 if refused is None else (422 if any(one.field for one in refused.refusals) else 409)
    doers = await transfers.doers(view=view)
    return show(
        desk,
        "transfer_one.html",
        status=status,
        one=view,
        office=offices.get(view.office_code, view.office_code),
        info=_info(view),
        strays=[one for one in await transfers.stray_receipts(actor=desk.actor) if one.letter_no == view.letter_no],
        events=await transfers.events_of(view=view),
        messages=await transfers.messages_of(account_no=view.account_no, transfer_id=view.transfer_id),
        progress=await transfers.progress_of(view=view),
        actions=transfers.actions_of(actor=desk.actor, view=view, doers=doers) if desk.may(OPERATE) else (),
        problems=Problems.of(refused.refusals if refused else ()),
        typed=desk.form,
        late=view.ended_at is None and view.due_on < desk.business_date,
        notice=_NOTICES.get(desk.query.get("done", "")),
    )


def _info(view: TransferView) -> list[tuple[str, str]]:
    told = view.info or {}
    return [
        (name, {"1": "是", "0": "否"}.get(told[field], told[field]) if field in _YES_NO else told[field])
        for field, name in INFO_NAMES.items()
        if told.get(field)
    ]


async def stepped(desk: Desk) -> Response:
    view = await _found(desk)
    action = desk.form.get("do", "")
    if action not in view.flow.transitions:
        raise Refused(PAGE_NOT_FOUND)
    try:
        await transfers.take_step(
            actor=desk.actor,
            transfer_no=view.transfer_no,
            step=Step(
                action=action,
                note=desk.form.get("note", ""),
                loan_count=number_field(desk.form.get("loan_count", "") or "0"),
                loan_open=desk.form.get("loan_open") == "yes",
                fraud=desk.form.get("fraud") == "yes",
            ),
            request_key=desk.form.get("request_key", ""),
            business_date=desk.business_date,
            now=desk.now,
        )
    except Refused as refused:
        return await _page(desk, await _found(desk), refused=refused)
    return redirect(f"{PATH}/{view.transfer_no}?done=done")


async def cancelled(desk: Desk) -> Response:
    view = await _found(desk)
    try:
        await transfers.cancel_transfer(
            actor=desk.actor,
            transfer_no=view.transfer_no,
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _page(desk, await _found(desk), refused=refused)
    return redirect(f"{PATH}/{view.transfer_no}?done=cancelled")


async def posted(desk: Desk) -> Response:
    view = await _found(desk)
    done = await transfers.post_arrived(
        actor=desk.actor, transfer_no=view.transfer_no, business_date=desk.business_date, now=desk.now
    )
    return redirect(f"{PATH}/{view.transfer_no}?done={'posted' if done else 'unposted'}")


async def sent_again(desk: Desk) -> Response:
    view = await _found(desk)
    await transfers.send_again(
        actor=desk.actor,
        account_no=view.account_no,
        message_id=number_field(desk.form.get("message_id", "")),
        now=desk.now,
    )
    return redirect(f"{PATH}/{view.transfer_no}?done=sent")


async def _found(desk: Desk) -> TransferView:
    return await transfers.transfer_by_no(actor=desk.actor, transfer_no=str(desk.request.path_params["transfer_no"]))


ONE = f"{PATH}/{{transfer_no}}"
PAGES = (
    DeskPage(ONE, READ, shown),
    DeskPage(f"{ONE}/step", OPERATE, stepped, "POST"),
    DeskPage(f"{ONE}/cancel", OPERATE, cancelled, "POST"),
    DeskPage(f"{ONE}/post", OPERATE, posted, "POST"),
    DeskPage(f"{ONE}/send-again", OPERATE, sent_again, "POST"),
)
