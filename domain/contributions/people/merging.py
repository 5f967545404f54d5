"""账户合并: one person's second account goes into the first, with its money and interest, its employment and its cards.

The vouchers and months stay where they were booked; the account that goes says where it went, and its months count for
the one that stays. The money leaves and comes by two vouchers of the same day over 21909, which ends as it began.
Locks: the employer's account, then both accounts in the order of their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain import cases, ledger
from domain.contributions.accounts import STATE_NAMES
from domain.contributions.employers.standing import lock_standing
from domain.contributions.people.history import keep_event
from domain.contributions.people_refusals import (
    MERGE_BOTH_NORMAL,
    MERGE_HELD,
    MERGE_LIST,
    MERGE_PERSONS,
    MERGE_SAME,
    MERGE_STATE,
    MERGE_STATEMENT,
)
from domain.contributions.refusals import ACCOUNT_NOT_FOUND, EMPLOYER_NOT_READY
from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record, Transaction
from domain.kernel.money import Money
from domain.kernel.refusal import Refusal, Refused
from domain.ledger import Line, VoucherKind

CLEARING, PERSONAL = "21909", "201"
_MERGEABLE = ("01", "02")


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePreview:
    """What would happen: shown before it is asked for (D02's rule: the money first)."""

    keep: int
    gone: int
    balance: Money
    interest: Money
    cards: int
    takes_over_employment: bool
    problems: tuple[Refusal, ...]


async def preview_merge(*, keep: int, gone: int, business_date: date) -> MergePreview:
    """Raises Refused for accounts that do not exist; everything else against it is in `problems`."""
    using = database.pool
    accounts = await _accounts(using, keep, gone, lock="")
    balance = await ledger.balance_of(account_no=gone, using=using)
    return MergePreview(
        keep=keep,
        gone=gone,
        balance=balance.balance,
        interest=await ledger.interest_due(account_no=gone, on=business_date, using=using),
        cards=await using.value("SELECT count(*) FROM bank_card WHERE account_no = $1 AND active", gone),
        takes_over_employment=accounts[gone]["state"] == "01",
        problems=tuple(await _against(using, accounts, keep=keep, gone=gone)),
    )


async def merge_accounts(
    tx: Transaction, *, actor: Actor, keep: int, gone: int, reason: str, now: datetime, business_date: date
) -> Money:
    """Returns what was moved, interest included. Who may, and the second person, is the caller's matter. Raises
    Refused with everything against it."""
    employer_no = await tx.value("SELECT employer_no FROM account WHERE account_no = $1", gone)
    standing = None
    try:
        standing = await lock_standing(tx, employer_no=employer_no) if employer_no else None
    except Refused as refused:
        # the pool, and employers from before registration, have no account of their own
        if refused.refusals[0].code != EMPLOYER_NOT_READY.code:
            raise
    accounts = await _accounts(tx, keep, gone, lock=" ORDER BY account_no FOR NO KEY UPDATE")
    problems = await _against(tx, accounts, keep=keep, gone=gone)
    if problems:
        raise Refused(*problems)
    before = accounts[gone]
    assert before["employer_no"] == employer_no or before["state"] == "02", "sealed accounts alone change employers"
    moved, vouchers = await _move_money(tx, keep=keep, gone=gone, now=now, business_date=business_date)
    if before["state"] == "01":
        assert standing is not None, f"account {gone} is contributed for by an employer that is not registered"
        await _move_employment(tx, keep=keep, before=before, month=standing.next_due.period)
    await _move_cards(tx, keep=keep, gone=gone)
    await tx.execute(
        "UPDATE account SET state = '03', merged_into = $2, closed_on = $3, close_reason = '账户合并'"
        " WHERE account_no = $1",
        gone,
        keep,
        business_date,
    )
    await tx.execute("UPDATE account SET merged_into = $2 WHERE merged_into = $1", gone, keep)
    await tx.execute(
        "UPDATE account SET paid_through_period = greatest(paid_through_period, $2) WHERE account_no = $1",
        keep,
        before["paid_through_period"],
    )
    for account_no, voucher_id in ((gone, vouchers[0]), (keep, vouchers[1])):
        await keep_event(
            tx, actor, account_no=account_no, kind="merge", before={"state": accounts[account_no]["state"]},
            after={"keep": str(keep), "gone": str(gone), "amount": moved.yuan_text}, reason=reason, now=now,
            voucher_id=voucher_id,
        )  # fmt: skip
    await audit.record(
        tx, actor=actor, action="account.merged", subject=f"account:{keep}", now=now,
        detail={"gone": str(gone), "amount": moved},
    )  # fmt: skip
    return moved


async def _move_money(
    tx: Transaction, *, keep: int, gone: int, now: datetime, business_date: date
) -> tuple[Money, tuple[int | None, int | None]]:
    await ledger.settle_for_closing(
        tx,
        account_no=gone,
        reference=f"merge:{gone}-{keep}",
        closing_on=business_date,
        posted_on=business_date,
        now=now,
    )
    amount = (await ledger.balance_of(account_no=gone, using=tx)).balance
    if not amount:
        return amount, (None, None)
    vouchers = []
    for account_no, other, sides, said in ((gone, keep, "DC", "转出至"), (keep, gone, "CD", "转入自")):
        vouchers.append(
            await ledger.post(
                tx,
                account_no=account_no,
                business_key=f"merge:{other}",
                kind=VoucherKind.OTHER,
                summary=f"账户合并{said}{other}",
                lines=[
                    Line(subject=PERSONAL, side="D" if sides[0] == "D" else "C", amount=amount),
                    Line(subject=CLEARING, side="D" if sides[1] == "D" else "C", amount=amount),
                ],
                effective_on=business_date,
                posted_on=business_date,
                now=now,
            )
        )
    return amount, (vouchers[0], vouchers[1])


async def _move_employment(tx: Transaction, *, keep: int, before: Record, month: int) -> None:
    """The spell ends with the month before the one that is remitted next, and goes on with the account that stays."""
    gone, employer_no = before["account_no"], before["employer_no"]
    last = month - 1 if month % 100 > 1 else month - 89
    await tx.execute(
        "UPDATE employment SET ended_period = $3, ended_by = 'merge', end_reason = '账户合并'"
        " WHERE employer_no = $1 AND account_no = $2 AND ended_period IS NULL",
        employer_no,
        gone,
        last,
    )
    await tx.execute(
        "INSERT INTO employment (employer_no, account_no, began_period, person_id, began_by)"
        " VALUES ($1, $2, $3, $4, 'merge') ON CONFLICT (employer_no, account_no, began_period)"
        " DO UPDATE SET ended_period = NULL, ended_by = NULL, end_reason = NULL, ended_list_id = NULL",
        employer_no,
        keep,
        month,
        before["person_id"],
    )
    await tx.execute(
        "INSERT INTO employment_base (employer_no, account_no, from_period, base_fen, employer_fen, employee_fen)"
        " SELECT $1, $2, greatest(from_period, $4), base_fen, employer_fen, employee_fen FROM employment_base"
        " WHERE employer_no = $1 AND account_no = $3 AND from_period >= coalesce((SELECT max(from_period)"
        "  FROM employment_base WHERE employer_no = $1 AND account_no = $3 AND from_period <= $4), 0)"
        " ON CONFLICT (employer_no, account_no, from_period) DO UPDATE SET base_fen = excluded.base_fen,"
        " employer_fen = excluded.employer_fen, employee_fen = excluded.employee_fen",
        employer_no,
        keep,
        gone,
        month,
    )
    await tx.execute(
        "UPDATE account SET state = '01', employer_no = $2, office_code = $3, base_fen = $4,"
        " monthly_contribution_fen = $5, sealed_on = NULL WHERE account_no = $1",
        keep,
        employer_no,
        before["office_code"],
        before["base_fen"],
        before["monthly_contribution_fen"],
    )


async def _move_cards(tx: Transaction, *, keep: int, gone: int) -> None:
    """Cards go along; which one is chosen stays as it was, or is the one that came when there was none."""
    await tx.execute(
        "INSERT INTO bank_card (account_no, card_id, bank_code, card_cipher, card_masked, card_index, is_default,"
        " active, created_at) SELECT $1, card_id, bank_code, card_cipher, card_masked, card_index,"
        " is_default AND NOT EXISTS (SELECT FROM bank_card k WHERE k.account_no = $1 AND k.is_default AND k.active),"
        " true, created_at FROM bank_card WHERE account_no = $2 AND active ON CONFLICT DO NOTHING",
        keep,
        gone,
    )
    await tx.execute("UPDATE bank_card SET active = false, is_default = false WHERE account_no = $1", gone)


async def _accounts(using: Executor, keep: int, gone: int, *, lock: str) -> dict[int, Record]:
    rows = await using.rows(f"SELECT * FROM account WHERE account_no = ANY ($1){lock}", [keep, gone])
    found = {row["account_no"]: row for row in rows}
    if keep not in found or gone not in found:
        raise Refused(ACCOUNT_NOT_FOUND.on("otherAccountNo"))
    return found


async def _against(using: Executor, accounts: dict[int, Record], *, keep: int, gone: int) -> Sequence[Refusal]:
    if keep == gone:
        return [MERGE_SAME()]
    found: list[Refusal] = []
    if accounts[keep]["person_id"] != accounts[gone]["person_id"]:
        found.append(MERGE_PERSONS())
    for number in (keep, gone):
        if accounts[number]["state"] not in _MERGEABLE:
            found.append(MERGE_STATE(account_no=number, state=STATE_NAMES[accounts[number]["state"]]))
    if accounts[keep]["state"] == accounts[gone]["state"] == "01":
        found.append(MERGE_BOTH_NORMAL())
    if found:
        return found
    held = (await ledger.balance_of(account_no=gone, using=using)).held
    if held:
        found.append(MERGE_HELD(account_no=gone, amount=held.yuan_text))
    for number in (keep, gone):
        found += await cases.conflicts_of(account_no=number, item="account_merge", using=using)
    listed = await using.value(
        "SELECT l.list_no FROM contribution_list l JOIN contribution_list_row r USING (employer_no, list_id)"
        " WHERE l.state IN ('checking', 'checked', 'applying') AND r.account_no = ANY ($1) AND r.state = 'accepted'"
        " LIMIT 1",
        [keep, gone],
    )
    if listed is not None:
        found.append(MERGE_LIST(list_no=listed))
    drawn = await using.value(
        "SELECT s.statement_no FROM remittance_statement s JOIN remittance_line l USING (employer_no, statement_id)"
        " WHERE s.state IN ('open', 'collecting', 'paid', 'taking_back') AND l.account_no = $1"
        " AND l.state = 'W' LIMIT 1",
        gone,
    )
    if drawn is not None:
        found.append(MERGE_STATEMENT(statement_no=drawn))
    return found
