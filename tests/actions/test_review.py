"""The review desk: locks, four eyes, decisions, and what each leaves behind."""

from __future__ import annotations

import asyncio

import pytest

from domain import cases
from domain.cases import CaseView, QueueFilters
from domain.kernel import database
from domain.kernel.actor import SYSTEM
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from tests.actions.test_apply import audited
from tests.city import RunningHouse
from tests.factories import rent
from tests.factories.people import citizen, staff
from tests.factories.snapshot import nothing_changed

REASON = {"reason_code": "identity_unclear", "note": "证件信息与登记不一致"}


@pytest.fixture
async def case(running: RunningHouse) -> CaseView:
    return await rent.apply(running, "zhang_wei")


async def allowed(running: RunningHouse, case: CaseView, login: str) -> tuple[str, ...]:
    seen = await rent.now_at(case)
    return await cases.allowed_actions(case=seen, actor=await staff(login), now=running.clock())


# --- locks (D09)


@pytest.mark.requirement("D09")
async def test_a_claim_locks_the_case_until_it_expires(running: RunningHouse, case: CaseView) -> None:
    claimed = await rent.claim(running, case, "li.min")
    assert claimed.is_locked(now=running.clock())
    assert await rent.refused(rent.claim(running, case, "zhao.gang")) == [("case.locked_by_other", None)]
    with pytest.raises(Refused, match="李敏"):
        await rent.claim(running, case, "zhao.gang")
    running.clock.advance(minutes=29)
    assert await rent.refused(rent.claim(running, case, "ma.li")) == [("case.locked_by_other", None)]
    running.clock.advance(minutes=2)
    assert await rent.refused(rent.decide(running, case, "li.min")) == [("case.not_claimed", None)]
    taken = await rent.claim(running, case, "zhao.gang")
    assert taken.locked_by == (await staff("zhao.gang")).staff_id


async def test_claiming_again_renews_the_lock(running: RunningHouse, case: CaseView) -> None:
    first = await rent.claim(running, case, "li.min")
    running.clock.advance(minutes=20)
    again = await rent.claim(running, case, "li.min")
    assert first.locked_until is not None and again.locked_until is not None
    assert again.locked_until > first.locked_until


async def test_two_who_claim_at_once_get_one_lock(running: RunningHouse, case: CaseView) -> None:
    tries = await asyncio.gather(
        *(rent.claim(running, case, login) for login in ("li.min", "zhao.gang", "ma.li")), return_exceptions=True
    )
    assert sum(isinstance(each, CaseView) for each in tries) == 1
    assert {each.refusals[0].code for each in tries if isinstance(each, Refused)} == {"case.locked_by_other"}


@pytest.mark.requirement("D09")
async def test_only_the_holder_and_a_supervisor_with_a_reason_release(running: RunningHouse, case: CaseView) -> None:
    async def release(login: str, reason: str | None = None) -> CaseView:
        return await cases.release(actor=await staff(login), case_no=case.case_no, now=running.clock(), reason=reason)

    await rent.claim(running, case, "li.min")
    assert await rent.refused(release("ma.li", "让我来办")) == [("case.release_not_permitted", None)]
    assert await rent.refused(release("sun.cai", "让我来办")) == [("case.release_not_permitted", None)]
    assert await rent.refused(release("zhao.gang")) == [("case.reason_required", "reason")]
    assert await rent.refused(release("zhao.gang", "  ")) == [("case.reason_required", "reason")]
    assert (await release("zhao.gang", "李敏今日请假")).locked_by is None
    assert ("case.released", "done") in await audited(f"case:{case.case_no}")
    await rent.claim(running, case, "ma.li")
    assert (await release("ma.li")).locked_by is None


async def test_a_citizen_releases_nothing(running: RunningHouse, case: CaseView) -> None:
    work = cases.release(actor=await citizen("zhang_wei"), case_no=case.case_no, now=running.clock())
    assert await rent.refused(work) == [("access.not_permitted", None)]


# --- who may


@pytest.mark.parametrize(
    ("login", "code"),
    [
        ("wang.fang", "access.not_permitted"),
        ("sun.cai", "access.not_permitted"),
        ("zhou.xitong", "case.not_found"),
        ("wu.anquan", "case.not_found"),
        ("zheng.shenji", "case.not_found"),
    ],
)
async def test_who_is_no_preliminary_reviewer_takes_no_new_case(
    running: RunningHouse, case: CaseView, login: str, code: str
) -> None:
    assert [each[0] for each in await rent.refused(rent.claim(running, case, login))] == [code]
    assert [each[0] for each in await rent.refused(rent.decide(running, case, login))] == [code]
    assert await allowed(running, case, login) == ()


async def test_citizens_neither_claim_nor_decide(running: RunningHouse, case: CaseView) -> None:
    actor, now = await citizen("zhang_wei"), running.clock()
    work = cases.claim(actor=actor, case_no=case.case_no, now=now)
    assert await rent.refused(work) == [("access.not_permitted", None)]
    stranger = cases.claim(actor=await citizen("li_na"), case_no=case.case_no, now=now)
    assert await rent.refused(stranger) == [("case.not_found", "id")]


async def test_nobody_reviews_their_own_case(running: RunningHouse) -> None:
    own = await rent.apply(running, "ma_li")
    assert await rent.refused(rent.claim(running, own, "ma.li")) == [("case.own_case", None)]
    assert await rent.refused(rent.decide(running, own, "ma.li")) == [("case.own_case", None)]
    await rent.review(running, own, "li.min")
    assert await rent.refused(rent.claim(running, own, "ma.li")) == [("case.own_case", None)]


@pytest.mark.requirement("R01.9")
async def test_the_two_reviews_are_done_by_two_persons(running: RunningHouse, case: CaseView) -> None:
    await rent.review(running, case, "ma.li")
    assert await rent.refused(rent.claim(running, case, "ma.li")) == [("case.same_reviewer", None)]
    assert await allowed(running, case, "ma.li") == ()
    assert (await rent.review(running, case, "wang.fang")).state == "pending_payment"


async def test_an_office_sees_and_decides_its_own_cases_only(running: RunningHouse, case: CaseView) -> None:
    elsewhere = await rent.apply(running, "li_na")
    now = running.clock()
    assert (case.office_code, elsewhere.office_code) == ("0101", "0108")
    queue = await cases.review_queue(
        actor=await staff("dong.cheng"), filters=QueueFilters(), first=10, after=None, now=now
    )
    assert ([seen.case_no for seen in queue.items], queue.amount_total) == ([case.case_no], Money.yuan(6000))
    assert await rent.refused(rent.claim(running, elsewhere, "dong.cheng")) == [("case.not_found", "id")]
    assert (await rent.review(running, case, "dong.cheng")).state == "pending_final"


# --- what a decision needs


async def test_a_decision_needs_a_claim_a_known_word_and_its_stage(running: RunningHouse, case: CaseView) -> None:
    assert await rent.refused(rent.decide(running, case, "li.min")) == [("case.not_claimed", None)]
    await rent.claim(running, case, "li.min")
    assert await rent.refused(rent.decide(running, case, "zhao.gang")) == [("case.locked_by_other", None)]
    assert await rent.refused(rent.decide(running, case, "li.min", "maybe")) == [("case.decision_unknown", "decision")]
    returned = rent.decide(running, case, "li.min", "return", **REASON)
    assert await rent.refused(returned) == [("case.action_not_possible", None)]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"reason_code": "other"},
        {"note": "说明"},
        {"reason_code": "other", "note": "   "},
        {"reason_code": "no_such_code", "note": "说明"},
    ],
)
async def test_refusing_needs_a_listed_reason_and_a_note(
    running: RunningHouse, case: CaseView, given: dict[str, str]
) -> None:
    await rent.claim(running, case, "li.min")
    assert await rent.refused(rent.decide(running, case, "li.min", "refuse", **given)) == [
        ("case.reason_required", "reasonCode")
    ]


async def test_a_note_has_its_length(running: RunningHouse, case: CaseView) -> None:
    await rent.claim(running, case, "li.min")
    work = rent.decide(running, case, "li.min", "refuse", reason_code="other", note="长" * 501)
    assert await rent.refused(work) == [("case.text_too_long", "note")]


@pytest.mark.requirement("R08.6")
async def test_passing_over_an_open_check_needs_a_reason_that_is_kept(running: RunningHouse) -> None:
    case = await rent.apply(running, "chen_jing")
    await rent.claim(running, case, "li.min")
    for reason in (None, "", "可以 "):
        work = rent.decide(running, case, "li.min", override_reason=reason)
        assert await rent.refused(work) == [("case.override_required", "overrideReason")]
    await rent.decide(running, case, "li.min", override_reason="已电话核实无房")
    kept = {check.kind: check.override_reason for check in await cases.checks_of(case=case)}
    assert kept == {"marriage": None, "property": "已电话核实无房"}
    last = (await cases.history_of(case=case))[-1]
    assert (last.note, last.internal_note) == (None, "已电话核实无房"), "for staff, not for the citizen"
    # the second reviewer sees it and need not repeat it
    assert (await rent.review(running, case, "wang.fang")).state == "pending_payment"


# --- decisions


async def test_a_refusal_gives_the_money_back(running: RunningHouse, case: CaseView) -> None:
    refused = await rent.review(running, case, "li.min", "refuse", **REASON)
    assert refused.state == "refused" and refused.ended_at is not None
    assert (await rent.balance_of("zhang_wei")).held == Money.zero()
    assert await rent.arrangement("zhang_wei") is None
    last = (await cases.history_of(case=case))[-1]
    assert (last.action, last.reason_code, last.note) == ("preliminary_refuse", *REASON.values())
    await rent.assert_books_hold()
    assert (await rent.apply(running, "zhang_wei")).state == "pending_preliminary", "may apply again"


async def test_the_history_tells_who_did_what(running: RunningHouse, case: CaseView) -> None:
    await rent.review(running, case, "li.min")
    await rent.review(running, case, "wang.fang", "return", **REASON)
    await rent.review(running, case, "zhao.gang")
    await rent.review(running, case, "wang.fang")
    await running.settle()
    told = [(event.action, event.actor_name, event.to_state) for event in await cases.history_of(case=case)]
    assert told == [
        ("submit", (await citizen("zhang_wei")).name, "pending_preliminary"),
        ("preliminary_approve", "李敏", "pending_final"),
        ("final_return", "王芳", "pending_preliminary"),
        ("preliminary_approve", "赵刚", "pending_final"),
        ("final_approve", "王芳", "pending_payment"),
        ("send_payment", SYSTEM.name, "paying"),
        ("payment_confirmed", SYSTEM.name, "completed"),
    ]
    actions = [action for action, _ in await audited(f"case:{case.case_no}")]
    assert actions.count("case.decided") == 4 and actions[-1] == "withdrawal.paid"


async def test_after_a_return_the_earlier_reviewer_is_free_for_the_second_review(
    running: RunningHouse, case: CaseView
) -> None:
    await rent.review(running, case, "ma.li")
    await rent.review(running, case, "wang.fang", "return", **REASON)
    await rent.review(running, case, "li.min")
    # the preliminary review of this round is another's
    assert (await rent.review(running, case, "ma.li")).state == "pending_payment"


async def test_after_a_return_the_same_person_again_does_not_do_both(running: RunningHouse, case: CaseView) -> None:
    await rent.review(running, case, "li.min")
    await rent.review(running, case, "ma.li", "return", **REASON)
    await rent.review(running, case, "ma.li")
    assert await rent.refused(rent.claim(running, case, "ma.li")) == [("case.same_reviewer", None)]


async def test_the_same_key_decides_once(running: RunningHouse, case: CaseView) -> None:
    await rent.claim(running, case, "li.min")
    await rent.decide(running, case, "li.min", request_key="decide-0001")
    async with nothing_changed():
        again = await rent.decide(running, case, "li.min", request_key="decide-0001")
    assert again.state == "pending_final"
    other = rent.decide(running, case, "li.min", "refuse", request_key="decide-0001", **REASON)
    assert await rent.refused(other) == [("request.key_reused", "requestKey")]
    malformed = rent.decide(running, case, "li.min", request_key="?")
    assert await rent.refused(malformed) == [("request.key_malformed", "requestKey")]


async def test_a_double_click_decides_once(running: RunningHouse, case: CaseView) -> None:
    await rent.claim(running, case, "li.min")
    tries = await asyncio.gather(*(rent.decide(running, case, "li.min") for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(each, CaseView) for each in tries) == 1
    assert len(await cases.history_of(case=case)) == 2


async def test_two_final_reviewers_at_once_order_one_payment(running: RunningHouse, case: CaseView) -> None:
    await rent.review(running, case, "li.min")
    tries = await asyncio.gather(
        *(rent.review(running, case, login) for login in ("wang.fang", "ma.li")), return_exceptions=True
    )
    assert sum(isinstance(each, CaseView) for each in tries) == 1
    assert await database.value("SELECT count(*) FROM payment") == 1


@pytest.mark.parametrize(("state", "code"), [("06", "account_frozen"), ("02", "account_not_normal")])
async def test_todays_account_decides_at_the_final_review(
    running: RunningHouse, case: CaseView, state: str, code: str
) -> None:
    await rent.review(running, case, "li.min")
    await rent.set_account_state("zhang_wei", state)
    await rent.claim(running, case, "wang.fang")
    assert await rent.refused(rent.decide(running, case, "wang.fang")) == [(f"withdrawal.{code}", None)]
    assert (await rent.decide(running, case, "wang.fang", "refuse", **REASON)).state == "refused"


async def test_a_card_given_back_meanwhile_is_not_paid_to(running: RunningHouse, case: CaseView) -> None:
    await rent.review(running, case, "li.min")
    await database.execute("UPDATE bank_card SET active = false WHERE account_no = $1", case.account_no)
    await rent.claim(running, case, "wang.fang")
    assert await rent.refused(rent.decide(running, case, "wang.fang")) == [("withdrawal.card_inactive", "cardId")]
