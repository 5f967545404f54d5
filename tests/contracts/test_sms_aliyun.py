"""What is Aliyun's own: registered templates, pages of details, pushed reports."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.applications import Starlette

from channels.simulation import Faults
from domain.kernel.dates import SHANGHAI, business_date_of
from notifications.carriers.aliyun import AliyunCarrier, AliyunSettings, MalformedReports, read_reports, read_texts
from notifications.carriers.aliyun.simulator import AliyunSimulator
from notifications.carriers.codes import codes_of
from notifications.ports import OutgoingSms, Receipt
from notifications.rendering import render, template, variables_of
from tests.contracts.sms_worlds import package
from tests.loopback import serve, unused_url

MOBILE = "13800001234"
CODE = "withdrawal.refused"
VARIABLES = {"name": "无房租房提取", "case_no": "C1", "reason": '查询到“住房”{"a": 1}'}


def message(number: int = 1) -> OutgoingSms:
    text = render(template=template(CODE), variables=VARIABLES).text
    return OutgoingSms(
        message_id=number,
        mobile=MOBILE,
        text=text,
        parts=2,
        template=CODE,
        variables=variables_of(template=template(CODE), text=text),
    )


@dataclass(frozen=True, kw_only=True)
class World:
    base_url: str
    carrier: AliyunCarrier
    simulator: AliyunSimulator


@asynccontextmanager
async def aliyun_at_work(*, clock_off: timedelta = timedelta()) -> AsyncIterator[World]:
    simulator = AliyunSimulator(
        access_key_id="key",
        access_key_secret="secret",
        sign_name="北京公积金",
        templates=frozenset({"SMS_1"}),
        faults=Faults(),
        clock=lambda: datetime.now(UTC) + clock_off,
    )
    async with serve(Starlette(routes=simulator.routes())) as base_url:
        yield World(base_url=base_url, carrier=AliyunCarrier(settings=settings(base_url)), simulator=simulator)


def settings(base_url: str, **change: object) -> AliyunSettings:
    return replace(
        AliyunSettings(
            access_key_id="key",
            access_key_secret="secret",
            template_codes={CODE: "SMS_1"},
            endpoint=base_url.removeprefix("http://"),
            billing_endpoint=base_url.removeprefix("http://"),
            scheme="http",
        ),
        **change,
    )


async def submit(carrier: AliyunCarrier, number: int = 1) -> tuple[str, str, bool]:
    outcome = await carrier.submit(message=message(number), now=datetime.now(UTC))
    return outcome.status, outcome.code, outcome.elsewhere


async def query(carrier: AliyunCarrier, number: int) -> str:
    now = datetime.now(UTC)
    outcome = await carrier.query(message_id=number, mobile=MOBILE, sent_on=business_date_of(now), now=now)
    return outcome.status


async def test_the_registered_template_and_its_variables_are_sent() -> None:
    async with aliyun_at_work() as world:
        assert await submit(world.carrier) == ("accepted", "OK", False)
    (sent,) = world.simulator.sent
    assert (sent.mobile, sent.out_id, sent.template_code) == (MOBILE, "1", "SMS_1")
    assert json.loads(sent.template_param) == VARIABLES


async def test_a_template_that_is_not_registered_goes_elsewhere_without_a_request() -> None:
    async with aliyun_at_work() as world:
        unmapped = AliyunCarrier(settings=settings(world.base_url, template_codes={}))
        unknown = AliyunCarrier(settings=settings(world.base_url, template_codes={CODE: "SMS_2"}))
        assert await submit(unmapped) == ("rejected", "template_unmapped", True)
        assert world.simulator.faults.counts == {}
        assert await submit(unknown) == ("rejected", "isv.SMS_TEMPLATE_ILLEGAL", True)
        assert world.simulator.sent == []


async def test_a_message_is_found_on_a_later_page() -> None:
    async with aliyun_at_work() as world:
        await submit(world.carrier, 77)
        last = world.simulator.sent[0]
        world.simulator.sent[:] = [replace(last, out_id=str(number)) for number in range(1_000, 1_120)] + [last]
        assert await query(world.carrier, 77) == "delivered"
        assert world.simulator.faults.counts["aliyun.QuerySendDetails"] == 3
        assert await query(world.carrier, 78) == "not_found"


async def test_details_that_go_on_for_ever_are_no_not_found() -> None:
    async with aliyun_at_work() as world:
        await submit(world.carrier, 77)
        world.simulator.sent[:] = world.simulator.sent * 1_001
        assert await query(world.carrier, 78) == "unknown"


async def test_a_stale_clock_is_refused_and_may_go_elsewhere() -> None:
    async with aliyun_at_work(clock_off=timedelta(hours=1)) as world:
        assert await submit(world.carrier) == ("rejected", "InvalidTimeStamp.Expired", True)
        assert world.simulator.sent == []


async def test_a_forged_signature_is_refused() -> None:
    async with aliyun_at_work() as world:
        parameters = {
            "AccessKeyId": "key",
            "Signature": "forged",
            "Action": "SendSms",
            "PhoneNumbers": MOBILE,
        }
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.post(world.base_url, data=parameters)
        assert (answer.status_code, answer.json()["Code"]) == (400, "SignatureDoesNotMatch")
        assert world.simulator.sent == []


async def test_a_carrier_that_cannot_be_reached_is_unknown() -> None:
    away = AliyunCarrier(settings=settings(unused_url(), timeout_seconds=1))
    assert await submit(away) == ("unknown", "no_answer", False)
    assert await query(away, 1) == "unknown"


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, unused_url())
    async with aliyun_at_work() as world:
        assert await submit(world.carrier) == ("accepted", "OK", False)


async def test_neither_phone_nor_secret_is_logged_or_printed(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        async with aliyun_at_work() as world:
            await submit(world.carrier)
            world.simulator.faults.add(simulator="aliyun", operation="SendSms", mode="error500", times=1)
            await submit(world.carrier)
    assert MOBILE not in caplog.text
    assert "secret" not in repr(settings(world.base_url))


REPORT = {
    "phone_number": MOBILE,
    "send_time": "2026-11-23 10:00:00",
    "report_time": "2026-11-23 10:00:05",
    "success": True,
    "err_code": "DELIVERED",
    "err_msg": "用户接收成功",
    "sms_size": "1",
    "biz_id": "932702304080415357^0",
    "out_id": "7001",
}


def test_pushed_reports_are_read() -> None:
    failed = {**REPORT, "success": False, "err_code": "UNDELIV", "out_id": "7002", "biz_id": ""}
    of_others = {**REPORT, "out_id": ""}
    at = datetime(2026, 11, 23, 10, 0, 5, tzinfo=SHANGHAI)
    assert read_reports(json.dumps([REPORT, of_others, failed]).encode()) == [
        Receipt(
            carrier="aliyun",
            message_id=7001,
            carrier_id="932702304080415357^0",
            status="delivered",
            code="DELIVERED",
            received_at=at,
        ),
        Receipt(
            carrier="aliyun",
            message_id=7002,
            carrier_id=None,
            status="failed",
            code="UNDELIV",
            received_at=at,
        ),
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"\xff",
        b"[1]",
        json.dumps([{**REPORT, "out_id": "7001; DROP"}]).encode(),
        json.dumps([{**REPORT, "out_id": "9" * 20}]).encode(),
        json.dumps([{**REPORT, "out_id": 7001}]).encode(),
        json.dumps([{**REPORT, "success": "true"}]).encode(),
        json.dumps([{**REPORT, "report_time": "yesterday"}]).encode(),
        json.dumps([REPORT] * 1_001).encode(),
    ],
)
def test_malformed_reports_are_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(MalformedReports):
        read_reports(body)


@pytest.mark.parametrize("carrier", ["aliyun", "agent"])
def test_the_code_tables_are_whole(carrier: str) -> None:
    codes = codes_of(carrier)
    assert {code.blame for code in codes.values()} == {"none", "number", "carrier", "unclear"}
    assert sum(code.blame == "none" for code in codes.values()) == 1


# What is left of prepaid packages


async def balance(carrier: AliyunCarrier) -> int | None:
    return await carrier.balance_parts(now=datetime.now(UTC))


async def test_packages_in_force_are_added_up_over_all_pages() -> None:
    async with aliyun_at_work() as world:
        assert await balance(world.carrier) == 0
        world.simulator.packages = [package("10") for _ in range(60)] + [package("1.5", unit="万条")]
        assert await balance(world.carrier) == 15_600
        assert world.simulator.faults.counts["aliyun.QueryResourcePackageInstances"] == 3


@pytest.mark.parametrize("left", [package("1", unit="GB"), package("many"), package("-1"), package("NaN")])
async def test_a_package_that_cannot_be_read_makes_the_sum_unknown(left: dict[str, str]) -> None:
    async with aliyun_at_work() as world:
        world.simulator.packages = [package("10"), left]
        assert await balance(world.carrier) is None


# Texts from outside

TEXT = {"phone_number": "13800001234", "send_time": "2026-11-23 10:00:00", "content": "5", "sequence_id": 1234567890}


def test_a_text_from_outside_is_read() -> None:
    (read,) = read_texts(json.dumps([{**TEXT, "dest_code": "1065"}]).encode())
    assert (read.carrier, read.carrier_id, read.mobile, read.text) == ("aliyun", "1234567890", "13800001234", "5")
    assert read.received_at == datetime(2026, 11, 23, 10, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    "change", [{"content": 5}, {"sequence_id": None}, {"sequence_id": True}, {"send_time": ""}, {"phone_number": ""}]
)
def test_a_malformed_text_is_refused_whole(change: dict[str, object]) -> None:
    with pytest.raises(MalformedReports):
        read_texts(json.dumps([TEXT, {**TEXT, **change}]).encode())
