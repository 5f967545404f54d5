"""The evidence log: what is stamped can be proved anywhere, and nothing of it can be changed unseen."""

from __future__ import annotations

import asyncio
import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from cryptography.hazmat.primitives import hashes
from hypothesis import given, settings
from hypothesis import strategies as st

from auth import evidence
from auth.evidence import merkle, verifier
from auth.evidence.verifier import Broken, require_holds
from domain.kernel import audit, database
from domain.kernel.actor import Actor
from tests.auth.conftest import Clock
from tests.factories.partners import Ed25519Pair, Sm2Pair

pytestmark = pytest.mark.requirement("N6")
serial = pytest.mark.usefixtures("login_service")

SOURCE = Path(verifier.__file__).read_text("utf-8")
BY_HAND = (
    "INSERT INTO audit_event (event_id, at, actor, actor_name, channel, action, subject, outcome)"
    " VALUES (1, now(), 'system', '', 'psql', 'x.y', 'z', 'done')"
)
STAFF = Actor(kind="staff", channel="backoffice", name="李敏", staff_id=7)


# ---- the tree and the signatures, without a store


def tree_of(leaves: list[bytes]) -> dict[merkle.Place, bytes]:
    return dict(merkle.grown(0, leaves, lambda place: pytest.fail("an empty tree has no frontier")))


def plain_root(leaves: list[bytes]) -> bytes:
    """MTH as RFC 9162 defines it, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return merkle.node_hash(plain_root(leaves[:half]), plain_root(leaves[half:]))


LEAVES = [merkle.leaf_hash(str(number).encode()) for number in range(40)]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9, 16, 23, 33, 40])
def test_roots_and_proofs_are_those_of_the_definition(size: int) -> None:
    nodes = tree_of(LEAVES[:size]).__getitem__
    root = merkle.root(size, nodes)
    assert root == plain_root(LEAVES[:size])
    for position in range(size):
        proof = merkle.inclusion(position, size, nodes)
        found = verifier.root_of_inclusion(leaf=LEAVES[position], position=position, size=size, proof=proof)
        assert found == root
    for older in range(1, size + 1):
        proof = merkle.consistency(older, size, nodes)
        older_root = plain_root(LEAVES[:older])
        verifier.require_consistency(older=older, older_root=older_root, size=size, root=root, proof=proof)
        if older < size:
            with pytest.raises(Broken):
                bent = plain_root([*LEAVES[: older - 1], b"\x00" * 32])
                verifier.require_consistency(older=older, older_root=bent, size=size, root=root, proof=proof)


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.integers(1, 13), min_size=1, max_size=5), bend=st.integers(0, 10_000))
def test_a_tree_grows_the_same_in_any_steps(sizes: list[int], bend: int) -> None:
    kept: dict[merkle.Place, bytes] = {}
    size = 0
    leaves = [merkle.leaf_hash(str(number).encode()) for number in range(sum(sizes))]
    for step in sizes:
        kept |= dict(merkle.grown(size, leaves[size : size + step], kept.__getitem__))
        size += step
    assert kept == tree_of(leaves)
    root, position = merkle.root(size, kept.__getitem__), bend % size
    proof = merkle.inclusion(position, size, kept.__getitem__)
    for other in {(position + 1) % size, (position - 1) % size} - {position}:
        try:
            found = verifier.root_of_inclusion(leaf=leaves[position], position=other, size=size, proof=proof)
        except Broken:
            continue
        assert found != root
    for wrong in [proof[:-1]] if proof else []:
        with pytest.raises(Broken):
            verifier.root_of_inclusion(leaf=leaves[position], position=position, size=size, proof=wrong)
    with pytest.raises(Broken):
        verifier.root_of_inclusion(leaf=leaves[position], position=position, size=size, proof=[*proof, bytes(32)])


@pytest.mark.parametrize("length", [0, 1, 55, 56, 63, 64, 65, 200])
def test_sm3_without_a_library(length: int) -> None:
    digest = hashes.Hash(hashes.SM3())
    digest.update(bytes(range(length)))
    assert verifier.sm3_plain(bytes(range(length))) == digest.finalize()
    assert verifier.sm3_plain(b"abc").hex().startswith("66c7f0f4")
    assert verifier.sm3(b"abc") == verifier.sm3_plain(b"abc")


@pytest.mark.parametrize(("pair", "holds"), [(Ed25519Pair(), verifier.ed25519_holds), (Sm2Pair(), verifier.sm2_holds)])
def test_signatures_without_a_library(pair: Any, holds: Callable[[bytes, bytes, bytes], bool]) -> None:
    public, other = (verifier.public_bytes(each.public_pem) for each in (pair, type(pair)()))
    signature = pair.sign(b"the head of the log")
    assert holds(public, b"the head of the log", signature)
    assert not holds(public, b"the head of the log.", signature)
    assert not holds(other, b"the head of the log", signature)
    for place in (0, 31, 32, 63):
        bent = bytearray(signature)
        bent[place] ^= 1
        assert not holds(public, b"the head of the log", bytes(bent))
    assert not holds(public, b"the head of the log", bytes(64))
    assert not holds(public[1:], b"the head of the log", signature)
    assert not holds(public, b"the head of the log", signature[:-1])
    assert not holds(b"\xff" * len(public), b"the head of the log", signature)


# ---- the log


async def happen(clock: Clock, count: int, *, subject: str = "grant:7") -> None:
    for number in range(count):
        await audit.record(
            None, actor=STAFF, action="case.claimed", subject=subject, now=clock(), detail={"rows": number}
        )


@serial
async def test_every_event_is_stamped_and_proved(clock: Clock) -> None:
    await happen(clock, 5)
    await happen(clock, 2, subject="grant:8")
    assert await evidence.seal(now=clock()) == 7
    assert await evidence.seal(now=clock()) == 0
    file = await evidence.proof_file(subjects=("grant:7",))
    assert file is not None and len(file["events"]) == 5 and file["head"]["treeSize"] == 7
    said = require_holds(json.loads(json.dumps(file)))
    assert "2个" in said[0] and said[1].startswith("5条事件")
    check = await evidence.check_log()
    assert (check.holds, check.leaves, check.waiting) == (True, 7, 0)


@serial
async def test_what_is_rolled_back_is_not_stamped_and_what_waits_is_not_lost(clock: Clock) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as tx:
            await audit.record(tx, actor=STAFF, action="case.claimed", subject="grant:7", now=clock())
            raise ZeroDivisionError
    await happen(clock, 3)
    assert await evidence.seal(now=clock(), batch=2) == 2
    assert await evidence.seal(now=clock(), batch=2) == 1
    assert await evidence.seal(now=clock(), batch=2) == 0
    assert (await evidence.check_log()).heads == 2


@serial
async def test_an_event_that_commits_late_is_stamped_later(clock: Clock, tables: asyncpg.Connection) -> None:
    """Numbers are not in the order of commits: what was still open when others were sealed comes next."""
    async with tables.transaction():
        await tables.execute(BY_HAND)
        await happen(clock, 2)
        assert await evidence.seal(now=clock()) == 2
    assert await evidence.seal(now=clock()) == 1
    assert (await evidence.check_log()).holds


@serial
async def test_two_sealers_at_once_stamp_everything_once(clock: Clock) -> None:
    await happen(clock, 6)
    sealed = await asyncio.gather(*(evidence.seal(now=clock(), batch=3) for _ in range(4)))
    while more := await evidence.seal(now=clock(), batch=3):
        sealed.append(more)
    assert sum(sealed) == 6
    check = await evidence.check_log()
    assert (check.holds, check.leaves) == (True, 6)


@serial
async def test_an_event_written_past_our_code_waits_too(clock: Clock, tables: asyncpg.Connection) -> None:
    await tables.execute(BY_HAND)
    assert await evidence.seal(now=clock()) == 1


@serial
async def test_the_log_has_only_grown(clock: Clock) -> None:
    await happen(clock, 5)
    await evidence.seal(now=clock())
    older = await evidence.proof_file(subjects=("grant:7",))
    assert older is not None
    await happen(clock, 4)
    await evidence.seal(now=clock())
    newer = await evidence.proof_file(subjects=("grant:7",), since=older["head"]["treeSize"])
    assert newer is not None and "自5条以来只增未改。" in require_holds(newer, since=older)
    assert require_holds(older, since=older)
    without = {name: value for name, value in newer.items() if name != "consistency"}
    with pytest.raises(Broken):
        require_holds(without, since=older)
    forked = copy.deepcopy(older)
    forked["head"]["root"] = newer["head"]["root"]
    with pytest.raises(Broken):
        require_holds(newer, since=forked)


BENDS: dict[str, Callable[[dict[str, Any]], object]] = {
    "content": lambda file: file["events"][1]["event"].update(outcome="refused"),
    "detail": lambda file: file["events"][1]["event"]["detail"].update(rows=99),
    "position": lambda file: file["events"][1].update(position=2),
    "beyond": lambda file: file["events"][1].update(position=99),
    "proof": lambda file: file["events"][1]["proof"].reverse(),
    "no proof": lambda file: file["events"][1]["proof"].clear(),
    "root": lambda file: file["head"].update(root="00" * 32),
    "size": lambda file: file["head"].update(treeSize=6),
    "time": lambda file: file["head"].update(sealedAt="2030-01-01T00:00:00.000000Z"),
    "signature": lambda file: file["head"]["signatures"][0].update(signature="00" * 64),
    "second signature": lambda file: file["head"]["signatures"][1].update(signature="01" * 64),
    "unsigned": lambda file: file["head"]["signatures"].clear(),
    "another's key": lambda file: [key.update(publicKey=Ed25519Pair().public_pem) for key in file["keys"]],
    "format": lambda file: file.update(format="hpf-evidence-9"),
    "no head": lambda file: file.pop("head"),
    "events of another kind": lambda file: file.update(events=[1]),
}


@serial
@pytest.mark.parametrize("bend", sorted(BENDS))
async def test_a_bent_file_is_found(bend: str, clock: Clock) -> None:
    await happen(clock, 5)
    await evidence.seal(now=clock())
    file = await evidence.proof_file(subjects=("grant:7",))
    assert file is not None
    keys = {key["kid"]: dict(key) for key in file["keys"]}
    if bend == "another's key":
        BENDS[bend](file)
        with pytest.raises(Broken):
            require_holds(file)
        return
    require_holds(file, keys=keys)
    BENDS[bend](file)
    with pytest.raises(Broken) as broken:
        require_holds(file, keys=keys)
    assert str(broken.value).endswith("。")


@serial
async def test_keys_handed_over_before_are_the_only_ones_trusted(clock: Clock) -> None:
    await happen(clock, 1)
    await evidence.seal(now=clock())
    file = await evidence.proof_file(subjects=("grant:7",))
    assert file is not None
    with pytest.raises(Broken):
        require_holds(file, keys={})


TAMPERING = {
    "changed": ("UPDATE audit_event SET outcome = 'refused' WHERE subject = 'grant:7'", "内容被改动"),
    "deleted": ("DELETE FROM audit_event WHERE subject = 'grant:7'", "已被删除"),
    "leaf": ("UPDATE evidence_node SET hash = decode(repeat('00', 32), 'hex') WHERE level = 0", "内容被改动"),
    "head": ("UPDATE evidence_head SET root = decode(repeat('00', 32), 'hex')", "与事件不符"),
    "resigned": ("UPDATE evidence_head SET sealed_at = sealed_at + interval '1 day'", "签名无效"),
    "cut off": ("DELETE FROM evidence_leaf", "没有对应的事件"),
    "hidden": ("DELETE FROM evidence_pending", "既未封存"),
}


@serial
@pytest.mark.parametrize("how", sorted(TAMPERING))
async def test_who_owns_the_database_is_found_out(how: str, clock: Clock, tables: asyncpg.Connection) -> None:
    await happen(clock, 3)
    await evidence.seal(now=clock())
    await happen(clock, 1)
    assert (await evidence.check_log()).holds
    statement, sentence = TAMPERING[how]
    await tables.execute(statement)
    check = await evidence.check_log()
    assert not check.holds and any(sentence in found for found in check.broken), check.broken


@serial
async def test_the_application_cannot_change_the_log(clock: Clock) -> None:
    await happen(clock, 1)
    await evidence.seal(now=clock())
    for statement in (
        "UPDATE evidence_node SET level = 1",
        "DELETE FROM evidence_leaf",
        "UPDATE evidence_head SET tree_size = 9",
        "DELETE FROM evidence_key",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await database.execute(statement)


@serial
async def test_the_verifier_is_one_file_that_needs_nothing(clock: Clock, tmp_path: Path) -> None:
    await happen(clock, 2)
    await evidence.seal(now=clock())
    file = await evidence.proof_file(subjects=("grant:7",))
    assert file is not None
    alone = tmp_path / "verifier.py"
    alone.write_text(SOURCE, "utf-8")
    good, keys, bent = tmp_path / "good.json", tmp_path / "keys.json", tmp_path / "bent.json"
    good.write_text(json.dumps(file), "utf-8")
    keys.write_text(json.dumps({"keys": file["keys"]}), "utf-8")
    bent.write_text(json.dumps({**file, "events": [{**file["events"][0], "position": 1}]}), "utf-8")

    def run(*arguments: Path | str) -> subprocess.CompletedProcess[str]:
        # -I -S: neither our folder nor installed packages
        command = [sys.executable, "-I", "-S", str(alone), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    passed = run(good, "--keys", keys, "--since", good)
    assert passed.returncode == 0 and "2条事件均在日志中" in passed.stdout, passed.stderr
    assert run(bent, "--keys", keys).returncode == 1
    assert run(tmp_path / "nothing.json").returncode == 1
    assert run().returncode == 2
