"""Quote and application of every kind of withdrawal. 查 → 判 → 记."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from domain import cases, catalogue, ledger, policy
from domain.cases import CaseView, CheckRecord
from domain.contributions import AccountView
from domain.kernel import audit, database, idempotency, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Transaction, rehearsal, transaction
from domain.kernel.dates import YearMonth
from domain.kernel.digest import canonical_json
from domain.kernel.identifiers import mask_id_document, mask_name, new_id
from domain.kernel.money import Money
from domain.kernel.refusal import Refusal, Refused
from domain.policy import PolicyValues
from domain.withdrawals import subjects
from domain.withdrawals.answers import Answers
from domain.withdrawals.gathering import (
    Applicant,
    Application,
    applicant_of,
    ask_agencies,
    conflicts_for,
    facts_of,
)
from domain.withdrawals.kinds import Kind, kind_of
from domain.withdrawals.matter import MATTER
from domain.withdrawals.ports import Registries
from domain.withdrawals.refusals import CHANNEL_NOT_OFFERED, KIND_NOT_OFFERED
from domain.withdrawals.rehearsing import keep_facts
from domain.withdrawals.rules import Facts, Judgement, judge
from domain.withdrawals.subjects import Subject

FLOW = "withdrawal_two_reviews"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What an application would give now. With refusals the amount is zero. `months` is what one payment covers, 0 for
    one that is paid once; `total` what may be paid in all, None without such a limit."""

    kind: str
    amount: Money
    monthly_limit: Money
    total: Money | None
    months: int
    from_month: YearMonth
    until_month: YearMonth
    refusals: tuple[Refusal, ...]
    flags: tuple[str, ...]
    explanation: list[dict[str, str]]
    checks: tuple[CheckRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    judgement: Judgement
    facts: Facts
    account: AccountView
    subject: Subject | None
    refusals: tuple[Refusal, ...]


async def quote_withdrawal(
    *, actor: Actor, application: Application, business_date: date, now: datetime, registries: Registries
) -> Quote:
    """What the application would give, with all refusals and the explanation; leaves nothing behind but the
    audit trail of a spouse whom no registry confirms. Raises Refused
    only for somebody who has no account to apply with."""
    applicant = await applicant_of(actor=actor, application=application)
    answers = await ask_agencies(
        actor=actor, applicant=applicant, application=application, registries=registries, now=now
    )
    judged = await _judge(
        actor=actor,
        applicant=applicant,
        application=application,
        answers=answers,
        dated=policy.on(business_date),
        business_date=business_date,
    )
    judgement = judged.judgement
    return Quote(
        kind=application.kind,
        amount=Money.zero() if judged.refusals else judgement.amount,
        monthly_limit=judgement.monthly_limit,
        total=judgement.limit.total,
        months=judgement.months,
        from_month=judgement.from_month,
        until_month=judgement.until_month,
        refusals=judged.refusals,
        flags=judgement.flags,
        explanation=judgement.explanation,
        checks=answers.checks,
    )


async def apply_for_withdrawal(
    *,
    actor: Actor,
    application: Application,
    request_key: str,
    business_date: date,
    now: datetime,
    registries: Registries,
    dry_run: bool = False,
) -> CaseView | None:
    """Opens the case, holds the amount and writes the arrangement, in one transaction. The same request key and
    input answers the case of the first time. With `dry_run` the same code runs, nothing stays, and the answer is
    None. Raises Refused with every reason at once."""
    applicant = await applicant_of(actor=actor, application=application)
    operation = kind_of(application.kind).item
    given = {**asdict(application), "fields": dict(application.fields)}
    done = await idempotency.answered(
        actor=actor, account_no=applicant.account_no, request_key=request_key, operation=operation, given=given
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
                operation=operation,
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


async def _judge(
    *,
    actor: Actor,
    applicant: Applicant,
    application: Application,
    answers: Answers,
    dated: PolicyValues,
    business_date: date,
    using: Executor = database.pool,
    lock: bool = False,
) -> _Judged:
    kind = kind_of(application.kind)
    subject = await subjects.subject_of(
        applicant=applicant,
        application=application,
        answers=answers,
        similarity=dated.rate("withdrawal.address_similarity"),
        using=using,
        lock=lock,
    )
    facts, account = await facts_of(
        applicant=applicant,
        application=application,
        answers=answers,
        subject=None if subject is None else subject.facts,
        business_date=business_date,
        using=using,
    )
    judgement = judge(
        kind=kind, facts=facts, application=application.declared(), policy=dated, business_date=business_date
    )
    refusals = [*judgement.refusals]
    if actor.channel in catalogue.channels() and actor.channel not in catalogue.item(kind.item).channels:
        refusals.append(CHANNEL_NOT_OFFERED(name=kind.name))
    refusals += await conflicts_for(account_no=applicant.account_no, item=kind.item, using=using)
    return _Judged(judgement=judgement, facts=facts, account=account, subject=subject, refusals=tuple(refusals))


async def _record(
    tx: Transaction,
    *,
    actor: Actor,
    applicant: Applicant,
    application: Application,
    answers: Answers,
    business_date: date,
    now: datetime,
) -> CaseView:
    await ledger.lock_balance(tx, account_no=applicant.account_no)
    kind, dated = kind_of(application.kind), policy.on(business_date).reading()
    judged = await _judge(
        actor=actor,
        applicant=applicant,
        application=application,
        answers=answers,
        dated=dated,
        business_date=business_date,
        using=tx,
        lock=True,
    )
    if judged.refusals:
        raise Refused(*judged.refusals)
    judgement = judged.judgement
    hold_valid_days = dated.number("withdrawal.hold_valid_days")
    due_on = policy.plus_working_days(business_date, days=dated.number("withdrawal.decision_days"))
    case = await cases.open_case(
        tx,
        actor=actor,
        now=now,
        new=cases.NewCase(
            account_no=applicant.account_no,
            item=kind.item,
            flow_name=FLOW,
            person_id=applicant.person_id,
            applicant_masked=mask_name(applicant.clear.name),
            office_code=judged.account.office_code,
            amount=judgement.amount,
            form=_form(kind, application),
            # all that was read by now: the rule's values and the two above
            policy_snapshot=dated.snapshot(),
            explanation=judgement.explanation,
            flags=judgement.flags,
            checks=answers.checks,
            due_on=due_on,
            business_date=business_date,
        ),
    )
    await keep_facts(tx, case=case, facts=judged.facts, declared=application.declared(), amount=judgement.amount)
    await _set_aside(
        tx,
        case=case,
        applicant=applicant,
        application=application,
        judged=judged,
        expires_on=business_date + timedelta(days=hold_valid_days),
        now=now,
    )
    await audit.record(
        tx,
        actor=actor,
        action="withdrawal.applied",
        subject=f"case:{case.case_no}",
        now=now,
        detail={"kind": kind.code, "amount": judgement.amount, "flags": list(judgement.flags)},
    )
    if f"{kind.code}@{actor.channel}" in dated.codes("review.automatic_for"):
        return await cases.approve_automatically(tx, case=case, matter=MATTER, now=now, business_date=business_date)
    return case


async def _set_aside(
    tx: Transaction,
    *,
    case: CaseView,
    applicant: Applicant,
    application: Application,
    judged: _Judged,
    expires_on: date,
    now: datetime,
) -> None:
    """The hold, the claim on what it is for, the arrangement if it is one, and the withdrawal itself. The interest of a
    closing is not in the books yet, so it is not in the hold either: `matter` holds both when it is approved."""
    kind, judgement = kind_of(application.kind), judged.judgement
    hold_id, amount = new_id(), min(judgement.amount, judged.account.available)
    await ledger.place_hold(
        tx,
        account_no=case.account_no,
        hold_id=hold_id,
        business_key=f"case:{case.case_id}",
        amount=amount,
        case_id=case.case_id,
        reason=f"{kind.name} {case.case_no}",
        expires_on=expires_on,
        now=now,
    )
    if judged.subject is not None:
        await subjects.claim(
            tx,
            subject=judged.subject,
            kind=kind,
            case_id=case.case_id,
            account_no=case.account_no,
            judgement=judgement,
            share=application.declared().text("share_percent"),
        )
    arrangement_id = new_id() if judgement.months else None
    subject_key = judged.subject.key if judged.subject is not None else None
    if arrangement_id is not None:
        await _arrange(
            tx,
            case=case,
            arrangement_id=arrangement_id,
            application=application,
            judgement=judgement,
            subject_key=subject_key,
            now=now,
        )
    await tx.execute(
        "INSERT INTO withdrawal (account_no, withdrawal_id, case_id, arrangement_id, kind, reason, amount_fen, hold_id,"
        " state, card_id, card_account_no, subject_key, from_period, months)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'requested', $9, $10, $11, $12, $13)",
        case.account_no,
        new_id(),
        case.case_id,
        arrangement_id,
        kind.code,
        kind.reason,
        amount.fen,
        hold_id,
        application.card_id,
        applicant.card_account_no if applicant.card_account_no != case.account_no else None,
        subject_key,
        judgement.from_month.period,
        judgement.months,
    )


async def _arrange(
    tx: Transaction,
    *,
    case: CaseView,
    arrangement_id: int,
    application: Application,
    judgement: Judgement,
    subject_key: str | None,
    now: datetime,
) -> None:
    kind = kind_of(application.kind)
    total = judgement.limit.total
    renewed = application.auto_renewal and kind.form == "rent"
    asked = {
        "spouse_name": application.spouse_name,
        "spouse_document_no": application.spouse_document_no,
        "fields": dict(application.fields),
    }
    await tx.execute(
        "INSERT INTO withdrawal_arrangement (account_no, arrangement_id, case_id, kind, exclusion_group, frequency,"
        " monthly_limit_fen, total_limit_fen, from_period, until_period, state, card_id, auto_renewal,"
        " auto_renewal_consented_at, commitment_at, subject_key, asked_cipher)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'requested', $11, $12, $13, $14, $15, $16)",
        case.account_no,
        arrangement_id,
        case.case_id,
        kind.code,
        kind.group,
        application.frequency,
        judgement.limit.monthly.fen if judgement.limit.monthly else None,
        total.fen if total else None,
        judgement.from_month.period,
        judgement.until_month.period,
        application.card_id,
        renewed,
        now if renewed else None,
        now,
        subject_key,
        vault.current().encrypt(canonical_json(asked).decode()),
    )


def unknown_kind() -> Refused:
    """For a caller who names a kind that is none."""
    return Refused(KIND_NOT_OFFERED(name="所选提取类型"))


def _form(kind: Kind, application: Application) -> dict[str, object]:
    """What the applicant declared, as staff may see it: personal data masked."""
    declared: dict[str, object] = {
        "kind": kind.code,
        "frequency": application.frequency,
        "card_id": str(application.card_id),
        "auto_renewal": application.auto_renewal,
        "commitment": application.commitment,
        "spouse_name": mask_name(application.spouse_name) if application.spouse_name else None,
        "spouse_document_no": mask_id_document(application.spouse_document_no)
        if application.spouse_document_no
        else None,
    }
    for field in kind.fields:
        value = application.fields.get(field.code)
        if field.type == "document" and isinstance(value, str):
            value = mask_id_document(value)
        elif field.code.endswith("_name") and isinstance(value, str):
            value = mask_name(value)
        declared[field.code] = value
    return declared
