"""Many accounts at once: opened, credited or debited by one batch voucher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from domain.kernel.database import Transaction
from domain.kernel.digest import sm3
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.ledger.postings import PROVIDENT_FUND_SET
from domain.ledger.refusals import refusals


async def open_accounts(tx: Transaction, *, account_nos: Sequence[int], opened_on: date) -> None:
    """Gives new accounts their balance rows; interest begins with what they get."""
    await tx.execute("SELECT ledger_open_accounts($1, $2)", list(account_nos), opened_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credited:
    """What one batch voucher gave, and to how many accounts."""

    voucher_id: int
    accounts: int
    amount: Money


async def credit_accounts(
    tx: Transaction,
    *,
    selection: str,
    values: Sequence[object],
    key: str,
    kind: str,
    summary: str,
    debit_subject: str,
    debit_auxiliary: str,
    effective_on: date,
    posted_on: date,
    now: datetime,
    prepared_by: str,
    account_set: str = PROVIDENT_FUND_SET,
) -> Credited | None:
    """Distributes money that stands under a subject: Dr it, Cr each account, in one voucher. None when there is nobody.

    `selection` is a constant SELECT of `account_no` and `fen` with the parameters `values`, so that long lists never
    leave PostgreSQL; each account at most once, no amount of nought. The business key is `key`, the first and the last
    account: with one that stands already the earlier voucher is answered, or Refused raised when it was of other
    amounts. Frozen accounts take money too. Everything or nothing: raises Refused when an account is closed."""
    with refusals():
        row = await tx.row(
            _credit_sql(selection, len(values)),
            *values,
            account_set,
            new_id(),
            key,
            kind,
            summary,
            effective_on,
            posted_on,
            now,
            prepared_by,
            debit_subject,
            debit_auxiliary,
        )
    if row is None:
        return None
    return Credited(voucher_id=row["voucher_id"], accounts=row["accounts"], amount=Money(row["fen"]))


@lru_cache(maxsize=16)
def _credit_sql(selection: str, taken: int) -> str:
    """`taken`: how many parameters the selection has; those of the voucher follow."""
    places = ("set", "id", "key", "kind", "summary", "effective", "posted", "now", "by", "subject", "auxiliary")
    p = {name: f"${taken + number}" for number, name in enumerate(places, start=1)}
    return f"""
WITH given AS MATERIALIZED (
    SELECT array_agg(account_no ORDER BY account_no) AS account_nos, array_agg(fen ORDER BY account_no) AS amounts,
           count(*)::int AS accounts, sum(fen)::bigint AS fen
    FROM ({selection}) AS chosen HAVING count(*) > 0
)
SELECT ledger_credit_batch({p["set"]}, {p["id"]}, format('%s:%s-%s', {p["key"]}::text, account_nos[1],
           account_nos[accounts]), {p["kind"]}, {p["summary"]}, {p["effective"]}, {p["posted"]}, {p["now"]}, {p["by"]},
           {p["subject"]}, {p["auxiliary"]}, account_nos, amounts) AS voucher_id, accounts, fen
FROM given"""


async def debit_accounts(
    tx: Transaction,
    *,
    business_key: str,
    kind: str,
    summary: str,
    credit_subject: str,
    credit_auxiliary: str,
    account_nos: Sequence[int],
    amounts: Sequence[Money],
    effective_on: date,
    posted_on: date,
    now: datetime,
    prepared_by: str,
    account_set: str = PROVIDENT_FUND_SET,
) -> int:
    """Takes a distribution back: Dr each account, Cr a subject, in one voucher that counts from `effective_on`, so that
    the interest goes with it. Returns its id; with a business key that stands already, the earlier voucher's.

    Everything or nothing: raises Refused when an account is frozen or closed or its available balance does not cover
    its amount. Each account at most once; no amount of nought."""
    digest = sm3(repr((kind, credit_subject, credit_auxiliary, *zip(account_nos, amounts, strict=True))).encode())
    with refusals():
        voucher_id: int = await tx.value(
            "SELECT ledger_debit_batch($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)",
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
            credit_subject,
            credit_auxiliary,
            list(account_nos),
            [amount.fen for amount in amounts],
        )
    return voucher_id
