"""Aliyun's wire format for tests: RPC style requests signed by HMAC-SHA1, actions SendSms and QuerySendDetails, and the
billing service's QueryResourcePackageInstances.

Faults (`channels.simulation`), simulator `aliyun`, operations named as the actions, matched by mobile and message_id:
slow, timeout, error500, garbage (before, or {"stage": "after"}), refuse {"code": "isv.AMOUNT_NOT_ENOUGH"}. Details
show up at once; `{"send_status": 2, "err_code": "…"}` says how a message ended.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.simulation import Fault, Faults
from domain.kernel.dates import SHANGHAI
from notifications.carriers.codes import carrier_code

_WINDOW = timedelta(minutes=15)
_WAITING, _DELIVERED = 1, 3
_ACTIONS = {
    ("2017-05-25", "SendSms"),
    ("2017-05-25", "QuerySendDetails"),
    ("2017-12-14", "QueryResourcePackageInstances"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SentDetail:
    """One message as QuerySendDetails tells it."""

    mobile: str
    out_id: str
    biz_id: str
    template_code: str
    template_param: str
    sent_at: datetime
    send_status: int
    err_code: str


@dataclass(slots=True, kw_only=True)
class AliyunSimulator:
    """`sign_name` and `templates` are what is registered, `packages` the prepaid ones as the billing service lists
    them."""

    access_key_id: str
    access_key_secret: str
    sign_name: str
    templates: frozenset[str]
    faults: Faults
    clock: Callable[[], datetime]
    packages: list[dict[str, str]] = field(default_factory=list)
    sent: list[SentDetail] = field(default_factory=list)
    _nonces: set[str] = field(default_factory=set)

    def routes(self) -> list[Route]:
        return [Route("/", self._call, methods=["GET", "POST"])]

    async def _call(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        parameters = {**dict(request.query_params), **form}
        refused = self._verify(method=request.method, parameters=parameters)
        if refused is not None:
            return _error(refused, status=400)
        action = parameters.get("Action", "")
        if (parameters.get("Version"), action) not in _ACTIONS:
            return _error("InvalidAction.NotFound", status=404)
        fault = self.faults.take(
            simulator="aliyun",
            operation=action,
            fields={
                "mobile": parameters.get("PhoneNumbers") or parameters.get("PhoneNumber", ""),
                "message_id": parameters.get("OutId", ""),
            },
        )
        if (broken := await fault.before(request)) is not None:
            return broken
        if fault.mode == "refuse":
            code = str(fault.detail.get("code", "isv.AMOUNT_NOT_ENOUGH"))
            return _error(code, status=int(fault.detail.get("status", 200)))
        match action:
            case "SendSms":
                answer = self._send(parameters, fault)
            case "QuerySendDetails":
                answer = self._details(parameters)
            case _:
                answer = self._packages(parameters)
        return await fault.after(request, answer)

    def _verify(self, *, method: str, parameters: Mapping[str, str]) -> str | None:
        """The code of a refusal: the signature is computed here from the documented rule, not by the SDK."""
        if parameters.get("AccessKeyId") != self.access_key_id:
            return "InvalidAccessKeyId.NotFound"
        signed = sorted((name, value) for name, value in parameters.items() if name != "Signature")
        canonical = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in signed)
        text = f"{method}&{_encoded('/')}&{_encoded(canonical)}"
        digest = hmac.digest(f"{self.access_key_secret}&".encode(), text.encode(), "sha1")
        if not hmac.compare_digest(base64.b64encode(digest).decode(), parameters.get("Signature", "")):
            return "SignatureDoesNotMatch"
        try:
            stamped = datetime.strptime(parameters.get("Timestamp", ""), "%Y-%m-%dT%H:%M:%S%z")
        except ValueError:
            return "InvalidTimeStamp.Expired"
        if abs(self.clock() - stamped) > _WINDOW:
            return "InvalidTimeStamp.Expired"
        nonce = parameters.get("SignatureNonce", "")
        if not nonce or nonce in self._nonces:
            return "SignatureNonceUsed"
        self._nonces.add(nonce)
        return None

    def _send(self, parameters: Mapping[str, str], fault: Fault) -> Response:
        mobile = parameters.get("PhoneNumbers", "")
        if not (len(mobile) == 11 and mobile.isascii() and mobile.isdigit()):
            return _error("isv.MOBILE_NUMBER_ILLEGAL")
        if parameters.get("SignName") != self.sign_name:
            return _error("isv.SMS_SIGNATURE_ILLEGAL")
        if parameters.get("TemplateCode") not in self.templates:
            return _error("isv.SMS_TEMPLATE_ILLEGAL")
        detail = SentDetail(
            mobile=mobile,
            out_id=parameters.get("OutId", ""),
            biz_id=f"{len(self.sent) + 1:020d}",
            template_code=parameters["TemplateCode"],
            template_param=parameters.get("TemplateParam", ""),
            sent_at=self.clock(),
            send_status=int(fault.detail.get("send_status", _DELIVERED)),
            err_code=str(fault.detail.get("err_code", "DELIVERED")),
        )
        self.sent.append(detail)
        return JSONResponse({"Code": "OK", "Message": "OK", "BizId": detail.biz_id, "RequestId": "0"})

    def _packages(self, parameters: Mapping[str, str]) -> Response:
        page, size = int(parameters.get("PageNum", "1")), int(parameters.get("PageSize", "20"))
        if size > 300 or page < 1 or not parameters.get("ProductCode"):
            return _error("InvalidParameter")
        listed = self.packages[(page - 1) * size : page * size] if parameters["ProductCode"] == "dysms" else []
        data = {
            "PageNum": page,
            "PageSize": size,
            "TotalCount": str(len(self.packages)),
            "Instances": {"Instance": listed},
        }
        return JSONResponse({"Code": "Success", "Message": "Successful!", "Success": True, "Data": data})

    def _details(self, parameters: Mapping[str, str]) -> Response:
        page, size = int(parameters.get("CurrentPage", "1")), int(parameters.get("PageSize", "10"))
        if size > 50 or page < 1:
            return _error("isv.INVALID_PARAMETERS")
        found = [
            detail
            for detail in self.sent
            if detail.mobile == parameters.get("PhoneNumber")
            and f"{detail.sent_at.astimezone(SHANGHAI):%Y%m%d}" == parameters.get("SendDate")
        ]
        listed = [
            {
                "PhoneNum": detail.mobile,
                "OutId": detail.out_id,
                "TemplateCode": detail.template_code,
                "SendDate": _local(detail.sent_at),
                "SendStatus": detail.send_status,
                **(
                    {}
                    if detail.send_status == _WAITING
                    else {"ErrCode": detail.err_code, "ReceiveDate": _local(detail.sent_at)}
                ),
            }
            for detail in found[(page - 1) * size : page * size]
        ]
        return JSONResponse(
            {
                "Code": "OK",
                "Message": "OK",
                "RequestId": "0",
                "TotalCount": str(len(found)),
                "SmsSendDetailDTOs": {"SmsSendDetailDTO": listed},
            }
        )


def _encoded(text: str) -> str:
    """Percent encoding of RFC 3986: only letters, digits and -_.~ stay."""
    return quote(text, safe="-_.~")


def _local(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def _error(code: str, *, status: int = 200) -> Response:
    meaning = carrier_code(carrier="aliyun", code=code).meaning
    return JSONResponse({"Code": code, "Message": meaning, "RequestId": "0"}, status_code=status)
