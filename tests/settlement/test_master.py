"""Master data (D24): proposed by one, decided by another, checked twice, and kept."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from domain import settlement
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.refusal import Refused
from tests.factories.snapshot import nothing_changed
from tests.settlement.world import (
    FINANCE,
    FUND_105,
    NOW,
    OTHER_FINANCE,
    REVIEWER,
    SUPERVISOR,
    TODAY,
    Bank,
    audited,
    key,
    receive,
)

pytestmark = [pytest.mark.usefixtures("centre"), pytest.mark.requirement("R14.4")]


async def propose(subject: str, key_of: str, values: dict[str, Any], *, actor: Actor = FINANCE, **given: Any) -> int:
    return await settlement.propose_master_change(
        actor=actor,
        subject=subject,
        key=key_of,
        values=values,
        reason="银行来函通知变更",
        request_key=given.get("request_key") or key(),
        now=NOW,
        business_date=TODAY,
    )


async def decide(change_id: int, *, actor: Actor = SUPERVISOR, approve: bool = True, note: str = "") -> None:
    await settlement.decide_master_change(
        actor=actor,
        change_id=change_id,
        approve=approve,
        note=note,
        request_key=key(),
        now=NOW,
        business_date=TODAY,
    )


async def entry(subject: str, key_of: str) -> dict[str, Any] | None:
    return dict(await settlement.master_entries(actor=FINANCE, subject=subject)).get(key_of)


GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "entrusted_bank": ("301", {"name": "交通银行", "fund_account_no": "1100600109000000004"}),
    "bank_account": (
        "102-F02",
        {"bank_code": "102", "kind": "fixed", "number": "0200000109000000077", "name": "工行定期二户",
         "office_code": "0105", "opened_on": "2026-11-01"},
    ),
    "union_bank": ("102100000018", {"bank_code": "102", "name": "工行北京市分行"}),
    "centre_code": ("C12000", {"name": "天津市住房公积金管理中心", "region_code": "120000"}),
    "bank_rate": ("102/F12M/2026-12-01", {"rate_ppm": 9500, "source": "工行利率函2026-11"}),
}  # fmt: skip


@pytest.mark.parametrize("subject", GOOD)
async def test_an_entry_is_in_force_when_the_second_person_says_so(centre: str, subject: str) -> None:
    key_of, values = GOOD[subject]
    change_id = await propose(subject, key_of, values)
    assert await entry(subject, key_of) is None
    await decide(change_id)
    stands = await entry(subject, key_of)
    assert stands is not None and {**stands, **values} == stands
    [change] = await settlement.master_changes(actor=FINANCE, subject=subject, key=key_of)
    assert (change.before, change.state, change.proposed_by_name, change.decided_by_name) == (
        None,
        "approved",
        "职员1",
        "职员2",
    )
    assert (await audited("master.proposed"), await audited("master.approved")) == (1, 1)
    # the same again is no change
    async with nothing_changed():
        with pytest.raises(Refused, match="master_unchanged"):
            await propose(subject, key_of, values)


async def test_a_rejected_change_changes_nothing_and_stays_readable(centre: str) -> None:
    change_id = await propose("union_bank", *GOOD["union_bank"])
    await decide(change_id, approve=False, note="与名册不符")
    assert await entry("union_bank", "102100000018") is None
    [change] = await settlement.master_changes(actor=FINANCE, state="rejected")
    assert (change.change_id, change.decision_note) == (change_id, "与名册不符")


async def test_four_eyes(centre: str) -> None:
    change_id = await propose("union_bank", *GOOD["union_bank"])
    async with nothing_changed():
        for actor, code in ((FINANCE, "same_person"), (REVIEWER, "not_permitted")):
            with pytest.raises(Refused, match=code):
                await decide(change_id, actor=actor)
        with pytest.raises(Refused, match="not_permitted"):
            await propose("union_bank", "102100000026", {"bank_code": "102", "name": "支行"}, actor=REVIEWER)
        with pytest.raises(Refused, match="reason_missing"):
            await decide(change_id, approve=False)
    await decide(change_id, actor=OTHER_FINANCE)
    with pytest.raises(Refused, match="decided_already"):
        await decide(change_id)


async def test_one_change_of_an_entry_waits_at_a_time(centre: str) -> None:
    tried = await asyncio.gather(
        *(propose("union_bank", *GOOD["union_bank"]) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(one, int) for one in tried) == 1
    assert {str(one).partition(":")[0] for one in tried if not isinstance(one, int)} == {"settlement.master_pending"}


async def test_the_fund_account_of_a_bank_is_one_account_in_both_lists(centre: str) -> None:
    await decide(await propose("entrusted_bank", "102", {"fund_account_no": "0200000109000000555"}))
    assert (await settlement.bank_account(code="102")).number == "0200000109000000555"
    await decide(await propose("bank_account", "102", {"number": "0200000109000000666"}))
    assert (
        await database.value("SELECT fund_account_no FROM entrusted_bank WHERE code = '102'") == "0200000109000000666"
    )
    # a notice for the new number finds the account, one for the old is held
    assert not (await receive("S1", "5.00", number="0200000109000000666")).held
    assert (await receive("S2", "5.00", number="0200000109000000001")).reason == "account_unknown"


async def test_what_changed_meanwhile_is_not_overwritten(centre: str) -> None:
    change_id = await propose("bank_account", "102-F01", {"name": "工行定期专户（新）"})
    await database.execute("UPDATE bank_account SET name = '另有变动' WHERE code = '102-F01'")
    async with nothing_changed():
        with pytest.raises(Refused, match="master_stale"):
            await decide(change_id)


@pytest.mark.parametrize(
    ("subject", "key_of", "values", "fields"),
    [
        ("entrusted_bank", "30", {"name": "行", "fund_account_no": "1"}, ["key", "name", "fund_account_no"]),
        ("entrusted_bank", "301", {"name": "交通银行", "fund_account_no": "A1234", "active": "是"}, ["active"]),
        ("entrusted_bank", "105", {"fund_account_no": "0200000109000000088", "colour": "红"}, ["colour"]),
        ("bank_account", "102-x", {}, ["name", "bank_code", "key", "number", "opened_on"]),
        ("bank_account", "105-F01", {**GOOD["bank_account"][1]}, ["key"]),
        ("bank_account", "102-F02", {**GOOD["bank_account"][1], "kind": "活期"}, ["kind"]),
        ("bank_account", "102-F02", {**GOOD["bank_account"][1], "subject": "201"}, ["subject"]),
        ("bank_account", "102-F02", {**GOOD["bank_account"][1], "office_code": "9999"}, ["office_code"]),
        ("bank_account", "102-F02", {**GOOD["bank_account"][1], "number": "0200000109000000099"}, ["number"]),
        ("bank_account", "102-F02", {**GOOD["bank_account"][1], "closed_on": "2026-11-02"}, ["closed_on"]),
        ("bank_account", "102-F01", {"subject": "102"}, ["subject"]),
        ("bank_account", "102-F01", {"state": "closed"}, ["closed_on"]),
        ("bank_account", "102-F01", {"state": "closed", "closed_on": "2027-01-01"}, ["closed_on"]),
        ("union_bank", "1021000000", {"bank_code": "102", "name": "支行"}, ["key"]),
        ("union_bank", "105100000018", {"bank_code": "102", "name": "支行"}, ["bank_code"]),
        ("centre_code", "C1", {"name": "天津中心", "region_code": "12"}, ["key", "region_code"]),
        ("bank_rate", "102/F12M", {"rate_ppm": 1, "source": "来函一号"}, ["key"]),
        ("bank_rate", "999/X/2026-13-01", {"rate_ppm": 200_001, "source": "?"},
         ["bank_code", "product", "effective_from", "rate_ppm", "source"]),
        ("bank_rate", "102/F12M/2026-12-01", {"rate_ppm": True, "source": "来函一号"}, ["rate_ppm"]),
    ],
)  # fmt: skip
async def test_every_field_that_is_wrong_is_told(
    centre: str, subject: str, key_of: str, values: dict[str, Any], fields: list[str]
) -> None:
    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            await propose(subject, key_of, values)
    assert {refusal.field for refusal in refused.value.refusals} == set(fields)
    assert {refusal.code for refusal in refused.value.refusals} == {"settlement.master_field"}


async def test_a_number_of_another_account_cannot_become_the_fund_account(centre: str) -> None:
    with pytest.raises(Refused) as refused:
        await propose("entrusted_bank", "102", {"fund_account_no": "0200000109000000088"})
    assert refused.value.refusals[0].field == "fund_account_no"
    assert await entry("entrusted_bank", "105") == {"name": "中国建设银行", "fund_account_no": FUND_105, "active": True}


async def test_an_account_with_money_in_it_is_not_closed(centre: str) -> None:
    await receive("S1", "5.00")
    async with nothing_changed():
        with pytest.raises(Refused, match="master_in_use"):
            await propose("bank_account", "102", {"state": "closed", "closed_on": "2026-11-23"})
    await decide(await propose("bank_account", "102-F01", {"state": "closed", "closed_on": "2026-11-23"}))
    assert not (await settlement.bank_account(code="102-F01")).is_open


async def test_a_rate_in_force_does_not_change_any_more(centre: str) -> None:
    await decide(await propose("bank_rate", "102/F12M/2026-11-23", {"rate_ppm": 9000, "source": "来函一号"}))
    async with nothing_changed():
        with pytest.raises(Refused, match="已生效的利率不能更改"):
            await propose("bank_rate", "102/F12M/2026-11-23", {"rate_ppm": 9500})
    await decide(await propose("bank_rate", "102/F12M/2026-12-01", {"rate_ppm": 9500, "source": "来函二号"}))
    await decide(await propose("bank_rate", "102/F12M/2026-12-01", {"rate_ppm": 9600}))
    assert [one.after["rate_ppm"] for one in await settlement.master_changes(actor=FINANCE, subject="bank_rate")] == [
        9600,
        9500,
        9000,
    ]


async def test_the_bank_s_list_of_union_numbers_is_proposed_by_differences(centre: str, bank: Bank) -> None:
    for number, name in (("102100000018", "旧名称"), ("102100000999", "已撤销支行")):
        await decide(await propose("union_bank", number, {"bank_code": "102", "name": name}))

    async def compare() -> int:
        return await settlement.propose_union_banks(
            actor=FINANCE, bank_code="102", gateway=bank.funds, now=NOW, business_date=TODAY
        )

    assert await compare() == 3
    waiting = await settlement.master_changes(actor=FINANCE, state="proposed")
    assert {(one.key, one.after["name"], one.after["active"]) for one in waiting} == {
        ("102100000018", "工行北京市分行", True),
        ("102100000026", "工行北京东城支行", True),
        ("102100000999", "已撤销支行", False),
    }
    assert await compare() == 0
    for one in waiting:
        await decide(one.change_id)
    assert await compare() == 0
    bank.fault("union_banks", "error500")
    async with nothing_changed():
        with pytest.raises(Refused, match="bank_silent"):
            await compare()
