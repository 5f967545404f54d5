"""查 for a withdrawal: what other agencies know, and what the account says.

The agencies are asked before any transaction, each with its time limit; silence is an answer too. Numbers of documents
live in these objects only as long as the request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from domain import contributions, ledger
from domain.contributions import AccountView, OwnAccount, Revealed
from domain.contributions.refusals import NO_ACCOUNT
from domain.kernel import audit, database, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Executor
from domain.kernel.dates import YearMonth, business_date_of, months_between
from domain.kernel.money import Money
from domain.kernel.refusal import NOT_PERMITTED, REAL_NAME_REQUIRED, Refused
from domain.withdrawals.answers import Answers, Asked, answers_of
from domain.withdrawals.kinds import kind_of
from domain.withdrawals.listed import CLOSURE_FLOW, FLOW, listed_facts
from domain.withdrawals.ports import PersonIdentity, Registries
from domain.withdrawals.refusals import PERSON_ALIVE, SPOUSE_CHECKS_EXHAUSTED
from domain.withdrawals.rules import Answer, CardFacts, Declaration, Facts, Spouse, SubjectFacts, spouse_to_check

DECLARED_SPOUSES_MAX = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What the applicant declares. `frequency` is `once` or how often it is paid; the spouse is given by a married
    applicant whose marriage is registered elsewhere; `fields` are those that the kind's data names."""

    kind: str
    card_id: int
    commitment: bool
    frequency: str = "once"
    auto_renewal: bool = False
    spouse_name: str | None = None
    spouse_document_no: str | None = None
    fields: Mapping[str, Answer] = field(default_factory=dict)

    def declared(self) -> Declaration:
        filing_no = self.fields.get("rental_filing_no")
        return Declaration(
            frequency=self.frequency,
            commitment=self.commitment,
            auto_renewal=self.auto_renewal,
            spouse_name=self.spouse_name,
            spouse_document_no=self.spouse_document_no,
            rental_filing_no=filing_no if isinstance(filing_no, str) else None,
            fields=self.fields,
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Applicant:
    """Who applies, the account that it is about, and the account whose card is paid to: for an heir they differ."""

    person_id: int
    account_no: int
    card_account_no: int
    clear: Revealed

    @property
    def identity(self) -> PersonIdentity:
        return PersonIdentity(
            name=self.clear.name, document_type=self.clear.document_type, document_no=self.clear.document_no
        )


async def applicant_of(*, actor: Actor, application: Application) -> Applicant:
    """The citizen who applies and the account it is about: the card's, else one in a state that the kind takes, else
    the first; of an heir, the deceased's. Raises Refused for anybody but a citizen, and where there is no account."""
    if not actor.is_citizen or actor.person_id is None:
        raise Refused(NOT_PERMITTED())
    kind = kind_of(application.kind)
    numbers = await contributions.account_nos_of(person_id=actor.person_id)
    if kind.subject == "estate":
        owns = await _own_accounts(numbers, application) if actor.is_real_name else []
        account_no = await _account_of_deceased(application)
    else:
        if not actor.is_real_name:
            raise Refused(REAL_NAME_REQUIRED())
        if not numbers:
            raise Refused(NO_ACCOUNT())
        # hardly anybody has two: one needs no choice
        owns = await _own_accounts(numbers, application) if len(numbers) > 1 else []
        account_no = numbers[0]
        if owns:
            owns.sort(key=lambda one: (not one.has_card, one.state not in kind.account_states, one.account_no))
            account_no = owns[0].account_no
    return Applicant(
        person_id=actor.person_id,
        account_no=account_no,
        card_account_no=min((one.account_no for one in owns if one.has_card), default=account_no),
        clear=await contributions.clear_person(person_id=actor.person_id),
    )


async def _own_accounts(numbers: list[int], application: Application) -> list[OwnAccount]:
    # one by one, as `contributions.accounts_of` reads them
    return [await contributions.own_account(account_no=number, card_id=application.card_id) for number in numbers]


async def _account_of_deceased(application: Application) -> int:
    """Two steps: the person by document and name, then the account. In the same words whether there is no such person
    or no account, so that nobody learns whether a stranger has one."""
    number, name = application.fields.get("deceased_document_no"), application.fields.get("deceased_name")
    if isinstance(number, str) and isinstance(name, str):
        person_id = await contributions.person_by_document(document_type="01", document_no=number.strip())
        if person_id is not None:
            clear = await contributions.clear_person(person_id=person_id)
            numbers = await contributions.account_nos_of(person_id=person_id)
            if clear.name == name.strip() and numbers:
                return numbers[0]
    raise Refused(PERSON_ALIVE())


async def ask_agencies(
    *, actor: Actor, applicant: Applicant, application: Application, registries: Registries, now: datetime
) -> Answers:
    """Asks what the kind wants to know, all at once; then for the homes of everyone who counts."""
    kind, declared = kind_of(application.kind), application.declared()
    wanted = {check.code for check in kind.checks if check.silent != "none"}
    asked = await ask(
        wanted=wanted,
        person=applicant.identity,
        declared=declared,
        registries=registries,
        now=now,
        estate=kind.subject == "estate",
    )
    spouse = spouse_to_check(marriage=asked.married, application=declared)
    if spouse is not None and not asked.married.spouse_document_no:
        await _count_declared_spouse(actor=actor, spouse=spouse, now=now)
    asked = await ask_family(wanted=wanted, asked=asked, spouse=spouse, registries=registries, now=now)
    return answers_of(kind=kind, asked=asked, declared=declared)


async def ask(
    *,
    wanted: set[str],
    person: PersonIdentity,
    declared: Declaration,
    registries: Registries,
    now: datetime,
    estate: bool = False,
) -> Asked:
    """The questions that need no other answer first. Outside any transaction."""

    def when(code: str, number: str = "yes") -> bool:
        return code in wanted and bool(number)

    filing_no = (declared.rental_filing_no or "").strip()
    contract_no, invoice_no = declared.text("contract_no"), declared.text("invoice_no")
    loan_no = declared.text("loan_contract_no")
    dead = person
    if estate:
        dead = PersonIdentity(
            name=declared.text("deceased_name"), document_type="01", document_no=declared.text("deceased_document_no")
        )
    life = registries.life
    of_person = asyncio.gather(
        registries.marriage.marriage_of(person=person, now=now) if when("marriage") else _not_asked(),
        registries.identity.civil_status_of(person=person, now=now) if when("identity") else _not_asked(),
        life.pension_of(person=person, now=now) if when("pension") else _not_asked(),
        life.death_of(person=dead, now=now) if when("death", dead.document_no) else _not_asked(),
        life.employment_of(person=person, now=now) if when("employment") else _not_asked(),
    )
    of_papers = asyncio.gather(
        registries.rental.filing(filing_no=filing_no, now=now) if when("rental", filing_no) else _not_asked(),
        registries.contract.contract(contract_no=contract_no, now=now)
        if when("contract", contract_no)
        else _not_asked(),
        registries.invoice.invoice(invoice_no=invoice_no, now=now) if when("invoice", invoice_no) else _not_asked(),
        registries.loan.loan(loan_contract_no=loan_no, now=now) if when("loan", loan_no) else _not_asked(),
    )
    marriage, identity, pension, death, employment = await of_person
    rental, contract, invoice, loan = await of_papers
    return Asked(
        person=person,
        marriage=marriage,
        rental=rental,
        identity=identity,
        contract=contract,
        invoice=invoice,
        loan=loan,
        pension=pension,
        death=death,
        employment=employment,
    )


async def ask_family(
    *, wanted: set[str], asked: Asked, spouse: Spouse | None, registries: Registries, now: datetime
) -> Asked:
    """Homes of the person and the spouse, and where the spouse is registered if it matters."""
    family = [asked.person]
    if spouse is not None:
        family.append(PersonIdentity(name=spouse.name, document_type="01", document_no=spouse.document_no))
    contract = asked.contract.value if asked.contract is not None else None
    elsewhere = contract is not None and not contract.district_code.startswith("11")
    homes, of_spouse = await asyncio.gather(
        registries.property.homes_of(persons=family, now=now) if "property" in wanted else _not_asked(),
        registries.identity.civil_status_of(person=family[1], now=now)
        if len(family) > 1 and elsewhere and "identity" in wanted
        else _not_asked(),
    )
    return asked.with_family(family=tuple(family), homes=homes, spouse_identity=of_spouse)


async def facts_of(
    *,
    applicant: Applicant,
    application: Application,
    answers: Answers,
    subject: SubjectFacts | None,
    business_date: date,
    using: Executor = database.pool,
) -> tuple[Facts, AccountView]:
    """What the rule judges, read through `using`: inside the transaction the account's row must be locked."""
    kind = kind_of(application.kind)
    holding = await contributions.holding_of(
        account_no=applicant.account_no,
        card_account_no=applicant.card_account_no,
        card_id=application.card_id,
        using=using,
    )
    account, card = holding.account, holding.card
    running = await using.value(
        "SELECT EXISTS (SELECT 1 FROM withdrawal_arrangement WHERE account_no = $1 AND exclusion_group = $2"
        " AND state IN ('running', 'paused'))",
        applicant.account_no,
        kind.group,
    )
    interest = Money.zero()
    if kind.closure:
        interest = await ledger.interest_due(account_no=applicant.account_no, on=business_date, using=using)
    # No day of sealing is kept yet: the month paid through is the nearest that the account says about it.
    sealed = 0
    if account.state == "02" and account.paid_through is not None:
        sealed = max(months_between(account.paid_through, YearMonth.of(business_date)), 0)
    facts = Facts(
        account_state=account.state,
        available=max(account.available, Money.zero()),
        held=account.held,
        months_contributed_consecutively=holding.months_consecutively,
        paid_through=account.paid_through,
        homes=answers.homes,
        marriage=answers.marriage,
        card=None if card is None else CardFacts(entrusted_bank=card.bank_entrusted, active=card.active),
        applicant_document_no=applicant.clear.document_no,
        applicant_document_type=applicant.clear.document_type,
        running_arrangement=bool(running),
        open_loan=answers.open_loan,
        rental=answers.rental,
        identity=answers.identity,
        contract=answers.contract,
        invoice=answers.invoice,
        loan=answers.loan,
        life=answers.life,
        subject=subject,
        monthly_contribution=account.monthly_contribution,
        interest=interest,
        months_sealed=sealed,
        **await listed_facts(
            document=(applicant.clear.document_type, applicant.clear.document_no),
            spouse=("01", answers.family[1].document_no) if len(answers.family) > 1 else None,
            flow=CLOSURE_FLOW if kind.closure else FLOW,
            business_date=business_date,
            using=using,
        ),
    )
    return facts, account


async def _count_declared_spouse(*, actor: Actor, spouse: Spouse, now: datetime) -> None:
    """No registry confirms whom the applicant names: the answer would tell about a stranger's homes. So each name is
    in the audit trail, under its blind index, and only a few different ones are looked up a day."""
    subject = f"person:{actor.person_id}"
    sealed = vault.current()
    indexes = [index.hex() for index in sealed.blind_indexes(spouse.document_no)]
    others: int = await database.value(
        "SELECT count(DISTINCT detail ->> 'spouse') FROM audit_event"
        " WHERE subject = $1 AND at > $2 AND action = 'spouse.declared' AND detail ->> 'spouse' <> ALL($3)",
        subject,
        now - timedelta(days=1),
        indexes,
    )
    if others >= DECLARED_SPOUSES_MAX:
        await audit.record(None, actor=actor, action="spouse.declared", subject=subject, outcome="refused", now=now)
        raise Refused(SPOUSE_CHECKS_EXHAUSTED())
    told: dict[str, object] = {"spouse": sealed.blind_index(spouse.document_no).hex()}
    await audit.record(None, actor=actor, action="spouse.declared", subject=subject, now=now, detail=told)


async def _not_asked() -> None:
    return None


def day_of(moment: datetime | None) -> date | None:
    return business_date_of(moment) if moment else None
