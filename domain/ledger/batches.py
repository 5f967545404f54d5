"""Many accounts at once: opened, or credited by one batch voucher."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from domain.kernel.database import Transaction
from domain.kernel.digest import sm3
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.ledger.postings import PROVIDENT_FUND_SET
from domain.ledger.refusals import refusals


async def open_accounts(tx: Transaction, *, account_nos: Sequence[int], opened_on: date) -> None:
    """Gives new accounts their balance rows; interest begins with what they get."""
    await tx.execute("SELECT ledger_open_accounts($1, $2)", list(account_nos), opened_on)


async def credit_accounts(
    tx: Transaction,
    *,
    business_key: str,
    kind: str,
    summary: str,
    debit_subject: str,
    debit_auxiliary: str,
    account_nos: Sequence[int],
    amounts: Sequence[Money],
    effective_on: date,
    posted_on: date,
    now: datetime,
    prepared_by: str,
    account_set: str = PROVIDENT_FUND_SET,
) -> int:
    """Distributes money that stands under a subject: Dr it, Cr each account, in one voucher. Returns its id; with a
    business key that stands already, the earlier voucher's. Frozen accounts take money too.

    Everything or nothing: raises Refused when an account is closed. Each account at most once; no amount of nought."""
    digest = sm3(repr((kind, debit_subject, debit_auxiliary, *zip(account_nos, amounts, strict=True))).encode())
    with refusals():
        voucher_id: int = await tx.value(
            "SELECT ledger_credit_batch($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)",
            account_set,
            new_id(),
            business_key,
            digest,
            kind,
            summary,
            effective_on,
            posted_on,
            now,
            prepared_by,
            debit_subject,
            debit_auxiliary,
            list(account_nos),
            [amount.fen for amount in amounts],
        )
    return voucher_id
