"""The applicant's own last words: taking the application back, and evaluating the service."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from domain import cases
from domain.cases import CaseView
from domain.kernel import database
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from tests.actions.test_apply import audited
from tests.city import RunningHouse
from tests.factories import rent
from tests.factories.people import citizen, staff
from tests.factories.snapshot import nothing_changed

REASON = {"reason_code": "other", "note": "不符合条件"}


async def cancel(running: RunningHouse, case: CaseView, key: str = "zhang_wei", **given: Any) -> CaseView:
    return await cases.cancel(
        actor=await citizen(key),
        case_no=case.case_no,
        request_key=given.get("request_key") or rent.new_key(),
        now=running.clock(),
        matters=running.house.matters,
    )


async def evaluate(
    running: RunningHouse, case: CaseView, *, key: str = "zhang_wei", grade: int = 5, **given: Any
) -> CaseView:
    return await cases.evaluate(
        actor=await citizen(key),
        case_no=case.case_no,
        grade=grade,
        request_key=given.pop("request_key", None) or rent.new_key(),
        now=running.clock(),
        **given,
    )


# --- cancelling (D08)


@pytest.mark.requirement("D08")
@pytest.mark.parametrize("stage", ["pending_preliminary", "pending_final"])
async def test_until_the_final_review_the_applicant_cancels(running: RunningHouse, stage: str) -> None:
    case = await rent.apply(running, "zhang_wei")
    if stage == "pending_final":
        await rent.review(running, case, "li.min")
    cancelled = await cancel(running, case)
    assert cancelled.state == "cancelled" and cancelled.ended_at is not None
    assert (await rent.balance_of("zhang_wei")).held == Money.zero()
    assert await rent.arrangement("zhang_wei") is None
    assert (await audited(f"case:{case.case_no}"))[-1] == ("case.cancelled", "done")
    await rent.assert_books_hold()
    assert (await rent.apply(running, "zhang_wei")).case_no != case.case_no


@pytest.mark.requirement("D08")
@pytest.mark.parametrize("stage", ["pending_payment", "completed", "refused", "cancelled"])
async def test_after_that_nothing_is_taken_back(running: RunningHouse, stage: str) -> None:
    case = await rent.apply(running, "zhang_wei")
    match stage:
        case "refused":
            await rent.review(running, case, "li.min", "refuse", **REASON)
        case "cancelled":
            await cancel(running, case)
        case _:
            await rent.review(running, case, "li.min")
            await rent.review(running, case, "wang.fang")
    if stage == "completed":
        await running.settle()
    assert (await rent.now_at(case)).state == stage
    assert await rent.refused(cancel(running, case)) == [("case.revocation_stage_passed", None)]


async def test_nobody_else_cancels(running: RunningHouse) -> None:
    case = await rent.apply(running, "zhang_wei")
    assert await rent.refused(cancel(running, case, key="li_na")) == [("case.not_found", "id")]
    work = cases.cancel(
        actor=await staff("zhao.gang"),
        case_no=case.case_no,
        request_key=rent.new_key(),
        now=running.clock(),
        matters=running.house.matters,
    )
    assert await rent.refused(work) == [("case.revocation_not_yours", None)]
    unknown = cases.cancel(
        actor=await citizen("zhang_wei"),
        case_no="20261123C209999999999",
        request_key=rent.new_key(),
        now=running.clock(),
        matters=running.house.matters,
    )
    assert await rent.refused(unknown) == [("case.not_found", "id")]


async def test_cancelling_twice_with_one_key_is_one_cancelling(running: RunningHouse) -> None:
    case = await rent.apply(running, "zhang_wei")
    await cancel(running, case, request_key="cancel-0001")
    async with nothing_changed():
        assert (await cancel(running, case, request_key="cancel-0001")).state == "cancelled"


async def test_cancelling_and_deciding_at_once_have_one_winner(running: RunningHouse) -> None:
    case = await rent.apply(running, "zhang_wei")
    await rent.review(running, case, "li.min")
    await rent.claim(running, case, "wang.fang")
    tries = await asyncio.gather(cancel(running, case), rent.decide(running, case, "wang.fang"), return_exceptions=True)
    assert sum(isinstance(each, Refused) for each in tries) == 1
    await running.settle()
    assert (await rent.now_at(case)).state in ("cancelled", "completed")
    await rent.assert_books_hold()


# --- evaluating (好差评)


@pytest.mark.requirement("R06.6")
@pytest.mark.parametrize("grade", [5, 1])
async def test_a_finished_case_is_evaluated_and_reported_once(running: RunningHouse, grade: int) -> None:
    case = await rent.paid(running, "zhang_wei")
    tags = ("fast", "clear") if grade == 5 else ("slow", "unclear")
    evaluated = await evaluate(running, case, grade=grade, comment="还可以", tags=tags)
    assert evaluated.evaluation == grade
    await running.settle()
    given = await cases.evaluation_of(account_no=case.account_no, case_id=case.case_id)
    assert given is not None
    assert (given.grade, given.comment, given.tags, given.push_state) == (grade, "还可以", tags, "accepted")
    assert given.channel == "jingtong_h5"
    assert case.case_no in str(await running.simulated("evaluation/reports"))
    assert await rent.refused(evaluate(running, case)) == [("evaluation.given_already", None)]


async def test_a_refused_case_is_evaluated_too(running: RunningHouse) -> None:
    case = await rent.apply(running, "zhang_wei")
    await rent.review(running, case, "li.min", "refuse", **REASON)
    assert (await evaluate(running, case, grade=2)).evaluation == 2


async def test_what_is_not_finished_or_was_taken_back_is_not_evaluated(running: RunningHouse) -> None:
    case = await rent.apply(running, "zhang_wei")
    assert await rent.refused(evaluate(running, case)) == [("evaluation.not_open", None)]
    await cancel(running, case)
    assert await rent.refused(evaluate(running, case)) == [("evaluation.not_open", None)]


async def test_malformed_evaluations_are_refused(running: RunningHouse) -> None:
    case = await rent.apply(running, "zhang_wei")
    await rent.review(running, case, "li.min", "refuse", **REASON)
    assert await rent.refused(evaluate(running, case, grade=0)) == [("evaluation.grade_unknown", "grade")]
    assert await rent.refused(evaluate(running, case, grade=6, comment="长" * 501, tags=("no_such",))) == [
        ("evaluation.grade_unknown", "grade"),
        ("evaluation.comment_too_long", "comment"),
        ("evaluation.tag_unknown", "tags"),
    ]
    assert await rent.refused(evaluate(running, case, key="li_na")) == [("case.not_found", "id")]
    work = cases.evaluate(
        actor=await staff("zhao.gang"),
        case_no=case.case_no,
        grade=5,
        request_key=rent.new_key(),
        now=running.clock(),
    )
    assert await rent.refused(work) == [("access.not_permitted", None)]
    # the longest comment is still one
    assert (await evaluate(running, case, comment="长" * 500)).evaluation == 5


async def test_the_window_for_evaluating_closes(running: RunningHouse) -> None:
    case = await rent.apply(running, "zhang_wei")
    await rent.review(running, case, "li.min", "refuse", **REASON)
    running.clock.advance(days=30, minutes=1)
    assert await rent.refused(evaluate(running, case)) == [("evaluation.closed", None)]


async def test_evaluating_at_once_and_again_with_one_key_is_one_evaluation(running: RunningHouse) -> None:
    case = await rent.apply(running, "zhang_wei")
    await rent.review(running, case, "li.min", "refuse", **REASON)
    tries = await asyncio.gather(
        *(evaluate(running, case, grade=grade) for grade in (1, 2, 3, 4, 5)), return_exceptions=True
    )
    assert sum(isinstance(each, CaseView) for each in tries) == 1
    assert await database.value("SELECT count(*) FROM outbox WHERE kind = $1", cases.EVALUATION_GIVEN) == 1


async def test_an_evaluation_the_platform_missed_is_told_again_and_kept_once(running: RunningHouse) -> None:
    case = await rent.apply(running, "zhang_wei")
    await rent.review(running, case, "li.min", "refuse", **REASON)
    await evaluate(running, case, request_key="evaluate-1")
    async with nothing_changed():
        assert (await evaluate(running, case, request_key="evaluate-1")).evaluation == 5
    # the platform has it, but its answer is lost
    await running.fault(simulator="evaluation", mode="error500", times=1, detail={"stage": "after"})
    await running.settle()
    # the next try, after a pause, is told that it is known already
    running.clock.advance(seconds=5)
    await running.settle()
    given = await cases.evaluation_of(account_no=case.account_no, case_id=case.case_id)
    assert given is not None and given.push_state == "accepted"
    counts = (await running.simulated("calls", simulator="evaluation"))["counts"]
    assert counts["evaluation.push"] == 2
    reports = await running.simulated("evaluation/reports", case=case.case_no)
    assert len(reports["reports"] if isinstance(reports, dict) else reports) == 1
