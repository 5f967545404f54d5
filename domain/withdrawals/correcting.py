"""补正 of a withdrawal: what the applicant corrects is asked of the agencies and judged again before it is handed in.

The rule is that of the day of the application, the facts are today's. What the application had set aside (the amount,
its part of the home) goes back first and is set aside anew, all in the transaction that hands it in: what the rule
refuses stays as it was and waits for a better answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain import cases, ledger, policy
from domain.cases import CaseView
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import Refusal, Refused
from domain.withdrawals import subjects
from domain.withdrawals.answers import Answers
from domain.withdrawals.applying import Judged, judge_application
from domain.withdrawals.forms import TITLES, asked_again, field_value, form_of, is_masked
from domain.withdrawals.gathering import Applicant, Application, applicant_of, ask_agencies
from domain.withdrawals.kinds import Field, FieldType, kind_of
from domain.withdrawals.matter import withdrawal_of
from domain.withdrawals.ports import Registries
from domain.withdrawals.refusals import CORRECTION_FIELD, CORRECTION_OTHER_ACCOUNT, CORRECTION_WITHOUT_FACTS
from domain.withdrawals.rehearsing import kept_facts, replace_facts

_SPOUSE = {"spouseName": "spouse_name", "spouseDocumentNo": "spouse_document_no"}
_SPOUSE_TYPES: tuple[tuple[str, FieldType], ...] = (("spouse_name", "text"), ("spouse_document_no", "document"))
_SPOUSE_FIELDS = tuple(
    Field(code=code, name=TITLES[code], english="", type=shape, hint="", options={}, lasts=False)
    for code, shape in _SPOUSE_TYPES
)
_WAITING = "pending_correction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correctable:
    """A field that may be corrected, and what is declared there: an amount in yuan, a day, a code, or text; personal
    data `masked`, which is only to be shown and never to be sent back. Blank where nothing was declared."""

    field: Field
    required: bool
    value: str
    masked: bool


def correctable_fields(*, case: CaseView) -> tuple[Correctable, ...]:
    """The fields of the kind's form, those of the spouse last, while the case waits for its applicant; else none."""
    if case.state != _WAITING:
        return ()
    kind = kind_of(str(case.form["kind"]))
    fields = (*kind.fields, *(_SPOUSE_FIELDS if kind.family and kind.form != "closure" else ()))
    return tuple(
        Correctable(
            field=field,
            required=field.code in kind.required,
            value=str(case.form.get(field.code) or ""),
            masked=is_masked(field),
        )
        for field in fields
    )


async def correct_withdrawal(
    *,
    actor: Actor,
    case_no: str,
    statement: str,
    changes: Mapping[str, str],
    request_key: str,
    registries: Registries,
    business_date: date,
    now: datetime,
) -> CaseView:
    """`changes` are fields of the kind's form by their input names (`spouseName` and `spouseDocumentNo` too) with what
    is written there now, blank to declare it no longer. Raises Refused with everything that stands against the
    corrected application."""
    case = await cases.case_by_no(actor=actor, case_no=case_no)
    if case.state != _WAITING or not actor.is_citizen:
        # handed in before with this key, or refused there
        return await cases.correct(
            actor=actor, case_no=case_no, statement=statement, changes=changes, request_key=request_key, now=now
        )
    application, changed = await _corrected(case=case, changes=changes)
    applicant = await applicant_of(actor=actor, application=application)
    if applicant.account_no != case.account_no:
        raise Refused(CORRECTION_OTHER_ACCOUNT())
    answers = await ask_agencies(
        actor=actor, applicant=applicant, application=application, registries=registries, now=now
    )

    async def rejudge(tx: Transaction, locked: CaseView) -> None:
        await _rejudge(
            tx,
            actor=actor,
            case=locked,
            applicant=applicant,
            application=application,
            answers=answers,
            business_date=business_date,
            now=now,
        )

    return await cases.correct(
        actor=actor,
        case_no=case_no,
        statement=statement,
        changes=changes,
        changed="、".join(changed),
        request_key=request_key,
        now=now,
        rejudge=rejudge,
    )


async def _corrected(*, case: CaseView, changes: Mapping[str, str]) -> tuple[Application, list[str]]:
    """The application with what is corrected in it, and the titles of that."""
    kept = await kept_facts(case=case)
    if kept is None:
        raise Refused(CORRECTION_WITHOUT_FACTS())
    _, declared = kept
    kind = kind_of(str(case.form["kind"]))
    card_id = await database.value(
        "SELECT card_id FROM withdrawal WHERE account_no = $1 AND case_id = $2 AND hold_id IS NOT NULL",
        case.account_no,
        case.case_id,
    )
    spouse = {"spouse_name": declared.spouse_name, "spouse_document_no": declared.spouse_document_no}
    fields, titles = dict(declared.fields), []
    wrong: list[Refusal] = []
    known = {field.input: field for field in kind.fields}
    for name, value in changes.items():
        if name in known:
            fields.pop(known[name].code, None)
            try:
                if value.strip():
                    fields[known[name].code] = field_value(known[name], value)
            except Refused as refused:
                wrong += refused.refusals
            titles.append(known[name].name)
        elif name in _SPOUSE and kind.family:
            spouse[_SPOUSE[name]] = value.strip() or None
            titles.append(TITLES[_SPOUSE[name]])
        else:
            wrong.append(CORRECTION_FIELD(name=name[:40]))
    if wrong:
        raise Refused(*wrong)
    application = Application(
        kind=kind.code,
        card_id=card_id,
        commitment=declared.commitment,
        frequency=declared.frequency,
        auto_renewal=declared.auto_renewal,
        spouse_name=spouse["spouse_name"],
        spouse_document_no=spouse["spouse_document_no"],
        fields=fields,
    )
    return application, titles


async def _rejudge(
    tx: Transaction,
    *,
    actor: Actor,
    case: CaseView,
    applicant: Applicant,
    application: Application,
    answers: Answers,
    business_date: date,
    now: datetime,
) -> None:
    row, kind = await withdrawal_of(tx, case=case), kind_of(application.kind)
    await ledger.lock_account(tx, account_no=case.account_no)
    await ledger.void_hold(tx, account_no=case.account_no, hold_id=row["hold_id"], now=now)
    if row["subject_key"]:
        await subjects.give_back(
            tx, subject_key=row["subject_key"], account_no=case.account_no, case_id=case.case_id, taken=None
        )
    dated = policy.on(case.business_date).reading()
    judged = await judge_application(
        actor=actor,
        applicant=applicant,
        application=application,
        answers=answers,
        dated=dated,
        business_date=case.business_date,
        using=tx,
        lock=True,
        besides=case.case_no,
        facts_on=business_date,
    )
    if judged.refusals:
        raise Refused(*judged.refusals)
    judgement = judged.judgement
    valid_days = dated.number("withdrawal.hold_valid_days")
    await _set_aside_anew(
        tx, case=case, row=row, application=application, judged=judged,
        expires_on=business_date + timedelta(days=valid_days), now=now,
    )  # fmt: skip
    await cases.restate(
        tx,
        case=case,
        amount=judgement.amount,
        form=form_of(kind, application),
        policy_snapshot=dated.snapshot(),
        explanation=judgement.explanation,
        flags=judgement.flags,
        checks=answers.checks,
        now=now,
    )
    await replace_facts(tx, case=case, facts=judged.facts, declared=application.declared(), amount=judgement.amount)


async def _set_aside_anew(
    tx: Transaction,
    *,
    case: CaseView,
    row: Record,
    application: Application,
    judged: Judged,
    expires_on: date,
    now: datetime,
) -> None:
    """The hold, the claim, the arrangement and the withdrawal, by what is declared now."""
    kind, judgement = kind_of(application.kind), judged.judgement
    hold_id, amount = new_id(), min(judgement.amount, judged.account.available)
    await ledger.place_hold(
        tx,
        account_no=case.account_no,
        hold_id=hold_id,
        business_key=f"case:{case.case_id}:{case.revision}",
        amount=amount,
        case_id=case.case_id,
        reason=f"{kind.name} {case.case_no}",
        expires_on=expires_on,
        now=now,
    )
    subject_key = judged.subject.key if judged.subject is not None else None
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
    await tx.execute(
        "UPDATE withdrawal SET amount_fen = $3, hold_id = $4, subject_key = $5"
        " WHERE account_no = $1 AND withdrawal_id = $2",
        case.account_no,
        row["withdrawal_id"],
        amount.fen,
        hold_id,
        subject_key,
    )
    if row["arrangement_id"] is None:
        return
    total, monthly = judgement.limit.total, judgement.limit.monthly
    await tx.execute(
        "UPDATE withdrawal_arrangement SET monthly_limit_fen = $3, total_limit_fen = $4, subject_key = $5,"
        " asked_cipher = $6 WHERE account_no = $1 AND arrangement_id = $2",
        case.account_no,
        row["arrangement_id"],
        monthly.fen if monthly else None,
        total.fen if total else None,
        subject_key,
        asked_again(application),
    )
