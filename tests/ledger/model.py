"""The auditor's model: what the ledger promises, told again in plain Python and without a database.

It keeps whole accounts in memory, answers each movement with what the ledger must answer (a value or the code of a
refusal) and keeps the books that must stand afterwards. It shares no code with `domain.ledger`; interest is counted
day by day, as the rule says it, and not by the ledger's offset.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple, TypeVar

MOVABLE_STATES = {"01", "02"}
PERSONAL_SUBJECT = "201"
INTEREST_PAYABLE = "211"

NOT_OPEN = "ledger.account_not_open"
KEY_CONFLICT = "ledger.key_conflict"
INSUFFICIENT = "ledger.insufficient_balance"
HOLD_ENDED = "ledger.hold_ended"
REVERSAL_OF_REVERSAL = "ledger.reversal_of_reversal"

T = TypeVar("T", bool, int)


class ModelLine(NamedTuple):
    """A line as the voucher orders it; amounts in fen."""

    subject: str
    side: str
    fen: int


class ModelPosting(NamedTuple):
    """A line as the books keep it. The last five are None or 0 off the personal subject."""

    voucher_id: int
    line_no: int
    subject: str
    side: str
    fen: int
    sequence: int | None
    before: int | None
    after: int | None
    carried_over: int
    current_year: int


class Totals(NamedTuple):
    """The columns of `account_balance`, in fen."""

    balance: int
    held: int
    carried_over: int
    current_year: int
    posting_count: int


@dataclass
class Rates:
    """The deposit rate of every day, in ppm a year."""

    first: int = 15000
    changes: list[tuple[date, int]] = field(default_factory=list)

    def on(self, day: date) -> int:
        rate = self.first
        for since, changed in self.changes:
            if since <= day:
                rate = changed
        return rate


@dataclass
class ModelHold:
    key: str
    hold_id: int
    fen: int
    expires_on: date
    state: str = "placed"


@dataclass
class ModelAccount:
    """One personal account. `carried_over` and `current_year` make the balance, open holds make what is held."""

    rates: Rates
    opened_on: date
    state: str = "01"
    carried_over: int = 0
    current_year: int = 0
    holds: dict[str, ModelHold] = field(default_factory=dict)
    vouchers: dict[str, tuple[int, object]] = field(default_factory=dict)
    # what can be reversed: lines and the day they count from, by voucher
    booked: dict[int, tuple[list[ModelLine], date, bool]] = field(default_factory=dict)
    postings: list[ModelPosting] = field(default_factory=list)
    # what bears interest since the last settlement: (fen, first day that counts)
    bearing: list[tuple[int, date]] = field(default_factory=list)
    overtaken: int = 0
    settled: date = date(1, 1, 1)

    def __post_init__(self) -> None:
        self.settled = _settlement_before(self.opened_on)

    @property
    def balance(self) -> int:
        return self.carried_over + self.current_year

    @property
    def held(self) -> int:
        return sum(hold.fen for hold in self.holds.values() if hold.state == "placed")

    @property
    def totals(self) -> Totals:
        moved = sum(posting.sequence is not None for posting in self.postings)
        return Totals(self.balance, self.held, self.carried_over, self.current_year, moved)

    def hold_of(self, hold_id: int) -> ModelHold | None:
        return next((hold for hold in self.holds.values() if hold.hold_id == hold_id), None)

    def place_hold(self, *, key: str, hold_id: int, fen: int, day: date, expires_on: date) -> bool | str:
        return self._whole(lambda: self._place_hold(key, hold_id, fen, day, expires_on))

    def _place_hold(self, key: str, hold_id: int, fen: int, day: date, expires_on: date) -> bool | str:
        earlier = self.holds.get(key)
        if earlier is not None:
            return False if earlier.fen == fen else KEY_CONFLICT
        if self.state not in MOVABLE_STATES:
            return NOT_OPEN
        self.settle(day)
        if fen > self.balance - self.held:
            return INSUFFICIENT
        self.holds[key] = ModelHold(key=key, hold_id=hold_id, fen=fen, expires_on=expires_on)
        return True

    def end_hold(self, *, hold_id: int, end: str, day: date) -> bool | str:
        hold = self.hold_of(hold_id)
        if hold is not None and hold.state == end:
            return False
        if hold is None or hold.state != "placed" or (end == "expired" and day <= hold.expires_on):
            return HOLD_ENDED
        hold.state = end
        return True

    def post(
        self,
        *,
        key: str,
        voucher_id: int,
        kind: str,
        lines: list[ModelLine],
        effective_on: date,
        day: date,
        hold_id: int | None,
    ) -> int | str:
        given = (kind, tuple(lines), effective_on, hold_id)
        return self._whole(lambda: self._post(key, voucher_id, lines, effective_on, day, hold_id, given))

    def reverse(self, *, voucher_id: int, reversal_id: int, reason: str, day: date) -> int | str:
        key = f"reversal:{voucher_id}"
        if key in self.vouchers:
            earlier_id, earlier = self.vouchers[key]
            return earlier_id if earlier == reason else KEY_CONFLICT
        lines, effective_on, is_reversal = self.booked[voucher_id]
        if is_reversal:
            return REVERSAL_OF_REVERSAL
        back = [line._replace(side="C" if line.side == "D" else "D") for line in lines]
        return self._whole(lambda: self._post(key, reversal_id, back, effective_on, day, None, reason, reversal=True))

    def settle(self, day: date) -> None:
        """结息: for every 30 June before the day, the daily product at the daily rate, a year of 360 days."""
        while (end := date(self.settled.year + 1, 6, 30)) < day:
            product = sum(fen * self._rate_days(since, end) for fen, since in self.bearing) - self.overtaken
            interest = max(0, (product + 180_000_000) // 360_000_000)
            if interest:
                voucher_id = end.year * 1_000_000 + 63009
                lines = [ModelLine(INTEREST_PAYABLE, "D", interest), ModelLine(PERSONAL_SUBJECT, "C", interest)]
                for line_no, line in enumerate(lines, start=1):
                    self._book(voucher_id, line_no, line)
                self.booked[voucher_id] = (lines, end + timedelta(days=1), False)
            self.overtaken = max(0, -product)
            self.carried_over, self.current_year = self.balance, 0
            self.bearing = [(self.balance, end + timedelta(days=1))]
            self.settled = end

    def _rate_days(self, since: date, end: date) -> int:
        return sum(self.rates.on(since + timedelta(days=n)) for n in range((end - since).days + 1))

    def _whole(self, movement: Callable[[], T | str]) -> T | str:
        """A refused movement leaves everything as it was, the interest that was settled before it too."""
        before = copy.deepcopy({name: value for name, value in self.__dict__.items() if name != "rates"})
        answer = movement()
        if isinstance(answer, str):
            self.__dict__.update(before)
        return answer

    def _post(
        self,
        key: str,
        voucher_id: int,
        lines: list[ModelLine],
        effective_on: date,
        day: date,
        hold_id: int | None,
        given: object,
        *,
        reversal: bool = False,
    ) -> int | str:
        if key in self.vouchers:
            earlier_id, earlier = self.vouchers[key]
            return earlier_id if earlier == given else KEY_CONFLICT
        if hold_id is None and self.state not in MOVABLE_STATES:
            return NOT_OPEN
        self.settle(day)
        out = sum(line.fen for line in lines if line.subject == PERSONAL_SUBJECT and line.side == "D")
        hold = None if hold_id is None else self.hold_of(hold_id)
        if hold_id is not None:
            if hold is None or hold.state != "placed" or hold.expires_on < day:
                return HOLD_ENDED
            if hold.fen != out:
                return INSUFFICIENT
        set_free = hold.fen if hold else 0
        if out > self.balance - self.held + set_free:
            return INSUFFICIENT
        if hold:
            hold.state = "posted"
        self.vouchers[key] = (voucher_id, given)
        self.booked[voucher_id] = (lines, effective_on, reversal)
        for line_no, line in enumerate(lines, start=1):
            self._book(voucher_id, line_no, line)
            if line.subject == PERSONAL_SUBJECT:
                self.bearing.append((line.fen if line.side == "C" else -line.fen, effective_on))
        return voucher_id

    def _book(self, voucher_id: int, line_no: int, line: ModelLine) -> None:
        if line.subject != PERSONAL_SUBJECT:
            self.postings.append(ModelPosting(voucher_id, line_no, *line, None, None, None, 0, 0))
            return
        before = self.balance
        sequence = self.totals.posting_count + 1
        # What was carried over into the year leaves first; what comes in belongs to the year.
        from_carried = min(line.fen, self.carried_over) if line.side == "D" else 0
        from_year = line.fen - from_carried
        self.carried_over -= from_carried
        self.current_year += from_year if line.side == "C" else -from_year
        self.postings.append(
            ModelPosting(voucher_id, line_no, *line, sequence, before, self.balance, from_carried, from_year)
        )


def _settlement_before(day: date) -> date:
    this_year = date(day.year, 6, 30)
    return this_year if day > this_year else date(day.year - 1, 6, 30)
