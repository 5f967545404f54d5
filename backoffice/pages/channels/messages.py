"""来报: what partners sent; those in quarantine are looked at, replayed or closed, with a reason that is kept."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.components import Pager, Problems, moment_exact, with_query
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.exporting import EXPORT_PAGE_SIZE, Cells, Sheet, export_list
from backoffice.forms import choice_fields, day_range, filled
from backoffice.pages.channels.overview import OPERATE, PATH, READ, TABS
from backoffice.refusals import PAGE_NOT_FOUND
from channels import inbound
from channels.inbound import InboundFilters, InboundView
from channels.registered import CHANNELS
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused

LIST = f"{PATH}/messages"
PAGE_SIZE = 30
FIELDS = ("channel", "state", "from", "to")
STATES = {"received": "待处理", "done": "已处理", "quarantined": "已隔离", "closed": "已处置"}
TONES = {"received": "waiting", "done": "good", "quarantined": "bad", "closed": "quiet"}


async def listed(desk: Desk) -> Response:
    return await _page(desk)


async def _page(desk: Desk, *, refused: Refused | None = None, content: str | None = None, about: str = "") -> Response:
    given = filled(desk.query, FIELDS)
    problems: list[Refusal] = list(refused.refusals) if refused else []
    filters = _filters(given, problems)
    pager = Pager.read(path=LIST, query=given, pages=desk.query.get("pages"))
    page: Page[InboundView] | None = None
    try:
        page = await inbound.inbound_messages(actor=desk.actor, filters=filters, first=PAGE_SIZE, after=pager.after)
    except Refused as wrong:
        problems.extend(wrong.refusals)
    return desk.page(
        "channel_messages.html",
        status=422 if problems else 200,
        tabs=TABS,
        given=given,
        choices={"channel": {code: one.name for code, one in CHANNELS.items()}, "state": STATES},
        problems=Problems.of(problems),
        page=page,
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next) if page else pager,
        tones=TONES,
        content=content,
        about=about,
        may_operate=desk.may(OPERATE),
        export_to=with_query(f"{LIST}/export", **given),
        notice={"replayed": "已重新排入处理。", "closed": "已处置关闭。"}.get(desk.query.get("done", "")),
    )


def _filters(given: dict[str, str], problems: list[Refusal]) -> InboundFilters:
    choice_fields(given, {"channel": CHANNELS, "state": STATES}, problems)
    first, last = day_range(given, "from", "to", problems)
    return InboundFilters(channel=given.get("channel"), state=given.get("state"), received_from=first, received_to=last)


async def acted(desk: Desk) -> Response:
    given = str(desk.request.path_params["message_id"])
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise Refused(PAGE_NOT_FOUND)
    number, reason, do = int(given), desk.form.get("reason", ""), desk.form.get("do")
    try:
        if do == "show":
            content = await inbound.message_content(actor=desk.actor, message_id=number, reason=reason, now=desk.now)
            return await _page(desk, content=content, about=given)
        if do == "replay":
            await inbound.replay(actor=desk.actor, message_id=number, reason=reason, now=desk.now)
            return redirect(f"{LIST}?done=replayed")
        if do == "close":
            await inbound.close_message(actor=desk.actor, message_id=number, reason=reason, now=desk.now)
            return redirect(f"{LIST}?done=closed")
    except Refused as refused:
        return await _page(desk, refused=refused)
    raise Refused(PAGE_NOT_FOUND)


HEADINGS = (
    "渠道",
    "种类",
    "报文编号",
    "版本",
    "字节",
    "状态",
    "收到次数",
    "处理次数",
    "结果",
    "问题",
    "收到时间",
    "办结时间",
)


async def export(desk: Desk) -> Response:
    given = filled(desk.query, FIELDS)
    problems: list[Refusal] = []
    filters = _filters(given, problems)
    if problems:
        raise Refused(*problems)

    async def fetch(behind: Page[InboundView] | None) -> Page[InboundView]:
        return await inbound.inbound_messages(
            actor=desk.actor, filters=filters, first=EXPORT_PAGE_SIZE, after=behind.end_cursor if behind else None
        )

    async def lines(page: Page[InboundView]) -> list[Cells]:
        return [
            (
                CHANNELS[one.channel].name if one.channel in CHANNELS else one.channel,
                one.kind,
                one.key,
                one.version,
                str(one.bytes_count),
                one.state_name,
                str(one.told),
                str(one.attempts),
                one.outcome or "",
                one.fault or "",
                moment_exact(one.received_at),
                moment_exact(one.ended_at),
            )
            for one in page.items
        ]

    sheet = Sheet(action="inbound.exported", subject="inbound", title="来报", file_name="messages", headings=HEADINGS)
    return await export_list(desk=desk, sheet=sheet, filters=given, fetch=fetch, lines=lines)


PAGES = (
    DeskPage(LIST, READ, listed),
    DeskPage(f"{LIST}/export", READ, export, "POST"),
    DeskPage(f"{LIST}/{{message_id}}", OPERATE, acted, "POST"),
)
