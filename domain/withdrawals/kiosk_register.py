"""自助打印登记: what the kiosks printed and what their printers reported, for the staff who look after them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from domain.cases import QUEUE_ROLES
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Record
from domain.kernel.dates import SHANGHAI
from domain.kernel.paging import Page, check_first, cut, decode_cursor
from domain.kernel.refusal import CURSOR_MALFORMED, NOT_PERMITTED, Refused
from domain.withdrawals.kiosk_papers import REPORT_NAMES, TROUBLE_NAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class KioskPrint:
    """`count`: the how manieth print of the paper; `holder` is masked."""

    device_no: str
    office_code: str
    paper_no: str
    count: int
    title: str
    holder: str
    reason: str
    state: str
    trouble: str
    handed_at: datetime
    reported_at: datetime | None

    @property
    def state_name(self) -> str:
        return REPORT_NAMES[self.state]

    @property
    def trouble_name(self) -> str:
        return TROUBLE_NAMES.get(self.trouble, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class KioskPrintFilters:
    """None means all; days are of Beijing, both inclusive."""

    office_code: str | None = None
    device_no: str | None = None
    state: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KioskPrintPage(Page[KioskPrint]):
    """A page with what became of all prints, by state (D25)."""

    by_state: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterTrouble:
    """What the printer of a device reported last, when that was trouble."""

    trouble_name: str
    at: datetime


async def kiosk_prints(
    *, actor: Actor, filters: KioskPrintFilters, first: int, after: str | None = None
) -> KioskPrintPage:
    """Of the offices that the member of staff belongs to, the newest first. Raises Refused."""
    if not actor.has_role(*QUEUE_ROLES):
        raise Refused(NOT_PERMITTED())
    limit = check_first(first)
    cursor = decode_cursor(after, shape=(str, str, int))
    try:
        before = (datetime.fromisoformat(str(cursor[0])), *cursor[1:]) if cursor else (None, None, None)
    except ValueError:
        raise Refused(CURSOR_MALFORMED()) from None
    wanted = (
        filters.office_code,
        filters.device_no,
        filters.state,
        _begins(filters.since) if filters.since else None,
        _begins(filters.until + timedelta(days=1)) if filters.until else None,
        sorted(actor.office_codes) if actor.office_codes else None,
    )
    rows = await database.rows(f"{_PRINTS}{_PAGE}", *wanted, *before, limit + 1)
    counted = await database.rows(f"SELECT state, count(*) AS n FROM ({_PRINTS}) p GROUP BY state", *wanted)
    by_state = {row["state"]: row["n"] for row in counted}
    page = cut(
        rows=[_view(row) for row in rows],
        first=limit,
        total=sum(by_state.values()),
        key=lambda one: [one.handed_at.isoformat(), one.paper_no, one.count],
    )
    return KioskPrintPage(
        items=page.items, cursors=page.cursors, has_next=page.has_next, total=page.total, by_state=by_state
    )


async def printer_troubles() -> dict[str, PrinterTrouble]:
    """By device number, those whose last report was trouble. Rights are the caller's matter."""
    rows = await database.rows(
        "SELECT DISTINCT ON (device_no) device_no, trouble, reported_at FROM kiosk_print WHERE state <> 'handed'"
        " ORDER BY device_no, handed_at DESC"
    )
    return {
        row["device_no"]: PrinterTrouble(trouble_name=TROUBLE_NAMES[row["trouble"]], at=row["reported_at"])
        for row in rows
        if row["trouble"]
    }


def _begins(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=SHANGHAI)


def _view(row: Record) -> KioskPrint:
    return KioskPrint(**{name: row[name] for name in KioskPrint.__dataclass_fields__})


_PRINTS = """
SELECT k.device_no, k.office_code, k.paper_no, k.print_no AS count, p.title, i.holder_shown AS holder, p.reason,
       k.state, k.trouble, k.handed_at, k.reported_at
FROM kiosk_print k JOIN paper_print p USING (account_no, paper_no, print_no)
  JOIN issued_paper i ON i.account_no = k.account_no AND i.paper_no = k.paper_no
WHERE ($1::text IS NULL OR k.office_code = $1) AND ($2::text IS NULL OR k.device_no = $2)
  AND ($3::text IS NULL OR k.state = $3) AND ($4::timestamptz IS NULL OR k.handed_at >= $4)
  AND ($5::timestamptz IS NULL OR k.handed_at < $5) AND ($6::text[] IS NULL OR k.office_code = ANY ($6))
"""
_PAGE = """
AND ($7::timestamptz IS NULL OR (k.handed_at, k.paper_no, k.print_no) < ($7, $8::text, $9::integer))
ORDER BY k.handed_at DESC, k.paper_no DESC, k.print_no DESC LIMIT $10
"""
