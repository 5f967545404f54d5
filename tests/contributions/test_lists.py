"""Lists from file to effect: results row by row, resumable, exact after a kill."""

from __future__ import annotations

import pytest

from domain import contributions
from domain.contributions.lists import applying, checking
from domain.contributions.ports import Standing
from domain.kernel import database
from domain.kernel.dates import YearMonth
from domain.kernel.refusal import Refused
from tests.contributions.world import (
    AGENT,
    BASE,
    COUNTER,
    EMPLOYER,
    NOW,
    OTHER,
    TODAY,
    Registries,
    account_rows,
    carried_out,
    check,
    csv_file,
    id_card,
    key,
    list_row,
    person_with_account,
    problems,
    receive,
    row,
    submit,
    xlsx_file,
)
from tests.settlement.world import assert_books_hold

pytestmark = pytest.mark.usefixtures("employers")


@pytest.mark.requirement("R01.4")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
async def test_a_file_opens_accounts_whatever_its_encoding(encoding: str) -> None:
    opened = await receive(csv_file("change", [row(1), row(2, base="10000.50")], encoding=encoding))
    assert await check(opened) == "checked"
    assert await submit(opened) == "applied"
    accounts = await account_rows()
    assert [one["base_fen"] for one in accounts] == [1_000_000, 1_000_050]
    assert [one["monthly_contribution_fen"] for one in accounts] == [240_000, 240_000]
    assert {one["state"] for one in accounts} == {"01"} and {one["employer_no"] for one in accounts} == {EMPLOYER}
    employment = await database.rows("SELECT began_period, ended_period FROM employment ORDER BY account_no")
    assert [(one["began_period"], one["ended_period"]) for one in employment] == [(202611, None)] * 2
    # what identified the persons is with the persons now, not with the list
    kept = await database.value("SELECT count(*) FROM contribution_list_row WHERE document_cipher IS NOT NULL")
    assert kept == 0 and await database.value("SELECT count(*) FROM contribution_list_file") == 0
    await assert_books_hold()


async def test_a_workbook_does_the_same() -> None:
    opened = await receive(xlsx_file("change", [row(1), {**row(2), "base": 8000.1}]), name="清册.xlsx")
    assert await check(opened) == "checked"
    assert await submit(opened) == "applied"
    assert [one["base_fen"] for one in await account_rows()] == [1_000_000, 800_010]


@pytest.mark.requirement("R01.9")
async def test_each_bad_row_says_which_column_and_why_and_nothing_of_it_happens() -> None:
    here = await person_with_account(1)
    await person_with_account(2, employer_no=OTHER)
    await person_with_account(3, employer_no=OTHER, state="02")
    await person_with_account(4, state="02")
    await person_with_account(5, state="06")
    rows = [
        row(1),  # 2: has an account here
        row(2),  # 3: contributes at another employer
        row(3),  # 4: sealed elsewhere, is to be transferred in
        row(4, "封存"),  # 5: sealed already
        row(5, "封存"),  # 6: frozen
        row(6, "封存"),  # 7: nobody
        row(7, document_no="99010119800101000X"),  # 8: check digit
        row(8, base="2539.99"),  # 9: below the floor
        row(9, base="36348.01"),  # 10: above the ceiling
        row(10, monthly="2400.01"),  # 11: off by a fen
        row(11, base="一万"),  # 12
        row(12, name=""),  # 13
        row(13, "辞退"),  # 14
        row(14),  # 15
        row(14, "启封"),  # 16: the same person again, and no account
        row(1, "基数变更"),  # 17: the same base as now, and the same person as row 2, which was refused
        row(2, "封存"),  # 18: not our account
        row(15, name="样"),  # 19
        row(16, mobile="138"),  # 20
        row(4, "启封", name="别人"),  # 21: another name than registered
    ]
    opened = await receive(rows)
    before = await account_rows()
    assert await check(opened) == "checked"
    found = await problems(opened)
    assert {number: [code for _, code in said] for number, said in found.items()} == {
        2: ["row.has_account"],
        3: ["row.two_employers"],
        4: ["row.has_account_elsewhere"],
        5: ["row.state"],
        6: ["row.frozen"],
        7: ["row.person_unknown"],
        8: ["row.document_no"],
        9: ["row.base_low"],
        10: ["row.base_high"],
        11: ["row.amount_differs"],
        12: ["row.amount"],
        13: ["row.blank"],
        14: ["row.action"],
        16: ["row.twice", "row.person_unknown"],
        17: ["row.twice", "row.base_same"],
        18: ["row.twice", "row.not_here"],
        19: ["row.name"],
        20: ["row.mobile"],
        21: ["row.twice", "row.name_differs"],
    }
    assert found[11] == [("月缴存额", "row.amount_differs")] and found[8] == [("证件号码", "row.document_no")]
    shown = await list_row(opened)
    assert (shown["accepted_count"], shown["refused_count"]) == (1, 19)
    with pytest.raises(Refused, match=r"list\.has_refused"):
        await submit(opened)
    assert await account_rows() == before
    assert await submit(opened, accepted_only=True) == "applied"
    assert [one["account_no"] for one in await account_rows()] != [here]
    assert len(await account_rows()) == len(before) + 1
    await assert_books_hold()


async def test_people_leave_come_back_and_move(employers: str) -> None:
    leaver, returner, mover = (
        await person_with_account(1),
        await person_with_account(2, state="02"),
        await person_with_account(3, employer_no=OTHER, state="02"),
    )
    await carried_out([row(1, "封存", reason="退休"), row(2, "启封", base="12000"), row(3, "转入", base="20000")])
    states = {one["account_no"]: (one["state"], one["employer_no"], one["base_fen"]) for one in await account_rows()}
    assert states == {
        leaver: ("02", EMPLOYER, 1_000_000),
        returner: ("01", EMPLOYER, 1_200_000),
        mover: ("01", EMPLOYER, 2_000_000),
    }
    spells = await database.rows("SELECT account_no, began_period, ended_period, ended_by, end_reason FROM employment"
                                 " WHERE employer_no = $1 ORDER BY account_no, began_period", EMPLOYER)  # fmt: skip
    assert [tuple(one) for one in spells] == [
        (leaver, 202601, 202610, "seal", "退休"),
        (returner, 202601, 202610, "seal", None),
        (returner, 202611, None, None, None),
        (mover, 202611, None, None, None),
    ]
    await assert_books_hold()


@pytest.mark.requirement("R02.2")
async def test_registries_decide_about_those_who_begin() -> None:
    await person_with_account(4, state="02")
    registries = Registries(
        known={
            id_card(1): Standing(pension_since=TODAY),
            id_card(2): Standing(contributes_at="天津住房公积金管理中心"),
            id_card(3): Standing(identity_matches=False),
            id_card(4): Standing(pension_since=TODAY),
        }
    )
    opened = await receive([row(1), row(2), row(3), row(4, "启封"), row(5)])
    assert await check(opened, registries) == "checked"
    assert await problems(opened) == {
        2: [("证件号码", "row.pension")],
        3: [("证件号码", "row.contributes_elsewhere")],
        4: [("姓名", "row.identity")],
        5: [("证件号码", "row.pension")],
    }


async def test_rows_that_an_agency_did_not_answer_for_are_checked_again() -> None:
    opened = await receive([row(1), row(2, base="1")])
    assert await check(opened, Registries(silent=("人力社保（养老待遇）",))) == "checked"
    assert await problems(opened) == {
        2: [("证件号码", "row.not_answered")],
        3: [("缴存基数", "row.base_low")],
    }
    again = await contributions.recheck_list(
        actor=AGENT, employer_no=EMPLOYER, list_no=opened.list_no, request_key=key(), now=NOW
    )
    assert await check(again) == "checked"
    assert await problems(opened) == {3: [("缴存基数", "row.base_low")]}
    assert await submit(opened, accepted_only=True) == "applied"
    assert len(await account_rows()) == 1


async def test_one_person_in_two_lists_is_refused_in_the_second() -> None:
    await person_with_account(1, state="02")
    first = await receive([row(1, "启封"), row(2)])
    assert await check(first) == "checked"
    second = await receive([row(1, "转入"), row(2)], employer_no=OTHER)
    assert await check(second, employer_no=OTHER) == "checked"
    assert await problems(second) == {
        2: [("证件号码", "row.in_transit_other")],
        3: [("证件号码", "row.in_transit_other")],
    }
    with pytest.raises(Refused, match=r"list\.in_transit"):
        await receive([row(3)])
    await contributions.cancel_list(
        actor=COUNTER, employer_no=EMPLOYER, list_no=first.list_no, reason="单位要求撤销", request_key=key(), now=NOW
    )
    third = await receive([row(3)])
    assert await check(third) == "checked" and await problems(third) == {}


async def test_two_employers_open_for_one_person_at_once_and_one_account_comes_of_it() -> None:
    first, second = await receive([row(1)]), None
    assert await check(first) == "checked"
    # the second was judged before the first had been accepted: its row is put in by hand as it stood then
    second = await receive([row(2)], employer_no=OTHER)
    assert await check(second, employer_no=OTHER) == "checked"
    await database.execute(
        "UPDATE contribution_list_row r SET document_index = f.document_index FROM contribution_list_row f"
        " WHERE r.list_id = $1 AND f.list_id = $2",
        second.list_id,
        first.list_id,
    )
    assert await submit(first) == "applied"
    assert await submit(second, employer_no=OTHER) == "applied"
    assert [one["employer_no"] for one in await account_rows()] == [EMPLOYER]
    assert await problems(second) == {2: [("证件号码", "row.two_employers")]}
    await assert_books_hold()


async def test_checking_and_applying_go_on_where_they_were_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "CHUNK_ROWS", 3)
    monkeypatch.setattr(applying, "CHUNK_ROWS", 2)
    opened = await receive([row(number) for number in range(1, 9)] + [row(1)])
    for through, state in ((4, "checking"), (7, "checking")):
        reached = await contributions.check_list(
            employer_no=EMPLOYER, list_id=opened.list_id, registries=Registries(), now=NOW, chunks_max=1
        )
        assert (reached, (await list_row(opened))["checked_through"]) == (state, through)
    assert await check(opened) == "checked"
    shown = await list_row(opened)
    assert (shown["row_count"], shown["accepted_count"], shown["refused_count"]) == (9, 8, 1)
    # the double is found across pieces
    assert await problems(opened) == {10: [("证件号码", "row.twice")]}
    await contributions.submit_list(
        actor=AGENT, employer_no=EMPLOYER, list_no=opened.list_no, accepted_only=True, request_key=key(), now=NOW,
        business_date=TODAY,
    )  # fmt: skip
    where = {"employer_no": EMPLOYER, "list_id": opened.list_id, "now": NOW, "business_date": TODAY}
    assert await contributions.apply_list(**where, chunks_max=1) == "applying"
    assert len(await account_rows()) == 2
    assert await contributions.apply_list(**where) == "applied"
    assert await contributions.apply_list(**where) == "applied"
    assert len(await account_rows()) == 8
    assert (await list_row(opened))["applied_count"] == 8
    await assert_books_hold()


async def test_an_account_that_changed_meanwhile_is_left_out_and_the_others_go_on() -> None:
    gone = await person_with_account(1)
    await person_with_account(2)
    opened = await receive([row(1, "封存"), row(2, "封存")])
    assert await check(opened) == "checked"
    await database.execute("UPDATE account SET state = '05' WHERE account_no = $1", gone)
    assert await submit(opened) == "applied"
    assert [one["state"] for one in await account_rows()] == ["05", "02"]
    assert await problems(opened) == {2: [("证件号码", "row.state")]}
    shown = await list_row(opened)
    assert (shown["applied_count"], shown["accepted_count"], shown["refused_count"]) == (1, 1, 1)


async def test_new_bases_of_the_year_begin_in_july() -> None:
    account = await person_with_account(1)
    opened = await receive(
        [{"document_no": id_card(1), "name": row(1)["name"], "base": "15000"}],
        kind="annual_base",
        month=YearMonth(2027, 7),
    )
    # the limits of that year are not known yet: an outdated ceiling is never used silently
    assert await check(opened) == "checked"
    assert await problems(opened) == {2: [("缴存基数", "row.no_policy")]}
    with pytest.raises(Refused, match=r"list\.nothing_accepted"):
        await submit(opened)
    with pytest.raises(Refused, match=r"list\.year"):
        await receive([row(1)], kind="annual_base", month=YearMonth(2026, 7))
    assert (await account_rows())[0]["base_fen"] == BASE.fen and account


async def test_a_base_of_the_month_changes_the_two_parts() -> None:
    account = await person_with_account(1)
    await carried_out([row(1, "基数变更", base="8004")])
    found = await database.row("SELECT * FROM employment_base WHERE account_no = $1 AND from_period = 202611", account)
    # 8004 × 12 % = 960.48 → 960
    assert found is not None and (found["employer_fen"], found["employee_fen"]) == (96_000, 96_000)
    assert (await account_rows())[0]["monthly_contribution_fen"] == 192_000
