"""Invariants of cases, one fact a row; see `domain.ledger.verification`."""

INVARIANTS: dict[str, tuple[str, str]] = {
    "case_history_reaches_state": (
        "办件状态与其办理记录一致",
        """
        SELECT c.case_no AS label, e.to_state IS NOT DISTINCT FROM c.state AND e.seq = c.revision AS holds
        FROM service_case c
        LEFT JOIN LATERAL (
            SELECT to_state, seq FROM case_event e WHERE e.account_no = c.account_no AND e.case_id = c.case_id
            ORDER BY seq DESC LIMIT 1) e ON true
        """,
    ),
    "case_can_be_found": (
        "办件均可按办件编号查到",
        """
        SELECT c.case_no AS label, l.case_id IS NOT DISTINCT FROM c.case_id AS holds
        FROM service_case c LEFT JOIN case_no_lookup l ON l.case_no = c.case_no
        """,
    ),
    "what_is_evaluated_was_served": (
        "评价、邀请和整改均属于已登记的办件或已办结的事项",
        """
        SELECT e.case_id::text AS label,
               EXISTS (SELECT FROM service_case c WHERE c.account_no = e.account_no AND c.case_id = e.case_id)
               OR EXISTS (SELECT FROM served_matter m WHERE m.account_no = e.account_no AND m.case_id = e.case_id)
               AS holds
        FROM (SELECT account_no, case_id FROM evaluation UNION SELECT account_no, case_id FROM evaluation_report
              UNION SELECT account_no, case_id FROM evaluation_invitation
              UNION SELECT account_no, case_id FROM rectification) e
        """,
    ),
}
