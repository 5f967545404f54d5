"""Invariants of the lists, one fact a row; see `domain.ledger.verification`."""

INVARIANTS: dict[str, tuple[str, str]] = {
    "granted_appeal_removes": (
        "申诉成立的名单记录均已移出",
        """
        SELECT a.appeal_id::text AS label, e.state = 'removed' AS holds
        FROM risk_appeal a JOIN risk_entry e USING (entry_id) WHERE a.state = 'granted'
        """,
    ),
    "appeal_of_removed_waits_not": (
        "已移出的名单记录没有待答复的申诉",
        """
        SELECT a.appeal_id::text AS label, e.state = 'listed' AS holds
        FROM risk_appeal a JOIN risk_entry e USING (entry_id) WHERE a.state = 'waiting'
        """,
    ),
}
