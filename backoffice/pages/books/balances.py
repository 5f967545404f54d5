"""科目余额表 by set and month, the balance sheet made of it, and one subject's ledger (明细账)."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.components import Pager, Problems, with_query
from backoffice.desk import Desk, DeskPage
from backoffice.exporting import Cells, Sheet, export_list
from backoffice.pages.books.shared import PATH, READ, STATES, Chosen, chosen, show
from backoffice.refusals import PAGE_NOT_FOUND
from domain import ledger
from domain.kernel.money import Money, total
from domain.kernel.paging import Page
from domain.kernel.refusal import Refused
from domain.ledger import StatementLine, TrialLine

BALANCES = f"{PATH}/balances"
PAGE_SIZE = 50


async def page(desk: Desk) -> Response:
    given = await chosen(desk)
    lines = await ledger.trial_balance(account_set=given.account_set, period=given.period)
    return show(
        desk,
        "books_balances.html",
        status=422 if given.problems else 200,
        given=given,
        problems=Problems.of(given.problems),
        state=STATES[await ledger.period_state(account_set=given.account_set, period=given.period)],
        lines=lines,
        debit=total([line.debit for line in lines]),
        credit=total([line.credit for line in lines]),
        sheet=await _sheet(given),
        export_to=with_query(f"{BALANCES}/export", **given.given),
    )


async def _sheet(given: Chosen) -> list[StatementLine]:
    if not given.is_maintenance:
        return await ledger.balance_sheet(account_set=given.account_set, period=given.period)
    lines = await ledger.maintenance_sheet(account_set=given.account_set, period=given.period)
    return [StatementLine(row_no=one.row_no, name=one.name, amount=one.closing) for one in lines]


SHEET = Sheet(
    action="books.exported",
    subject="books:balances",
    title="科目余额表",
    file_name="balances",
    headings=("科目", "名称", "方向", "期初余额", "本期借方", "本期贷方", "期末余额"),
)


async def export(desk: Desk) -> Response:
    given = await chosen(desk)
    if given.problems:
        raise Refused(*given.problems)
    rows = await ledger.trial_balance(account_set=given.account_set, period=given.period)

    async def fetch(behind: Page[TrialLine] | None) -> Page[TrialLine]:
        return Page(items=tuple(rows), cursors=("",) * len(rows), has_next=False, total=len(rows))

    async def cells(found: Page[TrialLine]) -> list[Cells]:
        return [
            (
                line.subject,
                line.name,
                "借" if line.side == "D" else "贷",
                *(str(amount) for amount in (line.opening, line.debit, line.credit, line.closing)),
            )
            for line in found.items
        ]

    return await export_list(desk=desk, sheet=SHEET, filters=given.given, fetch=fetch, lines=cells)


async def subject(desk: Desk) -> Response:
    given = await chosen(desk)
    code = str(desk.request.path_params["subject"])
    line = next(
        (
            one
            for one in await ledger.trial_balance(account_set=given.account_set, period=given.period)
            if one.subject == code
        ),
        None,
    )
    if line is None or given.problems:
        raise Refused(*(given.problems or [PAGE_NOT_FOUND]))
    pager = Pager.read(path=f"{BALANCES}/{code}", query=given.given, pages=desk.query.get("pages"))
    found = await ledger.subject_ledger(
        account_set=given.account_set, period=given.period, subject=code, first=PAGE_SIZE, after=pager.after
    )
    return show(
        desk,
        "books_subject.html",
        given=given,
        line=line,
        page=found,
        pager=pager.at(end_cursor=found.end_cursor, has_next=found.has_next),
        page_debit=total([one.debit or Money.zero() for one in found.items]),
        page_credit=total([one.credit or Money.zero() for one in found.items]),
    )


PAGES = (
    DeskPage(BALANCES, READ, page),
    DeskPage(f"{BALANCES}/export", READ, export, "POST"),
    DeskPage(f"{BALANCES}/{{subject}}", READ, subject),
)
