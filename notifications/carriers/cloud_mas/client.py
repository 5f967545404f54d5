"""China Mobile's cloud MAS as a carrier: one POST a message, status reports pushed to us (`reports`).

The platform puts the signature before the text by itself (`sign` is its code there), and has no question about a
single message: what was not answered is settled by its status report, recognised by the mobile and the digits that we
put behind our number (`addSerial`).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import httpx

from notifications.carriers.codes import carrier_code, no_balance
from notifications.carriers.extension import extension_of
from notifications.ports import OutgoingSms, QueryOutcome, SubmitOutcome
from notifications.rendering import SIGNATURE

ANSWER_BYTES_MAX = 64 * 1024
SIGNED = ("ecName", "apId", "secretKey", "mobiles", "content", "sign", "addSerial")
_CONNECTIONS_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudMasSettings:
    """As the contract gives them; `serial_digits`: how many digits may stand behind our number."""

    base_url: str
    ec_name: str
    ap_id: str
    secret_key: str = field(repr=False)
    sign: str
    add_serial: str = ""
    serial_digits: int = 0
    timeout_seconds: float = 5


class CloudMasCarrier:
    """A `notifications.ports.Carrier`. Proxies of the environment are not used."""

    settling_seconds = 600
    no_balance = no_balance("cloud_mas")

    def __init__(self, *, settings: CloudMasSettings, name: str = "cloud_mas") -> None:
        self.name = name
        self._settings = settings
        self._http = httpx.AsyncClient(
            base_url=settings.base_url,
            timeout=httpx.Timeout(settings.timeout_seconds),
            limits=httpx.Limits(max_connections=_CONNECTIONS_MAX, max_keepalive_connections=_CONNECTIONS_MAX),
            follow_redirects=False,
            trust_env=False,
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def submit(self, *, message: OutgoingSms, now: datetime) -> SubmitOutcome:
        settings = self._settings
        told = {
            "ecName": settings.ec_name,
            "apId": settings.ap_id,
            "secretKey": settings.secret_key,
            "mobiles": message.mobile,
            "content": message.text.removeprefix(SIGNATURE),
            "sign": settings.sign,
            "addSerial": settings.add_serial + extension_of(message.message_id, digits=settings.serial_digits),
        }
        body = base64.b64encode(json.dumps({**told, "mac": mac_of(told)}, ensure_ascii=False).encode())
        try:
            async with asyncio.timeout(settings.timeout_seconds):
                answer = await self._http.post("/sms/norsubmit", content=body, headers={"Content-Type": "text/plain"})
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            return SubmitOutcome(status="rejected", code="unreachable", message="无法连接", elsewhere=True)
        except (TimeoutError, httpx.HTTPError):
            return SubmitOutcome(status="unknown", code="no_answer", message="超时或连接中断")
        return _outcome_of(answer)

    async def query(self, *, message_id: int, mobile: str, sent_on: date, now: datetime) -> QueryOutcome:
        return QueryOutcome(status="unknown", code="no_query", message="等待状态报告")


def mac_of(told: Mapping[str, str]) -> str:
    """The platform's proof of the secret: MD5, as it wants it."""
    return hashlib.md5("".join(told[name] for name in SIGNED).encode(), usedforsecurity=False).hexdigest()


def _outcome_of(answer: httpx.Response) -> SubmitOutcome:
    if not answer.is_success:
        return SubmitOutcome(status="unknown", code=f"http_{answer.status_code}", message="平台返回错误状态")
    parsed = _object(answer.content)
    code = parsed.get("rspcod")
    if not isinstance(code, str):
        return SubmitOutcome(status="unknown", code="malformed_answer", message="平台应答不完整")
    known = carrier_code(carrier="cloud_mas", code=code)
    group = parsed.get("msgGroup")
    if known.blame == "none":
        if parsed.get("success") is True and isinstance(group, str) and group:
            return SubmitOutcome(status="accepted", carrier_id=group, code=code, message=known.meaning)
        return SubmitOutcome(status="unknown", code="malformed_answer", message="平台应答不完整")
    if known.blame == "unclear":
        return SubmitOutcome(status="unknown", code=code, message=known.meaning)
    return SubmitOutcome(status="rejected", code=code, message=known.meaning, elsewhere=known.blame == "carrier")


def _object(content: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(content[: ANSWER_BYTES_MAX + 1])
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
