"""Applying for a rent withdrawal: what is written, what is refused, and that a refusal leaves nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from domain import cases, withdrawals
from domain.kernel import database
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from tests.city import RunningHouse
from tests.factories import rent
from tests.factories.people import account_no, card_id, citizen, staff
from tests.factories.snapshot import nothing_changed

HOME_OF_WIFE = {"spouse_name": "林晓", "spouse_document_no": "110101198806064470"}


async def audited(subject: str) -> list[tuple[str, str]]:
    rows = await database.rows(
        "SELECT action, outcome FROM audit_event WHERE subject = $1 ORDER BY at, event_id", subject
    )
    return [(row["action"], row["outcome"]) for row in rows]


@pytest.mark.requirement("R08.5")
@pytest.mark.parametrize(("frequency", "yuan"), [("monthly", 2000), ("quarterly", 6000)])
async def test_an_application_opens_a_case_and_holds_the_money(
    running: RunningHouse, frequency: str, yuan: int
) -> None:
    before = await rent.balance_of("zhang_wei")
    case = await rent.apply(running, "zhang_wei", frequency=frequency, auto_renewal=True)
    assert (case.state, case.amount, case.item_code, case.flags) == (
        "pending_preliminary",
        Money.yuan(yuan),
        "C20",
        (),
    )
    after = await rent.balance_of("zhang_wei")
    assert (after.balance, after.held) == (before.balance, Money.yuan(yuan))

    arrangement = await rent.arrangement("zhang_wei")
    assert arrangement is not None
    this_month = YearMonth.of(business_date_of(running.clock()))
    assert (arrangement.state, arrangement.frequency, arrangement.auto_renewal) == ("requested", frequency, True)
    assert (arrangement.from_month, arrangement.until_month) == (this_month, this_month.plus(months=11))
    await rent.assert_books_hold()


@pytest.mark.requirement("R08.3")
@pytest.mark.parametrize("consents", [True, False])
async def test_consent_to_renewal_is_recorded_with_its_time(running: RunningHouse, consents: bool) -> None:
    case = await rent.apply(running, "zhang_wei", auto_renewal=consents)
    row = await database.row(
        "SELECT auto_renewal, auto_renewal_consented_at, commitment_at FROM withdrawal_arrangement WHERE case_id = $1",
        case.case_id,
    )
    assert row is not None
    assert row["auto_renewal"] is consents
    assert (row["auto_renewal_consented_at"] == case.submitted_at) is consents
    assert row["commitment_at"] == case.submitted_at


async def test_a_small_balance_limits_the_payment(running: RunningHouse) -> None:
    before = await rent.balance_of("wu_fang")
    assert before.balance < Money.yuan(6000)
    case = await rent.apply(running, "wu_fang")
    assert case.amount == before.balance
    assert (await rent.balance_of("wu_fang")).available == Money.zero()


async def test_the_case_keeps_policy_explanation_checks_history_and_audit(running: RunningHouse) -> None:
    case = await rent.apply(running, "li_na")
    limit = case.policy_snapshot["withdrawal.rent_no_home.monthly_limit"]
    assert limit["value"] == "2000.00" and limit["source"]
    assert "withdrawal.hold_valid_days" in case.policy_snapshot
    assert any("2,000.00元" in line["text"] for line in case.explanation)

    actor = await citizen("li_na")
    checks = await cases.checks_of(case=case)
    assert [(check.kind, check.outcome) for check in checks] == [("marriage", "passed"), ("property", "passed")]
    assert all(check.as_of is not None and check.trace_no for check in checks)
    assert checks[1].summary == "本人及配偶在京无住房"

    (event,) = await cases.history_of(case=case)
    assert (event.seq, event.action, event.from_state, event.to_state) == (1, "submit", None, "pending_preliminary")
    assert (event.actor_kind, event.actor_name, event.at) == ("citizen", actor.name, case.submitted_at)
    assert await audited(f"case:{case.case_no}") == [("withdrawal.applied", "done")]


async def test_documents_of_the_form_are_masked_at_rest(running: RunningHouse) -> None:
    given = {"spouse_name": "陈强", "spouse_document_no": "110108198703113350"}
    case = await rent.apply(running, "li_na", **given)
    assert case.form["spouse_name"] == "陈*"
    assert given["spouse_document_no"] not in str(case.form)
    stored = await database.value("SELECT string_agg(t::text, '') FROM case_check t")
    assert given["spouse_document_no"] not in stored


async def test_a_quote_and_a_dry_run_leave_nothing(running: RunningHouse) -> None:
    async with nothing_changed():
        quote = await rent.quote(running, "zhang_wei")
        await rent.apply(running, "zhang_wei", dry_run=True)
    assert (quote.amount, quote.months, quote.refusals) == (Money.yuan(6000), 3, ())
    # the rehearsed key is free
    assert (await rent.apply(running, "zhang_wei")).state == "pending_preliminary"


async def test_a_dry_run_refuses_as_the_application_would(running: RunningHouse) -> None:
    expected = await rent.refused(rent.apply(running, "wang_qiang"))
    assert await rent.refused(rent.apply(running, "wang_qiang", dry_run=True)) == expected


async def test_the_same_request_key_answers_the_same_case(running: RunningHouse) -> None:
    first = await rent.apply(running, "zhang_wei", request_key="apply-00001")
    async with nothing_changed():
        again = await rent.apply(running, "zhang_wei", request_key="apply-00001")
    assert again.case_no == first.case_no


async def test_a_request_key_with_other_input_or_malformed_is_refused(running: RunningHouse) -> None:
    await rent.apply(running, "zhang_wei", request_key="apply-00001")
    other = rent.apply(running, "zhang_wei", request_key="apply-00001", frequency="monthly")
    assert await rent.refused(other) == [("request.key_reused", "requestKey")]
    for malformed in ("short", "x" * 65, "has space here", "带中文的编号一二三"):
        refusals = await rent.refused(rent.apply(running, "li_na", request_key=malformed))
        assert refusals == [("request.key_malformed", "requestKey")]


async def test_a_key_belongs_to_its_actor(running: RunningHouse) -> None:
    first = await rent.apply(running, "zhang_wei", request_key="apply-00001")
    second = await rent.apply(running, "li_na", request_key="apply-00001")
    assert first.case_no != second.case_no


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("wang_qiang", [("withdrawal.home_owned", None)]),
        ("zheng_tao", [("withdrawal.home_owned", None)]),
        ("zhao_min", [("withdrawal.contribution_too_short", None)]),
        ("liu_yang", [("withdrawal.account_sealed", None)]),
        ("sun_li", [("withdrawal.account_frozen", None)]),
        ("qian_bo", [("withdrawal.card_bank_not_entrusted", "cardId")]),
    ],
)
async def test_who_may_not_apply_is_told_why(
    running: RunningHouse, key: str, expected: list[tuple[str, str | None]]
) -> None:
    assert await rent.refused(rent.apply(running, key)) == expected
    quoted = await rent.quote(running, key)
    assert ([(each.code, each.field) for each in quoted.refusals], quoted.amount) == (expected, Money.zero())


@pytest.mark.parametrize(
    ("state", "code"),
    [("03", "account_closed"), ("04", "account_closed"), ("05", "account_closed"), ("99", "account_not_normal")],
)
async def test_an_account_that_is_not_in_use_gives_nothing(running: RunningHouse, state: str, code: str) -> None:
    await rent.set_account_state("zhang_wei", state)
    assert await rent.refused(rent.apply(running, "zhang_wei")) == [(f"withdrawal.{code}", None)]


async def test_every_refusal_comes_at_once(running: RunningHouse) -> None:
    work = rent.apply(
        running,
        "wang_qiang",
        frequency="weekly",
        commitment=False,
        card_id=await card_id("li_na"),
        spouse_name="某人",
        rental_filing_no="ZF2024000009",
    )
    assert await rent.refused(work) == [
        ("withdrawal.home_owned", None),
        ("withdrawal.rental_filing_expired", "rentalFilingNo"),
        ("withdrawal.spouse_incomplete", "spouseDocumentNo"),
        ("withdrawal.frequency_not_offered", "frequency"),
        ("withdrawal.commitment_missing", "commitment"),
        ("withdrawal.card_not_found", "cardId"),
    ]


async def test_a_card_of_another_person_or_one_given_back_is_refused(running: RunningHouse) -> None:
    foreign = await card_id("li_na")
    work = rent.apply(running, "zhang_wei", card_id=foreign)
    assert await rent.refused(work) == [("withdrawal.card_not_found", "cardId")]
    assert await rent.refused(rent.apply(running, "zhang_wei", card_id=1)) == [("withdrawal.card_not_found", "cardId")]
    own = await card_id("zhang_wei")
    await database.execute("UPDATE bank_card SET active = false WHERE card_id = $1", own)
    assert await rent.refused(rent.apply(running, "zhang_wei")) == [("withdrawal.card_inactive", "cardId")]


async def test_without_an_account_there_is_nothing_to_withdraw(running: RunningHouse) -> None:
    assert await rent.refused(rent.apply(running, "he_ping", card_id=1)) == [("account.none", None)]
    assert await rent.refused(rent.quote(running, "he_ping", card_id=1)) == [("account.none", None)]


async def test_only_citizens_apply(running: RunningHouse) -> None:
    now = running.clock()
    work = withdrawals.apply_for_withdrawal(
        actor=await staff("ma.li"),
        application=await rent.application("ma_li"),
        request_key=rent.new_key(),
        business_date=business_date_of(now),
        now=now,
        registries=running.house.registries,
    )
    assert await rent.refused(work) == [("access.not_permitted", None)]


@pytest.mark.parametrize(
    ("key", "given", "expected"),
    [
        ("zhang_wei", {"spouse_name": "陈强", "spouse_document_no": "110108198703113350"}, "spouse_not_registered"),
        ("li_na", {"spouse_name": "林晓", "spouse_document_no": "110101198806064470"}, "spouse_mismatch"),
        ("li_na", {"spouse_name": "陈强", "spouse_document_no": "110108198703113351"}, "spouse_document_malformed"),
        ("li_na", {"spouse_name": "李娜", "spouse_document_no": "110108198807222041"}, "spouse_is_applicant"),
    ],
)
async def test_a_spouse_who_is_none_is_refused(
    running: RunningHouse, key: str, given: dict[str, str], expected: str
) -> None:
    refusals = await rent.refused(rent.apply(running, key, **given))
    assert [code for code, _ in refusals] == [f"withdrawal.{expected}"]


async def test_a_stranger_named_as_spouse_is_not_asked_about(running: RunningHouse) -> None:
    with pytest.raises(Refused):
        await rent.apply(running, "zhang_wei", **HOME_OF_WIFE)
    calls = (await running.simulated("calls", simulator="registries"))["calls"]
    assert HOME_OF_WIFE["spouse_document_no"] not in str(calls)


# --- one at a time


async def test_a_second_application_is_refused_with_the_running_case(running: RunningHouse) -> None:
    first = await rent.apply(running, "zhang_wei")
    assert await rent.refused(rent.apply(running, "zhang_wei")) == [("case.blocked_by_running", None)]
    with pytest.raises(Refused) as caught:
        await rent.apply(running, "zhang_wei")
    assert first.case_no in caught.value.refusals[0].message


async def test_a_running_arrangement_blocks_the_next_application(running: RunningHouse) -> None:
    await rent.paid(running, "zhang_wei")
    assert await rent.refused(rent.apply(running, "zhang_wei")) == [("withdrawal.arrangement_running", None)]


@pytest.mark.requirement("D01")
async def test_a_conflicting_matter_of_the_account_blocks(running: RunningHouse) -> None:
    case = await rent.apply(running, "zhang_wei")
    await database.execute("UPDATE service_case SET item = 'closure_withdrawal' WHERE case_id = $1", case.case_id)
    refusals = await rent.refused(rent.apply(running, "zhang_wei"))
    assert ("case.blocked_by_running", None) in refusals


@pytest.mark.parametrize("same_key", [True, False])
async def test_ten_applications_at_once_make_one_case(running: RunningHouse, same_key: bool) -> None:
    tries = await asyncio.gather(
        *(
            rent.apply(running, "zhang_wei", request_key="apply-00001" if same_key else f"apply-1000{number}")
            for number in range(10)
        ),
        return_exceptions=True,
    )
    numbers = {each.case_no for each in tries if isinstance(each, cases.CaseView)}
    refusals = {each.refusals[0].code for each in tries if isinstance(each, Refused)}
    assert len(numbers) == 1
    assert refusals == (set() if same_key else {"case.blocked_by_running"})
    assert await database.value("SELECT count(*) FROM hold WHERE account_no = $1", account_no("zhang_wei")) == 1
    await rent.assert_books_hold()


# --- agencies in trouble


async def test_a_silent_property_registry_sends_the_case_to_staff(running: RunningHouse) -> None:
    case = await rent.apply(running, "chen_jing")
    assert case.flags == ("property_unanswered",)
    outcomes = {check.kind: (check.outcome, check.as_of) for check in await cases.checks_of(case=case)}
    assert outcomes["property"] == ("unanswered", None)
    assert outcomes["marriage"][0] == "passed"


@pytest.mark.parametrize("mode", ["timeout", "error500", "garbage"])
async def test_every_agency_in_trouble_is_an_answer_too(running: RunningHouse, mode: str) -> None:
    await running.fault(simulator="registries", mode=mode)
    case = await rent.apply(running, "zhang_wei", rental_filing_no="ZF2026000001")
    assert set(case.flags) == {"property_unanswered", "marriage_unanswered", "rental_unanswered"}
    assert {check.outcome for check in await cases.checks_of(case=case)} == {"unanswered"}
    await rent.assert_books_hold()


async def test_a_stale_answer_is_flagged(running: RunningHouse) -> None:
    long_ago = (running.clock() - timedelta(days=400)).isoformat()
    await running.fault(simulator="registries", operation="homes", mode="normal", detail={"as_of": long_ago})
    assert (await rent.apply(running, "zhang_wei")).flags == ("property_stale",)


async def test_only_a_few_different_unconfirmed_spouses_are_looked_up_a_day(running: RunningHouse) -> None:
    """Otherwise anybody whose marriage no registry confirms could ask about strangers' homes."""
    await running.fault(simulator="registries", operation="marriage", mode="refuse")
    strangers = ["110108198703113350", "110101198806064470", "110106199609184023"]

    async def exhausted(document_no: str) -> bool:
        try:
            await rent.quote(running, "zhang_wei", spouse_name="某人", spouse_document_no=document_no)
        except Refused as refused:
            return [refusal.code for refusal in refused.refusals] == ["withdrawal.spouse_checks_exhausted"]
        return False

    assert [await exhausted(document_no) for document_no in strangers] == [False, False, True]
    assert not await exhausted(strangers[0]), "one asked about before is not a new one"
    running.clock.advance(days=1, minutes=1)
    assert not await exhausted(strangers[2])
