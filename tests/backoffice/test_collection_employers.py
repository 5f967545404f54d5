"""单位: registered and changed at the counter, with its history."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import httpx
import pytest

from backoffice import counter_faces
from domain.kernel import database, vault
from domain.kernel.dates import YearMonth, business_date_of
from notifications.desk import STATE_NAMES
from tests.backoffice.faces import person_at_counter
from tests.backoffice.test_collection_people import _desk
from tests.city import RunningHouse
from tests.settlement.world import key

HERE = "/backoffice/collection/employers"
RESOLUTION = {"file": ("决议.pdf", b"%PDF-1.7 resolution")}


@pytest.mark.requirement("R01.2", "R01.6", "R11.2")
async def test_an_employer_is_registered_and_changed_at_the_counter(running: RunningHouse) -> None:
    due = YearMonth.of(business_date_of(running.clock()))
    desk, common = await _desk(running, "he.jing")
    async with aclosing(desk):
        form = {**common, "name": "北京样例科技有限公司", "uscc": "91110000600037341L", "kind": "enterprise",
                "office_code": "0101", "first_month": str(due), "pay_day": "10", "rate": "12"}  # fmt: skip
        for matter in ("91110000600037341X", form["uscc"]):
            await person_at_counter("he.jing", "employer.register", matter, now=running.clock())
        wrong = await desk.post(f"{HERE}/register", data={**form, "uscc": "91110000600037341X", "request_key": key()})
        assert (
            wrong.status_code == 422 and "统一社会信用代码不正确" in wrong.text and "北京样例科技有限公司" in wrong.text
        )
        done = await desk.post(f"{HERE}/register", data={**form, "request_key": key()})
        assert done.headers["location"].endswith("done=registered"), done.text
        employer_no = done.headers["location"].split("=")[1].split("&")[0]
        found = await desk.get(f"{HERE}/find", params={"uscc": form["uscc"].lower()})
        assert found.headers["location"] == f"{HERE}?employer_no={employer_no}"

        async def send(path: str, files: Any = None, **fields: str) -> httpx.Response:
            if asked_for := counter_faces.FORMS.get(f"{HERE}/{path}"):
                function = asked_for.function_of(fields)
                await person_at_counter("he.jing", function, employer_no, now=running.clock())
            data = {**common, "employer_no": employer_no, "request_key": key(), **fields}
            return await desk.post(f"{HERE}/{path}", data=data, files=files)

        assert (await send("change", name="北京样例软件有限公司", pay_day="15")).status_code == 303
        assert "没有需要变更的内容" in (await send("change", pay_day="15")).text
        assert (await send("turn", state="05", reason="暂停经营")).status_code == 303
        again = await send("turn", state="05", reason="暂停经营")
        assert again.status_code == 422 and "单位状态不能由" in again.text
        assert (await send("turn", state="01", reason="恢复经营")).status_code == 303
        bare = await send("agree", {"file": b""}, kind="deferral", from_month=str(due), until_month=str(due))
        assert bare.status_code == 422 and "决议" in bare.text
        asked = await send("agree", RESOLUTION, kind="deferral", from_month=str(due), until_month=str(due))
        assert asked.headers["location"].endswith("done=applied"), asked.text
        closing = await send("close", RESOLUTION, paper_kind="union_resolution", reason="解散")
        assert closing.status_code == 422 and "单位销户须上传" in closing.text
        silent = await send("remind", means="phone", contact="王女士", about="汇缴", said="")
        assert silent.status_code == 422 and "对方答复" in silent.text
        told = await send("remind", means="phone", contact="王女士", about=f"{due}汇缴", said="下周五前缴清")
        assert told.headers["location"].endswith("done=reminded"), told.text
        shown = await desk.get(HERE, params={"employer_no": employer_no})
        assert all(text in shown.text for text in ("北京样例软件有限公司", "变更历史", "封存", "缓缴", "下周五前缴清"))
        unknown = await desk.get(HERE, params={"employer_no": "999"})
        assert unknown.status_code == 422 and "没有找到该单位" in unknown.text
    row = await database.row("SELECT name, state FROM employer WHERE uscc = $1", form["uscc"])
    assert row is not None and tuple(row.values()) == ("北京样例软件有限公司", "01")
    desk, common = await _desk(running, "sun.cai", 30)
    async with aclosing(desk):
        assert (await desk.get(HERE)).status_code == 200
        refused = await desk.post(f"{HERE}/turn", data={**common, "employer_no": employer_no, "state": "05"})
        assert refused.status_code == 403


async def test_an_employer_in_arrears_is_texted_and_the_log_shows_what_arrived(running: RunningHouse) -> None:
    due = YearMonth.of(business_date_of(running.clock()))
    page = {"employer_no": "100001"}
    desk, common = await _desk(running, "he.jing")
    async with aclosing(desk):
        form = {**common, **page}
        await database.execute("UPDATE employer_account SET paid_through_period = $1", due.period)
        paid = await desk.get(HERE, params=page)
        assert "没有到期未缴的款项" in paid.text and "发送催缴短信</button>" not in paid.text
        early = await desk.post(f"{HERE}/text", data={**form, "request_key": key()})
        assert early.status_code == 409 and "不需催缴" in early.text
        await database.execute("UPDATE employer_account SET paid_through_period = $1", due.minus(months=3).period)
        owing = await desk.get(HERE, params=page)
        assert "发送催缴短信</button>" in owing.text and f"{due.minus(months=2)}至" in owing.text
        done = await desk.post(f"{HERE}/text", data={**form, "request_key": key()})
        assert done.headers["location"].endswith("done=texted"), done.text
        assert "待发送" in (await desk.get(HERE, params=page)).text
        await running.settle()
        sent = await desk.get(done.headers["location"])
        assert "今日已发送催缴短信" in sent.text and "发送催缴短信</button>" not in sent.text
        (row,) = await database.rows("SELECT * FROM sms_message WHERE template = 'collection.reminded'")
        assert vault.current().decrypt(row["text_cipher"]).startswith("【北京公积金】北京晨曦科技有限公司：贵单位")
        assert (row["state"], STATE_NAMES[row["state"]] in sent.text) == ("delivered", True)
        again = await desk.post(f"{HERE}/text", data={**form, "request_key": key()})
        assert again.status_code == 409 and "今日已向该单位发送" in again.text
    desk, common = await _desk(running, "sun.cai", 30)
    async with aclosing(desk):
        assert (await desk.post(f"{HERE}/text", data={**common, **page, "request_key": key()})).status_code == 403
