"""Aliyun's short message service (dysmsapi 2017-05-25) by the vendor's core SDK.

Aliyun sends by templates registered with it, so an installation maps each of our templates to one of theirs.
The SDK is synchronous: it runs in threads, with its own retries switched off, because a repeated SendSms is a
second message. `OutId` carries our message number, which is how a submission without an answer is found
again. What is left of prepaid packages of messages is asked of the billing service (BssOpenApi 2017-12-14), which
counts in pieces (条); the code under which it lists them is a setting. Requests carry the SDK's own time stamp, so
`now` is not used here. Proxies named in the environment are not used.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import anyio
import anyio.to_thread
from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.http import protocol_type
from aliyunsdkcore.request import CommonRequest

from notifications.carriers.codes import CarrierCode, carrier_code
from notifications.ports import OutgoingSms, QueryOutcome, SubmitOutcome

_VERSION = "2017-05-25"
_BILLING_VERSION = "2017-12-14"
_PIECES: dict[str, int] = {"条": 1, "万条": 10_000}
_PAGE_SIZE = 50
_PAGES_MAX = 20
_THREADS = 8

# What the SDK raises while it reads an answer that is not of its form, besides its own exceptions.
_UNREADABLE = (ClientException, ServerException, ValueError, TypeError, KeyError, IndexError, AttributeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class AliyunSettings:
    """`template_codes` maps our template codes to theirs (SMS_…). Endpoints are host or host:port;
    `package_product` is the product code of packages of messages (unverified)."""

    access_key_id: str
    access_key_secret: str = field(repr=False)
    region: str = "cn-beijing"
    sign_name: str = "北京公积金"
    template_codes: dict[str, str]
    endpoint: str = "dysmsapi.aliyuncs.com"
    billing_endpoint: str = "business.aliyuncs.com"
    package_product: str = "dysms"
    scheme: Literal["https", "http"] = "https"
    timeout_seconds: int = 5


class AliyunCarrier:
    """A `notifications.ports.Carrier`."""

    name = "aliyun"
    # Details of a message show up at Aliyun some time after it was taken.
    settling_seconds = 120

    def __init__(self, *, settings: AliyunSettings) -> None:
        _quieten_sdk()
        self._settings = settings
        self._client = AcsClient(
            ak=settings.access_key_id,
            secret=settings.access_key_secret,
            region_id=settings.region,
            auto_retry=False,
            connect_timeout=settings.timeout_seconds,
            timeout=settings.timeout_seconds,
            pool_size=_THREADS,
            # Not empty, so that the SDK does not take a proxy from the environment.
            proxy={"http": None, "https": None},
        )
        self._client.session.trust_env = False
        self._limiter: anyio.CapacityLimiter | None = None

    async def submit(self, *, message: OutgoingSms, now: datetime) -> SubmitOutcome:
        template_code = self._settings.template_codes.get(message.template)
        if template_code is None:
            return SubmitOutcome(
                status="rejected", code="template_unmapped", message="该模板未在运营商登记", elsewhere=True
            )
        code, answer = await self._call(
            action="SendSms",
            parameters={
                "PhoneNumbers": message.mobile,
                "SignName": self._settings.sign_name,
                "TemplateCode": template_code,
                "TemplateParam": json.dumps(message.variables, ensure_ascii=False),
                "OutId": str(message.message_id),
            },
        )
        known = _known(code)
        if known.blame == "none":
            carrier_id = answer.get("BizId")
            if isinstance(carrier_id, str) and carrier_id:
                return SubmitOutcome(status="accepted", carrier_id=carrier_id, code=code, message=known.meaning)
            return SubmitOutcome(status="unknown", code="malformed_answer", message="运营商应答不完整")
        if known.blame == "unclear":
            return SubmitOutcome(status="unknown", code=code, message=known.meaning)
        return SubmitOutcome(status="rejected", code=code, message=known.meaning, elsewhere=known.blame == "carrier")

    async def query(self, *, message_id: int, mobile: str, sent_on: date, now: datetime) -> QueryOutcome:
        """Looks for our number among the day's messages to this phone, page by page."""
        for page in range(1, _PAGES_MAX + 1):
            code, answer = await self._call(
                action="QuerySendDetails",
                parameters={
                    "PhoneNumber": mobile,
                    "SendDate": f"{sent_on:%Y%m%d}",
                    "PageSize": str(_PAGE_SIZE),
                    "CurrentPage": str(page),
                },
            )
            details = _details_of(answer) if code == "OK" else None
            if details is None:
                reason = "malformed_answer" if code == "OK" else code
                return QueryOutcome(status="unknown", code=reason, message=_known(reason).meaning)
            for detail in details:
                if detail.get("OutId") == str(message_id):
                    return _outcome_of(detail)
            if len(details) < _PAGE_SIZE:
                return QueryOutcome(status="not_found", code="OK", message="运营商无此短信")
        return QueryOutcome(status="unknown", code="too_many_pages", message="当日短信过多，未能查全")

    async def balance_parts(self, *, now: datetime) -> int | None:
        """What is left of all packages in force."""
        left = 0
        for page in range(1, _PAGES_MAX + 1):
            code, answer = await self._call(
                action="QueryResourcePackageInstances",
                parameters={
                    "ProductCode": self._settings.package_product,
                    "PageNum": str(page),
                    "PageSize": str(_PAGE_SIZE),
                },
                billing=True,
            )
            packages = _packages_of(answer) if code == "Success" else None
            if packages is None:
                return None
            for package in packages:
                pieces = _pieces_of(package)
                if pieces is None:
                    return None
                left += pieces
            if len(packages) < _PAGE_SIZE:
                return left
        return None

    async def _call(
        self, *, action: str, parameters: dict[str, str], billing: bool = False
    ) -> tuple[str, dict[str, Any]]:
        """The code of the answer and the answer. Codes of our own: no_answer, malformed_answer,
        http_<status>."""
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(_THREADS)
        try:
            body = await anyio.to_thread.run_sync(
                self._call_in_thread, action, parameters, billing, abandon_on_cancel=True, limiter=self._limiter
            )
            answer = json.loads(body)
        except ServerException as error:
            listed = _known(str(error.get_error_code()))
            # A failing server may have sent the message before it failed, whatever code it gives.
            if error.get_http_status() >= 500 or listed.blame == "unclear":
                return f"http_{error.get_http_status()}", {}
            return listed.code, {}
        except ClientException:
            return "no_answer", {}
        except _UNREADABLE:
            return "malformed_answer", {}
        if not isinstance(answer, dict) or not isinstance(answer.get("Code"), str):
            return "malformed_answer", {}
        return answer["Code"], answer

    def _call_in_thread(self, action: str, parameters: dict[str, str], billing: bool) -> bytes:
        request = CommonRequest()
        request.set_method("POST")
        request.set_domain(self._settings.billing_endpoint if billing else self._settings.endpoint)
        https = self._settings.scheme == "https"
        request.set_protocol_type(protocol_type.HTTPS if https else protocol_type.HTTP)
        request.set_version(_BILLING_VERSION if billing else _VERSION)
        request.set_action_name(action)
        request.add_query_param("RegionId", self._settings.region)
        # In the body, not in the address: addresses end up in the logs of proxies.
        for name, value in parameters.items():
            request.add_body_params(name, value)
        answer = self._client.do_action_with_exception(request)
        assert isinstance(answer, bytes)
        return answer


def _known(code: str) -> CarrierCode:
    return carrier_code(carrier="aliyun", code=code)


def _details_of(answer: dict[str, Any]) -> list[dict[str, Any]] | None:
    holder = answer.get("SmsSendDetailDTOs")
    details = holder.get("SmsSendDetailDTO") if isinstance(holder, dict) else None
    if not isinstance(details, list) or not all(isinstance(detail, dict) for detail in details):
        return None
    return details


def _packages_of(answer: dict[str, Any]) -> list[dict[str, Any]] | None:
    data = answer.get("Data")
    holder = data.get("Instances") if isinstance(data, dict) else None
    packages = holder.get("Instance") if isinstance(holder, dict) else None
    if not isinstance(packages, list) or not all(isinstance(package, dict) for package in packages):
        return None
    return packages


def _pieces_of(package: dict[str, Any]) -> int | None:
    """Messages left in a package, whole ones; 0 in one that is not in force. None when it is not said in a unit that
    we know: a guess would silence the alarm."""
    if package.get("Status") != "Available":
        return 0
    unit = _PIECES.get(str(package.get("RemainingAmountUnit")))
    try:
        amount = Decimal(str(package.get("RemainingAmount")))
    except InvalidOperation:
        return None
    return int(amount * unit) if unit is not None and amount.is_finite() and amount >= 0 else None


def _outcome_of(detail: dict[str, Any]) -> QueryOutcome:
    """SendStatus 1 waiting, 2 failed, 3 delivered; ErrCode is the operator's."""
    code = str(detail.get("ErrCode") or "")
    match detail.get("SendStatus"):
        case 1:
            return QueryOutcome(status="accepted", code=code, message="等待回执")
        case 2:
            return QueryOutcome(
                status="failed",
                code=code,
                message="发送失败",
                received_at=_instant(detail.get("ReceiveDate")),
            )
        case 3:
            return QueryOutcome(
                status="delivered",
                code=code,
                message="已送达",
                received_at=_instant(detail.get("ReceiveDate")),
            )
    return QueryOutcome(status="unknown", code="malformed_answer", message="运营商返回未知状态")


def _instant(text: object) -> datetime | None:
    """`YYYY-MM-DD HH:MM:SS` of Beijing; None when absent or malformed, because it decides nothing."""
    try:
        return datetime.strptime(f"{text}+0800", "%Y-%m-%d %H:%M:%S%z")
    except ValueError:
        return None


def _quieten_sdk() -> None:
    """The SDK logs parameters, phone numbers among them, and puts a handler of its own on one of its
    loggers."""
    for name in ("aliyunsdkcore.client", "aliyunsdkcore.http.http_response", "aliyunsdkcore"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL)
        logger.handlers.clear()
