"""The carriers of the contract suite, each with its simulator over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from starlette.applications import Starlette

from channels.simulation import Faults
from channels.wire import SignatureCheck, SignedClient
from domain.kernel.dates import business_date_of
from notifications.carriers.agent import AgentCarrier
from notifications.carriers.agent.simulator import SmsSimulator
from notifications.carriers.aliyun import AliyunCarrier, AliyunSettings
from notifications.carriers.aliyun.simulator import AliyunSimulator
from notifications.carriers.cloud_mas import CloudMasCarrier, CloudMasSettings, read_reports
from notifications.carriers.cloud_mas.simulator import CloudMasSimulator
from notifications.carriers.cmpp import CmppCarrier, CmppSettings
from notifications.carriers.cmpp.pdu import V20, V30
from notifications.carriers.cmpp.settings import LinkSettings
from notifications.carriers.cmpp.simulator import CmppGateway
from notifications.ports import Carrier, InboundSms, OutgoingSms, Receipt
from tests.loopback import serve

SECRET = "carrier-secret-of-the-test"
MOBILE = "13800001234"

MESSAGE = OutgoingSms(
    message_id=7_001,
    mobile=MOBILE,
    text="【北京公积金】您的无房租房提取申请（办件编号1）已通过初审，正在复审，请耐心等待。",
    parts=1,
    template="withdrawal.preliminary_passed",
    variables={"case_no": "1"},
)


def now() -> datetime:
    # The SDK stamps its requests by the machine's clock, so the simulators go by it too.
    return datetime.now(UTC)


def today() -> date:
    return business_date_of(now())


@dataclass(frozen=True, kw_only=True)
class World:
    """`patient` waits five seconds, `impatient` less; `taken` counts what the carrier has under a number. `query` is
    empty for a carrier that is asked nothing: `reports` gives what it has told of its own accord. `balance` is the
    operation that asks for it, empty where there is none; `pay` sets what is left."""

    patient: Carrier
    impatient: Carrier
    faults: Faults
    submit: str
    query: str
    taken: Callable[[int], int]
    reports: Callable[[], Sequence[Receipt]] = tuple
    balance: str = ""
    pay: Callable[[int], None] = lambda parts: None
    refuse_number: dict[str, Any]
    refuse_carrier: dict[str, Any]
    failed_receipt: dict[str, Any]

    def fault(self, mode: str, *, operation: str = "", **detail: object) -> None:
        self.faults.add(operation=operation or self.submit, mode=mode, times=1, detail=detail)  # type: ignore[arg-type]


@asynccontextmanager
async def agent(*, secret: str = SECRET, template: str = MESSAGE.template) -> AsyncIterator[World]:
    faults = Faults()
    simulator = SmsSimulator(
        carriers=["national"],
        faults=faults,
        check=SignatureCheck(secrets_by_app={"hpf": SECRET.encode()}, clock=now),
        clock=now,
    )
    async with AsyncExitStack() as stack:
        base_url = await stack.enter_async_context(serve(Starlette(routes=simulator.routes())))

        async def carrier(timeout_seconds: float) -> AgentCarrier:
            wire = SignedClient(
                partner="sms",
                base_url=base_url,
                app="hpf",
                secret=secret.encode(),
                timeout_seconds=timeout_seconds,
            )
            return AgentCarrier(name="national", wire=await stack.enter_async_context(wire))

        yield World(
            patient=await carrier(5),
            impatient=await carrier(0.3),
            faults=faults,
            submit="submit",
            query="query",
            balance="balance",
            pay=lambda parts: simulator.left.update(national=parts),
            taken=lambda number: int(("national", str(number)) in simulator.messages),
            refuse_number={"code": "1002"},
            refuse_carrier={"code": "2001"},
            failed_receipt={"receipt": "UNDELIV"},
        )


def package(left: str, *, unit: str = "条", state: str = "Available") -> dict[str, str]:
    """A prepaid package as Aliyun's billing service lists it."""
    return {"InstanceId": "p", "RemainingAmount": left, "RemainingAmountUnit": unit, "Status": state}


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
                    billing_endpoint=base_url.removeprefix("http://"),
                    scheme="http",
                    timeout_seconds=timeout_seconds,
                )
            )

        def pay(parts: int) -> None:
            simulator.packages = [package(f"{parts}"), package("7", unit="万条", state="Expired")]

        yield World(
            balance="QueryResourcePackageInstances",
            pay=pay,
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


@asynccontextmanager
async def cloud_mas(*, secret: str = SECRET, template: str = MESSAGE.template) -> AsyncIterator[World]:
    faults = Faults()
    simulator = CloudMasSimulator(
        ec_name="公积金中心", ap_id="hpf", secret_key=SECRET, sign="SIGN1", faults=faults, clock=now
    )
    async with AsyncExitStack() as stack:
        base_url = await stack.enter_async_context(serve(Starlette(routes=simulator.routes())))

        def carrier(timeout_seconds: float) -> CloudMasCarrier:
            made = CloudMasCarrier(
                settings=CloudMasSettings(
                    base_url=base_url,
                    ec_name="公积金中心",
                    ap_id="hpf",
                    secret_key=secret,
                    sign="SIGN1",
                    serial_digits=4,
                    timeout_seconds=timeout_seconds,
                )
            )
            stack.push_async_callback(made.aclose)
            return made

        yield World(
            patient=carrier(5),
            impatient=carrier(0.3),
            faults=faults,
            submit="submit",
            query="",
            taken=lambda number: sum(one.add_serial == f"{number % 10_000:04d}" for one in simulator.taken),
            reports=lambda: (
                read_reports(simulator.reports(), carrier="cloud_mas", now=now()) if simulator.taken else []
            ),
            refuse_number={"code": "IllegalMobile"},
            refuse_carrier={"code": "NotEnoughBalance"},
            failed_receipt={"stat": "UNDELIV"},
        )


@asynccontextmanager
async def _cmpp(version: int, secret: str) -> AsyncIterator[World]:
    gateway = CmppGateway(secrets={"901234": SECRET}, clock=now, connections_max=2)
    port = await gateway.start()
    told: list[Receipt] = []

    async def take(receipts: Sequence[Receipt], inbound: Sequence[InboundSms]) -> None:
        told.extend(receipts)

    async with AsyncExitStack() as stack:

        async def carrier(answer_seconds: float) -> CmppCarrier:
            link = LinkSettings(
                name="mobile",
                host="127.0.0.1",
                port=port,
                source="901234",
                secret=secret,
                version=version,
                answer_seconds=answer_seconds,
                connect_seconds=2,
                back_off_seconds=0.02,
            )
            made = CmppCarrier(
                settings=CmppSettings(link=link, service_id="GJJ", src_id="10657123", serial_digits=4), clock=now
            )
            holding = asyncio.create_task(made.hold(take=take))
            stack.push_async_callback(_ended, holding)
            await until(lambda: made.online or made.link.news.state == "refused")
            return made

        patient, impatient = await carrier(5), await carrier(0.3)
        gateway.faults.forget_calls()
        try:
            yield World(
                patient=patient,
                impatient=impatient,
                faults=gateway.faults,
                submit="submit",
                query="",
                taken=lambda number: sum(one.src_id == f"10657123{number % 10_000:04d}" for one in gateway.taken),
                reports=lambda: told,
                refuse_number={"code": "13"},
                refuse_carrier={"code": "10"},
                failed_receipt={"stat": "UNDELIV"},
            )
        finally:
            await stack.aclose()
            await gateway.stop()


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def until(condition: Callable[[], bool]) -> None:
    """Waits, five seconds at most, for what happens in another task of this loop."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - neither gateway nor link has an event for it
            await asyncio.sleep(0.005)


def cmpp_20(*, secret: str = SECRET, template: str = MESSAGE.template) -> AbstractAsyncContextManager[World]:
    return _cmpp(V20, secret)


def cmpp_30(*, secret: str = SECRET, template: str = MESSAGE.template) -> AbstractAsyncContextManager[World]:
    return _cmpp(V30, secret)


Start = Callable[..., AbstractAsyncContextManager[World]]
EVERY: list[Start] = [agent, aliyun, cloud_mas, cmpp_20, cmpp_30]
TELLING_BALANCE: list[Start] = [agent, aliyun]
