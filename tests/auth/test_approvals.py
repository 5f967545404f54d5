"""Four eyes: who may ask and decide, what happens once, and that a refusal leaves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import asyncpg
import pytest
import pytest_asyncio

from auth import approvals
from auth.approvals import Approval
from domain.kernel.actor import Actor, Role
from domain.kernel.database import Transaction
from domain.kernel.refusal import NOT_PERMITTED, Refused
from tests.auth.conftest import Clock

pytestmark = pytest.mark.usefixtures("login_service")

_applied: list[tuple[str, str]] = []
_refuse: list[bool] = []


async def _apply(tx: Transaction, approved: Approval, actor: Actor, now: datetime) -> None:
    await tx.execute("UPDATE staff SET name = 'changed' WHERE login = 'zhou'")
    if _refuse:
        raise Refused(NOT_PERMITTED())
    _applied.append((approved.subject, actor.reference))


KIND = approvals.declare(
    "test.kind", name="测试", ask="staff.manage", decide="staff.assign_roles", apply=_apply, life=timedelta(days=2)
)


async def add(tables: asyncpg.Connection, number: int, login: str, document: bytes | None = None) -> None:
    await tables.execute(
        "INSERT INTO staff (staff_id, login, name, document_index, password_hash, password_changed_at, totp_cipher,"
        " roles) VALUES ($1, $2, $2, $3, 'none', now(), '', '{}')",
        number,
        login,
        document,
    )


def member(number: int, *roles: Role) -> Actor:
    return Actor(kind="staff", channel="backoffice", staff_id=number, roles=frozenset(roles))


SYSTEM, SECURITY = member(1, Role.SYSTEM_ADMIN), member(2, Role.SECURITY_ADMIN)


@pytest_asyncio.fixture(autouse=True)
async def people(tables: asyncpg.Connection) -> AsyncIterator[None]:
    _applied.clear()
    _refuse.clear()
    await add(tables, 1, "zhou", b"one")
    await add(tables, 2, "wu")
    await add(tables, 3, "zhou2", b"one")
    yield


async def asked(clock: Clock, *, actor: Actor = SYSTEM, reason: str = "人员更换手机") -> Approval:
    return await approvals.ask(
        actor=actor, kind=KIND, subject="staff:9", payload={"x": 1}, summary="改动", reason=reason, now=clock()
    )


async def refusal(clock: Clock, found: Approval, actor: Actor, *, agree: bool = True, note: str = "") -> str:
    with pytest.raises(Refused) as refused:
        await approvals.decide(actor=actor, approval_id=found.approval_id, agree=agree, note=note, now=clock())
    return refused.value.refusals[0].code


async def actions(tables: asyncpg.Connection) -> list[str]:
    return [row["action"] for row in await tables.fetch("SELECT action FROM audit_event ORDER BY at, event_id")]


async def test_agreed_by_another_is_done_in_the_same_transaction(clock: Clock, tables: asyncpg.Connection) -> None:
    found = await asked(clock)
    done = await approvals.decide(actor=SECURITY, approval_id=found.approval_id, agree=True, note="", now=clock())
    assert (done.state, done.decided_name, _applied) == ("agreed", "wu", [("staff:9", "staff:2")])
    assert await tables.fetchval("SELECT name FROM staff WHERE login = 'zhou'") == "changed"
    assert await actions(tables) == ["approval.requested", "approval.agreed"]


async def test_declined_needs_words_and_does_nothing(clock: Clock, tables: asyncpg.Connection) -> None:
    found = await asked(clock)
    assert await refusal(clock, found, SECURITY, agree=False, note="不") == "approval.reason"
    done = await approvals.decide(
        actor=SECURITY, approval_id=found.approval_id, agree=False, note="材料不全", now=clock()
    )
    assert (done.state, done.note, _applied) == ("declined", "材料不全", [])
    assert await refusal(clock, found, SECURITY) == "approval.over"


async def test_nobody_decides_on_their_own_request(clock: Clock, tables: asyncpg.Connection) -> None:
    found = await asked(clock)
    both = member(1, Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN)
    assert await refusal(clock, found, both) == "approval.own"
    # nor under another login of the same person
    assert await refusal(clock, found, member(3, Role.SECURITY_ADMIN)) == "approval.own"
    assert _applied == [] and (await actions(tables)).count("approval.refused") == 2


async def test_rights_are_asked_for_both_ways(clock: Clock, tables: asyncpg.Connection) -> None:
    with pytest.raises(Refused):
        await asked(clock, actor=SECURITY)
    found = await asked(clock)
    assert await refusal(clock, found, member(2, Role.SYSTEM_ADMIN)) == "access.not_permitted"
    assert (await approvals.approval(approval_id=found.approval_id, now=clock())).state == "waiting"


async def test_what_cannot_be_done_leaves_the_request_waiting(clock: Clock, tables: asyncpg.Connection) -> None:
    found = await asked(clock)
    _refuse.append(True)
    assert await refusal(clock, found, SECURITY) == "access.not_permitted"
    assert await tables.fetchval("SELECT name FROM staff WHERE login = 'zhou'") == "zhou"
    assert (await approvals.approval(approval_id=found.approval_id, now=clock())).state == "waiting"


async def test_of_two_decisions_at_once_one_counts(clock: Clock) -> None:
    found = await asked(clock)

    async def agree() -> str:
        try:
            await approvals.decide(actor=SECURITY, approval_id=found.approval_id, agree=True, note="", now=clock())
        except Refused as refused:
            return refused.refusals[0].code
        return "done"

    assert sorted(await asyncio.gather(agree(), agree())) == ["approval.over", "done"]
    assert len(_applied) == 1


async def test_one_request_at_a_time_about_a_subject(clock: Clock) -> None:
    first = await asked(clock)
    with pytest.raises(Refused) as refused:
        await asked(clock)
    assert refused.value.refusals[0].code == "approval.waiting"
    await approvals.withdraw(actor=SYSTEM, approval_id=first.approval_id, now=clock())
    await asked(clock)


async def test_a_request_runs_out(clock: Clock) -> None:
    found = await asked(clock)
    clock.pass_(days=2)
    assert (await approvals.approval(approval_id=found.approval_id, now=clock())).state == "expired"
    assert await refusal(clock, found, SECURITY) == "approval.over"
    await asked(clock)


@pytest.mark.parametrize("reason", ["", "   ", "短", "长" * 501])
async def test_a_request_has_a_reason(clock: Clock, tables: asyncpg.Connection, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        await asked(clock, reason=reason)
    assert refused.value.refusals[0].code == "approval.reason"
    assert await tables.fetchval("SELECT count(*) FROM approval") == 0


async def test_only_who_asked_withdraws(clock: Clock) -> None:
    found = await asked(clock)
    with pytest.raises(Refused):
        await approvals.withdraw(actor=SECURITY, approval_id=found.approval_id, now=clock())
    done = await approvals.withdraw(actor=SYSTEM, approval_id=found.approval_id, now=clock())
    assert done.state == "withdrawn"


async def test_the_database_itself_keeps_two_persons_apart(clock: Clock, tables: asyncpg.Connection) -> None:
    found = await asked(clock)
    with pytest.raises(asyncpg.CheckViolationError):
        await tables.execute(
            "UPDATE approval SET state = 'agreed', decided_by = requested_by, decided_at = now()"
            " WHERE approval_id = $1",
            found.approval_id,
        )
