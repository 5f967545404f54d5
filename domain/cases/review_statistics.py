"""好差评统计: reviews by item, department, window and channel, and how bad ones were put right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.cases.evaluation_port import GRADES
from domain.cases.evaluation_rules import TERMINAL_NAMES
from domain.cases.served import SERVED
from domain.catalogue import item
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Record
from domain.kernel.refusal import NOT_PERMITTED, Refused

GROUPS = {"item": "事项", "office": "部门", "window": "窗口", "terminal": "评价渠道"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewLine:
    """`by_grade` 5 to 1. Bad reviews found malicious stay in the counts and are told beside them."""

    code: str
    name: str
    by_grade: dict[int, int]
    bad: int
    malicious: int
    closed: int
    on_time: int

    @property
    def total(self) -> int:
        return sum(self.by_grade.values())

    @property
    def satisfied_per_mille(self) -> int:
        """Grades 3 to 5 in a thousand."""
        return 1000 * sum(self.by_grade[grade] for grade in (3, 4, 5)) // self.total if self.total else 0

    @property
    def rectified_per_mille(self) -> int:
        """Bad reviews whose rectification is closed, in a thousand."""
        return 1000 * self.closed // self.bad if self.bad else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFigures:
    """`lines` by group (item, office, window, terminal), the busiest first."""

    whole: ReviewLine
    lines: dict[str, list[ReviewLine]]


async def review_figures(*, actor: Actor, first_day: date, last_day: date) -> ReviewFigures:
    """First evaluations given between two days of Beijing, both included, of the actor's offices."""
    if not actor.is_staff:
        raise Refused(NOT_PERMITTED())
    offices = sorted(actor.office_codes) or None
    rows = await database.rows(_FIGURES, first_day, last_day, offices)
    names = await database.rows("SELECT code, name FROM management_office")
    office_names = {row["code"]: row["name"] for row in names}
    lines: dict[str, list[ReviewLine]] = {group: [] for group in GROUPS}
    whole = _line("", "全部", None)
    for row in rows:
        if row["kind"] == "whole":
            whole = _line("", "全部", row)
            continue
        lines[row["kind"]].append(_line(row["code"], _name(row["kind"], row["code"], office_names), row))
    for group in lines.values():
        group.sort(key=lambda line: (-line.total, line.code))
    return ReviewFigures(whole=whole, lines=lines)


def _name(kind: str, code: str, offices: dict[str, str]) -> str:
    if kind == "item":
        return item(code).name
    if kind == "office":
        return offices.get(code, code)
    return TERMINAL_NAMES.get(code, code) if kind == "terminal" else f"{code}号窗口"


def _line(code: str, name: str, row: Record | None) -> ReviewLine:
    return ReviewLine(
        code=code,
        name=name,
        by_grade={grade: row[f"grade_{grade}"] if row else 0 for grade in GRADES},
        bad=row["bad"] if row else 0,
        malicious=row["malicious"] if row else 0,
        closed=row["closed"] if row else 0,
        on_time=row["on_time"] if row else 0,
    )


_COUNTS = ", ".join(
    [
        *(f"count(*) FILTER (WHERE grade = {grade}) AS grade_{grade}" for grade in GRADES),
        "count(rectification_id) AS bad",
        "count(*) FILTER (WHERE verdict = 'malicious') AS malicious",
        "count(closed_on) AS closed",
        "count(*) FILTER (WHERE closed_on <= final_due_on) AS on_time",
    ]
)
_FIGURES = f"""
WITH given AS (
    SELECT e.grade, c.item, c.office_code, e.terminal, nullif(e.window_no, '') AS window_no, r.rectification_id,
           r.verdict, r.closed_on, r.final_due_on
    FROM evaluation e
    JOIN {SERVED} c ON c.account_no = e.account_no AND c.case_id = e.case_id
    LEFT JOIN rectification r ON r.account_no = e.account_no AND r.evaluation_no = e.evaluation_no
    WHERE e.round = 1 AND e.given_at >= $1::date::timestamp AT TIME ZONE 'Asia/Shanghai'
      AND e.given_at < ($2::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'
      AND ($3::text[] IS NULL OR c.office_code = ANY ($3)))
SELECT 'whole' AS kind, '' AS code, {_COUNTS} FROM given
UNION ALL SELECT 'item', item, {_COUNTS} FROM given GROUP BY item
UNION ALL SELECT 'office', office_code, {_COUNTS} FROM given GROUP BY office_code
UNION ALL SELECT 'terminal', terminal, {_COUNTS} FROM given GROUP BY terminal
UNION ALL SELECT 'window', window_no, {_COUNTS} FROM given WHERE window_no IS NOT NULL GROUP BY window_no
"""
