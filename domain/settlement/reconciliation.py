"""余额调节表: the book of each bank account against the bank's statement, daily, stored with its items (D23).

Bank lines and book lines are ticked off in pairs: by themselves where an order or a receipt links them, else by staff.
What has no partner on the day is outstanding, in four groups:

    bank_received  银行已收、中心未收      book_received  中心已收、银行未收
    bank_paid      银行已付、中心未付      book_paid      中心已付、银行未付

    book + bank_received − bank_paid + opening difference  =  bank + book_received − book_paid

Books and statements begin to be compared with the first statement imported. Whatever the two balances differed by
then stands in a column of its own, is never mixed with the items, and is never left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from domain.kernel import audit
from domain.kernel.actor import SYSTEM, Actor
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.refusal import Refused
from domain.settlement.accounts import BankAccount, bank_account, bank_accounts
from domain.settlement.desk import begun, checked_reason, finished, require_funds
from domain.settlement.reconciliation_reading import Adjustment, adjustment_of
from domain.settlement.refusals import DAY_NOT_OVER, NO_STATEMENT, TICK_IMPOSSIBLE
from domain.settlement.ticking import book_lines, tick_by_themselves

_CATEGORIES = {(True, True): "bank_received", (True, False): "bank_paid", (False, True): "book_received"}


class _Item(NamedTuple):
    """In the order of the columns of `_ITEMS`."""

    category: str
    on: date
    amount_fen: int
    host_serial_no: str | None
    voucher_account_no: int | None
    voucher_id: int | None
    line_no: int | None
    note: str


async def adjust(*, actor: Actor, bank_account_code: str, day: date, now: datetime, business_date: date) -> Adjustment:
    """Makes the adjustment of one account and day, anew when it was made before. Raises Refused while the day is not
    over or has no statement."""
    if actor != SYSTEM:
        require_funds(actor)
    account = await bank_account(code=bank_account_code)
    if day >= business_date:
        raise Refused(DAY_NOT_OVER(day=day))
    async with transaction() as tx:
        await tx.execute("SELECT 1 FROM bank_account WHERE code = $1 FOR NO KEY UPDATE", account.code)
        statement = await tx.row(
            "SELECT * FROM bank_statement WHERE bank_account_code = $1 AND day = $2 AND state = 'current'",
            account.code,
            day,
        )
        if statement is None:
            raise Refused(NO_STATEMENT(day=day))
        await tick_by_themselves(tx, account=account, through=day, now=now)
        await _write(tx, account=account, statement=statement, day=day, actor=actor, now=now)
        made = await adjustment_of(bank_account_code=account.code, day=day, using=tx)
        await audit.record(
            tx,
            actor=actor,
            action="adjustment.made",
            subject=f"bank_account:{account.code}",
            now=now,
            detail={"day": day, "balanced": made.balanced, "items": made.item_count},
        )
    return made


async def adjust_all(*, day: date, now: datetime, business_date: date) -> list[tuple[str, Adjustment | None, str]]:
    """Every open account's adjustment, for the day-end: (account, adjustment or None, problem)."""
    results: list[tuple[str, Adjustment | None, str]] = []
    for account in await bank_accounts():
        try:
            made = await adjust(
                actor=SYSTEM, bank_account_code=account.code, day=day, now=now, business_date=business_date
            )
            results.append((account.code, made, ""))
        except Refused as refused:
            results.append((account.code, None, refused.refusals[0].message))
    return results


async def tick_by_hand(
    *,
    actor: Actor,
    bank_account_code: str,
    booked_on: date,
    host_serial_no: str,
    voucher_account_no: int,
    voucher_id: int,
    line_no: int,
    reason: str,
    request_key: str,
    now: datetime,
) -> None:
    """Staff say that a bank line and a book line are the same movement: both of this account, of one direction and
    amount, and neither ticked off before. Raises Refused."""
    require_funds(actor)
    reason = checked_reason(reason)
    account = await bank_account(code=bank_account_code)
    async with transaction() as tx:
        given = {
            "bank_account_code": bank_account_code,
            "booked_on": booked_on,
            "host_serial_no": host_serial_no,
            "voucher": f"{voucher_account_no}/{voucher_id}/{line_no}",
            "reason": reason,
        }
        if await begun(tx, actor=actor, operation="tick_by_hand", request_key=request_key, given=given, now=now):
            return
        await tx.execute("SELECT 1 FROM bank_account WHERE code = $1 FOR NO KEY UPDATE", account.code)
        line = await tx.row(
            "SELECT l.amount_fen FROM bank_statement_line l JOIN bank_statement s USING (statement_id)"
            " WHERE l.bank_account_code = $1 AND l.booked_on = $2 AND l.host_serial_no = $3 AND s.state = 'current'",
            account.code,
            booked_on,
            host_serial_no,
        )
        books = [
            one
            for one in await book_lines(tx, account=account, voucher_id=voucher_id)
            if (one["account_no"], one["line_no"]) == (voucher_account_no, line_no)
        ]
        if line is None or not books:
            raise Refused(TICK_IMPOSSIBLE(problem="不是该专户的记录"))
        if line["amount_fen"] != books[0]["amount_fen"]:
            raise Refused(TICK_IMPOSSIBLE(problem="金额或收付方向不同"))
        status = await tx.execute(
            "INSERT INTO bank_tick (bank_account_code, booked_on, host_serial_no, amount_fen, account_set,"
            " voucher_account_no, voucher_id, line_no, posted_on, made_by, made_at, reason)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING",
            account.code,
            booked_on,
            host_serial_no,
            line["amount_fen"],
            account.account_set,
            voucher_account_no,
            voucher_id,
            line_no,
            books[0]["posted_on"],
            actor.reference,
            now,
            reason,
        )
        if status.endswith(" 0"):
            raise Refused(TICK_IMPOSSIBLE(problem="已与其他记录勾对"))
        await audit.record(
            tx,
            actor=actor,
            action="bank_line.ticked",
            subject=f"bank_account:{account.code}",
            now=now,
            detail={"host_serial_no": host_serial_no, "voucher_id": str(voucher_id), "reason": reason},
        )
        await finished(tx, actor=actor, request_key=request_key, number=1)


async def _write(
    tx: Transaction, *, account: BankAccount, statement: Record, day: date, actor: Actor, now: datetime
) -> None:
    first = await tx.row(
        "SELECT day, opening_fen FROM bank_statement WHERE bank_account_code = $1 AND state = 'current'"
        " ORDER BY day LIMIT 1",
        account.code,
    )
    assert first is not None
    began: date = first["day"]
    books = await book_lines(tx, account=account, since=began, until=day)
    opening_book = await tx.value(_BOOK_BEFORE, account.account_set, account.subject, account.code, began)
    bank = await tx.rows(_BANK_LINES, account.code, began, day)
    ticks = await tx.rows("SELECT * FROM bank_tick WHERE bank_account_code = $1", account.code)
    items = _outstanding(bank=bank, books=books, ticks=ticks, day=day)
    sums = {category: 0 for category in ("bank_received", "bank_paid", "book_received", "book_paid")}
    for item in items:
        sums[item.category] += item.amount_fen
    book = opening_book + sum(one["amount_fen"] for one in books)
    difference = first["opening_fen"] - opening_book
    known = {
        row["day"]
        for row in await tx.rows(
            "SELECT day FROM bank_statement WHERE bank_account_code = $1 AND state = 'current'", account.code
        )
    }
    missing = [began + timedelta(days=n) for n in range((day - began).days) if began + timedelta(days=n) not in known]
    await tx.execute(
        "DELETE FROM bank_reconciliation_item WHERE bank_account_code = $1 AND day = $2", account.code, day
    )
    await tx.execute(
        _UPSERT,
        account.code,
        day,
        statement["statement_id"],
        book,
        statement["closing_fen"],
        difference,
        sums["bank_received"],
        sums["bank_paid"],
        sums["book_received"],
        sums["book_paid"],
        book + sums["bank_received"] - sums["bank_paid"] + difference,
        statement["closing_fen"] + sums["book_received"] - sums["book_paid"],
        missing,
        actor.reference,
        now,
    )
    if items:
        columns = [list(column) for column in zip(*items, strict=True)]
        await tx.execute(_ITEMS, account.code, day, *columns)


def _outstanding(*, bank: Sequence[Record], books: Sequence[Record], ticks: Sequence[Record], day: date) -> list[_Item]:
    """What has no partner up to the day: a partner of a later day does not count yet."""
    bank_ticked = {(row["booked_on"], row["host_serial_no"]) for row in ticks if row["posted_on"] <= day}
    book_ticked = {
        (row["voucher_account_no"], row["voucher_id"], row["line_no"]) for row in ticks if row["booked_on"] <= day
    }
    items = [
        _Item(
            _category(at_bank=True, incoming=row["amount_fen"] > 0),
            row["booked_on"],
            abs(row["amount_fen"]),
            row["host_serial_no"],
            None,
            None,
            None,
            row["summary"] or row["remark"],
        )
        for row in bank
        if (row["booked_on"], row["host_serial_no"]) not in bank_ticked
    ]
    return items + [
        _Item(
            _category(at_bank=False, incoming=row["amount_fen"] > 0),
            row["posted_on"],
            abs(row["amount_fen"]),
            None,
            row["account_no"],
            row["voucher_id"],
            row["line_no"],
            row["summary"],
        )
        for row in books
        if (row["account_no"], row["voucher_id"], row["line_no"]) not in book_ticked
    ]


def _category(*, at_bank: bool, incoming: bool) -> str:
    return _CATEGORIES.get((at_bank, incoming), "book_paid")


_BANK_LINES = """
SELECT l.* FROM bank_statement_line l JOIN bank_statement s USING (statement_id)
WHERE s.bank_account_code = $1 AND s.state = 'current' AND s.day BETWEEN $2 AND $3 ORDER BY l.booked_on, l.line_no
"""

_BOOK_BEFORE = """
SELECT coalesce(sum(fen), 0)::bigint FROM (
    SELECT CASE p.side WHEN 'D' THEN p.amount_fen ELSE -p.amount_fen END AS fen
    FROM posting p JOIN voucher v USING (account_no, period, voucher_id)
    WHERE p.account_set = $1 AND p.subject = $2 AND p.auxiliary = $3 AND v.posted_on < $4
    UNION ALL
    SELECT CASE g.side WHEN 'D' THEN g.amount_fen ELSE -g.amount_fen END
    FROM general_line g JOIN general_voucher v USING (account_set, period, voucher_id)
    WHERE g.account_set = $1 AND g.subject = $2 AND g.auxiliary = $3 AND v.posted_on < $4 AND NOT g.detailed
) AS lines
"""

_ITEMS = """
INSERT INTO bank_reconciliation_item (bank_account_code, day, item_no, category, on_date, amount_fen, host_serial_no,
    voucher_account_no, voucher_id, line_no, note)
SELECT $1, $2, row_number() OVER (), * FROM unnest($3::text[], $4::date[], $5::bigint[], $6::text[], $7::bigint[],
    $8::bigint[], $9::smallint[], $10::text[])
"""

_UPSERT = """
INSERT INTO bank_reconciliation (bank_account_code, day, statement_id, book_fen, bank_fen, opening_difference_fen,
    bank_received_fen, bank_paid_fen, book_received_fen, book_paid_fen, adjusted_book_fen, adjusted_bank_fen,
    missing_days, made_by, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (bank_account_code, day) DO UPDATE SET statement_id = excluded.statement_id, book_fen = excluded.book_fen,
    bank_fen = excluded.bank_fen, opening_difference_fen = excluded.opening_difference_fen,
    bank_received_fen = excluded.bank_received_fen, bank_paid_fen = excluded.bank_paid_fen,
    book_received_fen = excluded.book_received_fen, book_paid_fen = excluded.book_paid_fen,
    adjusted_book_fen = excluded.adjusted_book_fen, adjusted_bank_fen = excluded.adjusted_bank_fen,
    missing_days = excluded.missing_days, made_by = excluded.made_by, made_at = excluded.made_at
"""
