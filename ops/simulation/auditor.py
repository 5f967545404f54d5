"""The auditor: what the house owes everybody, told in plain Python. It shares no code with the house and never sees its
tables; it hears commands, their answers, and the banks' and carriers' own books.

Amounts are whole fen. What it cannot know (whether the worker has come to a payment yet, whether a year's interest is
booked before somebody touches the account) it allows both ways; everything else is one figure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from ops.simulation.agreements import MONTHS_OF, Agreements, begun, most_of
from ops.simulation.treasury import Treasury

RATE_PPM = 15_000
"""银发〔2016〕43号: 1.50 % a year on all personal deposits since 2016-02-21."""
PPM_DAYS = 360_000_000
"""银发〔2005〕129号: the daily rate is the annual rate / 360; a rate is in millionths."""
MONTHS_MIN = 3
HOLD_DAYS = 30
EVALUATION_DAYS = 30
NORMAL, MOVABLE = "01", frozenset({"01", "02"})

REVIEW_DAYS = 1  # no review is given less before supervisors may sign too
OPEN_STATES = frozenset({"pending_preliminary", "pending_final", "pending_payment", "paying"})
TEXT_OF = {
    "submitted": "已受理",
    "cancelled": "已按您的要求撤销",
    "refused": "未通过审核",
    "paid": "已于",
    "failed": "未能转入",
    "invited": "请评价本次服务",
}


class Difference(Exception):
    """The house and the auditor disagree; the message says where, by ordinal names."""


def settlement_before(day: date) -> date:
    """The last 30 June before a day."""
    return date(day.year if day > date(day.year, 6, 30) else day.year - 1, 6, 30)


@dataclass(kw_only=True)
class Account:
    """A personal account: its movements of the running interest year, each with the day from which it counts."""

    number: int
    settled: date
    state: str = NORMAL
    home_owned: bool = False
    card_entrusted: bool = True
    balance: int = 0
    debt: int = 0
    counting: list[tuple[int, date]] = field(default_factory=list)
    months: dict[int, tuple[int, str, date]] = field(default_factory=dict)
    entries: int = 0

    def move(self, *, fen: int, counts_from: date) -> None:
        self.balance += fen
        self.counting.append((fen, counts_from))
        self.entries += 1

    def settle(self, *, today: date) -> None:
        """Interest of every 30 June before today, on its actual days, rounded half up once."""
        while self.settled < settlement_before(today):
            through = date(self.settled.year + 1, 6, 30)
            first = through + timedelta(days=1)
            product = self.debt + sum(fen * RATE_PPM * (first - since).days for fen, since in self.counting)
            interest = max((product + PPM_DAYS // 2) // PPM_DAYS, 0)
            if interest:
                self.balance += interest
                self.entries += 1
            self.debt, self.counting, self.settled = min(product, 0), [(self.balance, first)], through

    def copy(self) -> Account:
        return Account(**{**vars(self), "counting": list(self.counting), "months": dict(self.months)})

    @property
    def months_in_a_row(self) -> int:
        """Months without a gap up to the last one; a month is year · 12 + month."""
        last = max(self.months, default=0)
        count = 0
        while last - count in self.months:
            count += 1
        return count


@dataclass(kw_only=True)
class Case:
    """An application. `most` fen for `months` is what its later payments are at most, `renews` the consent to go on."""

    name: str
    number: str
    account: Account
    fen: int
    bank: str
    state: str
    applied_on: date
    months: int = 1
    most: int = 0
    renews: bool = False
    since: date
    escalated: bool = False
    approved_first_by: str | None = None
    approved_on: date | None = None
    ended_on: date | None = None
    claimed: tuple[str, object] | None = None
    grade: int | None = None
    told_grade: int | None = None
    texts: dict[str, int] = field(default_factory=dict)


@dataclass(kw_only=True)
class Remittance:
    account: Account
    voucher: int
    fen: int
    counts_from: date
    bank: str
    reversed_because: str | None = None


@dataclass(kw_only=True)
class Auditor:
    """All accounts and cases, and what the partners' own books say."""

    accounts: dict[int, Account] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    remittances: dict[int, Remittance] = field(default_factory=dict)
    collected: dict[str, int] = field(default_factory=dict)
    received: dict[str, tuple[str, int]] = field(default_factory=dict)
    noticed: set[str] = field(default_factory=set)
    moved: dict[str, int] = field(default_factory=dict)
    refused_by_bank: set[str] = field(default_factory=set)
    agreed: Agreements = field(default_factory=Agreements)
    treasury: Treasury = field(default_factory=Treasury)

    # what people ask

    def open_account(self, *, number: int, on: date) -> Account:
        account = self.accounts[number] = Account(number=number, settled=settlement_before(on))
        return account

    def collected_from(self, *, account: Account, month: int, fen: int, bank: str, on: date) -> str | None:
        """A month's remittance; the code of the refusal that must come, None when it must be booked."""
        earlier = account.months.get(month)
        if earlier is not None:
            return None if earlier == (fen, bank, on) else "ledger.key_conflict"
        if account.state not in MOVABLE:
            return "ledger.account_not_open"
        account.settle(today=on)
        account.move(fen=fen, counts_from=on)
        account.months[month] = (fen, bank, on)
        self.collected[bank] = self.collected.get(bank, 0) + fen
        return None

    def reversed(self, *, voucher: int, reason: str, on: date) -> str | None:
        """A reversal of a remittance; the code of the refusal that must come, or None."""
        one = self.remittances[voucher]
        if one.reversed_because is not None:
            return None if one.reversed_because == reason else "ledger.key_conflict"
        account = one.account
        if account.state not in MOVABLE:
            return "ledger.account_not_open"
        settled = account.copy()
        settled.settle(today=on)
        if settled.balance - self.held(account) < one.fen:
            return "ledger.insufficient_balance"
        account.settle(today=on)
        account.move(fen=-one.fen, counts_from=one.counts_from)
        one.reversed_because = reason
        self.collected[one.bank] -= one.fen
        return None

    def may_apply(self, *, account: Account, homes_answered: bool) -> set[str]:
        """Codes of all reasons that speak against an application now; none means it must be taken."""
        against = set()
        if account.state == "06":
            against.add("withdrawal.account_frozen")
        elif account.state == "02":
            against.add("withdrawal.account_sealed")
        if account.months_in_a_row < MONTHS_MIN:
            against.add("withdrawal.contribution_too_short")
        if account.home_owned and homes_answered:
            against.add("withdrawal.home_owned")
        if not account.card_entrusted:
            against.add("withdrawal.card_bank_not_entrusted")
        if account.balance - self.held(account) <= 0:
            against.add("withdrawal.balance_insufficient")
        mine = [case for case in self.cases.values() if case.account is account]
        if self.agreed.binds(account):
            against.add("withdrawal.arrangement_running")
        if any(case.state in OPEN_STATES for case in mine):
            against.add("case.blocked_by_running")
        return against

    def amount(self, *, account: Account, frequency: str, on: date) -> int:
        return min(most_of(frequency=frequency, on=on), account.balance - self.held(account))

    def applied(
        self,
        *,
        number: str,
        account: Account,
        fen: int,
        bank: str,
        on: date,
        frequency: str = "MONTHLY",
        renews: bool = False,
    ) -> Case:
        """The house answered a new case of this amount, already checked."""
        account.settle(today=on)
        case = Case(
            name=f"case {len(self.cases) + 1}",
            number=number,
            account=account,
            fen=fen,
            bank=bank,
            state="pending_preliminary",
            applied_on=on,
            since=on,
            months=MONTHS_OF[frequency],
            most=most_of(frequency=frequency, on=on),
            renews=renews,
        )
        self.cases[number] = case
        return case

    def may_decide(self, *, case: Case, login: str, roles: frozenset[str], decision: str, now: object) -> bool:
        """Whether nothing speaks against a reviewer's decision; `now` compares with the claim's end."""
        first = case.state == "pending_preliminary"
        if not first and case.state != "pending_final":
            return False
        if ("preliminary_reviewer" if first else "final_reviewer") not in roles or (first and decision == "RETURN"):
            return False
        if not first and case.approved_first_by == login:
            return False
        mine = case.claimed is not None and case.claimed[0] == login and now < case.claimed[1]  # type: ignore[operator]
        return mine and (first or decision != "APPROVE" or case.account.state == NORMAL)

    def may_be_late(self, *, case: Case, on: date) -> bool:
        """Whether supervisors may sign too: over its working days, once a sweep has seen it, which nobody knows."""
        return (on - case.since).days > REVIEW_DAYS

    def decided(self, *, case: Case, login: str, decision: str, on: date) -> None:
        case.claimed, case.since, case.escalated = None, on, False
        if decision == "REFUSE":
            case.state, case.ended_on = "refused", on
        elif decision == "RETURN":
            case.state = "pending_preliminary"
        elif case.state == "pending_preliminary":
            case.state, case.approved_first_by = "pending_final", login
        else:
            case.state, case.approved_on = "pending_payment", on

    def cancelled(self, *, case: Case) -> None:
        case.state = "cancelled"

    def evaluated(self, *, case: Case, grade: int, on: date) -> set[frozenset[str]]:
        """The codes of the reasons against an evaluation, in each way that may be right; none means it counts."""
        given = frozenset({"evaluation.given_already"} if case.grade is not None else ())
        if case.ended_on is None:
            return {given | {"evaluation.not_open"}}
        # to the day; on the last one the hour of the end decides, which nobody outside sees
        late = (on - case.ended_on).days - EVALUATION_DAYS
        allowed = {given} if late < 0 else {given | {"evaluation.closed"}} if late > 0 else set()
        return allowed or {given, given | {"evaluation.closed"}}

    def day_ended(self, *, on: date) -> None:
        """The day-end of a date, in its order: what is agreed is paid, then on 30 June interest is settled."""
        self.agreed.day_ended(on=on, held=self.held)
        if (on.month, on.day) == (6, 30):
            for account in self.accounts.values():
                account.settle(today=on + timedelta(days=1))

    # what partners keep in their own books

    def bank_moved(self, *, number: str, fen: int) -> None:
        """The bank's book: money left for a case."""
        case = self._known(number, "the bank paid")
        if number in self.moved:
            raise Difference(f"the bank paid {case.name} twice")
        if case.approved_on is None:
            raise Difference(f"the bank paid {case.name}, which nobody approved ({case.state})")
        if fen != case.fen:
            raise Difference(f"the bank paid {fen} fen for {case.name} of {case.fen} fen")
        self.moved[number] = fen

    def bank_refused(self, *, number: str) -> None:
        self.refused_by_bank.add(self._known(number, "the bank refused").number)

    def text_taken(self, *, number: str, text: str) -> None:
        """A carrier's book: an SMS that it took and sends."""
        case = self._known(number, "an SMS names")
        kind = next((kind for kind, words in TEXT_OF.items() if words in text), "unknown")
        case.texts[kind] = case.texts.get(kind, 0) + 1
        allowed = {
            "submitted": True,
            "cancelled": case.state == "cancelled",
            "refused": case.state == "refused",
            "paid": case.state == "completed",
            "failed": case.state == "payment_failed",
            "invited": case.state in ("refused", "completed", "payment_failed"),
        }.get(kind, False)
        if not allowed:
            raise Difference(f"SMS '{kind}' about {case.name}, which is {case.state}: {text}")
        if case.texts[kind] > 1:
            raise Difference(f"SMS '{kind}' about {case.name} was sent {case.texts[kind]} times")

    def grade_told(self, *, number: str, grade: int) -> None:
        """The city's book: an evaluation of a case."""
        case = self._known(number, "an evaluation names")
        if case.told_grade is not None:
            raise Difference(f"the evaluation of {case.name} was told twice")
        if grade != case.grade:
            raise Difference(f"the city was told grade {grade} of {case.name}, given was {case.grade}")
        case.told_grade = grade

    def check_grades(self) -> None:
        """When it is quiet the city knows every evaluation."""
        for case in self.cases.values():
            if case.grade != case.told_grade:
                raise Difference(f"the city was never told of grade {case.grade} of {case.name}")

    def _known(self, number: str, what: str) -> Case:
        if number not in self.cases:
            raise Difference(f"{what} a case that nobody applied for: {number}")
        return self.cases[number]

    # what the house shows

    def seen(self, *, number: str, state: str, on: date, quiet: bool) -> None:
        """The case's state as the house shows it. While a payment runs the worker may have come this far or not;
        when it is `quiet` everything that the bank has ended is ended here too."""
        case = self.cases[number]
        if state == case.state and not (quiet and case.state in ("pending_payment", "paying")):
            return
        moved, refused = number in self.moved, number in self.refused_by_bank
        allowed = {case.state}
        if quiet and not (moved or refused) and case.approved_on is not None:
            raise Difference(f"{case.name} is {state} and its payment was never told to the bank")
        if case.approved_on is not None and case.state in ("pending_payment", "paying"):
            allowed = {"completed"} if moved else {"payment_failed"} if refused else {"pending_payment", "paying"}
            if not quiet and (moved or refused):
                allowed.add("paying")
            if case.state == "paying":
                allowed.discard("pending_payment")
        if state not in allowed:
            told = "moved the money" if moved else "refused" if refused else "knows no result"
            raise Difference(f"{case.name} is {state}, expected {' or '.join(sorted(allowed))}; the bank {told}")
        if state == "completed" and case.state != "completed":
            assert case.approved_on is not None
            case.account.settle(today=on)
            case.account.move(fen=-case.fen, counts_from=case.approved_on)
            self.agreed.agreements.append(begun(case))
        if state in ("completed", "payment_failed") and case.state != state:
            case.ended_on = on
        case.state = state

    def check_account(self, *, number: int, balance: int, held: int, on: date, where: str) -> None:
        """Balance and held amount as the house shows them, with this year's interest booked already or not yet."""
        account = self.accounts[number]
        due = account.copy()
        due.settle(today=on)
        if balance != account.balance and balance == due.balance:
            account.settle(today=on)
        name = f"account …{number % 1000:03d}"
        if balance != account.balance:
            also = f" or {due.balance}" if due.balance != account.balance else ""
            raise Difference(f"{where}: {name} has {balance} fen, expected {account.balance}{also}")
        if held != self.held(account):
            raise Difference(f"{where}: {name} holds {held} fen, expected {self.held(account)}")
        if held > balance:
            raise Difference(f"{where}: {name} holds {held} of {balance} fen")

    def check_bank_subject(self, *, booked: dict[str, int]) -> None:
        """Bank deposits of the general ledger, by bank."""
        deposited = self.treasury.deposited()
        for bank in sorted({*booked, *self.collected, *deposited}):
            paid = sum(case.fen for case in self.cases.values() if case.bank == bank and case.state == "completed")
            paid += self.agreed.paid(bank=bank)
            told = sum(fen for serial, (at, fen) in self.received.items() if at == bank and serial in self.noticed)
            expected = self.collected.get(bank, 0) + told - paid + self.treasury.demand(bank) + deposited.get(bank, 0)
            if booked.get(bank, 0) != expected:
                raise Difference(f"bank {bank}: the books say {booked.get(bank, 0)} fen, expected {expected}")

    def check_suspense(self, *, fen: int) -> None:
        """What came in without anybody expecting it, kept in suspense until it is claimed."""
        expected = sum(fen for serial, (_, fen) in self.received.items() if serial in self.noticed)
        expected -= self.treasury.out_of_suspense()
        if fen != expected:
            raise Difference(f"suspense is {fen} fen, expected {expected}")

    def held(self, account: Account) -> int:
        return sum(c.fen for c in self.cases.values() if c.account is account and c.state in OPEN_STATES)
