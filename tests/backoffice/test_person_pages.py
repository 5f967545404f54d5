"""身份管理 and 人脸核验 at the desk, in a browser without script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import asyncpg
import httpx
import pytest
from starlette.applications import Starlette

from auth import limits
from auth.face import FaceOutcome, StartedFace
from backoffice import app
from backoffice.services import BackofficeServices
from tests.backoffice import city
from tests.backoffice.conftest import Browser

NewBrowser = Callable[[], Browser]
ZHANG = city.CITIZENS["zhang"][1]


async def zhang(owner: asyncpg.Connection) -> int:
    return int(await owner.fetchval("SELECT person_id FROM account WHERE account_no = 801000000001"))


async def test_the_desk_keeps_somebody_out_and_two_bring_them_back(
    new_browser: NewBrowser, owner: asyncpg.Connection
) -> None:
    chief, other = new_browser(), new_browser()
    await owner.execute("UPDATE staff SET roles = '{supervisor}' WHERE login = 'li.min'")
    await chief.sign_in("zhao.gang")
    page = await chief.open("/backoffice/persons")
    unknown = await chief.submit(page, "/backoffice/persons", document_type="01", document_no="110101199001010011")
    assert unknown.status_code == 422 and "没有找到该证件对应的人员" in unknown.text
    page = await chief.submit(page, "/backoffice/persons", document_type="01", document_no=ZHANG)
    assert page.status_code == 200 and ZHANG not in page.text and ZHANG not in str(page.url)
    short = await chief.submit(page, "/backoffice/persons/intervene", kind="suspend", reason="短")
    assert short.status_code == 422 and await owner.fetchval("SELECT count(*) FROM intervention") == 0
    page = await chief.submit(page, "/backoffice/persons/intervene", kind="suspend", reason="家属来电称证件被盗")
    assert "已暂停登录" in page.text
    page = await chief.submit(page, "/backoffice/persons/lift", reason="本人到柜台核实")
    assert "等待另一人复核" in page.text
    approval = await owner.fetchval("SELECT approval_id FROM approval")
    await other.sign_in("li.min")
    page = await other.open(f"/backoffice/approvals/{approval}")
    page = await other.submit(page, "/backoffice/approvals/decide", decision="agree")
    assert "已同意" in page.text
    kinds = await owner.fetch("SELECT kind FROM intervention WHERE lifted_at IS NULL")
    assert [row["kind"] for row in kinds] == ["prove_again"]
    viewed = await owner.fetchval("SELECT count(*) FROM audit_event WHERE action = 'person.logins_viewed'")
    assert viewed >= 1


async def test_merging_and_documents_are_asked_for(new_browser: NewBrowser, owner: asyncpg.Connection) -> None:
    browser = new_browser()
    await browser.sign_in("zhao.gang")
    page = await browser.open(f"/backoffice/persons/{await zhang(owner)}")
    same = await browser.submit(
        page, "/backoffice/persons/document", document_type="01", document_no="1", reason="补录新证件"
    )
    assert same.status_code == 422 and "证件号码不正确" in same.text
    fields = {"document_type": "01", "document_no": city.CITIZENS["li"][1], "reason": "同一人两次登记"}
    merged = await browser.post(
        "/backoffice/persons/merge", {**browser.csrf, "person_id": str(await zhang(owner)), **fields}
    )
    assert "等待另一人复核" in merged.text
    assert await owner.fetchval("SELECT count(*) FROM person WHERE merged_into IS NOT NULL") == 0


@pytest.mark.parametrize("path", ["/backoffice/persons", "/backoffice/persons/1", "/backoffice/face"])
async def test_who_has_no_such_desk(new_browser: NewBrowser, path: str) -> None:
    browser = new_browser()
    await browser.sign_in("sun.cai")
    assert (await browser.open(path)).status_code == 403


@dataclass
class Service:
    provider: str = "aliyun"
    asked: list[str] = field(default_factory=list)

    async def start(
        self, *, order_no: str, name: str, document_no: str, meta_info: str, return_url: str
    ) -> StartedFace:
        self.asked.append(document_no)
        return StartedFace(certify_id="certify1", url="https://face.example/certify1")

    async def outcome(self, *, certify_id: str) -> FaceOutcome:
        return FaceOutcome(outcome="passed", code="200")


@pytest.mark.requirement("R13.1")
async def test_a_face_at_the_counter_and_the_papers_instead(
    desk_services: BackofficeServices, desk_city: asyncpg.Connection, clock: city.Clock
) -> None:
    service = Service()
    application = Starlette(routes=app.routes(services=replace(desk_services, face=service)))
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="https://desk.example") as client:
        browser = Browser(client, clock)
        await browser.sign_in("li.min")
        page = await browser.open("/backoffice/face")
        assert page.text.count("<option") == 19
        fields = {"operation": "employer.close_account", "matter": "100001", "document_no": ZHANG}
        page = await browser.submit(page, "/backoffice/face/start", way="face", **fields)
        assert "https://face.example/certify1" in page.text and service.asked == [ZHANG]
        page = await browser.submit(page, "/backoffice/face/finish")
        assert "通过" in page.text
        short = await browser.submit(page, "/backoffice/face/start", way="papers", reason="短", **fields)
        assert short.status_code == 422
        page = await browser.submit(page, "/backoffice/face/start", way="papers", reason="当事人面部受伤", **fields)
        assert "凭证件核对通过" in page.text
    rows = await desk_city.fetch("SELECT method, state, reason FROM face_check ORDER BY started_at, check_id")
    assert [tuple(row) for row in rows] == [("face", "passed", ""), ("counter", "passed", "当事人面部受伤")]


async def test_stuffing_many_names_from_one_address_is_stopped(
    new_browser: NewBrowser, owner: asyncpg.Connection
) -> None:
    """No account is locked by it: each name is tried once only."""
    browser = new_browser()
    page = await browser.open("/backoffice/login")
    most = limits.limits()["staff.failures_by_address"].most
    for number in range(most):
        await limits.count("staff.failures_by_address", key="127.0.0.1", channel="backoffice", now=city.START)
        assert number < most
    answer = await browser.submit(
        page, "/backoffice/login", login="li.min", password=city.PASSWORD, code=city.code_of("li.min", city.START)
    )
    assert answer.status_code == 401 and "操作过于频繁" in answer.text
    assert await owner.fetchval("SELECT count(*) FROM login_session") == 0
