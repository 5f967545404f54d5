"""The key of digests changed while running: names, accounts, numbers and repeated requests are compared alike at each
step, and no column with such content is forgotten."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from domain import archives, contributions, settlement
from domain.kernel import database as kernel
from domain.kernel import idempotency, vault, vault_keys
from domain.kernel.actor import SYSTEM
from domain.kernel.refusal import Refused
from domain.kernel.vault import Vault
from ops import redigesting, reindexing, rotation
from tests.conftest import MASTER_KEY
from tests.ops.test_rotation import PEOPLE, START, Time, people, run, time  # noqa: F401
from tests.settlement import world

pytestmark = pytest.mark.requirement("N6")

Dsn = str
# Digests without a key: of what is random, of content that is sealed or public, of postings without a name.
PLAIN = {
    ("refresh_token", "token_hash"),
    ("sensitive_change", "token_hash"),
    ("entry_ticket", "ticket_hash"),
    ("binding_ticket", "ticket_hash"),
    ("platform_phone_used", "proof_hash"),
    ("binding_ticket", "browser_hash"),
    ("kiosk", "code_hash"),
    ("kiosk_challenge", "challenge_hash"),
    ("staff", "enrolment_hash"),
    ("voucher", "input_hash"),
    ("hold", "input_hash"),
    ("general_voucher", "input_hash"),
    ("book_segment", "link"),
    ("voucher_seal", "digest"),
    ("voucher_seal", "link"),
    ("evidence_node", "hash"),
    ("evidence_head", "root"),
    ("sms_invoice", "file_digest"),
    ("inbound_message", "digest"),
    ("evaluation_report", "digest"),
    ("transfer_message", "digest"),
    ("city_application_file", "digest"),
    # not ours: the queue's events, which name rows and carry nothing of a person
    ("pgqueuer", "payload"),
}


@pytest.fixture
async def digest(people: dict[str, int], time: Time) -> Callable[[], Awaitable[int]]:  # noqa: F811
    """Announces a new key of digests; its number."""

    async def announce() -> int:
        number = await vault_keys.announce(actor=SYSTEM, purpose="digest", now=time.now)
        await vault_keys.refresh(now=time.now)
        return number

    return announce


async def known(people: dict[str, int]) -> int:  # noqa: F811
    """Persons whose name is told from its digest."""
    rows = await kernel.rows("SELECT person_id, name_index FROM person ORDER BY person_id")
    names = {person_id: PEOPLE[document_no] for document_no, person_id in people.items()}
    held = vault.current()
    return sum(held.is_blind_index(row["name_index"], contributions.name_text(names[row["person_id"]])) for row in rows)


async def test_names_are_known_at_every_step(
    people: dict[str, int],  # noqa: F811
    digest: Callable[[], Awaitable[int]],
    time: Time,  # noqa: F811
    database: Dsn,
) -> None:
    before = {row[0] for row in await kernel.rows("SELECT name_index FROM person")}
    number = await digest()
    behind = vault.current()
    assert behind.blind_index("x") == Vault(MASTER_KEY).blind_index("x"), "announced is not used yet"
    assert await run(database, time) == 0, "not every process has learned"
    await time.learned()
    assert behind.is_blind_index(vault.current().blind_index("x"), "x"), "one that is a step behind knows it"
    assert vault.current().is_blind_index(behind.blind_index("x"), "x")
    await time.learned()
    assert await rotation.step(dsn=database, now=time.now, chunk=2)
    assert await known(people) == len(people), "half done"
    await run(database, time)
    after = {row[0] for row in await kernel.rows("SELECT name_index FROM person")}
    assert before.isdisjoint(after) and await known(people) == len(people)

    with pytest.raises(ValueError, match="须保留至"):
        await rotation.retire_older(dsn=database, purpose="digest", now=time.now)
    time.now += redigesting.KEPT_FOR
    assert await rotation.retire_older(dsn=database, purpose="digest", now=time.now) == [1]
    await vault_keys.refresh(now=time.now)
    assert await known(people) == len(people)
    (standing,) = [row for row in await vault_keys.standing() if row["purpose"] == "digest"]
    assert standing["number"] == number


async def test_money_finds_what_it_is_for_whichever_came_first(
    digest: Callable[[], Awaitable[int]],
    time: Time,  # noqa: F811
    database: Dsn,
) -> None:
    """An expectation or a receipt from before the change, its other side from after; and half moved."""
    await world.open_centre()
    payer = {"payer_account_no": "0200001009000000001"}
    row = {"payer_account": "0200 0010 0900 0000 001"}
    await world.expect("HJ2026110001", "1200.00", **payer)
    early = await world.receive("S1", "700.00", **row)
    assert early.outcome == "differs"
    await digest()
    await time.learned()
    assert (await world.receive("S2", "1200.00", **row)).reason == "payer_exact"
    met = await world.expect("HJ2026110002", "700.00", **payer)
    assert (await settlement.expectation(expectation_id=met)).receipt_id == early.receipt_id
    again = await world.receive("S1", "700.00", **row)
    assert (again.receipt_id, again.new) == (early.receipt_id, False), "told again under another key"
    waiting = await world.expect("HJ2026110003", "300.00", **payer)
    kept = await kernel.value("SELECT payer_account_index FROM expected_receipt WHERE expectation_id = $1", waiting)
    await time.learned()
    await run(database, time, chunk=1)
    assert kept == await kernel.value(
        "SELECT payer_account_index FROM expected_receipt WHERE expectation_id = $1", waiting
    )
    indexes = {row[0] for row in await kernel.rows("SELECT payer_account_index FROM bank_receipt")}
    assert indexes == {kept}, "all under one key again"
    assert (await world.receive("S3", "300.00", **row)).reason == "payer_exact"
    await world.assert_books_hold()


async def test_an_open_expectation_without_its_payer_keeps_the_older_key(
    digest: Callable[[], Awaitable[int]],
    time: Time,  # noqa: F811
    database: Dsn,
) -> None:
    await world.open_centre()
    number = await world.expect("HJ2026110001", "1200.00", payer_account_no="0200001009000000001")
    await kernel.execute("UPDATE expected_receipt SET payer_account_cipher = NULL")
    await digest()
    await time.learned()
    await time.learned()
    await run(database, time)
    time.now += redigesting.KEPT_FOR
    with pytest.raises(ValueError, match="还有1个值"):
        await rotation.retire_older(dsn=database, purpose="digest", now=time.now)
    taken = await world.receive("S1", "1200.00", payer_account="0200001009000000001")
    assert (await settlement.expectation(expectation_id=number)).receipt_id == taken.receipt_id
    assert await rotation.retire_older(dsn=database, purpose="digest", now=time.now) == [1]


async def test_a_repeated_request_is_known_and_another_input_refused(
    digest: Callable[[], Awaitable[int]],
    time: Time,  # noqa: F811
) -> None:
    asked = {"actor": SYSTEM, "account_no": 5, "request_key": "request-key-1", "operation": "pay"}
    async with kernel.transaction() as tx:
        assert await idempotency.begin(tx, **asked, given={"to": 1}, now=START) is None  # type: ignore[arg-type]
        await idempotency.finish(tx, actor=SYSTEM, account_no=5, request_key="request-key-1", result={"number": "7"})
    await digest()
    await time.learned()
    assert await idempotency.answered(**asked, given={"to": 1}) == {"number": "7"}  # type: ignore[arg-type]
    with pytest.raises(Refused):
        await idempotency.answered(**asked, given={"to": 2})  # type: ignore[arg-type]


async def test_codes_on_papers_hold_while_their_key_stands(
    digest: Callable[[], Awaitable[int]],
    time: Time,  # noqa: F811
) -> None:
    printed = archives.verification_code(paper_no="ZM2026112300001")
    await digest()
    await time.learned()
    assert archives.verification_code(paper_no="ZM2026112300001") != printed
    indexes = vault.current().blind_indexes("paper:ZM2026112300001")
    assert len(indexes) == 2, "both codes are tried"


async def test_who_wants_no_messages_gets_none_after_the_change(
    digest: Callable[[], Awaitable[int]],
    time: Time,  # noqa: F811
    database: Dsn,
) -> None:
    mobile, held = "13811112222", vault.current()
    await kernel.execute(
        "INSERT INTO sms_inbound (inbound_id, carrier, carrier_number, mobile_index, mobile_cipher, text_cipher, dest,"
        " part_total, part_no, meaning, received_at)"
        " VALUES (1, 'cmpp', 'n1', $1, $2, $2, '10690', 1, 1, 'opt_out', $3)",
        held.blind_index(mobile),
        held.encrypt(mobile),
        START,
    )
    await kernel.execute("INSERT INTO sms_opt_out VALUES ($1, $2, 1)", held.blind_index(mobile), START)
    await digest()
    await time.learned()
    await time.learned()
    await run(database, time)
    assert [row[0] for row in await kernel.rows("SELECT mobile_index FROM sms_opt_out")] == [
        vault.current().blind_index(mobile)
    ]


async def test_digests_outlive_another_master_key(people: dict[str, int], time: Time) -> None:  # noqa: F811
    """They hang on a key that is kept, not on the master key itself."""
    before = vault.current().blind_index("x")
    other = bytes(range(32, 64))
    assert await vault_keys.rewrap(actor=SYSTEM, new_master=other, now=time.now) == 3
    vault.install(Vault(other))
    await vault_keys.refresh(now=time.now)
    assert vault.current().blind_index("x") == before and await known(people) == len(people)


async def test_every_column_with_a_digest_or_a_sealed_value_is_known_to_the_rotation(database: Dsn) -> None:
    """Whatever is binary is sealed, an index, a digest that is moved or compared, or one that needs no key: a new
    column has to say which."""
    rows = await kernel.rows(
        "SELECT c.table_name, c.column_name FROM information_schema.columns c JOIN pg_class t"
        " ON t.relname = c.table_name AND t.relnamespace = 'public'::regnamespace AND NOT t.relispartition"
        " WHERE c.table_schema = 'public' AND c.data_type = 'bytea' AND t.relkind IN ('r', 'p')"
    )
    found = {(row["table_name"], row["column_name"]) for row in rows}
    sealed = {one for one in found if one[1].endswith("_cipher")}
    documents = {(table.name, table.index) for table in reindexing.DOCUMENT_TABLES}
    indexes = documents | {("person_document", "document_index"), ("staff", "document_index")}
    indexes |= {("bank_card", "card_index")}
    moved = {(table.name, column) for table in redigesting.DIGEST_TABLES for column in table.columns}
    moved |= {(redigesting.OPT_OUTS, "mobile_index")}
    compared = set(redigesting.COMPARED)
    kinds = [sealed, indexes, moved, compared & found, PLAIN, {("vault_key", "key_wrapped")}]
    assert sorted(found - set().union(*kinds)) == [], "the rotation does not know of these"
    assert sum(map(len, kinds)) == len(set().union(*kinds)), "one kind each"
    assert set().union(*kinds) <= found, "there is no such column any more"
    texts = await kernel.rows("SELECT table_name, column_name FROM information_schema.columns WHERE data_type = 'text'")
    assert compared - found <= {(row["table_name"], row["column_name"]) for row in texts}
    for table in redigesting.DIGEST_TABLES:
        assert {(table.name, cipher) for cipher, _ in table.columns.values()} <= sealed
