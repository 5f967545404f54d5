"""What the tests of sending share: messages in PostgreSQL, and two simulated carriers over real HTTP."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.applications import Starlette

from channels.simulation import Faults
from channels.wire import SignatureCheck, SignedClient
from domain.kernel import database as store
from domain.kernel import vault
from domain.kernel.identifiers import new_id
from notifications.carriers.agent import AgentCarrier
from notifications.carriers.agent.client import SETTLING_SECONDS
from notifications.carriers.agent.simulator import SmsSimulator
from notifications.ports import Receipt
from notifications.queueing import enqueue
from notifications.routing import Carriers
from notifications.sending import send_due
from tests.loopback import serve

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SETTLED = timedelta(seconds=SETTLING_SECONDS)
MOBILE = "13812345678"
_SECRET = b"carrier-secret-of-the-test"


@dataclass(frozen=True, kw_only=True)
class World:
    """Two carriers, `mobile` preferred; the simulator's clock stands, ours is a parameter."""

    base_url: str
    faults: Faults
    simulator: SmsSimulator
    carriers: Carriers
    impatient: Carriers

    @property
    def taken(self) -> list[tuple[str, int]]:
        return [(carrier, int(number)) for carrier, number in self.simulator.messages]


@asynccontextmanager
async def carriers_at_work() -> AsyncIterator[World]:
    """Also installs a vault of its own."""
    vault.install(vault.Vault(os.urandom(32)))
    faults = Faults()
    simulator = SmsSimulator(
        carriers=["mobile", "agent"],
        faults=faults,
        check=SignatureCheck(secrets_by_app={"hpf": _SECRET}, clock=lambda: NOW),
        clock=lambda: NOW,
    )
    async with AsyncExitStack() as stack:
        base_url = await stack.enter_async_context(serve(Starlette(routes=simulator.routes())))

        async def carrier(name: str, timeout_seconds: float) -> AgentCarrier:
            wire = SignedClient(
                partner="sms", base_url=base_url, app="hpf", secret=_SECRET, timeout_seconds=timeout_seconds
            )
            return AgentCarrier(name=name, wire=await stack.enter_async_context(wire))

        yield World(
            base_url=base_url,
            faults=faults,
            simulator=simulator,
            carriers=Carriers(in_order=[await carrier("mobile", 5), await carrier("agent", 5)]),
            impatient=Carriers(in_order=[await carrier("mobile", 0.3), await carrier("agent", 0.3)]),
        )


@dataclass(frozen=True, kw_only=True)
class Queued:
    account_no: int
    message_id: int

    async def send(self, carriers: Carriers, *, after: timedelta = timedelta()) -> str:
        return await send_due(
            account_no=self.account_no, message_id=self.message_id, carriers=carriers, now=NOW + after
        )

    async def row(self) -> dict[str, object]:
        found = await store.row(
            "SELECT * FROM sms_message WHERE account_no = $1 AND message_id = $2",
            self.account_no,
            self.message_id,
        )
        assert found is not None
        return dict(found)

    async def state(self) -> object:
        return (await self.row())["state"]

    def receipt(self, status: str, *, carrier: str = "mobile") -> Receipt:
        return Receipt(
            carrier=carrier,
            message_id=self.message_id,
            carrier_id="c1",
            status=status,  # type: ignore[arg-type]
            code="DELIVRD" if status == "delivered" else "UNDELIV",
            received_at=NOW + timedelta(seconds=3),
        )


async def queue(
    *,
    account_no: int | None = None,
    event_id: int | None = None,
    mobile: str = MOBILE,
    now: datetime = NOW,
    template: str = "withdrawal.preliminary_passed",
) -> Queued:
    account_no = account_no or new_id()
    variables = {"name": "无房租房提取", "case_no": "C1"}
    if template == "login.new_device":
        variables = {"at": "11月23日", "device": "微信"}
    async with store.transaction() as tx:
        message_id = await enqueue(
            tx,
            account_no=account_no,
            event_id=event_id or new_id(),
            template=template,
            variables=variables,
            mobile=mobile,
            now=now,
        )
    return Queued(account_no=account_no, message_id=message_id)


async def eventually(condition: Callable[[], bool]) -> None:
    """Waits, five seconds at most, for what happens in another task of this loop."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the simulator has no event to wait for
            await asyncio.sleep(0.005)
