"""Invariants of settlement, one fact a row; see `domain.ledger.verification`."""

INVARIANTS: dict[str, tuple[str, str]] = {
    "withdrawal_voucher_was_paid": (
        "提取凭证均有银行确认的付款，金额一致",
        """
        SELECT v.voucher_id::text AS label,
               coalesce(p.state = 'confirmed' AND p.amount_fen = v.debit_fen, false) AS holds
        FROM voucher v LEFT JOIN payment p ON p.account_no = v.account_no AND p.case_id = v.case_id
        WHERE v.business_key LIKE 'withdrawal:%'
        """,
    ),
    "confirmed_payment_was_posted": (
        "银行确认的付款均已记账",
        """
        SELECT p.serial_no AS label, coalesce(v.debit_fen = p.amount_fen, false) AS holds
        FROM payment p
        LEFT JOIN voucher v ON v.account_no = p.account_no AND v.case_id = p.case_id
            AND v.business_key LIKE 'withdrawal:%'
        WHERE p.state = 'confirmed'
        """,
    ),
}
