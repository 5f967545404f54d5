"""The conditions that kinds are put together from, each by its name in `domain/withdrawals/kinds`.

A condition yields what refuses, and flags for what staff must look at. An agency that did not answer never refuses
here: the kind's data says what its silence means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from domain.kernel.refusal import Refusal
from domain.policy import PolicyValues
from domain.withdrawals import refusals as no
from domain.withdrawals.kinds import Kind
from domain.withdrawals.rules.facts import Declaration, Facts
from domain.withdrawals.rules.family import text

Found = Iterator[Refusal | str]

BEIJING = "11"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a condition looks at."""

    kind: Kind
    facts: Facts
    application: Declaration
    values: PolicyValues
    business_date: date


def _contributing(asked: Question) -> Found:
    months_min = asked.values.number(asked.kind.parameter("contribution_months_min"))
    months = asked.facts.months_contributed_consecutively
    if months < months_min:
        yield no.CONTRIBUTION_TOO_SHORT(
            name=asked.kind.name, months_min=months_min, months=months, months_lacking=months_min - months
        )


def _no_home(asked: Question) -> Found:
    if asked.facts.homes.count > 0:
        yield no.HOME_OWNED()


def _rental_filing_voluntary(asked: Question) -> Found:
    rental = asked.facts.rental
    if text(asked.application.rental_filing_no) and rental is not None and rental.answered:
        yield from _rental(asked)


def _rental_filed(asked: Question) -> Found:
    rental = asked.facts.rental
    if rental is not None and rental.answered:
        yield from _rental(asked)
    subject = asked.facts.subject
    if subject is not None and (subject.of_another_household or subject.similar):
        yield "address_in_use"


def _rental(asked: Question) -> Found:
    rental = asked.facts.rental
    assert rental is not None
    if not rental.found:
        yield no.RENTAL_FILING_NOT_FOUND()
    elif not rental.valid:
        yield no.RENTAL_FILING_EXPIRED()
    elif not rental.tenant_is_family:
        yield no.RENTAL_FILING_OF_OTHERS()


def _rent_invoice(asked: Question) -> Found:
    yield from _invoice(asked)


def _many_children(asked: Question) -> Found:
    identity, least = asked.facts.identity, asked.values.number("withdrawal.children_min")
    if identity is None or not identity.answered or identity.minor_children is None:
        yield "children_unconfirmed"
    elif identity.minor_children < least:
        yield no.TOO_FEW_CHILDREN(children_min=least)


def _contract_valid(asked: Question) -> Found:
    contract = asked.facts.contract
    if contract is None or not contract.answered:
        return
    if not contract.found:
        yield no.CONTRACT_NOT_FOUND()
    elif contract.cancelled:
        yield no.CONTRACT_CANCELLED()
    elif not contract.buyer_is_family:
        yield no.CONTRACT_OF_OTHERS()
    cost = asked.application.money("cost")
    if contract.price is not None and cost is not None and contract.price != cost:
        yield "contract_price_differs"


def _contract_in_city(asked: Question) -> Found:
    contract = asked.facts.contract
    if contract is not None and contract.found and contract.province != BEIJING:
        yield no.CONTRACT_ELSEWHERE()


def _contract_where_registered(asked: Question) -> Found:
    """户籍地 of either spouse, or where one works, which only papers show."""
    contract, identity = asked.facts.contract, asked.facts.identity
    if contract is None or not contract.found:
        return
    if contract.province == BEIJING:
        yield no.CONTRACT_IN_CITY()
    elif identity is None or contract.province not in {identity.province, identity.spouse_province} - {""}:
        yield "registered_elsewhere"


def _contract_new_home(asked: Question) -> Found:
    contract = asked.facts.contract
    if contract is not None and contract.found and not contract.new_home:
        yield no.NOT_A_NEW_HOME()


def _invoice_if_second_hand(asked: Question) -> Found:
    if asked.application.text("home_kind") != "second_hand":
        return
    if not asked.application.text("invoice_no"):
        yield no.FIELD_MISSING.on("invoiceNo", name="发票号码")
        return
    yield from _invoice(asked)


def _invoice(asked: Question) -> Found:
    invoice = asked.facts.invoice
    if invoice is None or not invoice.answered:
        return
    if not invoice.found:
        yield no.INVOICE_NOT_FOUND()
    elif not invoice.valid:
        yield no.INVOICE_INVALID()
    elif not invoice.payer_is_family:
        yield no.INVOICE_OF_OTHERS()


def _owner(asked: Question) -> Found:
    """The home stands in the register under the applicant or spouse; a silent register leaves it to staff."""
    homes = asked.facts.homes
    if homes.answered and asked.application.text("certificate_no") not in homes.certificates:
        yield "owner_unconfirmed"


def _owner_or_relative(asked: Question) -> Found:
    if asked.application.text("relation") in ("parent", "child"):
        yield "relation_unproved"
    else:
        yield from _owner(asked)


def _interval_of_home(asked: Question) -> Found:
    subject = asked.facts.subject
    if subject is None or subject.last_used_on is None:
        return
    years, last = asked.values.number(asked.kind.parameter("interval_years")), subject.last_used_on
    if (asked.business_date.year - last.year, asked.business_date.month, asked.business_date.day) < (
        years,
        last.month,
        last.day,
    ):
        yield no.HOME_RENOVATED_LATELY(last=f"{last.year}年{last.month}月{last.day}日", years=years)


def _loan_of_family(asked: Question) -> Found:
    loan = asked.facts.loan
    if loan is None or not loan.answered:
        return
    if not loan.found:
        yield no.LOAN_NOT_FOUND()
    elif not loan.borrower_is_family:
        yield no.LOAN_OF_OTHERS()
    elif not loan.repaid:
        yield no.NOTHING_REPAID()


def _drawing_pension(asked: Question) -> Found:
    if asked.facts.life.pension_answered and not asked.facts.life.drawing_pension:
        yield no.NOT_A_PENSIONER()


def _deceased(asked: Question) -> Found:
    if asked.facts.life.death_answered and not asked.facts.life.dead:
        yield no.PERSON_ALIVE()


def _proved_by_document(asked: Question) -> Found:
    yield "document_to_check"


def _sealed_long_enough(asked: Question) -> Found:
    months_min = asked.values.number(asked.kind.parameter("sealed_months_min"))
    if asked.facts.account_state == "02" and asked.facts.months_sealed < months_min:
        yield no.SEALED_TOO_SHORT(months_min=months_min, months=asked.facts.months_sealed)


def _not_local(asked: Question) -> Found:
    identity = asked.facts.identity
    if identity is not None and identity.province == BEIJING:
        yield no.REGISTERED_HERE()


def _not_contributing_elsewhere(asked: Question) -> Found:
    most = asked.values.number(asked.kind.parameter("elsewhere_months"))
    if asked.facts.life.months_elsewhere >= most:
        yield no.CONTRIBUTES_ELSEWHERE()


def _no_open_loan(asked: Question) -> Found:
    if asked.facts.open_loan:
        yield no.LOAN_OPEN()


def _foreign_document(asked: Question) -> Found:
    if asked.facts.applicant_document_type == "01":
        yield no.NOT_A_FOREIGNER()


CONDITIONS: Mapping[str, Callable[[Question], Found]] = MappingProxyType(
    {
        "contributing": _contributing,
        "no_home": _no_home,
        "rental_filing_voluntary": _rental_filing_voluntary,
        "rental_filed": _rental_filed,
        "rent_invoice": _rent_invoice,
        "many_children": _many_children,
        "contract_valid": _contract_valid,
        "contract_in_city": _contract_in_city,
        "contract_where_registered": _contract_where_registered,
        "contract_new_home": _contract_new_home,
        "invoice_if_second_hand": _invoice_if_second_hand,
        "invoice_of_cost": _invoice,
        "owner": _owner,
        "owner_or_relative": _owner_or_relative,
        "interval_of_home": _interval_of_home,
        "loan_of_family": _loan_of_family,
        "drawing_pension": _drawing_pension,
        "deceased": _deceased,
        "proved_by_document": _proved_by_document,
        "sealed_long_enough": _sealed_long_enough,
        "not_local": _not_local,
        "not_contributing_elsewhere": _not_contributing_elsewhere,
        "no_open_loan": _no_open_loan,
        "foreign_document": _foreign_document,
    }
)
"""Every condition that a kind may name."""
