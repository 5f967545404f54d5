"""Later payments of agreements as the auditor predicts them, worked out by hand, and what it must object to."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ops.simulation.agreements import Agreement
from ops.simulation.auditor import Account, Auditor
from ops.simulation.treasury import Batch

JULY = date(2024, 7, 5)


def running(*, fen: int, frequency: str = "MONTHLY", renews: bool = False) -> tuple[Auditor, Account, Agreement]:
    """Applied for and first paid on 5 July 2024."""
    auditor = Auditor()
    account = auditor.open_account(number=1, on=JULY)
    assert auditor.collected_from(account=account, month=24294, fen=fen, bank="102", on=JULY) is None
    first = auditor.amount(account=account, frequency=frequency, on=JULY)
    case = auditor.applied(
        number="20240705C200000000001",
        account=account,
        fen=first,
        bank="102",
        on=JULY,
        frequency=frequency,
        renews=renews,
    )
    case.state, case.approved_on = "paying", JULY
    auditor.bank_moved(number=case.number, fen=first)
    auditor.seen(number=case.number, state="completed", on=JULY, quiet=True)
    (agreement,) = auditor.agreed.agreements
    return auditor, account, agreement


def paid(auditor: Auditor) -> list[tuple[date, int]]:
    return [(one.on, one.fen) for one in auditor.agreed.instalments.values()]


def days(auditor: Auditor, *, since: date, through: date) -> None:
    while since <= through:
        auditor.day_ended(on=since)
        since += timedelta(days=1)


def test_each_month_on_the_day_of_the_first_until_the_balance_is_gone() -> None:
    auditor, account, agreement = running(fen=550_000)
    days(auditor, since=JULY, through=date(2024, 11, 30))
    assert paid(auditor) == [(date(2024, 8, 5), 200_000), (date(2024, 9, 5), 150_000)]
    assert (account.balance, agreement.next_due, agreement.state) == (0, date(2024, 12, 5), "running")


def test_a_quarter_at_once_and_interest_before_it() -> None:
    auditor, account, _ = running(fen=10_000_000, frequency="QUARTERLY")
    days(auditor, since=JULY, through=date(2025, 7, 5))
    assert [on for on, _ in paid(auditor)] == [date(2024, 10, 5), date(2025, 1, 5), date(2025, 4, 5)]
    # 9 400 000 fen from 5 July, 600 000 less from each payment on: to the end of June 361, 269, 177 and 87 days
    product = 9_400_000 * 361 - 600_000 * (269 + 177 + 87)
    assert account.balance == 7_600_000 + (product * 15 + 180_000) // 360_000


@pytest.mark.parametrize(("renews", "last"), [(False, date(2025, 6, 5)), (True, date(2025, 8, 5))])
def test_after_a_year_only_with_consent(renews: bool, last: date) -> None:
    auditor, _, agreement = running(fen=10_000_000, renews=renews)
    days(auditor, since=JULY, through=date(2025, 8, 10))
    assert paid(auditor)[-1][0] == last
    assert agreement.state == ("running" if renews else "ended")
    assert auditor.agreed.binds(agreement.account) is renews


def test_a_frozen_account_waits_and_catches_up_one_a_day_and_a_home_ends_it() -> None:
    auditor, account, agreement = running(fen=10_000_000)
    account.state = "06"
    days(auditor, since=JULY, through=date(2024, 9, 10))
    assert paid(auditor) == []
    account.state = "01"
    days(auditor, since=date(2024, 9, 11), through=date(2024, 9, 20))
    assert [on for on, _ in paid(auditor)] == [date(2024, 9, 11), date(2024, 9, 12)]
    account.home_owned = True
    days(auditor, since=date(2024, 9, 21), through=date(2024, 10, 5))
    assert agreement.state == "ended" and len(paid(auditor)) == 2


def shown(auditor: Auditor, state: str, *, fen: int = 200_000) -> str | None:
    (place,) = auditor.agreed.instalments
    return auditor.agreed.seen(
        shown={place: (fen, state)}, treasury=auditor.treasury, on=date(2024, 8, 7), quiet=state == "approved"
    )


def test_it_is_paid_when_the_bank_says_so_and_comes_back_when_it_refuses() -> None:
    auditor, account, agreement = running(fen=1_000_000)
    assert auditor.agreed.seen(shown={(1, 24295): (1, "paid")}, treasury=auditor.treasury, on=JULY, quiet=False)
    days(auditor, since=JULY, through=date(2024, 8, 6))
    items = {1: (1, 24295, 200_000)}
    wrong = {1: (1, 24295, 200_001)}, {1: (1, 24296, 200_000)}
    assert all(auditor.agreed.batch_prepared(serial="B1", items=one) is not None for one in wrong)
    assert auditor.agreed.batch_prepared(serial="B1", items=items) is None
    assert "in two batches" in str(auditor.agreed.batch_prepared(serial="B2", items=items))
    batch = auditor.treasury.batches["B1"] = Batch(name="batch 1", fen={1: 200_000})
    assert "the bank says nothing" in str(shown(auditor, "paid"))
    assert "the bank says nothing" in str(shown(auditor, "approved")), "nothing is left open when it is quiet"
    assert "expected 200000" in str(shown(auditor, "posted", fen=200_001))
    batch.codes, batch.over = {1: "10003"}, True
    assert "the bank says 10003" in str(shown(auditor, "paid"))
    assert shown(auditor, "ended") is None
    assert (account.balance, agreement.state, auditor.agreed.paid(bank="102")) == (800_000, "paused", 0)


def test_what_left_the_bank_is_counted_once() -> None:
    auditor, _, _ = running(fen=1_000_000)
    days(auditor, since=JULY, through=date(2024, 8, 6))
    assert auditor.agreed.batch_prepared(serial="B1", items={1: (1, 24295, 200_000)}) is None
    auditor.treasury.batches["B1"] = Batch(name="batch 1", fen={1: 200_000}, codes={1: "00000"}, over=True)
    assert [shown(auditor, "paid") for _ in range(2)] == [None, None]
    auditor.check_bank_subject(booked={"102": 600_000})
