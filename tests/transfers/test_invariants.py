"""The proof of transfers: sound ones pass, and every invariant names the row that breaks it."""

from __future__ import annotations

import asyncpg
import pytest

from domain import ledger, transfers
from domain.kernel.database import Transaction
from domain.ledger import InvariantResult
from tests.settlement.world import Bank, receive
from tests.transfers.test_out import paid_by
from tests.transfers.world import hear_info, info, issued, letter, money_matched, ordered

pytestmark = [pytest.mark.usefixtures("employers"), pytest.mark.requirement("R06.1")]

# What is done to sound books behind the house's back, and every invariant that must then break.
BREAKS: dict[str, tuple[str, set[str]]] = {
    "transfer_money_in_transit": (
        "UPDATE general_line SET amount_fen = amount_fen + 1 WHERE subject = '21904'",
        set(),
    ),
    "transfer_in_posted_once": (
        "UPDATE account_transfer SET amount_fen = amount_fen + 1 WHERE money = 'posted'",
        set(),
    ),
    "transfer_out_paid_once": (
        "UPDATE account_transfer SET amount_fen = amount_fen + 1 WHERE money = 'left'",
        set(),
    ),
    "transferred_account_is_empty": (
        "UPDATE account_balance SET balance_fen = 1, current_year_fen = 1"
        " WHERE account_no IN (SELECT account_no FROM account WHERE state = '04')",
        set(),
    ),
    "ended_transfer_excludes_nothing": (
        "UPDATE running_matter SET ended_at = NULL WHERE ended_at IS NOT NULL",
        set(),
    ),
}


async def _proved(books: Transaction) -> dict[str, InvariantResult]:
    return {result.name: result for result in await ledger.prove(invariants=transfers.INVARIANTS, using=books)}


def test_every_invariant_is_shown_to_break() -> None:
    assert set(BREAKS) == set(transfers.INVARIANTS)


async def test_breaks_are_named(employers: str, bank: Bank) -> None:
    """One sound city for all of them: money in that is posted, money in that waits, money out that left and that is
    on its way."""
    posted = await issued(701)
    await hear_info(info(posted.letter_no or ""))
    await receive("S1", "18643.25", remark=f"#{posted.letter_no}#")
    await money_matched()
    waits = await issued(702)
    await hear_info(info(waits.letter_no or ""))
    await receive("S2", "18643.25", remark=f"#{waits.letter_no}#")
    await ordered(711)
    await paid_by(bank)
    await ordered(712, letter_no=letter(712, sequence=2).letter_no)
    owner = await asyncpg.connect(employers)
    try:
        sound = await _proved(Transaction(owner))
        assert [one.name for one in sound.values() if not one.holds or not one.checked] == []
        for name, (statement, besides) in BREAKS.items():
            change = owner.transaction()
            await change.start()
            await owner.execute("SET LOCAL session_replication_role = replica")
            assert not (await owner.execute(statement)).endswith(" 0"), name
            results = await _proved(Transaction(owner))
            assert {found.name for found in results.values() if not found.holds} == {name, *besides}
            await change.rollback()
    finally:
        await owner.close()
