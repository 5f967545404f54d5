"""查 for a rent withdrawal: what other agencies know, and what the account says.

The agencies are asked before any transaction, each with its time limit; silence is an answer too. Numbers of documents
live in these objects only as long as the request.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain import cases, contributions, ledger
from domain.cases import CheckRecord
from domain.contributions import AccountView, CardView, Revealed
from domain.contributions.refusals import NO_ACCOUNT
from domain.kernel import audit, database, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Executor
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.money import Money
from domain.kernel.refusal import NOT_PERMITTED, Refusal, Refused
from domain.withdrawals.ports import AgencyAnswer, Home, Marriage, PersonIdentity, Registries, RentalFiling
from domain.withdrawals.refusals import SPOUSE_CHECKS_EXHAUSTED
from domain.withdrawals.rules import (
    CardFacts,
    HomesAnswer,
    MarriageAnswer,
    RentalAnswer,
    RentApplicationFacts,
    RentFacts,
    Spouse,
    spouse_to_check,
)

ITEM = "rent_withdrawal"

DECLARED_SPOUSES_MAX = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RentApplication:
    """What the applicant declares. `frequency` is `monthly` or `quarterly`; the spouse is given by a married
    applicant whose marriage is registered elsewhere; the filing number (租房备案编号) is voluntary."""

    frequency: str
    card_id: int
    auto_renewal: bool
    commitment: bool
    spouse_name: str | None = None
    spouse_document_no: str | None = None
    rental_filing_no: str | None = None

    def declared(self) -> RentApplicationFacts:
        return RentApplicationFacts(
            frequency=self.frequency,
            commitment=self.commitment,
            auto_renewal=self.auto_renewal,
            spouse_name=self.spouse_name,
            spouse_document_no=self.spouse_document_no,
            rental_filing_no=self.rental_filing_no,
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Applicant:
    person_id: int
    account_no: int
    clear: Revealed


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Answers:
    """The agencies' answers, as the rule takes them and as they are kept with the case."""

    homes: HomesAnswer
    marriage: MarriageAnswer
    rental: RentalAnswer | None
    checks: tuple[CheckRecord, ...]


async def applicant_of(*, actor: Actor, card_id: int) -> Applicant:
    """The citizen who applies and the account it is about: the card's, else a normal one, else the first. Raises
    Refused for anybody but a citizen, and for one without account."""
    if not actor.is_citizen or actor.person_id is None:
        raise Refused(NOT_PERMITTED())
    accounts = await contributions.accounts_of(actor=actor)
    if not accounts:
        raise Refused(NO_ACCOUNT())
    owning = {card.account_no for card in await contributions.cards_of(actor=actor) if card.card_id == card_id}
    accounts.sort(key=lambda account: (account.account_no not in owning, account.state != "01", account.account_no))
    return Applicant(
        person_id=actor.person_id,
        account_no=accounts[0].account_no,
        clear=await contributions.clear_person(person_id=actor.person_id),
    )


async def ask_agencies(
    *, actor: Actor, applicant: Applicant, application: RentApplication, registries: Registries, now: datetime
) -> Answers:
    """Asks for the marriage and the filing at once, then for the homes of everyone who counts."""
    person = PersonIdentity(
        name=applicant.clear.name,
        document_type=applicant.clear.document_type,
        document_no=applicant.clear.document_no,
    )
    filing_no = (application.rental_filing_no or "").strip()
    marriage, filing = await asyncio.gather(
        registries.marriage.marriage_of(person=person, now=now),
        registries.rental.filing(filing_no=filing_no, now=now) if filing_no else _not_asked(),
    )
    married = _marriage(marriage)
    spouse = spouse_to_check(marriage=married, application=application.declared())
    if spouse is not None and not married.spouse_document_no:
        await _count_declared_spouse(actor=actor, spouse=spouse, now=now)
    persons = [person] if spouse is None else [person, _identity(spouse)]
    homes = await registries.property.homes_of(persons=persons, now=now)
    checks = [_marriage_check(marriage), _homes_check(homes, persons=len(persons))]
    if filing is not None:
        checks.append(_rental_check(filing))
    return Answers(
        homes=HomesAnswer(
            answered=homes.outcome == "answered",
            count=len(homes.value or ()),
            covers_spouse=homes.outcome == "answered" and spouse is not None,
            as_of=business_date_of(homes.as_of) if homes.as_of else None,
        ),
        marriage=married,
        rental=None if filing is None else _rental(filing, persons),
        checks=tuple(checks),
    )


async def facts_of(
    *, applicant: Applicant, application: RentApplication, answers: Answers, using: Executor = database.pool
) -> tuple[RentFacts, AccountView, CardView | None]:
    """What the rule judges, read through `using`: inside the transaction the account's row must be locked."""
    account = await contributions.account_of(account_no=applicant.account_no, using=using)
    balance = await ledger.balance_of(account_no=applicant.account_no, using=using)
    card = await contributions.card_of(account_no=applicant.account_no, card_id=application.card_id, using=using)
    running = await using.value(
        "SELECT EXISTS (SELECT 1 FROM rent_arrangement WHERE account_no = $1 AND state = 'running')",
        applicant.account_no,
    )
    months = await contributions.months_contributed_consecutively(account_no=applicant.account_no, using=using)
    facts = RentFacts(
        account_state=account.state,
        available=max(balance.available, Money.zero()),
        held=balance.held,
        months_contributed_consecutively=months,
        paid_through=account.paid_through,
        homes=answers.homes,
        marriage=answers.marriage,
        card=None if card is None else CardFacts(entrusted_bank=card.bank_entrusted, active=card.active),
        applicant_document_no=applicant.clear.document_no,
        running_arrangement=bool(running),
        rental=answers.rental,
    )
    return facts, account, card


async def conflicts_for(*, account_no: int, using: Executor = database.pool) -> list[Refusal]:
    return await cases.conflicts_of(account_no=account_no, item=ITEM, using=using)


def paid_from(month: YearMonth, *, months: int) -> YearMonth:
    """The last month that a payment beginning in `month` covers."""
    return month.plus(months=months - 1)


async def _count_declared_spouse(*, actor: Actor, spouse: Spouse, now: datetime) -> None:
    """No registry confirms whom the applicant names: the answer would tell about a stranger's homes. So each name is
    in the audit trail, under its blind index, and only a few different ones are looked up a day."""
    subject = f"person:{actor.person_id}"
    index = vault.current().blind_index(spouse.document_no).hex()
    others: int = await database.value(
        "SELECT count(DISTINCT detail ->> 'spouse') FROM audit_event"
        " WHERE subject = $1 AND at > $2 AND action = 'spouse.declared' AND detail ->> 'spouse' <> $3",
        subject,
        now - timedelta(days=1),
        index,
    )
    if others >= DECLARED_SPOUSES_MAX:
        await audit.record(None, actor=actor, action="spouse.declared", subject=subject, outcome="refused", now=now)
        raise Refused(SPOUSE_CHECKS_EXHAUSTED())
    await audit.record(None, actor=actor, action="spouse.declared", subject=subject, now=now, detail={"spouse": index})


async def _not_asked() -> None:
    return None


def _identity(spouse: Spouse) -> PersonIdentity:
    return PersonIdentity(name=spouse.name, document_type="01", document_no=spouse.document_no)


def _marriage(answer: AgencyAnswer[Marriage]) -> MarriageAnswer:
    if answer.outcome != "answered" or answer.value is None:
        return MarriageAnswer(answered=False)
    return MarriageAnswer(
        answered=True,
        status=answer.value.status,
        spouse_name=answer.value.spouse_name,
        spouse_document_no=answer.value.spouse_document_no,
    )


def _rental(answer: AgencyAnswer[RentalFiling | None], persons: list[PersonIdentity]) -> RentalAnswer:
    if answer.outcome != "answered":
        return RentalAnswer(answered=False)
    filing = answer.value
    if filing is None:
        return RentalAnswer(answered=True)
    family = {person.document_no.upper() for person in persons}
    return RentalAnswer(
        answered=True,
        found=True,
        valid=filing.valid,
        tenant_is_family=any(tenant.document_no.upper() in family for tenant in filing.tenants),
    )


def _record(
    kind: str, answer: AgencyAnswer[Any], *, passed: bool, summary: str, kept: dict[str, object]
) -> CheckRecord:
    answered = answer.outcome == "answered"
    return CheckRecord(
        kind=kind,
        agency=answer.agency,
        asked_at=answer.asked_at,
        as_of=answer.as_of,
        outcome=("passed" if passed else "failed") if answered else "unanswered",
        summary=summary if answered else "对方系统未在时限内答复，需人工核验",
        trace_no=answer.trace_no,
        answer=kept if answered else {"reason": answer.reason},
    )


_STATUS_NAMES = {"single": "未婚", "married": "已婚", "divorced": "离异", "widowed": "丧偶"}


def _marriage_check(answer: AgencyAnswer[Marriage]) -> CheckRecord:
    value = answer.value
    status = value.status if value else None
    return _record(
        "marriage",
        answer,
        passed=True,
        summary=f"婚姻状况：{_STATUS_NAMES.get(status or '', '未知')}",
        kept={"status": status, "spouse_document_no": value.spouse_document_no if value else None},
    )


def _homes_check(answer: AgencyAnswer[tuple[Home, ...]], *, persons: int) -> CheckRecord:
    homes = answer.value or ()
    whom = "本人及配偶" if persons > 1 else "本人"
    return _record(
        "property",
        answer,
        passed=not homes,
        summary=f"{whom}在京住房{len(homes)}套" if homes else f"{whom}在京无住房",
        kept={"persons": persons, "homes": [home.certificate_no for home in homes]},
    )


def _rental_check(answer: AgencyAnswer[RentalFiling | None]) -> CheckRecord:
    filing = answer.value
    valid = filing is not None and filing.valid
    return _record(
        "rental",
        answer,
        passed=valid,
        summary="租房备案有效" if valid else "未查到有效的租房备案",
        kept={"filing_no": filing.filing_no if filing else None, "valid": valid},
    )
