"""Invariants of withdrawals, one fact a row; see `domain.ledger.verification`."""

INVARIANTS: dict[str, tuple[str, str]] = {
    "paid_withdrawal_has_voucher": (
        "已支付的提取均已记账，金额一致",
        """
        SELECT w.withdrawal_id::text AS label, v.debit_fen IS NOT DISTINCT FROM w.amount_fen AS holds
        FROM withdrawal w
        LEFT JOIN voucher v ON v.account_no = w.account_no AND v.business_key = 'withdrawal:' || w.withdrawal_id
        WHERE w.state = 'paid'
        """,
    ),
    "open_withdrawal_holds_money": (
        "在途提取均有等额冻结",
        """
        SELECT w.withdrawal_id::text AS label,
               coalesce(h.state = 'placed' AND h.amount_fen = w.amount_fen, false) AS holds
        FROM withdrawal w LEFT JOIN hold h USING (account_no, hold_id) WHERE w.state IN ('requested', 'approved')
        """,
    ),
    "withdrawal_follows_case": (
        "提取状态与办件状态一致",
        """
        SELECT c.case_no AS label, w.state = CASE
                   WHEN c.state IN ('pending_preliminary', 'pending_final') THEN 'requested'
                   WHEN c.state IN ('pending_payment', 'paying') THEN 'approved'
                   WHEN c.state = 'completed' THEN 'paid' ELSE 'ended' END AS holds
        FROM withdrawal w JOIN service_case c USING (account_no, case_id)
        """,
    ),
}
