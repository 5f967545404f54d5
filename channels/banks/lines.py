"""The lines of the simulated banks' accounts: every movement with its serial number, in the order it was booked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from domain.kernel.dates import SHANGHAI
from domain.kernel.money import Money

Account = tuple[str, str]
"""A bank's code and the number of an account there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLine:
    """`amount` is negative for money out. `remark` (备注) names our serial number on lines of our orders."""

    host_serial_no: str
    booked_at: datetime
    amount: Money
    counterparty_account: str = ""
    counterparty_name: str = ""
    counterparty_bank_no: str = ""
    remark: str = ""
    summary: str = ""
    reversal: bool = False

    @property
    def day(self) -> date:
        return self.booked_at.astimezone(SHANGHAI).date()


@dataclass(slots=True)
class AccountLines:
    """`openings` are the balances before the first line."""

    openings: dict[Account, Money]
    _lines: dict[Account, list[AccountLine]] = field(default_factory=dict)

    def __contains__(self, account: Account) -> bool:
        return account in self.openings

    def open(self, account: Account) -> None:
        """A new account with nothing in it; one that is there stays as it is."""
        self.openings.setdefault(account, Money.zero())

    def post(self, account: Account, line: AccountLine) -> None:
        """KeyError for an account of nobody."""
        assert line.amount, "a line moves money"
        _ = self.openings[account]
        self._lines.setdefault(account, []).append(line)

    def balance(self, account: Account) -> Money:
        """KeyError for an account of nobody."""
        opening = self.openings[account]
        return opening + Money(sum(line.amount.fen for line in self._lines.get(account, [])))

    def of_day(self, account: Account, day: date) -> tuple[Money, list[AccountLine]]:
        """The balance before the day, and the day's lines."""
        lines = self._lines.get(account, [])
        before = Money(sum(line.amount.fen for line in lines if line.day < day))
        return self.openings[account] + before, [line for line in lines if line.day == day]

    def find(self, account: Account, host_serial_no: str) -> AccountLine | None:
        return next((line for line in self._lines.get(account, []) if line.host_serial_no == host_serial_no), None)
