"""What Aliyun pushes: an HTTP POST of a JSON array, of receipts (SmsReport) or of texts from outside (SmsUp), answered
by `ACKNOWLEDGEMENT`."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from notifications.ports import InboundSms, Receipt

ACKNOWLEDGEMENT = {"code": 0, "msg": "成功"}
REPORTS_MAX = 1_000


class MalformedReports(ValueError):
    """The body is not a list of reports. The text holds nothing of it."""


def read_reports(body: bytes) -> list[Receipt]:
    """The receipts of our messages; entries without our number (`out_id`) are passed over. Raises
    MalformedReports when the body or an entry of ours is malformed: nothing of it is applied, and Aliyun
    pushes it again."""
    try:
        entries = json.loads(body)
    except ValueError as error:
        raise MalformedReports("not JSON") from error
    if not isinstance(entries, list) or len(entries) > REPORTS_MAX:
        raise MalformedReports("not a list of reports")
    return [_receipt(entry) for entry in entries if _is_ours(entry)]


def read_texts(body: bytes) -> list[InboundSms]:
    """Texts that people sent to our number. Raises MalformedReports when any is malformed."""
    try:
        entries = json.loads(body)
    except ValueError as error:
        raise MalformedReports("not JSON") from error
    if not isinstance(entries, list) or len(entries) > REPORTS_MAX:
        raise MalformedReports("not a list of texts")
    return [_text(entry) for entry in entries]


def _text(entry: Any) -> InboundSms:
    if not isinstance(entry, dict):
        raise MalformedReports("an entry is not an object")
    mobile, content, number = entry.get("phone_number"), entry.get("content"), entry.get("sequence_id")
    if not isinstance(mobile, str) or not 1 <= len(mobile) <= 20 or not isinstance(content, str):
        raise MalformedReports("phone_number or content is no text")
    if not isinstance(number, int | str) or isinstance(number, bool) or not 1 <= len(str(number)) <= 64:
        raise MalformedReports("sequence_id is no number")
    try:
        received_at = datetime.strptime(f"{entry.get('send_time')}+0800", "%Y-%m-%d %H:%M:%S%z")
    except ValueError as error:
        raise MalformedReports("send_time is not a time") from error
    return InboundSms(
        carrier="aliyun",
        carrier_id=str(number),
        mobile=mobile,
        dest=str(entry.get("dest_code") or ""),
        text=content,
        received_at=received_at,
    )


def _is_ours(entry: Any) -> bool:
    if not isinstance(entry, dict):
        raise MalformedReports("an entry is not an object")
    return bool(entry.get("out_id"))


def _receipt(entry: dict[str, Any]) -> Receipt:
    number, success = entry["out_id"], entry.get("success")
    if not isinstance(number, str) or not number.isascii() or not number.isdigit() or len(number) > 19:
        raise MalformedReports("out_id is not a number of ours")
    if not isinstance(success, bool):
        raise MalformedReports("success is not true or false")
    try:
        received_at = datetime.strptime(f"{entry.get('report_time')}+0800", "%Y-%m-%d %H:%M:%S%z")
    except ValueError as error:
        raise MalformedReports("report_time is not a time") from error
    return Receipt(
        carrier="aliyun",
        message_id=int(number),
        carrier_id=str(entry["biz_id"]) if entry.get("biz_id") else None,
        status="delivered" if success else "failed",
        code=str(entry.get("err_code") or ""),
        received_at=received_at,
    )
