"""Exchange's work in the background: pushes of e窗通 and social security worked on, records that follow their lists,
results told."""

from __future__ import annotations

from datetime import datetime

from starlette.routing import BaseRoute

from channels import inbound
from channels.employer_portal import EMBEDDED_ENTER
from channels.exchange import ExchangeDoor, body_of, push_of
from channels.inbound import Message, NotYet
from channels.wire import SignatureCheck
from domain import cases, exchange
from domain.exchange import Source
from domain.kernel.dates import business_date_of
from ops import telemetry
from ops.wiring import House


def routes(house: House) -> list[BaseRoute]:
    """The doors of both partners."""
    return [*_door(house, "ewindow"), *_door(house, "social_security")]


async def take_push(house: House, message: Message, now: datetime) -> str:
    """One message that the door has kept; any kind of either source."""
    push = push_of(message)
    try:
        outcome = await exchange.take(
            push=push,
            body=body_of(message),
            registries=house.person_registries,
            now=now,
            business_date=business_date_of(now),
        )
    except exchange.Waiting as waiting:
        raise NotYet(waiting.reason) from None
    telemetry.EXCHANGED.labels(source=push.source, kind=push.kind, state=outcome.state).inc()
    return outcome.said


HANDLERS = {source: dict.fromkeys(kinds, take_push) for source, kinds in exchange.KINDS_OF.items()}


async def sweep(house: House, now: datetime) -> int:
    """Ends what has taken effect, and tells partners that are not switched off."""
    moved = await exchange.follow(now=now) + await _give_up(now)
    partners = {
        source: partner for source, partner in house.exchange_partners.items() if not await cases.is_off(channel=source)
    }
    told = await exchange.tell_due(partners=partners, now=now) if partners else 0
    telemetry.EXCHANGE_TOLD.inc(told)
    return moved + told


async def _give_up(now: datetime) -> int:
    """Records whose message has gone into quarantine while they waited: nothing happens by itself any more."""
    given_up = 0
    for source, message_no in await exchange.waiting(before=now):
        if await inbound.is_quarantined(channel=source, key=message_no):
            await exchange.give_up(source=source, message_no=message_no, now=now)
            given_up += 1
    return given_up


async def observe() -> None:
    for what, count in (await exchange.waiting_counts()).items():
        telemetry.EXCHANGE_OPEN.labels(what=what).set(count)


def _door(house: House, source: Source) -> list[BaseRoute]:
    """The partner's own name and secret; the entry into the list page where an origin may embed it."""
    settings = house.settings
    app, secret = (
        (settings.ewindow_app, settings.ewindow_secret)
        if source == "ewindow"
        else (settings.social_security_app, settings.social_security_secret)
    )
    embedded = source == "ewindow" and settings.ewindow_origin is not None
    door = ExchangeDoor(
        source=source,
        check=SignatureCheck(secrets_by_app={app: secret.get_secret_value().encode()}, clock=house.clock),
        clock=house.clock,
        traffic=house.traffic,
        entry_url=f"{settings.public_url}{EMBEDDED_ENTER}" if embedded else None,
    )
    return [*door.routes()]
