"""Lists of persons: entered and removed by two, judged by, stopped by, appealed against."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from auth import approvals, risk_care
from domain import contributions, policy, risk, withdrawals
from domain.kernel import database
from domain.kernel.database import rehearsal, transaction
from domain.kernel.dates import business_date_of
from domain.kernel.money import Money
from domain.risk import EntryFilters, judge_listing
from ops.demo.city import city
from tests.actions.test_agreed import ask, begun, pay, stands
from tests.city import RunningHouse
from tests.factories import listed, rent
from tests.factories.people import account_no, citizen, staff

pytestmark = pytest.mark.requirement("R02.3")
APPEAL = "本人从未提交过该租赁合同，请调取材料核对签名。"


async def proposed(running: RunningHouse, key: str, login: str = "li.min", **changes: Any) -> approvals.Approval:
    return await risk_care.ask_listing(
        actor=await staff(login), listing=listed.listing(running, key, **changes), reason="专项治理查实",
        now=running.clock(),
    )  # fmt: skip


async def appealed(
    running: RunningHouse, key: str, entry_id: int, statement: str = APPEAL
) -> contributions.ListedEntry:
    return await contributions.appeal_against_entry(
        actor=await citizen(key), entry_id=entry_id, statement=statement, request_key=rent.new_key(),
        now=running.clock(),
    )  # fmt: skip


async def answered(
    running: RunningHouse, appeal_id: int, *, grant: bool, by: tuple[str, str] = ("zhao.gang", "tang.yue")
) -> None:
    asked = await risk_care.ask_answer(
        actor=await staff(by[0]), appeal_id=appeal_id, grant=grant, answer="经调取原件核对，结论如上。",
        reason="核对完毕", now=running.clock(),
    )  # fmt: skip
    await listed.agree(running, asked.approval_id, by[1])


# --- entry and removal


async def test_nobody_is_listed_by_one_person_alone(running: RunningHouse) -> None:
    asked = await proposed(running, "zhang_wei", login="wang.fang")
    assert "330106" not in str(asked.payload) and city().citizens["zhang_wei"].document_no not in str(asked.payload)
    assert (await rent.quote(running, "zhang_wei")).refusals == ()
    assert await rent.refused(listed.agree(running, asked.approval_id, "wang.fang")) == [("approval.own", None)]
    assert await rent.refused(listed.agree(running, asked.approval_id, "li.min")) == [("access.not_permitted", None)]
    await listed.agree(running, asked.approval_id, "tang.yue")
    assert [one.code for one in (await rent.quote(running, "zhang_wei")).refusals] == ["withdrawal.adverse_record"]


async def test_a_declined_proposal_lists_nobody(running: RunningHouse) -> None:
    asked = await proposed(running, "zhang_wei")
    await listed.agree(running, asked.approval_id, "wang.fang", agrees=False)
    assert (await rent.quote(running, "zhang_wei")).refusals == ()
    assert await database.value("SELECT count(*) FROM risk_entry") == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"list": "no_such_list"}, "list_unknown"),
        ({"reason_code": "reported"}, "list_unknown"),
        ({"document_no": "110105199103151018"}, "document_malformed"),
        ({"document_no": ""}, "document_malformed"),
        ({"document_type": "07"}, "document_malformed"),
        ({"name": " "}, "name_malformed"),
        ({"reason": "假"}, "reason_length"),
        ({"evidence": "长" * 201}, "evidence_length"),
    ],
)
async def test_what_an_entry_must_say(running: RunningHouse, changes: dict[str, Any], code: str) -> None:
    assert [each[0] for each in await rent.refused(proposed(running, "zhang_wei", **changes))] == [f"risk.{code}"]


async def test_a_term_begins_by_today_and_ends_within_the_lists_years(running: RunningHouse) -> None:
    today = business_date_of(running.clock())
    sound = listed.listing(running, "zhang_wei")
    values = policy.on(today)
    most = risk.last_day(sound, policy=values)
    assert most.year == today.year + 3
    for changes, good in (
        ({"until_on": most}, True),
        ({"until_on": most + timedelta(days=1)}, False),
        ({"until_on": today}, True),
        ({"until_on": today - timedelta(days=1)}, False),
        ({"from_on": today + timedelta(days=1)}, False),
        ({"from_on": today - timedelta(days=4 * 366)}, False),
    ):
        found = judge_listing(replace(sound, **changes), policy=values, business_date=today)
        assert bool(found) is not good, changes


async def test_the_same_person_is_on_a_list_once(running: RunningHouse) -> None:
    first = await proposed(running, "zhang_wei")
    assert await rent.refused(proposed(running, "zhang_wei", login="ma.li")) == [("approval.waiting", None)]
    await listed.agree(running, first.approval_id, "wang.fang")
    assert await rent.refused(proposed(running, "zhang_wei")) == [("risk.listed_already", None)]
    lower = city().citizens["zhang_wei"].document_no.lower()
    assert await rent.refused(proposed(running, "zhang_wei", document_no=f" {lower} ")) == [
        ("risk.listed_already", None)
    ]
    await listed.put(running, "zhang_wei", "key_review")


async def test_removal_needs_two_and_a_reason_and_frees_at_once(running: RunningHouse) -> None:
    entry_id = await listed.put(running, "zhang_wei")
    short = risk_care.ask_removal(actor=await staff("li.min"), entry_id=entry_id, reason="误", now=running.clock())
    assert await rent.refused(short) == [("risk.reason_length", "reason")]
    await listed.take_off(running, entry_id)
    assert (await listed.entry(running, entry_id)).state == "removed"
    assert (await rent.quote(running, "zhang_wei")).refusals == ()
    again = await risk_care.ask_removal(
        actor=await staff("li.min"), entry_id=entry_id, reason="再次撤销认定", now=running.clock()
    )
    assert await rent.refused(listed.agree(running, again.approval_id, "wang.fang")) == [("risk.not_in_force", None)]


@pytest.mark.parametrize("login", ["sun.cai", "zhou.xitong", "zheng.shenji"])
async def test_others_propose_nothing(running: RunningHouse, login: str) -> None:
    assert await rent.refused(proposed(running, "zhang_wei", login=login)) == [("access.not_permitted", None)]


# --- what a list does


async def test_a_person_without_account_is_listed_and_a_new_account_is_limited(running: RunningHouse) -> None:
    """By document: whoever has no account, or closes one and opens another, finds the record again."""
    await listed.put(running, "he_ping")
    async with transaction() as tx:
        await contributions.open_account(
            tx, account_no=801000000099, person_id=(await citizen("he_ping")).person_id, employer_no=100001,
            office_code="0101", base=Money.yuan(9000), monthly_contribution=Money.yuan(2000),
            opened_on=business_date_of(running.clock()),
        )  # fmt: skip
    quote = await rent.quote(running, "he_ping", card_id=1)
    (refusal,) = [one for one in quote.refusals if one.code == "withdrawal.adverse_record"]
    assert listed.REASON in refusal.message and "申诉" in refusal.message


async def test_a_closed_account_opened_again_is_still_limited(running: RunningHouse) -> None:
    await listed.put(running, "zhang_wei")
    await rent.set_account_state("zhang_wei", "05")
    await rent.set_account_state("zhang_wei", "01")
    assert [one.code for one in (await rent.quote(running, "zhang_wei")).refusals] == ["withdrawal.adverse_record"]


async def test_eight_closings_do_not_ask_the_bad_records(running: RunningHouse) -> None:
    closings = [kind for kind in withdrawals.kinds() if kind.closure]
    assert len(closings) == 8
    await listed.put(running, "zhang_wei")
    quote = await rent.quote(running, "zhang_wei", kind="retirement", frequency="once", commitment=False)
    assert "withdrawal.adverse_record" not in [one.code for one in quote.refusals]


@pytest.mark.requirement("R02.1")
@pytest.mark.parametrize(("list_code", "flag"), [("key_review",) * 2, ("abnormal_behaviour",) * 2])
async def test_a_watched_person_applies_and_staff_are_told(running: RunningHouse, list_code: str, flag: str) -> None:
    await listed.put(running, "zhang_wei", list_code)
    case = await rent.apply(running, "zhang_wei")
    assert flag in case.flags
    await rent.claim(running, case, "li.min")
    assert await rent.refused(rent.decide(running, case, "li.min")) == [("case.override_required", "overrideReason")]


@pytest.mark.parametrize(("list_code", "flagged"), [
    ("bad_record", True), ("key_review", True), ("abnormal_behaviour", False),
])  # fmt: skip
async def test_a_listed_spouse_sends_the_case_to_staff(running: RunningHouse, list_code: str, flagged: bool) -> None:
    await listed.put(running, "chen_qiang", list_code)
    case = await rent.apply(running, "li_na")
    assert ("spouse_listed" in case.flags) is flagged


async def test_a_record_ends_while_a_case_waits(running: RunningHouse) -> None:
    today = business_date_of(running.clock())
    await listed.put(running, "zhang_wei", until_on=today + timedelta(days=1))
    refused = rent.apply(running, "zhang_wei")
    assert [each[0] for each in await rent.refused(refused)] == ["withdrawal.adverse_record"]
    running.clock.advance(days=2)
    assert (await rent.apply(running, "zhang_wei")).state == "pending_preliminary"


async def test_somebody_listed_between_application_and_approval_is_not_approved(running: RunningHouse) -> None:
    case = await rent.apply(running, "zhang_wei")
    await rent.review(running, case, "li.min")
    entry_id = await listed.put(running, "zhang_wei")
    await rent.claim(running, case, "wang.fang")
    assert await rent.refused(rent.decide(running, case, "wang.fang")) == [("withdrawal.adverse_record", None)]
    await listed.take_off(running, entry_id)
    assert (await rent.decide(running, case, "wang.fang")).state == "pending_payment"


@pytest.mark.requirement("R08.8")
async def test_an_agreed_withdrawal_stops_with_the_reason(running: RunningHouse) -> None:
    await begun(running)
    await ask(running)
    await listed.put(running, "zhang_wei")
    done = await pay(running)
    assert (done.paid, done.ended) == (0, 1)
    assert await stands() == ("ended", "有不良信息记录，可在“我的记录”中查看原因并申诉")


async def test_payments_of_a_watched_person_wait_until_two_have_looked(running: RunningHouse) -> None:
    await begun(running)
    await ask(running)
    entry_id = await listed.put(running, "zhang_wei", "key_review")
    assert ((await pay(running)).waiting, await stands()) == (1, ("running", "本期支付须经审核，审核后自动支付"))
    today = business_date_of(running.clock())
    asked = await risk_care.ask_clearing(
        actor=await staff("li.min"), entry_id=entry_id, until=today, reason="已核对租赁情况", now=running.clock()
    )
    await listed.agree(running, asked.approval_id, "wang.fang")
    assert (await pay(running)).paid == 1


async def test_a_bad_record_that_is_over_stops_nothing(running: RunningHouse) -> None:
    today = business_date_of(running.clock())
    await listed.put(running, "zhang_wei", until_on=today)
    running.clock.advance(days=1)
    async with rehearsal() as tx:
        number = account_no("zhang_wei")
        touched = await contributions.accounts_touched(
            flow="agreed_payment", on=business_date_of(running.clock()), lo=number, hi=number, using=tx
        )
        before = await contributions.accounts_touched(flow="agreed_payment", on=today, lo=number, hi=number, using=tx)
    assert (touched, before) == ({}, {number: "stop"})


# --- appeals


async def test_a_citizen_sees_why_until_when_and_appeals(running: RunningHouse) -> None:
    entry_id = await listed.put(running, "zhang_wei")
    (mine,) = await contributions.listed_entries_of(actor=await citizen("zhang_wei"), now=running.clock())
    assert (mine.entry.reason, mine.entry.state, mine.appeals) == (listed.REASON, "in_force", ())
    assert await contributions.listed_entries_of(actor=await citizen("li_na"), now=running.clock()) == []
    after = await appealed(running, "zhang_wei", entry_id)
    assert (after.appeals[0].state, after.appeals[0].statement) == ("waiting", APPEAL)
    assert await rent.refused(appealed(running, "zhang_wei", entry_id)) == [("risk.appeal_waiting", None)]
    stored = await database.value("SELECT statement_cipher FROM risk_appeal")
    assert APPEAL.encode() not in stored


@pytest.mark.parametrize(("key", "statement", "code"), [
    ("li_na", APPEAL, "risk.entry_not_found"),
    ("zhang_wei", "冤枉", "risk.appeal_length"),
    ("zhang_wei", "长" * 1001, "risk.appeal_length"),
])  # fmt: skip
async def test_appeals_that_are_none(running: RunningHouse, key: str, statement: str, code: str) -> None:
    entry_id = await listed.put(running, "zhang_wei")
    assert [each[0] for each in await rent.refused(appealed(running, key, entry_id, statement))] == [code]


async def test_an_appeal_while_a_case_runs_frees_it_when_granted(running: RunningHouse) -> None:
    case = await rent.apply(running, "zhang_wei")
    await rent.review(running, case, "li.min")
    entry_id = await listed.put(running, "zhang_wei")
    appeal = (await appealed(running, "zhang_wei", entry_id)).appeals[0]
    await rent.claim(running, case, "wang.fang")
    # the record stands while the appeal is looked at
    assert await rent.refused(rent.decide(running, case, "wang.fang")) == [("withdrawal.adverse_record", None)]
    await answered(running, appeal.appeal_id, grant=True)
    assert (await listed.entry(running, entry_id)).state == "removed"
    assert (await rent.decide(running, case, "wang.fang")).state == "pending_payment"


async def test_a_rejected_appeal_leaves_the_record_and_may_be_made_again(running: RunningHouse) -> None:
    entry_id = await listed.put(running, "zhang_wei")
    appeal = (await appealed(running, "zhang_wei", entry_id)).appeals[0]
    await answered(running, appeal.appeal_id, grant=False)
    (mine,) = await contributions.listed_entries_of(actor=await citizen("zhang_wei"), now=running.clock())
    assert (mine.entry.state, mine.appeals[0].state) == ("in_force", "rejected")
    assert mine.appeals[0].answer == "经调取原件核对，结论如上。"
    assert len((await appealed(running, "zhang_wei", entry_id)).appeals) == 2


async def test_who_has_listed_somebody_answers_no_appeal(running: RunningHouse) -> None:
    entry_id = await listed.put(running, "zhang_wei", by=("ma.li", "wang.fang"))
    appeal = (await appealed(running, "zhang_wei", entry_id)).appeals[0]
    own = answered(running, appeal.appeal_id, grant=True, by=("ma.li", "tang.yue"))
    assert await rent.refused(own) == [("risk.appeal_own", None)]
    asked = await risk_care.ask_answer(
        actor=await staff("zhao.gang"), appeal_id=appeal.appeal_id, grant=True, answer="核对后成立", reason="核对完毕",
        now=running.clock(),
    )  # fmt: skip
    # nor does the one who agreed then agree now
    assert await rent.refused(listed.agree(running, asked.approval_id, "wang.fang")) == [("risk.appeal_own", None)]


async def test_an_appeal_is_withdrawn_once_and_dies_with_its_entry(running: RunningHouse) -> None:
    entry_id = await listed.put(running, "zhang_wei")
    await appealed(running, "zhang_wei", entry_id)
    named: dict[str, Any] = {"actor": await citizen("zhang_wei"), "entry_id": entry_id, "now": running.clock()}
    after = await contributions.withdraw_own_appeal(**named, request_key="withdraw-01")
    assert after.appeals[0].state == "withdrawn"
    assert (await contributions.withdraw_own_appeal(**named, request_key="withdraw-01")).appeals == after.appeals
    second = contributions.withdraw_own_appeal(**named, request_key="withdraw-02")
    assert await rent.refused(second) == [("risk.appeal_not_found", "id")]
    await appealed(running, "zhang_wei", entry_id)
    await listed.take_off(running, entry_id)
    (mine,) = await contributions.listed_entries_of(actor=await citizen("zhang_wei"), now=running.clock())
    assert [one.state for one in mine.appeals] == ["withdrawn", "withdrawn"]
    await rent.assert_books_hold()


# --- files and lists


def file_of(*rows: str) -> bytes:
    return ("证件类型,证件号码,姓名,原因代码,事由,依据,截止日期\r\n" + "\r\n".join(rows)).encode("gb18030")


async def test_a_file_is_judged_row_by_row_and_listed_by_one_agreement(running: RunningHouse) -> None:
    person, other = city().citizens["zhang_wei"], city().citizens["li_na"]
    said = "forged_contract,使用虚假合同提取,案卷12号,"
    rows = await risk.judge_file(
        list_code="bad_record",
        content=file_of(
            f"居民身份证,{person.document_no},{person.name},{said}",
            f'01,"=""{other.document_no}""",{other.name},{said}2027-11-30',
            f"01,{person.document_no},{person.name},{said}",
            f"01,11010519910315101X,某人,{said}",
            "01,只有三列,某人",
            f"01,{other.document_no},{other.name},{said}明年",
        ),
        business_date=business_date_of(running.clock()),
    )
    assert [(row.row_no, bool(row.problems)) for row in rows] == [
        (2, False), (3, False), (4, True), (5, True), (6, True), (7, True),
    ]  # fmt: skip
    assert "重复" in rows[2].problems[0] and "7列" in rows[4].problems[0]
    assert person.document_no not in repr(rows)
    asked = await risk_care.ask_file(
        actor=await staff("li.min"), list_code="bad_record", rows=rows, file_name="名单.csv", reason="专项治理查实",
        now=running.clock(),
    )  # fmt: skip
    assert await database.value("SELECT count(*) FROM risk_entry") == 0
    await listed.agree(running, asked.approval_id, "wang.fang")
    assert await database.value("SELECT count(*) FROM risk_entry") == 2
    none = risk_care.ask_file(
        actor=await staff("li.min"), list_code="bad_record", rows=rows[2:], file_name="名单.csv", reason="专项治理查实",
        now=running.clock(),
    )  # fmt: skip
    assert await rent.refused(none) == [("risk.file_nothing", "file")]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", "姓名,号码\r\n".encode(), file_of(*["01,1,2"] * 501)])
async def test_what_is_no_list_file(running: RunningHouse, content: bytes) -> None:
    work = risk.judge_file(list_code="bad_record", content=content, business_date=business_date_of(running.clock()))
    assert await rent.refused(work) == [("risk.file_malformed", "file")]


async def test_entries_are_found_by_list_state_and_document(running: RunningHouse) -> None:
    today = business_date_of(running.clock())
    first = await listed.put(running, "zhang_wei")
    second = await listed.put(running, "li_na", "key_review")
    await listed.take_off(running, second)

    async def found(**filters: Any) -> list[int]:
        page = await risk.entries(filters=EntryFilters(**filters), on=today, first=10, after=None)
        return [one.entry_id for one in page.items]

    assert set(await found()) == {first, second}
    assert await found(list="key_review") == [second]
    assert await found(state="in_force") == [first]
    assert await found(state="removed") == [second]
    assert await found(document=("01", city().citizens["li_na"].document_no)) == [second]
    page = await risk.entries(filters=EntryFilters(), on=today, first=1, after=None)
    rest = await risk.entries(filters=EntryFilters(), on=today, first=1, after=page.end_cursor)
    assert {page.items[0].entry_id, rest.items[0].entry_id} == {first, second} and not rest.has_next
