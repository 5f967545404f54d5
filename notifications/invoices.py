"""A carrier's invoice of a month against what we counted, line by line.

The file is CSV with a heading line: 短信编号 (the carrier's number of a part), 日期, 条数, 金额(元). Carriers' real
files differ; this is our own assumption until a contract names one. Each line is looked up by its number, and what we
hold billable and the file does not name is added, so that both sides add up to the same list.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Executor
from domain.kernel.dates import YearMonth
from domain.kernel.digest import sm3_hex
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import Refused
from notifications import pricing
from notifications.pricing import Contract
from notifications.refusals import (
    INVOICE_DECIDED,
    INVOICE_MALFORMED,
    INVOICE_NOT_FOUND,
    INVOICE_REPEATED,
    NOTE_MISSING,
    SAME_PERSON,
)

Outcome = Literal[
    "matched", "not_ours", "not_told", "not_billable", "twice", "parts_differ", "price_differs", "other_month"
]
OUTCOME_NAMES: Mapping[Outcome, str] = {
    "matched": "一致",
    "not_ours": "我方无此短信",
    "not_told": "账单漏列",
    "not_billable": "按合同不计费",
    "twice": "账单重复",
    "parts_differ": "条数不符",
    "price_differs": "金额不符",
    "other_month": "不属于本月",
}
HEADINGS = ("短信编号", "日期", "条数", "金额(元)")
LINES_MAX = 2_000_000
_CHUNK = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldLine:
    """A line of the file. `milli` in milli-fen."""

    number: str
    day: date
    parts: int
    milli: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OurPart:
    """What we hold of one carrier's number: parts and whether each is billable by the contract."""

    number: str
    day: date
    parts: int
    billable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedLine:
    number: str
    day: date
    told_parts: int | None
    told_milli: int | None
    our_parts: int | None
    our_milli: int | None
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """Money in milli-fen; `differences` are the lines that do not match."""

    invoice_id: int
    carrier: str
    period: int
    file_name: str
    line_count: int
    told_parts: int
    told_milli: int
    our_parts: int
    our_milli: int
    differences: int
    state: str
    note: str
    loaded_by: str
    loaded_at: datetime
    decided_by: str | None
    decided_at: datetime | None


def read(content: bytes) -> list[ToldLine]:
    """Raises Refused with the line that is wrong; then nothing of the file is used."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError:
            raise Refused(INVOICE_MALFORMED(line=1, why="文字编码不是UTF-8或GBK")) from None
    rows = csv.reader(io.StringIO(text))
    heading = [cell.strip() for cell in next(rows, [])]
    if tuple(heading) != HEADINGS:
        raise Refused(INVOICE_MALFORMED(line=1, why=f"标题行应为{'，'.join(HEADINGS)}"))
    lines: list[ToldLine] = []
    for number, cells in enumerate(rows, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(lines) >= LINES_MAX:
            raise Refused(INVOICE_MALFORMED(line=number, why=f"超过{LINES_MAX}行"))
        lines.append(_line(number, [cell.strip() for cell in cells]))
    if not lines:
        raise Refused(INVOICE_MALFORMED(line=2, why="没有明细"))
    return lines


def _line(number: int, cells: Sequence[str]) -> ToldLine:
    if len(cells) != len(HEADINGS):
        raise Refused(INVOICE_MALFORMED(line=number, why=f"应有{len(HEADINGS)}列"))
    carrier_number, day, parts, amount = cells
    if not 1 <= len(carrier_number) <= 80 or not carrier_number.isprintable():
        raise Refused(INVOICE_MALFORMED(line=number, why="短信编号为空或过长"))
    try:
        on = date.fromisoformat(day)
    except ValueError:
        raise Refused(INVOICE_MALFORMED(line=number, why="日期格式应为2026-11-30")) from None
    if not (parts.isascii() and parts.isdigit() and 1 <= int(parts) <= 255):
        raise Refused(INVOICE_MALFORMED(line=number, why="条数应为1至255的整数"))
    try:
        milli = pricing.parse_price(amount)
    except ValueError:
        raise Refused(INVOICE_MALFORMED(line=number, why="金额应为最多五位小数的数字")) from None
    return ToldLine(number=carrier_number, day=on, parts=int(parts), milli=milli)


def match(
    *, told: Sequence[ToldLine], ours: Mapping[str, OurPart], contract: Contract | None, period: YearMonth
) -> list[MatchedLine]:
    """One line for each of the file, in its order, then those of ours that it leaves out. Our price of a line is that
    of the month's tiers taken in the order of the file."""
    lines: list[MatchedLine] = []
    seen: Counter[str] = Counter()
    before = 0
    for one in told:
        seen[one.number] += 1
        our = ours.get(one.number)
        outcome: Outcome = "matched"
        our_parts = our_milli = None
        if our is not None:
            our_parts = our.billable
            our_milli = 0 if contract is None else contract.cost_milli(parts=our.billable, before=before)
        if YearMonth.of(one.day) != period:
            outcome = "other_month"
        elif our is None:
            outcome = "not_ours"
        elif seen[one.number] > 1:
            outcome = "twice"
        elif our.billable == 0:
            outcome = "not_billable"
        elif one.parts != our.billable:
            outcome = "parts_differ"
        elif one.milli != our_milli:
            outcome = "price_differs"
        if our is not None and seen[one.number] == 1:
            before += our.billable
        if seen[one.number] > 1:
            our_parts, our_milli = None, None
        lines.append(
            MatchedLine(
                number=one.number,
                day=one.day,
                told_parts=one.parts,
                told_milli=one.milli,
                our_parts=our_parts,
                our_milli=our_milli,
                outcome=outcome,
            )
        )
    for number in sorted(set(ours) - set(seen)):
        our = ours[number]
        if our.billable == 0:
            continue
        cost = 0 if contract is None else contract.cost_milli(parts=our.billable, before=before)
        before += our.billable
        lines.append(
            MatchedLine(
                number=number,
                day=our.day,
                told_parts=None,
                told_milli=None,
                our_parts=our.billable,
                our_milli=cost,
                outcome="not_told",
            )
        )
    return lines


async def load(
    *, actor: Actor, carrier: str, period: YearMonth, file_name: str, content: bytes, now: datetime
) -> Invoice:
    """Reads, matches and keeps a file. Raises Refused; a file is taken once."""
    told = read(content)
    digest = bytes.fromhex(sm3_hex(content))
    contract = pricing.in_force(await pricing.contracts(carrier=carrier), carrier=carrier, day=period.last_day)
    numbers = await _our_parts(carrier=carrier, period=period, basis=contract.basis if contract else "submitted")
    lines = match(told=told, ours=numbers, contract=contract, period=period)
    invoice_id = new_id()
    async with database.transaction() as tx:
        made = await tx.value(
            "INSERT INTO sms_invoice (invoice_id, carrier, period, file_name, file_digest, line_count, told_parts,"
            " told_milli, our_parts, our_milli, differences, state, loaded_by, loaded_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'loaded', $12, $13)"
            " ON CONFLICT (carrier, period, file_digest) DO NOTHING RETURNING invoice_id",
            invoice_id,
            carrier,
            period.period,
            file_name[:120],
            digest,
            len(told),
            sum(one.parts for one in told),
            sum(one.milli for one in told),
            sum(one.our_parts or 0 for one in lines),
            sum(one.our_milli or 0 for one in lines),
            sum(one.outcome != "matched" for one in lines),
            actor.reference,
            now,
        )
        if made is None:
            raise Refused(INVOICE_REPEATED())
        await _keep_lines(tx, invoice_id, lines)
        await audit.record(
            tx,
            actor=actor,
            action="sms.invoice_loaded",
            subject=f"invoice:{invoice_id}",
            now=now,
            detail={"carrier": carrier, "period": period.period, "lines": len(told)},
        )
    return await invoice(invoice_id=invoice_id)


async def _our_parts(*, carrier: str, period: YearMonth, basis: str) -> dict[str, OurPart]:
    rows = await database.rows(
        """
        SELECT COALESCE(carrier_number, message_id::text) AS number, min(day) AS day, count(*) AS parts,
               count(*) FILTER (WHERE $4 = 'submitted' OR state = 'delivered') AS billable
        FROM sms_part WHERE carrier = $1 AND day BETWEEN $2 AND $3 GROUP BY 1
        """,
        carrier,
        period.first_day,
        period.last_day,
        basis,
    )
    return {row["number"]: OurPart(**dict(row)) for row in rows}


async def _keep_lines(tx: Executor, invoice_id: int, lines: Sequence[MatchedLine]) -> None:
    for start in range(0, len(lines), _CHUNK):
        chunk = lines[start : start + _CHUNK]
        await tx.execute(
            "INSERT INTO sms_invoice_line (invoice_id, line_no, carrier_number, day, told_parts, told_milli, our_parts,"
            " our_milli, outcome) SELECT $1, * FROM unnest($2::int[], $3::text[], $4::date[], $5::int[], $6::bigint[],"
            " $7::int[], $8::bigint[], $9::text[])",
            invoice_id,
            list(range(start + 1, start + len(chunk) + 1)),
            [one.number for one in chunk],
            [one.day for one in chunk],
            [one.told_parts for one in chunk],
            [one.told_milli for one in chunk],
            [one.our_parts for one in chunk],
            [one.our_milli for one in chunk],
            [one.outcome for one in chunk],
        )


_SELECT = (
    "SELECT invoice_id, carrier, period, file_name, line_count, told_parts, told_milli, our_parts, our_milli,"
    " differences, state, note, loaded_by, loaded_at, decided_by, decided_at FROM sms_invoice"
)


async def invoice(*, invoice_id: int) -> Invoice:
    """Raises Refused when there is none."""
    row = await database.row(f"{_SELECT} WHERE invoice_id = $1", invoice_id)
    if row is None:
        raise Refused(INVOICE_NOT_FOUND())
    return Invoice(**dict(row))


async def listed(*, most: int = 100) -> list[Invoice]:
    return [Invoice(**dict(row)) for row in await database.rows(f"{_SELECT} ORDER BY loaded_at DESC LIMIT $1", most)]


async def lines_of(*, invoice_id: int, differing: bool, most: int) -> list[MatchedLine]:
    """In the order of the file."""
    rows = await database.rows(
        "SELECT carrier_number AS number, day, told_parts, told_milli, our_parts, our_milli, outcome"
        " FROM sms_invoice_line WHERE invoice_id = $1 AND (NOT $2 OR outcome <> 'matched') ORDER BY line_no LIMIT $3",
        invoice_id,
        differing,
        most,
    )
    return [MatchedLine(**dict(row)) for row in rows]


async def outcomes_of(*, invoice_id: int) -> dict[str, int]:
    rows = await database.rows(
        "SELECT outcome, count(*) AS lines FROM sms_invoice_line WHERE invoice_id = $1 GROUP BY 1 ORDER BY 2 DESC",
        invoice_id,
    )
    return {row["outcome"]: row["lines"] for row in rows}


async def decide(*, actor: Actor, invoice_id: int, agree: bool, note: str, now: datetime) -> None:
    """Another person than who loaded it agrees or disputes. Agreeing in spite of differences needs a note, and so does
    disputing. Raises Refused."""
    async with database.transaction() as tx:
        row = await tx.row(f"{_SELECT} WHERE invoice_id = $1 FOR UPDATE", invoice_id)
        if row is None:
            raise Refused(INVOICE_NOT_FOUND())
        if row["state"] != "loaded":
            raise Refused(INVOICE_DECIDED())
        if row["loaded_by"] == actor.reference:
            raise Refused(SAME_PERSON())
        if (row["differences"] or not agree) and not 5 <= len(note.strip()) <= 200:
            raise Refused(NOTE_MISSING(count=row["differences"]))
        state = "agreed" if agree else "disputed"
        await tx.execute(
            "UPDATE sms_invoice SET state = $2, note = $3, decided_by = $4, decided_at = $5 WHERE invoice_id = $1",
            invoice_id,
            state,
            note.strip(),
            actor.reference,
            now,
        )
        await audit.record(tx, actor=actor, action=f"sms.invoice_{state}", subject=f"invoice:{invoice_id}", now=now)
