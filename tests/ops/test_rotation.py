"""Keys of personal data changed while running: nothing is lost, nothing is found twice, and it may be cut off
anywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from auth import keys, sessions
from auth.configuration import AuthSettings
from domain import contributions
from domain.kernel import database as kernel
from domain.kernel import vault, vault_keys
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Transaction
from domain.kernel.vault import Keyring, Vault, key_number
from domain.kernel.vault_keys import LEARNING
from ops import rotation
from tests.conftest import MASTER_KEY

pytestmark = pytest.mark.requirement("N6")

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
PEOPLE = {f"11010119900101{n:04d}": f"张{n}" for n in range(1, 8)}


class Time:
    def __init__(self) -> None:
        self.now = START

    async def learned(self) -> None:
        """Long enough for every process to know; and this one does."""
        self.now += LEARNING + timedelta(seconds=1)
        await vault_keys.refresh(now=self.now)


@pytest.fixture
def time() -> Time:
    return Time()


async def register(document_no: str, name: str = "张三", mobile: str = "13800000001") -> int:
    async with kernel.transaction() as tx:
        return await contributions.register_person(
            tx, document_type="01", document_no=document_no, name=name, mobile=mobile, now=START
        )


@pytest.fixture
async def people(database: str, time: Time) -> AsyncIterator[dict[str, int]]:
    await vault_keys.ensure_first(now=time.now)
    await vault_keys.refresh(now=time.now)
    yield {document_no: await register(document_no, name) for document_no, name in PEOPLE.items()}
    # whoever opens a house on this database next has the first keys only
    connection = await asyncpg.connect(database)
    await connection.execute("TRUNCATE vault_progress, vault_key")
    await connection.close()
    vault.install(Vault(MASTER_KEY))


async def run(dsn: str, time: Time, *, chunk: int = 2) -> int:
    steps = 0
    while await rotation.step(dsn=dsn, now=time.now, chunk=chunk):
        steps += 1
        assert steps < 500, "it does not end"
    return steps


async def numbers(column: str = "document_cipher") -> set[int]:
    return {key_number(row[0]) for row in await kernel.rows(f"SELECT {column} FROM person")}


async def clear_of(person_id: int) -> tuple[str, str]:
    found = await contributions.clear_person(person_id=person_id)
    return found.document_no, found.name


async def test_data_keys_are_changed_while_running(people: dict[str, int], time: Time, database: str) -> None:
    number = await vault_keys.announce(actor=SYSTEM, purpose="data", now=time.now)
    await vault_keys.refresh(now=time.now)
    await register("110101199001019991")
    assert await numbers() == {1}, "announced is not used yet"
    assert await run(database, time) == 0, "not every process has learned"
    await time.learned()
    await register("110101199001019992")
    assert await numbers() == {1, number}
    await time.learned()
    assert await run(database, time) > len(people) // 2
    assert await numbers() == await numbers("name_cipher") == await numbers("mobile_cipher") == {number}
    for document_no, person_id in people.items():
        assert await clear_of(person_id) == (document_no, PEOPLE[document_no])

    assert await rotation.retire_older(dsn=database, purpose="data", now=time.now) == [1]
    await vault_keys.refresh(now=time.now)
    assert {row["number"] for row in await vault_keys.standing() if row["purpose"] == "data"} == {number}
    assert (await clear_of(next(iter(people.values()))))[0] == next(iter(people))
    with pytest.raises(ValueError, match="key 1"):
        vault.current().decrypt(Vault(MASTER_KEY).encrypt("from an old backup"))


async def test_it_goes_on_where_it_was_cut_off(people: dict[str, int], time: Time, database: str) -> None:
    number = await vault_keys.announce(actor=SYSTEM, purpose="data", now=time.now)
    await time.learned()
    await time.learned()
    await rotation.step(dsn=database, now=time.now, chunk=3)
    while len(await numbers()) == 1:
        await rotation.step(dsn=database, now=time.now, chunk=3)
    assert await numbers() == {1, number}, "half done"
    with pytest.raises(ValueError, match="等待更换完成"):
        await rotation.retire_older(dsn=database, purpose="data", now=time.now)
    (state,) = await rotation.states(dsn=database, now=time.now)
    assert state.left > 0 and state.tables_finished < state.tables
    await run(database, time)
    (state,) = await rotation.states(dsn=database, now=time.now)
    assert (state.left, state.tables_finished) == (0, state.tables)


class Interrupted(Transaction):
    """Somebody changes a row right after it was read."""

    def __init__(self, connection: asyncpg.Connection, meanwhile: Callable[[], Awaitable[object]]) -> None:
        super().__init__(connection)
        self._meanwhile = meanwhile

    async def rows(self, sql: str, *values: object) -> list[Any]:
        found = await super().rows(sql, *values)
        if "FROM person " in sql:
            await self._meanwhile()
        return found


async def test_what_is_written_meanwhile_stays(people: dict[str, int], time: Time, database: str) -> None:
    """A row that changes between reading and writing keeps the newer value."""
    await vault_keys.announce(actor=SYSTEM, purpose="data", now=time.now)
    await time.learned()
    person_id = next(iter(people.values()))
    mine, other = await asyncpg.connect(database), await asyncpg.connect(database)
    newer = vault.current().encrypt("13911112222")
    await rotation._prepare(mine)
    tx = Interrupted(
        mine, lambda: other.execute("UPDATE person SET mobile_cipher = $2 WHERE person_id = $1", person_id, newer)
    )
    (table,) = [each for each in await rotation.cipher_tables(mine) if each.name == "person"]
    assert await rotation._reseal(tx, table, number=2, last=None, now=time.now, chunk=100) == len(people)
    await mine.close()
    await other.close()
    assert (await contributions.clear_person(person_id=person_id)).mobile == "13911112222"
    assert await numbers() == await numbers("mobile_cipher") == {2}


async def test_every_sealed_column_is_found(people: dict[str, int], database: str) -> None:
    connection = await asyncpg.connect(database)
    found = {(table.name, column) for table in await rotation.cipher_tables(connection) for column in table.ciphers}
    every = await connection.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND column_name LIKE '%\\_cipher'"
    )
    await connection.close()
    assert found == {(row["table_name"], row["column_name"]) for row in every}
    assert {("person", "document_cipher"), ("bank_card", "card_cipher"), ("staff", "totp_cipher")} <= found


async def test_signing_keys_survive(people: dict[str, int], time: Time, database: str, redis: Redis) -> None:
    """Also what is no person's: the private halves of our own keys."""
    settings = AuthSettings(issuer="https://x", audience="y", public_url="https://x", store_prefix="t:")
    sessions.configure(redis=redis, settings=settings)
    await keys.ensure_key(now=time.now)
    before = (await keys.signing_key(now=time.now)).kid
    await vault_keys.announce(actor=SYSTEM, purpose="data", now=time.now)
    await time.learned()
    await time.learned()
    await run(database, time)
    keys.forget()
    assert (await keys.signing_key(now=time.now)).kid == before


async def indexes_of(person_id: int) -> int:
    found: int = await kernel.value("SELECT count(*) FROM person_document WHERE person_id = $1", person_id)
    return found


async def test_index_keys_are_changed_with_two_indexes(people: dict[str, int], time: Time, database: str) -> None:
    document_no, person_id = next(iter(people.items()))
    await insert_staff(contributions.document_index(document_type="01", document_no=document_no))
    await vault_keys.announce(actor=SYSTEM, purpose="index", now=time.now)
    await time.learned()
    newcomer = await register("110101199001019993")
    assert await indexes_of(newcomer) == 2, "entered under both"
    assert await register(document_no) == person_id, "found under the old one"
    await time.learned()
    await run(database, time)
    assert await indexes_of(person_id) == 2 and await register(document_no) == person_id

    await time.learned()
    await run(database, time)
    assert await register(document_no) == person_id, "found under the new one"
    await time.learned()
    await run(database, time)
    assert await indexes_of(person_id) == await indexes_of(newcomer) == 1
    assert await rotation.retire_older(dsn=database, purpose="index", now=time.now) == [1]
    await vault_keys.refresh(now=time.now)
    assert await register(document_no) == person_id and await register("110101199001019993") == newcomer
    assert await kernel.value("SELECT count(*) FROM person") == len(people) + 1
    matched = await kernel.value(
        "SELECT d.person_id FROM staff m JOIN person_document d ON d.document_index = m.document_index"
    )
    assert matched == person_id, "a member of staff is still known as the citizen they are"


async def test_merged_persons_and_earlier_documents_are_found(
    people: dict[str, int], time: Time, database: str
) -> None:
    (gone_no, gone), (kept_no, kept), (_, changed), *_ = people.items()
    async with kernel.transaction() as tx:
        await tx.execute("UPDATE person_document SET person_id = $1 WHERE person_id = $2", kept, gone)
        await contributions.replace_document(
            tx,
            actor=SYSTEM,
            person_id=changed,
            document_type="01",
            document_no="110101199001018888",
            now=time.now,
        )
    await vault_keys.announce(actor=SYSTEM, purpose="index", now=time.now)
    for _ in range(4):
        await time.learned()
        await run(database, time)
    assert await register(gone_no) == await register(kept_no) == kept
    assert await register("110101199001018888") == changed
    # of the earlier document only the index is kept: the older key has to stay for it
    with pytest.raises(ValueError, match="还有1个值"):
        await rotation.retire_older(dsn=database, purpose="index", now=time.now)


async def insert_staff(index: bytes) -> None:
    await kernel.execute(
        "INSERT INTO staff (staff_id, login, name, document_index, password_hash, password_changed_at, totp_cipher,"
        " roles) VALUES (1, 'li.min', '李敏', $1, 'none', $2, $3, '{}')",
        index,
        START,
        vault.current().encrypt("secret"),
    )


async def test_an_older_process_and_a_newer_one_find_the_same_person(
    people: dict[str, int], time: Time, database: str
) -> None:
    """At each step of the change, with a process that is one step behind."""
    await vault_keys.announce(actor=SYSTEM, purpose="index", now=time.now)
    behind = vault.current()
    seen = 0
    for step in range(8):
        await time.learned()
        ahead = vault.current()
        for order in ((behind, ahead), (ahead, behind)):
            seen += 1
            document_no = f"1101011990010155{step}{seen % 10}"
            found = set()
            for held in order:
                vault.install(held)
                found.add(await register(document_no))
            assert len(found) == 1, f"two persons for one document at step {step}"
        vault.install(ahead)
        behind = ahead
        await rotation.step(dsn=database, now=time.now, chunk=100)
        await vault_keys.refresh(now=time.now)


async def test_a_second_change_waits_for_the_first(people: dict[str, int], time: Time) -> None:
    await vault_keys.announce(actor=SYSTEM, purpose="data", now=time.now)
    with pytest.raises(ValueError, match="尚未完成"):
        await vault_keys.announce(actor=SYSTEM, purpose="data", now=time.now)
    events = await kernel.rows("SELECT action FROM audit_event")
    assert [row["action"] for row in events] == ["vault_key.announced"]


async def test_the_master_key_is_changed_by_wrapping_anew(people: dict[str, int], time: Time) -> None:
    other = bytes(range(32, 64))
    assert await vault_keys.rewrap(actor=SYSTEM, new_master=other, now=time.now) == 3
    vault.install(Vault(other))
    await vault_keys.refresh(now=time.now)
    for document_no, person_id in people.items():
        assert await clear_of(person_id) == (document_no, PEOPLE[document_no])
        assert await register(document_no) == person_id
    vault.install(Vault(MASTER_KEY))
    with pytest.raises(ValueError):
        await vault_keys.refresh(now=time.now)


def test_a_sealed_value_names_its_key_and_cannot_be_given_another() -> None:
    ring = Keyring(
        data={1: b"a" * 16, 2: b"b" * 16, 3: b"b" * 16},
        sealing=2,
        indexes={1: b"c" * 32},
        looking_up=1,
        digests={1: b"c" * 32},
        digesting=1,
    )
    held = Vault(MASTER_KEY, ring)
    sealed = held.encrypt("110101199001010001")
    assert key_number(sealed) == 2 and held.decrypt(sealed) == "110101199001010001"
    # key 3 is the same key: the number is under the seal all the same
    renumbered = sealed[:1] + (3).to_bytes(2, "big") + sealed[3:]
    for bent in (renumbered, sealed[:-1] + bytes([sealed[-1] ^ 1]), sealed[:20], b"", b"\x03" + sealed[1:]):
        with pytest.raises(ValueError):
            held.decrypt(bent)


def test_values_from_before_keys_had_numbers_still_open() -> None:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    key = vault.first_data_key(MASTER_KEY)
    encryptor = Cipher(algorithms.SM4(key), modes.GCM(b"n" * 12)).encryptor()
    body = encryptor.update("张三".encode()) + encryptor.finalize()
    old = b"\x01" + b"n" * 12 + body + encryptor.tag
    assert Vault(MASTER_KEY).decrypt(old) == "张三" and key_number(old) == 1
