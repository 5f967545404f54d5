"""Messages of the national settlement system: envelope, 101 单笔付款 and 110 交易结果查询.

The names of the envelope (SendDate … OperNo; TxStatus, RtnCode, RtnMessage, Receive…), the transaction
numbers, the settle types and business types are those of the system as used in production (MOHURD, 2014 and
later). Our own assumptions, to be replaced when a bank's document is at hand, are: XML in UTF-8 as the body
of one HTTP POST, the element names `Request/Reply/Head/Body`, the prefix BDC of the transaction codes, the
names inside the bodies, amounts in yuan with two decimals, the return codes of `codes.yaml`, and the
signature in the HTTP headers of `channels.wire`.

The parser takes no document type, so no entities, no external references and no expansion.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any, TypeVar, cast

from domain.kernel.dates import SHANGHAI
from domain.kernel.money import Money
from domain.settlement.ports import PaymentOrder

TX_PAY = "BDC101"
TX_QUERY = "BDC110"
MESSAGE_BYTES_MAX = 64 * 1024

_DECLARATION = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class MalformedMessage(ValueError):
    """The bytes are not a message of this set. The text holds no content of the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHead:
    """SendDate YYYYMMDD, SendTime HHMMSS (Beijing), SendSeqNo ≤ 32, TxUnitNo and CustNo the centre's numbers,
    ReceiveNode the code of the bank."""

    SendDate: str
    SendTime: str
    SendSeqNo: str
    TxUnitNo: str
    SendNode: str
    TxCode: str
    ReceiveNode: str
    CustNo: str
    OperNo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyHead:
    """TxStatus 0 the message was carried out, 1 it was not, 2 not yet. RtnCode says why, or what became of
    the payment: a query that was not carried out says nothing about the payment, whatever its code."""

    TxCode: str
    TxStatus: str
    RtnCode: str
    RtnMessage: str
    ReceiveDate: str
    ReceiveTime: str
    ReceiveSeqNo: str
    ReceiveNode: str
    SendSeqNo: str
    BDCDate: str
    BDCTime: str
    BDCSeqNo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentBody:
    """101. Account class 1 对私 2 对公; De = debited (the fund's account), Cr = credited (the person's)."""

    YWLSH: str
    SettleType: str
    BusType: str
    DeAcctNo: str
    DeAcctClass: str
    CrAcctNo: str
    CrAcctName: str
    CrAcctClass: str
    CrBankCode: str
    Amt: str
    CurrNo: str
    Summary: str
    BusDate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryBody:
    """110: asks for one serial number of one business date."""

    YWLSH: str
    BusDate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultBody:
    """The reply's body of both: YHJSLSH is the bank's serial number, Amt what was ordered, TxTime when it was
    booked (ISO 8601 with offset); the last three are empty when there is nothing to say."""

    YWLSH: str
    YHJSLSH: str
    Amt: str
    TxTime: str


_Part = TypeVar("_Part")


def payment_body(*, order: PaymentOrder) -> PaymentBody:
    return PaymentBody(
        YWLSH=order.serial_no,
        SettleType=order.settle_type,
        BusType=order.business_type,
        DeAcctNo=order.payer_account_no,
        DeAcctClass="2",
        CrAcctNo=order.payee_account_no,
        CrAcctName=order.payee_name,
        CrAcctClass=order.payee_class,
        CrBankCode=order.payee_bank_code or order.bank_code,
        Amt=str(order.amount),
        CurrNo="156",
        Summary=order.summary,
        BusDate=f"{order.business_date:%Y%m%d}",
    )


def query_body(*, serial_no: str, business_date: date) -> QueryBody:
    return QueryBody(YWLSH=serial_no, BusDate=f"{business_date:%Y%m%d}")


def write_message(root: str, head: object, body: object | None) -> bytes:
    """The document. Raises MalformedMessage for characters that XML 1.0 cannot carry."""
    document = ElementTree.Element(root)
    for name, part in (("Head", head), ("Body", body)):
        if part is None:
            continue
        element = ElementTree.SubElement(document, name)
        for key, value in asdict(cast(Any, part)).items():
            if _CONTROL.search(value):
                raise MalformedMessage(f"{key} holds a control character")
            ElementTree.SubElement(element, key).text = value
    return cast(bytes, ElementTree.tostring(document, encoding="utf-8", xml_declaration=True))


def read_message(
    data: bytes, *, root: str, most: int = MESSAGE_BYTES_MAX
) -> tuple[ElementTree.Element, ElementTree.Element | None]:
    """Head and body elements. Raises MalformedMessage: longer than `most` bytes, a document type, not XML, another
    root."""
    if len(data) > most:
        raise MalformedMessage("message too long")
    # UTF-16 would hide a declaration from the search below.
    if b"\x00" in data or _DECLARATION.search(data):
        raise MalformedMessage("message declares a document type or is not UTF-8")
    try:
        data.decode("utf-8")
        document = ElementTree.fromstring(data)
    except (ElementTree.ParseError, UnicodeDecodeError, LookupError, ValueError) as error:
        raise MalformedMessage("message is not XML in UTF-8") from error
    head = document.find("Head")
    if document.tag != root or head is None:
        raise MalformedMessage(f"message is not a {root} with a head")
    return head, document.find("Body")


def read_part(kind: type[_Part], element: ElementTree.Element | None) -> _Part:
    """The fields of one part, a dataclass of texts; unknown elements are passed over. Raises MalformedMessage when one
    is missing or twice."""
    if element is None:
        raise MalformedMessage("message has no body")
    values: dict[str, str] = {}
    for field in fields(cast(Any, kind)):
        found = element.findall(field.name)
        if len(found) != 1 or len(found[0]):
            raise MalformedMessage(f"{field.name} is missing, nested or there twice")
        values[field.name] = found[0].text or ""
    return kind(**values)


def read_amount(text: str) -> Money:
    """Raises MalformedMessage for anything but a positive amount with two decimals."""
    try:
        amount = Money.parse(text)
    except ValueError as error:
        raise MalformedMessage("Amt is not an amount") from error
    if amount.fen <= 0 or str(amount) != text:
        raise MalformedMessage("Amt is not a positive amount with two decimals")
    return amount


def read_instant(text: str) -> datetime | None:
    """None when empty. Raises MalformedMessage without an offset."""
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise MalformedMessage("TxTime is not an instant") from error
    if instant.tzinfo is None:
        raise MalformedMessage("TxTime has no offset")
    return instant


def stamp(now: datetime) -> tuple[str, str]:
    """Date and time of Beijing as the envelope writes them."""
    local = now.astimezone(SHANGHAI)
    return f"{local:%Y%m%d}", f"{local:%H%M%S}"
