"""A gateway at work and links to it, for the tests of connections and carriers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from notifications.carriers.cmpp.connection import CmppConnection, connect
from notifications.carriers.cmpp.messages import Deliver, Submit
from notifications.carriers.cmpp.settings import LinkSettings
from notifications.carriers.cmpp.simulator import CmppGateway

NOW = datetime(2026, 11, 29, 7, 30, tzinfo=UTC)
SECRET = "secret-of-the-test"
MOBILE = "13800001234"


def settings(port: int, **change: object) -> LinkSettings:
    base = LinkSettings(
        name="mobile",
        host="127.0.0.1",
        port=port,
        source="901234",
        secret=SECRET,
        answer_seconds=0.1,
        connect_seconds=0.5,
        back_off_seconds=0.01,
        back_off_seconds_max=0.02,
    )
    return replace(base, **change)


def submit_of(mobile: str = MOBILE, text: str = "您好") -> Submit:
    return Submit(
        service_id="GJJ",
        fmt=8,
        msg_src="901234",
        src_id="10657123",
        destinations=(mobile,),
        content=text.encode("utf-16-be"),
    )


@asynccontextmanager
async def gateway_at_work() -> AsyncIterator[tuple[CmppGateway, int]]:
    gateway = CmppGateway(secrets={"901234": SECRET}, clock=lambda: NOW)
    port = await gateway.start()
    try:
        yield gateway, port
    finally:
        await gateway.stop()


def port_of(gateway: CmppGateway) -> int:
    assert gateway._server is not None
    return int(gateway._server.sockets[0].getsockname()[1])


@dataclass
class Kept:
    """What came in; `broken` makes the keeping fail."""

    delivers: list[Deliver] = field(default_factory=list)
    broken: bool = False

    async def __call__(self, delivers: list[Deliver]) -> None:
        if self.broken:
            raise OSError("the store is away")
        self.delivers.extend(delivers)


async def opened(gateway: CmppGateway, *, kept: Kept | None = None, **change: object) -> CmppConnection:
    return await connect(settings=settings(port_of(gateway), **change), deliver=kept or Kept(), now=NOW)
