"""转移列表: by direction and state with totals and export (D25); money that fits no letter beside it."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.components import Pager, Problems, moment, with_query
from backoffice.desk import Desk, DeskPage
from backoffice.directory import office_names
from backoffice.exporting import EXPORT_PAGE_SIZE, Cells, Sheet, export_list
from backoffice.forms import choice_fields, filled, plain_fields
from backoffice.pages.transfers.shared import EXPORT, PATH, READ, show
from domain import transfers
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused
from domain.transfers import TransferFilters, TransferPage, TransferView

PAGE_SIZE = 20
FIELDS = ("scope", "direction", "state", "office", "letter")
SCOPES = {"open": "未办结", "troubled": "需处理", "all": "全部"}


async def listed(desk: Desk) -> Response:
    given = {"scope": "open", **filled(desk.query, FIELDS)}
    offices = await office_names()
    problems = _problems(given, offices)
    pager = Pager.read(path=PATH, query=given, pages=desk.query.get("pages"))
    page: TransferPage | None = None
    if not problems:
        try:
            page = await _find(desk, given, first=PAGE_SIZE, after=pager.after)
        except Refused as refused:
            problems.extend(refused.refusals)
    return show(
        desk,
        "transfers.html",
        status=422 if problems else 200,
        given=given,
        choices={"scope": SCOPES, "direction": transfers.DIRECTION_NAMES, "state": _states(), "office": offices},
        problems=Problems.of(problems),
        page=page,
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next) if page else pager,
        export_to=with_query(f"{PATH}/export", **given),
        strays=await transfers.stray_receipts(actor=desk.actor),
        may_export=desk.may(EXPORT),
        figures=await transfers.transfer_figures(),
    )


def _states() -> dict[str, str]:
    return {
        code: state.name for direction in ("in", "out") for code, state in transfers.flow_of(
            direction=direction
        ).states.items()
    }  # fmt: skip


def _problems(given: dict[str, str], offices: dict[str, str]) -> list[Refusal]:
    problems: list[Refusal] = []
    offered = {"scope": SCOPES, "direction": transfers.DIRECTION_NAMES, "state": _states(), "office": offices}
    choice_fields(given, offered, problems)
    plain_fields(given, ("letter",), problems)
    return problems


async def _find(desk: Desk, given: dict[str, str], *, first: int, after: str | None) -> TransferPage:
    return await transfers.transfers(
        actor=desk.actor,
        filters=TransferFilters(
            direction=given.get("direction"),
            state=given.get("state"),
            office_code=given.get("office"),
            open_only=given["scope"] != "all",
            troubled=given["scope"] == "troubled",
            letter_no=given.get("letter"),
        ),
        first=first,
        after=after,
    )


HEADINGS = (
    "受理编号",
    "方向",
    "联系函编号",
    "对方中心",
    "职工",
    "证件号码",
    "管理部",
    "状态",
    "资金",
    "金额",
    "申请时间",
    "期限",
    "需处理",
)


async def export(desk: Desk) -> Response:
    given = {"scope": "open", **filled(desk.query, FIELDS)}
    offices = await office_names()
    if problems := _problems(given, offices):
        raise Refused(*problems)

    async def fetch(behind: Page[TransferView] | None) -> Page[TransferView]:
        return await _find(desk, given, first=EXPORT_PAGE_SIZE, after=behind.end_cursor if behind else None)

    async def lines(page: Page[TransferView]) -> list[Cells]:
        return [_row(one, offices) for one in page.items]

    sheet = Sheet(
        action="transfer.exported",
        subject="transfers",
        title="异地转移接续",
        file_name="transfers",
        headings=HEADINGS,
        closing=lambda count: ("合计", f"{count}件"),
    )
    return await export_list(desk=desk, sheet=sheet, filters=given, fetch=fetch, lines=lines)


def _row(one: TransferView, offices: dict[str, str]) -> Cells:
    return (
        one.transfer_no,
        one.direction_name,
        one.letter_no or "",
        one.other_centre_name,
        one.name_masked,
        one.document_masked,
        offices.get(one.office_code, one.office_code),
        one.state_name,
        one.money_name,
        "" if one.amount is None else str(one.amount),
        moment(one.applied_at),
        one.due_on.isoformat(),
        one.trouble or "",
    )


PAGES = (DeskPage(PATH, READ, listed), DeskPage(f"{PATH}/export", EXPORT, export, "POST"))
