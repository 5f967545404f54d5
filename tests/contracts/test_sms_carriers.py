"""Contract of an SMS carrier: one suite, every carrier against its simulator over real sockets."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from notifications.ports import Carrier, Funded, OutgoingSms
from tests.contracts.sms_worlds import EVERY, MESSAGE, MOBILE, TELLING_BALANCE, Start, World, now, today, until

FUNDED = pytest.mark.parametrize("start", TELLING_BALANCE, indirect=True, ids=lambda start: start.__name__)


@pytest.fixture(params=EVERY, ids=lambda start: start.__name__)
def start(request: pytest.FixtureRequest) -> Start:
    chosen: Start = request.param
    return chosen


@pytest.fixture
async def world(start: Start) -> AsyncIterator[World]:
    async with start() as world:
        yield world


async def end_of(world: World, message: OutgoingSms = MESSAGE) -> str:
    """How the message ended: asked, or told by a report; `not_found` when the carrier never had it."""
    if world.query:
        return await ask(world.patient, message)
    serial = f"{message.message_id % 10_000:04d}"
    if not world.taken(message.message_id):
        return "not_found"
    await until(lambda: any(one.extension == serial for one in world.reports()))
    (report,) = (one for one in world.reports() if one.extension == serial)
    assert report.mobile == message.mobile
    return report.status


async def ask(carrier: Carrier, message: OutgoingSms = MESSAGE) -> str:
    outcome = await carrier.query(message_id=message.message_id, mobile=message.mobile, sent_on=today(), now=now())
    return outcome.status


async def test_a_message_is_accepted_and_delivered(world: World) -> None:
    outcome = await world.patient.submit(message=MESSAGE, now=now())
    assert outcome.status == "accepted" and outcome.carrier_id
    assert world.taken(MESSAGE.message_id) == 1
    assert await end_of(world) == "delivered"


async def test_what_was_never_submitted_is_not_found(world: World) -> None:
    await world.patient.submit(message=replace(MESSAGE, message_id=7_002), now=now())
    # who cannot be asked does not know: only a carrier's own word lets a message go out again
    assert await ask(world.patient) == ("not_found" if world.query else "unknown")


async def test_a_message_that_was_not_delivered(world: World) -> None:
    world.fault("normal", **world.failed_receipt)
    assert (await world.patient.submit(message=MESSAGE, now=now())).status == "accepted"
    assert await end_of(world) == "failed"


async def test_a_refusal_of_the_number_is_final(world: World) -> None:
    world.fault("refuse", **world.refuse_number)
    outcome = await world.patient.submit(message=MESSAGE, now=now())
    assert (outcome.status, outcome.code, outcome.elsewhere) == (
        "rejected",
        world.refuse_number["code"],
        False,
    )
    assert world.taken(MESSAGE.message_id) == 0


async def test_a_malformed_number_is_refused(world: World) -> None:
    outcome = await world.patient.submit(message=replace(MESSAGE, mobile="010-62781234"), now=now())
    assert (outcome.status, outcome.elsewhere) == ("rejected", False)
    assert world.taken(MESSAGE.message_id) == 0


async def test_a_refusal_for_the_carriers_own_reason_may_go_elsewhere(world: World) -> None:
    world.fault("refuse", **world.refuse_carrier)
    outcome = await world.patient.submit(message=MESSAGE, now=now())
    assert (outcome.status, outcome.code, outcome.elsewhere) == (
        "rejected",
        world.refuse_carrier["code"],
        True,
    )
    assert world.taken(MESSAGE.message_id) == 0


async def test_an_unlisted_code_is_unknown(world: World) -> None:
    world.fault("refuse", code="77")
    assert (await world.patient.submit(message=MESSAGE, now=now())).status == "unknown"


@pytest.mark.parametrize("mode", ["timeout", "error500", "garbage"])
@pytest.mark.parametrize(("stage", "found", "taken"), [("before", "not_found", 0), ("after", "delivered", 1)])
async def test_no_clear_answer_is_unknown_and_not_repeated(
    world: World, mode: str, stage: str, found: str, taken: int
) -> None:
    world.fault(mode, stage=stage)
    outcome = await world.impatient.submit(message=MESSAGE, now=now())
    assert (outcome.status, outcome.elsewhere) == ("unknown", False)
    assert sum(count for name, count in world.faults.counts.items() if name.endswith(world.submit)) == 1
    assert (await end_of(world), world.taken(MESSAGE.message_id)) == (found, taken)


@pytest.mark.parametrize("mode", ["timeout", "error500", "garbage"])
async def test_a_query_without_a_clear_answer_is_unknown(world: World, mode: str) -> None:
    if not world.query:
        pytest.skip("this carrier is asked nothing")
    await world.patient.submit(message=MESSAGE, now=now())
    world.fault(mode, operation=world.query)
    assert await ask(world.impatient) == "unknown"
    assert await ask(world.patient) == "delivered"


async def test_a_slow_carrier_is_waited_for(world: World) -> None:
    world.fault("slow", seconds=0.1)
    assert (await world.patient.submit(message=MESSAGE, now=now())).status == "accepted"


async def test_a_wrong_secret_sends_nothing(start: Start) -> None:
    async with start(secret="another-secret") as world:
        outcome = await world.patient.submit(message=MESSAGE, now=now())
        assert outcome.status != "accepted"
        assert await ask(world.patient) == "unknown"
        assert world.taken(MESSAGE.message_id) == 0


async def balance_of(carrier: Carrier) -> int | None:
    return await carrier.balance_parts(now=now()) if isinstance(carrier, Funded) else None


async def test_the_balance_is_told_or_it_is_said_why_not(world: World) -> None:
    world.pay(20_000)
    if world.balance:
        assert isinstance(world.patient, Funded) and await balance_of(world.patient) == 20_000
    else:
        assert not isinstance(world.patient, Funded)
        assert "没有余额查询" in world.patient.no_balance  # type: ignore[attr-defined]


@FUNDED
@pytest.mark.parametrize(
    ("mode", "detail"), [("timeout", {}), ("error500", {}), ("garbage", {}), ("refuse", {}), ("refuse", {"code": "77"})]
)
async def test_no_clear_answer_about_the_balance_is_no_empty_purse(
    world: World, mode: str, detail: dict[str, str]
) -> None:
    world.pay(20_000)
    world.fault(mode, operation=world.balance, **detail)
    assert await balance_of(world.impatient) is None
    assert await balance_of(world.patient) == 20_000


@FUNDED
async def test_a_slow_answer_about_the_balance_is_waited_for(world: World) -> None:
    world.pay(3)
    world.fault("slow", operation=world.balance, seconds=0.1)
    assert await balance_of(world.patient) == 3


async def test_nothing_personal_is_printed() -> None:
    assert MOBILE not in repr(MESSAGE) and "办件" not in repr(MESSAGE)
