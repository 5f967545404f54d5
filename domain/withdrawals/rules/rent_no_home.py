"""无房租房提取: rent withdrawal at a fixed monthly sum for people without a home in Beijing.

Basis: 住房公积金管理条例 art. 24 (6) until 2026-09-19, as changed by 国令第844号 from 2026-09-20; the
centre's rules (京房公积金发〔2023〕6号 for the present sum). Numbers are policy parameters
`withdrawal.rent_no_home.*`.

Pure: facts, application, policy and business date in, judgement out. All refusals come at once. An agency
that did not answer never refuses; it raises a flag that sends the case to staff.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from domain.kernel.dates import YearMonth, months_between
from domain.kernel.identifiers import valid_id_card
from domain.kernel.money import Money
from domain.kernel.refusal import Refusal
from domain.policy import PolicyValues
from domain.withdrawals import refusals as no
from domain.withdrawals.rules.rent_explanation import explain
from domain.withdrawals.rules.rent_facts import (
    MarriageAnswer,
    RentApplicationFacts,
    RentFacts,
    RentJudgement,
    Spouse,
)

POLICY = "withdrawal.rent_no_home."

MONTHS_OF_FREQUENCY = {"monthly": 1, "quarterly": 3}
FREQUENCY_NAMES = {"monthly": "按月", "quarterly": "按季"}

_NORMAL, _SEALED, _FROZEN = "01", "02", "06"
_CLOSED = frozenset({"03", "04", "05"})


def judge(
    *, facts: RentFacts, application: RentApplicationFacts, policy: PolicyValues, business_date: date
) -> RentJudgement:
    """Judges one application on a business date. `policy` must be that of the same date; pass a
    `policy.reading()` to record further values beside those read here. Raises PolicyMissing."""
    assert policy.business_date == business_date, "policy of another date"
    values = policy.reading()
    monthly_limit = values.money(POLICY + "monthly_limit")
    months = _months_of_payment(application=application, policy=values)
    refusals = (
        *_account_refusals(facts=facts, policy=values),
        *_family_refusals(facts=facts, application=application),
        *_application_refusals(facts=facts, application=application, policy=values),
    )
    amount = Money.zero() if refusals else min(monthly_limit * months, facts.available)
    from_month = YearMonth.of(business_date)
    until_month = from_month.plus(months=values.number(POLICY + "term_months") - 1)
    flags = tuple(_flags(facts=facts, application=application, policy=values, business_date=business_date))
    explanation = explain(
        facts=facts,
        auto_renewal=application.auto_renewal,
        legal_basis=values.text(POLICY + "legal_basis"),
        limit_source=values.source(POLICY + "monthly_limit"),
        refusals=refusals,
        amount=amount,
        months=months,
        monthly_limit=monthly_limit,
        from_month=from_month,
        until_month=until_month,
        flags=flags,
    )
    return RentJudgement(
        allowed=not refusals,
        refusals=refusals,
        amount=amount,
        months=months,
        monthly_limit=monthly_limit,
        from_month=from_month,
        until_month=until_month,
        flags=flags,
        explanation=explanation,
        policy_snapshot=values.snapshot(),
    )


def spouse_to_check(*, marriage: MarriageAnswer, application: RentApplicationFacts) -> Spouse | None:
    """Whose homes count beside the applicant's own: the registered spouse; else the declared one, unless the
    registry says that there is none. A stranger named as spouse is thus never asked about."""
    if marriage.answered and marriage.status != "married":
        return None
    if marriage.spouse_document_no:
        return Spouse(_text(marriage.spouse_name), _document(marriage.spouse_document_no))
    name, document_no = _text(application.spouse_name), _document(application.spouse_document_no)
    return Spouse(name, document_no) if name and document_no else None


def _months_of_payment(*, application: RentApplicationFacts, policy: PolicyValues) -> int:
    """Months that one payment covers; 0 for a frequency that is not offered on the date."""
    if application.frequency not in policy.codes(POLICY + "frequencies"):
        return 0
    return MONTHS_OF_FREQUENCY[application.frequency]


def _account_refusals(*, facts: RentFacts, policy: PolicyValues) -> Iterator[Refusal]:
    months_min = policy.number(POLICY + "contribution_months_min")
    months = facts.months_contributed_consecutively
    frozen = facts.frozen or facts.account_state == _FROZEN
    if frozen:
        yield no.ACCOUNT_FROZEN()
    if facts.account_state == _SEALED:
        yield no.ACCOUNT_SEALED(months_min=months_min)
    elif facts.account_state in _CLOSED:
        yield no.ACCOUNT_CLOSED()
    elif facts.account_state != _NORMAL and not frozen:
        yield no.ACCOUNT_NOT_NORMAL()
    if months < months_min:
        yield no.CONTRIBUTION_TOO_SHORT(months_min=months_min, months=months, months_lacking=months_min - months)
    if facts.adverse_record:
        yield no.ADVERSE_RECORD(years=policy.number("withdrawal.adverse_record_years"))
    if facts.running_arrangement:
        yield no.ARRANGEMENT_RUNNING()
    if not facts.available:
        yield no.BALANCE_INSUFFICIENT(available=facts.available.yuan_text)


def _family_refusals(*, facts: RentFacts, application: RentApplicationFacts) -> Iterator[Refusal]:
    if facts.homes.count > 0:
        yield no.HOME_OWNED()
    name, document_no = _text(application.spouse_name), _document(application.spouse_document_no)
    if bool(name) != bool(document_no):
        yield no.SPOUSE_INCOMPLETE() if document_no else no.SPOUSE_INCOMPLETE.on("spouseDocumentNo")
        return
    if not name:
        if facts.marriage.status == "married" and not facts.marriage.spouse_document_no:
            yield no.SPOUSE_REQUIRED()
        return
    if _looks_like_id_card(document_no) and not valid_id_card(document_no):
        yield no.SPOUSE_DOCUMENT_MALFORMED()
    elif document_no == _document(facts.applicant_document_no):
        yield no.SPOUSE_IS_APPLICANT()
    elif facts.marriage.answered and facts.marriage.status != "married":
        yield no.SPOUSE_NOT_REGISTERED()
    elif _differs(declared=document_no, registered=_document(facts.marriage.spouse_document_no)):
        yield no.SPOUSE_MISMATCH()
    elif _differs(declared=_name(name), registered=_name(facts.marriage.spouse_name)):
        yield no.SPOUSE_MISMATCH.on("spouseName")


def _application_refusals(
    *, facts: RentFacts, application: RentApplicationFacts, policy: PolicyValues
) -> Iterator[Refusal]:
    offered = policy.codes(POLICY + "frequencies")
    if application.frequency not in offered:
        yield no.FREQUENCY_NOT_OFFERED(offered="或".join(f"“{FREQUENCY_NAMES[code]}”" for code in offered))
    if not application.commitment:
        yield no.COMMITMENT_MISSING()
    if facts.card is None:
        yield no.CARD_NOT_FOUND()
    elif not facts.card.entrusted_bank:
        yield no.CARD_BANK_NOT_ENTRUSTED()
    elif not facts.card.active:
        yield no.CARD_INACTIVE()
    if _text(application.rental_filing_no) and facts.rental is not None and facts.rental.answered:
        if not facts.rental.found:
            yield no.RENTAL_FILING_NOT_FOUND()
        elif not facts.rental.valid:
            yield no.RENTAL_FILING_EXPIRED()
        elif not facts.rental.tenant_is_family:
            yield no.RENTAL_FILING_OF_OTHERS()


def _flags(
    *, facts: RentFacts, application: RentApplicationFacts, policy: PolicyValues, business_date: date
) -> Iterator[str]:
    homes, marriage = facts.homes, facts.marriage
    spouse = spouse_to_check(marriage=marriage, application=application)
    fresh_days = policy.number("withdrawal.registry_answer_fresh_days")
    if not homes.answered:
        yield "property_unanswered"
    else:
        if homes.as_of is not None and (business_date - homes.as_of).days > fresh_days:
            yield "property_stale"
        if (spouse or marriage.status == "married") and not homes.covers_spouse:
            yield "spouse_homes_unanswered"
    if not marriage.answered:
        yield "marriage_unanswered"
    elif spouse is not None and not marriage.spouse_document_no:
        yield "spouse_unconfirmed"
    if _text(application.rental_filing_no) and (facts.rental is None or not facts.rental.answered):
        yield "rental_unanswered"
    arrears_max = policy.number(POLICY + "arrears_months_max")
    if facts.paid_through and months_between(facts.paid_through, YearMonth.of(business_date)) > arrears_max:
        yield "contribution_in_arrears"


def _text(value: str | None) -> str:
    return (value or "").strip()


def _document(value: str | None) -> str:
    return _text(value).upper()


def _name(value: str | None) -> str:
    """Names of the minorities are written with several kinds of middle dot, by hand often with none."""
    return "".join(sign for sign in _text(value) if sign not in "·•・. 　").upper()


def _looks_like_id_card(document_no: str) -> bool:
    """Passports and officers' cards are shorter; 15-digit numbers of the first generation ended in 2013."""
    return len(document_no) == 18 or (document_no.isdigit() and len(document_no) >= 15)


def _differs(*, declared: str, registered: str) -> bool:
    return bool(registered) and declared != registered
