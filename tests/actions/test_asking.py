"""核验 by hand: staff choose a person and a question; the answer stands beside the others for who comes next."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from domain import cases, withdrawals
from domain.cases import CaseView
from domain.kernel import database
from domain.kernel.dates import business_date_of
from tests.city import RunningHouse
from tests.factories import kinds, rent
from tests.factories.agencies import Agencies
from tests.factories.people import card_id, citizen, staff
from tests.factories.snapshot import nothing_changed

pytestmark = pytest.mark.requirement("R02.1")


async def applied(running: RunningHouse, code: str = "purchase_in_city", **agencies: Any) -> CaseView:
    one = kinds.granted(withdrawals.kind_of(code))
    for name, value in agencies.items():
        setattr(one.agencies, name, value)
    now = running.clock()
    case = await withdrawals.apply_for_withdrawal(
        actor=await citizen(one.who, channel="web_portal"),
        application=withdrawals.Application(
            kind=code, card_id=await card_id(one.who), commitment=True, fields=one.fields()
        ),
        request_key=rent.new_key(),
        business_date=business_date_of(now),
        now=now,
        registries=one.agencies.registries(),
    )
    assert case is not None
    return case


async def ask(
    running: RunningHouse, case: CaseView, question: str, about: str = "applicant", by: str = "li.min", **said: Any
) -> Any:
    return await withdrawals.ask_by_hand(
        actor=await staff(by),
        case_no=case.case_no,
        question=question,
        about=about,
        registries=Agencies(family=("li_na",), **said).registries(),
        now=running.clock(),
    )


MARRIED = {"marriage_status": "married", "spouse": "chen_qiang"}


async def test_each_question_is_asked_about_the_chosen_person_and_kept(running: RunningHouse) -> None:
    case = await applied(running, **MARRIED)
    await rent.claim(running, case, "li.min")
    before = len(await cases.checks_of(case=case))
    asked = [("identity", "spouse"), ("marriage", "spouse"), ("property", "spouse"), ("contract", "applicant")]
    asked += [("pension", "applicant"), ("death", "spouse")]
    for question, about in asked:
        assert (await ask(running, case, question, about)).outcome == "passed"
    checks = (await cases.checks_of(case=case))[before:]
    assert [(check.kind, check.about) for check in checks] == asked
    assert all(check.agency and check.as_of and check.trace_no for check in checks)
    detail = await database.rows("SELECT detail FROM audit_event WHERE action = 'case.asked' ORDER BY at")
    assert [(row["detail"]["question"], row["detail"]["about"]) for row in detail] == asked


async def test_what_comes_out_later_needs_a_reason_at_the_final_review(running: RunningHouse) -> None:
    """退签 between the two reviews: the final reviewer asks, and cannot approve without saying why."""
    case = await applied(running)
    await rent.review(running, case, "li.min", override_reason="总价已与合同核对")
    await rent.claim(running, case, "wang.fang")
    check = await ask(running, case, "contract", by="wang.fang", cancelled_on=date(2026, 11, 20))
    assert check.outcome == "failed" and "注销" in check.summary
    async with nothing_changed():
        refused = await rent.refused(rent.decide(running, case, "wang.fang"))
    assert refused == [("case.override_required", "overrideReason")]
    await rent.decide(running, case, "wang.fang", override_reason="误注销，已恢复网签")
    (last,) = [one for one in await cases.checks_of(case=case) if one.about]
    assert last.override_reason == "误注销，已恢复网签"


async def test_a_silent_agency_is_an_answer_and_an_old_one_is_shown_as_old(running: RunningHouse) -> None:
    case = await applied(running)
    await rent.claim(running, case, "li.min")
    assert (await ask(running, case, "property", silent=frozenset({"property"}))).outcome == "unanswered"
    old = running.clock() - timedelta(days=30)
    await ask(running, case, "property", as_of=old)
    today = business_date_of(running.clock())
    assert [withdrawals.stale(one, business_date=today) for one in await cases.checks_of(case=case) if one.about] == [
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("question", "about", "code"),
    [
        ("fortune", "applicant", "withdrawal.asked_nothing"),
        ("identity", "spouse", "withdrawal.asked_person_unknown"),
        ("identity", "deceased", "withdrawal.asked_person_unknown"),
        ("rental", "applicant", "withdrawal.asked_number_missing"),
    ],
)
async def test_there_must_be_something_to_ask_with(running: RunningHouse, question: str, about: str, code: str) -> None:
    case = await applied(running)
    await rent.claim(running, case, "li.min")
    async with nothing_changed():
        assert code in [found for found, _ in await rent.refused(ask(running, case, question, about))]


async def test_only_who_holds_the_case_asks(running: RunningHouse) -> None:
    case = await applied(running)
    async with nothing_changed():
        assert await rent.refused(ask(running, case, "identity")) == [("case.not_claimed", None)]
    await rent.claim(running, case, "li.min")
    async with nothing_changed():
        assert await rent.refused(ask(running, case, "identity", by="wang.fang")) == [("case.not_claimed", None)]


async def test_a_case_without_its_facts_asks_about_its_applicant_alone(running: RunningHouse) -> None:
    case = await applied(running, **MARRIED)
    found = await withdrawals.askable(case=case)
    assert list(found.persons) == ["applicant", "spouse"]
    assert "rental" not in found.questions and "contract" in found.questions
    estate = await applied(running, "inheritance")
    assert "deceased" in (await withdrawals.askable(case=estate)).persons
