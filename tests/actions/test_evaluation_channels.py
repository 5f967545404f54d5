"""好差评 on every channel: one evaluation for each case and 评价渠道, indicators by grade, told in order."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from channels.wire import signed_headers
from domain import cases
from domain.cases import CaseView, Opinion
from domain.cases.evaluation_rules import read_indicators
from domain.kernel import database, vault
from domain.kernel.actor import ANONYMOUS
from domain.kernel.declared import DeclarationError
from ops import reviews
from ops.demo.city import city
from tests.city import SECRET, RunningHouse
from tests.factories import rent
from tests.factories.people import citizen, staff
from tests.factories.snapshot import nothing_changed

REASON = {"reason_code": "other", "note": "不符合条件"}
H5 = Path(__file__).resolve().parents[2] / "channels/jingtong/h5/views/evaluate_words.js"


async def ended(running: RunningHouse, key: str = "zhang_wei") -> CaseView:
    case = await rent.apply(running, key)
    return await rent.review(running, case, "li.min", "refuse", **REASON)


async def by_page(running: RunningHouse, case: CaseView, *, channel: str = "jingtong_h5", **given: Any) -> CaseView:
    return await cases.evaluate(
        actor=await citizen("zhang_wei", channel=channel),
        case_no=case.case_no,
        grade=given.pop("grade", 5),
        request_key=rent.new_key(),
        now=running.clock(),
        **given,
    )


async def by_hotline(running: RunningHouse, case: CaseView, login: str, tail: str, grade: int = 2) -> CaseView:
    return await cases.enter_evaluation(
        actor=await staff(login),
        case_no=case.case_no,
        caller_document_tail=tail,
        opinion=Opinion(grade=grade, tags=("slow",)),
        request_key=rent.new_key(),
        now=running.clock(),
    )


async def given(case: CaseView) -> list[tuple[str, int, str]]:
    found = await cases.evaluations_of(account_no=case.account_no, case_id=case.case_id)
    return [(one.terminal, one.grade, one.push_state) for one in found]


@pytest.mark.requirement("R06.6")
async def test_each_channel_evaluates_once_and_each_is_told(running: RunningHouse) -> None:
    case = await ended(running)
    await running.settle()
    await by_page(running, case, grade=4, tags=("polite",))
    await by_page(running, case, channel="web_portal", grade=3, tags=("fair",))
    await by_page(running, case, channel="kiosk", grade=5)
    tail = city().citizens["zhang_wei"].document_no[-4:]
    await by_hotline(running, case, "zhao.gang", tail)
    code = (await invite(running, case)).code
    await by_code(running, code, 1)
    mobile = city().citizens["zhang_wei"].mobile
    assert await cases.evaluate_by_sms(mobile=mobile, text="5 很好", now=running.clock())
    await running.settle()
    assert await given(case) == [
        ("mobile", 4, "accepted"),
        ("pc", 3, "accepted"),
        ("other_terminal", 5, "accepted"),
        ("telephone", 2, "accepted"),
        ("hall_tablet", 1, "accepted"),
        ("sms", 5, "accepted"),
    ]
    told = await running.simulated("evaluation/reports", case=case.case_no)
    assert [(one["pf"], one["satisfaction"]) for one in told] == [
        ("2", "4"), ("1", "3"), ("5", "5"), ("6", "2"), ("4", "1"), ("7", "5"),
    ]  # fmt: skip
    receipts = await database.rows("SELECT receipt_no, digest FROM evaluation_report")
    assert all(row["receipt_no"].startswith("HCP") and len(row["digest"]) == 32 for row in receipts)
    for work in (
        by_page(running, case, channel="app"),
        by_page(running, case, channel="employer_portal"),
        by_hotline(running, case, "zhao.gang", tail),
    ):
        assert await rent.refused(work) == [("evaluation.given_already", None)]


async def invite(running: RunningHouse, case: CaseView, terminal: str = "hall_tablet") -> cases.Invitation:
    return await cases.invite(
        actor=await staff("li.min"), case_no=case.case_no, terminal=terminal, window_no="12", now=running.clock()
    )


async def by_code(running: RunningHouse, code: str, grade: int = 5, **opinion: Any) -> str:
    return await cases.evaluate_by_code(
        actor=ANONYMOUS,
        code=code,
        opinion=Opinion(grade=grade, **opinion),
        request_key=rent.new_key(),
        now=running.clock(),
    )


async def test_a_code_opens_one_evaluation_and_is_kept_nowhere(running: RunningHouse) -> None:
    case = await ended(running)
    invitation = await invite(running, case)
    shown = await cases.invited(code=invitation.code.lower(), now=running.clock())
    assert (shown.case_no, shown.terminal) == (case.case_no, "hall_tablet")
    everything = str(await database.rows("SELECT * FROM evaluation_invitation_lookup"))
    assert invitation.code not in everything
    assert await rent.refused(by_code(running, invitation.code, 9, comment="长" * 501)) == [
        ("evaluation.grade_unknown", "grade"),
        ("evaluation.comment_too_long", "comment"),
    ]
    tries = await asyncio.gather(*(by_code(running, invitation.code) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(each, str) for each in tries) == 1
    assert await rent.refused(by_code(running, invitation.code)) == [("evaluation.invitation_unknown", "code")]
    assert await database.value("SELECT window_no FROM evaluation") == "12"


async def test_codes_that_are_wrong_old_or_for_other_cases_open_nothing(running: RunningHouse) -> None:
    case = await rent.apply(running, "zhang_wei")
    assert await rent.refused(invite(running, case)) == [("evaluation.not_open", None)]
    await rent.review(running, case, "li.min", "refuse", **REASON)
    assert await rent.refused(invite(running, case, "sms")) == [("evaluation.channel_closed", None)]
    code = (await invite(running, case)).code
    for wrong in ("", "X", code[:-1], code + "2", "'; DROP TABLE evaluation; --"):
        assert await rent.refused(by_code(running, wrong)) == [("evaluation.invitation_unknown", "code")]
    running.clock.advance(days=31)
    assert await rent.refused(by_code(running, code)) == [("evaluation.invitation_unknown", "code")]


async def test_the_hotline_confirms_the_caller_and_nobody_marks_their_own_work(running: RunningHouse) -> None:
    case = await ended(running)
    tail = city().citizens["zhang_wei"].document_no[-4:]
    for login, typed, code in (
        ("zhao.gang", "0000", "evaluation.caller_unconfirmed"),
        ("zhao.gang", "", "evaluation.caller_unconfirmed"),
        ("li.min", tail, "access.not_permitted"),
    ):
        refused = await rent.refused(by_hotline(running, case, login, typed))
        assert refused[0][0] == code


@pytest.mark.parametrize("text", ["", "谢谢", "6", "0", "55", "4.5", "很好5", "不满意", "-1", "退订", "👍"])
async def test_a_reply_that_is_no_grade_is_never_made_one(running: RunningHouse, text: str) -> None:
    await ended(running)
    await running.settle()
    mobile = city().citizens["zhang_wei"].mobile
    async with nothing_changed():
        assert await cases.evaluate_by_sms(mobile=mobile, text=text, now=running.clock()) is None


async def test_a_reply_comes_through_its_door_once(running: RunningHouse) -> None:
    case = await ended(running)
    await running.settle()
    mobile = city().citizens["zhang_wei"].mobile
    body = {"messageId": "MO-1", "mobile": mobile, "text": "2，等太久😤", "receivedAt": "2026-11-25 10:00:00"}
    assert [await reply(running, body) for _ in range(2)] == [(200, "0"), (200, "0")]
    assert await reply(running, {**body, "text": "5"}) == (200, "1"), "the number with other words"
    assert await reply(running, {**body, "messageId": "MO-2", "mobile": "13900009999"}) == (200, "0")
    assert await reply(running, {**body, "messageId": 7}) == (200, "1")
    assert await reply(running, body, secret=b"wrong") == (401, "signature_wrong")
    assert await reply(running, body, late=timedelta(minutes=6)) == (401, "timestamp_stale")
    await running.settle()
    assert await given(case) == [("sms", 2, "accepted")]
    assert await database.value("SELECT comment FROM evaluation") == "等太久😤"
    states = await database.rows("SELECT state, count(*) AS n FROM inbound_message GROUP BY 1")
    assert {row["state"]: row["n"] for row in states} == {"done": 2, "quarantined": 2}


async def reply(
    running: RunningHouse, body: dict[str, Any], *, secret: bytes = SECRET.encode(), late: timedelta = timedelta()
) -> tuple[int, str]:
    content = json.dumps(body, ensure_ascii=False).encode()
    headers = signed_headers(
        app="sms-carrier", secret=secret, method="POST", path="/sms/replies", body=content, now=running.clock() - late
    )
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False) as client:
        answer = await client.post("/sms/replies", content=content, headers=headers)
    return answer.status_code, answer.json()["code"]


async def test_markup_and_four_byte_characters_are_only_words(running: RunningHouse) -> None:
    case = await ended(running)
    words = "<script>alert(1)</script> &amp; 😤\n'; DROP TABLE evaluation; --"
    await by_page(running, case, grade=1, comment=words)
    await running.settle()
    [told] = await running.simulated("evaluation/reports", case=case.case_no)
    assert told["writingEvaluation"] == words


@pytest.mark.parametrize(
    ("grade", "tags"), [(5, ("slow",)), (1, ("fast",)), (3, ("polite",)), (4, ("fast", "fast")), (2, ("no_such",))]
)
async def test_an_indicator_belongs_to_its_grades(running: RunningHouse, grade: int, tags: tuple[str, ...]) -> None:
    case = await ended(running)
    assert await rent.refused(by_page(running, case, grade=grade, tags=tags)) == [("evaluation.tag_unknown", "tags")]


async def test_what_nobody_evaluated_is_never_reported(running: RunningHouse) -> None:
    """No default good marks: the window closes and nothing is there."""
    case = await ended(running)
    running.clock.advance(days=60)
    await running.settle()
    assert await database.value("SELECT count(*) FROM evaluation") == 0
    assert await running.simulated("evaluation/reports", case=case.case_no) == []


async def test_a_rejected_review_stops_only_itself_and_is_in_the_audit_trail(running: RunningHouse) -> None:
    case = await ended(running)
    await running.fault(simulator="evaluation", operation="push", mode="refuse", times=1, detail={"code": "2001"})
    await by_page(running, case)
    await by_page(running, case, channel="kiosk", grade=3)
    await running.settle()
    assert await given(case) == [("mobile", 5, "rejected"), ("other_terminal", 3, "accepted")]
    assert await database.value("SELECT count(*) FROM audit_event WHERE action = 'evaluation.report_rejected'") == 1


async def test_the_second_waits_for_the_first_of_its_case(running: RunningHouse) -> None:
    case = await ended(running)
    await by_page(running, case)
    await by_page(running, case, channel="kiosk", grade=3)
    await running.fault(simulator="evaluation", operation="push", mode="error500", times=1)
    assert await reviews.push_due(running.house) == 0
    assert await reviews.push_due(running.house) == 0, "the first one's pause holds the second"
    assert await given(case) == [("mobile", 5, "waiting"), ("other_terminal", 3, "waiting")]
    running.clock.advance(seconds=5)
    assert [await reviews.push_due(running.house) for _ in range(3)] == [1, 1, 0]


async def test_the_content_told_is_frozen_before_the_first_try(running: RunningHouse) -> None:
    case = await ended(running)
    await by_page(running, case, grade=2)
    await running.fault(simulator="evaluation", mode="error500", times=1, detail={"stage": "after"})
    await reviews.push_due(running.house)
    # what the person is called changes between two tries: the platform must not hear two contents under one number
    await database.execute("UPDATE person SET name_cipher = $1", vault.current().encrypt("新名字"))
    running.clock.advance(seconds=5)
    assert await reviews.push_due(running.house) == 1
    assert await given(case) == [("mobile", 2, "accepted")]


def test_the_page_offers_what_the_house_takes() -> None:
    text = H5.read_text()
    words = dict(re.findall(r"(\w+): \"([^\"]+)\"", text[text.index("WORDS") : text.index("CODES")]))
    offered = {
        int(grade): tuple(re.findall(r"\"(\w+)\"", codes))
        for grade, codes in re.findall(r"(\d): \[([^\]]*)\]", text[text.index("CODES") : text.index("QUESTIONS")])
    }
    assert words == dict(cases.indicators().names)
    assert offered == dict(cases.indicators().of_grade)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"grades": {5: ["a"]}}, "grade 4 has no indicators"),
        ({"grades": {grade: ["b"] for grade in range(1, 6)}}, "indicator b of grade 1 is not named"),
        ({"terminals": {"fax": "fax"}}, "terminal fax does not exist"),
    ],
)
def test_malformed_indicators_do_not_start(change: dict[str, Any], problem: str) -> None:
    sound = {"indicators": {"a": "甲"}, "grades": {grade: ["a"] for grade in range(1, 6)}, "terminals": {}}
    read_indicators(sound)
    with pytest.raises(DeclarationError) as caught:
        read_indicators({**sound, **change})
    assert problem in caught.value.problems
