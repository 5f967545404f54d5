"""Closing a month of a set, and what two persons do together: reopening it (反结账), reversing a voucher (冲正), and
distributing a year's income (增值收益分配)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from asyncpg import UniqueViolationError

from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.dates import YearMonth
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import Refused
from domain.ledger.actions import reverse
from domain.ledger.calendar import Blocker, BookBlocker, CloseCheck, close_blockers
from domain.ledger.carry_over import carry_over, ends_quarter
from domain.ledger.distribution import Shares, check_distribution, distribute, is_distributed
from domain.ledger.general import reverse_general
from domain.ledger.refusals import (
    NOT_CLOSED,
    NOT_LAST_CLOSED,
    PERIOD_BLOCKED,
    REASON_MISSING,
    REQUEST_DECIDED,
    REQUEST_OPEN,
    REVERSAL_OF_REVERSAL,
    REVERSED_ALREADY,
    SAME_PERSON,
    VOUCHER_IN_BATCH,
    VOUCHER_OF_STATEMENT,
    VOUCHER_UNKNOWN,
    YEAR_DISTRIBUTED,
)
from domain.ledger.seals import seal_day
from domain.ledger.statements import period_state

REASON_MAX = 200
OF_STATEMENT = ("statement:", "taken_back:")
"""Business keys of what collection distributes: it reverses them itself, with all that hangs on them."""
RequestKind = Literal["reopen", "reverse", "distribute"]
_VERBS = {"reopen": "period_reopened", "reverse": "voucher_reversed", "distribute": "income_distributed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRequest:
    """What one person has asked for. `voucher_id` only to reverse; `account_no` 0 is a general voucher. `shares` only
    to distribute; `period` is the December then."""

    request_id: int
    kind: RequestKind
    account_set: str
    period: YearMonth
    account_no: int | None
    voucher_id: int | None
    shares: Shares | None
    reason: str
    asked_by: str
    asked_name: str
    asked_at: datetime
    state: str
    decided_name: str | None
    decided_at: datetime | None


async def close_period(
    *, account_set: str, period: YearMonth, actor: Actor, now: datetime, checks: Sequence[CloseCheck]
) -> list[BookBlocker | Blocker]:
    """Closes the month for a set and returns the warnings that stood beside it; closing it again changes nothing.
    Raises Refused with everything that stands against it. Its totals are kept, and supplements of a reopening are
    gathered and sealed. The right to it is checked by the caller."""
    await _carry_supplements(account_set, period, now)
    found = await close_blockers(account_set=account_set, period=period, others=checks)
    if stands_against := [one for one in found if not one.warning]:
        raise Refused(*(PERIOD_BLOCKED(message=one.message) for one in stands_against))
    async with transaction() as tx:
        closed: bool = await tx.value(
            "SELECT ledger_close_period($1, $2, $3, $4)", account_set, period.period, actor.reference, now
        )
        if closed:
            await _audit(tx, actor, "period_closed", account_set, period, now)
    if closed:
        await seal_day(business_date=period.last_day, now=now)
    return found


async def _carry_supplements(account_set: str, period: YearMonth, now: datetime) -> None:
    """What a reopening brought into a quarter's last month is carried over like the rest."""
    last = period.last_day
    if not ends_quarter(last) or await period_state(account_set=account_set, period=period) != "reopened":
        return
    async with transaction() as tx:
        await carry_over(tx, business_date=last, now=now, account_sets=[account_set])


async def request_reopening(*, account_set: str, period: YearMonth, reason: str, actor: Actor, now: datetime) -> int:
    """The first person's part. Raises Refused unless it is the set's last closed month, or when somebody has asked."""
    _check_reason(reason)
    last: int | None = await database.value(
        "SELECT max(period) FROM book_period WHERE account_set = $1 AND state = 'closed'", account_set
    )
    if last is None or last < period.period:
        raise Refused(NOT_CLOSED(month=period))
    if last != period.period:
        raise Refused(NOT_LAST_CLOSED(month=YearMonth.of_period(last)))
    await _check_undistributed(account_set, period)
    return await _ask("reopen", account_set, period, None, None, reason, actor, now)


async def request_distribution(
    *, account_set: str, year: int, shares: Shares, reason: str, actor: Actor, now: datetime
) -> int:
    """The first person's part. Raises Refused as `distribution.check_distribution` does, or when somebody has asked."""
    _check_reason(reason)
    await check_distribution(account_set=account_set, year=year, shares=shares)
    return await _ask("distribute", account_set, YearMonth(year, 12), None, None, reason, actor, now, shares)


async def request_reversal(*, account_no: int, voucher_id: int, reason: str, actor: Actor, now: datetime) -> int:
    """The first person's part; `account_no` 0 for a general voucher. Raises Refused when there is no such voucher, it
    is a reversal, was reversed, belongs to a batch's head, or somebody has asked already."""
    _check_reason(reason)
    row = await database.row(_REVERSIBLE, account_no, voucher_id)
    if row is None:
        raise Refused(VOUCHER_UNKNOWN())
    if row["is_batch"] and account_no == 0:
        raise Refused(VOUCHER_IN_BATCH())
    if row["is_batch"] and str(row["business_key"]).startswith(OF_STATEMENT):
        raise Refused(VOUCHER_OF_STATEMENT())
    if row["reverses_voucher_id"] is not None:
        raise Refused(REVERSAL_OF_REVERSAL())
    if row["reversed"]:
        raise Refused(REVERSED_ALREADY())
    period = YearMonth.of_period(row["period"])
    return await _ask("reverse", row["account_set"], period, account_no, voucher_id, reason, actor, now)


async def decide_request(
    *, request_id: int, approve: bool, actor: Actor, business_date: date, now: datetime
) -> int | None:
    """The second person's part: carries out what was asked, in the same transaction. Returns the voucher that this
    made, None for a reopening or a no. Raises Refused for the person who asked and when it was decided already."""
    async with transaction() as tx:
        row = await tx.row("SELECT * FROM book_request WHERE request_id = $1 FOR UPDATE", request_id)
        if row is None or row["state"] != "open":
            raise Refused(REQUEST_DECIDED())
        if row["asked_by"] == actor.reference:
            raise Refused(SAME_PERSON())
        asked = _view(row)
        result = await _carry_out(tx, asked, actor, business_date, now) if approve else None
        await tx.execute(
            "UPDATE book_request SET state = $2, decided_by = $3, decided_name = $4, decided_at = $5,"
            " result_voucher_id = $6 WHERE request_id = $1",
            request_id,
            "approved" if approve else "declined",
            actor.reference,
            actor.name,
            now,
            result,
        )
        await _audit(
            tx,
            actor,
            _VERBS[asked.kind] if approve else "request_declined",
            asked.account_set,
            asked.period,
            now,
            request=str(request_id),
            kind=asked.kind,
            asked_by=asked.asked_by,
            reason=asked.reason,
            voucher_id=None if asked.voucher_id is None else str(asked.voucher_id),
            shares=None if asked.shares is None else asked.shares.as_json(),
        )
    return result


async def open_requests(*, kind: RequestKind | None = None) -> list[BookRequest]:
    rows = await database.rows(
        "SELECT * FROM book_request WHERE state = 'open' AND ($1::text IS NULL OR kind = $1) ORDER BY request_id", kind
    )
    return [_view(row) for row in rows]


async def _carry_out(tx: Transaction, asked: BookRequest, actor: Actor, today: date, now: datetime) -> int | None:
    if asked.kind == "reopen":
        last: int | None = await tx.value(
            "SELECT max(period) FROM book_period WHERE account_set = $1 AND state = 'closed'", asked.account_set
        )
        if last != asked.period.period:
            raise Refused(
                NOT_CLOSED(month=asked.period) if last is None else NOT_LAST_CLOSED(month=YearMonth.of_period(last))
            )
        await _check_undistributed(asked.account_set, asked.period, tx)
        await tx.execute("SELECT ledger_reopen_period($1, $2, $3)", asked.request_id, actor.reference, now)
        return None
    if asked.shares is not None:
        return await distribute(
            tx,
            account_set=asked.account_set,
            year=asked.period.year,
            shares=asked.shares,
            business_date=today,
            now=now,
            prepared_by=asked.asked_by,
        )
    assert asked.voucher_id is not None
    if asked.account_no:
        return await reverse(
            tx,
            account_no=asked.account_no,
            voucher_id=asked.voucher_id,
            reason=asked.reason,
            posted_on=today,
            now=now,
        )
    return await reverse_general(
        tx,
        account_set=asked.account_set,
        voucher_id=asked.voucher_id,
        reason=asked.reason,
        posted_on=today,
        now=now,
        prepared_by=asked.asked_by,
    )


async def _ask(
    kind: RequestKind,
    account_set: str,
    period: YearMonth,
    account_no: int | None,
    voucher_id: int | None,
    reason: str,
    actor: Actor,
    now: datetime,
    shares: Shares | None = None,
) -> int:
    request_id = new_id()
    try:
        async with transaction() as tx:
            await tx.execute(
                _INSERT,
                request_id,
                kind,
                account_set,
                period.period,
                account_no,
                voucher_id,
                reason.strip(),
                actor.reference,
                actor.name,
                now,
                None if shares is None else shares.as_json(),
            )
            await _audit(
                tx,
                actor,
                f"{kind}_requested",
                account_set,
                period,
                now,
                request=str(request_id),
                reason=reason.strip(),
                voucher_id=None if voucher_id is None else str(voucher_id),
                shares=None if shares is None else shares.as_json(),
            )
    except UniqueViolationError:
        raise Refused(REQUEST_OPEN()) from None
    return request_id


async def _check_undistributed(account_set: str, period: YearMonth, tx: Transaction | None = None) -> None:
    """A year whose income was distributed stays as it was distributed."""
    if await is_distributed(account_set=account_set, year=period.year, using=tx):
        raise Refused(YEAR_DISTRIBUTED(year=period.year))


def _check_reason(reason: str) -> None:
    if not reason.strip() or len(reason) > REASON_MAX or not reason.isprintable():
        raise Refused(REASON_MISSING(most=REASON_MAX))


async def _audit(
    tx: Transaction,
    actor: Actor,
    verb: str,
    account_set: str,
    period: YearMonth,
    now: datetime,
    **detail: object,
) -> None:
    await audit.record(
        tx,
        actor=actor,
        action=f"books.{verb}",
        subject=f"books:{account_set}:{period}",
        detail={name: value for name, value in detail.items() if value is not None},
        now=now,
    )


def _view(row: Record) -> BookRequest:
    return BookRequest(
        request_id=row["request_id"],
        kind=row["kind"],
        account_set=row["account_set"],
        period=YearMonth.of_period(row["period"]),
        account_no=row["account_no"],
        voucher_id=row["voucher_id"],
        shares=None if row["amounts"] is None else Shares.of_json(row["amounts"]),
        reason=row["reason"],
        asked_by=row["asked_by"],
        asked_name=row["asked_name"],
        asked_at=row["asked_at"],
        state=row["state"],
        decided_name=row["decided_name"],
        decided_at=row["decided_at"],
    )


_INSERT = """
INSERT INTO book_request (request_id, kind, account_set, period, account_no, voucher_id, reason, asked_by, asked_name,
                          asked_at, amounts, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb, 'open')
"""

# A line of a batch is reversed for its account alone, so the head stands for it here.
_REVERSIBLE = """
SELECT v.account_set, v.period, v.reverses_voucher_id, false AS is_batch, v.business_key,
       EXISTS (SELECT FROM voucher r WHERE r.account_no = $1 AND r.reverses_voucher_id = $2) AS reversed
FROM voucher v WHERE v.account_no = $1 AND v.voucher_id = $2
UNION ALL
SELECT g.account_set, g.period, g.reverses_voucher_id, g.is_batch, g.business_key,
       EXISTS (SELECT FROM general_voucher r WHERE r.account_set = g.account_set AND r.reverses_voucher_id = $2)
       OR EXISTS (SELECT FROM voucher r WHERE r.account_no = $1 AND r.reverses_voucher_id = $2)
FROM general_voucher g
WHERE g.voucher_id = $2 AND ($1::bigint = 0 OR (g.is_batch AND EXISTS (
    SELECT FROM posting p WHERE p.account_no = $1 AND p.period = g.period AND p.voucher_id = $2)))
"""
