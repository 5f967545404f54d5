"""合规证明: what stands against certifying that an employer kept the regulation in some months (R04.2).

For a listing everything has to be in order; for a bankruptcy the certificate tells what is not, so nothing of it stands
against it but a missing ruling. What the centre checks for a listing is not published in full: the list is unverified.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from domain.contributions.certificate_refusals import (
    CERTIFICATE_ARREARS,
    CERTIFICATE_BEFORE_OPENING,
    CERTIFICATE_ENFORCEMENT,
    CERTIFICATE_PERIOD,
    CERTIFICATE_RULING,
    CERTIFICATE_UNPAID,
)
from domain.contributions.rules.months import due_on, months_from
from domain.kernel.dates import YearMonth
from domain.kernel.refusal import Refusal

CertificateKind = Literal["listing_certificate", "bankruptcy_certificate"]
MONTHS_NAMED = 6
"""A refusal names so many months and counts the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enforcement:
    """责令改正, 行政处罚 or 强制执行 by the centre."""

    kind_name: str
    document_no: str
    decided_on: date
    settled_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplianceFacts:
    """`first`: the employer's first month; `paid_through`: every month up to it is paid, deferred or before the first.
    `arrears`: numbers of statements whose day is over and whose money has not come."""

    first: YearMonth
    paid_through: YearMonth | None
    deferred: frozenset[YearMonth]
    back_paid: frozenset[YearMonth]
    pay_day: int
    days: int
    arrears: tuple[str, ...]
    enforcements: tuple[Enforcement, ...]
    business_date: date

    def unpaid(self, *, start: YearMonth, until: YearMonth) -> list[YearMonth]:
        """Months of the period whose day to pay is over, that are neither paid nor deferred."""
        return [
            month
            for month in months_from(max(start, self.first), until)
            if (self.paid_through is None or month > self.paid_through)
            and month not in self.deferred
            and due_on(month, pay_day=self.pay_day, days=self.days) < self.business_date
        ]

    def deferred_within(self, *, start: YearMonth, until: YearMonth) -> list[YearMonth]:
        """Months deferred by agreement and not paid since."""
        return [month for month in months_from(start, until) if month in self.deferred - self.back_paid]

    def enforced_within(self, *, start: YearMonth, until: YearMonth) -> list[Enforcement]:
        """Decided in the period or not settled yet; what was decided after it counts as well."""
        return [one for one in self.enforcements if one.settled_on is None or one.decided_on >= start.first_day]


def judge_certificate(
    *,
    kind: CertificateKind,
    start: YearMonth,
    until: YearMonth,
    has_ruling: bool,
    facts: ComplianceFacts,
    months_max: int,
) -> list[Refusal]:
    """Everything that stands against it, at once."""
    current = YearMonth.of(facts.business_date)
    if not start <= until <= current or len(months_from(start, until)) > months_max:
        return [CERTIFICATE_PERIOD(most=months_max, until=current)]
    found = []
    if start < facts.first:
        found.append(CERTIFICATE_BEFORE_OPENING(month=facts.first))
    if kind == "bankruptcy_certificate":
        return found if has_ruling else [*found, CERTIFICATE_RULING()]
    if unpaid := facts.unpaid(start=start, until=until):
        named = "、".join(str(month) for month in unpaid[:MONTHS_NAMED])
        more = "等" if len(unpaid) > MONTHS_NAMED else ""
        found.append(CERTIFICATE_UNPAID(count=len(unpaid), months=named + more))
    if facts.arrears:
        found.append(CERTIFICATE_ARREARS(statements="、".join(facts.arrears[:MONTHS_NAMED])))
    if enforced := facts.enforced_within(start=start, until=until):
        found.append(CERTIFICATE_ENFORCEMENT(documents="、".join(one.document_no for one in enforced[:MONTHS_NAMED])))
    return found
