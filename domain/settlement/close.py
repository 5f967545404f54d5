"""月结: what keeps a month from being closed, and the four equalities of the funds' books (四相等自检, D23).

No document says which four are meant; ours are: the general ledger's personal subject equals the personal accounts;
its suspense equals the suspense list; its bank subjects equal the special accounts one by one (no line names an account
that is not registered); and book and bank are equal after adjustment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.kernel import database
from domain.kernel.dates import SHANGHAI, YearMonth
from domain.settlement.accounts import bank_accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Equality:
    name: str
    title: str
    holds: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseBlocker:
    """`kind` is stable for programs, `message` says what to do. A warning does not keep the month open."""

    kind: str
    message: str
    reference: str
    warning: bool = False


async def four_equalities(*, day: date) -> list[Equality]:
    """The self test at the end of a day. The first three are of the books as they stand now."""
    results = []
    for name, title, sql in _EQUALITIES:
        row = await database.row(sql)
        assert row is not None
        detail = f"总账{row['ledger']}，明细{row['details']}（分）" if row["broken"] else ""
        results.append(Equality(name=name, title=title, holds=not row["broken"], detail=detail))
    rows = await database.rows(_ADJUSTED, day)
    problems = [f"{row['code']}：{_state(row)}" for row in rows if _state(row)]
    results.append(
        Equality(
            name="bank_equals_book",
            title="银行对账单与银行存款账调节后相等",
            holds=not problems,
            detail="；".join(problems),
        )
    )
    return results


async def close_blockers(*, period: YearMonth) -> list[CloseBlocker]:
    """Everything of settlement that the month's closing waits for; empty when it may close. Reads only."""
    first, last = period.first_day, period.last_day
    blockers = await _adjustments(first, last)
    for kind, sql, message in _OPEN:
        for row in await database.rows(sql, first, last, _end_of(last)):
            blockers.append(
                CloseBlocker(kind=kind, message=message.format(**dict(row)), reference=str(row["reference"]))
            )
    for equality in await four_equalities(day=last):
        if not equality.holds and equality.name != "bank_equals_book":
            blockers.append(
                CloseBlocker(
                    kind="equality",
                    message=f"{equality.title}不成立：{equality.detail}，请先查明差异。",
                    reference=equality.name,
                )
            )
    return blockers


async def _adjustments(first: date, last: date) -> list[CloseBlocker]:
    """Each account's days from the first statement on: a statement each, and an adjustment of the last day that is
    equal and leaves nothing of the bank's out of the books."""
    blockers: list[CloseBlocker] = []
    for account in await bank_accounts():
        if account.opened_on > last:
            continue
        began: date | None = await database.value(
            "SELECT min(day) FROM bank_statement WHERE bank_account_code = $1 AND state = 'current'", account.code
        )
        since = max(first, began or first, account.opened_on if began is None else first)
        known = {
            row["day"]
            for row in await database.rows(
                "SELECT day FROM bank_statement WHERE bank_account_code = $1 AND state = 'current'"
                " AND day BETWEEN $2 AND $3",
                account.code,
                since,
                last,
            )
        }
        days = [since + timedelta(days=n) for n in range((last - since).days + 1)]
        missing = [day for day in days if day not in known]
        if missing:
            blockers.append(
                CloseBlocker(
                    kind="statement_missing",
                    message=f"{account.name}缺少{missing[0]}等{len(missing)}天的对账单，请下载或导入。",
                    reference=f"{account.code}:{missing[0]}",
                )
            )
        blockers += await _last_adjustment(account.code, account.name, last)
    return blockers


async def _last_adjustment(code: str, name: str, last: date) -> list[CloseBlocker]:
    row = await database.row("SELECT * FROM bank_reconciliation WHERE bank_account_code = $1 AND day = $2", code, last)
    reference = f"{code}:{last}"
    if row is None:
        return [
            CloseBlocker(
                kind="adjustment_missing", message=f"{name}{last}的余额调节表未编制，请先编制。", reference=reference
            )
        ]
    found = []
    if row["adjusted_book_fen"] != row["adjusted_bank_fen"]:
        found.append(
            CloseBlocker(
                kind="adjustment_unequal",
                message=f"{name}{last}调节后余额不相等，请查明差异后重新编制。",
                reference=reference,
            )
        )
    if row["bank_received_fen"] or row["bank_paid_fen"]:
        found.append(
            CloseBlocker(
                kind="bank_lines_unbooked",
                message=f"{name}{last}有银行已收或已付而未记账的款项，请先记账。",
                reference=reference,
            )
        )
    if row["opening_difference_fen"]:
        found.append(
            CloseBlocker(
                kind="opening_difference",
                message=f"{name}启用对账时账面与银行相差{row['opening_difference_fen']}分，请查明来源。",
                reference=reference,
                warning=True,
            )
        )
    return found


def _end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) + timedelta(days=1)


def _state(row: database.Record) -> str:
    if row["adjusted_book_fen"] is None:
        return "未编制余额调节表"
    return "" if row["adjusted_book_fen"] == row["adjusted_bank_fen"] and not row["missing_days"] else "调节后不相等"


_EQUALITIES = (
    (
        "personal_accounts",
        "总账住房公积金科目与个人账户余额合计相等",
        """
        SELECT l.fen AS ledger, d.fen AS details, l.fen <> d.fen AS broken
        FROM (SELECT coalesce(sum(CASE x.side WHEN 'C' THEN x.amount_fen ELSE -x.amount_fen END), 0)::bigint AS fen
              FROM ledger_line x JOIN account_subject s ON s.account_set = x.account_set AND s.code = x.subject
              WHERE s.personal) l,
             (SELECT coalesce(sum(balance_fen), 0)::bigint AS fen FROM account_balance) d
        """,
    ),
    (
        "suspense",
        "总账暂收款科目与暂收款明细相等",
        """
        SELECT sum(ledger)::bigint AS ledger, sum(details)::bigint AS details,
               coalesce(bool_or(ledger <> details), false) AS broken
        FROM (
            SELECT account_set, office, sum(ledger) AS ledger, sum(details) AS details FROM (
                SELECT account_set, auxiliary AS office,
                       CASE side WHEN 'C' THEN amount_fen ELSE -amount_fen END AS ledger, 0 AS details
                FROM ledger_line WHERE subject = '21901'
                UNION ALL
                SELECT account_set, office_code, 0, open_fen FROM suspense_item) AS both_sides
            GROUP BY account_set, office) AS offices
        """,
    ),
    (
        "bank_subjects",
        "总账银行存款科目的每一笔均属于登记的专户",
        """
        SELECT count(*) FILTER (WHERE b.code IS NULL) AS ledger, count(*) AS details,
               coalesce(bool_or(b.code IS NULL), false) AS broken
        FROM ledger_line x JOIN account_subject s ON s.account_set = x.account_set AND s.code = x.subject
        LEFT JOIN bank_account b ON b.code = x.auxiliary AND b.account_set = x.account_set AND b.subject = x.subject
        WHERE s.auxiliary_kind = 'bank' AND s.normal_side = 'D'
        """,
    ),
)

_ADJUSTED = """
SELECT a.code, r.adjusted_book_fen, r.adjusted_bank_fen, r.missing_days
FROM bank_account a LEFT JOIN bank_reconciliation r ON r.bank_account_code = a.code AND r.day = $1
WHERE a.state = 'open' AND a.opened_on <= $1 ORDER BY a.code
"""

# kind, statement ($1 first day, $2 last day, $3 the instant after it), what to do
_OPEN = (
    (
        "receipt_held",
        "SELECT receipt_id AS reference, host_serial_no AS serial FROM bank_receipt"
        " WHERE state = 'held' AND booked_on <= $2 AND $1::date IS NOT NULL AND $3::timestamptz IS NOT NULL ORDER BY 1",
        "到账{serial}尚未入账，请在手动入账台处理。",
    ),
    (
        "notice_quarantined",
        "SELECT notice_id AS reference FROM bank_notice WHERE state = 'quarantined' AND received_at < $3"
        " AND $1::date <= $2::date ORDER BY 1",
        "有无法识别的到账通知，请与银行核实后处理。",
    ),
    (
        "claim_undecided",
        "SELECT movement_id AS reference FROM suspense_movement WHERE state IN ('proposed', 'paying')"
        " AND proposed_at < $3 AND $1::date <= $2::date ORDER BY 1",
        "有暂收款认领或退款尚未办结，请先复核或等待银行结果。",
    ),
    (
        "payment_in_doubt",
        "SELECT serial_no AS reference FROM payment WHERE state NOT IN ('confirmed', 'rejected')"
        " AND business_date BETWEEN $1 AND $2 AND $3::timestamptz IS NOT NULL ORDER BY 1",
        "付款{reference}尚无银行结果，请查询银行。",
    ),
    (
        "batch_open",
        "SELECT serial_no AS reference FROM bank_batch WHERE (state NOT IN ('ended', 'rejected') OR disputed)"
        " AND business_date BETWEEN $1 AND $2 AND $3::timestamptz IS NOT NULL ORDER BY 1",
        "批次{reference}尚未完成或结果有争议，请核实。",
    ),
    (
        "deposit_order_open",
        "SELECT serial_no AS reference FROM deposit_order"
        " WHERE state IN ('prepared', 'sending', 'processing', 'unknown') "
        " AND business_date BETWEEN $1 AND $2 AND $3::timestamptz IS NOT NULL ORDER BY 1",
        "存款指令{reference}尚无银行结果，请查询银行。",
    ),
    (
        "accrual_missing",
        "SELECT certificate_no AS reference FROM bank_deposit d JOIN bank_account a ON a.code = d.bank_account_code"
        " WHERE d.kind = 'notice' AND d.state = 'standing' AND d.placed_on <= $2"
        " AND a.account_set <> 'maintenance_fund' AND extract(month FROM $2::date) IN (3, 6, 9, 12)"
        " AND coalesce(d.accrued_through, DATE '1999-01-01') < $2"
        " AND $1::date <= $2::date AND $3::timestamptz IS NOT NULL ORDER BY 1",
        "通知存款{reference}未预提本季利息，请先预提。",
    ),
)
