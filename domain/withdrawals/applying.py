"""Quote and application of every kind of withdrawal. 查 → 判 → 记."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from domain import cases, catalogue, ledger, policy
from domain.cases import CaseView, CheckRecord
from domain.contributions import AccountView
from domain.kernel import audit, database, idempotency
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Transaction, rehearsal, transaction
from domain.kernel.dates import YearMonth
from domain.kernel.identifiers import mask_name
from domain.kernel.money import Money
from domain.kernel.refusal import Refusal, Refused
from domain.policy import PolicyValues
from domain.withdrawals import subjects
from domain.withdrawals.answers import Answers
from domain.withdrawals.forms import form_of
from domain.withdrawals.gathering import (
    Applicant,
    Application,
    applicant_of,
    ask_agencies,
    facts_of,
)
from domain.withdrawals.kinds import kind_of
from domain.withdrawals.matter import MATTER
from domain.withdrawals.ports import Registries
from domain.withdrawals.refusals import CHANNEL_NOT_OFFERED, KIND_NOT_OFFERED
from domain.withdrawals.rehearsing import keep_facts
from domain.withdrawals.rules import Facts, Judgement, judge
from domain.withdrawals.setting_aside import set_aside
from domain.withdrawals.subjects import Subject
from domain.withdrawals.turned_away import keep_refused

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
class Judged:
    judgement: Judgement
    facts: Facts
    account: AccountView
    subject: Subject | None
    refusals: tuple[Refusal, ...]


class RefusedByRule(Refused):
    """The rule alone stands against the application."""

    def __init__(self, judged: Judged) -> None:
        super().__init__(*judged.refusals)
        self.judged = judged


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
    judged = await judge_application(
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
    kind = kind_of(application.kind)
    operation = kind.item
    given = {**asdict(application), "fields": dict(application.fields)}
    case: CaseView | None = None
    done = await idempotency.answered(
        actor=actor, account_no=applicant.account_no, request_key=request_key, operation=operation, given=given
    )
    if done is None:
        answers = await ask_agencies(
            actor=actor, applicant=applicant, application=application, registries=registries, now=now
        )
        try:
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
        except RefusedByRule as refused:
            if not dry_run:
                await keep_refused(
                    account_no=applicant.account_no,
                    kind=kind,
                    office_code=refused.judged.account.office_code,
                    codes=[one.code for one in refused.refusals],
                    facts=refused.judged.facts,
                    declared=application.declared(),
                    business_date=business_date,
                    now=now,
                )
            raise
        if dry_run:
            return None
    # what was written a moment ago is what would be read
    return case or await cases.case_by_no(actor=actor, case_no=done["case_no"])


async def judge_application(
    *,
    actor: Actor,
    applicant: Applicant,
    application: Application,
    answers: Answers,
    dated: PolicyValues,
    business_date: date,
    using: Executor = database.pool,
    lock: bool = False,
    besides: str | None = None,
    facts_on: date | None = None,
) -> Judged:
    """判 of one application by the rule of its day; one whose case is there already names it as `besides`, and has the
    facts of `facts_on`."""
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
        business_date=facts_on or business_date,
        using=using,
    )
    judgement = judge(
        kind=kind, facts=facts, application=application.declared(), policy=dated, business_date=business_date
    )
    refusals = [*judgement.refusals]
    if actor.channel in catalogue.channels() and actor.channel not in catalogue.item(kind.item).channels:
        refusals.append(CHANNEL_NOT_OFFERED(name=kind.name))
    refusals += await cases.conflicts_of(account_no=applicant.account_no, item=kind.item, besides=besides, using=using)
    return Judged(judgement=judgement, facts=facts, account=account, subject=subject, refusals=tuple(refusals))


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
    await ledger.lock_account(tx, account_no=applicant.account_no)
    kind, dated = kind_of(application.kind), policy.on(business_date).reading()
    judged = await judge_application(
        actor=actor,
        applicant=applicant,
        application=application,
        answers=answers,
        dated=dated,
        business_date=business_date,
        using=tx,
        lock=True,
    )
    if judged.refusals and judged.refusals == judged.judgement.refusals:
        raise RefusedByRule(judged)
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
            form=form_of(kind, application),
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
    await set_aside(
        tx,
        case=case,
        applicant=applicant,
        application=application,
        judgement=judgement,
        subject=judged.subject,
        available=judged.account.available,
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
        await cases.approve_automatically(tx, case=case, matter=MATTER, now=now, business_date=business_date)
        # an approval may have set another amount: a closing's interest is known by then
        return await cases.case_by_key(account_no=case.account_no, case_id=case.case_id, using=tx)
    return case


def unknown_kind() -> Refused:
    """For a caller who names a kind that is none."""
    return Refused(KIND_NOT_OFFERED(name="所选提取类型"))
