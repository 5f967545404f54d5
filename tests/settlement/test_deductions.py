"""扣款: what an employer owes is taken from its 单位暂存款 by two persons and one voucher, whole or not at all."""

from __future__ import annotations

import asyncio

import pytest

from domain import settlement
from domain.kernel import database
from domain.kernel.actor import SYSTEM, Actor
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.settlement import Claim
from tests.factories.snapshot import nothing_changed
from tests.settlement.world import (
    FINANCE,
    NOW,
    OF_CHAOYANG,
    REVIEWER,
    SUPERVISOR,
    TODAY,
    assert_books_hold,
    audited,
    balance,
    claim_and_approve,
    events,
    expect,
    item_of,
    key,
    receive,
)

pytestmark = [pytest.mark.usefixtures("centre"), pytest.mark.requirement("R14.3")]

EMPLOYER = 100001
OWED = {"credit_subject": "21909", "credit_auxiliary": ""}


async def has(serial: str, yuan: int, *, employer_no: int = EMPLOYER, bank_code: str = "102") -> int:
    """Money of an employer; returns the item it came from."""
    item_id = await item_of(await receive(serial, f"{yuan}.00", bank_code=bank_code, payer_account=""))
    await claim_and_approve(
        Claim(
            item_id=item_id, kind="assign", amount=Money.yuan(yuan), reason="单位来函说明", to_employer_no=employer_no
        )
    )
    return item_id


async def owes(reference: str, yuan: int, *, employer_no: int = EMPLOYER) -> int:
    return await expect(reference, f"{yuan}.00", employer_no=employer_no, **OWED)


async def propose(
    expectation_id: int, *, actor: Actor = FINANCE, employer_no: int = EMPLOYER, request_key: str = ""
) -> int:
    return await settlement.propose_deduction(
        actor=actor,
        employer_no=employer_no,
        expectation_id=expectation_id,
        reason="单位书面同意扣款",
        request_key=request_key or key(),
        now=NOW,
    )


async def decide(
    deduction_id: int, *, actor: Actor = SUPERVISOR, approve: bool = True, note: str = "", request_key: str = ""
) -> str:
    return await settlement.decide_deduction(
        actor=actor,
        deduction_id=deduction_id,
        approve=approve,
        note=note,
        request_key=request_key or key(),
        now=NOW,
        business_date=TODAY,
    )


async def free(employer_no: int = EMPLOYER) -> Money:
    return await settlement.share_balance(employer_no=employer_no)


async def test_what_is_owed_is_taken_from_the_oldest_money_by_one_voucher(centre: str) -> None:
    first, second = await has("S1", 300), await has("S2", 500)
    debt = await owes("BJ2026110001", 450)
    deduction_id = await propose(debt)
    assert await free() == Money.yuan(350)
    assert await balance("21903", "100001") == -Money.yuan(800), "nothing is booked before the second person"
    await assert_books_hold()
    assert await decide(deduction_id) == "approved"
    assert {one.item_id: one.open for one in await settlement.shares_of(actor=FINANCE, employer_no=EMPLOYER)} == {
        second: Money.yuan(350)
    }
    assert (await balance("21903", "100001"), await balance("21909", "")) == (-Money.yuan(350), -Money.yuan(450))
    [view] = await settlement.deductions(actor=FINANCE, employer_no=EMPLOYER)
    assert (view.state, view.receipts, view.amount, view.reference_no) == (
        "approved",
        2,
        Money.yuan(450),
        "BJ2026110001",
    )
    assert await database.value("SELECT count(*) FROM general_voucher WHERE business_key LIKE 'deduction:%'") == 1
    [told] = await events(settlement.RECEIPT_MATCHED)
    assert (told["expectation_id"], told["voucher_id"]) == (str(debt), str(view.voucher_id))
    movement = next(one for one in await settlement.movements(actor=FINANCE, item_id=first) if one.kind == "deduct")
    assert (movement.kind_name, movement.amount, movement.voucher_id) == ("扣款", Money.yuan(300), view.voucher_id)
    await assert_books_hold()


async def test_a_deduction_sent_back_gives_every_part_back(centre: str) -> None:
    await has("S1", 300)
    await has("S2", 500)
    debt = await owes("BJ2026110001", 450)
    deduction_id = await propose(debt)
    async with nothing_changed():
        with pytest.raises(Refused, match="reason_missing"):
            await decide(deduction_id, approve=False)
    assert await decide(deduction_id, approve=False, note="单位未同意") == "rejected"
    assert (await free(), await balance("21909", "")) == (Money.yuan(800), Money.zero())
    assert (await settlement.expectation(expectation_id=debt)).state == "open"
    await assert_books_hold()
    assert await decide(await propose(debt)) == "approved"


async def test_more_than_the_employer_has_is_refused_with_what_it_has(centre: str) -> None:
    await has("S1", 300)
    debt = await owes("BJ2026110001", 301)
    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            await propose(debt)
    assert "仅300.00元" in refused.value.refusals[0].message and "301.00元" in refused.value.refusals[0].message


async def test_money_set_aside_for_something_else_is_not_taken(centre: str) -> None:
    item_id, debt = await has("S1", 300), await owes("BJ2026110001", 300)
    moved = Claim(
        item_id=item_id,
        kind="move",
        amount=Money.yuan(1),
        reason="单位来函说明",
        from_employer_no=EMPLOYER,
        to_employer_no=100002,
    )
    await settlement.propose_claim(actor=FINANCE, claim=moved, request_key=key(), now=NOW)
    async with nothing_changed():
        with pytest.raises(Refused, match="deduction_not_covered"):
            await propose(debt)


async def test_a_request_repeated_proposes_and_books_once(centre: str) -> None:
    await has("S1", 300)
    debt = await owes("BJ2026110001", 200)
    first, second = key(), key()
    numbers = {await propose(debt, request_key=first) for _ in range(2)}
    assert len(numbers) == 1
    [deduction_id] = numbers
    assert [await decide(deduction_id, request_key=second) for _ in range(2)] == ["approved", "approved"]
    async with nothing_changed():
        with pytest.raises(Refused, match="decided_already"):
            await decide(deduction_id)
        with pytest.raises(Refused, match="expectation_not_open"):
            await propose(debt)
    assert (await free(), await balance("21909", "")) == (Money.yuan(100), -Money.yuan(200))
    assert await audited("suspense.deduction_approved") == 1


async def test_deductions_at_once_take_no_fen_twice(centre: str) -> None:
    await has("S1", 300)
    await has("S2", 300)
    debts = [await owes(f"BJ202611000{number}", 250) for number in range(4)]
    tried = await asyncio.gather(*(propose(debt) for debt in debts * 2), return_exceptions=True)
    proposed = [one for one in tried if isinstance(one, int)]
    assert len(proposed) == 2
    assert all(
        isinstance(one, Refused) and one.refusals[0].code in (
            "settlement.deduction_not_covered", "settlement.expectation_claimed",
        )
        for one in tried
        if not isinstance(one, int)
    )  # fmt: skip
    decided = await asyncio.gather(*(decide(one) for one in proposed * 2), return_exceptions=True)
    assert decided.count("approved") == 2
    assert (await free(), await balance("21909", "")) == (Money.yuan(100), -Money.yuan(500))
    await assert_books_hold()


async def test_a_deduction_and_the_employer_s_own_payment_never_share_a_fen(centre: str) -> None:
    await has("S1", 300)
    debt = await owes("BJ2026110001", 300)

    async def use() -> Money:
        async with database.transaction() as tx:
            return await settlement.use_shares(
                tx, employer_no=EMPLOYER, amount=Money.yuan(300), reference="R1", now=NOW
            )

    tried = await asyncio.gather(propose(debt), use(), return_exceptions=True)
    assert isinstance(tried[0], Refused) != (tried[1] == Money.zero())
    assert await free() == Money.zero()
    await assert_books_hold()


async def test_a_closed_employer_is_not_charged_even_when_it_closed_meanwhile(centre: str) -> None:
    await has("S1", 300)
    deduction_id = await propose(await owes("BJ2026110001", 100))
    other = await owes("BJ2026110002", 100)
    await database.execute("UPDATE employer SET state = '04' WHERE employer_no = $1", EMPLOYER)
    async with nothing_changed():
        with pytest.raises(Refused, match="employer_closed"):
            await propose(other)
        with pytest.raises(Refused, match="employer_closed"):
            await decide(deduction_id)
    assert await decide(deduction_id, approve=False, note="单位已销户") == "rejected"
    assert await free() == Money.yuan(300)


async def test_who_may_and_whose_money(centre: str) -> None:
    await has("S1", 300)
    await has("S2", 300, bank_code="105")
    debt = await owes("BJ2026110001", 400)
    foreign = await owes("BJ2026110002", 100, employer_no=100002)
    async with nothing_changed():
        for actor, expectation_id, number, code in (
            (REVIEWER, debt, EMPLOYER, "access.not_permitted"),
            (OF_CHAOYANG, debt, EMPLOYER, "settlement.deduction_not_covered"),
            (FINANCE, foreign, EMPLOYER, "settlement.deduction_other_employer"),
            (FINANCE, foreign, 999_999, "settlement.employer_unknown"),
            (FINANCE, 1, EMPLOYER, "settlement.not_found"),
        ):
            with pytest.raises(Refused) as refused:
                await propose(expectation_id, actor=actor, employer_no=number)
            assert refused.value.refusals[0].code == code
    deduction_id = await propose(debt)
    async with nothing_changed():
        for actor, code in ((FINANCE, "settlement.same_person"), (OF_CHAOYANG, "settlement.other_office")):
            with pytest.raises(Refused) as refused:
                await decide(deduction_id, actor=actor)
            assert refused.value.refusals[0].code == code
        with pytest.raises(Refused, match="not_found"):
            await decide(1)


async def test_a_part_is_not_decided_by_itself_and_what_is_owed_waits_for_it(centre: str) -> None:
    item_id = await has("S1", 300)
    debt = await owes("BJ2026110001", 300)
    await propose(debt)
    part = next(one for one in await settlement.movements(actor=FINANCE, item_id=item_id) if one.state == "proposed")
    async with nothing_changed():
        with pytest.raises(Refused, match="deduction_whole"):
            await settlement.decide_claim(
                actor=SUPERVISOR,
                movement_id=part.movement_id,
                approve=True,
                request_key=key(),
                now=NOW,
                business_date=TODAY,
            )
        with pytest.raises(Refused, match="expectation_claimed"):
            async with database.transaction() as tx:
                await settlement.cancel_expected(tx, actor=SYSTEM, expectation_id=debt, reason="不再需要", now=NOW)
    taken = await receive("S9", "300.00", remark="BJ2026110001", payer_account="")
    assert taken.outcome != "matched", "money that comes meanwhile is not booked against the same debt"


async def test_money_by_district_and_employer_with_its_origin(centre: str) -> None:
    first = await has("S1", 300)
    await has("S2", 200, bank_code="105")
    await has("S3", 50, employer_no=100002)
    await propose(await owes("BJ2026110001", 100))
    offices = await settlement.office_suspense(actor=FINANCE)
    assert [(one.office_code, one.employers, one.open, one.claimed) for one in offices] == [
        ("00", 2, Money.yuan(350), Money.yuan(100)),
        ("0105", 1, Money.yuan(200), Money.zero()),
    ]
    found = await settlement.employer_suspense(actor=FINANCE, office_code="00")
    assert [(one.employer_no, one.receipts, one.free) for one in found] == [
        (100001, 1, Money.yuan(200)),
        (100002, 1, Money.yuan(50)),
    ]
    assert [one.office_code for one in await settlement.employer_suspense(actor=OF_CHAOYANG)] == ["0105"]
    origin = (await settlement.share_origins(actor=FINANCE, employer_no=EMPLOYER))[0]
    brought = await database.value("SELECT voucher_id FROM bank_receipt WHERE receipt_id = $1", origin.receipt_id)
    assert (origin.item_id, origin.voucher_id) == (first, brought)
