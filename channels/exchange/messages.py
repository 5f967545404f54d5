"""Messages of e窗通 and social security. Neither publishes its formats: these are our own assumption, to be replaced
behind the same domain calls.

Signed as in `channels.wire`, JSON objects, amounts as text in yuan, times with their offset:

POST /exchange/{ewindow|social-security}/messages
  {"messageNo": "…", "kind": "…", "version": "1", "occurredAt": "2026-11-30T10:00:00+08:00", "uscc": "…", "body": {…}}
POST /exchange/{…}/results   {"messageNos": ["…", …]}      at most 100
POST /exchange/ewindow/entries   {"uscc", "agentName", "documentType", "documentNo"}   a one-time ticket

Bodies by kind:
  employerRegistration  name unitKind districtCode payDay rate, optional firstMonth address postcode phone email
                        economicType industry establishedOn legalName legalDocumentNo
                        agent {name documentType documentNo mobile}
  collectionAccount     bankCode accountNo accountName deductionDay noticeVersion
  accountCancelled      accountNo
  employeeChanges       rows [{action: add|remove, documentType, documentNo, name, mobile, base, reason}],
                        optional month
  baseDeclaration       year rows [{documentType, documentNo, name, base}]
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from channels.inbound import Message, Parsed, Unreadable
from domain.exchange import (
    KINDS_OF,
    AccountBody,
    AccountCancelledBody,
    AgentBody,
    BasesBody,
    Body,
    EmployeesBody,
    EmployerBody,
    PersonRow,
    Push,
    Source,
)
from domain.kernel.dates import YearMonth
from domain.kernel.digest import canonical_json
from domain.kernel.money import Money

VERSION = "1"
ROWS_MAX = 10_000
PATH_OF: Mapping[str, str] = {"ewindow": "/exchange/ewindow", "social_security": "/exchange/social-security"}
KINDS: Mapping[str, str] = {
    "employerRegistration": "employer_registration",
    "collectionAccount": "collection_account",
    "accountCancelled": "account_cancelled",
    "employeeChanges": "employee_changes",
    "baseDeclaration": "base_declaration",
}
WIRE_KINDS: Mapping[str, str] = {ours: theirs for theirs, ours in KINDS.items()}

_UNIT_KINDS = {
    "enterprise": "enterprise",
    "publicInstitution": "public_institution",
    "government": "government",
    "socialOrganisation": "social_organisation",
    "other": "other",
}
_NUMBER, _CODE = r"[A-Za-z0-9_-]{4,40}", r"[0-9A-Z]{18}"
_DOCUMENT_TYPE, _DOCUMENT_NO = r"01|02|03|04|99", r"[0-9A-Za-z-]{5,20}"
_AMOUNT = r"[0-9]{1,9}(\.[0-9]{1,2})?"
_TEXT_MAX = 200


def parse(source: Source) -> Callable[[bytes], Parsed]:
    """For the door: what the journal needs to know. Raises Unreadable, naming the field and not what stands in it."""

    def parsed(content: bytes) -> Parsed:
        envelope = _Object(_json(content), kind="unknown")
        try:
            return _parsed(source, envelope)
        except Unreadable as unreadable:
            # under its number the partner may ask why it was not taken
            number = envelope.values.get("messageNo")
            if isinstance(number, str) and re.fullmatch(_NUMBER, number):
                unreadable.key = number
            raise

    return parsed


def _parsed(source: Source, envelope: _Object) -> Parsed:
    kind = KINDS.get(envelope.text("kind", r"[A-Za-z]{1,40}"), "")
    if kind not in KINDS_OF[source]:
        raise Unreadable("报文种类不在约定之列")
    envelope.kind = kind
    envelope.text("version", re.escape(VERSION))
    number, uscc = envelope.text("messageNo", _NUMBER), envelope.text("uscc", _CODE)
    _instant(envelope)
    _BODIES[kind](envelope.object("body"))
    try:
        essence = canonical_json(envelope.values)
    except (ValueError, RecursionError):
        # beside the agreed fields: half a character, or nested without end
        raise Unreadable("报文含有无法识别的内容", kind=kind) from None
    # messages about one employer are worked on in the order they came
    return Parsed(kind=kind, key=number, lane=f"{source}:{uscc}", version=VERSION, essence=essence)


def push_of(message: Message) -> Push:
    """The push of a message that the door has let in."""
    envelope = _Object(_json(message.content), kind=message.kind)
    assert message.channel in ("ewindow", "social_security"), message.channel
    return Push(
        source="ewindow" if message.channel == "ewindow" else "social_security",
        message_no=envelope.text("messageNo", _NUMBER),
        kind=message.kind,
        uscc=envelope.text("uscc", _CODE),
        occurred_at=_instant(envelope),
        received_at=message.received_at,
    )


def body_of(message: Message) -> Body:
    return _BODIES[message.kind](_Object(_json(message.content), kind=message.kind).object("body"))


class _Object:
    """A JSON object whose fields are read by what they must look like; `at` names it in faults."""

    def __init__(self, values: Any, *, kind: str, at: str = "") -> None:
        if not isinstance(values, dict):
            raise Unreadable(f"{at or '报文'}不是约定的结构", kind=kind)
        self.values: dict[str, Any] = values
        self.kind, self.at = kind, at

    def fault(self, name: str, what: str = "缺失或格式不符") -> Unreadable:
        return Unreadable(f"字段{self.at}{name}{what}", kind=self.kind)

    def text(self, name: str, shape: str = r".{1,200}", *, optional: bool = False) -> str:
        value = self.values.get(name)
        if optional and value in (None, ""):
            return ""
        # nothing that a column, a file or a page could stumble over
        good = isinstance(value, str) and len(value) <= _TEXT_MAX and value.isprintable() and value == value.strip()
        if not good or re.fullmatch(shape, str(value)) is None:
            raise self.fault(name)
        return str(value)

    def number(self, name: str, least: int, most: int) -> int:
        value = self.values.get(name)
        if type(value) is not int or not least <= value <= most:
            raise self.fault(name)
        return value

    def object(self, name: str) -> _Object:
        return _Object(self.values.get(name), kind=self.kind, at=f"{self.at}{name}.")

    def has(self, name: str) -> bool:
        return self.values.get(name) is not None

    def rows(self) -> list[_Object]:
        rows = self.values.get("rows")
        if not isinstance(rows, list) or not 1 <= len(rows) <= ROWS_MAX:
            raise self.fault("rows", f"应为1至{ROWS_MAX}行")
        return [
            _Object(row, kind=self.kind, at=f"{self.at}rows[{number}].") for number, row in enumerate(rows, start=1)
        ]

    def month(self, name: str) -> YearMonth | None:
        text = self.text(name, r"[0-9]{4}-[0-9]{2}", optional=True)
        try:
            return YearMonth.parse(text) if text else None
        except ValueError:
            raise self.fault(name) from None

    def day(self, name: str) -> date | None:
        text = self.text(name, r"[0-9]{4}-[0-9]{2}-[0-9]{2}", optional=True)
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            raise self.fault(name) from None


def _json(content: bytes) -> Any:
    try:
        # amounts are text: a number with a fraction is refused by its field, never rounded
        return json.loads(content, parse_float=str)
    except (ValueError, RecursionError):
        raise Unreadable("报文不是JSON") from None


def _instant(envelope: _Object) -> datetime:
    text = envelope.text("occurredAt", r"[0-9T:.+Z-]{20,32}")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise envelope.fault("occurredAt") from None
    if at.tzinfo is None or not 2000 <= at.year <= 2100:
        raise envelope.fault("occurredAt")
    return at


def _employer(body: _Object) -> EmployerBody:
    return EmployerBody(
        name=body.text("name", r".{2,100}"),
        kind=_UNIT_KINDS[body.text("unitKind", "|".join(_UNIT_KINDS))],
        district_code=body.text("districtCode", r"[0-9]{6}"),
        pay_day=body.number("payDay", 1, 31),
        rate_bp=_rate(body),
        first_month=body.month("firstMonth"),
        agent=_agent(body.object("agent")) if body.has("agent") else None,
        address=body.text("address", optional=True),
        postcode=body.text("postcode", optional=True),
        phone=body.text("phone", optional=True),
        email=body.text("email", optional=True),
        economic_type=body.text("economicType", r".{1,40}", optional=True),
        industry=body.text("industry", r".{1,40}", optional=True),
        established_on=body.day("establishedOn"),
        legal_name=body.text("legalName", r".{2,60}", optional=True),
        legal_document_no=body.text("legalDocumentNo", _DOCUMENT_NO, optional=True),
    )


def _rate(body: _Object) -> int:
    """`0.12` as basis points."""
    try:
        points = Decimal(body.text("rate", r"0\.[0-9]{1,4}")) * 10_000
    except InvalidOperation:
        raise body.fault("rate") from None
    return int(points)


def _agent(agent: _Object) -> AgentBody:
    return AgentBody(
        name=agent.text("name", r".{2,60}"),
        document_type=agent.text("documentType", _DOCUMENT_TYPE),
        document_no=agent.text("documentNo", _DOCUMENT_NO).upper(),
        mobile=agent.text("mobile", r"1[3-9][0-9]{9}", optional=True),
    )


def _account(body: _Object) -> AccountBody:
    return AccountBody(
        bank_code=body.text("bankCode", r"[0-9]{3}"),
        account_no=body.text("accountNo", r"[0-9]{8,32}"),
        account_name=body.text("accountName", r".{2,100}"),
        day=body.number("deductionDay", 1, 31),
        notice_version=body.text("noticeVersion", r"[0-9A-Za-z.-]{1,20}"),
    )


def _cancelled(body: _Object) -> AccountCancelledBody:
    return AccountCancelledBody(account_no=body.text("accountNo", r"[0-9]{8,32}"))


def _employees(body: _Object) -> EmployeesBody:
    rows = body.rows()
    return EmployeesBody(
        month=body.month("month"),
        rows=tuple(
            _person(row, number, action="add" if row.text("action", "add|remove") == "add" else "remove")
            for number, row in enumerate(rows, start=1)
        ),
    )


def _bases(body: _Object) -> BasesBody:
    rows = tuple(_person(row, number, action="base") for number, row in enumerate(body.rows(), start=1))
    return BasesBody(year=body.number("year", 2000, 2100), rows=rows)


def _person(row: _Object, number: int, *, action: str) -> PersonRow:
    leaving = action == "remove"
    declared = row.text("base", _AMOUNT, optional=leaving)
    return PersonRow(
        row_no=number,
        action="add" if action == "add" else "remove" if leaving else "base",
        document_type=row.text("documentType", _DOCUMENT_TYPE),
        document_no=row.text("documentNo", _DOCUMENT_NO).upper(),
        name=row.text("name", r".{1,60}"),
        mobile=row.text("mobile", r".{1,20}", optional=True),
        declared=Money.parse(declared) if declared else None,
        reason=row.text("reason", r".{1,60}", optional=True),
    )


_BODIES: Mapping[str, Callable[[_Object], Body]] = {
    "employer_registration": _employer,
    "collection_account": _account,
    "account_cancelled": _cancelled,
    "employee_changes": _employees,
    "base_declaration": _bases,
}
