"""Contract of an SMS carrier: one suite, every carrier against its simulator over real HTTP."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from starlette.applications import Starlette

from channels.simulation import Faults
from channels.wire import SignatureCheck, SignedClient
from domain.kernel.dates import business_date_of
from notifications.carriers.aliyun import AliyunCarrier, AliyunSettings
from notifications.carriers.aliyun.simulator import AliyunSimulator
from notifications.carriers.simulated_http import SimulatedHttpCarrier
from notifications.carriers.simulated_http.simulator import SmsSimulator
from notifications.ports import Carrier, OutgoingSms
from tests.loopback import serve

SECRET = "carrier-secret-of-the-test"
MOBILE = "13800001234"

MESSAGE = OutgoingSms(
    message_id=7_001,
    mobile=MOBILE,
    text="【北京公积金】您的无房租房提取申请（办件编号1）已通过初审，正在复审，请耐心等待。",
    parts=1,
    template="rent_withdrawal.preliminary_passed",
    variables={"case_no": "1"},
)


def now() -> datetime:
    # The SDK stamps its requests by the machine's clock, so the simulators go by it too.
    return datetime.now(UTC)


def today() -> date:
    return business_date_of(now())


@dataclass(frozen=True, kw_only=True)
class World:
    """`patient` waits five seconds, `impatient` less; `taken` counts what the carrier has under a number."""

    patient: Carrier
    impatient: Carrier
    faults: Faults
    submit: str
    query: str
    taken: Callable[[int], int]
    refuse_number: dict[str, Any]
    refuse_carrier: dict[str, Any]
    failed_receipt: dict[str, Any]

    def fault(self, mode: str, *, operation: str = "", **detail: object) -> None:
        self.faults.add(operation=operation or self.submit, mode=mode, times=1, detail=detail)  # type: ignore[arg-type]


@asynccontextmanager
async def simulated_http(*, secret: str = SECRET, template: str = MESSAGE.template) -> AsyncIterator[World]:
    faults = Faults()
    simulator = SmsSimulator(
        carriers=["national"],
        faults=faults,
        check=SignatureCheck(secrets_by_app={"hpf": SECRET.encode()}, clock=now),
        clock=now,
    )
    async with AsyncExitStack() as stack:
        base_url = await stack.enter_async_context(serve(Starlette(routes=simulator.routes())))

        async def carrier(timeout_seconds: float) -> SimulatedHttpCarrier:
            wire = SignedClient(
                partner="sms",
                base_url=base_url,
                app="hpf",
                secret=secret.encode(),
                timeout_seconds=timeout_seconds,
            )
            return SimulatedHttpCarrier(name="national", wire=await stack.enter_async_context(wire))

        yield World(
            patient=await carrier(5),
            impatient=await carrier(0.3),
            faults=faults,
            submit="submit",
            query="query",
            taken=lambda number: int(("national", str(number)) in simulator.messages),
            refuse_number={"code": "1002"},
            refuse_carrier={"code": "2001"},
            failed_receipt={"receipt": "UNDELIV"},
        )


@asynccontextmanager
async def aliyun(*, secret: str = SECRET, template: str = MESSAGE.template) -> AsyncIterator[World]:
    faults = Faults()
    simulator = AliyunSimulator(
        access_key_id="LTAI-of-the-test",
        access_key_secret=SECRET,
        sign_name="北京公积金",
        templates=frozenset({"SMS_100000001"}),
        faults=faults,
        clock=now,
    )
    async with serve(Starlette(routes=simulator.routes())) as base_url:

        def carrier(timeout_seconds: int) -> AliyunCarrier:
            return AliyunCarrier(
                settings=AliyunSettings(
                    access_key_id="LTAI-of-the-test",
                    access_key_secret=secret,
                    template_codes={template: "SMS_100000001"},
                    endpoint=base_url.removeprefix("http://"),
                    scheme="http",
                    timeout_seconds=timeout_seconds,
                )
            )

        yield World(
            patient=carrier(5),
            impatient=carrier(1),
            faults=faults,
            submit="SendSms",
            query="QuerySendDetails",
            taken=lambda number: sum(detail.out_id == str(number) for detail in simulator.sent),
            refuse_number={"code": "isv.MOBILE_NUMBER_ILLEGAL"},
            refuse_carrier={"code": "isv.AMOUNT_NOT_ENOUGH"},
            failed_receipt={"send_status": 2, "err_code": "UNDELIV"},
        )


Start = Callable[..., AbstractAsyncContextManager[World]]
EVERY: list[Start] = [simulated_http, aliyun]


@pytest.fixture(params=EVERY, ids=lambda start: start.__name__)
def start(request: pytest.FixtureRequest) -> Start:
    chosen: Start = request.param
    return chosen


@pytest.fixture
async def world(start: Start) -> AsyncIterator[World]:
    async with start() as world:
        yield world


async def ask(carrier: Carrier, message: OutgoingSms = MESSAGE) -> str:
    outcome = await carrier.query(message_id=message.message_id, mobile=message.mobile, sent_on=today(), now=now())
    return outcome.status


async def test_a_message_is_accepted_and_delivered(world: World) -> None:
    outcome = await world.patient.submit(message=MESSAGE, now=now())
    assert outcome.status == "accepted" and outcome.carrier_id
    assert world.taken(MESSAGE.message_id) == 1
    assert await ask(world.patient) == "delivered"


async def test_what_was_never_submitted_is_not_found(world: World) -> None:
    await world.patient.submit(message=replace(MESSAGE, message_id=7_002), now=now())
    assert await ask(world.patient) == "not_found"


async def test_a_message_that_was_not_delivered(world: World) -> None:
    world.fault("normal", **world.failed_receipt)
    assert (await world.patient.submit(message=MESSAGE, now=now())).status == "accepted"
    assert await ask(world.patient) == "failed"


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
    world.fault("refuse", code="7777")
    assert (await world.patient.submit(message=MESSAGE, now=now())).status == "unknown"


@pytest.mark.parametrize("mode", ["timeout", "error500", "garbage"])
@pytest.mark.parametrize(("stage", "found", "taken"), [("before", "not_found", 0), ("after", "delivered", 1)])
async def test_no_clear_answer_is_unknown_and_not_repeated(
    world: World, mode: str, stage: str, found: str, taken: int
) -> None:
    world.fault(mode, stage=stage)
    outcome = await world.impatient.submit(message=MESSAGE, now=now())
    assert (outcome.status, outcome.elsewhere) == ("unknown", False)
    assert sum(world.faults.counts.values()) == 1
    assert (await ask(world.patient), world.taken(MESSAGE.message_id)) == (found, taken)


@pytest.mark.parametrize("mode", ["timeout", "error500", "garbage"])
async def test_a_query_without_a_clear_answer_is_unknown(world: World, mode: str) -> None:
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


async def test_nothing_personal_is_printed() -> None:
    assert MOBILE not in repr(MESSAGE) and "办件" not in repr(MESSAGE)
