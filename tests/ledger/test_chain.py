"""The hash chain: what is changed, removed or added behind the ledger's back is found and named."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest

from domain import ledger
from domain.kernel import database as store
from domain.kernel.digest import sm3
from ops import verify
from tests.ledger.accounts import TODAY, noon, open_account
from tests.ledger.books import FIRST, LAST, a_month, day_ended, receipt, remit

pytestmark = [pytest.mark.requirement("R14.1")]
VOUCHERS = 4


async def _sealed_month() -> int:
    account_no = await a_month()
    await day_ended(FIRST + timedelta(days=2))
    await day_ended(FIRST + timedelta(days=9))
    return account_no


async def test_the_chain_verifies_from_its_first_row(database: str) -> None:
    await _sealed_month()
    proof = await ledger.verify_chain()
    head = await ledger.chain_head()
    assert (proof.holds, proof.checked, proof.segments) == (True, VOUCHERS, 10)
    assert (head.seq, head.link, head.waiting) == (VOUCHERS, proof.link, 0)
    assert head.sealed_through == FIRST + timedelta(days=9)
    rows = await store.rows("SELECT digest, link FROM voucher_seal ORDER BY seq")
    link = bytes(32)
    for row in rows:
        link = sm3(link + row["digest"])
        assert row["link"] == link


async def test_the_first_link_is_what_anybody_can_compute(database: str) -> None:
    """The digest by other means: the text put together here from the rows."""
    await receipt(fen=7000, key="alone", on=FIRST)
    await day_ended(FIRST)
    text = await store.value(
        """
        SELECT '["general", "provident_fund", ' || period || ', ' || voucher_id || ', "alone", "'
            || encode(input_hash, 'hex') || '", "99", "收到利息", null, 7000, 7000, "' || effective_on || '", "'
            || posted_on || '", ' || (extract(epoch FROM recorded_at) * 1000000)::bigint
            || ', "staff:1", null, null, false, 0]' || E'\\n[1, "101", "105", "D", 7000, false]'
            || E'\\n[2, "40101", "", "C", 7000, false]'
        FROM general_voucher
        """
    )
    digest = sm3(text.encode())
    row = await store.row("SELECT digest, link FROM voucher_seal")
    assert row is not None
    assert (row["digest"], row["link"]) == (digest, sm3(bytes(32) + digest))


# What is done as superuser with triggers and foreign keys off → the kind of break, and at which link.
TAMPERED = {
    "amount of a posting": (
        "UPDATE posting SET amount_fen = amount_fen + 1 WHERE amount_fen = 20000 AND subject = '101'",
        "changed",
        2,
    ),
    "summary of a voucher": ("UPDATE voucher SET summary = '改' WHERE business_key = 'w:2'", "changed", 3),
    "moment of a voucher": (
        "UPDATE voucher SET recorded_at = recorded_at + interval '1 microsecond' WHERE business_key = 'opening'",
        "changed",
        1,
    ),
    "line added to a voucher": (
        "INSERT INTO general_line SELECT account_set, period, voucher_id, 3, subject, auxiliary, side, 1"
        " FROM general_line WHERE line_no = 2",
        "changed",
        4,
    ),
    "line removed": ("DELETE FROM posting WHERE subject = '101' AND amount_fen = 1000000", "changed", 1),
    "voucher removed": ("DELETE FROM voucher WHERE business_key = 'opening'", "removed", 1),
    "last voucher removed": ("DELETE FROM general_voucher", "removed", 4),
    "voucher moved to another day": ("UPDATE voucher SET posted_on = posted_on + 1 WHERE kind = '01'", "removed", 1),
    "voucher added on a closed day": (
        "INSERT INTO general_voucher SELECT account_set, period, 1, 'new', input_hash, kind, summary, case_id,"
        " debit_fen, credit_fen, effective_on, posted_on, recorded_at, prepared_by FROM general_voucher",
        "added",
        4,
    ),
    "voucher added before the first day": (
        "INSERT INTO general_voucher SELECT account_set, period, 1, 'new', input_hash, kind, summary, case_id,"
        " debit_fen, credit_fen, effective_on, posted_on - 40, recorded_at, prepared_by FROM general_voucher",
        "outside",
        4,
    ),
    "voucher added on an empty day": (
        "INSERT INTO general_voucher SELECT account_set, period, 1, 'new', input_hash, kind, summary, case_id,"
        " debit_fen, credit_fen, effective_on, posted_on + 1, recorded_at, prepared_by FROM general_voucher",
        "added",
        4,
    ),
    "digest rewritten with the voucher": ("UPDATE voucher_seal SET digest = link WHERE seq = 2", "changed", 2),
    "link rewritten": ("UPDATE voucher_seal SET link = digest WHERE seq = 2", "link", 2),
    "link removed": ("DELETE FROM voucher_seal WHERE seq = 2", "missing_link", 2),
    "last link removed": ("DELETE FROM voucher_seal WHERE seq = 4", "missing_link", 4),
    "day's end rewritten": ("UPDATE book_segment SET link = digest FROM voucher_seal WHERE vouchers = 1", "segment", 1),
    "link added": (
        "INSERT INTO voucher_seal SELECT 5, segment_no, account_no, voucher_id, digest, link FROM voucher_seal"
        " WHERE seq = 4",
        "link",
        5,
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
async def test_tampering_is_found_and_named(database: str, owner: asyncpg.Connection, name: str) -> None:
    statement, kind, seq = TAMPERED[name]
    await _sealed_month()
    await _tamper(owner, statement)
    proof = await ledger.verify_chain()
    assert proof.broken is not None
    assert (proof.broken.kind, proof.broken.seq) == (kind, seq)


async def _tamper(owner: asyncpg.Connection, statement: str) -> None:
    async with owner.transaction():
        await owner.execute("SET LOCAL session_replication_role = replica")
        status = await owner.execute(statement)
        assert not status.endswith(" 0"), "nothing was changed"


async def test_a_chain_written_anew_has_another_end(database: str, owner: asyncpg.Connection) -> None:
    """Whoever may write everything can make a chain that holds, but not one that ends as it was noted down."""
    await _sealed_month()
    noted = (await ledger.chain_head()).link
    await _tamper(owner, "UPDATE voucher SET summary = '改' WHERE business_key = 'w:1'")
    await _tamper(owner, "DELETE FROM voucher_seal")
    await _tamper(owner, "UPDATE book_segment SET sealed_at = NULL, link = NULL, seq = NULL, vouchers = NULL")
    await ledger.seal_day(business_date=LAST, now=noon(TODAY))
    proof = await ledger.verify_chain()
    assert proof.holds and proof.link != noted
    told = await store.value(
        "SELECT detail ->> 'link' FROM audit_event WHERE action = 'books.sealed' ORDER BY event_id LIMIT 1 OFFSET 2"
    )
    assert told == noted


async def test_sealing_goes_on_where_it_was_cut_off(
    database: str, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from domain.ledger import seals

    monkeypatch.setattr(seals, "CHUNK", 3)
    account_no = await open_account(fen=1000, on=FIRST)
    for n in range(7):
        await remit(account_no, fen=n + 1, key=f"r:{n}", on=FIRST)
    await receipt(fen=5, key="g", on=FIRST)
    await ledger.close_day(business_date=FIRST, now=noon(TODAY))
    await ledger.seal_day(business_date=FIRST, now=noon(TODAY))
    whole = (await ledger.chain_head()).link
    # as if the process had died after its second chunk
    await _tamper(owner, "DELETE FROM voucher_seal WHERE seq > 6")
    await _tamper(owner, "UPDATE book_segment SET sealed_at = NULL, link = NULL, seq = NULL, vouchers = NULL")
    half = await ledger.verify_chain()
    assert (half.holds, half.checked, half.segments) == (True, 6, 0)
    assert await ledger.seal_day(business_date=FIRST, now=noon(TODAY)) == 3
    assert (await ledger.chain_head()).link == whole
    assert (await ledger.verify_chain()).checked == 9
    assert await ledger.seal_day(business_date=FIRST, now=noon(TODAY)) == 0


async def test_a_batch_is_covered_by_one_digest(database: str, owner: asyncpg.Connection) -> None:
    from tests.ledger.test_proof import _batch

    account_no = await open_account(fen=1000)
    await _batch(owner, account_no)
    await ledger.close_day(business_date=TODAY, now=noon(TODAY + timedelta(days=1)))
    assert await ledger.seal_day(business_date=TODAY, now=noon(TODAY + timedelta(days=1))) == 2
    assert (await ledger.verify_chain()).holds
    await _tamper(owner, "UPDATE posting SET current_year_fen = 49 WHERE amount_fen = 50")
    proof = await ledger.verify_chain()
    assert proof.broken is not None
    assert (proof.broken.kind, proof.broken.account_no, proof.broken.seq) == ("changed", 0, 1)


async def test_the_command_names_the_first_break(
    database: str, owner: asyncpg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    await _sealed_month()
    assert await verify.report_chain() == 0
    assert f"{VOUCHERS} vouchers in 10 closed days" in capsys.readouterr().out
    await _tamper(owner, TAMPERED["amount of a posting"][0])
    assert await verify.report_chain() == 1
    assert ("BROKEN" in (out := capsys.readouterr().out) and "第2环" in out) or "第3环" in out


async def test_the_application_cannot_write_the_chain_out_of_turn(database: str) -> None:
    await _sealed_month()
    seal = "SELECT ledger_seal($1, $2, '{}', '{}', '{}', '{}', true, $3, now())"
    for segment, after in ((1, 4), (11, 4), (10, 3)):
        with pytest.raises(asyncpg.PostgresError) as raised:
            await store.execute(seal, segment, after, bytes(32))
        assert raised.value.sqlstate == "HF011"
