"""Invariants of closed books: formal vouchers, their numbers, and the totals that statements are made of."""

from __future__ import annotations

from domain.ledger.maintenance import MAINTENANCE_ASSETS, MAINTENANCE_CLAIMS, MAINTENANCE_STANDARD
from domain.ledger.statements import ASSET_CODES, CLAIM_CODES

_ASSETS, _CLAIMS = "|".join(ASSET_CODES), "|".join(CLAIM_CODES)
_FUND_ASSETS, _FUND_CLAIMS = "|".join(MAINTENANCE_ASSETS), "|".join(MAINTENANCE_CLAIMS)

BOOK_INVARIANTS: dict[str, tuple[str, str]] = {
    "formal_equals_realtime": (
        "正式凭证分录合计等于其所汇总的实时凭证",
        """
        WITH gathered AS (
            SELECT day, part, account_set FROM book_segment WHERE gathered_at IS NOT NULL
        ), realtime AS (
            SELECT v.account_set, v.posted_on, v.kind, v.part, p.subject, p.auxiliary, p.side, sum(p.amount_fen) AS fen
            FROM voucher v JOIN posting p USING (account_no, period, voucher_id)
            GROUP BY 1, 2, 3, 4, 5, 6, 7
            UNION ALL
            SELECT v.account_set, v.posted_on, v.kind, v.part, l.subject, l.auxiliary, l.side, sum(l.amount_fen)
            FROM general_voucher v JOIN general_line l USING (account_set, period, voucher_id)
            GROUP BY 1, 2, 3, 4, 5, 6, 7
        ), formal AS (
            SELECT f.account_set, f.posted_on, f.kind, f.part, l.subject, l.auxiliary, l.side, l.amount_fen AS fen
            FROM formal_voucher f JOIN formal_voucher_line l USING (account_set, period, number)
        )
        SELECT b.account_set || ' ' || b.posted_on || ' ' || b.subject AS label,
               sum(b.formal) = sum(b.realtime) AS holds
        FROM (SELECT account_set, posted_on, kind, part, subject, auxiliary, side, fen AS formal, 0 AS realtime
              FROM formal
              UNION ALL
              SELECT account_set, posted_on, kind, part, subject, auxiliary, side, 0, fen FROM realtime r
              WHERE EXISTS (SELECT FROM gathered g WHERE g.day = r.posted_on AND g.part = r.part
                                AND g.account_set IN ('', r.account_set))) b
        GROUP BY b.account_set, b.posted_on, b.kind, b.part, b.subject, b.auxiliary, b.side
        """,
    ),
    "formal_balances": (
        "正式凭证借贷平衡，且与分录合计一致",
        """
        SELECT f.account_set || ' ' || f.period || '-' || f.number AS label,
               f.debit_fen = f.credit_fen
               AND coalesce(sum(l.amount_fen) FILTER (WHERE l.side = 'D'), 0) = f.debit_fen
               AND coalesce(sum(l.amount_fen) FILTER (WHERE l.side = 'C'), 0) = f.credit_fen AS holds
        FROM formal_voucher f LEFT JOIN formal_voucher_line l USING (account_set, period, number)
        GROUP BY f.account_set, f.period, f.number
        """,
    ),
    "formal_numbers_have_no_gap": (
        "正式凭证按账套和月份连续编号，没有缺号",
        """
        SELECT c.account_set || ' ' || c.period AS label,
               count(f.number) = c.last_number AND coalesce(max(f.number), 0) = c.last_number AS holds
        FROM formal_voucher_counter c LEFT JOIN formal_voucher f USING (account_set, period)
        GROUP BY c.account_set, c.period, c.last_number
        """,
    ),
    "totals_equal_lines": (
        "已结账月份的科目发生额（报表来源）等于总账分录之和",
        """
        SELECT t.account_set || ' ' || t.period || ' ' || t.subject AS label, sum(t.kept) = sum(t.booked) AS holds
        FROM (SELECT account_set, period, subject, auxiliary, 'D' AS side, debit_fen AS kept, 0 AS booked
              FROM subject_total
              UNION ALL
              SELECT account_set, period, subject, auxiliary, 'C', credit_fen, 0 FROM subject_total
              UNION ALL
              SELECT l.account_set, l.period, l.subject, l.auxiliary, l.side, 0, l.amount_fen
              FROM ledger_line l JOIN book_period b USING (account_set, period) WHERE b.state = 'closed') t
        GROUP BY t.account_set, t.period, t.subject, t.auxiliary, t.side
        """,
    ),
    "sheet_equals_ledger": (
        "资产负债表包含全部有发生额的科目，资产等于负债加净资产，等于总账",
        f"""
        SELECT b.account_set || ' ' || b.period AS label,
               coalesce(bool_and(t.subject ~ '^({_ASSETS}|{_CLAIMS})'), true)
               AND coalesce(sum(t.debit_fen - t.credit_fen) FILTER (WHERE t.subject ~ '^({_ASSETS})'), 0)
               = coalesce(sum(t.credit_fen - t.debit_fen) FILTER (WHERE t.subject ~ '^({_CLAIMS})'), 0) AS holds
        FROM book_period b JOIN account_set s ON s.code = b.account_set AND s.standard = '财综字〔1999〕33号'
        LEFT JOIN subject_total t ON t.account_set = b.account_set AND t.period <= b.period
        WHERE b.state = 'closed' GROUP BY b.account_set, b.period
        """,
    ),
    "maintenance_sheet_equals_ledger": (
        "维修资金资产负债表由科目余额生成，没有遗漏科目，资产等于负债与净资产之和",
        f"""
        SELECT t.account_set || ' ' || t.period AS label,
               bool_and(t.subject ~ '^({_FUND_ASSETS}|{_FUND_CLAIMS})$')
               AND coalesce(sum(t.fen) FILTER (WHERE t.subject ~ '^({_FUND_ASSETS})$'), 0)
               = -coalesce(sum(t.fen) FILTER (WHERE t.subject ~ '^({_FUND_CLAIMS})$'), 0) AS holds
        FROM (SELECT b.account_set, b.period, coalesce(c.closes_to, t.subject) AS subject,
                     t.debit_fen - t.credit_fen AS fen
              FROM book_period b
              JOIN account_set s ON s.code = b.account_set AND s.standard = '{MAINTENANCE_STANDARD}'
              JOIN subject_total t ON t.account_set = b.account_set AND t.period <= b.period
              LEFT JOIN account_subject c ON c.account_set = t.account_set AND c.code = t.subject
              WHERE b.state = 'closed') t
        GROUP BY t.account_set, t.period
        """,
    ),
    "carry_over_keeps_net_assets": (
        "季末结转把每项收入、支出转入其应转的净资产科目，不改变各栏净资产",
        """
        SELECT x.account_set || ' ' || x.period || ' ' || x.target AS label, sum(x.fen) = 0 AS holds
        FROM (SELECT g.account_set, g.period, g.voucher_id, coalesce(s.closes_to, l.subject) AS target,
                     CASE l.side WHEN 'C' THEN l.amount_fen ELSE -l.amount_fen END AS fen
              FROM general_voucher g JOIN general_line l USING (account_set, period, voucher_id)
              JOIN account_subject s ON s.account_set = l.account_set AND s.code = l.subject
              WHERE g.business_key LIKE 'carry_over:%') x
        GROUP BY x.account_set, x.period, x.voucher_id, x.target
        """,
    ),
    "income_is_carried_over": (
        "季末结账后收入、支出科目没有余额，增值收益表的增值收益已全部结转",
        """
        SELECT x.account_set || ' ' || x.period AS label, bool_and(x.fen = 0) AS holds
        FROM (SELECT b.account_set, b.period, t.subject, sum(t.credit_fen - t.debit_fen) AS fen
              FROM book_period b JOIN subject_total t ON t.account_set = b.account_set AND t.period <= b.period
              JOIN account_subject s ON s.account_set = t.account_set AND s.code = t.subject
              WHERE b.state = 'closed' AND b.period % 100 % 3 = 0 AND s.closes_to IS NOT NULL
              GROUP BY b.account_set, b.period, t.subject) x
        GROUP BY x.account_set, x.period
        """,
    ),
}
