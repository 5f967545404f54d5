"""Invariants of exchange, one fact a row; see `domain.ledger.verification`."""

INVARIANTS: dict[str, tuple[str, str]] = {
    "exchange_list_carries_its_mark": (
        "由e窗通、社会保险报送形成的清册带有来源标记，其办结情况与交换记录一致",
        """
        SELECT r.source || ':' || r.message_no AS label,
               l.mark = r.source AND (r.state <> 'done' OR l.state = 'applied') AS holds
        FROM exchange_record r
        JOIN contribution_list l ON l.employer_no = r.employer_no AND l.list_id = r.list_id
        """,
    ),
}
