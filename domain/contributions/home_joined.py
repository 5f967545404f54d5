"""The statement that reads a home page at once, on a database of one machine, and what it shares with the two steps."""

from __future__ import annotations

from functools import lru_cache

PERSON_COLUMNS = "p.person_id, p.name_masked, p.document_type, p.document_masked, p.mobile_masked"
ACCOUNT_COLUMNS = """a.account_no, a.employer_no, a.office_code, a.state, a.base_fen,
       a.monthly_contribution_fen, a.opened_on, a.paid_through_period, b.balance_fen, b.held_fen, b.posting_count,
       e.name AS employer_name, o.name AS office_name"""


def entries_sql(since: int, *, of: str) -> str:
    """The columns of the ledger's own entries_of; as one JSON text, because ten rows cost Python ten times one. The
    first month stands in the text, so that PostgreSQL plans without the partitions before it."""
    return f"""(
    SELECT json_agg(json_build_array(t.sequence, t.voucher_id, t.line_no, t.side, t.amount_fen, t.balance_before_fen,
                                     t.balance_after_fen, t.kind, t.summary, t.posted_on))
    FROM (SELECT q.sequence, q.voucher_id, q.line_no, q.side, q.amount_fen, q.balance_before_fen, q.balance_after_fen,
                 coalesce(v.kind, g.kind) AS kind, coalesce(v.summary, g.summary) AS summary,
                 coalesce(v.posted_on, g.posted_on) AS posted_on
          FROM (SELECT * FROM posting WHERE account_no = {of} AND period >= {since} AND sequence IS NOT NULL
                ORDER BY sequence DESC LIMIT $2) q
          LEFT JOIN voucher v ON v.account_no = q.account_no AND v.period = q.period AND v.voucher_id = q.voucher_id
          LEFT JOIN general_voucher g ON v.voucher_id IS NULL AND g.voucher_id = q.voucher_id
          ORDER BY q.sequence DESC) t)"""


@lru_cache(maxsize=4)
def together(since: int | None) -> str:
    """Person, accounts and the newest entries from the month `since` on ($1 person_id, $2 how many); None for no
    entries."""
    entries = "" if since is None else f", {entries_sql(since, of='l.account_no')} AS entries"
    return f"""
SELECT {PERSON_COLUMNS}, {ACCOUNT_COLUMNS}{entries}
FROM person p
LEFT JOIN person_account l ON l.person_id = p.person_id
LEFT JOIN account a ON a.account_no = l.account_no
LEFT JOIN account_balance b ON b.account_no = l.account_no
LEFT JOIN employer e ON e.employer_no = a.employer_no
LEFT JOIN management_office o ON o.code = a.office_code
WHERE p.person_id = $1 ORDER BY l.account_no
"""
