"""归集业务: the counter's page over the running house."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from backoffice.forms import csrf_token
from backoffice.services import SESSION_COOKIE
from domain import contributions
from domain.kernel import database
from domain.kernel.dates import YearMonth, business_date_of
from tests.city import RunningHouse, staff_sign_in
from tests.contributions.world import agent, csv_file, row
from tests.settlement.world import key

EMPLOYER = 100001
PATH = "/backoffice/collection"


async def test_matters_lists_and_statements_are_worked_on(running: RunningHouse) -> None:
    now = running.clock()
    today = business_date_of(now)
    due = YearMonth.of(today)
    where = {"actor": agent(), "employer_no": EMPLOYER, "now": now, "business_date": today}
    document = contributions.GivenDocument(kind="union_resolution", name="决议.pdf", content=b"%PDF-1.7")
    matter_no = await contributions.apply_for_term(
        **where, kind="deferral", from_month=due, until_month=due, rate_bp=None, documents=[document], request_key=key()
    )  # type: ignore[arg-type]
    opened = await contributions.receive_list_file(
        **where, kind="change", month=due, file_name="a.csv", content=csv_file("change", [row(931)]), request_key=key()
    )  # type: ignore[arg-type]
    cookie = (await staff_sign_in("li.min", now=now + timedelta(seconds=30))).cookie
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False, cookies={SESSION_COOKIE: cookie}) as desk:
        page = await desk.get(PATH)
        assert page.status_code == 200
        assert matter_no in page.text and opened.list_no in page.text and "缓缴" in page.text
        form = {"csrf": csrf_token(cookie), "employer_no": str(EMPLOYER), "request_key": key()}
        document_id = await database.value("SELECT document_id FROM employer_document")
        opened_paper = await desk.post(f"{PATH}/document", data={**form, "document_id": str(document_id)})
        assert opened_paper.content == b"%PDF-1.7" and "决议" in page.text
        foreign = await desk.post(f"{PATH}/document", data={**form, "document_id": "1"})
        assert foreign.status_code == 409 and "没有找到该材料" in foreign.text
        assert await database.value("SELECT count(*) FROM audit_event WHERE action = 'document.opened'") == 1
        refused = await desk.post(f"{PATH}/decide", data={**form, "matter_no": matter_no, "step": "refuse"})
        assert refused.status_code == 409 and "4至500个字" in refused.text
        unknown = await desk.post(f"{PATH}/decide", data={**form, "matter_no": matter_no, "step": "x"})
        assert unknown.status_code == 404
        cancelled = await desk.post(
            f"{PATH}/cancel-list", data={**form, "list_no": opened.list_no, "reason": "重复上报"}
        )
        assert cancelled.status_code == 303, cancelled.text
        form["request_key"] = key()
        decided = await desk.post(f"{PATH}/decide", data={**form, "matter_no": matter_no, "step": "approve"})
        assert decided.headers["location"].endswith("done=decided")
    assert await database.value("SELECT state FROM employer WHERE employer_no = $1", EMPLOYER) == "03"


@pytest.mark.parametrize("login", ["zhou.xitong", "zheng.shenji"])
async def test_administrators_see_nothing_of_it(running: RunningHouse, login: str) -> None:
    cookie = (await staff_sign_in(login, now=running.clock())).cookie
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False, cookies={SESSION_COOKIE: cookie}) as desk:
        assert (await desk.get(PATH)).status_code == 403
