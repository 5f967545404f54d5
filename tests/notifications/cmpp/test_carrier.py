"""The carrier above a long connection: whole messages, receipts, texts from outside, a link that comes back."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from notifications.carriers.cmpp.carrier import CmppCarrier, CmppSettings
from notifications.carriers.cmpp.messages import Deliver
from notifications.carriers.cmpp.simulator import CmppGateway
from notifications.ports import InboundSms, OutgoingSms, Receipt
from tests.contracts.sms_worlds import until
from tests.notifications.cmpp.links import MOBILE, NOW, SECRET, port_of, settings


@dataclass
class Told:
    receipts: list[Receipt] = field(default_factory=list)
    inbound: list[InboundSms] = field(default_factory=list)

    async def __call__(self, receipts: Sequence[Receipt], inbound: Sequence[InboundSms]) -> None:
        self.receipts.extend(receipts)
        self.inbound.extend(inbound)


@asynccontextmanager
async def carrier_at_work(
    gateway: CmppGateway, *, told: Told | None = None, **change: object
) -> AsyncIterator[CmppCarrier]:
    carrier = CmppCarrier(
        settings=CmppSettings(
            link=settings(port_of(gateway), **change), service_id="GJJ", src_id="10657123", serial_digits=4
        ),
        clock=lambda: NOW,
    )
    holding = asyncio.create_task(carrier.hold(take=told or Told()))
    try:
        yield carrier
    finally:
        holding.cancel()
        await asyncio.wait([holding])


def message_of(text: str, number: int = 7_001) -> OutgoingSms:
    return OutgoingSms(message_id=number, mobile=MOBILE, text=text, parts=1)


async def test_a_long_message_is_put_together_again(gateway: CmppGateway) -> None:
    told = Told()
    text = "【北京公积金】" + "您的提取申请已受理😀" * 20
    async with carrier_at_work(gateway, told=told) as carrier:
        await until(lambda: carrier.online)
        outcome = await carrier.submit(message=message_of(text), now=NOW)
        assert (outcome.status, list(outcome.part_ids)) == ("accepted", [1, 2, 3, 4])
        await until(lambda: len(told.receipts) == 4)
    (whole,) = gateway.messages()
    assert (whole["text"], whole["parts"]) == (text, 4)
    assert {receipt.carrier_id for receipt in told.receipts} == set(outcome.part_ids.values())


async def test_a_part_that_is_refused_leaves_what_was_taken_to_be_counted(gateway: CmppGateway) -> None:
    async with carrier_at_work(gateway) as carrier:
        await until(lambda: carrier.online)
        gateway.faults.add(operation="submit", mode="normal", times=1)
        gateway.faults.add(operation="submit", mode="refuse", detail={"code": 10})
        outcome = await carrier.submit(message=message_of("字" * 100), now=NOW)
        assert (outcome.status, outcome.elsewhere, list(outcome.part_ids)) == ("rejected", True, [1])


async def test_flow_control_is_waited_out(gateway: CmppGateway) -> None:
    async with carrier_at_work(gateway) as carrier:
        await until(lambda: carrier.online)
        gateway.faults.add(operation="submit", mode="refuse", times=1, detail={"code": 8})
        assert (await carrier.submit(message=message_of("您好"), now=NOW)).status == "accepted"
        assert gateway.faults.counts["cmpp.submit"] == 2


async def test_the_link_comes_back_by_itself(gateway: CmppGateway) -> None:
    async with carrier_at_work(gateway) as carrier:
        await until(lambda: carrier.online)
        gateway.drop_all()
        await until(lambda: len(gateway.logins) == 2 and carrier.online)
        assert (await carrier.submit(message=message_of("您好"), now=NOW)).status == "accepted"
    assert carrier.online is False


async def test_without_a_connection_another_carrier_may_take_it(gateway: CmppGateway) -> None:
    gateway.faults.add(operation="connect", mode="refuse", detail={"code": 3})
    async with carrier_at_work(gateway) as carrier:
        await until(lambda: carrier.link.news.state == "refused")
        outcome = await carrier.submit(message=message_of("您好"), now=NOW)
        assert (outcome.status, outcome.code, outcome.elsewhere) == ("rejected", "not_connected", True)
        assert carrier.condition == "登录被拒（3）"


async def test_texts_and_reports_from_outside(gateway: CmppGateway) -> None:
    told = Told()
    async with carrier_at_work(gateway, told=told) as carrier:
        await until(lambda: carrier.online)
        gateway.text_from(mobile="+8613800001234", dest_id="106571230001", content=b"TD", fmt=0)
        gateway.say(Deliver(msg_id=9, dest_id="1", service_id="", fmt=0, source="", report=True, content=b"short"))
        await carrier.submit(message=message_of("您好", number=17_001), now=NOW)
        await until(lambda: len(told.receipts) == 1)
    (text,) = told.inbound
    assert (text.mobile, text.text, text.dest) == (MOBILE, "TD", "106571230001")
    (receipt,) = told.receipts
    assert (receipt.mobile, receipt.extension, receipt.status) == (MOBILE, "7001", "delivered")
    assert MOBILE not in repr(text) + repr(receipt) and SECRET not in repr(carrier.settings)
