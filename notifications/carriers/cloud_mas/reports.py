"""What the cloud MAS pushes: status reports and texts from outside (上行), each a POST of one JSON object or of a list
of them, answered by any 200."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from domain.kernel.digest import sm3_hex
from notifications.ports import InboundSms, Receipt

REPORTS_MAX = 1_000
_DELIVERED = "DELIVRD"


class MalformedReports(ValueError):
    """The body is no report. The text holds nothing of it."""


def read_reports(body: bytes, *, carrier: str, now: datetime) -> list[Receipt]:
    """Raises MalformedReports when anything is malformed: nothing is applied, and the platform pushes it again."""
    return [_receipt(entry, carrier=carrier, now=now) for entry in _entries(body)]


def read_texts(body: bytes, *, carrier: str, now: datetime) -> list[InboundSms]:
    """Texts that people sent to our number. Raises MalformedReports when anything is malformed."""
    return [_text(entry, carrier=carrier, now=now) for entry in _entries(body)]


def _entries(body: bytes) -> list[dict[str, Any]]:
    try:
        told = json.loads(body)
    except ValueError as error:
        raise MalformedReports("not JSON") from error
    entries = told if isinstance(told, list) else [told]
    if not 1 <= len(entries) <= REPORTS_MAX:
        raise MalformedReports("not a list of reports")
    if not all(isinstance(entry, dict) for entry in entries):
        raise MalformedReports("an entry is not an object")
    return entries


def _text(entry: dict[str, Any], *, carrier: str, now: datetime) -> InboundSms:
    mobile, content, sent = entry.get("mobile"), entry.get("smsContent"), entry.get("sendTime")
    if not isinstance(mobile, str) or not 1 <= len(mobile) <= 20 or not isinstance(content, str):
        raise MalformedReports("mobile or smsContent is no text")
    dest = str(entry.get("addSerial") or "")
    try:
        received_at = datetime.strptime(f"{sent}+0800", "%Y-%m-%d %H:%M:%S%z")
    except ValueError:
        received_at = now
    return InboundSms(
        carrier=carrier,
        # the platform gives it no number: the same words of the same phone at the same second are the same text
        carrier_id=sm3_hex(json.dumps([mobile, dest, sent, content]).encode())[:32],
        mobile=mobile,
        dest=dest,
        text=content,
        received_at=received_at,
    )


def _receipt(entry: dict[str, Any], *, carrier: str, now: datetime) -> Receipt:
    mobile, group, code = entry.get("mobile"), entry.get("msgGroup"), entry.get("errorCode")
    if not isinstance(group, str) or not 1 <= len(group) <= 64:
        raise MalformedReports("msgGroup is no number")
    if not isinstance(code, str) or not 1 <= len(code) <= 40:
        raise MalformedReports("errorCode is no code")
    if not isinstance(mobile, str) or not mobile.isascii() or not mobile.isdigit() or len(mobile) > 15:
        raise MalformedReports("mobile is no number")
    return Receipt(
        carrier=carrier,
        message_id=None,
        carrier_id=group,
        status="delivered" if code == _DELIVERED else "failed",
        code=code,
        received_at=_instant(entry.get("receiveDate")) or now,
        mobile=mobile.removeprefix("86") if len(mobile) == 13 else mobile,
        extension=str(entry.get("addSerial") or ""),
    )


def _instant(text: object) -> datetime | None:
    """`yyyyMMddHHmmss` of Beijing; None when absent or malformed, because it decides nothing."""
    try:
        return datetime.strptime(f"{text}+0800", "%Y%m%d%H%M%S%z")
    except ValueError:
        return None
