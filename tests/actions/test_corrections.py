"""补正: what is corrected is asked and judged again; nothing is approved on the facts of before."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from domain import cases, withdrawals
from domain.cases import CaseView
from domain.kernel import database
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.identifiers import mask_id_document, mask_name
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.withdrawals import AgencyAnswer, Home
from tests.actions.test_kinds import HOME, apply, subject
from tests.city import RunningHouse
from tests.factories import listed, rent
from tests.factories.people import citizen
from tests.owner import as_owner
from tests.services import Services

pytestmark = pytest.mark.requirement("R02.1")
SPOUSE = {"spouse_name": "陈强", "spouse_document_no": "110108198703113350"}
BACK = {"reason_code": "materials_insufficient", "note": "请核对申报内容"}


async def returned(running: RunningHouse, key: str = "li_na", kind: str = "purchase_in_city", **given: Any) -> CaseView:
    case = await apply(running, key, kind, **{"fields": HOME, **given})
    return await rent.review(running, case, "li.min", "correct", **BACK)


async def correct(running: RunningHouse, case: CaseView, key: str = "li_na", **given: Any) -> CaseView:
    now = running.clock()
    return await withdrawals.correct_withdrawal(
        actor=await citizen(key, channel="web_portal"),
        case_no=case.case_no,
        statement=given.pop("statement", "已按合同原件更正，请核对。"),
        changes=given.pop("changes", {}),
        request_key=given.pop("request_key", None) or rent.new_key(),
        registries=given.pop("registries", running.house.registries),
        business_date=business_date_of(now),
        now=now,
    )


class Owning:
    """The register of homes, in which somebody owns one by now."""

    async def homes_of(self, *, persons: Any, now: datetime) -> AgencyAnswer[tuple[Home, ...]]:
        home = Home(
            address="北京市西城区演示胡同9号", district_code="110102", ownership_share="1",
            certificate_no="京2026西不动产权第0000009号", registered_on=business_date_of(now),
        )  # fmt: skip
        return AgencyAnswer(
            agency="不动产登记中心", asked_at=now, as_of=now, outcome="answered", value=(home,), trace_no="T1"
        )


async def test_what_is_corrected_changes_amount_hold_and_limit(running: RunningHouse) -> None:
    back = await returned(running)
    whole = (await rent.balance_of("li_na")).balance
    assert back.amount == whole
    again = await correct(running, back, changes={"cost": "12000.00"})
    assert (again.state, again.amount, again.form["cost"]) == ("pending_preliminary", Money.yuan(12_000), "12000.00")
    balance = await rent.balance_of("li_na")
    assert balance.held == Money.yuan(12_000) and balance.available == whole - Money.yuan(12_000)
    assert (await subject("home:YS2026000001"))[0] == 1_200_000
    assert "更正了：总价（费用）" in [event.note for event in await cases.history_of(case=again)]
    await rent.assert_books_hold()
    case = await rent.review(running, again, "li.min", override_reason="已核对合同与申报")
    await rent.review(running, case, "wang.fang")
    await running.settle()
    assert (await rent.now_at(again)).state == "completed"
    assert (await rent.balance_of("li_na")).balance == whole - Money.yuan(12_000)
    # the case can be judged again on what it was decided on
    proposal = withdrawals.proposal_of({"values": {"withdrawal.rent_no_home.monthly_limit": "2500.00"}}, name="同规则")
    month = YearMonth.of(business_date_of(running.clock()))
    rehearsed = await withdrawals.rehearse(proposal=proposal, month=month)
    assert [(one.before, one.outcome) for one in rehearsed.cases] == [(Money.yuan(12_000), "same")]
    await rent.assert_books_hold()


async def test_the_checks_of_before_count_no_more(running: RunningHouse) -> None:
    back = await returned(running)
    again = await correct(running, back)
    found = await cases.checks_of(case=again)
    assert {check.kind for check in found} == {"identity", "marriage", "contract", "property"}
    assert min(check.check_no for check in found) == 5
    assert await database.value("SELECT count(*) FROM case_check WHERE case_id = $1", back.case_id) == 8


async def test_who_has_bought_a_home_meanwhile_is_not_approved_on_old_facts(running: RunningHouse) -> None:
    case = await rent.apply(running, "zhang_wei")
    back = await rent.review(running, case, "li.min", "correct", **BACK)
    registries = replace(running.house.registries, property=Owning())  # type: ignore[arg-type]
    work = correct(running, back, "zhang_wei", registries=registries)
    assert await rent.refused(work) == [("withdrawal.home_owned", None)]
    assert (await rent.now_at(back)).state == "pending_correction"
    assert (await correct(running, back, "zhang_wei")).state == "pending_preliminary"
    await rent.assert_books_hold()


async def test_who_was_listed_meanwhile_is_refused(running: RunningHouse) -> None:
    back = await returned(running)
    await listed.put(running, "li_na", "bad_record")
    assert [code for code, _ in await rent.refused(correct(running, back))] == ["withdrawal.adverse_record"]


async def test_another_home_frees_the_first_and_that_of_others_is_refused(running: RunningHouse) -> None:
    back = await returned(running)
    cancelled = correct(running, back, changes={"contractNo": "YS2026000002"})
    assert ("withdrawal.contract_cancelled", "contractNo") in await rent.refused(cancelled)
    await database.execute(
        "INSERT INTO withdrawal_subject (subject_key, used_for, address, limit_fen, used_fen)"
        " VALUES ('home:CQ2015', 'home', '', 100, 100)"
    )
    await database.execute(
        "INSERT INTO withdrawal_claim (subject_key, account_no, case_id, household, amount_fen, state)"
        " VALUES ('home:CQ2015', 1, 1, 'others', 100, 'kept')"
    )
    taken = correct(running, back, changes={"contractNo": "CQ2015"})
    assert "withdrawal.subject_of_others" in {code for code, _ in await rent.refused(taken)}
    assert (await subject("home:YS2026000001"))[0] == back.amount.fen, "still set aside for the first"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"cost": "十二万"}, "withdrawal.field_invalid"),
        ({"cost": "0"}, "withdrawal.field_invalid"),
        ({"contractNo": " "}, "withdrawal.field_missing"),
        ({"kind": "renovation"}, "withdrawal.correction_field"),
        ({"cardId": "1"}, "withdrawal.correction_field"),
    ],
)
async def test_what_is_no_correction_changes_nothing(running: RunningHouse, changes: dict[str, str], code: str) -> None:
    back = await returned(running)
    assert code in {found for found, _ in await rent.refused(correct(running, back, changes=changes))}


async def test_everything_that_cannot_be_read_is_said_at_once(running: RunningHouse) -> None:
    back = await returned(running)
    wrong = {"cost": "十二万", "amountWanted": "1,0", "kind": "renovation"}
    assert await rent.refused(correct(running, back, changes=wrong)) == [
        ("withdrawal.field_invalid", "cost"),
        ("withdrawal.field_invalid", "amountWanted"),
        ("withdrawal.correction_field", "fields"),
    ]


async def test_what_was_declared_is_shown_masked_and_taken_back_by_a_blank(running: RunningHouse) -> None:
    back = await returned(running, fields={**HOME, "amount_wanted": Money.yuan(9_000)}, **SPOUSE)
    shown = {
        one.field.input: (one.value, one.required, one.masked) for one in withdrawals.correctable_fields(case=back)
    }
    assert shown["amountWanted"] == ("9000.00", False, False) and shown["homeKind"] == ("new", True, False)
    assert shown["spouseName"] == (mask_name("陈强"), False, True)
    assert shown["spouseDocumentNo"] == (mask_id_document(SPOUSE["spouse_document_no"]), False, True)
    again = await correct(running, back, changes={"amountWanted": "", "spouseName": "", "spouseDocumentNo": " "})
    assert (again.form["amount_wanted"], again.form["spouse_name"], again.form["spouse_document_no"]) == (None,) * 3
    assert again.amount == (await rent.balance_of("li_na")).balance
    assert withdrawals.correctable_fields(case=again) == (), "nothing is asked for any more"
    await rent.assert_books_hold()


async def test_a_case_of_before_the_facts_were_kept_is_applied_for_anew(
    running: RunningHouse, services: Services
) -> None:
    back = await returned(running)
    async with as_owner(services.database_url) as tx:
        await tx.execute("DELETE FROM withdrawal_facts WHERE case_id = $1", back.case_id)
    assert await rent.refused(correct(running, back)) == [("withdrawal.correction_without_facts", None)]


async def test_handed_in_twice_at_once_it_is_judged_once(running: RunningHouse) -> None:
    back = await returned(running)
    results = await asyncio.gather(
        *(correct(running, back, changes={"cost": "12000"}, request_key=key) for key in ("key-0001", "key-0002")),
        return_exceptions=True,
    )
    assert sorted(isinstance(result, Refused) for result in results) == [False, True]
    assert (await rent.balance_of("li_na")).held == Money.yuan(12_000)
    first = ("key-0001", "key-0002")[[isinstance(result, Refused) for result in results].index(False)]
    assert (await correct(running, back, changes={"cost": "12000"}, request_key=first)).state == "pending_preliminary"
    await rent.assert_books_hold()


async def test_a_stranger_corrects_nothing(running: RunningHouse) -> None:
    back = await returned(running)
    assert await rent.refused(correct(running, back, "zhang_wei")) == [("case.not_found", "id")]
