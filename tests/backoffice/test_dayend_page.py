"""The day-end's page: progress, warnings, and what staff may do, each time as another of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from playwright.async_api import expect

from domain.kernel import database
from domain.kernel.identifiers import new_id
from tests.backoffice import city
from tests.backoffice.conftest import Browser
from tests.backoffice.test_browser import Enter, chromium, enter, fits  # noqa: F401
from tests.factories.snapshot import nothing_changed

PATH = "/backoffice/dayend"
YESTERDAY = date(2026, 11, 22)
SignedIn = Callable[[str], Awaitable[Browser]]

pytestmark = pytest.mark.requirement("N2")


@pytest_asyncio.fixture
async def rows(desk_city: asyncpg.Connection, clock: city.Clock) -> AsyncIterator[asyncpg.Connection]:
    yield desk_city


async def a_run(day: date, *, state: str = "finished", reason: str = "", milliseconds: int = 95_000) -> None:
    begun = datetime(day.year, day.month, day.day, 16, 5, tzinfo=UTC)
    ended = begun + timedelta(milliseconds=milliseconds) if state.startswith("finished") else None
    await database.execute(
        "INSERT INTO day_end_run VALUES ($1, $2, $3, 1, 'node1:77', $4, $5)", day, state, reason, begun, ended
    )
    done = "done" if ended else "running"
    await a_step(day, "interest", 1, "个人账户计息", state=done, milliseconds=milliseconds, ended=ended)


async def a_step(
    day: date,
    name: str,
    position: int,
    title: str,
    *,
    state: str,
    milliseconds: int = 0,
    ended: datetime | None = None,
    rows: int = 0,
) -> None:
    await database.execute(
        "INSERT INTO day_end_step (business_date, name, position, title, owner, subject, on_failure, state, planned_at,"
        " rows_expected, milliseconds, started_at, finished_at)"
        " VALUES ($1, $2, $3, $4, '归集处', 'account', 'continue', $5, $6, $7, $8, $6, $9)",
        day,
        name,
        position,
        title,
        state,
        city.START,
        rows,
        milliseconds,
        ended,
    )


async def an_exception(day: date, number: int, *, kind: str = "CheckViolationError 23514") -> int:
    key = new_id()
    await database.execute(
        "INSERT INTO day_end_exception (exception_id, business_date, step, subject_no, error_kind, state, found_at,"
        " tried_at) VALUES ($1, $2, 'interest', $3, $4, 'open', $5, $5)",
        key,
        day,
        number,
        kind,
        city.START,
    )
    return key


async def running_since(begun: datetime, *, now: datetime) -> None:
    """A runner at work on yesterday: one step over, one at a quarter after its first partition, one to come."""
    await a_run(YESTERDAY - timedelta(days=1), milliseconds=120_000)
    await a_step(YESTERDAY - timedelta(days=1), "closing", 2, "账户日终", state="done", milliseconds=60_000, ended=now)
    await a_run(YESTERDAY, state="running")
    await database.execute("UPDATE day_end_step SET rows_expected = 200000 WHERE business_date = $1", YESTERDAY)
    for number in range(4):
        ended = now if number == 0 else None
        await database.execute(
            "INSERT INTO day_end_partition VALUES ($1, 'interest', $2, $3, $4, 50000, $5, $6, $7, $8)",
            YESTERDAY,
            number * 100_000 + 1,
            (number + 1) * 100_000,
            number + 1,
            "done" if ended else "waiting",
            50_000 if ended else 0,
            40_000 if ended else 0,
            ended,
        )
    await a_step(YESTERDAY, "closing", 2, "账户日终", state="waiting")
    await a_step(YESTERDAY, "statement", 3, "对账单", state="waiting")
    await database.execute("INSERT INTO day_end_lease VALUES (true, 7, 'node1:77', $1, $2, NULL)", begun, now)


async def test_a_house_without_any_day_end_says_what_it_would_do(signed_in: SignedIn, rows: object) -> None:
    page = await (await signed_in("sun.cai")).open(PATH)
    assert page.status_code == 200 and "尚未执行过日终" in page.text and "没有待处理的异常" in page.text
    assert "将执行 2026-11-22" in page.text and "立即执行日终" in page.text
    assert "Refresh" not in page.headers


@pytest.mark.parametrize("login", ["li.min", "zhou.xitong", "zheng.shenji"])
async def test_others_neither_see_nor_do_anything(signed_in: SignedIn, rows: object, login: str) -> None:
    await a_run(YESTERDAY - timedelta(days=1))
    key = await an_exception(YESTERDAY - timedelta(days=1), 801000000001)
    browser = await signed_in(login)
    assert PATH not in (await browser.open("/backoffice/")).text
    async with nothing_changed():
        for path in (PATH, f"{PATH}/exceptions/{key}"):
            assert (await browser.open(path)).status_code == 403
        for path in ("start", "confirm", "retry", "propose", "decide"):
            fields = {**browser.csrf, "exception_id": str(key), "decision": "agree", "reason": "已手工入账"}
            assert (await browser.post(f"{PATH}/{path}", fields)).status_code == 403


async def test_progress_and_remaining_time_while_it_runs(signed_in: SignedIn, rows: object, clock: city.Clock) -> None:
    clock.now = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
    browser = await signed_in("sun.cai")
    await running_since(datetime(2026, 11, 22, 16, 5, tzinfo=UTC), now=clock.now)
    page = await browser.open(PATH)
    assert '<progress class="progress" max="100" value="25">25%</progress>' in page.text
    # 150,000 rows at 50,000 in 40 s by two workers, and the minute that closing usually takes
    assert "2分0秒" in page.text and "约 01:02 完成" in page.text
    assert "有 1 个步骤没有历史用时" in page.text
    assert "50,000 / 200,000" in page.text and "node1:77" in page.text
    assert "立即执行日终" not in page.text and "继续执行日终" not in page.text
    assert page.headers["Refresh"] == "10; url=/backoffice/dayend?refreshed=1"
    assert (await browser.open(f"{PATH}?refreshed=59")).headers["Refresh"].endswith("refreshed=60")
    # an unattended page stops by itself, so that the session can end
    for last in ("60", "999", "-1", "x" * 9):
        assert "Refresh" not in (await browser.open(f"{PATH}?refreshed={last}")).headers


@pytest.mark.parametrize(
    ("begun", "now", "beat", "said"),
    [
        ("16:05", "23:59", "23:59", "预计超过早8时"),
        ("16:05", "20:10", "20:10", "预计总用时超过4小时"),
        ("16:05", "17:00", "16:50", "已失去联系"),
    ],
)
async def test_what_goes_wrong_is_told(
    signed_in: SignedIn, rows: object, clock: city.Clock, begun: str, now: str, beat: str, said: str
) -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(f"2026-11-22T{text}:00+00:00")

    clock.now = at(now)
    browser = await signed_in("sun.cai")
    await running_since(at(begun), now=at(beat))
    assert said in (await browser.open(PATH)).text


async def test_a_start_is_asked_for_once(signed_in: SignedIn, rows: asyncpg.Connection) -> None:
    first = await signed_in("sun.cai")
    page = await first.open(PATH)
    done = await first.submit(page, f"{PATH}/start")
    assert "已提交启动" in done.text and "立即执行日终" not in done.text and "等待执行" in done.text
    # the page of a colleague from before
    await first.submit(page, f"{PATH}/start")
    assert await rows.fetchval("SELECT count(*) FROM day_end_request") == 1
    audited = await rows.fetchrow("SELECT actor_name, action FROM audit_event WHERE action LIKE 'dayend.%'")
    assert tuple(audited) == ("孙财", "dayend.start_requested")


async def test_a_jump_is_confirmed_with_a_reason(signed_in: SignedIn, rows: asyncpg.Connection) -> None:
    await a_run(date(2026, 9, 1))
    browser = await signed_in("sun.cai")
    page = await browser.open(PATH)
    assert "超过40日的上限" in page.text and "立即执行日终" not in page.text
    async with nothing_changed():
        refused = await browser.submit(page, f"{PATH}/confirm", reason=" ")
        assert refused.status_code == 409 and "请填写确认说明" in refused.text
        moved = await browser.submit(page, f"{PATH}/confirm", through="2026-11-21", reason="停机检修三个月")
        assert moved.status_code == 409 and "请核对新的日期" in moved.text
        broken = await browser.submit(page, f"{PATH}/confirm", through="soon", reason="停机检修三个月")
        assert "日期应写作" in broken.text
    done = await browser.submit(page, f"{PATH}/confirm", reason="停机检修三个月，日期属实")
    assert "日期已确认" in done.text and "将执行 2026-09-02 至 2026-11-22" in done.text


async def test_a_clock_that_went_back_is_told(signed_in: SignedIn, rows: object) -> None:
    await a_run(date(2026, 11, 23))
    browser = await signed_in("sun.cai")
    page = await browser.open(PATH)
    assert "时钟可能被调慢" in page.text and "立即执行日终" not in page.text
    async with nothing_changed():
        refused = await browser.post(f"{PATH}/start", browser.csrf)
        assert refused.status_code == 409 and "请先校准服务器时钟" in refused.text


async def test_an_exception_is_retried_on_request(signed_in: SignedIn, rows: asyncpg.Connection) -> None:
    await a_run(YESTERDAY, state="stopped", reason="exceptions")
    key = await an_exception(YESTERDAY, 801000000001)
    browser = await signed_in("zhao.gang")
    page = await browser.open(PATH)
    assert "须全部重试成功或人工了结后才能继续" in page.text and "账户 801000000001" in page.text
    done = await browser.submit(page, f"{PATH}/retry")
    assert "已提交重试" in done.text and "等待重试" in done.text
    assert await rows.fetchval("SELECT asked_name FROM day_end_request WHERE exception_id = $1", key) == "赵刚"


@pytest.mark.parametrize("given", ["", "0", "7", "x", "9" * 30, "1 OR 1=1"])
async def test_an_exception_that_is_none_is_not_found(signed_in: SignedIn, rows: object, given: str) -> None:
    browser = await signed_in("sun.cai")
    async with nothing_changed():
        for path in ("retry", "propose", "decide"):
            fields = {**browser.csrf, "exception_id": given, "decision": "agree", "reason": "已手工入账"}
            assert (await browser.post(f"{PATH}/{path}", fields)).status_code == 404
    assert (await browser.open(f"{PATH}/exceptions/{given or 'x'}")).status_code == 404


async def test_two_persons_settle_an_exception(signed_in: SignedIn, rows: asyncpg.Connection) -> None:
    await a_run(YESTERDAY, state="finished_with_exceptions")
    await database.execute("UPDATE day_end_step SET state = 'done_with_exceptions'")
    key = await an_exception(YESTERDAY, 801000000001)
    path = f"{PATH}/exceptions/{key}"
    first, second = await signed_in("sun.cai"), await signed_in("zhao.gang")
    page = await first.open(path)
    short = await first.submit(page, f"{PATH}/propose", reason="<b>")
    assert short.status_code == 422 and "至少4个字" in short.text and "&lt;b&gt;</textarea>" in short.text
    done = await first.submit(page, f"{PATH}/propose", reason="已按凭证2026-118手工入账")
    assert "等待另一人复核" in done.text and "须由另一人复核" in done.text and 'value="agree"' not in done.text
    async with nothing_changed():
        alone = await first.post(f"{PATH}/decide", {**first.csrf, "exception_id": str(key), "decision": "agree"})
        assert alone.status_code == 409 and "须由另一人复核" in alone.text
        neither = await first.post(f"{PATH}/decide", {**first.csrf, "exception_id": str(key), "decision": "both"})
        assert neither.status_code == 400
    settled = await second.submit(await second.open(path), f"{PATH}/decide", decision="agree")
    assert "该异常已人工了结" in settled.text and "赵刚" in settled.text and "孙财" in settled.text
    assert await rows.fetchval("SELECT state FROM day_end_run") == "finished"


async def test_a_year_without_holidays_is_asked_for(signed_in: SignedIn, rows: object, clock: city.Clock) -> None:
    await a_run(date(2026, 11, 30))
    clock.now = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
    assert "2027年的节假日安排尚未录入" in (await (await signed_in("sun.cai")).open(PATH)).text


@pytest.mark.browser
@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
async def test_the_page_in_a_browser(enter: Enter, clock: city.Clock, tmp_path: Path, script: bool) -> None:  # noqa: F811
    clock.now = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
    for back in range(30, 2, -1):
        await a_run(YESTERDAY - timedelta(days=back), milliseconds=90_000 + back * 7_000)
    await running_since(datetime(2026, 11, 22, 16, 5, tzinfo=UTC), now=clock.now)
    await database.execute(
        "UPDATE day_end_run SET state = 'finished_with_exceptions' WHERE business_date = $1", date(2026, 11, 21)
    )
    key = await an_exception(date(2026, 11, 21), 801000000001)
    await an_exception(YESTERDAY, 801000000001, kind="EARLIER_DAY")
    page = await enter("sun.cai", script=script)
    await page.get_by_role("link", name="日终", exact=True).click()
    await expect(page.get_by_role("heading", name="日终", exact=True)).to_be_visible()
    await expect(page.get_by_role("progressbar").first).to_be_visible()
    await fits(page, tmp_path, "dayend")
    await page.get_by_role("link", name="账户 801000000001").first.click()
    await fits(page, tmp_path, "dayend-exception")
    await page.get_by_label("处理说明").fill("已按凭证2026-118手工入账")
    await page.get_by_role("button", name="提交复核").click()
    await expect(page.get_by_role("status")).to_contain_text("等待另一人复核")
    await fits(page, tmp_path, "dayend-proposed")
    assert await database.value("SELECT proposed_reason FROM day_end_exception WHERE exception_id = $1", key)
    assert not page.complaints, page.complaints  # type: ignore[attr-defined]
