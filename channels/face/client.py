"""Aliyun cloudauth 2019-03-07 by the vendor's core SDK: InitFaceVerify and DescribeFaceVerify.

The SDK is synchronous: it runs in threads, with its own retries switched off. Name and document travel in the body.
MaterialInfo (scores, addresses of pictures) is neither read nor kept.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import Any, Literal

import anyio
import anyio.to_thread
from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.http import protocol_type
from aliyunsdkcore.request import CommonRequest

from auth.face import FaceOutcome, StartedFace
from domain.kernel.failures import PartnerFailure

VERSION = "2019-03-07"
_THREADS = 8
_UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError)

# ResultObject.SubCode while the person is still at it; everything else that is not T has failed.
PENDING_CODES = frozenset({"", "206", "207"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AliyunFaceSettings:
    """`endpoint` is host or host:port; `product_code` ID_PRO compares with the authority's photo."""

    access_key_id: str
    access_key_secret: str = field(repr=False)
    scene_id: str
    region: str = "cn-beijing"
    product_code: str = "ID_PRO"
    endpoint: str = "cloudauth.aliyuncs.com"
    scheme: Literal["https", "http"] = "https"
    timeout_seconds: int = 5


class AliyunFace:
    """Implements `auth.face.FaceVerification`."""

    provider = "aliyun"

    def __init__(self, *, settings: AliyunFaceSettings) -> None:
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

    async def start(
        self, *, order_no: str, name: str, document_no: str, meta_info: str, return_url: str
    ) -> StartedFace:
        parameters = {
            "SceneId": self._settings.scene_id,
            "OuterOrderNo": order_no,
            "ProductCode": self._settings.product_code,
            "CertType": "IDENTITY_CARD",
            "CertName": name,
            "CertNo": document_no,
            "MetaInfo": meta_info,
        }
        if return_url:
            parameters["ReturnUrl"] = return_url
        told = await self._call(action="InitFaceVerify", parameters=parameters)
        certify_id, url = told.get("CertifyId"), told.get("CertifyUrl")
        if not isinstance(certify_id, str) or not 8 <= len(certify_id) <= 64 or not certify_id.isalnum():
            raise self._failure("答复不是约定的格式")
        return StartedFace(certify_id=certify_id, url=url if isinstance(url, str) and url else None)

    async def outcome(self, *, certify_id: str) -> FaceOutcome:
        told = await self._call(
            action="DescribeFaceVerify",
            parameters={"SceneId": self._settings.scene_id, "CertifyId": certify_id},
        )
        passed, code = told.get("Passed"), str(told.get("SubCode") or "")
        # the vendor says to go by Passed alone
        if passed == "T":
            return FaceOutcome(outcome="passed", code=code)
        if passed != "F":
            raise self._failure("答复不是约定的格式")
        return FaceOutcome(outcome="pending" if code in PENDING_CODES else "failed", code=code)

    async def _call(self, *, action: str, parameters: dict[str, str]) -> dict[str, Any]:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(_THREADS)
        try:
            body = await anyio.to_thread.run_sync(
                self._call_in_thread, action, parameters, abandon_on_cancel=True, limiter=self._limiter
            )
            answer = json.loads(body)
        except ServerException as error:
            status = error.get_http_status()
            # 4xx: our key or scene is wrong, repeating does not help
            raise self._failure(f"返回{status}", retryable=status >= 500) from None
        except ClientException as error:
            # the SDK finds out by itself that its key is wrong
            ours = str(error.get_error_code()).startswith("SDK.Invalid")
            raise self._failure("无法连接或超时", retryable=not ours) from None
        except _UNREADABLE:
            raise self._failure("答复不是约定的格式") from None
        told = answer.get("ResultObject") if isinstance(answer, dict) else None
        code = str(answer.get("Code")) if isinstance(answer, dict) else ""
        if code != "200" or not isinstance(told, dict):
            raise self._failure(f"答复{code[:20]}", retryable=code.startswith("5"))
        return told

    def _call_in_thread(self, action: str, parameters: dict[str, str]) -> bytes:
        request = CommonRequest()
        request.set_method("POST")
        request.set_domain(self._settings.endpoint)
        https = self._settings.scheme == "https"
        request.set_protocol_type(protocol_type.HTTPS if https else protocol_type.HTTP)
        request.set_version(VERSION)
        request.set_action_name(action)
        request.add_query_param("RegionId", self._settings.region)
        for name, value in parameters.items():
            request.add_body_params(name, value)
        answer = self._client.do_action_with_exception(request)
        assert isinstance(answer, bytes)
        return answer

    def _failure(self, reason: str, *, retryable: bool = True) -> PartnerFailure:
        return PartnerFailure(partner="实人认证", reason=reason, retryable=retryable)


def _quieten_sdk() -> None:
    """The SDK logs parameters, names and documents among them."""
    for name in ("aliyunsdkcore.client", "aliyunsdkcore.http.http_response", "aliyunsdkcore"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL)
        logger.handlers.clear()
