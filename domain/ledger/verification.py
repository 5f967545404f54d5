"""The books proved: each invariant counted over all rows, with what breaks it.

Each area keeps its own invariants; `ops.verify` and the staff page prove them all. An invariant is one SQL
statement that returns how many facts it looked at and how many are broken; a break names up to five accounts or
vouchers, so that somebody can go and look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.kernel import database
from domain.kernel.database import Executor
from domain.ledger.verification_books import BOOK_INVARIANTS


@dataclass(frozen=True, slots=True, kw_only=True)
class InvariantResult:
    name: str
    title: str
    checked: int
    broken: int
    detail: str

    @property
    def holds(self) -> bool:
        return self.broken == 0


async def prove(*, invariants: Mapping[str, tuple[str, str]], using: Executor = database.pool) -> list[InvariantResult]:
    """Counts every invariant, in the order given. Reads only."""
    results = []
    for name, (title, sql) in invariants.items():
        row = await using.row(_COUNTED.format(sql=sql))
        assert row is not None
        results.append(
            InvariantResult(
                name=name,
                title=title,
                checked=row["checked"],
                broken=row["broken"],
                detail=row["samples"] or "",
            )
        )
    return results


# Each statement gives one row a fact: a label and whether it holds.
_COUNTED = """
SELECT count(*) AS checked, count(*) FILTER (WHERE NOT holds) AS broken,
       array_to_string((array_agg(label) FILTER (WHERE NOT holds))[1:5], ', ') AS samples
FROM ({sql}) AS facts
"""

INVARIANTS: dict[str, tuple[str, str]] = {
    "voucher_lines_balance": (
        "凭证借贷平衡，且与分录合计一致",
        """
        SELECT v.voucher_id::text AS label,
               coalesce(p.debit, 0) = v.debit_fen AND coalesce(p.credit, 0) = v.credit_fen
               AND v.debit_fen = v.credit_fen AS holds
        FROM voucher v
        LEFT JOIN (
            SELECT account_no, period, voucher_id, sum(amount_fen) FILTER (WHERE side = 'D') AS debit,
                   sum(amount_fen) FILTER (WHERE side = 'C') AS credit
            FROM posting GROUP BY account_no, period, voucher_id) p USING (account_no, period, voucher_id)
        UNION ALL
        SELECT v.voucher_id::text,
               coalesce(l.debit, 0) = v.debit_fen AND coalesce(l.credit, 0) = v.credit_fen
               AND v.debit_fen = v.credit_fen
        FROM general_voucher v
        LEFT JOIN (
            SELECT account_set, period, voucher_id, sum(amount_fen) FILTER (WHERE side = 'D') AS debit,
                   sum(amount_fen) FILTER (WHERE side = 'C') AS credit
            FROM general_line GROUP BY account_set, period, voucher_id) l USING (account_set, period, voucher_id)
        """,
    ),
    "posting_has_voucher": (
        "分录均有凭证",
        """
        SELECT p.voucher_id::text AS label, v.voucher_id IS NOT NULL OR g.is_batch IS TRUE AS holds
        FROM posting p LEFT JOIN voucher v USING (account_no, period, voucher_id)
        LEFT JOIN general_voucher g ON v.voucher_id IS NULL AND g.voucher_id = p.voucher_id
        """,
    ),
    "batch_head_equals_lines": (
        "批量凭证的汇总分录等于逐户分录之和",
        """
        SELECT l.voucher_id::text AS label, l.amount_fen = coalesce(p.amount, 0) AS holds
        FROM general_line l
        LEFT JOIN (
            SELECT period, voucher_id, subject, side, sum(amount_fen) AS amount
            FROM posting WHERE voucher_id IN (SELECT voucher_id FROM general_voucher WHERE is_batch)
            GROUP BY period, voucher_id, subject, side) p USING (period, voucher_id, subject, side)
        WHERE l.detailed
        """,
    ),
    "posting_has_subject": (
        "分录的科目均在科目表中",
        """
        SELECT p.voucher_id::text AS label, s.code IS NOT NULL AS holds
        FROM posting p LEFT JOIN account_subject s ON s.account_set = p.account_set AND s.code = p.subject
        """,
    ),
    "balance_equals_postings": (
        "个人账户余额等于其分录之和",
        """
        SELECT b.account_no::text AS label,
               b.balance_fen = coalesce(p.net, 0) AND b.posting_count = coalesce(p.lines, 0) AS holds
        FROM account_balance b
        LEFT JOIN (
            SELECT account_no, sum(CASE side WHEN 'C' THEN amount_fen ELSE -amount_fen END) AS net, count(*) AS lines
            FROM posting WHERE sequence IS NOT NULL GROUP BY account_no) p USING (account_no)
        """,
    ),
    "postings_chain": (
        "逐笔余额首尾相接",
        """
        SELECT account_no::text AS label,
               balance_before_fen = coalesce(lag(balance_after_fen) OVER w, 0)
               AND sequence = coalesce(lag(sequence) OVER w, 0) + 1 AS holds
        FROM posting WHERE sequence IS NOT NULL WINDOW w AS (PARTITION BY account_no ORDER BY sequence)
        """,
    ),
    "year_split_equals_postings": (
        "上年结转与当年归集之和等于余额，逐笔亦然",
        """
        SELECT b.account_no::text AS label, b.balance_fen = b.carried_over_fen + b.current_year_fen AS holds
        FROM account_balance b
        UNION ALL
        SELECT account_no::text, amount_fen = carried_over_fen + current_year_fen FROM posting
        WHERE sequence IS NOT NULL
        """,
    ),
    "interest_product_equals_postings": (
        "计息积数等于本结息年度以来余额变动逐笔推算之和",
        """
        WITH rate_index AS MATERIALIZED (
            SELECT d::date AS day, ledger_rate_index(d::date) AS ppm_days
            FROM generate_series(
                (SELECT min(effective_from) FROM deposit_rate)::timestamp,
                (SELECT greatest((SELECT max(settled_through) + 1 FROM account_balance),
                                 (SELECT max(effective_on) FROM voucher),
                                 (SELECT max(effective_on) FROM general_voucher)))::timestamp, interval '1 day') d)
        SELECT b.account_no::text AS label,
               b.interest_offset = coalesce(m.product, 0)
               OR (b.interest_offset > coalesce(m.product, 0) AND b.last_interest_fen = 0) AS holds
        FROM account_balance b
        LEFT JOIN (
            SELECT p.account_no,
                   sum(CASE p.side WHEN 'C' THEN p.amount_fen ELSE -p.amount_fen END * r.ppm_days) AS product
            FROM posting p
            JOIN account_balance b USING (account_no)
            LEFT JOIN voucher v USING (account_no, period, voucher_id)
            LEFT JOIN general_voucher g ON v.voucher_id IS NULL AND g.voucher_id = p.voucher_id
            LEFT JOIN rate_index r ON r.day = CASE WHEN p.sequence <= b.settled_sequence THEN b.settled_through + 1
                                                   ELSE coalesce(v.effective_on, g.effective_on) END
            WHERE p.sequence IS NOT NULL
            GROUP BY p.account_no) m ON m.account_no = b.account_no
        """,
    ),
    "held_equals_holds": (
        "冻结金额等于有效冻结之和",
        """
        SELECT b.account_no::text AS label, b.held_fen = coalesce(h.amount, 0) AND b.balance_fen >= b.held_fen AS holds
        FROM account_balance b
        LEFT JOIN (SELECT account_no, sum(amount_fen) AS amount FROM hold WHERE state = 'placed' GROUP BY account_no) h
            USING (account_no)
        """,
    ),
    "subject_201_equals_accounts": (
        "各账套总账住房公积金（201）等于其个人账户余额合计",
        """
        SELECT s.code AS label,
               (SELECT coalesce(sum(CASE side WHEN 'C' THEN amount_fen ELSE -amount_fen END), 0) FROM posting
                WHERE account_set = s.code AND subject = s.personal_subject)
               = (SELECT coalesce(sum(b.balance_fen), 0) FROM account_balance b
                  JOIN account a USING (account_no) WHERE a.account_set = s.code) AS holds
        FROM account_set s WHERE s.personal_subject IS NOT NULL
        """,
    ),
    "trial_balance": (
        "各账套总账试算平衡",
        """
        SELECT s.account_set AS label,
               coalesce(sum(CASE p.side WHEN 'D' THEN p.amount_fen ELSE -p.amount_fen END), 0) = 0 AS holds
        FROM (SELECT code AS account_set FROM account_set) s LEFT JOIN ledger_line p USING (account_set)
        GROUP BY s.account_set
        """,
    ),
    **BOOK_INVARIANTS,
}
