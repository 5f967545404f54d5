"""批量业务: batches told to banks, their results item by item, and asking for them again."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.components import Pager, Problems, moment_exact, with_query
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.exporting import Cells, Sheet, at_once, export_list
from backoffice.forms import choice_fields, filled
from backoffice.pages.funds import names
from backoffice.pages.funds.refusals import BATCH_NOT_WAITING
from backoffice.pages.funds.shared import (
    CALM,
    EXPORT,
    OPERATE,
    PATH,
    READ,
    READ_MAX,
    Intent,
    Trouble,
    confirmation,
    funds_of,
    is_confirmed,
    path_number,
    show,
    window,
)
from domain import settlement
from domain.kernel import audit
from domain.kernel.money import total
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused
from domain.settlement import BatchItemView, BatchView

LIST = f"{PATH}/batches"
PAGE = f"{LIST}/{{batch_id}}"
STATES = {
    "prepared": "待发送银行",
    "sending": "已发送银行",
    "processing": "银行处理中",
    "unknown": "等待银行确认",
    "ended": "已完成",
    "rejected": "银行未受理",
}
ITEM_STATES = {"waiting": "待处理", "confirmed": "成功", "rejected": "失败"}
ASKABLE = ("sending", "processing", "unknown")


async def listed(desk: Desk) -> Response:
    given = filled(desk.query, ("state",))
    problems: list[Refusal] = []
    choice_fields(given, {"state": STATES}, problems)
    found = [] if problems else await settlement.batches(actor=desk.actor, state=given.get("state"), most=READ_MAX)
    pager = Pager.read(path=LIST, query=given, pages=desk.query.get("pages"))
    page: Page[BatchView] | None = None
    if not problems:
        try:
            page = window(found, after=pager.after, key=_place, shape=(str, int), newest_first=True)
        except Refused as refused:
            problems.extend(refused.refusals)
    return show(
        desk,
        "funds_batches.html",
        status=422 if problems else 200,
        given=given,
        problems=Problems.of(problems),
        states=STATES,
        accounts=await names.accounts(),
        page=page,
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next) if page else pager,
        amount=total([one.total for one in found]),
        page_amount=total([one.total for one in page.items]) if page else None,
        export_to=with_query(f"{LIST}/export", **given),
    )


def _place(one: BatchView) -> list[int | str]:
    # fixed width, so that text and instant have one order
    return [one.prepared_at.isoformat(timespec="microseconds"), one.batch_id]


async def shown(desk: Desk) -> Response:
    return await _page(desk)


async def _page(desk: Desk, *, trouble: Trouble = CALM) -> Response:
    batch = await settlement.batch(actor=desk.actor, batch_id=path_number(desk, "batch_id"))
    given, items = await _items(desk, batch)
    path = f"{LIST}/{batch.batch_id}"
    pager = Pager.read(path=path, query=given, pages=desk.query.get("pages"))
    page = window(items, after=pager.after, key=lambda one: [one.item_no], shape=(int,))
    return show(
        desk,
        "funds_batch.html",
        trouble=trouble,
        batch=batch,
        given=given,
        item_states=ITEM_STATES,
        accounts=await names.accounts(),
        page=page,
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next),
        amount=total([one.amount for one in items]),
        page_amount=total([one.amount for one in page.items]),
        askable=batch.state in ASKABLE,
        here=path,
        export_to=with_query(f"{path}/export", **given),
        notice="已向银行查询，结果见下。" if desk.query.get("done") == "asked" else None,
    )


async def _items(desk: Desk, batch: BatchView) -> tuple[dict[str, str], list[BatchItemView]]:
    """The filter that was given and the items it leaves. Raises Refused."""
    given = filled(desk.query, ("state",))
    problems: list[Refusal] = []
    choice_fields(given, {"state": ITEM_STATES}, problems)
    if problems:
        raise Refused(*problems)
    return given, await settlement.batch_items(actor=desk.actor, batch_id=batch.batch_id, state=given.get("state"))


async def ask(desk: Desk) -> Response:
    """One step with the bank for a batch that was told: asks for its results and takes them."""
    batch = await settlement.batch(actor=desk.actor, batch_id=path_number(desk, "batch_id"))
    here = f"{LIST}/{batch.batch_id}"
    try:
        if batch.state not in ASKABLE:
            raise Refused(BATCH_NOT_WAITING)
        gateway = funds_of(desk)
        if not is_confirmed(desk):
            return confirmation(
                desk,
                Intent(
                    title="查询批量结果",
                    facts=(
                        ("批次", batch.serial_no),
                        ("笔数与金额", f"{batch.item_count}笔，{batch.total.yuan_text}"),
                        ("目前", f"成功{batch.confirmed_count}笔，失败{batch.rejected_count}笔"),
                    ),
                    effect="向银行查询并采用新的结果，有结果的各笔随即入账或退回；银行答复从未收到且已过等待时间的，按原流水号重新发送。",
                    back=here,
                    button="查询银行",
                ),
            )
        state = await settlement.present_batch(batch_id=batch.batch_id, gateway=gateway, now=desk.now)
        await audit.record(
            None,
            actor=desk.actor,
            action="batch.asked",
            subject=f"batch:{batch.batch_id}",
            detail={"state": state},
            now=desk.now,
        )
    except Refused as refused:
        return await _page(desk, trouble=Trouble.of(desk, "ask", refused))
    return redirect(f"{here}?done=asked")


HEADINGS = (
    "批次流水号",
    "方向",
    "用途",
    "专户",
    "笔数",
    "金额（元）",
    "成功笔数",
    "成功金额",
    "失败笔数",
    "失败金额",
    "状态",
    "制作时间",
)


async def export(desk: Desk) -> Response:
    given = filled(desk.query, ("state",))
    problems: list[Refusal] = []
    choice_fields(given, {"state": STATES}, problems)
    if problems:
        raise Refused(*problems)
    found = await settlement.batches(actor=desk.actor, state=given.get("state"), most=READ_MAX)

    async def lines(page: Page[BatchView]) -> list[Cells]:
        return [
            (
                one.serial_no,
                one.direction_name,
                one.purpose,
                one.bank_account_code,
                str(one.item_count),
                str(one.total),
                str(one.confirmed_count),
                str(one.confirmed),
                str(one.rejected_count),
                str(one.rejected),
                one.state_name,
                moment_exact(one.prepared_at),
            )
            for one in page.items
        ]

    amount = str(total([one.total for one in found]))
    sheet = Sheet(
        action="batch.exported",
        subject="batches",
        title="批量业务",
        file_name="batches",
        headings=HEADINGS,
        closing=lambda count: ("合计", f"{count}批", "", "", "", amount),
    )
    return await export_list(desk=desk, sheet=sheet, filters=given, fetch=at_once(found), lines=lines)


ITEM_HEADINGS = (
    "序号",
    "业务编号",
    "个人账号",
    "对方账号",
    "金额（元）",
    "结果",
    "返回码",
    "银行流水号",
    "入账日",
    "争议",
)


async def export_items(desk: Desk) -> Response:
    batch = await settlement.batch(actor=desk.actor, batch_id=path_number(desk, "batch_id"))
    given, items = await _items(desk, batch)

    async def lines(page: Page[BatchItemView]) -> list[Cells]:
        return [
            (
                str(one.item_no),
                one.owner_reference,
                str(one.account_no or ""),
                one.counterparty_account_masked,
                str(one.amount),
                one.state_name,
                one.code or "",
                one.host_serial_no or "",
                one.booked_on.isoformat() if one.booked_on else "",
                one.dispute or "",
            )
            for one in page.items
        ]

    amount = str(total([one.amount for one in items]))
    sheet = Sheet(
        action="batch.exported",
        subject=f"batch:{batch.batch_id}",
        title=f"批量明细_{batch.serial_no}",
        file_name="batch_items",
        headings=ITEM_HEADINGS,
        closing=lambda count: ("合计", f"{count}笔", "", "", amount),
    )
    return await export_list(desk=desk, sheet=sheet, filters=given, fetch=at_once(items), lines=lines)


PAGES = (
    DeskPage(LIST, READ, listed),
    DeskPage(f"{LIST}/export", EXPORT, export, "POST"),
    DeskPage(PAGE, READ, shown),
    DeskPage(f"{PAGE}/export", EXPORT, export_items, "POST"),
    DeskPage(f"{PAGE}/ask", OPERATE, ask, "POST"),
)
