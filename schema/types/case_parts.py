"""What a case is made of. Reached only through a case, which is shown to its applicant and to the desk."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import strawberry

from domain.cases import CaseCheck as Check
from domain.cases import CaseEvent, Correction, Signing, reason_name
from domain.kernel.money import Money
from domain.settlement import PaymentView
from domain.withdrawals import TITLES, declared_in_words
from schema.guards import CITIZEN_OR_DESK, DESK, shown


@strawberry.type(description="说明 · one paragraph of an explanation")
class Explanation:
    title: str = shown(CITIZEN_OR_DESK, "标题 · what it is about")
    text: str = shown(CITIZEN_OR_DESK, "内容 · in plain words")

    @classmethod
    def all_of(cls, lines: list[dict[str, str]]) -> list[Explanation]:
        return [cls(title=line["title"], text=line["text"]) for line in lines]


@strawberry.type(description="申请内容 · one thing that the applicant declared")
class FormEntry:
    name: str = shown(CITIZEN_OR_DESK, "项目代码 · code")
    title: str = shown(CITIZEN_OR_DESK, "项目 · name")
    value: str = shown(CITIZEN_OR_DESK, "内容 · what was declared, personal data masked")

    @classmethod
    def all_of(cls, form: Mapping[str, Any]) -> list[FormEntry]:
        """Entries that were filled in; references to other objects are left out."""
        return [
            cls(name=name, title=title, value=value)
            for name, title, value in declared_in_words(form)
            if name in TITLES and name != "card_id"
        ]


@strawberry.type(description="补正要求 · what an applicant was asked to correct")
class CaseCorrection:
    reason: str = shown(CITIZEN_OR_DESK, "原因 · reason in words")
    note: str = shown(CITIZEN_OR_DESK, "要求 · what is to be corrected")
    due_on: date = shown(CITIZEN_OR_DESK, "期限 · the last day")
    state: str = shown(CITIZEN_OR_DESK, "状态代码 · `asked`, `answered`, `expired` or `dropped`")
    statement: str | None = shown(CITIZEN_OR_DESK, "补正说明 · the applicant's answer; null until there is one")

    @classmethod
    def of(cls, view: Correction) -> CaseCorrection:
        return cls(reason=view.reason, note=view.note, due_on=view.due_on, state=view.state, statement=view.statement)


@strawberry.type(description="签批席位 · one signature of a review")
class CaseSeat:
    name: str = shown(DESK, "席位 · which seat")
    signer_name: str | None = shown(DESK, "签署人 · who has signed; null while nobody has")
    decision: str | None = shown(DESK, "意见代码 · `approve` or `refuse`; null while nobody has signed")
    signed_at: datetime | None = shown(DESK, "签署时间 · when")

    @classmethod
    def all_of(cls, signing: Signing) -> list[CaseSeat]:
        given = {one.seat: one for one in signing.signatures}
        return [
            cls(
                name=seat.name,
                signer_name=given[seat.code].signer_name if seat.code in given else None,
                decision=given[seat.code].decision if seat.code in given else None,
                signed_at=given[seat.code].signed_at if seat.code in given else None,
            )
            for seat in signing.seats
        ]


@strawberry.type(description="办理记录 · one line of the history")
class CaseHistoryEntry:
    seq: int = shown(CITIZEN_OR_DESK, "序号 · order")
    at: datetime = shown(CITIZEN_OR_DESK, "时间 · when")
    action: str = shown(CITIZEN_OR_DESK, "操作代码 · action")
    action_name: str = shown(CITIZEN_OR_DESK, "操作 · action in words")
    from_state: str | None = shown(CITIZEN_OR_DESK, "原状态 · state before")
    to_state: str = shown(CITIZEN_OR_DESK, "新状态 · state after")
    to_state_name: str = shown(CITIZEN_OR_DESK, "新状态 · state after, in words")
    actor_kind: str = shown(CITIZEN_OR_DESK, "操作人类型 · citizen, staff or system")
    actor_name: str = shown(DESK, "操作人 · who did it")
    reason_code: str | None = shown(CITIZEN_OR_DESK, "原因代码 · reason")
    reason: str | None = shown(CITIZEN_OR_DESK, "原因 · reason in words")
    note: str | None = shown(CITIZEN_OR_DESK, "说明 · note")

    @classmethod
    def of(cls, event: CaseEvent) -> CaseHistoryEntry:
        return cls(
            seq=event.seq,
            at=event.at,
            action=event.action,
            action_name=event.action_name,
            from_state=event.from_state,
            to_state=event.to_state,
            to_state_name=event.to_state_name,
            actor_kind=event.actor_kind,
            actor_name=event.actor_name,
            reason_code=event.reason_code,
            reason=reason_name(event.reason_code) or None,
            note=event.note,
        )


@strawberry.type(description="核验记录 · what an agency answered")
class CaseCheck:
    kind: str = shown(DESK, "核验类型代码 · kind")
    kind_name: str = shown(DESK, "核验类型 · kind in words")
    agency: str = shown(DESK, "答复单位 · agency")
    asked_at: datetime = shown(DESK, "查询时间 · when it was asked")
    as_of: datetime | None = shown(DESK, "数据时点 · the instant that the answer stands for")
    outcome: str = shown(DESK, "核验结果 · passed, failed or unanswered")
    summary: str = shown(DESK, "结果摘要 · in words")
    trace_no: str = shown(DESK, "查询流水号 · finds the call in both logs")
    override_reason: str | None = shown(DESK, "通过初审的原因 · why staff passed over it")

    @classmethod
    def of(cls, check: Check) -> CaseCheck:
        return cls(
            kind=check.kind,
            kind_name=check.kind_name,
            agency=check.agency,
            asked_at=check.asked_at,
            as_of=check.as_of,
            outcome=check.outcome,
            summary=check.summary,
            trace_no=check.trace_no,
            override_reason=check.override_reason,
        )


@strawberry.type(description="人工核验提示 · why staff must look at a case by hand")
class ReviewFlag:
    code: str = shown(DESK, "提示代码 · code")
    message: str = shown(DESK, "提示语 · what to look at")


@strawberry.type(description="支付 · payment to the applicant's card")
class Payment:
    state: str = shown(CITIZEN_OR_DESK, "支付状态代码 · state")
    state_name: str = shown(CITIZEN_OR_DESK, "支付状态 · state in words")
    amount: Money = shown(CITIZEN_OR_DESK, "支付金额 · amount")
    bank_name: str = shown(CITIZEN_OR_DESK, "收款银行 · bank")
    card_masked: str = shown(CITIZEN_OR_DESK, "收款卡号（脱敏）· card, masked")
    confirmed_at: datetime | None = shown(CITIZEN_OR_DESK, "到账时间 · when the bank confirmed it")

    @classmethod
    def of(cls, payment: PaymentView) -> Payment:
        return cls(
            state=payment.state,
            state_name=payment.state_name,
            amount=payment.amount,
            bank_name=payment.bank_name,
            card_masked=payment.payee_account_masked,
            confirmed_at=payment.ended_at if payment.state == "confirmed" else None,
        )
