"""Reviews by several, deputies, time-outs, taking back, correction, special review and the review of payments."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from domain import cases, withdrawals
from domain.cases import CaseView
from domain.kernel import database
from domain.kernel.dates import business_date_of
from domain.kernel.money import Money
from tests.actions.test_apply import audited
from tests.city import RunningHouse
from tests.factories import listed, rent
from tests.factories.people import citizen, staff

REASON = {"reason_code": "materials_insufficient", "note": "请补充说明租住情况"}
OVERRIDE = "已从严核对租赁材料"


@pytest.fixture
async def case(running: RunningHouse) -> CaseView:
    return await rent.apply(running, "zhang_wei")


async def watched(running: RunningHouse) -> CaseView:
    """A case of somebody under key review that has passed the first review."""
    await listed.put(running, "zhang_wei", "key_review")
    found = await rent.apply(running, "zhang_wei")
    return await rent.review(running, found, "li.min", override_reason=OVERRIDE)


async def signed(case: CaseView) -> dict[str, str]:
    rows = await database.rows("SELECT seat, decision FROM case_signature WHERE case_id = $1", case.case_id)
    return {row["seat"]: row["decision"] for row in rows}


async def take_back(
    running: RunningHouse, case: CaseView, login: str, what: str = "revoke", reason: str = "看错材料"
) -> CaseView:
    named: dict[str, Any] = {
        "actor": await staff(login), "case_no": case.case_no, "reason": reason, "request_key": rent.new_key(),
        "now": running.clock(),
    }  # fmt: skip
    if what == "void":
        return await cases.void(**named, matters=running.house.matters)
    return await cases.revoke(**named)


async def corrected(running: RunningHouse, case: CaseView, key: str = "zhang_wei", **changes: Any) -> CaseView:
    given = {"statement": "补充：租住地为单位附近，合同已备案。", "request_key": rent.new_key(), **changes}
    return await cases.correct(actor=await citizen(key), case_no=case.case_no, now=running.clock(), **given)


async def appoint(running: RunningHouse, absent: str, deputy: str, by: str = "tang.yue", **changes: Any) -> int:
    today = business_date_of(running.clock())
    given = {"from_on": today, "until_on": today + timedelta(days=5), "reason": "年休假", **changes}
    return await cases.appoint_deputy(actor=await staff(by), absent=absent, deputy=deputy, now=running.clock(), **given)


# --- several signatures


async def test_a_watched_persons_case_is_signed_by_two_and_its_payment_by_a_third(running: RunningHouse) -> None:
    case = await watched(running)
    first = await rent.review(running, case, "wang.fang")
    assert (first.state, first.locked_by) == ("pending_final", None)
    assert await signed(case) == {"preliminary": "approve", "final": "approve"}
    assert await rent.refused(rent.claim(running, case, "wang.fang")) == [("case.already_signed", None)]
    signing = await cases.signing_of(case=first, now=running.clock())
    assert signing is not None and [seat.code for seat in signing.missing] == ["key_review"] and signing.needed == 2
    # who did the first review is a supervisor too, and does not sign here
    assert await rent.refused(rent.claim(running, case, "sun.cai")) == [("access.not_permitted", None)]
    assert (await rent.review(running, case, "tang.yue")).state == "pending_payment_review"
    assert await database.value("SELECT count(*) FROM payment") == 0
    assert await rent.refused(rent.claim(running, case, "tang.yue")) == [("case.same_reviewer", None)]
    assert (await rent.review(running, case, "sun.cai")).state == "pending_payment"
    await running.settle()
    assert (await rent.now_at(case)).state == "completed"
    await rent.assert_books_hold()


async def test_one_refusal_of_two_that_all_must_sign_ends_it(running: RunningHouse) -> None:
    case = await watched(running)
    await rent.review(running, case, "tang.yue")
    assert (await rent.review(running, case, "wang.fang", "refuse", **REASON)).state == "refused"
    assert (await rent.balance_of("zhang_wei")).held == Money.zero()


@pytest.mark.requirement("D10")
async def test_a_special_review_takes_two_of_three_and_stops_taking_back(running: RunningHouse, case: CaseView) -> None:
    await rent.review(running, case, "li.min")
    special = await rent.review(running, case, "wang.fang", "escalate", **REASON)
    assert special.state == "pending_special"
    assert await rent.refused(take_back(running, case, "wang.fang")) == [("case.revocation_stage_passed", None)]
    cancelling = cases.cancel(
        actor=await citizen("zhang_wei"), case_no=case.case_no, request_key=rent.new_key(), now=running.clock(),
        matters=running.house.matters,
    )  # fmt: skip
    assert await rent.refused(cancelling) == [("case.revocation_stage_passed", None)]
    # who asked for it, and who did the first review, do not sign it
    assert await rent.refused(rent.claim(running, case, "wang.fang")) == [("case.same_reviewer", None)]
    assert (await rent.review(running, case, "sun.cai", "refuse", **REASON)).state == "pending_special"
    assert (await rent.review(running, case, "ma.li")).state == "pending_special"
    assert (await rent.review(running, case, "tang.yue")).state == "pending_payment"
    await running.settle()
    assert (await rent.now_at(case)).state == "completed"


async def test_two_refusals_of_three_end_a_special_review(running: RunningHouse, case: CaseView) -> None:
    await rent.review(running, case, "li.min", "escalate", **REASON)
    await rent.review(running, case, "sun.cai", "refuse", **REASON)
    assert (await rent.review(running, case, "tang.yue", "refuse", **REASON)).state == "refused"
    await rent.assert_books_hold()


async def test_after_a_return_everything_is_signed_anew(running: RunningHouse) -> None:
    case = await watched(running)
    await rent.review(running, case, "tang.yue")
    await rent.review(running, case, "wang.fang", "return", **REASON)
    await rent.review(running, case, "li.min", override_reason=OVERRIDE)
    again = await rent.review(running, case, "wang.fang")
    assert again.state == "pending_final", "the supervisor's signature of before counts no more"


# --- deputies


async def test_a_deputy_signs_for_an_absent_reviewer_and_not_both_steps(running: RunningHouse, case: CaseView) -> None:
    assert await rent.refused(rent.claim(running, case, "wang.fang")) == [("access.not_permitted", None)]
    deputy_no = await appoint(running, "li.min", "wang.fang")
    assert (await rent.review(running, case, "wang.fang")).state == "pending_final"
    row = await database.row("SELECT signer, for_staff FROM case_signature")
    assert row is not None and row["for_staff"] == (await staff("li.min")).reference
    assert await rent.refused(rent.claim(running, case, "wang.fang")) == [("case.same_reviewer", None)]
    await rent.review(running, case, "ma.li")
    other = await rent.apply(running, "li_na")
    running.clock.advance(days=6)
    assert await rent.refused(rent.claim(running, other, "wang.fang")) == [("access.not_permitted", None)]
    await cases.end_deputy(actor=await staff("tang.yue"), deputy_no=deputy_no, now=running.clock())
    ended = cases.end_deputy(actor=await staff("tang.yue"), deputy_no=deputy_no, now=running.clock())
    assert await rent.refused(ended) == [("review.deputy_unknown", None)]


async def test_a_deputy_of_the_first_reviewer_does_not_do_the_second_review(
    running: RunningHouse, case: CaseView
) -> None:
    await rent.review(running, case, "ma.li")
    await appoint(running, "ma.li", "zhao.gang")
    # in place of the one who did the first review
    assert await rent.refused(rent.claim(running, case, "zhao.gang")) == [("access.not_permitted", None)]


@pytest.mark.parametrize(
    ("absent", "deputy", "changes", "code"),
    [
        ("li.min", "li.min", {}, "review.deputy_unknown"),
        ("li.min", "nobody", {}, "review.deputy_unknown"),
        ("li.min", "zhou.xitong", {}, "review.deputy_unfit"),
        ("he.jing", "li.min", {}, "review.deputy_unfit"),
        ("li.min", "wang.fang", {"reason": "假"}, "review.deputy_reason"),
        ("li.min", "wang.fang", {"until_on": date(2036, 1, 1)}, "review.deputy_period"),
        ("li.min", "wang.fang", {"from_on": date(2020, 1, 1)}, "review.deputy_period"),
        ("li.min", "wang.fang", {"by": "wang.fang"}, "access.not_permitted"),
    ],
)
async def test_who_is_no_deputy(
    running: RunningHouse, absent: str, deputy: str, changes: dict[str, Any], code: str
) -> None:
    assert [each[0] for each in await rent.refused(appoint(running, absent, deputy, **changes))] == [code]


async def test_one_deputy_at_a_time(running: RunningHouse) -> None:
    await appoint(running, "li.min", "wang.fang")
    assert await rent.refused(appoint(running, "li.min", "ma.li")) == [("review.deputy_running", "absent")]


# --- late


async def test_a_late_review_may_be_signed_by_a_supervisor(running: RunningHouse, case: CaseView) -> None:
    assert await rent.refused(rent.claim(running, case, "tang.yue")) == [("access.not_permitted", None)]

    async def sweep() -> int:
        now = running.clock()
        return await cases.escalate_late(business_date=business_date_of(now), now=now)

    assert await sweep() == 0
    running.clock.advance(days=9)
    assert (await sweep(), await sweep()) == (1, 0)
    assert (await rent.review(running, case, "tang.yue")).state == "pending_final"
    lines = await cases.work_list(actor=await staff("wang.fang"), now=running.clock())
    assert [(line.state, line.waiting, line.escalated, line.mine) for line in lines] == [("pending_final", 1, 0, True)]
    assert ("case.escalated", "done") in await audited(f"case:{case.case_no}")


# --- taken back


@pytest.mark.requirement("D08")
async def test_a_reviewer_takes_the_decision_back_on_its_day(running: RunningHouse, case: CaseView) -> None:
    await rent.review(running, case, "li.min")
    assert await rent.refused(take_back(running, case, "zhao.gang")) == [("case.revocation_not_yours", None)]
    assert await rent.refused(take_back(running, case, "li.min", reason=" ")) == [
        ("case.revocation_no_reason", "reason")
    ]
    await rent.claim(running, case, "wang.fang")
    assert await rent.refused(take_back(running, case, "li.min")) == [("case.revocation_in_review", None)]
    await cases.release(actor=await staff("wang.fang"), case_no=case.case_no, now=running.clock())
    assert (await take_back(running, case, "li.min")).state == "pending_preliminary"
    await rent.review(running, case, "li.min")
    running.clock.advance(days=1)
    assert await rent.refused(take_back(running, case, "li.min")) == [("case.revocation_another_day", None)]


@pytest.mark.requirement("D08")
async def test_a_supervisor_voids_a_case_and_the_money_goes_back(running: RunningHouse, case: CaseView) -> None:
    assert await rent.refused(take_back(running, case, "li.min", "void")) == [("case.revocation_not_yours", None)]
    assert (await take_back(running, case, "tang.yue", "void", "重复受理")).state == "cancelled"
    assert (await rent.balance_of("zhang_wei")).held == Money.zero()
    assert await rent.refused(take_back(running, case, "tang.yue", "void")) == [("case.revocation_stage_passed", None)]
    await rent.assert_books_hold()


# --- corrected


async def test_an_applicant_corrects_within_the_days_and_the_review_begins_anew(
    running: RunningHouse, case: CaseView
) -> None:
    back = await rent.review(running, case, "li.min", "correct", **REASON)
    assert back.state == "pending_correction"
    (asked,) = await cases.corrections_of(case=back)
    assert (asked.note, asked.state) == (REASON["note"], "asked") and asked.due_on > business_date_of(running.clock())
    assert "correct" in await cases.allowed_actions(case=back, actor=await citizen("zhang_wei"), now=running.clock())
    await running.settle()
    assert any("需要补正" in text for text in await rent.texts_about(running, case))
    assert await rent.refused(corrected(running, case, "li_na")) == [("case.not_found", "id")]
    assert await rent.refused(corrected(running, case, statement="嗯")) == [("case.correction_text", "statement")]
    again = await corrected(running, case, request_key="correct-01")
    assert again.state == "pending_preliminary"
    assert (await corrected(running, case, request_key="correct-01")).state == "pending_preliminary"
    assert await rent.refused(corrected(running, case)) == [("case.action_not_possible", None)]
    (answered,) = await cases.corrections_of(case=again)
    assert (answered.state, answered.statement) == ("answered", "补充：租住地为单位附近，合同已备案。")
    await rent.review(running, case, "li.min")
    assert (await rent.review(running, case, "wang.fang")).state == "pending_payment"


async def test_what_is_not_corrected_in_time_ends_and_gives_back(running: RunningHouse, case: CaseView) -> None:
    back = await rent.review(running, case, "li.min", "correct", **REASON)
    due_on = (await cases.corrections_of(case=back))[0].due_on
    running.clock.advance(days=(due_on - business_date_of(running.clock())).days)

    async def sweep() -> int:
        now = running.clock()
        return await cases.expire_corrections(
            matters=running.house.matters, business_date=business_date_of(now), now=now
        )

    assert await sweep() == 0, "the last day is still the applicant's"
    running.clock.advance(days=1)
    assert await rent.refused(corrected(running, case)) == [("case.correction_late", None)]
    assert (await sweep(), await sweep()) == (1, 0)
    assert (await rent.now_at(case)).state == "cancelled"
    assert (await rent.balance_of("zhang_wei")).held == Money.zero()
    await rent.assert_books_hold()


# --- the review of payments


async def held(running: RunningHouse) -> CaseView:
    """A case whose payment waits: its applicant was listed after the approval."""
    case = await rent.approved(running, "zhang_wei")
    await listed.put(running, "zhang_wei")
    await running.settle()
    return await rent.now_at(case)


@pytest.mark.requirement("R02.3")
async def test_somebody_listed_between_approval_and_payment_is_looked_at_again(running: RunningHouse) -> None:
    case = await held(running)
    assert case.state == "pending_payment_review"
    assert await rent.bank_bookings(running, case) == 0
    await rent.assert_books_hold()
    assert await rent.refused(rent.claim(running, case, "wang.fang")) == [("access.not_permitted", None)]
    assert (await rent.review(running, case, "sun.cai")).state == "pending_payment"
    await running.settle()
    assert (await rent.now_at(case)).state == "completed"
    assert await rent.bank_bookings(running, case) == 1
    await rent.assert_books_hold()


@pytest.mark.requirement("R02.3")
async def test_a_held_payment_that_is_refused_is_never_told_to_a_bank(running: RunningHouse) -> None:
    case = await held(running)
    assert (await rent.review(running, case, "tang.yue", "refuse", **REASON)).state == "refused"
    await running.settle()
    assert (await rent.payment_of(case)).state == "rejected"
    assert await rent.bank_bookings(running, case) == 0
    assert (await rent.balance_of("zhang_wei")).held == Money.zero()
    await rent.assert_books_hold()


async def test_a_held_payment_returned_is_approved_anew_and_paid_once(running: RunningHouse) -> None:
    case = await held(running)
    assert (await rent.review(running, case, "sun.cai", "return", **REASON)).state == "pending_final"
    entry = await database.value("SELECT entry_id FROM risk_entry")
    await listed.take_off(running, entry)
    assert (await rent.review(running, case, "wang.fang")).state == "pending_payment"
    await running.settle()
    assert (await rent.now_at(case)).state == "completed"
    assert await rent.bank_bookings(running, case) == 1
    await rent.assert_books_hold()


@pytest.mark.requirement("D11")
async def test_many_payments_are_reviewed_at_once_with_a_result_each(running: RunningHouse) -> None:
    waiting = []
    for key in ("zhang_wei", "li_na"):
        await listed.put(running, key, "key_review")
        case = await rent.apply(running, key)
        await rent.review(running, case, "li.min", override_reason=OVERRIDE)
        await rent.review(running, case, "wang.fang")
        waiting.append(await rent.review(running, case, "tang.yue"))
    fresh = await rent.apply(running, "ma_li")
    await rent.claim(running, waiting[1], "zhao.gang")

    async def decide(*numbers: str, key: str = "batch-0001") -> list[cases.BatchResult]:
        now = running.clock()
        return await cases.decide_many(
            actor=await staff("sun.cai"), case_nos=numbers, decision="approve", reason_code=None, note=None,
            request_key=key, now=now, business_date=business_date_of(now), matters=running.house.matters,
        )  # fmt: skip

    numbers = [one.case_no for one in (*waiting, fresh)]
    done = await decide(*numbers, "20991231C200000000000")
    assert [one.done for one in done] == [True, False, False, False]
    assert "赵刚" in done[1].problems[0] and all(one.problems for one in done[1:])
    assert (await rent.now_at(waiting[1])).state == "pending_payment_review"
    again = await decide(*numbers[:1])
    assert [one.done for one in again] == [True], "the same key answers the same"
    assert await database.value("SELECT count(*) FROM payment") == 1
    assert await rent.refused(decide()) == [("review.batch_size", "case_nos")]


async def test_work_is_counted_by_department_and_step(running: RunningHouse, case: CaseView) -> None:
    other = await rent.apply(running, "li_na")
    await rent.review(running, other, "li.min")
    lines = await cases.work_list(actor=await staff("li.min"), now=running.clock())
    assert [(line.office_code, line.state, line.waiting, line.mine) for line in lines] == [
        ("0101", "pending_preliminary", 1, True), ("0108", "pending_final", 1, False),
    ]  # fmt: skip
    own = await cases.work_list(actor=await staff("dong.cheng"), now=running.clock())
    assert [line.office_code for line in own] == ["0101"]
    assert await rent.refused(cases.work_list(actor=await citizen("zhang_wei"), now=running.clock())) == [
        ("access.not_permitted", None)
    ]


def test_every_kind_names_its_flow_once() -> None:
    assert {kind.item for kind in withdrawals.kinds()} == set(withdrawals.MATTERS)
