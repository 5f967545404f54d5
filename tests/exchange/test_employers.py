"""Employers pushed by e窗通 and social security: opened once, accounts shared, whatever the order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from domain import contributions, exchange
from domain.kernel import database
from domain.kernel.dates import YearMonth
from tests.contributions.world import DUE, EMPLOYER, NOW, TODAY, agent, draw, id_card, key, name_of
from tests.exchange.world import (
    ACCOUNT,
    NEW_USCC,
    SECOND_ACCOUNT,
    account,
    cancelled,
    carry_out,
    employees,
    person,
    push,
    record,
    registration,
    take,
)
from tests.factories.snapshot import nothing_changed
from tests.settlement.world import assert_books_hold

pytestmark = [pytest.mark.usefixtures("employers"), pytest.mark.requirement("R01.1")]

REGISTER = "employer_registration"


async def _employer(uscc: str = NEW_USCC) -> database.Record:
    found = await database.row(
        "SELECT e.*, a.source, a.pay_day, a.first_period, a.payment_method, a.collection_day,"
        " a.collection_account_masked FROM employer e JOIN employer_account a USING (employer_no) WHERE e.uscc = $1",
        uscc,
    )
    assert found is not None
    return found


@pytest.mark.requirement("R01.2")
@pytest.mark.parametrize("source", ["ewindow", "social_security"])
async def test_a_registration_opens_the_account_and_appoints_the_agent(source: exchange.Source) -> None:
    one = push(REGISTER, source=source, uscc=NEW_USCC)
    outcome = await take(one, registration())
    employer = await _employer()
    assert (outcome.state, employer["source"], employer["office_code"], employer["state"]) == (
        "done", source, "0105", "02",
    )  # fmt: skip
    assert (employer["pay_day"], employer["first_period"]) == (5, 202611)
    person_id = await contributions.person_by_document(document_type="01", document_no=id_card(901))
    assert person_id is not None
    scopes = await contributions.agent_scopes(employer_no=employer["employer_no"], person_id=person_id, on=TODAY)
    assert scopes == {"all"}
    kept = await record(one)
    assert (kept["employer_no"], kept["office_code"], kept["period"]) == (employer["employer_no"], "0105", 202611)


async def test_told_again_and_by_the_other_source_it_is_one_employer() -> None:
    first = push(REGISTER, uscc=NEW_USCC)
    await take(first, registration())
    async with nothing_changed():
        assert (await take(first, registration())).state == "done"
    second = push(REGISTER, source="social_security", uscc=NEW_USCC)
    stranger = registration(
        agent=replace(registration().agent, document_no=id_card(902), name=name_of(902))  # type: ignore[type-var]
    )
    outcome = await take(second, stranger)
    assert outcome.state == "done" and "未重复开户" in outcome.said
    assert await database.value("SELECT count(*) FROM employer WHERE uscc = $1", NEW_USCC) == 1
    # nobody is let into an employer that another push has opened
    assert await contributions.person_by_document(document_type="01", document_no=id_card(902)) is None
    assert (await _employer())["source"] == "ewindow"


async def test_cut_off_before_its_end_it_is_gone_on_with() -> None:
    one = push(REGISTER, uscc=NEW_USCC)
    await take(one, registration())
    await database.execute("UPDATE exchange_record SET state = 'waiting', ended_at = NULL")
    await database.execute("UPDATE employer_agent SET appointed_by = 'lost'")
    assert "已开户" in (await take(one, registration())).said
    assert await database.value("SELECT count(*) FROM employer WHERE uscc = $1", NEW_USCC) == 1
    assert await database.value("SELECT count(*) FROM employer_agent") == 1


@pytest.mark.parametrize(
    ("changes", "uscc", "code"),
    [
        ({"district_code": "999999"}, NEW_USCC, "exchange.district_unknown"),
        ({}, "91110000600037341X", "employer.uscc_invalid"),
        ({"rate_bp": 1300}, NEW_USCC, "rate.outside"),
        ({"name": "另一家公司"}, "91110101MA0DEM00XL", "exchange.name_differs"),
        ({"kind": "pool"}, NEW_USCC, "employer.kind_unknown"),
        ({"first_month": YearMonth(2020, 1)}, NEW_USCC, "employer.first_month_invalid"),
    ],
)
async def test_what_the_rules_refuse_is_told_and_opens_nothing(
    changes: dict[str, object], uscc: str, code: str
) -> None:
    one = push(REGISTER, uscc=uscc)
    assert (await take(one, registration(**changes))).state == "refused"
    kept = await record(one)
    assert (kept["code"], kept["done_count"]) == (code, 0) and kept["message"]
    assert await database.value("SELECT count(*) FROM employer") == 2
    assert await database.value("SELECT count(*) FROM employer_agent") == 0
    # the department finds what was not opened there
    expected = {"exchange.district_unknown": "", "exchange.name_differs": ""}.get(code, "0105")
    assert kept["office_code"] == expected


async def test_an_agent_known_by_another_name_is_refused_and_keeps_name_and_phone() -> None:
    await take(push(REGISTER, uscc=NEW_USCC), registration())
    person_id = await contributions.person_by_document(document_type="01", document_no=id_card(901))
    assert person_id is not None
    wrong = replace(registration().agent, name="另一个人", mobile="13911111111")  # type: ignore[type-var]
    one = push(REGISTER, uscc="91110105MA0DEM02XG")
    assert (await take(one, registration(name="北京长河物流有限公司", agent=wrong))).state == "refused"
    known = await contributions.clear_person(person_id=person_id)
    assert (known.name, known.mobile) == (name_of(901), "13800000901")
    assert await database.value("SELECT count(*) FROM employer") == 3


async def test_a_closed_employer_is_not_registered_again_by_a_push() -> None:
    await database.execute("UPDATE employer SET state = '04' WHERE employer_no = $1", EMPLOYER)
    one = push(REGISTER)
    assert (await take(one, registration(name="北京晨曦科技有限公司"))).state == "refused"
    assert (await record(one))["code"] == "exchange.registered_closed"


async def test_a_fact_that_lies_ahead_puts_nothing_in_the_shade() -> None:
    ahead = push("collection_account", minutes=60 * 24 * 365)
    assert (await take(ahead, account(SECOND_ACCOUNT))).state == "refused"
    assert (await record(ahead))["code"] == "exchange.occurred_ahead"
    assert (await take(push("collection_account", minutes=1), account())).state == "done"


async def test_what_waited_in_vain_is_told_and_begins_anew_when_replayed() -> None:
    one = push("account_cancelled", minutes=1)
    with pytest.raises(exchange.Waiting):
        await take(one, cancelled())
    assert await exchange.waiting(before=NOW) == []
    assert await exchange.waiting(before=NOW + timedelta(seconds=1)) == [(one.source, one.message_no)]
    await exchange.give_up(source=one.source, message_no=one.message_no, now=NOW)
    kept = await record(one)
    assert (kept["state"], kept["code"]) == ("refused", "exchange.waited_in_vain")
    assert "扣款账户尚未报送" in kept["message"]
    await exchange.give_up(source=one.source, message_no="nobody", now=NOW)
    await take(push("collection_account"), account())
    assert (await take(one, cancelled())).state == "done"


async def test_two_sources_at_once_open_one_employer() -> None:
    pushes = [push(REGISTER, source=source, uscc=NEW_USCC) for source in ("ewindow", "social_security")]  # type: ignore[arg-type]
    outcomes = await asyncio.gather(*(take(one, registration()) for one in pushes))
    assert [one.state for one in outcomes] == ["done", "done"]
    assert await database.value("SELECT count(*) FROM employer WHERE uscc = $1", NEW_USCC) == 1


async def test_what_was_refused_can_be_pushed_again_once_mended() -> None:
    one = push(REGISTER, uscc=NEW_USCC)
    await take(one, registration(district_code="110108"))
    await database.execute(
        "INSERT INTO management_office (code, name, district_code) VALUES ('0108', '海淀', '110108')"
    )
    assert (await take(one, registration(district_code="110108"))).state == "done"
    kept = await record(one)
    assert (kept["round"], kept["code"], kept["office_code"]) == (2, None, "0108")


async def test_an_account_waits_for_its_employer() -> None:
    one = push("collection_account", uscc=NEW_USCC, minutes=1)
    with pytest.raises(exchange.Waiting, match="单位尚未登记开户"):
        await take(one, account(name="北京样例科技有限公司"))
    assert (await record(one))["state"] == "waiting"
    await take(push(REGISTER, uscc=NEW_USCC), registration())
    assert (await take(one, account(name="北京样例科技有限公司"))).state == "done"
    employer = await _employer()
    assert (employer["payment_method"], employer["collection_day"]) == ("entrusted_collection", 15)
    assert employer["collection_account_masked"].endswith("2222")


async def test_of_two_accounts_the_later_fact_counts_whichever_came_first() -> None:
    assert (await take(push("collection_account", minutes=5), account(SECOND_ACCOUNT, day=20))).state == "done"
    late = push("collection_account", minutes=1)
    outcome = await take(late, account(ACCOUNT))
    assert outcome.state == "superseded" and "未作改变" in outcome.said
    employer = await _employer("91110101MA0DEM00XL")
    assert (employer["collection_day"], employer["collection_account_masked"][-4:]) == (20, "4444")


@pytest.mark.parametrize(
    "body", [account(name="别的单位"), account(day=31), replace(account(), bank_code="999"),
             replace(account(), notice_version="1999"), account("12")],
)  # fmt: skip
async def test_a_wrong_account_changes_nothing(body: exchange.AccountBody) -> None:
    one = push("collection_account")
    assert (await take(one, body)).state == "refused"
    employer = await _employer("91110101MA0DEM00XL")
    assert (employer["payment_method"], employer["collection_account_masked"]) == ("bank_transfer", None)


async def test_a_cancelled_account_is_not_collected_from_any_more() -> None:
    await take(push("collection_account"), account())
    await take(push("employee_changes"), employees(person(1)))
    await carry_out()
    drawn = await draw(method="entrusted_collection")
    assert (await take(push("account_cancelled", minutes=9), cancelled())).state == "done"
    employer = await _employer("91110101MA0DEM00XL")
    assert (employer["payment_method"], employer["collection_account_masked"]) == ("bank_transfer", None)
    view = await contributions.statement_of(actor=agent(), employer_no=EMPLOYER, statement_no=drawn.statement_no)
    assert (view.method, view.state) == ("bank_transfer", "open")
    assert await contributions.collect_due(now=NOW, business_date=TODAY) == 0
    with pytest.raises(Exception, match="collection"):
        await contributions.change_payment_of_statement(
            actor=agent(), employer_no=EMPLOYER, statement_no=drawn.statement_no, method="entrusted_collection",
            request_key=key(), now=NOW, business_date=TODAY,
        )  # fmt: skip
    assert view.month == DUE
    await assert_books_hold()


async def test_a_cancellation_ahead_of_its_account_waits_and_then_counts() -> None:
    gone = push("account_cancelled", minutes=9)
    with pytest.raises(exchange.Waiting, match="尚未报送"):
        await take(gone, cancelled())
    await take(push("collection_account", minutes=3), account())
    assert (await take(gone, cancelled())).state == "done"
    assert (await _employer("91110101MA0DEM00XL"))["payment_method"] == "bank_transfer"


async def test_an_old_cancellation_leaves_the_new_account() -> None:
    await take(push("collection_account", minutes=9), account(SECOND_ACCOUNT))
    assert (await take(push("account_cancelled", minutes=5), cancelled(ACCOUNT))).state == "superseded"
    assert (await _employer("91110101MA0DEM00XL"))["payment_method"] == "entrusted_collection"
