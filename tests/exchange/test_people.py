"""Employees added and removed by pushes, and bases declared together with those of social security."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from domain import contributions, exchange
from domain.contributions.ports import Standing
from domain.exchange import people
from domain.kernel import database
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from tests.contributions.world import (
    DUE,
    EMPLOYER,
    NOW,
    OTHER,
    TODAY,
    Registries,
    agent,
    id_card,
    key,
    person_with_account,
    receive,
    row,
)
from tests.exchange.world import OTHER_USCC, bases, carry_out, employees, person, push, record, result, take
from tests.settlement.world import assert_books_hold

pytestmark = [pytest.mark.usefixtures("employers"), pytest.mark.requirement("R01.4")]

CHANGES = "employee_changes"


async def _states() -> dict[int, str]:
    rows = await database.rows("SELECT account_no, state FROM account ORDER BY account_no")
    return {one["account_no"]: one["state"] for one in rows}


async def test_adding_opens_unseals_or_transfers_in_by_what_is_known() -> None:
    sealed = await person_with_account(2, state="02")
    elsewhere = await person_with_account(3, employer_no=OTHER, state="02")
    leaving = await person_with_account(4)
    one = push(CHANGES)
    outcome = await take(one, employees(person(1), person(2), person(3), person(4, "remove")))
    assert outcome.state == "working"
    await carry_out()
    found = await result(one)
    assert (found.state, found.done, found.refused, found.month) == ("done", 4, 0, "2026-11")
    assert [row.state for row in found.rows] == ["done"] * 4
    states = await _states()
    assert (states[sealed], states[elsewhere], states[leaving], len(states)) == ("01", "01", "02", 4)
    listed = await database.row("SELECT mark, channel, created_by FROM contribution_list")
    assert listed is not None and tuple(listed) == ("ewindow", "ewindow", "system")
    await assert_books_hold()


async def test_some_rows_pass_and_each_that_does_not_says_why() -> None:
    one = push(CHANGES)
    bad = person(2, document_no="110105199103151018")
    await take(one, employees(person(1), bad, person(3, base="1")))
    await carry_out()
    found = await result(one)
    assert (found.state, found.done, found.refused) == ("done", 1, 2)
    assert [row.state for row in found.rows] == ["done", "refused", "refused"]
    assert found.rows[1].code == "row.document_no" and found.rows[2].code == "row.base_low"


async def test_when_nothing_passes_the_list_is_out_of_the_way() -> None:
    one = push(CHANGES)
    assert (await take(one, employees(person(1, base="1")))).state == "refused"
    found = await result(one)
    assert (found.code, found.rows[0].code) == ("exchange.nothing_passed", "row.base_low")
    assert await _states() == {}
    assert await database.value("SELECT state FROM contribution_list") == "cancelled"
    # the next message is not held up by it
    assert (await take(push(CHANGES), employees(person(1)))).state == "working"


@pytest.mark.requirement("R02.2")
async def test_a_pensioner_is_not_added() -> None:
    sealed = await person_with_account(2, state="02")
    registries = Registries(known={id_card(n): Standing(pension_since=date(2020, 1, 1)) for n in (1, 2)})
    one = push(CHANGES, source="social_security")
    await take(one, employees(person(1), person(2)), registries=registries)
    assert [row.code for row in (await result(one)).rows] == ["row.pension", "row.pension"]
    assert await _states() == {sealed: "02"}


async def test_told_twice_it_counts_once() -> None:
    one = push(CHANGES)
    first = await take(one, employees(person(1)))
    again = await take(one, employees(person(1)))
    await carry_out()
    last = await take(one, employees(person(1)))
    assert (first.state, again.state, last.state) == ("working", "working", "done")
    assert len(await _states()) == 1
    assert await database.value("SELECT count(*) FROM contribution_list") == 1


async def test_cut_off_after_the_list_was_handed_in_it_goes_on_with_that_list() -> None:
    one = push(CHANGES)
    await take(one, employees(person(1)))
    await database.execute("UPDATE exchange_record SET state = 'waiting', list_id = NULL, list_no = NULL")
    # what adds the person has changed meanwhile: the decision of the first run stands
    assert (await take(one, employees(person(1)))).state == "working"
    await carry_out()
    assert (await result(one)).done == 1
    assert await database.value("SELECT count(*) FROM contribution_list") == 1


async def test_of_two_facts_about_a_person_the_later_counts_whichever_came_first() -> None:
    account_no = await person_with_account(4)
    joined = push(CHANGES, minutes=9)
    # the person left and came back; coming back is heard of first, and changes nothing because they are here
    await take(joined, employees(person(4)))
    assert (await result(joined)).rows[0].code == "row.state"
    left = push(CHANGES, minutes=5)
    outcome = await take(left, employees(person(4, "remove")))
    assert outcome.state == "superseded"
    assert (await result(left)).rows[0].state == "superseded"
    assert await _states() == {account_no: "01"}


async def test_a_later_fact_that_was_refused_for_itself_does_not_count() -> None:
    account_no = await person_with_account(4)
    later = push(CHANGES, minutes=9)
    await take(later, employees(person(4, "remove", name="另一个人")))
    assert (await result(later)).rows[0].code == "row.name_differs"
    await take(push(CHANGES, minutes=5), employees(person(4, "remove")))
    await carry_out()
    assert await _states() == {account_no: "02"}


async def test_rows_that_are_outdated_are_left_out_of_a_list() -> None:
    account_no = await person_with_account(4)
    await take(push(CHANGES, minutes=9), employees(person(4, "remove")))
    await carry_out()
    mixed = push(CHANGES, minutes=5)
    await take(mixed, employees(person(4), person(1)))
    await carry_out()
    assert [row.state for row in (await result(mixed)).rows] == ["superseded", "done"]
    assert (await _states())[account_no] == "02"


@pytest.mark.requirement("R01.3")
async def test_only_enterprises_add_and_remove_on_ewindow() -> None:
    await database.execute("UPDATE employer SET kind = 'public_institution' WHERE employer_no = $1", EMPLOYER)
    one = push(CHANGES)
    assert (await take(one, employees(person(1)))).state == "refused"
    assert (await record(one))["code"] == "exchange.enterprises_only"
    assert await database.value("SELECT count(*) FROM contribution_list") == 0
    # social security covers everybody
    assert (await take(push(CHANGES, source="social_security"), employees(person(1)))).state == "working"


async def test_a_list_that_the_agent_fills_in_is_waited_for() -> None:
    opened = await receive([row(7)])
    one = push(CHANGES)
    with pytest.raises(exchange.Waiting, match=opened.list_no):
        await take(one, employees(person(1)))
    await contributions.cancel_list(
        actor=agent(), employer_no=EMPLOYER, list_no=opened.list_no, reason="改由e窗通办理", request_key=key(), now=NOW
    )
    assert (await take(one, employees(person(1)))).state == "working"


async def test_a_month_that_waits_for_its_money_is_not_changed() -> None:
    await person_with_account(4)
    await contributions.draw_statement(
        actor=agent(), employer_no=EMPLOYER, month=DUE, method="bank_transfer", request_key=key(), now=NOW,
        business_date=TODAY,
    )  # fmt: skip
    one = push(CHANGES)
    assert (await take(one, employees(person(1)))).state == "refused"
    assert (await record(one))["code"] == "list.month_drawn"


@pytest.mark.requirement("R11.6")
async def test_a_deferring_employer_still_says_who_comes_and_goes_this_month() -> None:
    await database.execute(
        "INSERT INTO employer_term (employer_no, term_id, kind, from_period, until_period, matter_id, state, agreed_at)"
        " VALUES ($1, 1, 'deferral', 202611, 202612, 1, 'agreed', $2)",
        EMPLOYER,
        NOW,
    )
    one = push(CHANGES)
    assert (await take(one, employees(person(1)))).state == "working"
    await carry_out()
    assert ((await result(one)).month, (await result(one)).done) == ("2026-11", 1)


@pytest.mark.parametrize("month", [YearMonth(2026, 10), YearMonth(2027, 1)])
async def test_a_month_that_is_paid_or_not_due_is_refused(month: YearMonth) -> None:
    one = push(CHANGES)
    assert (await take(one, employees(person(1), month=month))).state == "refused"
    kept = await record(one)
    assert (kept["code"], kept["refused_count"]) == ("list.month", 1)
    assert await _states() == {}


async def test_a_person_twice_in_a_push_counts_once() -> None:
    one = push(CHANGES)
    await take(one, employees(person(1), person(1)))
    await carry_out()
    assert [row.state for row in (await result(one)).rows] == ["done", "refused"]
    assert len(await _states()) == 1


async def test_results_of_several_come_without_their_rows() -> None:
    one, other = push(CHANGES), push(CHANGES, source="ewindow", uscc=OTHER_USCC)
    for each, number in ((one, 1), (other, 2)):
        await take(each, employees(person(number)))
    both = await exchange.results_of(source="ewindow", message_nos=[one.message_no, other.message_no, one.message_no])
    assert [(found.message_no, found.rows) for found in both] == [(one.message_no, ()), (other.message_no, ())]
    assert len((await result(one)).rows) == 1


async def test_a_closed_employer_takes_nobody() -> None:
    await database.execute("UPDATE employer SET state = '04' WHERE employer_no = $1", EMPLOYER)
    assert (await take(push(CHANGES), employees(person(1)))).state == "refused"
    assert await _states() == {}


async def test_a_silent_agency_is_asked_again_and_in_the_end_refuses() -> None:
    one, silent = push(CHANGES), Registries(silent=("人力社保局",))
    for _ in range(people.PATIENCE):
        with pytest.raises(exchange.Waiting, match="尚未答复"):
            await take(one, employees(person(1)), registries=silent)
    assert (await take(one, employees(person(1)), registries=silent)).state == "refused"
    assert (await result(one)).rows[0].code == "row.not_answered"
    other = push(CHANGES)
    with pytest.raises(exchange.Waiting):
        await take(other, employees(person(1)), registries=silent)
    assert (await take(other, employees(person(1)))).state == "working"


async def test_a_list_taken_back_by_staff_ends_its_record() -> None:
    one = push(CHANGES)
    await take(one, employees(person(1)))
    await database.execute("UPDATE contribution_list SET state = 'cancelled', ended_at = now(), end_reason = '撤销'")
    await exchange.follow(now=NOW)
    found = await result(one)
    assert (found.state, found.code) == ("refused", "exchange.list_cancelled")


async def _paid_to_june() -> None:
    await database.execute("UPDATE employer_account SET paid_through_period = 202606 WHERE employer_no = $1", EMPLOYER)


@pytest.mark.requirement("R01.7")
async def test_bases_declared_with_social_security_are_moved_within_our_limits() -> None:
    await _paid_to_june()
    accounts = [await person_with_account(number) for number in (1, 2, 3)]
    one = push("base_declaration", source="social_security")
    declared = [person(n, "base", base=base) for n, base in ((1, "12000.50"), (2, "1000"), (3, "99999"))]
    assert (await take(one, bases(2026, *declared))).state == "working"
    await carry_out()
    found = await result(one)
    limits = {row.row_no: (row.determined_by, row.base) for row in found.rows}
    floor, ceiling = (contributions.determine_base(Money.yuan(n), month=YearMonth(2026, 7)).base for n in (1, 99_999))
    assert limits == {
        1: ("declared", Money.parse("12000.50")),
        2: ("floor", floor),
        3: ("ceiling", ceiling),
    }
    assert (found.state, found.done, found.month) == ("done", 3, "2026-07")
    rows = await database.rows(
        "SELECT account_no, base_fen FROM employment_base WHERE from_period = 202607 ORDER BY account_no"
    )
    assert {row["account_no"]: row["base_fen"] for row in rows} == dict(
        zip(accounts, (1_200_050, floor.fen, ceiling.fen), strict=True)
    )


async def test_a_later_declaration_of_a_year_counts_and_an_earlier_one_does_not() -> None:
    await _paid_to_june()
    account_no = await person_with_account(1)
    await take(
        push("base_declaration", source="social_security", minutes=9), bases(2026, person(1, "base", base="9000"))
    )
    await carry_out()
    late = push("base_declaration", source="social_security", minutes=1)
    assert (await take(late, bases(2026, person(1, "base", base="8000")))).state == "superseded"
    assert (
        await database.value(
            "SELECT base_fen FROM employment_base WHERE account_no = $1 AND from_period = 202607", account_no
        )
        == 900_000
    )


@pytest.mark.parametrize(("year", "code"), [(2025, "list.year"), (2030, "exchange.limits_unknown")])
async def test_a_year_that_is_over_or_has_no_limits_yet_is_refused(year: int, code: str) -> None:
    await _paid_to_june()
    await person_with_account(1)
    one = push("base_declaration", source="social_security")
    assert (await take(one, bases(year, person(1, "base")))).state == "refused"
    assert (await record(one))["code"] == code
    assert await database.value("SELECT count(*) FROM employment_base WHERE from_period = 202607") == 0


async def test_a_base_of_somebody_who_is_not_here_is_refused_by_row() -> None:
    await _paid_to_june()
    await person_with_account(1)
    one = push("base_declaration", source="social_security")
    await take(one, bases(2026, person(1, "base", base="9000"), person(2, "base", base="9000")))
    await carry_out()
    assert [row.state for row in (await result(one)).rows] == ["done", "refused"]


async def test_what_a_refused_push_decided_is_decided_anew() -> None:
    one = push(CHANGES)
    await take(one, employees(person(1, base="1")))
    mended = employees(person(1))
    assert (await take(one, replace(mended, month=None))).state == "working"
    await carry_out()
    assert (await result(one)).done == 1
