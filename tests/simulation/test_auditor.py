"""The auditor by itself: figures worked out by hand, and what it must object to."""

from __future__ import annotations

from datetime import date

import pytest

from ops.simulation.auditor import Account, Auditor, Case, Difference, Remittance, settlement_before

JULY = date(2024, 7, 1)


def account(*, fen: int = 0, since: date = JULY, number: int = 1) -> tuple[Auditor, Account]:
    auditor = Auditor()
    one = auditor.open_account(number=number, on=since)
    if fen:
        assert auditor.collected_from(account=one, month=24293, fen=fen, bank="102", on=since) is None
    return auditor, one


def applied(auditor: Auditor, one: Account, *, fen: int = 200_000) -> Case:
    return auditor.applied(number="20240701C200000000001", account=one, fen=fen, bank="102", on=JULY)


@pytest.mark.parametrize(
    ("day", "before"),
    [
        (date(2024, 6, 30), date(2023, 6, 30)),
        (date(2024, 7, 1), date(2024, 6, 30)),
        (date(2024, 12, 31), date(2024, 6, 30)),
        (date(2025, 1, 1), date(2024, 6, 30)),
    ],
)
def test_the_last_settlement_before_a_day(day: date, before: date) -> None:
    assert settlement_before(day) == before


@pytest.mark.parametrize(
    ("fen", "since", "until", "interest"),
    [
        (1_000_000, date(2024, 7, 1), date(2025, 7, 1), 15_208),  # 10 000.00 for 365 days
        (1_000_000, date(2023, 7, 1), date(2024, 7, 1), 15_250),  # 366 days
        (1_000_000, date(2025, 6, 30), date(2025, 7, 1), 42),  # one day: 41.67 fen
        (1, date(2024, 7, 1), date(2025, 7, 1), 0),  # 0.015 fen
        (1_000_000, date(2024, 7, 1), date(2025, 6, 30), 0),  # not yet due
    ],
)
def test_interest_on_actual_days_of_360(fen: int, since: date, until: date, interest: int) -> None:
    _, one = account(fen=fen, since=since)
    one.settle(today=until)
    assert one.balance == fen + interest


def test_two_years_nobody_touched_compound() -> None:
    _, one = account(fen=1_000_000)
    one.settle(today=date(2026, 7, 1))
    # 1 015 208 fen for 365 days at 1.5 % / 360
    assert one.balance == 1_015_208 + 15_440


def test_a_reversal_undoes_the_interest_of_the_same_year() -> None:
    auditor, one = account(fen=1_000_000)
    auditor.remittances[9] = Remittance(account=one, voucher=9, fen=1_000_000, counts_from=JULY, bank="102")
    assert auditor.reversed(voucher=9, reason="有误", on=date(2025, 3, 1)) is None
    one.settle(today=date(2025, 7, 1))
    assert (one.balance, auditor.collected["102"]) == (0, 0)
    assert auditor.reversed(voucher=9, reason="有误", on=date(2025, 3, 2)) is None, "the same again changes nothing"
    assert auditor.reversed(voucher=9, reason="重复", on=date(2025, 3, 2)) == "ledger.key_conflict"
    assert one.balance == 0


def test_a_reversal_that_the_balance_does_not_cover_is_refused() -> None:
    auditor, one = account(fen=300_000)
    auditor.remittances[9] = Remittance(account=one, voucher=9, fen=300_000, counts_from=JULY, bank="102")
    applied(auditor, one)
    assert auditor.reversed(voucher=9, reason="有误", on=JULY) == "ledger.insufficient_balance"
    assert one.balance == 300_000


def test_a_month_again_is_the_same_or_a_conflict() -> None:
    auditor, one = account(fen=100)
    assert auditor.collected_from(account=one, month=24293, fen=100, bank="102", on=JULY) is None
    assert auditor.collected_from(account=one, month=24293, fen=101, bank="102", on=JULY) == "ledger.key_conflict"
    assert one.balance == 100


def test_every_reason_against_an_application_is_named() -> None:
    auditor, one = account()
    one.state, one.home_owned, one.card_entrusted = "06", True, False
    assert auditor.may_apply(account=one, homes_answered=True) == {
        "withdrawal.account_frozen",
        "withdrawal.contribution_too_short",
        "withdrawal.home_owned",
        "withdrawal.card_bank_not_entrusted",
        "withdrawal.balance_insufficient",
    }
    assert "withdrawal.home_owned" not in auditor.may_apply(account=one, homes_answered=False)


def test_money_that_left_must_be_booked_and_only_then() -> None:
    auditor, one = account(fen=500_000)
    case = applied(auditor, one)
    case.state, case.approved_on = "paying", JULY
    with pytest.raises(Difference, match="expected paying; the bank knows no result"):
        auditor.seen(number=case.number, state="completed", on=JULY, quiet=False)
    with pytest.raises(Difference, match="never told to the bank"):
        auditor.seen(number=case.number, state="paying", on=JULY, quiet=True)
    auditor.bank_moved(number=case.number, fen=200_000)
    auditor.seen(number=case.number, state="paying", on=JULY, quiet=False)
    with pytest.raises(Difference, match="is paying, expected completed; the bank moved the money"):
        auditor.seen(number=case.number, state="paying", on=JULY, quiet=True)
    auditor.seen(number=case.number, state="completed", on=JULY, quiet=True)
    auditor.check_account(number=1, balance=300_000, held=0, on=JULY, where="test")
    auditor.check_bank_subject(booked={"102": 300_000})


@pytest.mark.parametrize("fen", [199_999, 200_001])
def test_the_bank_pays_once_what_was_approved(fen: int) -> None:
    auditor, one = account(fen=500_000)
    case = applied(auditor, one)
    with pytest.raises(Difference, match="which nobody approved"):
        auditor.bank_moved(number=case.number, fen=200_000)
    case.approved_on = JULY
    with pytest.raises(Difference, match=f"paid {fen} fen"):
        auditor.bank_moved(number=case.number, fen=fen)
    auditor.bank_moved(number=case.number, fen=200_000)
    with pytest.raises(Difference, match="twice"):
        auditor.bank_moved(number=case.number, fen=200_000)


def test_one_fen_is_a_difference() -> None:
    auditor, one = account(fen=500_000)
    applied(auditor, one)
    auditor.check_account(number=1, balance=500_000, held=200_000, on=JULY, where="test")
    for balance, held in ((500_001, 200_000), (499_999, 200_000), (500_000, 199_999)):
        with pytest.raises(Difference, match="expected"):
            auditor.check_account(number=1, balance=balance, held=held, on=JULY, where="test")
    with pytest.raises(Difference, match="bank 102"):
        auditor.check_bank_subject(booked={"102": 500_001})
    with pytest.raises(Difference, match="suspense"):
        auditor.check_suspense(fen=1)


def test_interest_may_be_booked_before_anybody_touches_the_account() -> None:
    auditor, one = account(fen=1_000_000)
    today = date(2025, 7, 1)
    auditor.check_account(number=1, balance=1_000_000, held=0, on=today, where="test")
    auditor.check_account(number=1, balance=1_015_208, held=0, on=today, where="test")
    with pytest.raises(Difference, match="expected 1015208"):
        auditor.check_account(number=1, balance=1_000_000, held=0, on=today, where="test")
    assert one.settled == date(2025, 6, 30)


def test_a_text_is_sent_once_and_for_what_happened() -> None:
    auditor, one = account(fen=500_000)
    case = applied(auditor, one)
    auditor.text_taken(number=case.number, text="您的申请已受理")
    with pytest.raises(Difference, match="was sent 2 times"):
        auditor.text_taken(number=case.number, text="您的申请已受理")
    with pytest.raises(Difference, match="which is pending_preliminary"):
        auditor.text_taken(number=case.number, text="提取款已于7月2日转入")
    with pytest.raises(Difference, match="nobody applied for"):
        auditor.text_taken(number="20240701C200000000002", text="您的申请已受理")


def test_supervisors_may_sign_what_is_late_until_the_next_review_begins() -> None:
    auditor, one = account(fen=500_000)
    case = applied(auditor, one)
    late = [auditor.may_be_late(case=case, on=date(2024, 7, day)) for day in (1, 2, 3)]
    assert late == [False, False, True]
    case.escalated = True
    auditor.decided(case=case, login="li.min", decision="APPROVE", on=date(2024, 7, 3))
    assert (case.escalated, auditor.may_be_late(case=case, on=date(2024, 7, 4))) == (False, False)
