"""上行短信: what a citizen sends back becomes an evaluation, whichever carrier brought it; what is none changes
nothing."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest

from channels import inbound as journal
from domain import cases
from domain.kernel import database
from notifications import inbound
from notifications.carriers.cmpp import CmppCarrier, CmppSettings
from notifications.carriers.cmpp.settings import LinkSettings
from notifications.carriers.cmpp.simulator import CmppGateway
from notifications.gateway import Gateway
from notifications.ports import InboundSms
from notifications.routing import Carriers
from ops.demo.city import city
from tests.city import RunningHouse
from tests.contracts.sms_worlds import until
from tests.factories import rent

pytestmark = pytest.mark.requirement("R06.6", "R15.3")

REASON = {"reason_code": "other", "note": "不符合条件"}


async def invited(running: RunningHouse, key: str = "zhang_wei") -> tuple[cases.CaseView, str]:
    """A case that has ended and the number that its invitation went to."""
    case = await rent.review(running, await rent.apply(running, key), "li.min", "refuse", **REASON)
    await running.settle()
    return case, city().citizens[key].mobile


def text(mobile: str, words: str, told_as: str = "up-1", *, at: datetime, **piece: Any) -> InboundSms:
    return InboundSms(
        carrier="mobile", carrier_id=told_as, mobile=mobile, dest="1065", text=words, received_at=at, **piece
    )


async def grades(case: cases.CaseView) -> list[tuple[str, int]]:
    found = await cases.evaluations_of(account_no=case.account_no, case_id=case.case_id)
    return [(one.terminal, one.grade) for one in found]


async def tell(running: RunningHouse, *texts: InboundSms) -> int:
    new = await inbound.keep(texts=texts, now=running.clock())
    await running.settle()
    return new


async def states() -> list[tuple[str, str | None]]:
    rows = await database.rows("SELECT state, outcome FROM inbound_message WHERE channel = 'sms_reply'")
    return [(row["state"], row["outcome"]) for row in rows]


async def test_a_reply_by_cmpp_becomes_an_evaluation(running: RunningHouse) -> None:
    case, mobile = await invited(running)
    gateway = CmppGateway(secrets={"901234": "s" * 16}, clock=running.clock)
    port = await gateway.start()
    link = LinkSettings(
        name="mobile", host="127.0.0.1", port=port, source="901234", secret="s" * 16, back_off_seconds=0.02
    )
    carrier = CmppCarrier(settings=CmppSettings(link=link, service_id="GJJ", src_id="10657123"), clock=running.clock)
    taker = Gateway(carriers=Carriers(in_order=[carrier]), clock=running.clock, holder="test")._taker()
    holding = asyncio.create_task(carrier.hold(take=taker))
    try:
        await until(lambda: carrier.online)
        gateway.text_from(mobile=f"86{mobile}", dest_id="10657123", content="４ 办得快".encode("utf-16-be"))
        gateway.text_from(mobile=f"86{mobile}", dest_id="10657123", content="4 办得快".encode("utf-16-be"))
        await until(lambda: gateway.acknowledged == 2)
    finally:
        holding.cancel()
        await asyncio.wait([holding])
        await gateway.stop()
    await running.settle()
    assert await grades(case) == [("sms", 4)]
    (told,) = await running.simulated("evaluation/reports", case=case.case_no)
    assert (told["pf"], told["satisfaction"]) == ("7", "4")


async def test_told_twice_or_said_twice_it_counts_once(running: RunningHouse) -> None:
    case, mobile = await invited(running)
    now = running.clock()
    assert await tell(running, text(mobile, "5", at=now), text(mobile, "5", at=now)) == 1
    assert await tell(running, text(mobile, "5", at=running.clock())) == 0
    assert await tell(running, text(mobile, "1", "up-2", at=now)) == 1
    assert await grades(case) == [("sms", 5)]
    assert sorted(str(outcome)[:5] for _, outcome in await states()) == ["不是评价回", "已登记评价"]


async def test_a_death_before_the_door_is_made_up_for(running: RunningHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text was kept, and the process died: the carrier was not answered and tells it again."""
    case, mobile = await invited(running)
    told = text(mobile, "3", at=running.clock())
    with monkeypatch.context() as dying:
        dying.setattr(inbound.door, "take", _die)
        with pytest.raises(RuntimeError):
            await inbound.keep(texts=[told], now=running.clock())
    assert await database.value("SELECT count(*) FROM sms_inbound") == 1 and await states() == []
    assert await tell(running, told) == 0
    assert await grades(case) == [("sms", 3)]


async def _die(**_: object) -> journal.Kept:
    raise RuntimeError


async def test_a_long_reply_in_pieces_is_one_whatever_their_order(running: RunningHouse) -> None:
    case, mobile = await invited(running)
    pieces = [
        text(mobile, words, f"up-{number}", at=running.clock(), reference=9, total=3, number=number)
        for number, words in ((3, "N"), (1, "2 等了很"), (2, "久，没有人"))
    ]
    for piece in pieces:
        await tell(running, piece)
    assert await grades(case) == [("sms", 2)]
    (found,) = await cases.evaluations_of(account_no=case.account_no, case_id=case.case_id)
    assert found.comment == "等了很久，没有人N"
    assert await database.value("SELECT count(*) FROM sms_opt_out") == 0
    await tell(running, pieces[1])
    assert len(await states()) == 1


@pytest.mark.parametrize("words", ["6", "0", "15", "5.5", "好", "", " ", "-1", "5\x00", "谢谢5", "💯"])
async def test_what_is_no_grade_changes_nothing(running: RunningHouse, words: str) -> None:
    case, mobile = await invited(running)
    await tell(running, text(mobile, words, at=running.clock()))
    expected = [("sms", 5)] if words.replace("\x00", "") == "5" else []
    assert await grades(case) == expected
    assert [state for state, _ in await states()] == ["done"]


@pytest.mark.parametrize("mobile", ["13911119999", "10086", "1065712345678", "abc", "+8613911119999"])
async def test_strangers_evaluate_nothing(running: RunningHouse, mobile: str) -> None:
    case, _ = await invited(running)
    await tell(running, text(mobile, "1", at=running.clock()))
    assert await grades(case) == []
    ((state, _),) = await states()
    assert state == ("done" if mobile.endswith("13911119999") else "quarantined")


async def test_opting_out_is_no_evaluation(running: RunningHouse) -> None:
    case, mobile = await invited(running)
    await tell(running, text(mobile, "T", at=running.clock()))
    assert await grades(case) == [] and await states() == []
    assert await database.value("SELECT count(*) FROM sms_opt_out") == 1
