"""One conversation: what was said, and taking, answering, handing over and closing it."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.components import Problems
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.forms import new_request_key
from backoffice.pages.messages.shared import OPERATE, PATH, READ, show
from backoffice.refusals import PAGE_NOT_FOUND
from channels import conversations
from domain.kernel.refusal import Refused

_DONE = {
    "take": "已接入，请尽快答复。",
    "answer": "已提交发送，发送结果见消息旁。",
    "hand_over": "已转交。",
    "close": "会话已结束。",
}


async def shown(desk: Desk) -> Response:
    return await _page(desk, _number(desk))


async def _page(desk: Desk, number: int, *, refused: Refused | None = None) -> Response:
    view, lines = await conversations.conversation_of(actor=desk.actor, conversation_id=number, now=desk.now)
    status = 200 if refused is None else (422 if any(one.field for one in refused.refusals) else 409)
    return show(
        desk,
        "message_one.html",
        status=status,
        one=view,
        lines=lines,
        mine=view.state == "held" and view.staff_id == desk.actor.staff_id,
        late=view.answerable_until is not None and desk.now > view.answerable_until,
        replies=await conversations.quick_replies(actor=desk.actor),
        request_key=new_request_key(),
        problems=Problems.of(refused.refusals if refused else ()),
        typed=desk.form if refused else {"text": await _quick(desk)},
        notice=_DONE.get(desk.query.get("done", "")),
    )


async def _quick(desk: Desk) -> str:
    """The words of the quick reply that was chosen, to be looked over before they are sent."""
    wanted = desk.query.get("reply", "")
    for one in await conversations.quick_replies(actor=desk.actor):
        if str(one.reply_id) == wanted:
            return one.reply
    return ""


async def stepped(desk: Desk) -> Response:
    number, do, form = _number(desk), desk.form.get("do", ""), desk.form
    try:
        if do == "take":
            await conversations.take(actor=desk.actor, conversation_id=number, now=desk.now)
        elif do == "answer":
            await conversations.answer(
                actor=desk.actor,
                conversation_id=number,
                text=form.get("text", ""),
                request_key=form.get("request_key", ""),
                now=desk.now,
            )
        elif do == "hand_over":
            await conversations.hand_over(
                actor=desk.actor, conversation_id=number, login=form.get("login", ""), now=desk.now
            )
        elif do == "close":
            await conversations.close(actor=desk.actor, conversation_id=number, note=form.get("note", ""), now=desk.now)
        else:
            raise Refused(PAGE_NOT_FOUND)
    except Refused as refused:
        if refused.refusals[0].code in (PAGE_NOT_FOUND.code, "conversation.not_found"):
            raise
        return await _page(desk, number, refused=refused)
    return redirect(f"{PATH}/{number}?done={do}")


def _number(desk: Desk) -> int:
    given = str(desk.request.path_params["conversation_id"])
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise Refused(PAGE_NOT_FOUND)
    return int(given)


PAGES = (
    DeskPage(f"{PATH}/{{conversation_id}}", READ, shown),
    DeskPage(f"{PATH}/{{conversation_id}}/step", OPERATE, stepped, "POST"),
)
