"""Clients of the three registries. Whatever is not a clear answer becomes `no_answer` with a reason."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from channels.wire import SignedClient, WireFailure
from domain.kernel.money import Money
from domain.withdrawals import (
    AgencyAnswer,
    Home,
    Marriage,
    PersonIdentity,
    Registries,
    RentalFiling,
)

T = TypeVar("T")

PERSONS_MAX = 10
TEXT_MAX = 500
CLOCKS_APART_MAX = timedelta(minutes=5)

REFUSED = {
    "1001": "系统繁忙，未能查询",
    "1002": "姓名与证件号码不一致，未能查询",
    "1003": "本中心的查询权限未开通或已停用",
}


class _Unreadable(ValueError):
    """The answer is not of the agreed shape."""


def registries(*, wire: SignedClient) -> Registries:
    """The three registries behind one gateway; each with a wire of its own where they have separate ones."""
    return Registries(
        property=PropertyClient(wire=wire), marriage=MarriageClient(wire=wire), rental=RentalClient(wire=wire)
    )


class PropertyClient:
    """不动产登记. Implements `PropertyRegistry`."""

    agency = "市规划和自然资源委（不动产登记）"

    def __init__(self, *, wire: SignedClient) -> None:
        self._wire = wire

    async def homes_of(self, *, persons: Sequence[PersonIdentity], now: datetime) -> AgencyAnswer[tuple[Home, ...]]:
        assert 1 <= len(persons) <= PERSONS_MAX, f"asked about {len(persons)} persons"
        return await _ask(
            wire=self._wire,
            agency=self.agency,
            path="property/homes",
            body={"persons": [_person_out(person) for person in persons]},
            read=_homes,
            now=now,
        )


class MarriageClient:
    """婚姻登记. Implements `MarriageRegistry`."""

    agency = "市民政局（婚姻登记）"

    def __init__(self, *, wire: SignedClient) -> None:
        self._wire = wire

    async def marriage_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Marriage]:
        return await _ask(
            wire=self._wire,
            agency=self.agency,
            path="marriage/status",
            body={"person": _person_out(person)},
            read=_marriage,
            now=now,
        )


class RentalClient:
    """房屋租赁备案. Implements `RentalRegistry`."""

    agency = "市住房城乡建设委（房屋租赁备案）"

    def __init__(self, *, wire: SignedClient) -> None:
        self._wire = wire

    async def filing(self, *, filing_no: str, now: datetime) -> AgencyAnswer[RentalFiling | None]:
        def read(data: Any) -> RentalFiling | None:
            filing = _filing(data)
            if filing is not None and filing.filing_no != filing_no:
                raise _Unreadable("another filing")
            return filing

        return await _ask(
            wire=self._wire,
            agency=self.agency,
            path="rental/filing",
            body={"filingNo": filing_no},
            read=read,
            now=now,
        )


async def _ask(
    *,
    wire: SignedClient,
    agency: str,
    path: str,
    body: dict[str, Any],
    read: Callable[[Any], T],
    now: datetime,
) -> AgencyAnswer[T]:
    request_no = secrets.token_hex(16)

    def no_answer(reason: str, trace_no: str = "") -> AgencyAnswer[T]:
        return AgencyAnswer(
            agency=agency,
            asked_at=now,
            as_of=None,
            outcome="no_answer",
            value=None,
            trace_no=trace_no or request_no,
            reason=reason,
        )

    try:
        answer = await wire.post_json(path=path, body={"requestNo": request_no, **body}, now=now)
    except WireFailure as failure:
        return no_answer(failure.reason)
    try:
        if answer.get("requestNo") != request_no:
            raise _Unreadable("the answer to another request")
        code, trace_no = _text(answer, "code"), _text(answer, "traceNo")
        if code != "0":
            return no_answer(REFUSED.get(code, f"返回代码{code[:20]}，未能查询"), trace_no)
        as_of = _instant(answer, "dataTime")
        if as_of > now + CLOCKS_APART_MAX:
            raise _Unreadable("data from the future")
        value = read(answer.get("data"))
    except ValueError:
        return no_answer("答复不是约定的格式")
    return AgencyAnswer(agency=agency, asked_at=now, as_of=as_of, outcome="answered", value=value, trace_no=trace_no)


def _person_out(person: PersonIdentity) -> dict[str, str]:
    return {
        "name": person.name,
        "documentType": person.document_type,
        "documentNo": person.document_no,
    }


def _homes(data: Any) -> tuple[Home, ...]:
    homes = [
        Home(
            address=_text(row, "address"),
            district_code=_text(row, "districtCode"),
            ownership_share=_text(row, "ownershipShare"),
            certificate_no=_text(row, "certificateNo"),
            registered_on=_day(row, "registeredOn"),
        )
        for row in _rows(data)
    ]
    # two spouses who own one home are told it twice
    return tuple({home.certificate_no: home for home in homes}.values())


def _marriage(data: Any) -> Marriage:
    row = _object(data)
    status = row.get("status")
    # one by one: what comes from outside is not cast to a closed set
    if status == "married":
        spouse_name, spouse_document_no = (
            _text_or_none(row, "spouseName"),
            _text_or_none(row, "spouseDocumentNo"),
        )
        return Marriage(status="married", spouse_name=spouse_name, spouse_document_no=spouse_document_no)
    if status == "single" or status == "divorced" or status == "widowed":
        return Marriage(status=status)
    raise _Unreadable("unknown status")


def _filing(data: Any) -> RentalFiling | None:
    if data is None:
        return None
    row = _object(data)
    valid = row.get("valid")
    from_on, until_on = _day(row, "from"), _day(row, "until")
    rent = Money.parse(_text(row, "monthlyRent"))
    if not isinstance(valid, bool) or until_on < from_on or rent < Money.zero():
        raise _Unreadable("a filing that cannot be")
    return RentalFiling(
        filing_no=_text(row, "filingNo"),
        address=_text(row, "address"),
        monthly_rent=rent,
        from_on=from_on,
        until_on=until_on,
        tenants=tuple(
            PersonIdentity(
                name=_text(tenant, "name"),
                document_type=_text(tenant, "documentType"),
                document_no=_text(tenant, "documentNo"),
            )
            for tenant in _rows(row.get("tenants"))
        ),
        valid=valid,
    )


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Unreadable("an object was agreed")
    return value


def _rows(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise _Unreadable("a list was agreed")
    return [_object(row) for row in value]


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= TEXT_MAX or not value.isprintable():
        raise _Unreadable(f"{name} was agreed")
    return value


def _text_or_none(row: dict[str, Any], name: str) -> str | None:
    return None if row.get(name) in (None, "") else _text(row, name)


def _day(row: dict[str, Any], name: str) -> date:
    return date.fromisoformat(_text(row, name))


def _instant(row: dict[str, Any], name: str) -> datetime:
    instant = datetime.fromisoformat(_text(row, name))
    if instant.tzinfo is None:
        raise _Unreadable(f"{name} has no offset")
    return instant
