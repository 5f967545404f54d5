"""快捷回复, 敏感词 and the menu: what the supervisor keeps."""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.responses import Response

from backoffice.components import Problems
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.pages.messages.shared import MANAGE, PATH, READ, show
from backoffice.refusals import PAGE_NOT_FOUND
from channels import conversations
from domain.kernel.refusal import Refused

WORDS = f"{PATH}/words"
_CLICKS = {"@staff": "转人工客服", "@bind": "发送关联链接"}
_DONE = {"added": "已添加。", "removed": "已删除。", "menu": "菜单已发布，用户重新进入后可见。"}


async def shown(desk: Desk) -> Response:
    return await _page(desk, refused=None)


async def _page(desk: Desk, *, refused: Refused | None) -> Response:
    messengers = desk.services.messengers
    return show(
        desk,
        "message_words.html",
        status=422 if refused else 200,
        replies=await conversations.quick_replies(actor=desk.actor),
        words=await conversations.sensitive_words(actor=desk.actor),
        menu=conversations.ANSWERS.menu,
        click_names=_CLICKS,
        platforms=sorted(messengers),
        problems=Problems.of(refused.refusals if refused else ()),
        typed=desk.form if refused else {},
        notice=_DONE.get(desk.query.get("done", "")),
    )


async def changed(desk: Desk) -> Response:
    form, do = desk.form, desk.form.get("do", "")
    work: Awaitable[object]
    if do == "add_word":
        work = conversations.add_word(actor=desk.actor, word=form.get("word", ""), now=desk.now)
    elif do == "remove_word":
        work = conversations.remove_word(actor=desk.actor, word=form.get("word", ""), now=desk.now)
    elif do == "add_reply":
        work = conversations.add_reply(
            actor=desk.actor, title=form.get("title", ""), reply=form.get("reply", ""), now=desk.now
        )
    elif do == "remove_reply" and form.get("reply_id", "").isdecimal() and len(form["reply_id"]) <= 18:
        work = conversations.remove_reply(actor=desk.actor, reply_id=int(form["reply_id"]), now=desk.now)
    elif do == "menu" and form.get("channel") in desk.services.messengers:
        work = conversations.publish_menu(
            actor=desk.actor,
            channel=form["channel"],
            messengers=desk.services.messengers,
            public_url=desk.services.public_url,
            now=desk.now,
        )
    else:
        raise Refused(PAGE_NOT_FOUND)
    try:
        await work
    except Refused as refused:
        return await _page(desk, refused=refused)
    return redirect(f"{WORDS}?done={'menu' if do == 'menu' else 'added' if do.startswith('add') else 'removed'}")


PAGES = (DeskPage(WORDS, READ, shown), DeskPage(WORDS, MANAGE, changed, "POST"))
