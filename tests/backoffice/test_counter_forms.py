"""柜面办理: each of the employers' functions of R13, with what it comes to shown first, done once, or refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from backoffice.pages.collection.counter.pages import FORMS
from domain import contributions, settlement
from domain.kernel import database
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.money import Money
from ops.demo.city import city
from tests.backoffice.faces import person_at_counter
from tests.backoffice.test_collection_people import _desk
from tests.city import RunningHouse
from tests.contributions.world import id_card
from tests.factories import rent
from tests.factories.snapshot import nothing_changed
from tests.settlement import world as money
from tests.settlement.world import key

pytestmark = pytest.mark.requirement("R13.1")

HERE = "/backoffice/collection/counter"
EMPLOYER = 100001


@dataclass
class Window:
    """A clerk at the counter with the employer's agent before them."""

    running: RunningHouse
    desk: httpx.AsyncClient
    common: dict[str, str]
    fresh: set[str] = field(default_factory=set)

    async def prove(self, function: str) -> None:
        """The person passes for the function, once for each form that succeeds."""
        if function not in self.fresh:
            await person_at_counter("he.jing", function, str(EMPLOYER), now=self.running.clock())
            self.fresh.add(function)

    async def show(self, **query: str) -> str:
        return (await self.desk.get(HERE, params={"employer_no": str(EMPLOYER), **query})).text

    async def send(self, function: str, *, face: bool = True, **fields: str) -> httpx.Response:
        if face:
            await self.prove(function)
        data = {**self.common, "employer_no": str(EMPLOYER), "request_key": key(), **fields}
        answer = await self.desk.post(FORMS[function].path, data=data)
        self.fresh -= {function} if answer.status_code == 303 else set()
        return answer

    async def fill(self, path: str, function: str, **fields: str) -> httpx.Response:
        data = {**self.common, "employer_no": str(EMPLOYER), "request_key": key(), "function": function, **fields}
        return await self.desk.post(f"{HERE}/{path}", data=data)


@asynccontextmanager
async def _window(running: RunningHouse, login: str = "he.jing", ahead: int = 0) -> AsyncIterator[Window]:
    desk, common = await _desk(running, login, ahead)
    async with desk:
        window = Window(running, desk, common)
        for function in FORMS if login == "he.jing" else ():
            await window.prove(function)
        yield window


async def _due() -> str:
    return str((await contributions.standing_of(employer_no=EMPLOYER)).next_due)


async def _statement() -> Any:
    return await database.row(
        "SELECT statement_no, amount_fen, method, state FROM remittance_statement WHERE employer_no = $1"
        " ORDER BY created_at DESC LIMIT 1",
        EMPLOYER,
    )


async def test_a_month_is_remitted_after_it_was_shown_and_paid_each_way(running: RunningHouse) -> None:
    async with _window(running) as window:
        due = await _due()
        form = {"month": due, "method": "bank_transfer", "request_key": key()}
        async with nothing_changed():
            shown = await window.send("employer.remittance", **form)
            assert shown.status_code == 200 and "请与当事人核对" in shown.text and "8,640.00元" in shown.text
            wrong = await window.send("employer.remittance", month="2031-01", confirmed="yes")
            assert wrong.status_code == 422 and f"应先缴纳{due}" in wrong.text
        for _ in range(2):  # the second click is answered like the first, without the person again
            done = await window.send("employer.remittance", **form, face=_ == 0, confirmed="yes")
            assert done.status_code == 303, done.text
        drawn = await _statement()
        assert (drawn["amount_fen"], drawn["method"], drawn["state"]) == (864_000, "bank_transfer", "open")
        assert await database.value("SELECT count(*) FROM remittance_statement WHERE employer_no = $1", EMPLOYER) == 1
        other = await window.send("employer.remittance", **{**form, "request_key": key()}, face=False, confirmed="yes")
        assert other.status_code == 409, "another request needs the person again"
        assert drawn["statement_no"] in await window.show(function="employer.pay_by_cheque")

        async def pay(function: str, **fields: str) -> httpx.Response:
            return await window.send(function, statement_no=drawn["statement_no"], **fields)

        async with nothing_changed():
            same = await pay("employer.pay_by_transfer")
            assert same.status_code == 422 and "已按“银行汇款”等待到账" in same.text
            forced = await pay("employer.pay_by_transfer", confirmed="yes")
            assert forced.status_code == 422 and "无需再办" in forced.text
            short = await pay("employer.pay_from_suspense")
            assert short.status_code == 422 and "单位暂存款余额为0.00元" in short.text
            none = await window.send("employer.pay_by_cash", statement_no="HJ1")
            assert none.status_code == 422 and "请选择后再提交" in none.text
            unnumbered = await pay("employer.pay_by_cheque", confirmed="yes")
            assert unnumbered.status_code == 422 and "支票号码" in unnumbered.text
        shown = await pay("employer.pay_by_cheque", detail="12345678")
        assert "由银行汇款改为支票" in shown.text and "12345678" in shown.text
        assert (await pay("employer.pay_by_cheque", detail="12345678", confirmed="yes")).status_code == 303
        assert (await pay("employer.pay_by_cash", confirmed="yes")).status_code == 303
        assert (await pay("employer.pay_by_transfer", confirmed="yes")).status_code == 303
    assert (await _statement())["method"] == "bank_transfer"
    await rent.assert_books_hold()


async def test_money_too_much_goes_back_or_pays_the_month(running: RunningHouse) -> None:
    await money.receive("S-COUNTER-1", "10000.00", payer_name="北京晨曦科技有限公司")
    item = await database.value("SELECT item_id FROM suspense_item ORDER BY item_id DESC LIMIT 1")
    assigned = settlement.Claim(
        item_id=item, kind="assign", amount=Money.yuan(10_000), reason="单位多缴款", to_employer_no=EMPLOYER
    )
    await money.claim_and_approve(assigned)
    async with _window(running) as window:
        async with nothing_changed():
            much = await window.send("employer.overpayment_refund", amount="10000.01", reason="单位多缴申请退回")
            assert much.status_code == 422 and "只有10,000.00元" in much.text
            words = await window.send("employer.overpayment_refund", amount="一千", reason="单位多缴申请退回")
            assert words.status_code == 422 and "金额应写作" in words.text
            bare = await window.send("employer.overpayment_refund", amount="1000", reason="", confirmed="yes")
            assert bare.status_code == 422
        form = {"amount": "1000", "reason": "单位多缴申请退回", "request_key": key()}
        shown = await window.send("employer.overpayment_refund", **form)
        assert "退款后可退余额" in shown.text and "9,000.00元" in shown.text
        for number in range(2):
            done = await window.send("employer.overpayment_refund", **form, face=number == 0, confirmed="yes")
            assert done.status_code == 303, done.text
        waiting = await database.rows("SELECT kind, amount_fen, state, from_employer_no FROM suspense_movement"
                                      " WHERE state = 'proposed'")  # fmt: skip
        assert [tuple(row.values()) for row in waiting] == [("refund", 100_000, "proposed", EMPLOYER)]
        due = await _due()
        await window.send("employer.remittance", month=due, method="bank_transfer", confirmed="yes")
        drawn = (await _statement())["statement_no"]
        shown = await window.send("employer.pay_from_suspense", statement_no=drawn)
        assert "9,000.00元，缴款后360.00元" in shown.text
        paid = await window.send("employer.pay_from_suspense", statement_no=drawn, confirmed="yes")
        assert paid.status_code == 303, paid.text
    assert (await _statement())["state"] == "paid"
    movement = await database.value("SELECT movement_id FROM suspense_movement WHERE state = 'proposed'")
    decide: dict[str, Any] = {"movement_id": movement, "approve": True, "now": running.clock()}
    state = await settlement.decide_claim(
        actor=money.FINANCE, request_key=key(), business_date=business_date_of(running.clock()), **decide
    )
    assert state == "paying"
    await rent.assert_books_hold()


async def test_lists_are_filled_in_and_submitted_with_their_effect(running: RunningHouse) -> None:
    zhang = {"document_no": city().citizens["zhang_wei"].document_no, "name": "张伟"}
    async with _window(running) as window:
        good = {**zhang, "month": "2026-08", "base": "1000", "reason": "少缴"}
        filled = await window.fill("list-row", "employer.back_payment", **good)
        assert "done=filled" in filled.headers["location"], filled.text
        await window.fill("list-row", "employer.back_payment", **{**good, "document_no": "110105199103151018"})
        page = await window.show(function="employer.back_payment")
        assert "张*" in page and zhang["document_no"] not in page and "证件号码：" in page
        list_no = await database.value("SELECT list_no FROM contribution_list WHERE employer_no = $1", EMPLOYER)
        async with nothing_changed():
            shown = await window.send("employer.back_payment", list_no=list_no, method="bank_transfer")
            assert "补缴合计" in shown.text and "240.00元" in shown.text
            left = await window.send("employer.back_payment", list_no=list_no, method="bank_transfer", confirmed="yes")
            assert left.status_code in (409, 422) and "1" in left.text
            none = await window.send("employer.back_payment", list_no="BJ1", confirmed="yes")
            assert none.status_code in (409, 422) and "没有找到" in none.text
        out = await window.fill("list-row-out", "employer.back_payment", list_no=list_no, row_no="2")
        assert out.status_code == 303
        odd = await window.fill("list-row-out", "employer.back_payment", list_no=list_no, row_no="x")
        assert odd.status_code == 409 and "无法识别" in odd.text
        form = {"list_no": list_no, "method": "bank_transfer", "confirmed": "yes", "request_key": key()}
        assert (await window.send("employer.back_payment", **form)).status_code == 303
        assert (await _statement())["amount_fen"] == 24_000

        await _paid_through(202606)  # limits are known for the July that follows
        await window.fill("list-row", "employer.annual_roster", **zhang, base="16000")
        annual = await database.value("SELECT list_no FROM contribution_list WHERE kind = 'annual_base'")
        assert "变更1" in (await window.send("employer.annual_roster", list_no=annual)).text
        # a list of another function is none of this one's
        foreign = await window.send("employer.adjust_amount", list_no=annual, confirmed="yes")
        assert foreign.status_code == 422 and "请选择" in foreign.text
        roster = await window.send("employer.annual_roster", list_no=annual, confirmed="yes")
        assert roster.status_code == 303, roster.text

        await _paid_through(202610)
        other = city().citizens["zheng_tao"]
        row = {"document_no": other.document_no, "name": other.name, "action": "基数变更", "base": "20000"}
        await window.fill("list-row", "employer.adjust_amount", **row)
        changed = await database.value("SELECT list_no FROM contribution_list WHERE kind = 'change'")
        shown = await window.send("employer.adjust_amount", list_no=changed)
        assert "8,640.00元变为7,680.00元" in shown.text
        assert (await window.send("employer.adjust_amount", list_no=changed, confirmed="yes")).status_code == 303
        nothing = await window.fill("list-row", "employer.remittance", **zhang)
        assert nothing.status_code == 400
    states = await database.rows("SELECT kind, state FROM contribution_list ORDER BY kind")
    assert [tuple(row.values()) for row in states] == [
        ("annual_base", "applying"), ("back_payment", "applied"), ("change", "applying"),
    ]  # fmt: skip


async def test_the_account_s_papers_its_method_and_its_month(running: RunningHouse) -> None:
    today = business_date_of(running.clock())
    before = await contributions.agencies_of(person_id=await _person("zheng_tao"), on=today)
    assert [agency.employer_no for agency in before] == [EMPLOYER]
    async with _window(running) as window:
        async with nothing_changed():
            half = await window.send("employer.change_account", legal_name="吴敏")
            assert half.status_code == 422 and "须同时填写姓名" in half.text
            early = await window.send("employer.change_account", established_on=f"{today.year + 1}-01-01")
            assert early.status_code == 422 and "成立日期" in early.text
            empty = await window.send("employer.change_account")
            assert empty.status_code in (409, 422) and "没有需要变更的内容" in empty.text
            closed = await window.send("employer.payment_method", method="entrusted_collection")
            assert closed.status_code == 422 and "尚未开通委托收款" in closed.text
            unread = await window.send(
                "employer.payment_method", method="entrusted_collection", bank_code="102",
                account_no="0200001234567890", account_name="北京晨曦科技有限公司", collection_day="10",
            )  # fmt: skip
            assert unread.status_code == 422 and "告知单" in unread.text
            people = await window.send("employer.adjust_month", month="2026-12", reason="本月无需缴存")
            assert people.status_code == 422 and "名职工应缴存，不能跳过" in people.text
        named = await window.send("employer.change_account", legal_name="吴敏", legal_document_no=id_card(4711))
        assert named.status_code == 303, named.text
        agreed = await window.send(
            "employer.payment_method", method="entrusted_collection", bank_code="102", account_no="0200001234567890",
            account_name="北京晨曦科技有限公司", collection_day="10", notice_version=contributions.NOTICE_VERSION,
        )  # fmt: skip
        assert agreed.status_code == 303, agreed.text
        assert (await window.send("employer.payment_method", method="cash")).status_code == 303
    assert await contributions.agencies_of(person_id=await _person("zheng_tao"), on=today) == []
    seen = await database.row("SELECT * FROM employer_account WHERE employer_no = $1", EMPLOYER)
    assert seen is not None and (seen["legal_name_masked"], seen["payment_method"]) == ("吴*", "cash")
    # finance reads the page and does nothing there; the desk of another department sees nothing
    async with _window(running, "sun.cai", 30) as window:
        assert "单位汇缴" not in await window.show() and "待缴汇缴书" in await window.show()
        assert (await window.send("employer.remittance", face=False, month=str(_NEXT))).status_code == 403


_NEXT = YearMonth(2026, 12)


async def _paid_through(period: int) -> None:
    await database.execute(
        "UPDATE employer_account SET paid_through_period = $2 WHERE employer_no = $1", EMPLOYER, period
    )


async def _person(name: str) -> int:
    found = await contributions.person_by_document(document_type="01", document_no=city().citizens[name].document_no)
    assert found is not None
    return found
