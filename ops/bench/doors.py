"""`./dev bench doors`: a partner's door with 100 at once, and reviews pushed to a slow platform.

The door is the platform as it serves: granian, signatures, journal, request log; a message is a row before it is
answered, nothing is worked on meanwhile. The reviews go from the queue to a platform (a simulator in this process) that
waits before each answer; the same rows without the platform's wait would say nothing about a slow one, so what is
measured is how many it has confirmed a minute, and whether the queue grew. Both are what issue-sized targets ask for:
under 100 ms at p99, and 1,000 reviews a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import secrets
import sys
import time
from datetime import UTC, datetime
from typing import Any

import asyncpg
import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from channels.evaluation_push.messages import PUSH_PATH
from channels.sms_replies.door import PATH
from channels.wire import signed_headers
from domain import cases
from domain.kernel import vault
from domain.kernel.digest import canonical_json, sm3
from ops import reviews
from ops.bench.rig import load, servers
from ops.bench.rig.stores import Stores, add_options, wanted_stores
from ops.doors import SMS_REPLIES_APP
from ops.migrate import migrate
from ops.settings import Settings
from ops.wiring import House, open_house

SECRET = "bench-secret-0123456789-0123456789"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev bench doors")
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--messages", type=int, default=6_000)
    parser.add_argument("--reviews", type=int, default=1_000)
    parser.add_argument("--platform-ms", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    add_options(parser)
    chosen = parser.parse_args(arguments)
    with wanted_stores(chosen) as stores:
        asyncio.run(migrate(stores.database_url))
        figures = {**_door(stores, chosen), **asyncio.run(_reviews(stores, chosen))}
    if chosen.json:
        json.dump(figures, sys.stdout, ensure_ascii=False, indent=1)
    else:
        for name, value in figures.items():
            print(f"{name:<34}{value}")
    return 0


def _settings(stores: Stores, **more: Any) -> Settings:
    return Settings(
        environment="test",
        database_url=stores.database_url,
        redis_url=stores.redis_url,
        redis_prefix=stores.redis_prefix,
        sms_key_secret=SecretStr(SECRET),
        evaluation_secret=SecretStr(SECRET),
        requests_per_minute_max=100_000_000,
        log_level="WARNING",
        **more,
    )


def _door(stores: Stores, chosen: argparse.Namespace) -> dict[str, Any]:
    """Each message is its own, signed beforehand; the process's quota is lifted by splitting it over the workers."""
    settings = _settings(stores)
    values = {
        "DATABASE_URL": stores.database_url,
        "REDIS_URL": stores.redis_url,
        "HPF_REDIS_PREFIX": stores.redis_prefix,
        "HPF_ENVIRONMENT": "test",
        "HPF_SMS_KEY_SECRET": SECRET,
        "HPF_LOG_LEVEL": "WARNING",
        "HPF_REQUESTS_PER_MINUTE_MAX": "100000000",
        "HPF_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
    }
    port = servers.a_free_port()
    command = servers.granian(app="ops.asgi:app", workers=settings.web_workers, port=port)
    with servers.serving(command=command, port=port, log=stores.folder / "doors.log", values=values) as server:
        server.wait_ready(path="/readyz")
        plan = load.Plan(
            port=port,
            connections=chosen.connections,
            seconds=60,
            requests=[_message(number) for number in range(chosen.messages)],
            right='"code":"0"',
            once=True,
        )
        outcome = asyncio.run(load.drive_elsewhere(plan))
    times = sorted(outcome.seconds)
    if outcome.wrong or len(times) < chosen.messages:
        raise SystemExit(f"{outcome.wrong} wrong answers of {chosen.messages}: {outcome.first_wrong}")
    kept = asyncio.run(_count(stores.database_url))
    if kept != chosen.messages:
        raise SystemExit(f"{kept} of {chosen.messages} messages were kept")
    return {
        "door: messages, all kept": kept,
        "door: at once": chosen.connections,
        "door: a second": round(len(times) / outcome.elapsed),
        "door: p50 ms": round(times[len(times) // 2] * 1000, 1),
        "door: p99 ms": round(times[len(times) * 99 // 100] * 1000, 1),
        "door: slowest ms": round(times[-1] * 1000, 1),
    }


def _message(number: int) -> str:
    told = {"messageId": f"B{number}", "mobile": "13800000000", "text": "谢谢", "receivedAt": "2026-11-29 10:00:00"}
    body = json.dumps(told, ensure_ascii=False).encode()
    headers = signed_headers(
        app=SMS_REPLIES_APP, secret=SECRET.encode(), method="POST", path=PATH, body=body, now=datetime.now(UTC)
    )
    lines = [f"POST {PATH} HTTP/1.1", "Host: bench", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]) + body.decode()


async def _count(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM inbound_message"))
    finally:
        await connection.close()


async def _reviews(stores: Stores, chosen: argparse.Namespace) -> dict[str, Any]:
    taken: set[str] = set()

    async def push(request: Request) -> JSONResponse:
        number = (await request.json())["evaluationNo"]
        await asyncio.sleep(chosen.platform_ms / 1000)
        taken.add(number)
        return JSONResponse({"code": "0", "evaluationNo": number, "receiptNo": f"R{number}"})

    port = servers.a_free_port()
    platform = uvicorn.Server(
        uvicorn.Config(
            Starlette(routes=[Route(PUSH_PATH, push, methods=["POST"])]), host="127.0.0.1", port=port, log_level="error"
        )
    )
    serving = asyncio.create_task(platform.serve())
    settings = _settings(stores, evaluation_url=f"http://127.0.0.1:{port}", evaluation_timeout_ms=10_000)
    try:
        while True:
            await asyncio.sleep(0.05)
            if platform.started:
                break
        async with open_house(settings) as house:
            await _queue(house, chosen.reviews)
            stopped = asyncio.Event()
            started = time.perf_counter()
            pushing = asyncio.create_task(reviews.push_all(house, stopped=stopped, idle=0.3))
            while True:
                await asyncio.sleep(0.2)
                if not (await cases.report_figures()).waiting:
                    break
            seconds = time.perf_counter() - started
            stopped.set()
            await pushing
            done = await cases.report_figures()
    finally:
        platform.should_exit = True
        await serving
    if len(taken) != chosen.reviews or done.accepted != chosen.reviews:
        raise SystemExit(f"{len(taken)} taken, {done.accepted} confirmed of {chosen.reviews}")
    return {
        "reviews: confirmed, each once": done.accepted,
        "reviews: platform answers after ms": chosen.platform_ms,
        "reviews: a minute": round(60 * chosen.reviews / seconds),
        "reviews: seconds": round(seconds, 1),
    }


async def _queue(house: House, count: int) -> None:
    """Reports with their content frozen, as after a first try: what is measured is the telling. Foreign keys to cases
    are left aside, because nobody looks at the cases."""
    now = house.clock()
    rows = []
    for number in range(1, count + 1):
        told = {
            "evaluation_no": f"E20261130C20{number:010d}-M1",
            "case_no": f"20261130C20{number:010d}",
            "item_code": "C20",
            "item_name": "租房提取",
            "service_name": "租房提取",
            "accepted_at": now,
            "applicant_name": "张三",
            "document_type": "01",
            "document_no": "11010519491231002X",
            "grade": 5,
            "tags": [],
            "comment": "",
            "terminal": "mobile",
            "round": 1,
            "evaluated_at": now,
        }
        body = canonical_json(told).decode()
        rows.append(
            (
                1,
                number,
                number,
                told["evaluation_no"],
                "evaluation",
                1,
                vault.current().encrypt(body),
                sm3(body.encode()),
            )
        )
    connection = await asyncpg.connect(house.settings.database_url)
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")
            await connection.executemany(
                "INSERT INTO evaluation_report (account_no, report_id, case_id, evaluation_no, kind, seq, body_cipher,"
                " digest, created_at, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now(), now())",
                rows,
            )
    finally:
        await connection.close()
