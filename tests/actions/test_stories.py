"""What happens to people and papers while a withdrawal runs (the field's bad input): each story with its right end, and
the books as they were where nothing may be paid."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain import cases, withdrawals
from domain.cases import CaseView
from domain.kernel import database
from domain.kernel.database import transaction
from domain.kernel.dates import business_date_of
from domain.kernel.money import Money
from domain.withdrawals import Kind
from tests.city import RunningHouse
from tests.factories import kinds, rent
from tests.factories.agencies import Agencies
from tests.factories.people import account_no, card_id, citizen, staff
from tests.factories.snapshot import nothing_changed

PURCHASE = withdrawals.kind_of("purchase_in_city")
SUBJECT = "home:YS2026000501"


async def apply(
    running: RunningHouse,
    agencies: Agencies,
    *,
    who: str = "li_na",
    kind: Kind = PURCHASE,
    business_date: date | None = None,
    given: dict[str, Any] | None = None,
    **changes: Any,
) -> CaseView:
    now = running.clock()
    case = await withdrawals.apply_for_withdrawal(
        actor=await citizen(who, channel="web_portal"),
        application=withdrawals.Application(
            kind=kind.code,
            card_id=await card_id(who),
            commitment=True,
            fields={**kinds.granted(kind).fields(), **(given or {})},
            **changes,
        ),
        request_key=rent.new_key(),
        business_date=business_date or business_date_of(now),
        now=now,
        registries=agencies.registries(),
    )
    assert case is not None
    return case


async def paid(running: RunningHouse, case: CaseView) -> None:
    await rent.review(running, case, "li.min", override_reason="已核对合同原件")
    await rent.review(running, case, "wang.fang")
    await running.settle()
    assert (await rent.now_at(case)).state == "completed"


async def agreed(running: RunningHouse, agencies: Agencies) -> None:
    """A purchase paid monthly, up to the day its second payment is due."""
    # what is wanted exceeds the balance, so that the first payment leaves the agreement running
    case = await apply(running, agencies, frequency="monthly", given={"cost": Money.yuan(900_000)})
    await paid(running, case)
    (view,) = await withdrawals.arrangements_of(actor=await citizen("li_na"))
    assert view.state == "running" and view.next_due_on is not None
    running.clock.advance(days=(view.next_due_on - business_date_of(running.clock())).days)


async def comes_due(running: RunningHouse, agencies: Agencies) -> tuple[str, str | None]:
    """The agencies are asked ahead and the day-end pays; how the agreement then stands."""
    now, number = running.clock(), account_no("li_na")
    await withdrawals.ask_ahead(registries=agencies.registries(), business_date=business_date_of(now), now=now)
    before = await rent.balance_of("li_na")
    async with transaction() as tx:
        done = await withdrawals.pay_due(tx, lo=number, hi=number, business_date=business_date_of(now), now=now)
    assert (done.paid, done.ended) == (0, 1)
    assert await rent.balance_of("li_na") == before
    await rent.assert_books_hold()
    (view,) = await withdrawals.arrangements_of(actor=await citizen("li_na"))
    used = await database.value("SELECT used_fen FROM withdrawal_subject WHERE subject_key = $1", SUBJECT)
    assert used == view.paid.fen, "what was set aside and not taken goes back"
    return view.state, view.reason


OF_SPOUSE = {"family": ("chen_qiang",), "marriage_status": "married", "spouse": "chen_qiang"}


async def test_divorced_between_application_and_payment(running: RunningHouse) -> None:
    """The home is the husband's; after the divorce it is a stranger's."""
    await agreed(running, Agencies(**OF_SPOUSE))
    divorced = Agencies(family=("chen_qiang",), marriage_status="divorced")
    assert await comes_due(running, divorced) == ("ended", "购房合同网签已注销或不再属于您")


async def test_the_home_is_sold_back_between_two_payments(running: RunningHouse) -> None:
    await agreed(running, Agencies(family=("li_na",)))
    cancelled = Agencies(family=("li_na",), cancelled_on=date(2026, 12, 20))
    assert await comes_due(running, cancelled) == ("ended", "购房合同网签已注销或不再属于您")


async def test_death_between_two_payments(running: RunningHouse) -> None:
    await agreed(running, Agencies(family=("li_na",)))
    dead = Agencies(family=("li_na",), died_on=date(2026, 12, 20))
    assert await comes_due(running, dead) == ("ended", "账户持有人死亡")


async def test_death_between_approval_and_the_first_payment_is_looked_at_by_two(running: RunningHouse) -> None:
    before = await rent.balance_of("zhang_wei")
    case = await rent.approved(running, "zhang_wei")
    dead = Agencies(family=("zhang_wei",), died_on=date(2026, 11, 28)).registries().life
    for _ in range(2):
        await rent.pay_step(running, case, life=dead)
        assert (await rent.now_at(case)).state == "pending_payment_review"
    assert await rent.bank_bookings(running, case) == 0
    history = await cases.history_of(case=await rent.now_at(case))
    assert cases.reason_name(history[-1].reason_code) == "审核通过后核实申请人已死亡"
    refused = await rent.review(running, case, "tang.yue", "refuse", reason_code="other", note="申请人已死亡")
    assert refused.state == "refused"
    await running.settle()
    assert await rent.balance_of("zhang_wei") == before
    assert await rent.bank_bookings(running, case) == 0
    await rent.assert_books_hold()


async def test_a_silent_register_of_deaths_stops_no_approved_payment(running: RunningHouse) -> None:
    case = await rent.approved(running, "zhang_wei")
    silent = Agencies(family=("zhang_wei",), silent=frozenset({"death"})).registries().life
    await rent.pay_step(running, case, life=silent)
    await running.settle()
    assert (await rent.now_at(case)).state == "completed"
    assert await rent.bank_bookings(running, case) == 1


async def test_death_between_the_reviews_is_found_by_the_button_and_refused(running: RunningHouse) -> None:
    before = await rent.balance_of("li_na")
    case = await apply(running, Agencies(family=("li_na",)))
    await rent.review(running, case, "li.min", override_reason="已核对合同原件")
    await rent.claim(running, case, "wang.fang")
    check = await withdrawals.ask_by_hand(
        actor=await staff("wang.fang"),
        case_no=case.case_no,
        question="death",
        about="applicant",
        registries=Agencies(family=("li_na",), died_on=date(2026, 11, 28)).registries(),
        now=running.clock(),
    )
    assert check.outcome == "failed"
    await rent.decide(running, case, "wang.fang", "refuse", reason_code="other", note="申请人已死亡")
    assert await rent.balance_of("li_na") == before
    assert (await rent.now_at(case)).state == "refused"
    await rent.assert_books_hold()


async def test_the_card_is_given_back_before_the_final_review(running: RunningHouse) -> None:
    case = await apply(running, Agencies(family=("li_na",)))
    await rent.review(running, case, "li.min", override_reason="已核对合同原件")
    await rent.claim(running, case, "wang.fang")
    await database.execute("UPDATE bank_card SET active = false WHERE account_no = $1", account_no("li_na"))
    async with nothing_changed():
        refused = await rent.refused(rent.decide(running, case, "wang.fang"))
    assert refused == [("withdrawal.card_inactive", "cardId")]
    assert (await rent.now_at(case)).state == "pending_final"


async def test_a_contract_is_used_once_over(running: RunningHouse) -> None:
    agencies = Agencies(family=("li_na",))
    await paid(running, await apply(running, agencies, given={"cost": Money.yuan(10_000)}))
    async with nothing_changed():
        again = await rent.refused(apply(running, agencies, given={"cost": Money.yuan(10_000)}))
    assert again == [("withdrawal.limit_exhausted", None)]
    # the same contract in another spelling of its number
    async with nothing_changed():
        spelt = {"cost": Money.yuan(10_000), "contract_no": "ys2026 000501"}
        assert await rent.refused(apply(running, agencies, given=spelt)) == [("withdrawal.limit_exhausted", None)]


async def test_agencies_that_contradict_one_another(running: RunningHouse) -> None:
    """The lower amount counts and staff compare; a spouse whom the registry does not know is none."""
    case = await apply(running, Agencies(family=("li_na",), price=Money.yuan(30_000)))
    assert case.amount == Money.yuan(30_000) and "contract_price_differs" in case.flags
    async with nothing_changed():
        refused = await rent.refused(
            apply(
                running,
                Agencies(family=("chen_qiang",), marriage_status="single"),
                given={"contract_no": "YS2026000777"},
                spouse_name="陈强",
                spouse_document_no="110108198703113350",
            )
        )
    assert ("withdrawal.contract_of_others", "contractNo") in refused
    assert ("withdrawal.spouse_not_registered", "spouseName") in refused


@pytest.mark.parametrize("mode", ["timeout", "garbage", "error500"])
async def test_an_answer_that_is_late_or_malformed_or_none(running: RunningHouse, mode: str) -> None:
    """A kind that staff can check by hand goes to them; one that cannot is refused for now, with nothing kept."""
    now = running.clock()

    async def through_the_wire(code: str) -> CaseView | None:
        await running.fault(simulator="registries", operation="contract", mode=mode, times=3)
        running.forget_trouble()
        return await withdrawals.apply_for_withdrawal(
            actor=await citizen("li_na", channel="web_portal"),
            application=withdrawals.Application(
                kind=code,
                card_id=await card_id("li_na"),
                commitment=True,
                fields={**kinds.granted(withdrawals.kind_of(code)).fields(), "contract_no": "YS2026000001"},
            ),
            request_key=rent.new_key(),
            business_date=business_date_of(now),
            now=now,
            registries=running.house.registries,
        )

    async with nothing_changed():
        refused = await rent.refused(through_the_wire("down_payment"))
    assert ("withdrawal.check_unanswered", None) in refused
    case = await through_the_wire("purchase_in_city")
    assert case is not None and "contract_unanswered" in case.flags


async def test_a_rule_that_changes_while_a_case_runs(running: RunningHouse) -> None:
    """The day of the application decides: the case keeps the limit and its source of that day to its end."""
    case = await rent_before_the_change(running)
    assert case.amount == Money.yuan(1500 * 3)
    snapshot = case.policy_snapshot["withdrawal.rent_no_home.monthly_limit"]
    assert (snapshot["value"], snapshot["until"]) == ("1500.00", "2023-06-30")
    await rent.review(running, case, "li.min")
    await rent.review(running, case, "wang.fang")
    now = await rent.now_at(case)
    assert (now.state, now.amount) == ("pending_payment", Money.yuan(4500))
    assert (await rent.payment_of(case)).amount == Money.yuan(4500)


async def rent_before_the_change(running: RunningHouse) -> CaseView:
    now = running.clock()
    case = await withdrawals.apply_for_withdrawal(
        actor=await citizen("zhang_wei"),
        application=await rent.application("zhang_wei"),
        request_key=rent.new_key(),
        business_date=date(2023, 6, 30),
        now=now,
        registries=running.house.registries,
    )
    assert case is not None
    return await cases.case_by_no(actor=await citizen("zhang_wei"), case_no=case.case_no)
