"""判: rows of a file or a form against facts, policy and registries. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.contributions.employers.standing import EmployerStanding
from domain.contributions.lists.gathering import Asked, Gathered, gather
from domain.contributions.lists.sheets import CELL_CHARS_MAX, NamedRow
from domain.contributions.persons import document_index, name_index
from domain.contributions.ports import ASKED_MAX, PersonAsked, PersonRegistries
from domain.contributions.row_refusals import (
    ROW_COLUMNS,
    ROW_CONTROL,
    ROW_ENCODING,
    ROW_ERROR_CELL,
    ROW_FORMULA,
    ROW_MERGED,
    ROW_MOBILE_SHARED,
    ROW_NO_POLICY,
    ROW_NUMBER_CELL,
    ROW_TOO_LONG,
    ROW_TWICE,
)
from domain.contributions.rules.amounts import Limits, Parts, limits_of
from domain.contributions.rules.persons import BEGINNING, MonthTerms, judge_person, judge_standing
from domain.contributions.rules.rows import COLUMNS, Row, RowProblem, amounts, check_form
from domain.kernel.database import Executor
from domain.kernel.dates import YearMonth
from domain.kernel.refusal import Refusal
from domain.policy import PolicyMissing


@dataclass(slots=True, kw_only=True)
class JudgedRow:
    """`row` is None when its form was wrong; `texts` are what it said, for showing it masked."""

    row_no: int
    texts: dict[str, str]
    row: Row | None = None
    asked: Asked | None = None
    gathered: Gathered | None = None
    parts: Parts | None = None
    account_no: int | None = None
    month: YearMonth | None = None
    problems: list[RowProblem] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        return all(problem.warns for problem in self.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTerms:
    """What a list is and whose. `month`: of a change or of new bases; None for a back payment."""

    employer_no: int
    list_id: int
    kind: str
    month: YearMonth | None
    standing: EmployerStanding


def read_row(named: NamedRow, *, kind: str) -> JudgedRow:
    """A row of a file: what its cells are, then what they say."""
    judged = JudgedRow(row_no=named.row_no, texts=named.texts)
    judged.problems = [*_row_faults(named), *_cell_faults(named)]
    if not judged.problems:
        judged.row, judged.problems = check_form(kind=kind, row_no=named.row_no, texts=named.texts)
    return judged


async def judge_rows(
    using: Executor,
    *,
    terms: ListTerms,
    rows: Sequence[JudgedRow],
    registries: PersonRegistries,
    now: datetime,
) -> None:
    """Fills in account, amounts and problems of rows whose form is in order. Registries are asked about those who begin
    to be contributed for and have nothing else against them."""
    formed = [judged for judged in rows if judged.row is not None]
    for judged in formed:
        assert judged.row is not None
        judged.asked = Asked(
            row=judged.row,
            document_index=document_index(document_type=judged.row.document_type, document_no=judged.row.document_no),
            name_index=name_index(judged.row.name),
        )
    gathered = await gather(
        using,
        employer_no=terms.employer_no,
        list_id=terms.list_id,
        kind=terms.kind,
        asked=[judged.asked for judged in formed if judged.asked is not None],
    )
    months = MonthTerms(first=terms.standing.first_month, next_due=terms.standing.next_due)
    limits: dict[YearMonth, Limits | None] = {}
    seen: dict[tuple[bytes, YearMonth | None], int] = {}
    mobiles: dict[str, tuple[int, bytes]] = {}
    for judged, known in zip(formed, gathered, strict=True):
        assert judged.row is not None and judged.asked is not None
        row, judged.gathered = judged.row, known
        _doubled(judged, seen, mobiles)
        judged.account_no, problems = judge_person(row=row, facts=known.facts, months=months)
        judged.problems += problems
        judged.month = row.month if terms.kind == "back_payment" else terms.month
        _amounts(judged, terms, limits)
    await _ask(registries, [judged for judged in formed if judged.accepted], now=now)


def _doubled(
    judged: JudgedRow, seen: dict[tuple[bytes, YearMonth | None], int], mobiles: dict[str, tuple[int, bytes]]
) -> None:
    """Against the rows above in the same piece; those of earlier pieces are found in the store."""
    assert judged.row is not None and judged.asked is not None
    index, mobile = judged.asked.document_index, judged.row.mobile
    first = seen.setdefault((index, judged.row.month), judged.row_no)
    if first != judged.row_no:
        judged.problems.append(RowProblem("document_no", ROW_TWICE(row=first)))
    if mobile:
        row_no, whose = mobiles.setdefault(mobile, (judged.row_no, index))
        if whose != index:
            judged.problems.append(RowProblem("mobile", ROW_MOBILE_SHARED(row=row_no), warns=True))


def _amounts(judged: JudgedRow, terms: ListTerms, limits: dict[YearMonth, Limits | None]) -> None:
    row, month = judged.row, judged.month
    assert row is not None and month is not None and judged.gathered is not None
    if row.base is None:
        return
    if month not in limits:
        limits[month] = _limits(month)
    allowed = limits[month]
    if allowed is None:
        column = "month" if terms.kind == "back_payment" else "base"
        judged.problems.append(RowProblem(column, ROW_NO_POLICY(month=month)))
        return
    current = judged.gathered.bases.get(judged.account_no) if judged.account_no else None
    judged.parts, problems = amounts(
        row=row, kind=terms.kind, rates=terms.standing.rates_on(month), limits=allowed, current_base=current
    )
    judged.problems += problems


def _limits(month: YearMonth) -> Limits | None:
    try:
        return limits_of(month)
    except PolicyMissing:
        return None


async def _ask(registries: PersonRegistries, rows: Sequence[JudgedRow], *, now: datetime) -> None:
    beginning = [judged for judged in rows if judged.row is not None and judged.row.action in BEGINNING]
    for at in range(0, len(beginning), ASKED_MAX):
        piece = beginning[at : at + ASKED_MAX]
        persons = [
            PersonAsked(name=one.row.name, document_type=one.row.document_type, document_no=one.row.document_no)
            for one in piece
            if one.row is not None
        ]
        for judged, standing in zip(piece, await registries.standings(persons=persons, now=now), strict=True):
            assert judged.row is not None
            judged.problems += judge_standing(row=judged.row, standing=standing)


def _row_faults(named: NamedRow) -> list[RowProblem]:
    if named.fault == "encoding":
        return [RowProblem("row", ROW_ENCODING())]
    if named.fault == "columns":
        return [RowProblem("row", ROW_COLUMNS())]
    return []


def _cell_faults(named: NamedRow) -> list[RowProblem]:
    problems = []
    for column, fault in named.faults.items():
        title = COLUMNS[column]
        if fault == "number":
            if column in ("document_no", "mobile"):
                problems.append(RowProblem(column, ROW_NUMBER_CELL()))
        else:
            kind = {"formula": ROW_FORMULA, "merged": ROW_MERGED, "error": ROW_ERROR_CELL}[fault]
            problems.append(RowProblem(column, kind(column=title)))
    for column, text in named.texts.items():
        if len(text) > CELL_CHARS_MAX:
            problems.append(RowProblem(column, ROW_TOO_LONG(column=COLUMNS[column])))
        elif not text.isprintable():
            problems.append(RowProblem(column, ROW_CONTROL(column=COLUMNS[column])))
    return problems


def first_refusal(judged: JudgedRow) -> Refusal | None:
    """What a form that adds one row shows at once."""
    return next((problem.refusal for problem in judged.problems if not problem.warns), None)
