"""Employers: registered, changed with history, agreeing on rates and terms, closed; people frozen and freed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from domain import contributions
from domain.contributions import CARRY_OUT, CollectionAccount, FreezeOrder, GivenDocument, Registration
from domain.kernel import database
from domain.kernel.actor import Role
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from tests.contributions.world import (
    AGENT,
    COUNTER,
    DUE,
    EMPLOYER,
    NOW,
    TODAY,
    agent,
    balance_of,
    carried_out,
    draw,
    key,
    person_with_account,
    row,
)
from tests.settlement.world import SUPERVISOR, assert_books_hold, staff

pytestmark = pytest.mark.usefixtures("employers")

RESOLUTION = GivenDocument(kind="union_resolution", name="决议.pdf", content=b"%PDF-1.7 resolution")
PAPER = GivenDocument(kind="company_resolution", name="决议.pdf", content=b"%PDF-1.7 closing")
FIRST, SECOND = staff(31, Role.PRELIMINARY_REVIEWER), staff(32, Role.FINAL_REVIEWER)
NEW = Registration(
    name="北京样例科技有限公司",
    uscc="91110000600037341L",
    kind="enterprise",
    office_code="0101",
    pay_day=5,
    first_month=YearMonth(2026, 11),
    employer_rate_bp=1200,
    employee_rate_bp=1200,
)
WHERE: dict[str, Any] = {"employer_no": EMPLOYER, "now": NOW, "business_date": TODAY}


async def _register(**changes: object) -> int:
    wanted = replace(NEW, **changes)  # type: ignore[arg-type]
    return await contributions.register_employer(
        actor=COUNTER, wanted=wanted, request_key=key(), now=NOW, business_date=TODAY
    )


async def _state(employer_no: int = EMPLOYER) -> str:
    return str(await database.value("SELECT state FROM employer WHERE employer_no = $1", employer_no))


async def _decide(matter_no: str, step: str, actor: Any = FIRST, reason: str = "") -> str:
    return await contributions.decide_matter(
        actor=actor, matter_no=matter_no, step=step, reason=reason, carry_out=CARRY_OUT, request_key=key(), **WHERE
    )  # type: ignore[arg-type]


@pytest.mark.requirement("R01.2")
async def test_an_employer_is_registered_once_for_its_code() -> None:
    employer_no = await _register()
    assert await _state(employer_no) == "02"
    standing = await contributions.standing_of(employer_no=employer_no)
    assert (standing.next_due, standing.rates_on(DUE)) == (DUE, (1200, 1200))
    with pytest.raises(Refused, match=r"employer\.uscc_registered"):
        await _register()
    assert await database.value("SELECT count(*) FROM employer") == 3


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"uscc": "91110000600037341X"}, "employer.uscc_invalid"),
        ({"uscc": "9111000060003734IL"}, "employer.uscc_invalid"),
        ({"name": "京"}, "employer.name_invalid"),
        ({"kind": "pool"}, "employer.kind_unknown"),
        ({"pay_day": 32}, "employer.pay_day_invalid"),
        ({"first_month": YearMonth(2025, 10)}, "employer.first_month_invalid"),
        ({"employer_rate_bp": 1300}, "rate.outside"),
        ({"employee_rate_bp": 499}, "rate.outside"),
        ({"employer_rate_bp": 1150}, "rate.step"),
        ({"email": "x"}, "employer.contact_invalid"),
        ({"office_code": "9999"}, "employer.office_unknown"),
    ],
)
async def test_what_is_not_registered(changes: dict[str, object], code: str) -> None:
    with pytest.raises(Refused) as refused:
        await _register(**changes)
    assert code in {refusal.code for refusal in refused.value.refusals}
    assert await database.value("SELECT count(*) FROM employer") == 2
    assert await database.value("SELECT count(*) FROM employer_code") == 2


async def test_only_the_counter_registers() -> None:
    with pytest.raises(Refused, match=r"access\.not_permitted"):
        await contributions.register_employer(actor=AGENT, wanted=NEW, request_key=key(), now=NOW, business_date=TODAY)


@pytest.mark.requirement("R01.6")
async def test_information_changes_with_history_and_the_name_only_at_the_counter() -> None:
    changes = {"address": "北京市东城区示范街1号", "pay_day": "15"}
    matter_no = await contributions.change_information(actor=AGENT, changes=changes, request_key=key(), **WHERE)
    history = await database.rows("SELECT field, before, after FROM employer_change ORDER BY field")
    assert [tuple(one) for one in history] == [("address", "", changes["address"]), ("pay_day", "10", "15")]
    shown = await contributions.matters_of(actor=AGENT, employer_no=EMPLOYER)
    assert [(one.matter_no, one.state) for one in shown] == [(matter_no, "done")]
    with pytest.raises(Refused, match=r"account\.counter_only"):
        await contributions.change_information(actor=AGENT, changes={"name": "别的名称"}, request_key=key(), **WHERE)
    with pytest.raises(Refused, match=r"employer\.change_empty"):
        await contributions.change_information(actor=AGENT, changes=changes, request_key=key(), **WHERE)
    with pytest.raises(Refused, match=r"employer\.pay_day_invalid"):
        await contributions.change_information(actor=AGENT, changes={"pay_day": "0"}, request_key=key(), **WHERE)
    await contributions.change_information(
        actor=COUNTER, changes={"name": "北京晨曦科技集团有限公司"}, request_key=key(), **WHERE
    )
    assert await database.value("SELECT count(*) FROM employer_change") == 3


async def test_a_status_is_changed_at_the_counter_when_nobody_is_contributed_for() -> None:
    await person_with_account(1)
    given = {"state": "05", "reason": "停业", "request_key": key(), **WHERE}
    with pytest.raises(Refused, match=r"account\.counter_only"):
        await contributions.change_state(actor=AGENT, **given)
    with pytest.raises(Refused, match=r"closure\.people"):
        await contributions.change_state(actor=COUNTER, **given)
    await carried_out([row(1, "封存")])
    await contributions.change_state(actor=COUNTER, **given)
    assert await _state() == "05"
    with pytest.raises(Refused, match=r"employer\.sealed"):
        await draw()
    with pytest.raises(Refused, match=r"employer\.state_change"):
        await contributions.change_state(actor=COUNTER, **{**given, "state": "03", "request_key": key()})
    await contributions.change_state(actor=COUNTER, **{**given, "state": "01", "request_key": key()})
    assert await _state() == "01"


@pytest.mark.requirement("R02.6")
async def test_entrusted_collection_is_opened_with_the_notice_acknowledged() -> None:
    account = CollectionAccount(
        bank_code="102", account_no="0200001009000000001", account_name="北京晨曦科技有限公司", day=12
    )
    given = {"actor": AGENT, "account": account, "notice_version": contributions.NOTICE_VERSION, **WHERE}
    with pytest.raises(Refused) as refused:
        await contributions.open_entrusted_collection(
            **{
                **given,
                "account": CollectionAccount(bank_code="403", account_no="1", account_name="别人", day=31),
                "notice_version": "2019",
            },
            request_key=key(),
        )
    assert {one.code for one in refused.value.refusals} == {
        "collection.notice", "collection.bank", "collection.account", "collection.day",
    }  # fmt: skip
    assert (await contributions.standing_of(employer_no=EMPLOYER)).payment_method == "bank_transfer"
    with pytest.raises(Refused, match=r"collection\.not_open"):
        await contributions.change_payment_method(
            actor=AGENT, method="entrusted_collection", request_key=key(), **WHERE
        )
    await contributions.open_entrusted_collection(**given, request_key=key())
    kept = await database.row("SELECT * FROM employer_account WHERE employer_no = $1", EMPLOYER)
    assert kept is not None
    assert (kept["payment_method"], kept["collection_notice"], kept["collection_agreed_by"]) == (
        "entrusted_collection", contributions.NOTICE_VERSION, AGENT.reference,
    )  # fmt: skip
    assert b"0200001009000000001" not in bytes(kept["collection_account_cipher"])
    await contributions.change_payment_method(actor=AGENT, method="cash", request_key=key(), **WHERE)
    assert (await contributions.standing_of(employer_no=EMPLOYER)).payment_method == "cash"


async def test_a_rate_changes_everybodys_parts_from_the_next_month_and_once_a_year() -> None:
    await person_with_account(1)
    await contributions.change_rate(actor=AGENT, rate_bp=700, request_key=key(), **WHERE)
    drawn = await draw()
    amount = await database.value("SELECT amount_fen FROM remittance_statement WHERE statement_id = $1",
                                  drawn.statement_id)  # fmt: skip
    assert amount == 140_000
    with pytest.raises(Refused, match=r"statement\.drawn"):
        await contributions.change_rate(actor=COUNTER, rate_bp=800, request_key=key(), **WHERE)
    for rate_bp, code in ((700, "rate.same"), (800, "rate.once_a_year"), (400, "rate.outside"), (750, "rate.step")):
        with pytest.raises(Refused) as refused:
            await contributions.change_rate(actor=AGENT, rate_bp=rate_bp, request_key=key(), **WHERE)
        assert code in {one.code for one in refused.value.refusals}


@pytest.mark.requirement("R11.2")
async def test_a_deferral_passes_over_its_months_and_ends_in_june() -> None:
    await person_with_account(1)
    given = {"actor": AGENT, "kind": "deferral", "rate_bp": None, **WHERE}
    with pytest.raises(Refused) as refused:
        await contributions.apply_for_term(
            **given, from_month=DUE.minus(months=1), until_month=YearMonth(2027, 7), documents=[], request_key=key()
        )
    assert {one.code for one in refused.value.refusals} == {
        "term.starts_early", "term.ends_late", "term.needs_resolution",
    }  # fmt: skip
    matter_no = await contributions.apply_for_term(
        **given, from_month=DUE, until_month=YearMonth(2027, 6), documents=[RESOLUTION], request_key=key()
    )
    assert (await contributions.standing_of(employer_no=EMPLOYER)).next_due == DUE
    with pytest.raises(Refused, match=r"matter\.open"):
        await contributions.apply_for_term(
            **given, from_month=DUE, until_month=DUE, documents=[RESOLUTION], request_key=key()
        )
    with pytest.raises(Refused, match=r"access\.not_permitted"):
        await _decide(matter_no, "approve", AGENT)
    assert await _decide(matter_no, "approve") == "done"
    assert await _state() == "03"
    standing = await contributions.standing_of(employer_no=EMPLOYER)
    assert standing.next_due == YearMonth(2027, 7)
    with pytest.raises(Refused, match=r"statement\.deferred"):
        await draw()
    # people still come and go while the employer defers
    await carried_out([row(2)])
    await contributions.resume(actor=AGENT, from_month=DUE, request_key=key(), **WHERE)
    assert await _state() == "01"
    assert (await contributions.standing_of(employer_no=EMPLOYER)).next_due == DUE
    drawn = await draw()
    persons = await database.value("SELECT person_count FROM remittance_statement WHERE statement_id = $1",
                                   drawn.statement_id)  # fmt: skip
    assert persons == 2
    with pytest.raises(Refused, match=r"term\.none"):
        await contributions.resume(actor=AGENT, from_month=DUE, request_key=key(), **WHERE)


@pytest.mark.requirement("R11.6")
async def test_a_lowered_rate_ends_in_june_and_the_old_one_comes_back() -> None:
    await person_with_account(1)
    given = {"actor": AGENT, "kind": "rate_reduction", "documents": [RESOLUTION], **WHERE}
    with pytest.raises(Refused, match=r"rate\.not_lower"):
        await contributions.apply_for_term(
            **given, rate_bp=1200, from_month=DUE, until_month=YearMonth(2027, 6), request_key=key()
        )
    matter_no = await contributions.apply_for_term(
        **given, rate_bp=500, from_month=DUE, until_month=YearMonth(2027, 6), request_key=key()
    )
    assert await _decide(matter_no, "approve") == "done"
    standing = await contributions.standing_of(employer_no=EMPLOYER)
    assert [standing.rates_on(month)[0] for month in (DUE, YearMonth(2027, 6), YearMonth(2027, 7))] == [500, 500, 1200]
    parts = await database.rows("SELECT from_period, employer_fen FROM employment_base WHERE from_period > 202601"
                                " ORDER BY 1")  # fmt: skip
    assert [tuple(one) for one in parts] == [(202611, 50_000), (202707, 120_000)]


async def test_a_refused_or_withdrawn_matter_changes_nothing_and_says_why() -> None:
    given = {"actor": AGENT, "kind": "deferral", "rate_bp": None, "from_month": DUE, "until_month": DUE, **WHERE}
    first = await contributions.apply_for_term(**given, documents=[RESOLUTION], request_key=key())
    with pytest.raises(Refused, match=r"matter\.reason"):
        await _decide(first, "refuse", reason="不")
    assert await _decide(first, "refuse", reason="决议未盖章，请补充") == "refused"
    with pytest.raises(Refused, match=r"matter\.state"):
        await _decide(first, "approve")
    second = await contributions.apply_for_term(**given, documents=[RESOLUTION], request_key=key())
    state = await contributions.withdraw_matter(
        actor=AGENT, employer_no=EMPLOYER, matter_no=second, reason="暂不缓缴", request_key=key(), now=NOW
    )
    assert state == "withdrawn" and await _state() == "01"
    assert await database.value("SELECT count(*) FROM employer_term") == 0


async def test_a_matter_that_fails_when_it_is_carried_out_is_kept_and_run_again() -> None:
    await person_with_account(1)
    matter_no = await contributions.apply_for_term(
        actor=AGENT, kind="deferral", rate_bp=None, from_month=DUE, until_month=DUE, documents=[RESOLUTION],
        request_key=key(), **WHERE,
    )  # fmt: skip
    drawn = await draw()
    assert await _decide(matter_no, "approve") == "failed"
    assert await _state() == "01"
    queue = await contributions.matter_queue(actor=COUNTER)
    assert [(one.matter_no, one.state) for one in queue] == [(matter_no, "failed")] and queue[0].last_problem
    await contributions.cancel_statement(
        actor=AGENT,
        employer_no=EMPLOYER,
        statement_no=drawn.statement_no,
        reason="改为缓缴",
        request_key=key(),
        now=NOW,
    )
    state = await contributions.run_matter(actor=COUNTER, matter_no=matter_no, carry_out=CARRY_OUT, **WHERE)
    assert state == "done" and await _state() == "03"


@pytest.mark.requirement("R01.8")
async def test_an_employer_is_closed_by_two_persons_with_the_right_paper() -> None:
    account = await person_with_account(1)
    given = {"actor": AGENT, "reason": "公司解散", **WHERE}
    with pytest.raises(Refused) as refused:
        await contributions.apply_for_closure(**given, documents=[RESOLUTION], request_key=key())
    assert {one.code for one in refused.value.refusals} == {"closure.people", "closure.paper"}
    await carried_out([row(1, "封存")])
    with pytest.raises(Refused, match=r"document\.type"):
        wrong = GivenDocument(kind="company_resolution", name="a.pdf", content=b"MZ program")
        await contributions.apply_for_closure(**given, documents=[wrong], request_key=key())
    matter_no = await contributions.apply_for_closure(**given, documents=[PAPER], request_key=key())
    with pytest.raises(Refused, match=r"matter\.state"):
        await _decide(matter_no, "approve", SECOND)
    assert await _decide(matter_no, "pass") == "passed"
    with pytest.raises(Refused, match=r"matter\.same_person"):
        await _decide(matter_no, "approve")
    assert await _decide(matter_no, "approve", SECOND) == "failed", "its sealed account has nowhere to go"
    pool = await contributions.open_pool(actor=SUPERVISOR, office_code="0101", now=NOW, business_date=TODAY)
    run = {"matter_no": matter_no, "carry_out": CARRY_OUT, **WHERE}
    assert await contributions.run_matter(actor=SECOND, **run) == "done"
    assert await _state() == "04"
    moved = await database.row("SELECT employer_no, state FROM account WHERE account_no = $1", account)
    assert moved is not None and tuple(moved) == (pool, "02")
    paper = await database.row("SELECT kind, content_cipher FROM employer_document")
    assert paper is not None and b"closing" not in bytes(paper["content_cipher"])
    with pytest.raises(Refused, match=r"employer\.closed"):
        await contributions.change_rate(actor=AGENT, rate_bp=700, request_key=key(), **WHERE)
    await assert_books_hold()


def _order(**changes: object) -> FreezeOrder:
    base = FreezeOrder(
        authority="北京市示范区人民法院",
        order_no="（2026）京0101执1号",
        paper=b"%PDF-1.7",
        until_on=TODAY + timedelta(days=365),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


async def _freeze(account_no: int, order: FreezeOrder, actor: Any = SUPERVISOR) -> contributions.FreezeView:
    return await contributions.freeze_account(
        actor=actor, account_no=account_no, order=order, request_key=key(), now=NOW, business_date=TODAY
    )


async def test_an_account_is_frozen_by_an_order_and_freed_by_another() -> None:
    account = await person_with_account(1, months=[YearMonth(2026, 9), YearMonth(2026, 10)])
    await _freeze(account, _order())
    states = "SELECT state FROM account WHERE account_no = $1"
    assert await database.value(states, account) == "06"
    with pytest.raises(Refused, match=r"freeze\.order_known"):
        await _freeze(account, _order())
    await _freeze(account, _order(order_no="（2026）京0101执2号"))
    lifted: dict[str, Any] = {
        "actor": SUPERVISOR, "account_no": account, "lift_order_no": "（2026）京0101执1号之一", "paper": b"%PDF-1.7",
        "business_date": TODAY,
    }  # fmt: skip
    await contributions.unfreeze_account(**lifted, order_no="（2026）京0101执1号", request_key=key(), now=NOW)
    assert await database.value(states, account) == "06", "the second order still holds"
    await contributions.unfreeze_account(**lifted, order_no="（2026）京0101执2号", request_key=key(), now=NOW)
    assert await database.value(states, account) == "01"
    with pytest.raises(Refused, match=r"freeze\.not_found"):
        await contributions.unfreeze_account(**lifted, order_no="（2026）京0101执2号", request_key=key(), now=NOW)


async def test_an_amount_is_set_aside_and_free_again_when_the_period_is_over() -> None:
    account = await person_with_account(1, months=[YearMonth(2026, 10)])
    await _freeze(account, _order(amount=Money.yuan(1000)))
    held = "SELECT held_fen FROM account_balance WHERE account_no = $1"
    assert await database.value(held, account) == 100_000 and await balance_of(account) == Money.yuan(2400)
    later = TODAY + timedelta(days=366)
    assert await contributions.expire_freezes(now=NOW, business_date=TODAY) == 0
    assert await contributions.expire_freezes(now=NOW + timedelta(days=366), business_date=later) == 1
    assert await database.value(held, account) == 0
    assert [one.state for one in await contributions.freezes_of(actor=SUPERVISOR, account_no=account)] == ["expired"]
    await assert_books_hold()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"authority": ""}, "freeze.authority"),
        ({"order_no": "x"}, "freeze.order"),
        ({"paper": b""}, "freeze.order"),
        ({"paper": b"a text"}, "document.type"),
        ({"paper": b"%PDF-" + b"x" * 10 * 1024 * 1024}, "document.size"),
        ({"until_on": date(2026, 11, 22)}, "freeze.period"),
        ({"until_on": date(2036, 11, 22)}, "freeze.period"),
        ({"amount": Money.parse("2400.01")}, "freeze.amount"),
        ({"amount": Money.zero()}, "freeze.amount"),
    ],
)
async def test_orders_that_freeze_nothing(changes: dict[str, object], code: str) -> None:
    account = await person_with_account(1, months=[YearMonth(2026, 10)])
    with pytest.raises(Refused) as refused:
        await _freeze(account, _order(**changes))
    assert code in {one.code for one in refused.value.refusals}
    assert await database.value("SELECT count(*) FROM account_freeze") == 0
    with pytest.raises(Refused, match=r"access\.not_permitted"):
        await _freeze(account, _order(), COUNTER)
    with pytest.raises(Refused, match=r"access\.not_permitted"):
        await _freeze(account, _order(), agent())
