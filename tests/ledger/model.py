"""The auditor's model: what the ledger promises, told again in plain Python and without a database.

It keeps whole accounts in memory, answers each movement with what the ledger must answer (a value or the code of a
refusal) and keeps the books that must stand afterwards. It shares no code with `domain.ledger`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

MOVABLE_STATES = {"01", "02"}
PERSONAL_SUBJECT = "201"

NOT_OPEN = "ledger.account_not_open"
KEY_CONFLICT = "ledger.key_conflict"
INSUFFICIENT = "ledger.insufficient_balance"
HOLD_ENDED = "ledger.hold_ended"


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
class ModelHold:
    key: str
    hold_id: int
    fen: int
    state: str = "placed"


@dataclass
class ModelAccount:
    """One personal account. `carried_over` and `current_year` make the balance, open holds make what is held."""

    state: str = "01"
    carried_over: int = 0
    current_year: int = 0
    holds: dict[str, ModelHold] = field(default_factory=dict)
    vouchers: dict[str, tuple[int, object]] = field(default_factory=dict)
    postings: list[ModelPosting] = field(default_factory=list)

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

    def place_hold(self, *, key: str, hold_id: int, fen: int) -> bool | str:
        earlier = self.holds.get(key)
        if earlier is not None:
            return False if earlier.fen == fen else KEY_CONFLICT
        if self.state not in MOVABLE_STATES:
            return NOT_OPEN
        if fen > self.balance - self.held:
            return INSUFFICIENT
        self.holds[key] = ModelHold(key=key, hold_id=hold_id, fen=fen)
        return True

    def void_hold(self, *, hold_id: int) -> bool | str:
        hold = self.hold_of(hold_id)
        if hold is None or hold.state == "posted":
            return HOLD_ENDED
        if hold.state == "voided":
            return False
        hold.state = "voided"
        return True

    def post(
        self, *, key: str, voucher_id: int, kind: str, lines: list[ModelLine], effective_on: date, hold_id: int | None
    ) -> int | str:
        given = (kind, tuple(lines), effective_on, hold_id)
        if key in self.vouchers:
            earlier_id, earlier = self.vouchers[key]
            return earlier_id if earlier == given else KEY_CONFLICT
        if hold_id is None and self.state not in MOVABLE_STATES:
            return NOT_OPEN
        out = sum(line.fen for line in lines if line.subject == PERSONAL_SUBJECT and line.side == "D")
        hold = None if hold_id is None else self.hold_of(hold_id)
        if hold_id is not None:
            if hold is None or hold.state != "placed":
                return HOLD_ENDED
            if hold.fen != out:
                return INSUFFICIENT
        set_free = hold.fen if hold else 0
        if out > self.balance - self.held + set_free:
            return INSUFFICIENT
        if hold:
            hold.state = "posted"
        self.vouchers[key] = (voucher_id, given)
        for line_no, line in enumerate(lines, start=1):
            self._book(voucher_id, line_no, line)
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

    def turn_year(self) -> None:
        """结转: what the year brought is carried over."""
        self.carried_over, self.current_year = self.balance, 0
