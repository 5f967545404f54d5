"""How every registry is asked, and how its answer is read. Whatever is not a clear answer becomes `no_answer`."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from channels.wire import SignedClient, WireFailure
from domain.kernel.money import Money
from domain.withdrawals import AgencyAnswer, PersonIdentity

T = TypeVar("T")

TEXT_MAX = 500
CLOCKS_APART_MAX = timedelta(minutes=5)

REFUSED = {
    "1001": "系统繁忙，未能查询",
    "1002": "姓名与证件号码不一致，未能查询",
    "1003": "本中心的查询权限未开通或已停用",
}


class Unreadable(ValueError):
    """The answer is not of the agreed shape."""


async def ask(
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
            raise Unreadable("the answer to another request")
        code, trace_no = text(answer, "code"), text(answer, "traceNo")
        if code != "0":
            return no_answer(REFUSED.get(code, f"返回代码{code[:20]}，未能查询"), trace_no)
        as_of = instant_of(answer, "dataTime")
        if as_of > now + CLOCKS_APART_MAX:
            raise Unreadable("data from the future")
        value = read(answer.get("data"))
    except ValueError:
        return no_answer("答复不是约定的格式")
    return AgencyAnswer(agency=agency, asked_at=now, as_of=as_of, outcome="answered", value=value, trace_no=trace_no)


def person_out(person: PersonIdentity) -> dict[str, str]:
    return {
        "name": person.name,
        "documentType": person.document_type,
        "documentNo": person.document_no,
    }


def person_in(row: dict[str, Any]) -> PersonIdentity:
    return PersonIdentity(
        name=text(row, "name"), document_type=text(row, "documentType"), document_no=text(row, "documentNo")
    )


def object_of(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable("an object was agreed")
    return value


def rows(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise Unreadable("a list was agreed")
    return [object_of(row) for row in value]


def text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= TEXT_MAX or not value.isprintable():
        raise Unreadable(f"{name} was agreed")
    return value


def text_or_none(row: dict[str, Any], name: str) -> str | None:
    return None if row.get(name) in (None, "") else text(row, name)


def day(row: dict[str, Any], name: str) -> date:
    return date.fromisoformat(text(row, name))


def instant_of(row: dict[str, Any], name: str) -> datetime:
    instant = datetime.fromisoformat(text(row, name))
    if instant.tzinfo is None:
        raise Unreadable(f"{name} has no offset")
    return instant


def day_or_none(row: dict[str, Any], name: str) -> date | None:
    return None if row.get(name) in (None, "") else day(row, name)


def yes_no(row: dict[str, Any], name: str) -> bool:
    value = row.get(name)
    if not isinstance(value, bool):
        raise Unreadable(f"{name} was agreed")
    return value


def count(row: dict[str, Any], name: str, *, most: int = 1000) -> int:
    value = row.get(name)
    if type(value) is not int or not 0 <= value <= most:
        raise Unreadable(f"{name} was agreed")
    return value


def amount(row: dict[str, Any], name: str) -> Money:
    found = Money.parse(text(row, name))
    if found < Money.zero():
        raise Unreadable(f"{name} is negative")
    return found
