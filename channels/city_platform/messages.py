"""What the city's platform hands us and hears from us. Nothing of its interface is public here: all of it is our
assumption, in the shape of government gateways: JSON over signed HTTP (`channels.wire`).

In, POST /partners/city-applications, each with `msgId` that makes it take effect once and `projectNo`:
  apply       itemCode, applicantType person|employer, applicantName, certType, certNo, form (texts by name)
  supplement  form
  material    fileNo, fileName, mediaType, sm3 (hexadecimal), content (Base64)
  withdraw    reason
Out, POST /city/report: reportNo, projectNo, seq, note, at and status (1 接件 2 受理 3 补正 4 办理中 5 办结 6 不予办理
7 撤回); with a result its document: paperNo, fileName, mediaType, sm3, content (Base64). Answered {"reportNo", "code",
"message", "receiptNo"}.

Fields of an employer's form: agentName, agentCertNo (who acts for it); of C01 kind, officeCode, payDay, firstMonth,
ratePercent, address, postcode, phone, email, legalName, legalCertNo; of C02 what is to change; of C06 kind (change,
reduction), ratePercent, fromMonth, untilMonth, resolutionFile; of C07 kind (deferral, resumption) and the same months
and file; of C12 kind, fromMonth, untilMonth, purpose, rulingFile. Files are named by their fileNo.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from channels.inbound import Parsed, Unreadable
from domain.city_applications.ports import Report, ReportingStatus
from domain.kernel.dates import SHANGHAI
from domain.kernel.digest import canonical_json, sm3_hex

REPORT_PATH = "/city/report"
CODES: Mapping[str, tuple[str, ReportingStatus]] = {
    "0": ("成功", "accepted"),
    "1": ("先前已收到", "duplicate"),
    "2001": ("报文格式不符", "rejected"),
    "2002": ("同一编号的内容不一致", "rejected"),
    "2003": ("没有该申请", "rejected"),
    "2004": ("结果文书与摘要不符", "rejected"),
    "9999": ("平台繁忙", "unknown"),
}
FORM_FIELDS_MAX = 60
_COMMON = {"msgId": r"[A-Za-z0-9-]{1,64}", "projectNo": r"[A-Za-z0-9-]{6,40}"}
_SHAPES: Mapping[str, Mapping[str, str]] = {
    "apply": {
        "itemCode": r"[A-Z][0-9]{2}",
        "applicantType": r"person|employer",
        "applicantName": r".{1,100}",
        "certType": r"0[1-4]|99|uscc",
        "certNo": r"[0-9A-Za-z]{5,20}",
    },
    "supplement": {},
    "material": {
        "fileNo": r"[A-Za-z0-9-]{1,40}",
        "fileName": r"[^/\\]{1,100}",
        "mediaType": r"[a-z]+/[a-z0-9.+-]{1,40}",
        "sm3": r"[0-9a-f]{64}",
        "content": r"[A-Za-z0-9+/]+={0,2}",
    },
    "withdraw": {"reason": r".{0,200}"},
}
_WITH_FORM = ("apply", "supplement")


def read_message(content: bytes) -> dict[str, Any]:
    """Raises Unreadable, naming the field and not what stands in it."""
    try:
        message = json.loads(content)
    except (ValueError, RecursionError):
        raise Unreadable("报文不是JSON") from None
    if not isinstance(message, dict) or message.get("kind") not in _SHAPES:
        raise Unreadable("报文不是约定的结构")
    kind = message["kind"]
    shapes = {**_COMMON, **_SHAPES[kind]}
    for name in sorted(set(message) - set(shapes) - {"kind", "form", "sentAt"}):
        raise Unreadable(f"字段{name[:30]}不在约定之内", kind=kind)
    for name, shape in shapes.items():
        value = message.get(name)
        if not isinstance(value, str) or re.fullmatch(shape, value) is None or not value.isprintable():
            raise Unreadable(f"字段{name}缺失或格式不符", kind=kind)
    if kind in _WITH_FORM:
        _check_form(message.get("form"), kind)
    if kind == "material":
        file_of(message)
    return message


def file_of(message: Mapping[str, Any]) -> bytes:
    """The document of a `material`, its digest compared. Raises Unreadable."""
    try:
        found = base64.b64decode(message["content"], validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("电子文件不是Base64", kind="material") from None
    if sm3_hex(found) != message["sm3"]:
        raise Unreadable("电子文件与摘要不符", kind="material")
    return found


def parse(content: bytes) -> Parsed:
    """Told again, all but the time of sending must be equal. Messages of one application are worked on in order."""
    message = read_message(content)
    essence = {name: value for name, value in message.items() if name != "sentAt"}
    return Parsed(
        kind=message["kind"],
        key=message["msgId"],
        lane=message["projectNo"],
        essence=canonical_json(essence),
        version="1",
    )


def report_body(report: Report) -> dict[str, str]:
    body = {
        "reportNo": report.number,
        "projectNo": report.project_no,
        "seq": str(report.seq),
        "status": report.status,
        "note": report.note,
        "at": f"{report.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
    }
    if (document := report.document) is not None:
        body |= {
            "paperNo": document.paper_no,
            "fileName": document.file_name,
            "mediaType": "application/pdf",
            "sm3": sm3_hex(document.content),
            "content": base64.b64encode(document.content).decode(),
        }
    return body


def _check_form(form: Any, kind: str) -> None:
    if not isinstance(form, dict) or len(form) > FORM_FIELDS_MAX:
        raise Unreadable("字段form缺失或过多", kind=kind)
    for name, value in form.items():
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,39}", name) is None:
            raise Unreadable("字段form中有不能识别的名称", kind=kind)
        if not isinstance(value, str) or len(value) > 500 or "\x00" in value:
            raise Unreadable(f"字段form.{name}不是文本或过长", kind=kind)
