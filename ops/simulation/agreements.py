"""What the auditor knows of agreed withdrawals (约定提取) after their first payment: when the next falls due, how much
it is, when it ends. Like the auditor it shares no code with the house."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Literal

from ops.simulation.treasury import DONE, Treasury

if TYPE_CHECKING:
    from ops.simulation.auditor import Account, Case

MONTHLY_LIMITS = ((date(2018, 7, 1), 150_000), (date(2023, 7, 1), 200_000))
MONTHS_OF = {"MONTHLY": 1, "QUARTERLY": 3}
DAY_MAX = 28
TERM_MONTHS = 12
"""京房公积金 on rent withdrawals: an agreement is good for a year."""


def month_of(day: date) -> int:
    """A month is year · 12 + month."""
    return day.year * 12 + day.month - 1


def most_of(*, frequency: str, on: date) -> int:
    """What one payment is at most, in fen."""
    limit = next(fen for since, fen in MONTHLY_LIMITS[::-1] if since <= on)
    return limit * MONTHS_OF[frequency]


def due_in(month: int, *, day: int) -> date:
    return date(month // 12, month % 12 + 1, min(day, DAY_MAX))


@dataclass(kw_only=True)
class Agreement:
    """`fen` at most a payment of `months`; `until` the last month it reaches without being renewed."""

    name: str
    account: Account
    bank: str
    months: int
    fen: int
    next_due: date
    until: int
    renews: bool
    state: Literal["running", "paused", "ended"] = "running"


@dataclass(kw_only=True)
class Instalment:
    """A later payment; `told` is the batch's serial number and the item that the bank knows it by."""

    name: str
    agreement: Agreement
    fen: int
    on: date
    told: tuple[str, int] | None = None
    state: Literal["posted", "paid", "returned"] = "posted"


def begun(case: Case) -> Agreement:
    """The first payment is made: the next is due on the same day of the month, the 28th at the latest."""
    assert case.approved_on is not None
    first = month_of(case.applied_on)
    return Agreement(
        name=f"agreement of {case.name}",
        account=case.account,
        bank=case.bank,
        months=case.months,
        fen=case.most,
        next_due=due_in(first + case.months, day=case.approved_on.day),
        until=first + TERM_MONTHS - 1,
        renews=case.renews,
    )


def falls_due(agreement: Agreement, *, available: int, on: date) -> bool:
    """What the day-end of a date does with an agreement that is due: moves it on, ends it or lets it wait. Returns
    whether it is paid."""
    account, month = agreement.account, month_of(agreement.next_due)
    if agreement.state != "running" or agreement.next_due > on:
        return False
    over = month > agreement.until
    if account.home_owned or (over and not agreement.renews and account.state != "06"):
        agreement.state = "ended"
        return False
    if account.state == "06":
        return False
    agreement.next_due = due_in(month + agreement.months, day=agreement.next_due.day)
    if over:
        agreement.until = month + TERM_MONTHS - 1
    return available > 0


@dataclass(kw_only=True)
class Agreements:
    """All of them, and their later payments by account and month. What looks for faults returns what is wrong."""

    agreements: list[Agreement] = field(default_factory=list)
    instalments: dict[tuple[int, int], Instalment] = field(default_factory=dict)

    def binds(self, account: Account) -> bool:
        """Whether the account has one that has not ended."""
        return any(one.account is account and one.state != "ended" for one in self.agreements)

    def paid(self, *, bank: str) -> int:
        """What has left the bank, in fen."""
        return sum(one.fen for one in self.instalments.values() if one.agreement.bank == bank and one.state == "paid")

    def day_ended(self, *, on: date, held: Callable[[Account], int]) -> None:
        for agreement in self.agreements:
            account, month = agreement.account, month_of(agreement.next_due)
            if not falls_due(agreement, available=account.balance - held(account), on=on):
                continue
            account.settle(today=on)
            fen = min(agreement.fen, account.balance - held(account))
            account.move(fen=-fen, counts_from=on)
            name = f"instalment {len(self.instalments) + 1}"
            self.instalments[account.number, month] = Instalment(name=name, agreement=agreement, fen=fen, on=on)

    def batch_prepared(self, *, serial: str, items: dict[int, tuple[int, int, int]]) -> str | None:
        """The house put instalments into a bank's batch: by item the account, the month and the amount."""
        for number, (account_no, month, fen) in items.items():
            one = self.instalments.get((account_no, month))
            if one is None:
                return f"a batch pays {fen} fen that no agreement has due"
            if one.told is not None:
                return f"{one.name} is in two batches"
            if fen != one.fen:
                return f"a batch pays {fen} fen for {one.name} of {one.fen} fen"
            one.told = (serial, number)
        return None

    def seen(
        self, *, shown: dict[tuple[int, int], tuple[int, str]], treasury: Treasury, on: date, quiet: bool
    ) -> str | None:
        """Later payments as the house shows them: by account and month the amount and the state."""
        if set(shown) != set(self.instalments):
            return f"{len(shown)} instalments, expected {len(self.instalments)}"
        for place, (fen, state) in shown.items():
            one = self.instalments[place]
            if fen != one.fen:
                return f"{one.name} is {fen} fen, expected {one.fen}"
            now = _STATES.get(state)
            if now == one.state and not (quiet and now == "posted"):
                continue
            code = treasury.code(*one.told) if one.told is not None else None
            expected = "posted" if code is None else "paid" if code == DONE else "returned"
            if now != expected or now == "posted":
                return f"{one.name} is {state}; the bank says {code or 'nothing'}"
            if now == "returned":
                one.agreement.account.settle(today=on)
                one.agreement.account.move(fen=one.fen, counts_from=one.on)
                one.agreement.state = "paused"
            one.state = now
        return None


_STATES: dict[str, Literal["posted", "paid", "returned"]] = {
    "approved": "posted",
    "paid": "paid",
    "ended": "returned",
}
