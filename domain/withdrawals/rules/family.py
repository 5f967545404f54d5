"""Whose family it is: the spouse to ask about, and what is wrong with a declared one."""

from __future__ import annotations

from collections.abc import Iterator

from domain.kernel.identifiers import valid_id_card
from domain.kernel.refusal import Refusal
from domain.withdrawals import refusals as no
from domain.withdrawals.rules.facts import Declaration, Facts, MarriageAnswer, Spouse


def spouse_to_check(*, marriage: MarriageAnswer, application: Declaration) -> Spouse | None:
    """Whose homes count beside the applicant's own: the registered spouse; else the declared one, unless the
    registry says that there is none. A stranger named as spouse is thus never asked about."""
    if marriage.answered and marriage.status != "married":
        return None
    if marriage.spouse_document_no:
        return Spouse(text(marriage.spouse_name), document(marriage.spouse_document_no))
    name, document_no = text(application.spouse_name), document(application.spouse_document_no)
    return Spouse(name, document_no) if name and document_no else None


def spouse_refusals(*, facts: Facts, application: Declaration) -> Iterator[Refusal]:
    name, document_no = text(application.spouse_name), document(application.spouse_document_no)
    if bool(name) != bool(document_no):
        yield no.SPOUSE_INCOMPLETE() if document_no else no.SPOUSE_INCOMPLETE.on("spouseDocumentNo")
        return
    if not name:
        if facts.marriage.status == "married" and not facts.marriage.spouse_document_no:
            yield no.SPOUSE_REQUIRED()
        return
    if looks_like_id_card(document_no) and not valid_id_card(document_no):
        yield no.SPOUSE_DOCUMENT_MALFORMED()
    elif document_no == document(facts.applicant_document_no):
        yield no.SPOUSE_IS_APPLICANT()
    elif facts.marriage.answered and facts.marriage.status != "married":
        yield no.SPOUSE_NOT_REGISTERED()
    elif _differs(declared=document_no, registered=document(facts.marriage.spouse_document_no)):
        yield no.SPOUSE_MISMATCH()
    elif _differs(declared=_name(name), registered=_name(facts.marriage.spouse_name)):
        yield no.SPOUSE_MISMATCH.on("spouseName")


def text(value: str | None) -> str:
    return (value or "").strip()


def document(value: str | None) -> str:
    return text(value).upper()


def looks_like_id_card(document_no: str) -> bool:
    """Passports and officers' cards are shorter; 15-digit numbers of the first generation ended in 2013."""
    return len(document_no) == 18 or (document_no.isdigit() and len(document_no) >= 15)


def _name(value: str | None) -> str:
    """Names of the minorities are written with several kinds of middle dot, by hand often with none."""
    return "".join(sign for sign in text(value) if sign not in "·•・. 　").upper()


def _differs(*, declared: str, registered: str) -> bool:
    return bool(registered) and declared != registered
