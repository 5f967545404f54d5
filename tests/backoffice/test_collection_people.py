"""个人账户: found, frozen and freed with the paper, merged by two, as the counter does it."""

from __future__ import annotations

from contextlib import aclosing
from datetime import timedelta
from typing import Any

import httpx
import pytest

from backoffice.forms import csrf_token
from backoffice.services import SESSION_COOKIE
from domain.kernel import database
from domain.kernel.dates import business_date_of
from ops.demo.city import city
from tests.city import RunningHouse, staff_sign_in
from tests.contributions.world import id_card, person_with_account
from tests.settlement.world import key

HERE = "/backoffice/collection/people"
PAPER = {"paper": ("协助执行通知书.pdf", b"%PDF-1.7 order")}


async def _desk(running: RunningHouse, login: str, ahead: int = 0) -> tuple[httpx.AsyncClient, dict[str, str]]:
    cookie = (await staff_sign_in(login, now=running.clock() + timedelta(seconds=ahead))).cookie
    desk = httpx.AsyncClient(base_url=running.base_url, trust_env=False, cookies={SESSION_COOKIE: cookie}, timeout=20)
    return desk, {"csrf": csrf_token(cookie)}


async def _account_of(name: str) -> tuple[int, str]:
    document_no = city().citizens[name].document_no
    account_no = await database.value(
        "SELECT account_no FROM person_account WHERE person_id = (SELECT person_id FROM person WHERE document_masked"
        " = $1 LIMIT 1) ORDER BY account_no LIMIT 1",
        document_no[:6] + "*" * 8 + document_no[-4:],
    )
    return int(account_no), document_no


@pytest.mark.requirement("R13.1")
async def test_an_account_is_frozen_and_freed_with_the_paper(running: RunningHouse) -> None:
    account_no, document_no = await _account_of("zhang_wei")
    until = business_date_of(running.clock()) + timedelta(days=300)
    desk, common = await _desk(running, "zhao.gang")
    async with aclosing(desk):
        found = await desk.post(HERE, data={**common, "document_no": document_no})
        assert found.headers["location"] == f"{HERE}?account_no={account_no}"
        unknown = await desk.post(HERE, data={**common, "document_no": id_card(999)})
        assert unknown.status_code == 422 and "没有找到该证件对应的人员" in unknown.text
        page = await desk.get(HERE, params={"account_no": str(account_no)})
        assert page.status_code == 200 and document_no not in page.text and "没有冻结" in page.text
        form: dict[str, Any] = {
            **common, "account_no": str(account_no), "authority": "北京市示范区人民法院",
            "order_no": "（2026）京0101执1号", "until_on": str(until), "amount": "",
        }  # fmt: skip
        bare = await desk.post(f"{HERE}/freeze", data={**form, "request_key": key()}, files={"paper": b""})
        assert bare.status_code == 422 and "上传文书" in bare.text and "（2026）京0101执1号" in bare.text
        done = await desk.post(f"{HERE}/freeze", data={**form, "request_key": key()}, files=PAPER)
        assert done.headers["location"].endswith("done=frozen"), done.text
        assert "冻结中" in (await desk.get(HERE, params={"account_no": str(account_no)})).text
        lift = {**common, "account_no": str(account_no), "order_no": form["order_no"], "request_key": key()}
        freed = await desk.post(
            f"{HERE}/unfreeze", data={**lift, "lift_order_no": "（2026）京0101执1号之一"}, files=PAPER
        )
        assert freed.headers["location"].endswith("done=freed"), freed.text
    assert await database.value("SELECT state FROM account WHERE account_no = $1", account_no) == "01"
    assert await database.value("SELECT count(*) FROM account_document WHERE account_no = $1", account_no) == 2
    desk, common = await _desk(running, "he.jing", 30)
    async with aclosing(desk):
        refused = await desk.post(f"{HERE}/freeze", data={**common, "account_no": str(account_no)}, files=PAPER)
        assert refused.status_code == 403


async def test_a_merger_is_shown_first_and_asked_for(running: RunningHouse) -> None:
    account_no, _ = await _account_of("zhang_wei")
    gone = await person_with_account(77, employer_no=100001, state="02")
    desk, common = await _desk(running, "he.jing")
    async with aclosing(desk):
        form = {**common, "account_no": str(account_no), "other_account_no": str(gone)}
        refused = await desk.post(f"{HERE}/merge", data=form)
        assert refused.status_code == 422 and "不属于同一人员登记" in refused.text
        await database.execute(
            "UPDATE account SET person_id = (SELECT person_id FROM account WHERE account_no = $2)"
            " WHERE account_no = $1",
            gone,
            account_no,
        )
        shown = await desk.post(f"{HERE}/merge", data=form)
        assert shown.status_code == 200 and "合并前请核对" in shown.text
        assert await database.value("SELECT count(*) FROM approval") == 0
        asked = await desk.post(f"{HERE}/merge", data={**form, "confirmed": "yes", "reason": "同一人重复开户"})
        assert asked.headers["location"].endswith("done=asked"), asked.text
    second, common = await _desk(running, "wang.fang", 30)
    async with aclosing(second):
        assert f"将账户{gone}" in (await second.get("/backoffice/approvals")).text
