"""Withdrawals beside rent: applied for, limited over persons, closed; and what people try (bad input of the field)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from domain import cases, ledger, withdrawals
from domain.cases import CaseView
from domain.kernel import database
from domain.kernel.dates import business_date_of
from domain.kernel.money import Money
from domain.withdrawals import (
    AgencyAnswer,
    Application,
    Death,
    Employment,
    HomeContract,
    Pension,
    PersonIdentity,
)
from domain.withdrawals.rules.addresses import normalised, same_home, signs
from ops.demo.city import city
from tests.city import RunningHouse
from tests.factories import rent
from tests.factories.people import account_no, card_id, citizen

HOME = {
    "contract_no": "YS2026000001",
    "address": "朝阳区演示路9号院2栋3单元501",
    "home_kind": "new",
    "cost": Money.yuan(3_200_000),
}
LIMIT = Money.yuan(3_200_000)


async def apply(running: RunningHouse, key: str, kind: str, *, channel: str = "web_portal", **given: Any) -> CaseView:
    registries = given.pop("registries", running.house.registries)
    fields = given.pop("fields", {})
    now = running.clock()
    case = await withdrawals.apply_for_withdrawal(
        actor=await citizen(key, channel=channel),
        application=Application(kind=kind, card_id=await card_id(key), commitment=True, fields=fields, **given),
        request_key=rent.new_key(),
        business_date=business_date_of(now),
        now=now,
        registries=registries,
    )
    assert case is not None
    return case


async def paid(running: RunningHouse, case: CaseView) -> CaseView:
    await rent.review(running, case, "li.min", **({"override_reason": "已核对原件"} if case.flags else {}))
    await rent.review(running, case, "wang.fang")
    await running.settle()
    return await rent.now_at(case)


async def subject(key: str) -> tuple[int, int]:
    row = await database.row("SELECT used_fen, limit_fen FROM withdrawal_subject WHERE subject_key = $1", key)
    assert row is not None
    return row["used_fen"], row["limit_fen"]


@pytest.mark.requirement("R02.1")
async def test_a_home_bought_in_the_city_is_paid_and_its_limit_kept(running: RunningHouse) -> None:
    balance = (await rent.balance_of("li_na")).balance
    case = await apply(running, "li_na", "purchase_in_city", fields=HOME)
    assert (case.item, case.amount, case.flags) == ("purchase_in_city_withdrawal", balance, ())
    checks = {check.kind: check.outcome for check in await cases.checks_of(case=case)}
    assert checks == {"identity": "passed", "marriage": "passed", "contract": "passed", "property": "passed"}
    assert any("剩余" in line["text"] for line in case.explanation)
    assert (await paid(running, case)).state == "completed"
    assert await subject("home:YS2026000001") == (balance.fen, LIMIT.fen)
    await rent.assert_books_hold()


async def test_a_refused_application_gives_its_part_of_the_limit_back(running: RunningHouse) -> None:
    case = await apply(running, "li_na", "purchase_in_city", fields=HOME)
    assert (await subject("home:YS2026000001"))[0] == case.amount.fen
    await rent.review(running, case, "li.min", "refuse", reason_code="other", note="材料不符")
    assert (await subject("home:YS2026000001"))[0] == 0
    await rent.assert_books_hold()


async def test_a_contract_of_others_or_cancelled_or_invented_is_refused(running: RunningHouse) -> None:
    def of(contract_no: str) -> dict[str, Any]:
        return {**HOME, "contract_no": contract_no}

    stranger = apply(running, "zhang_wei", "purchase_in_city", fields=HOME)
    assert ("withdrawal.contract_of_others", "contractNo") in await rent.refused(stranger)
    cancelled = apply(running, "zhang_wei", "purchase_in_city", fields=of("YS2026000002"))
    assert ("withdrawal.contract_cancelled", "contractNo") in await rent.refused(cancelled)
    invented = apply(running, "zhang_wei", "purchase_in_city", fields=of("YS0000000000"))
    assert ("withdrawal.contract_not_found", "contractNo") in await rent.refused(invented)


class Joint:
    """A contract on which two couples stand."""

    def __init__(self, running: RunningHouse) -> None:
        self.real = running.house.registries.contract

    async def contract(self, *, contract_no: str, now: datetime) -> AgencyAnswer[HomeContract | None]:
        answer = await self.real.contract(contract_no=contract_no, now=now)
        assert answer.value is not None
        other = city().citizens["zhang_wei"]
        second = PersonIdentity(name=other.name, document_type="01", document_no=other.document_no)
        return replace(answer, value=replace(answer.value, buyers=(*answer.value.buyers, second)))


async def test_two_couples_on_one_home(running: RunningHouse) -> None:
    await apply(running, "li_na", "purchase_in_city", fields=HOME)
    registries = replace(running.house.registries, contract=Joint(running))
    second = apply(running, "zhang_wei", "purchase_in_city", fields=HOME, registries=registries)
    assert await rent.refused(second) == [("withdrawal.subject_of_others", None)]


async def test_an_invoice_is_used_once(running: RunningHouse) -> None:
    fields = {
        "address": "西城区演示胡同1号",
        "certificate_no": "京2015西不动产权第0000001号",
        "cost": Money.yuan(100_000),
        "invoice_no": "26110000000000000001",
    }
    case = await apply(running, "wang_qiang", "renovation", fields=fields)
    assert case.amount == Money.yuan(45_000)
    assert (await paid(running, case)).state == "completed"
    again = apply(running, "wang_qiang", "renovation", fields=fields)
    assert ("withdrawal.home_renovated_lately", "certificateNo") in await rent.refused(again)
    void = apply(running, "wang_qiang", "renovation", fields={**fields, "invoice_no": "26110000000000000002"})
    assert ("withdrawal.invoice_invalid", "invoiceNo") in await rent.refused(void)


async def test_a_loan_is_taken_up_to_what_was_repaid(running: RunningHouse) -> None:
    case = await apply(
        running, "ma_li", "purchase_with_hpf_loan", frequency="quarterly", fields={"loan_contract_no": "DK2023000001"}
    )
    assert case.amount == Money.yuan(60_000)
    view = (await withdrawals.arrangements_of(actor=await citizen("ma_li")))[0]
    assert (view.kind, view.total, view.until_month) == ("purchase_with_hpf_loan", Money.yuan(60_000), None)


async def test_a_channel_offers_what_the_catalogue_says(running: RunningHouse) -> None:
    work = apply(running, "wang_qiang", "renovation", channel="jingtong_h5")
    assert ("withdrawal.channel_not_offered", None) in await rent.refused(work)


async def test_a_second_agreed_withdrawal_waits_for_the_end_of_the_first(running: RunningHouse) -> None:
    await rent.paid(running, "li_na", frequency="monthly")
    work = apply(running, "li_na", "purchase_in_city", frequency="quarterly", fields=HOME)
    assert await rent.refused(work) == [("withdrawal.arrangement_running", None)]


class Retired:
    """Social security and civil affairs as a test wants them."""

    def __init__(self, *, since: date | None = None, died_on: date | None = None) -> None:
        self.since, self.died_on = since, died_on

    def _said(self, value: Any, now: datetime) -> AgencyAnswer[Any]:
        return AgencyAnswer(agency="部门", asked_at=now, as_of=now, outcome="answered", value=value, trace_no="T")

    async def pension_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Pension]:
        return self._said(Pension(since=self.since), now)

    async def death_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Death]:
        return self._said(Death(died_on=self.died_on), now)

    async def employment_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Employment]:
        return self._said(Employment(months_elsewhere=0, open_hpf_loan=False), now)


async def test_retirement_pays_balance_and_interest_and_closes_the_account(running: RunningHouse) -> None:
    registries = replace(running.house.registries, life=Retired(since=date(2026, 10, 1)))
    number = account_no("zhang_wei")
    interest = await ledger.interest_due(account_no=number, on=business_date_of(running.clock()))
    balance = (await rent.balance_of("zhang_wei")).balance
    case = await apply(running, "zhang_wei", "retirement", registries=registries)
    assert case.amount == balance + interest and interest > Money.zero()
    ended = await paid(running, case)
    assert (ended.state, ended.amount) == ("completed", balance + interest)
    assert (await rent.balance_of("zhang_wei")).balance == Money.zero()
    assert await database.value("SELECT state FROM account WHERE account_no = $1", number) == "05"
    await rent.assert_books_hold()


async def test_who_draws_no_pension_does_not_close(running: RunningHouse) -> None:
    registries = replace(running.house.registries, life=Retired())
    work = apply(running, "zhang_wei", "retirement", registries=registries)
    assert await rent.refused(work) == [("withdrawal.not_a_pensioner", None)]


@pytest.mark.requirement("R02.4")
async def test_heirs_take_their_parts_and_the_last_closes_the_account(running: RunningHouse) -> None:
    registries = replace(running.house.registries, life=Retired(died_on=date(2026, 10, 1)))
    deceased = city().citizens["zhang_wei"]

    def of(share: str) -> dict[str, Any]:
        return {
            "deceased_name": deceased.name,
            "deceased_document_no": deceased.document_no,
            "document_no": "公证2026001",
            "share_percent": share,
        }

    first = await apply(running, "li_na", "inheritance", fields=of("40"), registries=registries)
    assert first.account_no == account_no("zhang_wei")
    assert (await paid(running, first)).state == "completed"
    assert await database.value("SELECT state FROM account WHERE account_no = $1", first.account_no) == "01"
    more = apply(running, "ma_li", "inheritance", fields=of("70"), registries=registries)
    assert await rent.refused(more) == [("withdrawal.limit_exhausted", None)]
    last = await apply(running, "ma_li", "inheritance", fields=of("60"), registries=registries)
    assert (await paid(running, last)).state == "completed"
    assert await database.value("SELECT state FROM account WHERE account_no = $1", first.account_no) == "05"
    await rent.assert_books_hold()


async def test_a_living_or_unknown_person_has_no_estate(running: RunningHouse) -> None:
    alive = city().citizens["zhang_wei"]
    given = {"deceased_name": alive.name, "document_no": "公证2026001", "share_percent": "100"}
    known = apply(running, "li_na", "inheritance", fields={**given, "deceased_document_no": alive.document_no})
    unknown = apply(running, "li_na", "inheritance", fields={**given, "deceased_document_no": "110101190001010000"})
    assert (
        await rent.refused(known) == await rent.refused(unknown) == [("withdrawal.person_alive", "deceasedDocumentNo")]
    )


@pytest.mark.requirement("R08.6")
@pytest.mark.parametrize(
    "spelling",
    [
        "北京市朝阳区演示路 9 号院二号楼３单元501室",
        "朝阳区演示路9号院2栋3单元501",
        "北京朝阳区演示路九号院2-3-501",
        "（北京市）朝阳区演示路9号院2#楼3门501户",
    ],
)
def test_one_address_in_several_spellings(spelling: str) -> None:
    assert normalised(spelling) == "朝阳区演示路9号院2号楼3单元501"


def test_alike_is_not_the_same() -> None:
    one, other = normalised("朝阳区演示路9号院2号楼3单元501"), normalised("朝阳区演示路9号院2号楼3单元502")
    assert not same_home(one, other)
    assert same_home(one, normalised("朝阳区演示路北9号院2号楼3单元501"))
    assert len(signs(one)) == 3 * len(one)


@pytest.mark.requirement("R08.6")
async def test_one_home_under_two_numbers_is_shown_to_staff(running: RunningHouse) -> None:
    await apply(running, "li_na", "purchase_in_city", fields=HOME)
    fields = {
        "address": "朝阳区演示路9号院2号楼3单元501室",
        "agreement_no": "HQ2026009",
        "own_payment": Money.yuan(10_000),
        "invoice_no": "26110000000000000001",
    }
    case = await apply(running, "wang_qiang", "resettlement_purchase", fields=fields)
    assert "address_similar" in case.flags
