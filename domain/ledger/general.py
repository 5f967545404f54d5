"""General vouchers: what no personal account has a part in (receipts of banks, deposits, accruals, carry-overs)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from domain.kernel.database import Transaction
from domain.kernel.digest import input_hash, plain
from domain.kernel.identifiers import new_id
from domain.ledger.actions import checked
from domain.ledger.postings import Line
from domain.ledger.refusals import refusals


async def post_general(
    tx: Transaction,
    *,
    account_set: str,
    business_key: str,
    kind: str,
    summary: str,
    lines: Sequence[Line],
    effective_on: date,
    posted_on: date,
    now: datetime,
    prepared_by: str,
    case_id: int | None = None,
    event_kind: str | None = None,
    event: dict[str, object] | None = None,
) -> int:
    """Posts one voucher of an account set and returns its id; the same key with the same input answers as before. A day
    that has closed passes it on to the first open one. Raises Refused (`ledger.key_conflict`, `ledger.period_closed`);
    lines that do not balance, name a personal or unknown subject or lack their auxiliary item are bugs."""
    content = checked(lines, business_key=business_key)
    digest = input_hash({"kind": kind, "lines": content, "effective_on": effective_on})
    return await _post(
        tx,
        account_set,
        new_id(),
        business_key,
        digest,
        kind,
        summary,
        case_id,
        effective_on,
        posted_on,
        now,
        prepared_by,
        content,
        None,
        None,
        new_id() if event_kind else None,
        event_kind,
        plain(event or {}),
    )


async def reverse_general(
    tx: Transaction,
    *,
    account_set: str,
    voucher_id: int,
    reason: str,
    posted_on: date,
    now: datetime,
    prepared_by: str,
) -> int:
    """Reverses (冲正) a general voucher, counting from the same day; once reversed with this reason, the same id again.
    Raises Refused when it is a reversal itself or was reversed otherwise."""
    assert reason.strip(), "a reversal has a reason"
    original = await tx.row(
        "SELECT kind, summary, effective_on FROM general_voucher WHERE account_set = $1 AND voucher_id = $2",
        account_set,
        voucher_id,
    )
    assert original is not None, f"set {account_set} has no voucher {voucher_id}"
    return await _post(
        tx,
        account_set,
        new_id(),
        f"reversal:{voucher_id}",
        input_hash({"reverses": voucher_id, "reason": reason}),
        original["kind"],
        f"冲正：{original['summary']}",
        None,
        original["effective_on"],
        posted_on,
        now,
        prepared_by,
        [],
        voucher_id,
        reason,
        None,
        None,
        {},
    )


async def _post(tx: Transaction, *values: object) -> int:
    with refusals():
        voucher_id: int = await tx.value(
            "SELECT ledger_post_general($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17)", *values
        )
    return voucher_id
