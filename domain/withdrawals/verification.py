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
}
