"""催缴短信: who of an employer is texted about what is overdue, and when nobody is."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from domain import contributions
from domain.contributions.employers.texting import owed_text
from domain.kernel import database
from domain.kernel.actor import SYSTEM
from domain.kernel.dates import YearMonth
from domain.kernel.refusal import Refused
from tests.contributions.world import (
    AGENT,
    COUNTER,
    DUE,
    EMPLOYER,
    NOW,
    OF_OTHER_OFFICE,
    TODAY,
    draw,
    id_card,
    key,
    name_of,
    person_with_account,
)
from tests.settlement.world import FINANCE, audited, events

pytestmark = pytest.mark.usefixtures("employers")
OVERDUE = "2026-11汇缴"


async def _agent(number: int, mobile: str | None, scope: str = "payments") -> int:
    async with database.transaction() as tx:
        person_id = await contributions.register_person(
            tx, document_type="01", document_no=id_card(number), name=name_of(number), mobile=mobile, now=NOW
        )
        await contributions.appoint_agent(
            tx, actor=SYSTEM, employer_no=EMPLOYER, person_id=person_id, scopes=[scope], source="test",
            valid_from=date(2026, 1, 5), now=NOW,
        )  # fmt: skip
    return person_id


async def _text(**changes: Any) -> None:
    given = {"actor": COUNTER, "employer_no": EMPLOYER, "request_key": key(), "now": NOW, "business_date": TODAY}
    await contributions.text_reminder(**{**given, **changes})


async def _refused(**changes: Any) -> list[str]:
    with pytest.raises(Refused) as refused:
        await _text(**changes)
    return [one.code for one in refused.value.refusals]


async def _nothing_was_sent() -> None:
    assert await events("employer.reminded") == []
    assert await database.value("SELECT count(*) FROM employer_reminder") == 0
    assert await audited("reminder.texted") == 0


async def _log() -> list[contributions.ReminderView]:
    return await contributions.reminders_of(actor=COUNTER, employer_no=EMPLOYER)


async def test_each_agent_for_payments_with_a_phone_is_texted_once() -> None:
    first, second = await _agent(1, "13800000001"), await _agent(2, "13800000002", "all")
    silent = await _agent(3, None)
    await _agent(4, "13800000004", "lists")
    ahead = await contributions.reminder_ahead(actor=COUNTER, employer_no=EMPLOYER, now=NOW, business_date=TODAY)
    assert (ahead.owed, ahead.sent_today) == (OVERDUE, False)
    assert [one.person_id for one in ahead.recipients] == [first, second, silent]
    same = key()
    for _ in range(2):
        await _text(request_key=same)
    told = await events("employer.reminded")
    assert [(int(one["person_id"]), one["owed"]) for one in told] == [(first, OVERDUE), (second, OVERDUE)]
    assert all("138" not in str(one) for one in told), "an event holds no number of a phone"
    (kept,) = await _log()
    assert (kept.means_name, kept.contact, kept.about) == ("短信", "缴款经办人2人", OVERDUE)
    assert [(one.person_id, one.event_id is None) for one in kept.texts] == [
        (first, False), (second, False), (silent, True)
    ]  # fmt: skip
    assert await audited("reminder.texted") == 1


async def test_once_a_day_even_when_two_send_at_the_same_moment() -> None:
    await _agent(1, "13800000001")
    sent = await asyncio.gather(_text(), _text(), return_exceptions=True)
    (late,) = [one for one in sent if one is not None]
    assert isinstance(late, Refused) and late.refusals[0].code == "reminder.texted_today"
    assert len(await events("employer.reminded")) == 1
    await _text(now=NOW + timedelta(days=1), business_date=TODAY + timedelta(days=1))
    assert len(await _log()) == 2


async def test_nobody_is_texted_about_nothing_or_without_a_phone() -> None:
    assert await _refused() == ["reminder.no_phone"]
    await _agent(1, None)
    early = {"business_date": DUE.first_day}
    assert await _refused(**early) == ["reminder.nothing_overdue", "reminder.no_phone"]
    await _agent(2, "13800000002")
    assert await _refused(**early) == ["reminder.nothing_overdue"]
    await _nothing_was_sent()


async def test_who_may_not_send_and_to_whom_nothing_is_sent() -> None:
    await _agent(1, "13800000001")
    for actor, code in ((AGENT, "access.not_permitted"), (FINANCE, "access.not_permitted"),
                        (OF_OTHER_OFFICE, "employer.other_office")):  # fmt: skip
        assert await _refused(actor=actor) == [code]
    assert await _refused(employer_no=999) == ["employer.not_found"]
    await database.execute("UPDATE employer SET state = '04' WHERE employer_no = $1", EMPLOYER)
    assert await _refused() == ["employer.closed"]
    await _nothing_was_sent()


async def test_a_sealed_employer_owes_what_was_drawn_before_and_no_further_month() -> None:
    await _agent(1, "13800000001")
    await person_with_account(9)
    await database.execute("UPDATE employer SET state = '05' WHERE employer_no = $1", EMPLOYER)
    assert await _refused() == ["reminder.nothing_overdue"]
    await database.execute("UPDATE employer SET state = '01' WHERE employer_no = $1", EMPLOYER)
    drawn = await draw()
    await database.execute("UPDATE employer SET state = '05' WHERE employer_no = $1", EMPLOYER)
    due_on = await database.value("SELECT due_on FROM remittance_statement WHERE statement_no = $1", drawn.statement_no)
    later = {"now": NOW + timedelta(days=30), "business_date": due_on + timedelta(days=1)}
    await _text(**later)
    assert [one.about for one in await _log()] == [OVERDUE]


@pytest.mark.parametrize(
    ("months", "back_payments", "said"),
    [
        ((), 0, ""),
        ((9,), 0, "2026-09汇缴"),
        ((9, 10, 11), 0, "2026-09至2026-11共3个月汇缴"),
        ((9, 11), 2, "2026-09至2026-11间共2个月汇缴、补缴书2份"),
        ((), 1, "补缴书1份"),
    ],
)
def test_what_is_overdue_in_words(months: tuple[int, ...], back_payments: int, said: str) -> None:
    assert owed_text([YearMonth(2026, one) for one in months], back_payments=back_payments) == said
