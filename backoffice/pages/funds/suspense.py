"""暂收款 (D04): the list with ages, totals of each district, what waits for its second person, export."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from backoffice.components import Pager, Problems, with_query
from backoffice.desk import Desk, DeskPage
from backoffice.exporting import Cells, Sheet, at_once, export_list
from backoffice.forms import choice_fields, filled
from backoffice.pages.funds import names
from backoffice.pages.funds.shared import EXPORT, PATH, READ, READ_MAX, amount_field, show, window
from backoffice.refusals import CHOICE_UNKNOWN
from domain import settlement
from domain.kernel.money import Money, total
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused
from domain.settlement import SuspenseTotal, SuspenseView

LIST = f"{PATH}/suspense"
FILTER_FIELDS = ("office", "age", "cleared", "amount_from", "amount_to")
CLEARED = {"open": "有余额", "all": "含已结清"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    rows: list[SuspenseView]
    problems: list[Refusal]

    @property
    def open_total(self) -> Money:
        return total([one.open for one in self.rows])


def ages() -> dict[str, str]:
    return {str(number): name for number, (name, _, _) in enumerate(settlement.AGES)}


async def listed(desk: Desk) -> Response:
    given = {"cleared": "open", **filled(desk.query, FILTER_FIELDS)}
    offices = await _offices(desk)
    found = await _find(desk, given, offices)
    pager = Pager.read(path=LIST, query=given, pages=desk.query.get("pages"))
    page: Page[SuspenseView] | None = None
    if not found.problems:
        try:
            page = window(found.rows, after=pager.after, key=_place, shape=(str, int))
        except Refused as refused:
            found.problems.extend(refused.refusals)
    totals = await settlement.suspense_totals(actor=desk.actor, business_date=desk.business_date)
    return show(
        desk,
        "funds_suspense.html",
        status=422 if found.problems else 200,
        given=given,
        choices={"office": offices, "age": ages(), "cleared": CLEARED},
        accounts=await names.accounts(),
        account_sets=await names.account_sets(),
        problems=Problems.of(found.problems),
        page=page,
        open_total=found.open_total,
        page_open=total([one.open for one in page.items]) if page else Money.zero(),
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next) if page else pager,
        cut_off=READ_MAX if len(found.rows) >= READ_MAX else None,
        totals=totals,
        grand=_grand(totals),
        age_names=[name for name, _, _ in settlement.AGES],
        claims=await settlement.movements(actor=desk.actor, state="proposed"),
        paying=await settlement.movements(actor=desk.actor, state="paying"),
        export_to=with_query(f"{LIST}/export", **given),
    )


def _place(one: SuspenseView) -> list[int | str]:
    return [one.opened_on.isoformat(), one.item_id]


async def _offices(desk: Desk) -> dict[str, str]:
    mine = desk.actor.office_codes
    return {code: name for code, name in (await names.offices()).items() if not mine or code in mine}


async def _find(desk: Desk, given: dict[str, str], offices: dict[str, str]) -> Found:
    problems: list[Refusal] = []
    choice_fields(given, {"office": offices, "age": ages(), "cleared": CLEARED}, problems)
    least = amount_field(given, "amount_from", problems)
    most = amount_field(given, "amount_to", problems)
    if least is not None and most is not None and least > most:
        problems.append(Refusal(CHOICE_UNKNOWN.code, "金额下限大于上限，请修改后重新查询。", "amount_to"))
    if problems:
        return Found(rows=[], problems=problems)
    _, age_from, age_to = settlement.AGES[int(given["age"])] if "age" in given else ("", 0, None)
    rows = await settlement.suspense_items(
        actor=desk.actor,
        business_date=desk.business_date,
        office_code=given.get("office"),
        age_from=age_from,
        include_cleared=given["cleared"] == "all",
        most=READ_MAX,
    )
    kept = [
        one
        for one in rows
        if (age_to is None or one.age_days <= age_to)
        and (least is None or one.amount >= least)
        and (most is None or one.amount <= most)
    ]
    return Found(rows=kept, problems=[])


def _grand(totals: list[SuspenseTotal]) -> tuple[int, Money, list[Money]]:
    """Items, open money and its ages over all districts."""
    by_age = [total([one.ages[number] for one in totals]) for number in range(len(settlement.AGES))]
    return sum(one.items for one in totals), total([one.open for one in totals]), by_age


HEADINGS = (
    "暂收编号",
    "入账日",
    "账龄（天）",
    "管理部",
    "账套",
    "付款户名",
    "付款账号",
    "备注",
    "主机流水号",
    "原始凭证",
    "金额（元）",
    "余额（元）",
    "已占用（元）",
)


async def export(desk: Desk) -> Response:
    given = {"cleared": "open", **filled(desk.query, FILTER_FIELDS)}
    found = await _find(desk, given, await _offices(desk))
    if found.problems:
        raise Refused(*found.problems)
    offices, sets = await names.offices(), await names.account_sets()

    async def lines(page: Page[SuspenseView]) -> list[Cells]:
        return [_row(one, offices=offices, sets=sets) for one in page.items]

    sums = (total([one.amount for one in found.rows]), found.open_total, total([one.claimed for one in found.rows]))
    sheet = Sheet(
        action="suspense.exported",
        subject="suspense",
        title="暂收款",
        file_name="suspense",
        headings=HEADINGS,
        closing=lambda count: ("合计", f"{count}笔", *("",) * 8, *map(str, sums)),
    )
    return await export_list(desk=desk, sheet=sheet, filters=given, fetch=at_once(found.rows), lines=lines)


def _row(one: SuspenseView, *, offices: dict[str, str], sets: dict[str, str]) -> Cells:
    return (
        str(one.item_id),
        one.opened_on.isoformat(),
        str(one.age_days),
        offices.get(one.office_code, one.office_code),
        sets.get(one.account_set, one.account_set),
        one.payer_name_masked,
        one.payer_account_masked,
        one.remark,
        one.host_serial_no,
        str(one.voucher_id),
        str(one.amount),
        str(one.open),
        str(one.claimed),
    )


PAGES = (
    DeskPage(LIST, READ, listed),
    DeskPage(f"{LIST}/export", EXPORT, export, "POST"),
)
