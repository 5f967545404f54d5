"""Staff ask an agency themselves, about a person they choose (R02.1): a button on the case's page.

The reviewer who holds the case asks; the answer is kept beside those of the application and never takes their place, so
that both are seen at the next review. What did not pass still needs a reason to be passed over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

import orjson

from domain import cases, contributions, policy
from domain.cases import CaseCheck, CaseView, CheckRecord
from domain.cases.refusals import NOT_CLAIMED
from domain.kernel import audit, database, vault
from domain.kernel.actor import Actor
from domain.kernel.database import transaction
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import Refused
from domain.withdrawals.answers import Asked, checks_of
from domain.withdrawals.gathering import ask
from domain.withdrawals.kinds import Kind, kind_of
from domain.withdrawals.ports import PersonIdentity, Registries
from domain.withdrawals.refusals import ASKED_NOTHING, ASKED_NUMBER_MISSING, ASKED_PERSON_UNKNOWN
from domain.withdrawals.rules import Declaration, Facts, read_back

About = Literal["applicant", "spouse", "deceased"]
PERSON_NAMES: dict[str, str] = {"applicant": "申请人", "spouse": "配偶", "deceased": "被继承人"}
QUESTIONS: dict[str, str] = {
    "identity": "身份",
    "marriage": "婚姻",
    "property": "产权",
    "contract": "网签",
    "pension": "养老待遇",
    "death": "死亡登记",
    "rental": "租房备案",
    "invoice": "发票",
}
"""What may be asked by hand, with its Chinese name."""
_NUMBERS = {"contract": "contract_no", "rental": "rental_filing_no", "invoice": "invoice_no"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Askable:
    """Whom and what the holder of a case may ask about: what names a number is there only if the case has it."""

    persons: dict[str, str]
    questions: dict[str, str]


async def askable(*, case: CaseView) -> Askable:
    persons, declared = await _persons(case)
    questions = {code: name for code, name in QUESTIONS.items() if not _lacks_number(code, declared)}
    return Askable(persons={who: PERSON_NAMES[who] for who in persons}, questions=questions)


async def ask_by_hand(
    *, actor: Actor, case_no: str, question: str, about: str, registries: Registries, now: datetime
) -> CheckRecord:
    """Asks the agency about the person, outside any transaction, and keeps the answer with the case. Raises Refused
    unless the actor holds the case, and where there is nothing to ask with. A silent agency is an answer."""
    case = await cases.case_by_no(actor=actor, case_no=case_no)
    persons, declared = await _persons(case)
    refusals = []
    if not case.is_locked(now=now) or case.locked_by != actor.staff_id:
        refusals.append(NOT_CLAIMED())
    if question not in QUESTIONS:
        refusals.append(ASKED_NOTHING())
    elif _lacks_number(question, declared):
        refusals.append(ASKED_NUMBER_MISSING(name=QUESTIONS[question]))
    if about not in persons:
        refusals.append(ASKED_PERSON_UNKNOWN())
    if refusals:
        raise Refused(*refusals)
    check = await _ask(case, question, persons[about], declared, registries=registries, now=now)
    async with transaction() as tx:
        locked = await cases.lock_case(tx, case=case)
        if locked.locked_by != actor.staff_id:
            raise Refused(NOT_CLAIMED())
        await cases.add_check(tx, case=locked, check=check, about=about, asked_by=actor.staff_id)
        await audit.record(
            tx,
            actor=actor,
            action="case.asked",
            subject=f"case:{case_no}",
            now=now,
            detail={"question": question, "about": about, "outcome": check.outcome, "trace_no": check.trace_no},
        )
    return check


def stale(check: CaseCheck, *, business_date: date) -> bool:
    """Whether the answer's data is older than the policy of the day lets it count."""
    days = policy.on(business_date).number("withdrawal.registry_answer_fresh_days")
    return check.as_of is not None and (business_date - business_date_of(check.as_of)).days > days


async def _ask(
    case: CaseView,
    question: str,
    person: PersonIdentity,
    declared: Declaration,
    *,
    registries: Registries,
    now: datetime,
) -> CheckRecord:
    kind = kind_of(case.form["kind"])
    asked = await ask(wanted={question}, person=person, declared=declared, registries=registries, now=now)
    homes = await registries.property.homes_of(persons=[person], now=now) if question == "property" else None
    asked = asked.with_family(family=(person,), homes=homes, spouse_identity=None)
    (check,) = checks_of(kind=kind, asked=asked, declared=declared)
    return _of_this_person(check, question, kind, asked)


def _of_this_person(check: CheckRecord, question: str, kind: Kind, asked: Asked) -> CheckRecord:
    """Asked by itself a death is bad news, unless the kind is about an estate; so it is with a pension."""
    wanted = {"death": kind.subject == "estate", "pension": "drawing_pension" in kind.conditions}.get(question)
    if wanted is None or check.outcome == "unanswered":
        return check
    found = check.outcome == "passed"
    return replace(check, outcome="passed" if found == wanted else "failed")


async def _persons(case: CaseView) -> tuple[dict[str, PersonIdentity], Declaration]:
    """The applicant, and whom the sealed facts name beside them. A case from before has only its applicant."""
    clear = await contributions.clear_person(person_id=case.person_id)
    found = {
        "applicant": PersonIdentity(name=clear.name, document_type=clear.document_type, document_no=clear.document_no)
    }
    sealed: Any = await database.value(
        "SELECT facts_cipher FROM withdrawal_facts WHERE account_no = $1 AND case_id = $2",
        case.account_no,
        case.case_id,
    )
    if sealed is None:
        return found, Declaration(frequency="once", commitment=True, auto_renewal=False)
    facts, declared = read_back(orjson.loads(vault.current().decrypt(sealed)))
    spouse = _spouse(facts, declared)
    if spouse is not None:
        found["spouse"] = spouse
    if declared.text("deceased_document_no"):
        found["deceased"] = PersonIdentity(
            name=declared.text("deceased_name"), document_type="01", document_no=declared.text("deceased_document_no")
        )
    return found, declared


def _spouse(facts: Facts, declared: Declaration) -> PersonIdentity | None:
    """The registered one, else the declared."""
    number = facts.marriage.spouse_document_no or declared.spouse_document_no
    name = facts.marriage.spouse_name if facts.marriage.spouse_document_no else declared.spouse_name
    return PersonIdentity(name=name or "", document_type="01", document_no=number) if number else None


def _lacks_number(question: str, declared: Declaration) -> bool:
    field = _NUMBERS.get(question)
    if field is None:
        return False
    if field == "rental_filing_no":
        return not (declared.rental_filing_no or "").strip()
    return not declared.text(field)
