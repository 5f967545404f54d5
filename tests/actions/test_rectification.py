"""差评整改: from the bad review to the second evaluation, with its days, separations, reminders and report."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from domain import cases, policy
from domain.cases import CaseView, RectificationFilters, RectificationView, Step
from domain.cases.flows.machine import faults
from domain.kernel import database
from domain.kernel.dates import business_date_of
from tests.actions.test_evaluation_channels import by_page, ended
from tests.city import RunningHouse
from tests.factories import rent
from tests.factories.people import citizen, staff
from tests.factories.snapshot import nothing_changed

SUPERVISOR, DESK, FIRST, FINAL = "tang.yue", "he.jing", "li.min", "wang.fang"


async def bad(running: RunningHouse) -> tuple[CaseView, RectificationView]:
    case = await ended(running)
    await by_page(running, case, grade=1, tags=("slow",), comment="等了三周")
    return case, await only(running)


async def only(running: RunningHouse) -> RectificationView:
    page = await cases.rectifications(
        actor=await staff(SUPERVISOR),
        filters=RectificationFilters(),
        business_date=business_date_of(running.clock()),
        first=10,
        after=None,
    )
    [view] = page.items
    return view


async def step(running: RunningHouse, login: str, action: str, note: str = "已核实情况属实", **given: Any) -> Any:
    now = running.clock()
    view = await only(running)
    return await cases.take_step(
        actor=await staff(login),
        rectification_id=view.rectification_id,
        step=Step(action=action, note=note, **given),
        request_key=rent.new_key(),
        now=now,
        business_date=business_date_of(now),
    )


async def to_call_back(running: RunningHouse) -> None:
    await step(running, DESK, "verify_true")
    await step(running, SUPERVISOR, "assign", assignee=FIRST)
    await step(running, FIRST, "answer", "已优化办理流程，并向您致歉")


@pytest.mark.requirement("R06.6")
async def test_a_bad_review_is_put_right_and_evaluated_again(running: RunningHouse) -> None:
    case, opened = await bad(running)
    today = business_date_of(running.clock())
    assert (opened.state, opened.grade, opened.opened_on) == ("pending_verification", 1, today)
    assert opened.due_on == policy.plus_working_days(today, days=1)
    assert opened.final_due_on == policy.plus_working_days(today, days=5)
    await step(running, DESK, "verify_true")
    assigned = await step(running, SUPERVISOR, "assign", assignee=FIRST, complex_one=True)
    assert (assigned.due_on, assigned.complex_one) == (policy.plus_working_days(today, days=15), True)
    await step(running, FIRST, "answer", "已优化办理流程，并向您致歉")
    assert await cases.reply_of(account_no=case.account_no, case_id=case.case_id) is None
    asked = await step(running, DESK, "call_back_settled", "已电话回访，评价人表示认可")
    assert asked.state == "awaiting_second"
    assert await cases.reply_of(account_no=case.account_no, case_id=case.case_id) == "已优化办理流程，并向您致歉"
    again = await rent.now_at(case)
    assert await cases.allowed_actions(case=again, actor=await citizen("zhang_wei"), now=running.clock()) == (
        "evaluate",
    )
    await by_page(running, case, grade=4)
    closed = await only(running)
    assert (closed.state, closed.second_grade) == ("closed", 4)
    await running.settle()
    [told] = await running.simulated("evaluation/rectifications", case=case.case_no)
    assert (told["verdict"], told["zgjg"], told["secondSatisfaction"]) == ("1", "已优化办理流程，并向您致歉", "4")
    reports = await running.simulated("evaluation/reports", case=case.case_no)
    assert [(one["satisfaction"], one["evaluateTimes"]) for one in reports] == [("1", "1"), ("4", "2")]
    assert await rent.refused(by_page(running, case)) == [("evaluation.given_already", None)]
    states = [event.to_state_name for event in await cases.events_of(view=closed)]
    assert states == ["待核实", "待转办", "整改中", "待回访", "待二次评价", "已办结"]


async def test_good_and_middling_marks_open_nothing(running: RunningHouse) -> None:
    case = await ended(running)
    await by_page(running, case, grade=3)
    assert await database.value("SELECT count(*) FROM rectification") == 0


async def test_malice_is_judged_by_another_supervisor_and_told(running: RunningHouse) -> None:
    case, _ = await bad(running)
    await step(running, DESK, "suspect_malice", "评价内容与办件无关")
    assert await refusal(running, DESK, "confirm_malice") == "rectification.not_yours"
    await step(running, SUPERVISOR, "confirm_malice", "经核对认定为恶意差评")
    assert (await only(running)).state == "closed_malicious"
    await running.settle()
    [told] = await running.simulated("evaluation/rectifications", case=case.case_no)
    assert (told["verdict"], told["secondSatisfaction"]) == ("3", "")
    figures = await figures_of(running)
    assert (figures.whole.bad, figures.whole.malicious, figures.whole.rectified_per_mille) == (1, 1, 1000)


async def test_who_suspects_malice_does_not_judge_it(running: RunningHouse) -> None:
    await bad(running)
    await step(running, SUPERVISOR, "suspect_malice", "评价内容与办件无关")
    assert await refusal(running, SUPERVISOR, "confirm_malice") == "rectification.not_yours"
    assert await refusal(running, SUPERVISOR, "reject_malice") == "rectification.not_yours"


async def refusal(running: RunningHouse, login: str, action: str, **given: Any) -> str:
    [(code, _)] = await rent.refused(step(running, login, action, **given))
    return code


async def test_only_the_assignee_answers_and_somebody_else_calls_back(running: RunningHouse) -> None:
    await bad(running)
    await step(running, DESK, "verify_true")
    assert await refusal(running, FIRST, "answer") == "rectification.action_not_possible"
    assert await refusal(running, DESK, "assign", assignee="nobody") == "rectification.assignee_unknown"
    assert await refusal(running, FIRST, "assign", assignee=FIRST) == "rectification.not_yours"
    await step(running, SUPERVISOR, "assign", assignee=DESK)
    assert await refusal(running, FINAL, "answer") == "rectification.not_yours"
    assert await refusal(running, DESK, "answer", note="好") == "rectification.text_length"
    assert await refusal(running, DESK, "answer", note="长" * 501) == "rectification.text_length"
    await step(running, DESK, "answer", "已整改完毕")
    assert await refusal(running, DESK, "call_back_settled") == "rectification.not_yours"
    back = await step(running, SUPERVISOR, "call_back_unsettled", "评价人仍不认可")
    assert (back.state, back.assigned_to) == ("pending_assignment", None)


async def test_steps_are_taken_once(running: RunningHouse) -> None:
    _, view = await bad(running)
    actor, now = await staff(DESK), running.clock()
    given = {
        "actor": actor,
        "rectification_id": view.rectification_id,
        "step": Step(action="verify_true", note="情况属实"),
        "request_key": "rectify-0001",
        "now": now,
        "business_date": business_date_of(now),
    }
    await cases.take_step(**given)
    async with nothing_changed():
        assert (await cases.take_step(**given)).state == "pending_assignment"
    assert await refusal(running, DESK, "verify_true") == "rectification.action_not_possible"


async def test_other_offices_and_administrators_see_none(running: RunningHouse) -> None:
    _, view = await bad(running)
    stranger = await staff(DESK)

    for actor, code in (
        (replace(stranger, office_codes=frozenset({"99"})), "rectification.not_found"),
        (replace(stranger, roles=frozenset({"audit_admin"})), "access.not_permitted"),
    ):
        work = cases.rectification_of(actor=actor, rectification_id=view.rectification_id)
        assert (await rent.refused(work))[0][0] == code


async def test_reminders_and_escalation_come_once_and_in_working_days(running: RunningHouse) -> None:
    _, view = await bad(running)
    assert await sweep(view.due_on - timedelta(days=9), running) == 0
    on_the_day = view.due_on
    assert [await sweep(on_the_day, running), await sweep(on_the_day, running)] == [1, 0]
    late = on_the_day + timedelta(days=1)
    assert [await sweep(late, running), await sweep(late, running)] == [1, 0]
    much_later = policy.plus_working_days(on_the_day, days=3)
    assert [await sweep(much_later, running), await sweep(much_later, running)] == [1, 0]
    assert (await only(running)).escalation == 2
    actions = [event.action_name for event in await cases.events_of(view=view)]
    assert actions == ["登记差评", "临期提醒", "超期升级", "超期升级"]
    page = await cases.rectifications(
        actor=await staff(SUPERVISOR),
        filters=RectificationFilters(overdue=True, open_only=True),
        business_date=late,
        first=10,
        after=None,
    )
    assert page.total == 1


async def sweep(day: date, running: RunningHouse) -> int:
    return await cases.sweep_rectifications(now=running.clock(), business_date=day)


async def test_who_does_not_evaluate_again_is_given_no_mark(running: RunningHouse) -> None:
    case, _ = await bad(running)
    await to_call_back(running)
    asked = await step(running, DESK, "call_back_settled", "已电话回访，评价人表示认可")
    assert await sweep(asked.due_on, running) == 0
    assert await sweep(asked.due_on + timedelta(days=1), running) == 1
    closed = await only(running)
    assert (closed.state, closed.second_grade) == ("closed", None)
    assert await database.value("SELECT count(*) FROM evaluation") == 1
    await running.settle()
    [told] = await running.simulated("evaluation/rectifications", case=case.case_no)
    assert told["secondSatisfaction"] == ""


async def test_a_result_follows_its_review_even_after_the_platform_was_away(running: RunningHouse) -> None:
    case, _ = await bad(running)
    await running.fault(simulator="evaluation", operation="push", mode="error500", times=3)
    await running.settle()
    await step(running, DESK, "suspect_malice", "评价内容与办件无关")
    await step(running, SUPERVISOR, "confirm_malice", "经核对认定为恶意差评")
    await running.settle()
    assert await running.simulated("evaluation/rectifications", case=case.case_no) == []
    running.house.evaluations._wire._breakers.clear()  # type: ignore[attr-defined]
    for _ in range(4):
        running.clock.advance(minutes=6)
        await running.settle()
    assert len(await running.simulated("evaluation/rectifications", case=case.case_no)) == 1


async def figures_of(running: RunningHouse) -> cases.ReviewFigures:
    today = business_date_of(running.clock())
    return await cases.review_figures(actor=await staff(SUPERVISOR), first_day=today, last_day=today)


async def test_figures_by_item_department_window_and_channel(running: RunningHouse) -> None:
    case, _ = await bad(running)
    await by_page(running, case, channel="kiosk", grade=5)
    figures = await figures_of(running)
    assert (figures.whole.total, figures.whole.bad, figures.whole.satisfied_per_mille) == (2, 1, 500)
    assert [(line.name, line.total) for line in figures.lines["item"]] == [("租房提取", 2)]
    assert {line.name: line.total for line in figures.lines["terminal"]} == {"移动端": 1, "其他终端": 1}
    assert [line.total for line in figures.lines["office"]] == [2] and figures.lines["window"] == []
    yesterday = business_date_of(running.clock()) - timedelta(days=1)
    none = await cases.review_figures(actor=await staff(SUPERVISOR), first_day=yesterday, last_day=yesterday)
    assert (none.whole.total, none.whole.satisfied_per_mille) == (0, 0)


def test_the_declared_flow_is_sound() -> None:
    assert faults(cases.RECTIFICATION_FLOW) == []
