"""租房提取 (无房租房): quote, application and the running arrangement. 查 → 判 → 记."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from domain import cases, catalogue, ledger, policy
from domain.cases import CaseView, CheckRecord
from domain.contributions import AccountView
from domain.kernel import audit, database, idempotency
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction, rehearsal, transaction
from domain.kernel.dates import YearMonth, plus_working_days
from domain.kernel.identifiers import mask_id_document, mask_name, new_id
from domain.kernel.money import Money
from domain.kernel.refusal import Refusal, Refused
from domain.withdrawals.gathering import (
    ITEM,
    Answers,
    Applicant,
    RentApplication,
    applicant_of,
    ask_agencies,
    conflicts_for,
    facts_of,
)
from domain.withdrawals.ports import Registries
from domain.withdrawals.rules import RentJudgement, judge

FLOW = "withdrawal_two_reviews"

# 提取原因, JGJ/T 320 A.7: 07 房租.
RENT_REASON = "07"


@dataclass(frozen=True, slots=True, kw_only=True)
class RentQuote:
    """What an application would give now. With refusals the amount is zero. `months` is what one payment covers."""

    amount: Money
    monthly_limit: Money
    months: int
    from_month: YearMonth
    until_month: YearMonth
    refusals: tuple[Refusal, ...]
    flags: tuple[str, ...]
    explanation: list[dict[str, str]]
    checks: tuple[CheckRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrangementView:
    """A rent arrangement: a year of payments on one application."""

    account_no: int
    arrangement_id: int
    case_id: int
    frequency: str
    monthly_limit: Money
    from_month: YearMonth
    until_month: YearMonth
    state: str
    auto_renewal: bool
    paid_through: YearMonth | None


async def quote_rent_withdrawal(
    *, actor: Actor, application: RentApplication, business_date: date, now: datetime, registries: Registries
) -> RentQuote:
    """What the application would give, with all refusals and the explanation; leaves nothing behind but the
    audit trail of a spouse whom no registry confirms. Raises Refused
    only for somebody who has no account to apply with."""
    applicant = await applicant_of(actor=actor, card_id=application.card_id)
    answers = await ask_agencies(
        actor=actor, applicant=applicant, application=application, registries=registries, now=now
    )
    facts, _, _ = await facts_of(applicant=applicant, application=application, answers=answers)
    judgement = judge(
        facts=facts,
        application=application.declared(),
        policy=policy.on(business_date),
        business_date=business_date,
    )
    refusals = (*judgement.refusals, *await conflicts_for(account_no=applicant.account_no))
    return RentQuote(
        amount=Money.zero() if refusals else judgement.amount,
        monthly_limit=judgement.monthly_limit,
        months=judgement.months,
        from_month=judgement.from_month,
        until_month=judgement.until_month,
        refusals=refusals,
        flags=judgement.flags,
        explanation=judgement.explanation,
        checks=answers.checks,
    )


async def apply_for_rent_withdrawal(
    *,
    actor: Actor,
    application: RentApplication,
    request_key: str,
    business_date: date,
    now: datetime,
    registries: Registries,
    dry_run: bool = False,
) -> CaseView | None:
    """Opens the case, holds the amount and writes the arrangement, in one transaction. The same request key and
    input answers the case of the first time. With `dry_run` the same code runs, nothing stays, and the answer is
    None. Raises Refused with every reason at once."""
    applicant = await applicant_of(actor=actor, card_id=application.card_id)
    given = asdict(application)
    done = await idempotency.answered(
        actor=actor, account_no=applicant.account_no, request_key=request_key, operation=ITEM, given=given
    )
    if done is None:
        answers = await ask_agencies(
            actor=actor, applicant=applicant, application=application, registries=registries, now=now
        )
        async with rehearsal() if dry_run else transaction() as tx:
            done = await idempotency.begin(
                tx,
                actor=actor,
                account_no=applicant.account_no,
                request_key=request_key,
                operation=ITEM,
                given=given,
                now=now,
            )
            if done is None:
                case = await _record(
                    tx,
                    actor=actor,
                    applicant=applicant,
                    application=application,
                    answers=answers,
                    business_date=business_date,
                    now=now,
                )
                done = {"case_no": case.case_no}
                await idempotency.finish(
                    tx, actor=actor, account_no=applicant.account_no, request_key=request_key, result=done
                )
        if dry_run:
            return None
    return await cases.case_by_no(actor=actor, case_no=done["case_no"])


async def _record(
    tx: Transaction,
    *,
    actor: Actor,
    applicant: Applicant,
    application: RentApplication,
    answers: Answers,
    business_date: date,
    now: datetime,
) -> CaseView:
    await ledger.lock_balance(tx, account_no=applicant.account_no)
    facts, account, _ = await facts_of(applicant=applicant, application=application, answers=answers, using=tx)
    dated = policy.on(business_date).reading()
    judgement = judge(facts=facts, application=application.declared(), policy=dated, business_date=business_date)
    refusals = [*judgement.refusals, *await conflicts_for(account_no=applicant.account_no, using=tx)]
    if refusals:
        raise Refused(*refusals)
    hold_valid_days = dated.number("withdrawal.hold_valid_days")
    due_on = plus_working_days(business_date, days=dated.number("withdrawal.decision_days"))
    case = await cases.open_case(
        tx,
        actor=actor,
        now=now,
        new=cases.NewCase(
            account_no=applicant.account_no,
            item=ITEM,
            flow_name=FLOW,
            person_id=applicant.person_id,
            applicant_masked=mask_name(applicant.clear.name),
            office_code=account.office_code,
            amount=judgement.amount,
            form=_form(application),
            # all that was read by now: the rule's values and the two above
            policy_snapshot=dated.snapshot(),
            explanation=judgement.explanation,
            flags=judgement.flags,
            checks=answers.checks,
            due_on=due_on,
            business_date=business_date,
        ),
    )
    await _hold_and_arrange(
        tx,
        case=case,
        account=account,
        application=application,
        judgement=judgement,
        expires_on=business_date + timedelta(days=hold_valid_days),
        now=now,
    )
    await audit.record(
        tx,
        actor=actor,
        action="withdrawal.applied",
        subject=f"case:{case.case_no}",
        now=now,
        detail={"amount": judgement.amount, "flags": list(judgement.flags)},
    )
    return case


async def _hold_and_arrange(
    tx: Transaction,
    *,
    case: CaseView,
    account: AccountView,
    application: RentApplication,
    judgement: RentJudgement,
    expires_on: date,
    now: datetime,
) -> None:
    hold_id, arrangement_id = new_id(), new_id()
    await ledger.place_hold(
        tx,
        account_no=account.account_no,
        hold_id=hold_id,
        business_key=f"case:{case.case_id}",
        amount=judgement.amount,
        case_id=case.case_id,
        reason=f"{catalogue.item(ITEM).name} {case.case_no}",
        expires_on=expires_on,
        now=now,
    )
    await tx.execute(
        "INSERT INTO rent_arrangement (account_no, arrangement_id, case_id, frequency, monthly_limit_fen, from_period,"
        " until_period, state, card_id, auto_renewal, auto_renewal_consented_at, commitment_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, 'requested', $8, $9, $10, $11)",
        account.account_no,
        arrangement_id,
        case.case_id,
        application.frequency,
        judgement.monthly_limit.fen,
        judgement.from_month.period,
        judgement.until_month.period,
        application.card_id,
        application.auto_renewal,
        now if application.auto_renewal else None,
        now,
    )
    await tx.execute(
        "INSERT INTO withdrawal (account_no, withdrawal_id, case_id, arrangement_id, reason, amount_fen, hold_id,"
        " state) VALUES ($1, $2, $3, $4, $5, $6, $7, 'requested')",
        account.account_no,
        new_id(),
        case.case_id,
        arrangement_id,
        RENT_REASON,
        judgement.amount.fen,
        hold_id,
    )


def _form(application: RentApplication) -> dict[str, object]:
    """What the applicant declared, as staff may see it: personal data masked."""
    return {
        "frequency": application.frequency,
        "card_id": str(application.card_id),
        "auto_renewal": application.auto_renewal,
        "commitment": application.commitment,
        "spouse_name": mask_name(application.spouse_name) if application.spouse_name else None,
        "spouse_document_no": mask_id_document(application.spouse_document_no)
        if application.spouse_document_no
        else None,
        "rental_filing_no": application.rental_filing_no,
    }


async def rent_arrangement_of(*, actor: Actor) -> ArrangementView | None:
    """The citizen's requested or running arrangement, or None."""
    if not actor.is_real_name:
        return None
    row = await database.row(
        "SELECT r.* FROM rent_arrangement r JOIN account a ON a.account_no = r.account_no"
        " WHERE a.person_id = $1 AND r.state IN ('requested', 'running')",
        actor.person_id,
    )
    if row is None:
        return None
    paid = row["paid_through_period"]
    return ArrangementView(
        account_no=row["account_no"],
        arrangement_id=row["arrangement_id"],
        case_id=row["case_id"],
        frequency=row["frequency"],
        monthly_limit=Money(row["monthly_limit_fen"]),
        from_month=YearMonth.of_period(row["from_period"]),
        until_month=YearMonth.of_period(row["until_period"]),
        state=row["state"],
        auto_renewal=row["auto_renewal"],
        paid_through=YearMonth.of_period(paid) if paid else None,
    )
