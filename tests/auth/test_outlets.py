"""Outlets by two persons and by their dates: what counts when, who sees what, and nothing left without a department."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from auth import approvals, outlets, presence, staff_upkeep
from auth.approvals import Approval
from auth.outlets import OutletChange
from domain import contributions
from domain.contributions.employers import opening
from domain.kernel.actor import Actor, Role
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import Refused
from tests.auth.conftest import Clock
from tests.factories.snapshot import nothing_changed

pytestmark = [pytest.mark.usefixtures("login_service")]


def admin(number: int, role: Role) -> Actor:
    return Actor(kind="staff", channel="backoffice", name=f"管理员{number}", staff_id=number, roles=frozenset({role}))


SYSTEM, SECURITY = admin(1, Role.SYSTEM_ADMIN), admin(2, Role.SECURITY_ADMIN)
EAST = {"name": "东城管理部", "parent_code": "", "district_code": "110101"}


@pytest_asyncio.fixture(autouse=True)
async def centre(tables: asyncpg.Connection) -> AsyncIterator[None]:
    for number, roles in ((1, ["system_admin"]), (2, ["security_admin"]), (3, ["preliminary_reviewer"])):
        await tables.execute(
            "INSERT INTO staff (staff_id, login, name, password_hash, password_changed_at, totp_cipher, roles)"
            " VALUES ($1, $2, $2, 'none', now(), '', $3)",
            number,
            f"staff{number}",
            roles,
        )
    await tables.execute("INSERT INTO branch_centre (code, name) VALUES ('B1', '城区分中心'), ('B2', '郊区分中心')")
    await tables.execute(
        "INSERT INTO management_office (code, name, district_code, branch_code)"
        " VALUES ('0101', '东城管理部', '110101', 'B1'), ('0105', '朝阳管理部', '110105', NULL)"
    )
    await tables.execute("INSERT INTO entrusted_bank (code, name, fund_account_no) VALUES ('102', '工行', '1')")
    yield


async def ask(clock: Clock, code: str, kind: str = "management", *, days: int = 0, **values: Any) -> Approval:
    return await outlets.ask_change(
        actor=SYSTEM,
        kind=kind,
        code=code,
        values=values,
        effective_on=today(clock) + timedelta(days=days),
        reason="机构调整文件",
        now=clock(),
    )


def today(clock: Clock) -> date:
    return business_date_of(clock())


async def agree(clock: Clock, found: Approval) -> None:
    await approvals.decide(actor=SECURITY, approval_id=found.approval_id, agree=True, note="", now=clock())


async def change(clock: Clock, code: str, kind: str = "management", *, days: int = 0, **values: Any) -> None:
    await agree(clock, await ask(clock, code, kind, days=days, **values))


async def standing(clock: Clock, code: str) -> outlets.Outlet:
    return next(one for one in await outlets.outlets(actor=SYSTEM, now=clock()) if one.code == code)


async def latest(clock: Clock, code: str) -> OutletChange:
    return (await outlets.outlet_changes(actor=SYSTEM, now=clock(), code=code))[0]


async def sees(tables: asyncpg.Connection, number: int) -> set[str]:
    """The departments of a member of staff."""
    row = await tables.fetchrow(
        "SELECT m.*, ARRAY(SELECT o.code FROM management_office o WHERE o.branch_code = ANY(m.branch_codes))"
        " AS branch_offices FROM staff m WHERE staff_id = $1",
        number,
    )
    return set(presence._offices(row))


async def employer(tables: asyncpg.Connection, office: str, number: int = 100001) -> None:
    await tables.execute(
        "INSERT INTO employer (employer_no, name, uscc, office_code, opened_on)"
        " VALUES ($1, '单位', $2, $3, '2020-01-01')",
        number,
        f"9111010{number}",
        office,
    )


async def test_the_hierarchy_is_built_by_two_persons_and_read_from_the_top(clock: Clock) -> None:
    await change(clock, "0106", name="丰台管理部", parent_code="B2", district_code="110106")
    await change(clock, "W-0106-1", "window", name="丰台服务大厅", parent_code="0106", address="丰台区某路1号")
    bank = {"name": "工行丰台支行", "parent_code": "0106", "bank_code": "102", "address": "丰台区某路2号"}
    await change(clock, "ICBC-0106", "bank_outlet", **bank)
    found = [(one.code, one.parent_code) for one in await outlets.outlets(actor=SYSTEM, now=clock())]
    assert found == [
        ("0105", ""), ("B1", ""), ("0101", "B1"), ("B2", ""), ("0106", "B2"), ("ICBC-0106", "0106"),
        ("W-0106-1", "0106"),
    ]  # fmt: skip
    change_ = await latest(clock, "0106")
    assert (change_.state, change_.before, change_.proposed_name, change_.approved_name) == (
        "applied", None, "staff1", "管理员2",
    )  # fmt: skip


async def test_next_values_wait_for_their_day_and_then_move_the_scope(clock: Clock, tables: asyncpg.Connection) -> None:
    await staff_upkeep.set_offices(actor=SECURITY, login="staff3", office_codes=[], branch_codes=["B1"], now=clock())
    await change(clock, "0101", days=10, parent_code="B2")
    assert await outlets.put_due_in_force(now=clock()) == 0
    assert (await sees(tables, 3), (await standing(clock, "0101")).parent_code) == ({"0101"}, "B1")
    later = clock.pass_(days=10)
    assert [await outlets.put_due_in_force(now=later) for _ in range(2)] == [1, 0]
    assert await sees(tables, 3) == {"none"}, "a branch without departments is not the whole centre"
    assert (await latest(clock, "0101")).state == "applied"


async def test_two_workers_put_a_change_in_force_once(clock: Clock, tables: asyncpg.Connection) -> None:
    await change(clock, "0101", days=1, name="东城区管理部")
    later = clock.pass_(days=1)
    moved = await asyncio.gather(*(outlets.put_due_in_force(now=later) for _ in range(3)))
    assert sorted(moved) == [0, 0, 1]
    assert await tables.fetchval("SELECT count(*) FROM audit_event WHERE action = 'outlet.in_force'") == 1


@pytest.mark.parametrize(
    ("left", "words"),
    [
        ("employer", "1个未销户的缴存单位"),
        ("case", "1件在办办件"),
        ("staff", "1名在职人员"),
        ("window", "1个下属网点"),
    ],
)
async def test_a_department_closes_only_when_nothing_is_left_with_it(
    clock: Clock, tables: asyncpg.Connection, left: str, words: str
) -> None:
    await change(clock, "0105", days=5, open=False)
    if left == "employer":
        await employer(tables, "0105")
    elif left == "case":
        await tables.execute(_ACCOUNT)
        await tables.execute(_CASE)
    elif left == "staff":
        await staff_upkeep.set_offices(
            actor=SECURITY, login="staff3", office_codes=["0105"], branch_codes=[], now=clock()
        )
    else:
        await change(clock, "W-0105", "window", name="朝阳服务大厅", parent_code="0105", address="朝阳区某路1号")
    later = clock.pass_(days=5)
    assert await outlets.put_due_in_force(now=later) == 0
    blocked = await latest(clock, "0105")
    assert blocked.state == "waiting" and words in (blocked.blocked or "")
    assert (await standing(clock, "0105")).closed_on is None
    with pytest.raises(Refused) as refused:
        await ask(clock, "0105", open=False)
    assert refused.value.refusals[0].code == "outlet.in_use"
    for emptied in (
        "UPDATE employer SET state = '04'",
        "UPDATE service_case SET ended_at = now()",
        "UPDATE staff SET active = false WHERE staff_id = 3",
        "UPDATE service_outlet SET closed_on = '2026-11-30'",
    ):
        await tables.execute(emptied)
    assert await outlets.put_due_in_force(now=later) == 1
    assert (await standing(clock, "0105")).closed_on == blocked.effective_on


async def test_nothing_comes_to_a_closed_department(clock: Clock, tables: asyncpg.Connection) -> None:
    await change(clock, "0105", open=False)
    assert [code for code, _ in await contributions.offices()] == ["0101"]
    async with nothing_changed():
        with pytest.raises(Refused, match="office_unknown"):
            await staff_upkeep.set_offices(
                actor=SECURITY, login="staff3", office_codes=["0105"], branch_codes=[], now=clock()
            )
        with pytest.raises(Refused, match="上级网点"):
            await ask(clock, "W-0105", "window", name="朝阳服务大厅", parent_code="0105", address="朝阳区某路1号")
    await change(clock, "0105", open=True)
    assert (await standing(clock, "0105")).closed_on is None


async def test_an_agreed_change_is_replaced_by_the_next_and_taken_back_by_the_present_values(clock: Clock) -> None:
    await change(clock, "0101", days=20, name="东城一部")
    await change(clock, "0101", days=30, name="东城二部")
    states = [(one.state, one.after["name"]) for one in await outlets.outlet_changes(actor=SYSTEM, now=clock())]
    assert states == [("waiting", "东城二部"), ("replaced", "东城一部")]
    await change(clock, "0101", days=30, name="东城管理部")
    assert await outlets.put_due_in_force(now=clock.pass_(days=40)) == 0
    assert (await standing(clock, "0101")).name == "东城管理部"


@pytest.mark.parametrize(
    ("code", "kind", "values", "days", "problem"),
    [
        ("01", "management", EAST, 0, "应为4位数字"),
        ("0107", "management", {**EAST, "name": "部"}, 0, "2至40个字"),
        ("0107", "management", {**EAST, "district_code": "11"}, 0, "6位数字"),
        ("0107", "management", {**EAST, "parent_code": "B9"}, 0, "在用的分中心"),
        ("0107", "management", {**EAST, "open": False}, 0, "新增网点应为启用"),
        ("0107", "management", EAST, -1, "生效日期"),
        ("0107", "management", EAST, 400, "生效日期"),
        ("0101", "window", {"name": "窗口一号", "parent_code": "0101", "address": "某路一号"}, 0, "已是管理部的编号"),
        ("W-1", "window", {"name": "窗口一号", "parent_code": "B1", "address": "某路一号"}, 0, "4至20位"),
        ("W-0001", "bank_outlet", {"name": "支行", "parent_code": "0101", "address": "某路一号"}, 0, "受托银行"),
        ("0101", "management", {}, 0, "无需变更"),
        ("0101", "ministry", {}, 0, "没有该类网点"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_asked_for(
    clock: Clock, code: str, kind: str, values: dict[str, Any], days: int, problem: str
) -> None:
    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            await ask(clock, code, kind, days=days, **values)
    assert problem in "".join(one.message for one in refused.value.refusals)


async def test_four_eyes_and_rights(clock: Clock) -> None:
    found = await ask(clock, "0101", name="东城区管理部")
    with pytest.raises(Refused, match="waiting"):
        await ask(clock, "0101", name="东城新管理部")
    for actor in (SYSTEM, admin(3, Role.PRELIMINARY_REVIEWER)):
        with pytest.raises(Refused):
            await approvals.decide(actor=actor, approval_id=found.approval_id, agree=True, note="", now=clock())
    with pytest.raises(Refused, match="not_permitted"):
        await outlets.outlets(actor=SECURITY, now=clock())
    assert (await standing(clock, "0101")).name == "东城管理部"


async def test_what_changed_since_it_was_asked_for_is_not_overwritten(clock: Clock, tables: asyncpg.Connection) -> None:
    found = await ask(clock, "0101", name="东城区管理部")
    await tables.execute("UPDATE management_office SET district_code = '110102' WHERE code = '0101'")
    async with nothing_changed():
        with pytest.raises(Refused, match=r"outlet\.stale"):
            await agree(clock, found)


async def test_a_closing_and_an_employer_at_once_leave_no_employer_behind(
    clock: Clock, tables: asyncpg.Connection
) -> None:
    """Whoever opens an employer holds the department's row: the closing waits for it and then finds it."""
    found = await ask(clock, "0105", open=False)
    async with tables.transaction():
        assert await tables.fetchval(opening._OPEN_OFFICE, "0105") == 1
        closing = asyncio.create_task(agree(clock, found))
        while not await tables.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            assert not closing.done(), "the closing did not wait"
        await employer(tables, "0105")
    with pytest.raises(Refused, match=r"outlet\.in_use"):
        await closing
    assert (await standing(clock, "0105")).closed_on is None


async def test_staff_without_a_department_are_found_until_they_have_one(clock: Clock) -> None:
    assert [one.login for one in await outlets.unassigned_staff(actor=SYSTEM, now=clock())] == ["staff3"]
    await staff_upkeep.set_offices(actor=SECURITY, login="staff3", office_codes=["0101"], branch_codes=[], now=clock())
    assert await outlets.unassigned_staff(actor=SYSTEM, now=clock()) == []


_ACCOUNT = """
INSERT INTO account (account_no, person_id, employer_no, office_code, base_fen, monthly_contribution_fen, opened_on)
VALUES (1, 1, 1, '0101', 1, 1, '2020-01-01')
"""
_CASE = """
INSERT INTO service_case (account_no, case_id, case_no, item_code, item, person_id, applicant_masked, channel,
    office_code, flow_name, flow_version, state, amount_fen, form, policy_snapshot, explanation, business_date,
    submitted_at, due_on)
VALUES (1, 1, 'C1', 'C20', 'rent_withdrawal', 1, '*', 'test', '0105', 'rent', 1, 'pending_preliminary', 300, '{}', '{}',
    '[]', '2026-11-23', now(), '2026-11-23')
"""
