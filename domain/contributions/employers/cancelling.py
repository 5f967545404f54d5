"""扣款账户注销: the account that was collected from is closed at its bank; statements are paid otherwise then."""

from __future__ import annotations

from datetime import date, datetime

from domain.contributions.employers.changing import begun, earlier_matter, finished, keep_change
from domain.contributions.employers.matters import open_matter
from domain.contributions.employers.standing import collection_text
from domain.contributions.refusals import COLLECTION_NOT_OPEN, COLLECTION_OTHER_ACCOUNT
from domain.contributions.remittances.paying import change_payment_of_statement
from domain.kernel import database, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction, transaction
from domain.kernel.refusal import Refused

INSTEAD = "bank_transfer"


async def cancel_collection_account(
    *, actor: Actor, employer_no: int, account_no: str, request_key: str, now: datetime, business_date: date
) -> str:
    """Forgets the account, pays by transfer from now on, and gives statements that wait for their collection that way
    too; what a bank has been told already goes on. Returns the matter's number. Raises Refused when there is no
    entrusted collection, or one from another account."""
    async with transaction() as tx:
        standing = await begun(tx, actor, employer_no=employer_no, scope="payments")
        earlier = await earlier_matter(
            tx, actor, employer_no=employer_no, request_key=request_key, operation="cancel_collection_account",
            given={"account": account_no}, now=now,
        )  # fmt: skip
        matter_no = earlier
        if matter_no is None:
            masked = await _held(tx, employer_no=employer_no, account_no=account_no)
            matter_id, matter_no = await open_matter(
                tx, actor=actor, standing=standing, kind="payment_method",
                given={"method": INSTEAD, "cancelled": masked}, state="done", now=now, business_date=business_date,
            )  # fmt: skip
            await tx.execute(
                "UPDATE employer_account SET payment_method = CASE WHEN payment_method = 'entrusted_collection'"
                " THEN $2 ELSE payment_method END, collection_bank_code = NULL, collection_account_cipher = NULL,"
                " collection_account_masked = NULL, collection_account_index = NULL, collection_name_cipher = NULL,"
                " collection_day = NULL, collection_agreed_at = NULL, collection_agreed_by = NULL, changed_at = $3"
                " WHERE employer_no = $1",
                employer_no,
                INSTEAD,
                now,
            )
            await keep_change(
                tx, actor, employer_no=employer_no, field="collection_account", before=masked, after=None,
                matter_id=matter_id, now=now,
            )  # fmt: skip
            await finished(
                tx, actor, employer_no=employer_no, request_key=request_key, action="collection.cancelled",
                matter_no=matter_no, now=now,
            )  # fmt: skip
    await _pay_otherwise(
        actor=actor, employer_no=employer_no, request_key=request_key, now=now, business_date=business_date
    )
    return matter_no


async def _held(tx: Transaction, *, employer_no: int, account_no: str) -> str:
    """The masked number of the account that is collected from. Raises Refused unless it is this one."""
    row = await tx.row(
        "SELECT collection_account_index, collection_account_masked FROM employer_account WHERE employer_no = $1",
        employer_no,
    )
    if row is None or row["collection_account_index"] is None:
        raise Refused(COLLECTION_NOT_OPEN())
    if not vault.current().is_blind_index(row["collection_account_index"], collection_text(account_no)):
        raise Refused(COLLECTION_OTHER_ACCOUNT(tail=row["collection_account_masked"][-4:]))
    return str(row["collection_account_masked"])


async def _pay_otherwise(
    *, actor: Actor, employer_no: int, request_key: str, now: datetime, business_date: date
) -> None:
    """Each statement by itself; cut off between two, the next run goes on with the rest."""
    rows = await database.rows(
        "SELECT statement_id, statement_no FROM remittance_statement WHERE employer_no = $1 AND state = 'open'"
        " AND method = 'entrusted_collection' ORDER BY statement_id",
        employer_no,
    )
    for row in rows:
        await change_payment_of_statement(
            actor=actor, employer_no=employer_no, statement_no=row["statement_no"], method=INSTEAD,
            request_key=f"{request_key[:40]}-{row['statement_id'] % 10**18:d}", now=now, business_date=business_date,
        )  # fmt: skip
