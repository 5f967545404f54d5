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
        -- other business (20) is proved by whoever ordered it
        WHERE p.state = 'confirmed' AND p.account_no <> 0 AND p.business_type <> '20'
        """,
    ),
    "centre_payment_was_posted": (
        "中心付款经银行确认后记账一次，金额一致",
        """
        SELECT p.serial_no AS label,
               CASE WHEN p.state = 'confirmed' THEN coalesce(v.debit_fen = p.amount_fen, false)
                    ELSE c.voucher_id IS NULL END AS holds
        FROM payment p JOIN centre_payment c ON c.payment_id = p.payment_id
        LEFT JOIN general_voucher v ON v.voucher_id = c.voucher_id
        WHERE p.account_no = 0
        """,
    ),
    "receipt_booked_once": (
        "到账款项各记账一次，金额一致",
        """
        SELECT r.host_serial_no AS label,
               CASE WHEN r.state = 'held' THEN n.vouchers = 0
                    ELSE n.vouchers = 1 AND n.fen = abs(r.amount_fen) AND n.voucher_id = r.voucher_id END AS holds
        FROM bank_receipt r
        CROSS JOIN LATERAL (
            SELECT count(*) AS vouchers, coalesce(sum(v.debit_fen), 0) AS fen, min(v.voucher_id) AS voucher_id
            FROM general_voucher v
            WHERE v.business_key
                = 'receipt:' || r.bank_code || ':' || to_char(r.booked_on, 'YYYYMMDD') || ':' || r.host_serial_no) n
        """,
    ),
    "matched_receipt_meets_its_expectation": (
        "认款相符的到账与应收一一对应，金额一致",
        """
        SELECT e.reference_no AS label,
               e.state <> 'met' OR EXISTS (
                   SELECT FROM bank_receipt r WHERE r.receipt_id = e.receipt_id AND r.amount_fen >= e.amount_fen
                       AND r.state = 'booked')
               OR EXISTS (SELECT FROM suspense_deduction d WHERE d.expectation_id = e.expectation_id
                       AND d.state = 'approved' AND d.amount_fen = e.amount_fen) AS holds
        FROM expected_receipt e
        UNION ALL
        SELECT r.host_serial_no, e.state = 'met' AND e.receipt_id = r.receipt_id AND e.amount_fen = r.amount_fen
        FROM bank_receipt r JOIN expected_receipt e USING (expectation_id) WHERE r.outcome = 'matched'
        """,
    ),
    "suspense_equals_ledger": (
        "暂收款明细等于总账暂收款（21901），逐管理部相等",
        """
        SELECT account_set || ':' || office AS label, sum(ledger) = sum(details) AS holds FROM (
            SELECT account_set, auxiliary AS office,
                   CASE side WHEN 'C' THEN amount_fen ELSE -amount_fen END AS ledger, 0::bigint AS details
            FROM ledger_line WHERE subject = '21901'
            UNION ALL
            SELECT account_set, office_code, 0, open_fen FROM suspense_item) AS both_sides
        GROUP BY account_set, office
        """,
    ),
    "suspense_item_equals_its_movements": (
        "暂收款余额等于到账金额减去已办结的清算",
        """
        SELECT i.item_id::text AS label,
               i.open_fen = i.amount_fen - coalesce(m.out_fen, 0)
               AND i.claimed_fen = coalesce(m.claimed_fen, 0) AS holds
        FROM suspense_item i
        LEFT JOIN (
            SELECT item_id,
                   sum(amount_fen) FILTER (WHERE state = 'approved' AND from_employer_no IS NULL AND kind <> 'transfer')
                       AS out_fen,
                   sum(amount_fen) FILTER (WHERE state IN ('proposed', 'paying') AND from_employer_no IS NULL)
                       AS claimed_fen
            FROM suspense_movement GROUP BY item_id) m USING (item_id)
        UNION ALL
        SELECT s.item_id || '/' || s.employer_no,
               s.open_fen = coalesce(m.in_fen, 0) - coalesce(m.out_fen, 0)
               AND s.claimed_fen = coalesce(m.claimed_fen, 0)
        FROM suspense_share s
        CROSS JOIN LATERAL (
            SELECT sum(amount_fen) FILTER (WHERE state = 'approved' AND to_employer_no = s.employer_no) AS in_fen,
                   sum(amount_fen) FILTER (WHERE state = 'approved' AND from_employer_no = s.employer_no) AS out_fen,
                   sum(amount_fen) FILTER (WHERE state IN ('proposed', 'paying') AND from_employer_no = s.employer_no)
                       AS claimed_fen
            FROM suspense_movement WHERE item_id = s.item_id) m
        """,
    ),
    "deduction_equals_its_parts": (
        "单位扣款等于其占用的各笔暂存款，办结的记账一次并结清应收",
        """
        SELECT d.deduction_id::text AS label,
               d.amount_fen = coalesce(m.fen, 0)
               AND CASE WHEN d.state = 'approved' THEN coalesce(v.debit_fen = d.amount_fen, false)
                             AND e.state = 'met' AND e.amount_fen = d.amount_fen
                        ELSE v.voucher_id IS NULL END AS holds
        FROM suspense_deduction d JOIN expected_receipt e USING (expectation_id)
        LEFT JOIN general_voucher v ON v.account_set = d.account_set
            AND v.business_key = 'deduction:' || d.deduction_id
        CROSS JOIN LATERAL (
            SELECT sum(amount_fen) AS fen FROM suspense_movement p
            WHERE p.deduction_id = d.deduction_id AND p.state = d.state AND p.from_employer_no = d.employer_no) m
        """,
    ),
    "batch_totals": (
        "批次的笔数和金额等于其明细",
        """
        SELECT b.serial_no AS label,
               b.item_count = n.items AND b.total_fen = n.fen
               AND (b.state NOT IN ('ended', 'rejected') OR n.waiting = 0) AS holds
        FROM bank_batch b
        CROSS JOIN LATERAL (
            SELECT count(*) AS items, coalesce(sum(amount_fen), 0) AS fen,
                   count(*) FILTER (WHERE state = 'waiting') AS waiting
            FROM bank_batch_item i WHERE i.batch_id = b.batch_id) n
        """,
    ),
    "statement_adds_up": (
        "对账单逐笔余额首尾相接，合计等于期末余额",
        """
        SELECT s.bank_account_code || ':' || s.day AS label,
               s.line_count = count(l.line_no) AND s.closing_fen = s.opening_fen + coalesce(sum(l.amount_fen), 0)
               AND coalesce(max(l.balance_fen) FILTER (WHERE l.line_no = s.line_count), s.opening_fen) = s.closing_fen
               AS holds
        FROM bank_statement s LEFT JOIN bank_statement_line l USING (statement_id)
        GROUP BY s.statement_id
        """,
    ),
    "ticked_lines_are_equal": (
        "勾对的银行流水与账面分录金额、方向一致",
        """
        SELECT t.bank_account_code || ':' || t.host_serial_no AS label,
               coalesce(CASE x.side WHEN 'D' THEN x.amount_fen ELSE -x.amount_fen END = t.amount_fen, false) AS holds
        FROM bank_tick t JOIN bank_account a ON a.code = t.bank_account_code
        LEFT JOIN ledger_line x ON x.account_set = t.account_set AND x.account_no = t.voucher_account_no
            AND x.voucher_id = t.voucher_id AND x.line_no = t.line_no AND x.subject = a.subject AND x.auxiliary = a.code
        """,
    ),
    "adjustment_items_equal_sums": (
        "余额调节表各组合计等于其明细，调节后相等",
        """
        SELECT r.bank_account_code || ':' || r.day AS label,
               r.bank_received_fen = coalesce(sum(i.amount_fen) FILTER (WHERE i.category = 'bank_received'), 0)
               AND r.bank_paid_fen = coalesce(sum(i.amount_fen) FILTER (WHERE i.category = 'bank_paid'), 0)
               AND r.book_received_fen = coalesce(sum(i.amount_fen) FILTER (WHERE i.category = 'book_received'), 0)
               AND r.book_paid_fen = coalesce(sum(i.amount_fen) FILTER (WHERE i.category = 'book_paid'), 0)
               AND (cardinality(r.missing_days) > 0 OR r.adjusted_book_fen = r.adjusted_bank_fen) AS holds
        FROM bank_reconciliation r
        LEFT JOIN bank_reconciliation_item i USING (bank_account_code, day)
        GROUP BY r.bank_account_code, r.day
        """,
    ),
    "deposit_equals_ledger": (
        "定期和通知专户的账面余额等于存款明细",
        """
        SELECT a.code AS label,
               (SELECT coalesce(sum(CASE side WHEN 'D' THEN amount_fen ELSE -amount_fen END), 0) FROM ledger_line x
                WHERE x.account_set = a.account_set AND x.subject = a.subject AND x.auxiliary = a.code)
               = (SELECT coalesce(sum(balance_fen), 0) FROM bank_deposit d
                  WHERE d.deposit_account_code = a.code AND d.state IN ('standing', 'ended')) AS holds
        FROM bank_account a WHERE a.kind IN ('fixed', 'notice')
        """,
    ),
}
