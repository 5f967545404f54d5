"""What an application puts beside its case: the hold, the claim on what it is for, the arrangement, the withdrawal."""

from __future__ import annotations

from datetime import date, datetime

from domain import ledger
from domain.cases import CaseView
from domain.kernel.database import Transaction
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.withdrawals import subjects
from domain.withdrawals.forms import asked_again
from domain.withdrawals.gathering import Applicant, Application
from domain.withdrawals.kinds import kind_of
from domain.withdrawals.rules import Judgement
from domain.withdrawals.subjects import Subject


async def set_aside(
    tx: Transaction,
    *,
    case: CaseView,
    applicant: Applicant,
    application: Application,
    judgement: Judgement,
    subject: Subject | None,
    available: Money,
    expires_on: date,
    now: datetime,
) -> None:
    """The hold, the claim on what it is for, and the withdrawal itself with its arrangement if it has one. The interest
    of a closing is not in the books yet, so it is not in the hold either: `matter` holds both when it is approved."""
    kind = kind_of(application.kind)
    hold_id, amount = new_id(), min(judgement.amount, available)
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
    if subject is not None:
        await subjects.claim(
            tx,
            subject=subject,
            kind=kind,
            case_id=case.case_id,
            account_no=case.account_no,
            judgement=judgement,
            share=application.declared().text("share_percent"),
        )
    arrangement_id = new_id() if judgement.months else None
    withdrawal = (
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
        subject.key if subject is not None else None,
        judgement.from_month.period,
        judgement.months,
    )
    if arrangement_id is None:
        await tx.execute(_WITHDRAWAL, *withdrawal)
        return
    total, renewed = judgement.limit.total, application.auto_renewal and kind.form == "rent"
    await tx.execute(
        _ARRANGED,
        *withdrawal,
        kind.group,
        application.frequency,
        judgement.limit.monthly.fen if judgement.limit.monthly else None,
        total.fen if total else None,
        judgement.until_month.period,
        renewed,
        now if renewed else None,
        now,
        asked_again(application),
    )


_WITHDRAWAL = """
INSERT INTO withdrawal (account_no, withdrawal_id, case_id, arrangement_id, kind, reason, amount_fen, hold_id, state,
    card_id, card_account_no, subject_key, from_period, months)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'requested', $9, $10, $11, $12, $13)
"""

_ARRANGED = f"""
WITH arranged AS (
    INSERT INTO withdrawal_arrangement (account_no, arrangement_id, case_id, kind, exclusion_group, frequency,
        monthly_limit_fen, total_limit_fen, from_period, until_period, state, card_id, auto_renewal,
        auto_renewal_consented_at, commitment_at, subject_key, asked_cipher)
    VALUES ($1, $4, $3, $5, $14, $15, $16, $17, $12, $18, 'requested', $9, $19, $20, $21, $11, $22))
{_WITHDRAWAL}
"""
