"""Transfers in the hand of their person: answering a negotiation, and 好差评 of what has ended, by every way in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain import cases, transfers
from domain.cases import Opinion
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.transfers import TransferView
from tests.factories.snapshot import nothing_changed
from tests.settlement.world import key
from tests.transfers.world import (
    CLERK,
    NOW,
    REVIEWER,
    TODAY,
    apply,
    contributor,
    hear_progress,
    issued,
    now_of,
    refused,
    step,
)

pytestmark = [pytest.mark.usefixtures("employers"), pytest.mark.requirement("R06.1")]
HOTLINE = replace(CLERK, staff_id=9_901, roles=frozenset({"service_desk"}), office_codes=frozenset())


async def citizen_of(view: TransferView, **changes: object) -> Actor:
    known = Actor(kind="citizen", channel="jingtong_h5", person_id=view.person_id, assurance="real_name")
    return replace(known, **changes)  # type: ignore[arg-type]


async def answer(actor: Actor, view: TransferView, text: str, request_key: str = "") -> TransferView:
    return await transfers.answer_negotiation(
        actor=actor, transfer_no=view.transfer_no, statement=text, request_key=request_key or key(), now=NOW
    )


async def evaluate(
    actor: Actor,
    view: TransferView,
    grade: int = 5,
    *,
    days: int = 1,
    request_key: str = "",
    tags: tuple[str, ...] = (),
) -> None:
    await cases.evaluate_served(
        actor=actor,
        served=await cases.served_by_no(actor=actor, case_no=view.transfer_no),
        opinion=Opinion(grade=grade, tags=tags),
        request_key=request_key or key(),
        now=NOW + timedelta(days=days),
    )


async def refused_there() -> TransferView:
    view = await issued()
    assert view.letter_no is not None
    await hear_progress(view.letter_no, "13", "个人账号与姓名不符")
    return await now_of(view)


async def failed() -> TransferView:
    view = await refused_there()
    assert view.letter_no is not None
    await hear_progress(view.letter_no, "40", "未能办理")
    return await now_of(view)


async def given(view: TransferView) -> list[tuple[str, int]]:
    found = await cases.evaluations_of(account_no=view.account_no, case_id=view.transfer_id)
    return [(one.terminal, one.grade) for one in found]


async def test_the_person_answers_and_staff_see_it() -> None:
    view = await refused_there()
    citizen = await citizen_of(view)
    again = key()
    said = "账号已核对，姓名中有生僻字，\n请用拼音核对"
    assert (await answer(citizen, view, said, again)).state == "13"
    assert (await answer(citizen, view, said, again)).trouble == "职工已答复：账号已核对，姓名中有生僻字， 请用拼音核对"
    events = transfers.told(await transfers.events_of(view=await now_of(view)))
    assert [one.action_name for one in events].count("职工答复") == 1, "said once"
    found = await transfers.transfers(
        actor=CLERK, filters=transfers.TransferFilters(troubled=True), first=5, after=None
    )
    assert [one.transfer_no for one in found.items] == [view.transfer_no]
    assert transfers.reason_of(await transfers.events_of(view=view), view=view) == "个人账号与姓名不符"


async def test_answers_that_are_not_taken() -> None:
    view = await issued()
    citizen = await citizen_of(view)
    stranger = await contributor(702)
    async with nothing_changed():
        assert await refused(answer(citizen, view, "请尽快办理转移")) == ["transfer.answer_not_now"]
        assert await refused(answer(stranger, view, "请尽快办理转移")) == ["transfer.not_found"]
        assert await refused(answer(CLERK, view, "请尽快办理转移")) == ["access.not_permitted"]
    assert view.letter_no is not None
    await hear_progress(view.letter_no, "13", "不符")
    async with nothing_changed():
        for wrong in ("", " 短 ", "长" * 201):
            assert await refused(answer(citizen, view, wrong)) == ["transfer.answer_length"]
        unproved = replace(citizen, assurance="password")
        assert await refused(answer(unproved, view, "请尽快办理转移")) == ["access.real_name_required"]


@pytest.mark.requirement("R06.6")
async def test_a_transfer_that_failed_is_evaluated_once_on_each_channel_and_told() -> None:
    view = await failed()
    citizen = await citizen_of(view)
    again = key()
    await evaluate(citizen, view, 1, tags=("slow",), request_key=again)
    await evaluate(citizen, view, 1, tags=("slow",), request_key=again)
    assert await refused(evaluate(replace(citizen, channel="app"), view)) == ["evaluation.given_already"]
    await evaluate(replace(citizen, channel="web_portal"), view, 4)
    tail = await database.value("SELECT right(document_masked, 4) FROM person WHERE person_id = $1", view.person_id)
    await cases.enter_evaluation(
        actor=HOTLINE, case_no=view.transfer_no, caller_document_tail=tail, opinion=Opinion(grade=3),
        request_key=key(), now=NOW,
    )  # fmt: skip
    code = (await cases.invite(actor=HOTLINE, case_no=view.transfer_no, terminal="qr_code", now=NOW)).code
    assert (await cases.invited(code=code, now=NOW)).case_no == view.transfer_no
    await cases.evaluate_by_code(
        actor=replace(citizen, kind="anonymous"), code=code, opinion=Opinion(grade=5), request_key=key(), now=NOW
    )
    assert sorted(await given(view)) == [("mobile", 1), ("pc", 4), ("qr_code", 5), ("telephone", 3)]
    due = await cases.claim_due(now=NOW + timedelta(days=2), most=9)
    assert [one.evaluation_no for one in due] == [f"E{view.transfer_no}-M1"], "one after the other, in their order"
    # the bad one is put right by the same rectifications, of its item and office
    found = await cases.rectifications(
        actor=HOTLINE, filters=cases.RectificationFilters(), business_date=TODAY, first=5, after=None
    )
    [bad] = found.items
    assert (bad.case_no, bad.item_name, bad.grade) == (view.transfer_no, "个人转移接续（转入、转出）", 1)


@pytest.mark.requirement("R06.6")
async def test_what_was_not_served_or_is_not_theirs_is_not_evaluated() -> None:
    open_one = await issued()
    citizen = await citizen_of(open_one)
    assert await refused(evaluate(citizen, open_one)) == ["case.not_found"], "it has not ended"
    taken_back = await apply(await contributor(703))
    await transfers.cancel_transfer(
        actor=await citizen_of(taken_back), transfer_no=taken_back.transfer_no, request_key=key(), now=NOW
    )
    assert await refused(evaluate(await citizen_of(taken_back), taken_back)) == ["case.not_found"]
    declined = await step(REVIEWER, await apply(await contributor(704)), "decline", note="材料不符，请补充后重新申请")
    theirs = await citizen_of(declined)
    assert await refused(evaluate(citizen, declined)) == ["case.not_found"], "another's"
    assert await refused(evaluate(theirs, declined, days=400)) == ["evaluation.closed"]
    assert await refused(evaluate(theirs, declined, 6)) == ["evaluation.grade_unknown"]
    assert await refused(evaluate(replace(theirs, channel="nowhere"), declined)) == ["evaluation.channel_closed"]
    did_it = replace(REVIEWER, roles=frozenset({"supervisor"}), office_codes=frozenset())
    tail = await database.value("SELECT right(document_masked, 4) FROM person WHERE person_id = $1", declined.person_id)
    by_its_doer = cases.enter_evaluation(
        actor=did_it, case_no=declined.transfer_no, caller_document_tail=tail, opinion=Opinion(grade=5),
        request_key=key(), now=NOW,
    )  # fmt: skip
    assert await refused(by_its_doer) == ["evaluation.caller_unconfirmed"]
    assert await database.value("SELECT count(*) FROM evaluation") == 0
    await evaluate(theirs, declined, 2)
    assert await given(declined) == [("mobile", 2)]
