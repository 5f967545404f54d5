"""Invariants of collection, one fact a row; see `domain.ledger.verification`."""

INVARIANTS: dict[str, tuple[str, str]] = {
    "statement_equals_its_lines": (
        "汇缴书、补缴书的金额和人数等于其明细；已入账的与逐户分录相等",
        """
        SELECT s.statement_no AS label,
               s.employer_fen = coalesce(l.employer_fen, 0) AND s.employee_fen = coalesce(l.employee_fen, 0)
               AND s.distributed_fen = coalesce(l.posted, 0) AND s.returned_fen = coalesce(l.returned, 0)
               AND (s.state <> 'distributed' OR l.waiting = 0)
               AND (s.state IN ('paid', 'distributed', 'taking_back') OR l.posted = 0) AS holds
        FROM remittance_statement s
        LEFT JOIN (
            SELECT employer_no, statement_id, sum(employer_fen) FILTER (WHERE state <> 'X') AS employer_fen,
                   sum(employee_fen) FILTER (WHERE state <> 'X') AS employee_fen,
                   coalesce(sum(employer_fen + employee_fen) FILTER (WHERE state = 'P'), 0) AS posted,
                   coalesce(sum(employer_fen + employee_fen) FILTER (WHERE state = 'R'), 0) AS returned,
                   count(*) FILTER (WHERE state = 'W') AS waiting
            FROM remittance_line GROUP BY employer_no, statement_id) l USING (employer_no, statement_id)
        """,
    ),
    "distributed_equals_months": (
        "汇缴、补缴批量凭证等于其缴存月份记录之和",
        """
        SELECT g.voucher_id::text AS label, g.credit_fen = coalesce(m.fen, 0) AS holds
        FROM general_voucher g
        LEFT JOIN (SELECT voucher_id, sum(amount_fen) AS fen FROM contribution_month GROUP BY voucher_id) m
            USING (voucher_id)
        WHERE g.business_key LIKE 'statement:%' AND g.is_batch
        """,
    ),
    "pending_equals_employers_money": (
        "待分配缴存款（21903）逐单位等于到账未分配款与单位暂存款之和",
        """
        SELECT 'employer:' || employer AS label, sum(ledger) = sum(details) AS holds FROM (
            SELECT auxiliary AS employer, CASE side WHEN 'C' THEN amount_fen ELSE -amount_fen END AS ledger,
                   0::bigint AS details
            FROM ledger_line WHERE subject = '21903' AND account_set = 'provident_fund'
            UNION ALL
            SELECT employer_no::text, 0, amount_fen - distributed_fen - returned_fen FROM remittance_statement
            WHERE state IN ('paid', 'taking_back')
            UNION ALL
            SELECT employer_no::text, 0, open_fen FROM employer_balance
            UNION ALL
            SELECT employer_no::text, 0, open_fen FROM suspense_share
            UNION ALL
            -- met, and its statement has not heard of it yet
            SELECT e.employer_no::text, 0, e.amount_fen FROM expected_receipt e
            JOIN remittance_statement s ON s.employer_no = e.employer_no AND s.expectation_id = e.expectation_id
            WHERE e.state = 'met' AND s.state = 'open'
            ) AS both_sides
        WHERE EXISTS (SELECT FROM employer_account a WHERE a.employer_no::text = employer)
        GROUP BY employer
        """,
    ),
    "debts_equal_what_was_taken_back": (
        "应收单位追回款（11901）逐单位等于待单位补足的汇缴明细与已确认的部分收回款之和",
        """
        SELECT 'employer:' || employer AS label, sum(ledger) = sum(details) AS holds FROM (
            SELECT auxiliary AS employer, CASE side WHEN 'D' THEN amount_fen ELSE -amount_fen END AS ledger,
                   0::bigint AS details
            FROM ledger_line WHERE subject = '11901' AND account_set = 'provident_fund'
            UNION ALL
            SELECT employer_no::text, 0, employer_fen + employee_fen FROM remittance_line WHERE state = 'S'
            UNION ALL
            -- met: its money has credited the debt, and the matter has not heard of it yet
            SELECT t.employer_no::text, 0, t.amount_fen FROM payment_taken_back t
            JOIN expected_receipt e USING (expectation_id) WHERE t.state = 'owed' AND e.state = 'open'
            ) AS both_sides
        GROUP BY employer
        """,
    ),
    "employer_balance_equals_entries": (
        "单位暂存款（分配退回）等于其明细之和",
        """
        SELECT b.employer_no::text AS label, b.open_fen = coalesce(e.fen, 0) AS holds
        FROM employer_balance b
        LEFT JOIN (SELECT employer_no, sum(amount_fen) AS fen FROM employer_balance_entry GROUP BY employer_no) e
            USING (employer_no)
        """,
    ),
    "one_running_employment": (
        "正常账户恰有一段在缴关系，且在其所属单位",
        """
        SELECT a.account_no::text AS label,
               CASE WHEN a.state = '01' THEN coalesce(e.running, 0) = 1 AND e.here = 1
                    ELSE coalesce(e.running, 0) <= 1 END AS holds
        FROM account a
        JOIN employer_account r ON r.employer_no = a.employer_no
        LEFT JOIN (
            SELECT e.account_no, count(*) AS running, count(*) FILTER (WHERE e.employer_no = x.employer_no) AS here
            FROM employment e JOIN account x ON x.account_no = e.account_no
            WHERE e.ended_period IS NULL GROUP BY e.account_no) e ON e.account_no = a.account_no
        WHERE a.account_set = 'provident_fund'
        """,
    ),
    "merged_accounts_are_empty": (
        "已合并账户没有余额、占用和在缴关系，且说明并入何处",
        """
        SELECT a.account_no::text AS label,
               a.merged_into IS NULL OR (a.state = '03' AND b.balance_fen = 0 AND b.held_fen = 0 AND NOT EXISTS (
                   SELECT FROM employment e WHERE e.account_no = a.account_no AND e.ended_period IS NULL)) AS holds
        FROM account a JOIN account_balance b USING (account_no)
        """,
    ),
    "list_counts": (
        "清册的行数等于其明细",
        """
        SELECT l.list_no AS label,
               l.accepted_count = coalesce(r.accepted, 0) AND l.refused_count = coalesce(r.refused, 0) AS holds
        FROM contribution_list l
        LEFT JOIN (
            SELECT employer_no, list_id, count(*) FILTER (WHERE state IN ('accepted', 'applied')) AS accepted,
                   count(*) FILTER (WHERE state = 'refused') AS refused
            FROM contribution_list_row GROUP BY employer_no, list_id) r USING (employer_no, list_id)
        WHERE l.state IN ('checking', 'checked', 'applying', 'applied')
        """,
    ),
}
