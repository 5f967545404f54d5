"""How an employer stands: its state, its months, its rates and terms; read once for every action and rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.contributions.refusals import (
    EMPLOYER_CLOSED,
    EMPLOYER_NOT_FOUND,
    EMPLOYER_NOT_READY,
    EMPLOYER_OFFICE,
    EMPLOYER_OTHER,
    EMPLOYER_SEALED,
)
from domain.contributions.rules.months import months_from, next_month
from domain.contributions.rules.terms import Term
from domain.kernel import database
from domain.kernel.actor import Actor, Role
from domain.kernel.database import Executor, Record, Transaction
from domain.kernel.dates import YearMonth
from domain.kernel.refusal import NOT_PERMITTED, Refused

STATE_NAMES = {"01": "正常", "02": "开户", "03": "缓缴", "04": "销户", "05": "封存", "99": "其他"}
"""DWZHZT, JGJ/T 320 A.4. 02: registered, nothing remitted yet."""
OPEN_STATES = ("01", "02", "03")
KIND_NAMES = {
    "enterprise": "企业",
    "public_institution": "事业单位",
    "government": "机关",
    "social_organisation": "社会团体",
    "other": "其他",
    "pool": "集中封存户",
}
METHOD_NAMES = {
    "entrusted_collection": "委托收款",
    "bank_transfer": "银行汇款",
    "cheque": "支票",
    "cash": "现金",
    "suspense_balance": "单位暂存款",
}
COUNTER_ROLES = (Role.SERVICE_DESK, Role.PRELIMINARY_REVIEWER, Role.FINAL_REVIEWER, Role.SUPERVISOR)
"""Who acts for an employer at the counter."""
READING_ROLES = (*COUNTER_ROLES, Role.FINANCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmployerStanding:
    """An employer with its account. `rates`: (from month, employer, employee) in basis points, oldest first."""

    employer_no: int
    name: str
    uscc: str
    office_code: str
    kind: str
    state: str
    opened_on: date
    pay_day: int
    first_month: YearMonth
    paid_through: YearMonth | None
    payment_method: str
    rates: tuple[tuple[YearMonth, int, int], ...]
    terms: tuple[Term, ...]

    @property
    def deferred(self) -> list[YearMonth]:
        return [
            month
            for term in self.terms
            if term.kind == "deferral"
            for month in months_from(term.from_month, term.until_month)
        ]

    @property
    def next_due(self) -> YearMonth:
        """The month that is remitted next."""
        return next_month(first=self.first_month, paid_through=self.paid_through, deferred=self.deferred)

    def month_of_changes(self, today: date) -> YearMonth:
        """The month that people come and go in: the one remitted next, and while it defers the current one (R11.6)."""
        current = YearMonth.of(today)
        return current if current in self.deferred else self.next_due

    def rates_on(self, month: YearMonth) -> tuple[int, int]:
        """Employer's and employee's rate of a month; before the first row the first one counts."""
        found = self.rates[0]
        for row in self.rates:
            if row[0] <= month:
                found = row
        return found[1], found[2]


def collection_text(account_no: str) -> str:
    """What the index of the account that is collected from is made of."""
    return f"collection:{account_no}"


async def standing_of(*, employer_no: int, using: Executor = database.pool) -> EmployerStanding:
    """Raises Refused for an unknown employer and for one whose account was never opened."""
    return await _standing(using, employer_no, lock="")


async def lock_standing(tx: Transaction, *, employer_no: int) -> EmployerStanding:
    """The same with the employer's account locked: the first lock of every action on an employer."""
    return await _standing(tx, employer_no, lock=" FOR NO KEY UPDATE")


def require_employer(actor: Actor, *, employer_no: int, office_code: str, scope: str) -> None:
    """Raises Refused unless the actor acts for this employer: its agent with the scope, or staff of its office."""
    if actor.kind == "system":
        return
    if actor.is_agent:
        if actor.employer_no != employer_no:
            raise Refused(EMPLOYER_OTHER())
        if not actor.may_for_employer(scope):
            raise Refused(NOT_PERMITTED())
        return
    if not actor.has_role(*(READING_ROLES if scope == "queries" else COUNTER_ROLES)):
        raise Refused(NOT_PERMITTED())
    if actor.office_codes and office_code not in actor.office_codes:
        raise Refused(EMPLOYER_OFFICE())


def require_open(standing: EmployerStanding) -> None:
    """Raises Refused for a closed or sealed employer."""
    if standing.state == "04":
        raise Refused(EMPLOYER_CLOSED())
    if standing.state not in OPEN_STATES:
        raise Refused(EMPLOYER_SEALED())


async def _standing(using: Executor, employer_no: int, *, lock: str) -> EmployerStanding:
    account = await using.row(f"SELECT * FROM employer_account WHERE employer_no = $1{lock}", employer_no)
    # a reference table: read by itself, so that the row that is locked is only the account's
    employer = await using.row("SELECT * FROM employer WHERE employer_no = $1", employer_no)
    if employer is None:
        raise Refused(EMPLOYER_NOT_FOUND())
    if account is None:
        raise Refused(EMPLOYER_NOT_READY())
    rates = await using.rows(
        "SELECT from_period, employer_rate_bp, employee_rate_bp FROM employer_rate WHERE employer_no = $1"
        " ORDER BY from_period",
        employer_no,
    )
    terms = await using.rows(
        "SELECT kind, from_period, until_period FROM employer_term WHERE employer_no = $1 AND state <> 'cancelled'"
        " ORDER BY from_period",
        employer_no,
    )
    return EmployerStanding(
        employer_no=employer_no,
        name=employer["name"],
        uscc=employer["uscc"],
        office_code=employer["office_code"],
        kind=employer["kind"],
        state=employer["state"],
        opened_on=account["opened_on"],
        pay_day=account["pay_day"],
        first_month=YearMonth.of_period(account["first_period"]),
        paid_through=_month(account, "paid_through_period"),
        payment_method=account["payment_method"],
        rates=tuple(
            (YearMonth.of_period(row["from_period"]), row["employer_rate_bp"], row["employee_rate_bp"]) for row in rates
        ),
        terms=tuple(
            Term(
                kind=row["kind"],
                from_month=YearMonth.of_period(row["from_period"]),
                until_month=YearMonth.of_period(row["until_period"]),
            )
            for row in terms
        ),
    )


def _month(row: Record, column: str) -> YearMonth | None:
    return YearMonth.of_period(row[column]) if row[column] else None
