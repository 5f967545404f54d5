"""运营商余额: asked now and then, kept with its time, missed when it stays away."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from domain.kernel import database as store
from domain.kernel import vault
from notifications import alarms, balances, control
from notifications.routing import Carriers
from tests.conftest import MASTER_KEY
from tests.notifications.carriers import Recording
from tests.notifications.world import NOW

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.requirement("R15.3")]


async def known(**balance: int | None) -> Carriers:
    vault.install(vault.Vault(MASTER_KEY))
    carriers = Carriers(in_order=[Recording(name=name, balance=parts) for name, parts in balance.items()])
    await control.tell_condition(carriers=carriers, holds=False, now=NOW)
    return carriers


async def standing(carrier: str) -> tuple[object, object]:
    row = await store.row("SELECT balance_parts, balance_at FROM sms_standing WHERE carrier = $1", carrier)
    assert row is not None
    return row["balance_parts"], row["balance_at"]


async def alarmed(minutes: int) -> dict[tuple[str, str], int]:
    found = await alarms.check(now=NOW + timedelta(minutes=minutes))
    return {(kind, subject): value for kind, subject, value, _ in found}


async def test_it_is_asked_once_a_minute_whoever_asks() -> None:
    carriers = await known(agent=25_000)
    both = await asyncio.gather(*(balances.ask(carriers=carriers, now=NOW) for _ in range(4)))
    assert sorted(both) == [0, 0, 0, 1]
    carriers.all()[0].balance = 24_000  # type: ignore[attr-defined]
    assert await balances.ask(carriers=carriers, now=NOW + timedelta(seconds=59)) == 0
    assert await standing("agent") == (25_000, NOW)
    assert await balances.ask(carriers=carriers, now=NOW + timedelta(minutes=1)) == 1
    assert await standing("agent") == (24_000, NOW + timedelta(minutes=1))


async def test_a_low_balance_alarms_and_a_paid_one_ends_it() -> None:
    carriers = await known(agent=19_999)
    await balances.ask(carriers=carriers, now=NOW)
    assert await alarmed(0) == {("balance", "agent"): 19_999}
    carriers.all()[0].balance = 20_000  # type: ignore[attr-defined]
    await balances.ask(carriers=carriers, now=NOW + timedelta(minutes=1))
    assert await alarmed(1) == {}


async def test_silence_keeps_the_old_figure_and_alarms_after_an_hour() -> None:
    carriers = await known(agent=50_000, mobile=None)
    assert await balances.ask(carriers=carriers, now=NOW) == 1
    carriers.all()[0].balance = None  # type: ignore[attr-defined]
    later = NOW + timedelta(minutes=61)
    assert await balances.ask(carriers=carriers, now=later) == 0
    assert await standing("agent") == (50_000, NOW)
    assert await alarmed(60) == {}
    assert await alarmed(61) == {("balance_silent", "agent"): 61, ("balance_silent", "mobile"): 61}


async def test_who_tells_no_balance_is_not_missed() -> None:
    class Untold:
        name, settling_seconds, no_balance = "cmpp", 60, "没有余额查询"

    carriers = Carriers(in_order=[Untold()])  # type: ignore[list-item]
    await control.tell_condition(carriers=carriers, holds=False, now=NOW)
    assert await balances.ask(carriers=carriers, now=NOW) == 0
    assert await store.value("SELECT balance_note FROM sms_standing") == "没有余额查询"
    assert await alarmed(600) == {}
