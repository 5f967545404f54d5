"""What stands against a row because of the person: accounts, other lists, and what registries say (R01.9, R02.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from domain.contributions.row_refusals import (
    ROW_CONTRIBUTES_ELSEWHERE,
    ROW_FROZEN,
    ROW_HAS_ACCOUNT,
    ROW_HAS_ACCOUNT_ELSEWHERE,
    ROW_HAS_BALANCE,
    ROW_HERE,
    ROW_IDENTITY,
    ROW_IN_TRANSIT,
    ROW_IN_TRANSIT_OTHER,
    ROW_MONTH_EARLY,
    ROW_MONTH_FUTURE,
    ROW_MONTH_NOT_PAID,
    ROW_MONTH_PAID,
    ROW_NAME_DIFFERS,
    ROW_NOT_ANSWERED,
    ROW_NOT_HERE,
    ROW_PENSION,
    ROW_PERSON_UNKNOWN,
    ROW_SEVERAL_ACCOUNTS,
    ROW_STATE,
    ROW_TWICE,
    ROW_TWO_EMPLOYERS,
)
from domain.contributions.rules.rows import MISSED, Row, RowProblem
from domain.contributions.rules.transitions import transitions
from domain.kernel.dates import YearMonth
from domain.kernel.refusal import Refusal

CLOSED_STATES = frozenset({"03", "04", "05"})
FROZEN = "06"
STATE_NAMES = {
    "01": "正常",
    "02": "封存",
    "03": "合并销户",
    "04": "外部转出销户",
    "05": "提取销户",
    "06": "冻结",
    "99": "其他",
}
"""GRZHZT, JGJ/T 320 A.6."""
BEGINNING = frozenset({"open", "unseal", "transfer_in"})
"""What begins contributions: registries are asked for these."""

RegistryName = Literal["identity", "pension", "national"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    account_no: int
    here: bool
    state: str
    has_money: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the registries say of one person. `no_answer`: the agencies that said nothing, by their Chinese names."""

    identity_matches: bool = True
    pension_since: date | None = None
    contributes_at: str | None = None
    no_answer: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The same person in a row that is accepted and not carried out yet."""

    same_list: bool
    same_employer: bool
    list_no: str
    row_no: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFacts:
    """`accounts`: those that are not closed. `months_paid`: of the account here, for a back payment."""

    known: bool = False
    name_matches: bool = True
    accounts: tuple[AccountFacts, ...] = ()
    earlier: Earlier | None = None
    months_paid: frozenset[YearMonth] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthTerms:
    """Of the employer, for back payments: from the first month to the one before the next."""

    first: YearMonth
    next_due: YearMonth


def judge_person(*, row: Row, facts: PersonFacts, months: MonthTerms) -> tuple[int | None, list[RowProblem]]:
    """The account that the row is about (None for one to be opened), and what stands against it."""
    problems = []
    if facts.earlier is not None:
        problems.append(_about(_doubled(facts.earlier)))
    if facts.known and not facts.name_matches:
        problems.append(RowProblem("name", ROW_NAME_DIFFERS()))
    account, refusal = _account(row, facts)
    if refusal is not None:
        problems.append(_about(refusal))
    elif row.action == "back_payment" and account is not None:
        problems += _months(row, facts, months)
    return (account.account_no if account else None), problems


def judge_standing(*, row: Row, standing: Standing) -> list[RowProblem]:
    """R01.9 and R02.2: who draws a pension or contributes elsewhere is not added or unsealed; nor is a person of whom
    an agency says nothing (the row can be checked again)."""
    if row.action not in BEGINNING:
        return []
    problems = []
    if not standing.identity_matches:
        problems.append(RowProblem("name", ROW_IDENTITY()))
    if standing.pension_since is not None:
        problems.append(_about(ROW_PENSION()))
    if standing.contributes_at is not None:
        problems.append(_about(ROW_CONTRIBUTES_ELSEWHERE(centre=standing.contributes_at)))
    problems += [_about(ROW_NOT_ANSWERED(agency=agency)) for agency in standing.no_answer]
    return problems


def _account(row: Row, facts: PersonFacts) -> tuple[AccountFacts | None, Refusal | None]:
    if row.action == "back_payment":
        here = next((one for one in facts.accounts if one.here), None)
        if here is None:
            return None, ROW_NOT_HERE(action="补缴") if facts.accounts else ROW_PERSON_UNKNOWN()
        return here, None
    step = transitions()[row.action]
    if row.action == "open":
        return None, _against_opening(facts)
    if not facts.accounts:
        return None, ROW_PERSON_UNKNOWN()
    fitting = [one for one in facts.accounts if one.here == (step.where == "here")]
    if not fitting:
        return None, ROW_HERE() if step.where == "elsewhere" else ROW_NOT_HERE(action=step.name)
    if len(fitting) > 1 and step.effect == "begins":
        return None, ROW_SEVERAL_ACCOUNTS()
    account = next((one for one in fitting if one.state in step.befores), fitting[0])
    if account.state == FROZEN:
        return account, ROW_FROZEN(action=step.name)
    if step.effect == "begins" and any(one.state == "01" and not one.here for one in facts.accounts):
        return account, ROW_TWO_EMPLOYERS()
    if account.state not in step.befores:
        return account, ROW_STATE(state=STATE_NAMES[account.state], action=step.name)
    if row.action == "close" and account.has_money:
        return account, ROW_HAS_BALANCE()
    return account, None


def _against_opening(facts: PersonFacts) -> Refusal | None:
    """One account for a person: what is there is unsealed or transferred in (R01.9, D18)."""
    here = next((one for one in facts.accounts if one.here), None)
    if here is not None:
        return ROW_HAS_ACCOUNT(state=STATE_NAMES[here.state], action="启封" if here.state == "02" else "其他变更类型")
    if any(one.state == "01" for one in facts.accounts):
        return ROW_TWO_EMPLOYERS()
    if any(one.state == FROZEN for one in facts.accounts):
        return ROW_FROZEN(action="新开户")
    return ROW_HAS_ACCOUNT_ELSEWHERE() if facts.accounts else None


def _months(row: Row, facts: PersonFacts, months: MonthTerms) -> list[RowProblem]:
    assert row.month is not None, "a back payment has a month"
    if row.month >= months.next_due:
        return [RowProblem("month", ROW_MONTH_FUTURE(month=months.next_due))]
    if row.month < months.first:
        return [RowProblem("month", ROW_MONTH_EARLY(month=months.first))]
    paid = row.month in facts.months_paid
    if paid and row.reason in MISSED:
        return [RowProblem("month", ROW_MONTH_PAID(month=row.month))]
    if not paid and row.reason not in MISSED:
        return [RowProblem("month", ROW_MONTH_NOT_PAID(month=row.month))]
    return []


def _doubled(earlier: Earlier) -> Refusal:
    if earlier.same_list:
        return ROW_TWICE(row=earlier.row_no)
    if earlier.same_employer:
        return ROW_IN_TRANSIT(list_no=earlier.list_no, row=earlier.row_no)
    return ROW_IN_TRANSIT_OTHER()


def _about(refusal: Refusal) -> RowProblem:
    return RowProblem("document_no", refusal)
