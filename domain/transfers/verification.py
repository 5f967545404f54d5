"""Invariants of transfers, one fact a row; see `domain.ledger.verification`."""

INVARIANTS: dict[str, tuple[str, str]] = {
    "transfer_money_in_transit": (
        "异地转移待入账（21904）等于已到账而未入账的转入款",
        """
        SELECT '21904' AS label, sum(ledger) = sum(arrived) AS holds FROM (
            SELECT CASE side WHEN 'C' THEN amount_fen ELSE -amount_fen END AS ledger, 0::bigint AS arrived
            FROM ledger_line WHERE subject = '21904' AND account_set = 'provident_fund'
            UNION ALL
            SELECT 0, e.amount_fen FROM expected_receipt e
            WHERE e.state = 'met' AND split_part(e.purpose, '.', 1) = 'transfer_in' AND NOT EXISTS (
                SELECT FROM account_transfer t WHERE t.expectation_id = e.expectation_id AND t.money = 'posted')
        ) AS both_sides HAVING count(*) > 0
        """,
    ),
    "transfer_in_posted_once": (
        "每笔转入入账一次，金额与到账一致",
        """
        SELECT t.letter_no AS label,
               CASE WHEN t.money = 'posted' THEN coalesce(v.credit_fen = t.amount_fen AND e.state = 'met'
                        AND e.amount_fen = t.amount_fen, false)
                    ELSE v.voucher_id IS NULL END AS holds
        FROM account_transfer t
        LEFT JOIN voucher v ON v.account_no = t.account_no AND v.business_key = 'transfer_in:' || t.letter_no
        LEFT JOIN expected_receipt e ON e.expectation_id = t.expectation_id
        WHERE t.direction = 'in' AND t.letter_no IS NOT NULL
        """,
    ),
    "transfer_out_paid_once": (
        "转出款经银行确认后记账一次，划款期间等额冻结",
        """
        SELECT t.letter_no AS label,
               CASE t.money
                   WHEN 'left' THEN coalesce(v.debit_fen = t.amount_fen AND h.state = 'posted', false)
                   WHEN 'ordered' THEN coalesce(h.state = 'placed' AND h.amount_fen = t.amount_fen, false)
                        AND v.voucher_id IS NULL
                   ELSE v.voucher_id IS NULL END AS holds
        FROM account_transfer t
        LEFT JOIN voucher v ON v.account_no = t.account_no AND v.business_key = 'transfer_out:' || t.letter_no
        LEFT JOIN hold h ON h.account_no = t.account_no AND h.hold_id = t.hold_id
        WHERE t.direction = 'out'
        """,
    ),
    "transferred_account_is_empty": (
        "外部转出销户的账户余额为零",
        """
        SELECT a.account_no::text AS label, b.balance_fen = 0 AS holds
        FROM account a JOIN account_balance b USING (account_no) WHERE a.state = '04'
        """,
    ),
    "ended_transfer_excludes_nothing": (
        "在途事项登记与转移状态一致",
        """
        SELECT t.transfer_no AS label, coalesce((m.ended_at IS NULL) = (t.ended_at IS NULL), false) AS holds
        FROM account_transfer t LEFT JOIN running_matter m
            ON m.account_no = t.account_no AND m.matter = 'account_transfer' AND m.reference_no = t.transfer_no
        WHERE t.account_no <> 0
        """,
    ),
}
