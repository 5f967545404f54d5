"""勾对: pairing bank lines with book lines that are known to be the same movement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record, Transaction
from domain.settlement.accounts import BankAccount

# A bank may book a payment on the day after it was ordered, or over a long holiday.
_BOOKED_WITHIN = timedelta(days=10)


async def book_lines(
    tx: Transaction,
    *,
    account: BankAccount,
    since: date | None = None,
    until: date | None = None,
    voucher_id: int | None = None,
) -> list[Record]:
    """The book's lines of a bank account, by days posted (inclusive) or of one voucher: account_no (0 for general
    vouchers), voucher_id, line_no, amount_fen (money in positive), posted_on, summary."""
    return await tx.rows(_BOOK_LINES, account.account_set, account.subject, account.code, since, until, voucher_id)


async def tick_by_themselves(tx: Transaction, *, account: BankAccount, through: date, now: datetime) -> int:
    """Pairs what is linked: bookings of settlement and of owners, and payments of personal accounts by the bank's
    serial number. Returns how many were paired now."""
    paired = await _tick(tx, account, await tx.rows(_LINKED, account.code, through), now)
    open_lines = await tx.rows(_OPEN_OUT, account.code, through)
    if not open_lines:
        return paired
    # In two steps: the bank's lines are the coordinator's, payments and postings their account's.
    serials = [row["host_serial_no"] for row in open_lines]
    paid = await tx.rows(_PAID, account.bank_code, account.number, serials, account.subject, account.code)
    by_serial = {row["bank_serial_no"]: row for row in paid}
    pairs = []
    for line in open_lines:
        book = by_serial.get(line["host_serial_no"])
        if book is None or book["amount_fen"] != line["amount_fen"]:
            continue
        if not timedelta(0) <= line["booked_on"] - book["business_date"] <= _BOOKED_WITHIN:
            continue
        pairs.append({**dict(book), "booked_on": line["booked_on"], "host_serial_no": line["host_serial_no"]})
    return paired + await _tick(tx, account, pairs, now)


_COLUMNS = ("booked_on", "host_serial_no", "amount_fen", "account_no", "voucher_id", "line_no", "posted_on")


async def _tick(
    tx: Transaction, account: BankAccount, pairs: Sequence[Record] | Sequence[Mapping[str, object]], now: datetime
) -> int:
    if not pairs:
        return 0
    columns = [[pair[name] for pair in pairs] for name in _COLUMNS]
    status = await tx.execute(_TICKS, account.code, account.account_set, SYSTEM.reference, now, *columns)
    return int(status.rpartition(" ")[2])


_TICKS = """
INSERT INTO bank_tick (bank_account_code, account_set, made_by, made_at, reason, booked_on, host_serial_no, amount_fen,
    voucher_account_no, voucher_id, line_no, posted_on)
SELECT $1, $2, $3, $4, '自动勾对', * FROM unnest($5::date[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[],
    $10::smallint[], $11::date[])
ON CONFLICT DO NOTHING
"""

_BOOK_LINES = """
SELECT p.account_no, p.voucher_id, p.line_no, v.posted_on, v.summary,
       CASE p.side WHEN 'D' THEN p.amount_fen ELSE -p.amount_fen END AS amount_fen
FROM posting p JOIN voucher v USING (account_no, period, voucher_id)
WHERE p.account_set = $1 AND p.subject = $2 AND p.auxiliary = $3
    AND ($4::date IS NULL OR v.posted_on >= $4) AND ($5::date IS NULL OR v.posted_on <= $5)
    AND ($6::bigint IS NULL OR p.voucher_id = $6)
UNION ALL
SELECT 0, g.voucher_id, g.line_no, v.posted_on, v.summary,
       CASE g.side WHEN 'D' THEN g.amount_fen ELSE -g.amount_fen END
FROM general_line g JOIN general_voucher v USING (account_set, period, voucher_id)
WHERE g.account_set = $1 AND g.subject = $2 AND g.auxiliary = $3 AND NOT g.detailed
    AND ($4::date IS NULL OR v.posted_on >= $4) AND ($5::date IS NULL OR v.posted_on <= $5)
    AND ($6::bigint IS NULL OR g.voucher_id = $6)
ORDER BY posted_on, voucher_id, line_no
"""

_OPEN_LINES = """
FROM bank_statement_line l JOIN bank_statement s USING (statement_id)
LEFT JOIN bank_tick t ON t.bank_account_code = s.bank_account_code AND t.booked_on = l.booked_on
    AND t.host_serial_no = l.host_serial_no
"""

_OPEN_OUT = f"""
SELECT l.booked_on, l.host_serial_no, l.amount_fen {_OPEN_LINES}
WHERE s.bank_account_code = $1 AND s.state = 'current' AND s.day <= $2 AND t.host_serial_no IS NULL
    AND l.amount_fen < 0 ORDER BY l.booked_on, l.line_no
"""

# A general voucher's line and a personal voucher's are found by the same link.
_LINKED = f"""
SELECT l.booked_on, l.host_serial_no, l.amount_fen, b.voucher_account_no AS account_no, k.voucher_id, k.line_no,
       k.posted_on
{_OPEN_LINES}
JOIN bank_account a ON a.code = s.bank_account_code
JOIN bank_booking b ON b.bank_account_code = s.bank_account_code AND b.booked_on = l.booked_on
    AND b.host_serial_no = l.host_serial_no AND b.amount_fen = l.amount_fen
JOIN LATERAL (
    SELECT g.voucher_id, g.line_no, v.posted_on FROM general_line g
    JOIN general_voucher v USING (account_set, period, voucher_id)
    WHERE b.voucher_account_no = 0 AND g.voucher_id = b.voucher_id AND g.account_set = a.account_set
        AND g.subject = a.subject AND g.auxiliary = a.code
        AND CASE g.side WHEN 'D' THEN g.amount_fen ELSE -g.amount_fen END = l.amount_fen
    UNION ALL
    SELECT p.voucher_id, p.line_no, v.posted_on FROM posting p JOIN voucher v USING (account_no, period, voucher_id)
    WHERE b.voucher_account_no <> 0 AND p.account_no = b.voucher_account_no AND p.voucher_id = b.voucher_id
        AND p.account_set = a.account_set AND p.subject = a.subject AND p.auxiliary = a.code
        AND CASE p.side WHEN 'D' THEN p.amount_fen ELSE -p.amount_fen END = l.amount_fen
    LIMIT 1
) k ON true
WHERE s.bank_account_code = $1 AND s.state = 'current' AND s.day <= $2 AND t.host_serial_no IS NULL
ORDER BY l.booked_on, l.line_no
"""

_PAID = """
SELECT p.bank_serial_no, p.business_date, p.account_no, x.voucher_id, x.line_no, v.posted_on,
       -x.amount_fen AS amount_fen
FROM payment p
JOIN voucher v ON v.account_no = p.account_no AND v.case_id = p.case_id AND v.reverses_voucher_id IS NULL
JOIN posting x ON x.account_no = v.account_no AND x.period = v.period AND x.voucher_id = v.voucher_id
    AND x.subject = $4 AND x.auxiliary = $5 AND x.side = 'C' AND x.amount_fen = p.amount_fen
WHERE p.bank_code = $1 AND p.payer_account_no = $2 AND p.bank_serial_no = ANY ($3) AND p.state = 'confirmed'
"""
