"""市统一申办受理平台 in the background: what it hands us worked on, what becomes of it told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from starlette.routing import BaseRoute, Route

from channels.city_platform.door import APP, CityDoor
from channels.city_platform.messages import file_of
from channels.city_platform.simulator import CityPlatformSimulator
from channels.inbound import Message, NotYet, finish
from channels.simulation import Faults
from channels.wire import SignatureCheck
from domain import cases, city_applications, contributions, transfers
from domain.city_applications import ApplicationView, DueReport, Handed, HandedFile, IssuedPaper, TooEarly
from domain.kernel.database import transaction
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import Refused
from ops import telemetry
from ops.settings import Settings
from ops.wiring import Clock, House

if TYPE_CHECKING:
    from ops.subscriptions import Event

PARTNER = "city_platform"
AT_ONCE = 16
_OUTCOME_OF_CASE = {"completed": "completed", "cancelled": "withdrawn"}
_OUTCOME_OF_MATTER = {"done": "completed", "refused": "refused", "withdrawn": "withdrawn"}
_OUTCOME_OF_TRANSFER = {"00": "completed", "20": "completed", "05": "withdrawn"}


def routes(house: House) -> list[BaseRoute]:
    secret = house.settings.city_secret.get_secret_value().encode()
    door = CityDoor(
        check=SignatureCheck(secrets_by_app={APP: secret}, clock=house.clock), clock=house.clock, traffic=house.traffic
    )
    return [*door.routes()]


def simulator_routes(settings: Settings, *, faults: Faults, clock: Clock) -> list[Route]:
    secret = settings.city_secret.get_secret_value().encode()
    return CityPlatformSimulator(
        url=settings.public_url,
        secret=secret,
        check=SignatureCheck(secrets_by_app={settings.city_app: secret}, clock=clock),
        faults=faults,
        clock=clock,
    ).routes()


async def push_due(house: House, *, most: int = AT_ONCE) -> int:
    """One round of reports; returns how many the platform has now."""
    if await cases.is_off(channel=PARTNER):
        return 0
    due = await city_applications.claim_reports(now=house.clock(), most=most)
    told = await asyncio.gather(*(_push(house, one) for one in due), return_exceptions=True)
    for result in told:
        if isinstance(result, BaseException):
            raise result
    return sum(bool(result) for result in told)


async def _push(house: House, due: DueReport) -> bool:
    report = await city_applications.with_document(due=due, now=house.clock())
    reported = await house.city.report(report=report, now=house.clock())
    telemetry.CITY_REPORTED.labels(outcome=reported.status).inc()
    return await city_applications.record_reported(due=due, reported=reported, now=house.clock())


async def follow_case(house: House, event: Event, now: datetime) -> None:
    """A case that the platform handed us has ended: the platform hears how. Told again it changes nothing."""
    if str(event.payload.get("state")) not in ("completed", "cancelled", "refused", "payment_failed"):
        return
    case = await cases.case_by_key(account_no=event.account_no, case_id=event.case_id)
    if case.channel != PARTNER or not case.flow.is_terminal(case.state):
        return
    last = (await cases.history_of(case=case))[-1]
    await city_applications.matter_moved(
        matter_no=case.case_no,
        outcome=_OUTCOME_OF_CASE.get(case.state, "refused"),
        note=last.note or case.flow.state(case.state).name,
        now=now,
    )


async def follow_transfer(house: House, event: Event, now: datetime) -> None:
    view = await transfers.transfer_by_key(account_no=event.account_no, transfer_id=int(event.payload["transfer_id"]))
    if view.channel != PARTNER or view.ended_at is None:
        return
    await city_applications.matter_moved(
        matter_no=view.transfer_no,
        outcome=_OUTCOME_OF_TRANSFER.get(view.state, "refused"),
        note=view.state_name,
        now=now,
    )


async def follow_matter(house: House, event: Event, now: datetime) -> None:
    """An employer's matter that the platform handed us was decided: the platform hears how."""
    await _matter_ended(event.account_no, str(event.payload["matter_no"]), now)


async def _matter_ended(employer_no: int, matter_no: str, now: datetime) -> None:
    end = await contributions.matter_end(employer_no=employer_no, matter_no=matter_no)
    if end is None or end.channel != PARTNER:
        return
    await city_applications.matter_moved(
        matter_no=matter_no,
        outcome=_OUTCOME_OF_MATTER[end.state],
        note=end.note,
        now=now,
        paper=None if end.paper_no is None else IssuedPaper(account_no=employer_no, paper_no=end.paper_no),
    )


async def take_message(house: House, message: Message, now: datetime) -> str:
    """One message of the platform; its effect and its mark commit together."""
    told = orjson.loads(message.content)
    try:
        return await _TAKEN[message.kind](house, message, told, now)
    except TooEarly as early:
        raise NotYet(early.reason) from None


async def _apply(house: House, message: Message, told: dict[str, Any], now: datetime) -> str:
    handed = Handed(
        project_no=told["projectNo"],
        item_code=told["itemCode"],
        applicant_kind=told["applicantType"],
        name=told["applicantName"],
        document_type=told["certType"],
        document_no=told["certNo"],
        form=told["form"],
    )
    async with transaction() as tx:
        await city_applications.take_application(tx, handed=handed, business_date=business_date_of(now), now=now)
    return await _opened(house, message, now)


async def _supplement(house: House, message: Message, told: dict[str, Any], now: datetime) -> str:
    async with transaction() as tx:
        await city_applications.take_supplement(tx, project_no=told["projectNo"], form=told["form"], now=now)
    return await _opened(house, message, now)


async def _opened(house: House, message: Message, now: datetime) -> str:
    """Agencies are asked between the transactions; each of the three steps finds what the ones before it did."""
    view = await city_applications.open_matter(
        project_no=message.lane, registries=house.registries, business_date=business_date_of(now), now=now
    )
    if view.state == "processing":
        await _catch_up(view, now)
    async with transaction() as tx:
        outcome = f"{view.state_name}{f'，{view.matter_no}' if view.matter_no else ''}"
        await finish(tx, message=message, outcome=outcome, now=now)
    return outcome


async def _catch_up(view: ApplicationView, now: datetime) -> None:
    """What was opened by a run that was cut off may have ended since, and its event found nobody."""
    if view.matter_kind == "case":
        place = await cases.key_of(case_no=view.matter_no)
        case = await cases.case_by_key(account_no=place[0], case_id=place[1])
        if case.flow.is_terminal(case.state):
            outcome = _OUTCOME_OF_CASE.get(case.state, "refused")
            note = case.flow.state(case.state).name
            await city_applications.matter_moved(matter_no=view.matter_no, outcome=outcome, note=note, now=now)
    if view.matter_kind == "matter":
        row = await city_applications.known_application(project_no=view.project_no)
        await _matter_ended(await city_applications.employer_of(row=row), view.matter_no, now)


async def _material(house: House, message: Message, told: dict[str, Any], now: datetime) -> str:
    handed = HandedFile(
        project_no=told["projectNo"],
        file_no=told["fileNo"],
        name=told["fileName"],
        media_type=told["mediaType"],
        content=file_of(told),
    )
    async with transaction() as tx:
        outcome = await city_applications.take_file(tx, handed=handed, business_date=business_date_of(now), now=now)
        await finish(tx, message=message, outcome=outcome, now=now)
    # an application that has waited for this document can be opened now
    view = await city_applications.open_matter(
        project_no=message.lane, registries=house.registries, business_date=business_date_of(now), now=now
    )
    if view.state == "processing":
        await _catch_up(view, now)
    return outcome


async def _withdraw(house: House, message: Message, told: dict[str, Any], now: datetime) -> str:
    row = await city_applications.known_application(project_no=told["projectNo"])
    if row["matter_no"] and row["ended_at"] is None:
        return await _withdraw_matter(house, message, row["matter_kind"], row["matter_no"], row, now)
    async with transaction() as tx:
        taken = await city_applications.take_withdrawal(
            tx, project_no=told["projectNo"], reason=told["reason"], now=now
        )
        outcome = f"状态{taken['state']}"
        await finish(tx, message=message, outcome=outcome, now=now)
    return outcome


async def _withdraw_matter(house: House, message: Message, kind: str, number: str, row: Any, now: datetime) -> str:
    """What a case or transfer works on is taken back there, by the applicant's right; its end comes back by event."""
    request_key = f"city-withdraw-{row['application_id']}"
    try:
        actor = await city_applications.applicant_of(row=row, on=business_date_of(now))
        if kind == "matter":
            assert actor.employer_no is not None
            await contributions.withdraw_matter(
                actor=actor, employer_no=actor.employer_no, matter_no=number, reason="申请人在平台撤回",
                request_key=request_key, now=now,
            )  # fmt: skip
            return f"已撤回{number}"
        if kind == "case":
            await cases.cancel(actor=actor, case_no=number, request_key=request_key, now=now, matters=house.matters)
        else:
            await transfers.cancel_transfer(actor=actor, transfer_no=number, request_key=request_key, now=now)
    except Refused as refused:
        return "不能撤回：" + refused.refusals[0].message
    return f"已提交撤回{number}"


Taken = Callable[[House, Message, dict[str, Any], datetime], Awaitable[str]]
_TAKEN: Mapping[str, Taken] = {
    "apply": _apply,
    "supplement": _supplement,
    "material": _material,
    "withdraw": _withdraw,
}
HANDLERS: Mapping[str, Callable[[House, Message, datetime], Awaitable[str]]] = dict.fromkeys(_TAKEN, take_message)
