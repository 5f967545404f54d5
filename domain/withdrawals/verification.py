"""Invariants of withdrawals, one fact a row; see `domain.ledger.verification`."""

INVARIANTS: dict[str, tuple[str, str]] = {
    "paid_withdrawal_has_voucher": (
        "已支付的提取均已记账，金额一致",
        """
        SELECT w.withdrawal_id::text AS label, coalesce(p.amount_fen = w.amount_fen, false) AS holds
        FROM withdrawal w
        LEFT JOIN posting p ON p.account_no = w.account_no AND p.voucher_id = w.voucher_id AND p.sequence IS NOT NULL
        WHERE w.state = 'paid'
        """,
    ),
    "open_withdrawal_holds_money": (
        "在途提取均有等额冻结",
        """
        SELECT w.withdrawal_id::text AS label,
               coalesce(h.state = 'placed' AND h.amount_fen = w.amount_fen, w.voucher_id IS NOT NULL) AS holds
        FROM withdrawal w LEFT JOIN hold h USING (account_no, hold_id) WHERE w.state IN ('requested', 'approved')
        """,
    ),
    "withdrawal_follows_case": (
        "提取状态与办件状态一致",
        """
        SELECT c.case_no AS label, w.state = CASE
                   WHEN c.state IN ('pending_preliminary', 'pending_correction', 'pending_final', 'pending_special',
                                    'pending_payment_review') THEN 'requested'
                   WHEN c.state IN ('pending_payment', 'paying') THEN 'approved'
                   WHEN c.state = 'completed' THEN 'paid' ELSE 'ended' END AS holds
        FROM withdrawal w JOIN service_case c USING (account_no, case_id) WHERE w.hold_id IS NOT NULL
        """,
    ),
    "arrangement_paid_within_limit": (
        "约定提取累计支付等于各期之和，且不超过总额",
        """
        SELECT a.arrangement_id::text AS label,
               a.paid_fen = coalesce(w.paid, 0) AND a.paid_fen <= coalesce(a.total_limit_fen, a.paid_fen) AS holds
        FROM withdrawal_arrangement a
        LEFT JOIN (SELECT account_no, arrangement_id, sum(amount_fen) AS paid FROM withdrawal
                   WHERE arrangement_id IS NOT NULL AND (state = 'paid' OR state = 'approved' AND hold_id IS NULL)
                   GROUP BY 1, 2) w
            USING (account_no, arrangement_id)
        WHERE a.paid_through_period IS NOT NULL
        """,
    ),
    "subject_equals_claims": (
        "住房（发票、贷款）已用额度等于各申请之和，且不超过限额",
        """
        SELECT s.subject_key AS label, s.used_fen = coalesce(c.amount, 0) AND s.used_fen <= s.limit_fen AS holds
        FROM withdrawal_subject s
        LEFT JOIN (SELECT subject_key, sum(amount_fen) AS amount FROM withdrawal_claim GROUP BY 1) c USING (subject_key)
        """,
    ),
    "maintenance_refund_is_booked": (
        "维修资金退款在两个账套各记账一次，金额一致，累计不超过交存额",
        """
        SELECT r.refund_no AS label,
               (p.state = 'confirmed') = (g.voucher_id IS NOT NULL)
               AND coalesce(g.debit_fen, p.amount_fen) = r.amount_fen
               AND coalesce(v.debit_fen, r.amount_fen) = r.amount_fen
               AND (r.state = 'failed') = (p.state = 'rejected') AS holds
        FROM maintenance_refund r JOIN payment p ON p.account_no = r.account_no AND p.payment_id = r.payment_id
        LEFT JOIN general_voucher g ON g.voucher_id = r.fund_voucher_id
        LEFT JOIN voucher v ON v.account_no = r.to_account_no AND v.voucher_id = r.voucher_id
        UNION ALL
        SELECT d.case_no, d.returned_fen = coalesce(sum(r.amount_fen) FILTER (WHERE r.state <> 'failed'), 0)
        FROM maintenance_deposit d LEFT JOIN maintenance_refund r USING (account_no, case_id)
        GROUP BY d.account_no, d.case_id, d.case_no, d.returned_fen
        """,
    ),
    "maintenance_refund_in_transit": (
        "维修资金退款待入账（21906）等于已到账而未入个人账户的退款",
        """
        SELECT '21906' AS label, coalesce(sum(ledger), 0) = coalesce(sum(arrived), 0) AS holds FROM (
            SELECT CASE side WHEN 'C' THEN amount_fen ELSE -amount_fen END AS ledger, 0::bigint AS arrived
            FROM ledger_line WHERE subject = '21906' AND account_set = 'provident_fund'
            UNION ALL
            SELECT 0, r.amount_fen FROM maintenance_refund r JOIN expected_receipt e USING (expectation_id)
            WHERE r.state IN ('returning', 'arrived') AND e.state = 'met') AS both_sides
        """,
    ),
}
