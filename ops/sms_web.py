"""The web's part in SMS: the doors to which carriers push receipts and texts from outside, and what `/metrics` tells of
the area."""

from __future__ import annotations

import hmac

from prometheus_client import Gauge
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from notifications import alarms, inbound, monitoring, receipts
from notifications.carriers import aliyun, cloud_mas
from ops.telemetry import REGISTRY
from ops.wiring import House

BODY_BYTES_MAX = 2 * 1024 * 1024

WAITING = Gauge("hpf_sms_waiting", "Messages waiting by lane", ["lane"], registry=REGISTRY)
UNCLEAR = Gauge("hpf_sms_unclear", "Messages without a clear answer", registry=REGISTRY)
OLDEST = Gauge("hpf_sms_oldest_seconds", "How long the oldest waiting message but bulk has waited", registry=REGISTRY)
STRAYS = Gauge("hpf_sms_stray_receipts", "Receipts that named no message yet", registry=REGISTRY)
SHARE = Gauge("hpf_sms_carrier_share", "Share in a hundred that a carrier takes", ["carrier"], registry=REGISTRY)
ONLINE = Gauge("hpf_sms_carrier_online", "Whether a long connection is up", ["carrier"], registry=REGISTRY)
BALANCE = Gauge("hpf_sms_carrier_balance_parts", "Parts left at a carrier", ["carrier"], registry=REGISTRY)
SEEN = Gauge(
    "hpf_sms_carrier_seen",
    "Of the last five minutes: submitted, failed, slow, mean_ms, max_ms, receipts, receipts_failed",
    ["carrier", "what"],
    registry=REGISTRY,
)
ALARMS = Gauge("hpf_sms_alarms", "Alarms that stand", ["kind"], registry=REGISTRY)


async def observe(house: House) -> None:
    """Sets the gauges from the database, so that every web process tells the same."""
    now = house.clock()
    queue = await monitoring.queue(now=now)
    for priority, name in monitoring.LANE_CODES.items():
        WAITING.labels(lane=name).set(queue.waiting.get(priority, 0))
    UNCLEAR.set(queue.unclear)
    STRAYS.set(queue.strays)
    OLDEST.set(0 if queue.oldest is None else queue.oldest.total_seconds())
    for one in await monitoring.carriers(now=now):
        SHARE.labels(carrier=one.carrier).set(one.share)
        if one.online is not None:
            ONLINE.labels(carrier=one.carrier).set(int(one.online))
        if one.balance_parts is not None:
            BALANCE.labels(carrier=one.carrier).set(one.balance_parts)
        told = {
            "submitted": one.submitted,
            "failed": one.failed,
            "slow": one.slow,
            "mean_ms": one.mean_ms,
            "max_ms": one.handed_ms_max,
            "receipts": one.receipts,
            "receipts_failed": one.receipts_failed,
        }
        for what, value in told.items():
            SEEN.labels(carrier=one.carrier, what=what).set(value)
    standing = [one.kind for one in await alarms.listed() if one.cleared_at is None]
    for kind in alarms.KINDS:
        ALARMS.labels(kind=kind).set(standing.count(kind))


def routes(house: House) -> list[Route]:
    """POST only. The carriers sign nothing, so the path holds a secret; without one there is no door."""
    secret = house.settings.sms_push_token

    async def opened(request: Request) -> tuple[str, str, bytes] | Response:
        """The kind of carrier, its name here, and what it says."""
        given = request.path_params["token"]
        if secret is None or not hmac.compare_digest(given.encode(), secret.get_secret_value().encode()):
            return PlainTextResponse("", status_code=404)
        kind = request.path_params["carrier"]
        names = [name for name, one in house.settings.carrier_kinds.items() if one == kind]
        if kind not in ("aliyun", "cloud_mas") or not names:
            return PlainTextResponse("", status_code=404)
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                return PlainTextResponse("", status_code=413)
        return kind, names[0], bytes(body)

    async def reports(request: Request) -> Response:
        told = await opened(request)
        if isinstance(told, Response):
            return told
        kind, name, body = told
        now = house.clock()
        try:
            found = (
                aliyun.read_reports(body) if kind == "aliyun" else cloud_mas.read_reports(body, carrier=name, now=now)
            )
        except (aliyun.MalformedReports, cloud_mas.MalformedReports):
            return _malformed()
        # kept before it is answered: what is not answered comes again
        await receipts.apply(receipts=found, now=now, carriers=house.carriers)
        return _acknowledged(kind)

    async def texts(request: Request) -> Response:
        told = await opened(request)
        if isinstance(told, Response):
            return told
        kind, name, body = told
        now = house.clock()
        try:
            found = aliyun.read_texts(body) if kind == "aliyun" else cloud_mas.read_texts(body, carrier=name, now=now)
        except (aliyun.MalformedReports, cloud_mas.MalformedReports):
            return _malformed()
        await inbound.keep(texts=found, now=now)
        return _acknowledged(kind)

    return [
        Route("/sms/reports/{token}/{carrier}", reports, methods=["POST"]),
        Route("/sms/texts/{token}/{carrier}", texts, methods=["POST"]),
    ]


def _acknowledged(kind: str) -> Response:
    return JSONResponse(aliyun.ACKNOWLEDGEMENT if kind == "aliyun" else {"success": True})


def _malformed() -> Response:
    return JSONResponse({"code": 1, "msg": "格式错误"}, status_code=400)
