"""Aliyun's verification of living persons for this machine: RPC requests signed by HMAC-SHA1, actions InitFaceVerify
and DescribeFaceVerify, and a page that plays the person's device.

Simulator `face`, operations `InitFaceVerify`, `DescribeFaceVerify`; mode `refuse` answers the code in detail's `code`
(default 500). `show(certify_id, passed=…)`, or the page at CertifyUrl, plays the face; until then the check is pending.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import escape
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from channels.face.client import VERSION
from channels.simulation import Faults
from domain.kernel.identifiers import mask_id_document, mask_name, valid_id_card

NAME = "face"
FIELDS_MAX = 30
_WINDOW = timedelta(minutes=15)
_LIFE = timedelta(minutes=30)


@dataclass(slots=True)
class _Check:
    name: str
    document_no: str
    order_no: str
    expires_at: datetime
    passed: bool | None = None
    code: str = "206"


@dataclass(slots=True, kw_only=True)
class FaceSimulator:
    access_key_id: str
    access_key_secret: str
    scene_id: str
    clock: Callable[[], datetime]
    faults: Faults = field(default_factory=Faults)
    checks: dict[str, _Check] = field(default_factory=dict)
    _nonces: set[str] = field(default_factory=set)
    _orders: set[str] = field(default_factory=set)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._call, methods=["POST"]),
                Route("/show/{certify_id}", self._page, methods=["GET"]),
                Route("/show/{certify_id}", self._shown, methods=["POST"]),
            ]
        )

    def show(self, certify_id: str, *, passed: bool) -> None:
        """The person looks into the camera."""
        check = self.checks[certify_id]
        check.passed, check.code = passed, "200" if passed else "205"

    async def _call(self, request: Request) -> Response:
        async with request.form(max_files=0, max_fields=FIELDS_MAX) as form:
            parameters = {**dict(request.query_params), **{name: str(value) for name, value in form.items()}}
        refused = self._verify(method=request.method, parameters=parameters)
        if refused is not None:
            code, _, signed = refused.partition(" ")
            # the vendor shows what was to be signed, and its SDK reads it
            message = f"Specified signature is not matched with our calculation. server string to sign is:{signed}"
            return JSONResponse({"Code": code, "Message": message, "RequestId": "0"}, status_code=400)
        action = parameters.get("Action", "")
        if parameters.get("Version") != VERSION or action not in ("InitFaceVerify", "DescribeFaceVerify"):
            return JSONResponse({"Code": "InvalidAction.NotFound", "RequestId": "0"}, status_code=404)
        fault = self.faults.take(simulator=NAME, operation=action)
        if (broken := await fault.before(request)) is not None:
            return broken
        if fault.mode == "refuse":
            return _answer(str(fault.detail.get("code", "500")))
        work = self._init if action == "InitFaceVerify" else self._describe
        return await fault.after(request, work(parameters, request))

    def _init(self, parameters: Mapping[str, str], request: Request) -> Response:
        known = parameters.get("SceneId") == self.scene_id and parameters.get("CertType") == "IDENTITY_CARD"
        order_no = parameters.get("OuterOrderNo", "")
        if not known or not order_no or order_no in self._orders or not valid_id_card(parameters.get("CertNo", "")):
            return _answer("401")
        self._orders.add(order_no)
        certify_id = secrets.token_hex(16)
        self.checks[certify_id] = _Check(
            parameters.get("CertName", ""), parameters["CertNo"], order_no, self.clock() + _LIFE
        )
        base = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
        return _answer("200", {"CertifyId": certify_id, "CertifyUrl": f"{base}/show/{certify_id}"})

    def _describe(self, parameters: Mapping[str, str], request: Request) -> Response:
        check = self.checks.get(parameters.get("CertifyId", ""))
        if check is None or parameters.get("SceneId") != self.scene_id:
            return _answer("404")
        told = {
            "Passed": "T" if check.passed else "F",
            "SubCode": check.code,
            "IdentityInfo": None,
            "DeviceToken": None,
            # pictures and scores: nobody of ours may keep them
            "MaterialInfo": '{"verifyScore": 99.1, "facialPictureFront": {"pictureUrl": "https://oss.invalid/face.jpg"}}',
        }
        return _answer("200", told)

    async def _page(self, request: Request) -> Response:
        check = self.checks.get(request.path_params["certify_id"])
        if check is None:
            return Response(status_code=404)
        person = f"{escape(mask_name(check.name))} {escape(mask_id_document(check.document_no))}"
        return HTMLResponse(
            '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>模拟实人认证</title>'
            f'<h1>模拟实人认证</h1><p>{person}</p><form method="post">'
            '<button name="passed" value="yes">通过</button> <button name="passed" value="no">不通过</button></form>'
        )

    async def _shown(self, request: Request) -> Response:
        async with request.form(max_files=0, max_fields=FIELDS_MAX) as form:
            passed = form.get("passed") == "yes"
        if request.path_params["certify_id"] not in self.checks:
            return Response(status_code=404)
        self.show(request.path_params["certify_id"], passed=passed)
        return HTMLResponse('<!doctype html><meta charset="utf-8"><p>已完成，请返回原页面继续办理。</p>')

    def _verify(self, *, method: str, parameters: Mapping[str, str]) -> str | None:
        """The code of a refusal, and what was to be signed. The signature is computed here from the documented rule,
        not by the SDK."""
        if parameters.get("AccessKeyId") != self.access_key_id:
            return "InvalidAccessKeyId.NotFound"
        signed = sorted((name, value) for name, value in parameters.items() if name != "Signature")
        canonical = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in signed)
        text = f"{method}&{_encoded('/')}&{_encoded(canonical)}"
        digest = hmac.digest(f"{self.access_key_secret}&".encode(), text.encode(), "sha1")
        if not hmac.compare_digest(base64.b64encode(digest).decode(), parameters.get("Signature", "")):
            return f"SignatureDoesNotMatch {text}"
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


def _encoded(text: str) -> str:
    """Percent encoding of RFC 3986: only letters, digits and -_.~ stay."""
    return quote(text, safe="-_.~")


def _answer(code: str, told: Mapping[str, object] | None = None) -> JSONResponse:
    return JSONResponse({"RequestId": "0", "Code": code, "Message": "success", "ResultObject": told})
