"""A case as its applicant and the staff of the desk see it: one type; some fields are the desk's."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum

import strawberry

from domain import cases, catalogue, settlement, withdrawals
from domain.cases import CaseEvent, CaseView
from domain.kernel.money import Money
from domain.withdrawals import FLAGS
from schema.context import Info
from schema.describing import member
from schema.guards import CITIZEN_OR_DESK, DESK, OWNER_OR_DESK, resolved, shown
from schema.types.case_parts import (
    CaseCheck,
    CaseCorrection,
    CaseHistoryEntry,
    CaseSeat,
    Explanation,
    FormEntry,
    Payment,
    ReviewFlag,
)
from schema.types.nodes import Node, global_id
from schema.types.withdrawals import CorrectableField


@strawberry.enum(description="环节进度 · how far a step is")
class StepState(Enum):
    DONE = member("done", "已完成 · done")
    CURRENT = member("current", "办理中 · where the case stands")
    WAITING = member("to_do", "待办理 · still to come")
    SKIPPED = member("skipped", "未经过 · not passed through")


@strawberry.type(description="办理环节 · step of a case")
class CaseStep:
    code: str = shown(CITIZEN_OR_DESK, "环节代码 · code")
    name: str = shown(CITIZEN_OR_DESK, "环节名称 · name")
    state: StepState = shown(CITIZEN_OR_DESK, "环节进度 · how far it is")
    at: datetime | None = shown(CITIZEN_OR_DESK, "到达时间 · when the case came to this step")


@strawberry.type(description="办件 · service case: one application for one matter, on whatever channel")
class Case(Node):
    view: strawberry.Private[CaseView]
    owner_id: strawberry.Private[int]
    id: strawberry.ID = shown(OWNER_OR_DESK, "全局编号 · global id")
    case_no: str = shown(OWNER_OR_DESK, "办件编号 · number that the applicant quotes")
    item_code: str = shown(OWNER_OR_DESK, "事项编码 · code of the service item")
    item: str = shown(OWNER_OR_DESK, "事项标识 · identifier of the service item")
    item_name: str = shown(OWNER_OR_DESK, "事项名称 · name of the service item")
    channel: str = shown(OWNER_OR_DESK, "受理渠道 · channel that it came by")
    state: str = shown(OWNER_OR_DESK, "办件状态代码 · state")
    state_name: str = shown(OWNER_OR_DESK, "办件状态 · state in words")
    amount: Money = shown(OWNER_OR_DESK, "申请金额 · amount")
    submitted_at: datetime = shown(OWNER_OR_DESK, "申请时间 · when it was submitted")
    due_on: date = shown(OWNER_OR_DESK, "应办结日期 · to be decided by")
    decided_at: datetime | None = shown(OWNER_OR_DESK, "审核时间 · when it was decided")
    ended_at: datetime | None = shown(OWNER_OR_DESK, "办结时间 · when it ended")
    evaluation: int | None = shown(OWNER_OR_DESK, "评价等级 · grade given, 5 非常满意 … 1 非常不满意")
    applicant_name: str = shown(OWNER_OR_DESK, "申请人（脱敏）· applicant, masked")
    office_code: str = shown(DESK, "管理部代码 · management office in charge")
    locked_until: datetime | None = shown(DESK, "领取有效至 · until when a reviewer has it")

    @resolved(OWNER_OR_DESK, "状态说明 · what the state means for the applicant")
    def state_explanation(self) -> str:
        return self.view.flow.state(self.view.state).explanation

    @resolved(OWNER_OR_DESK, "办理进度 · the steps of the case, in order")
    async def steps(self, info: Info) -> list[CaseStep]:
        history = await info.context.loaders.history_of(case=self.view)
        return _steps(self.view, history)

    @resolved(OWNER_OR_DESK, "办理过程 · who did what when, the oldest first")
    async def history(self, info: Info) -> list[CaseHistoryEntry]:
        history = await info.context.loaders.history_of(case=self.view)
        return [CaseHistoryEntry.of(event) for event in history]

    @resolved(OWNER_OR_DESK, "审核依据说明 · how the decision came about, in plain words")
    def explanation(self) -> list[Explanation]:
        return Explanation.all_of(self.view.explanation)

    @resolved(OWNER_OR_DESK, "可办操作 · what the caller may do now, such as cancel, evaluate, claim, approve")
    async def allowed_actions(self, info: Info) -> list[str]:
        context = info.context
        return list(await cases.allowed_actions(case=self.view, actor=context.actor, now=context.now))

    @resolved(OWNER_OR_DESK, "支付情况 · payment; null while nothing was approved")
    async def payment(self) -> Payment | None:
        payment = await settlement.payment_of_case(account_no=self.view.account_no, case_id=self.view.case_id)
        return None if payment is None else Payment.of(payment)

    @resolved(OWNER_OR_DESK, "差评答复 · the centre's answer to a bad review; null before the call-back")
    async def evaluation_reply(self) -> str | None:
        return await cases.reply_of(account_no=self.view.account_no, case_id=self.view.case_id)

    @resolved(OWNER_OR_DESK, "补正要求 · what the applicant was asked to correct, the newest first", list_size=3)
    async def corrections(self) -> list[CaseCorrection]:
        return [CaseCorrection.of(one) for one in await cases.corrections_of(case=self.view)]

    @resolved(
        OWNER_OR_DESK, "可更正项目 · the form's fields while the applicant is asked to correct; else none", list_size=9
    )
    def correctable_fields(self) -> list[CorrectableField]:
        return [CorrectableField.of(one) for one in withdrawals.correctable_fields(case=self.view)]

    @resolved(DESK, "签批情况 · the seats that sign in this state; empty where nobody does", list_size=3)
    async def signatures(self, info: Info) -> list[CaseSeat]:
        signing = await cases.signing_of(case=self.view, now=info.context.now)
        return [] if signing is None else CaseSeat.all_of(signing)

    @resolved(OWNER_OR_DESK, "申请内容 · what the applicant declared, personal data masked")
    def form(self) -> list[FormEntry]:
        return FormEntry.all_of(self.view.form)

    @resolved(DESK, "核验记录 · what other agencies answered")
    async def checks(self) -> list[CaseCheck]:
        return [CaseCheck.of(check) for check in await cases.checks_of(case=self.view)]

    @resolved(DESK, "人工核验提示 · why staff must look at it by hand")
    def flags(self) -> list[ReviewFlag]:
        return [ReviewFlag(code=flag, message=FLAGS.get(flag, flag)) for flag in self.view.flags]

    @resolved(DESK, "是否由本人领取 · whether the caller has it")
    def claimed_by_me(self, info: Info) -> bool:
        context = info.context
        return self.view.is_locked(now=context.now) and self.view.locked_by == context.actor.staff_id

    @resolved(DESK, "渠道名称 · name of the channel")
    def channel_name(self) -> str:
        return catalogue.channels().get(self.view.channel, self.view.channel)

    @classmethod
    def of(cls, view: CaseView) -> Case:
        return cls(
            view=view,
            owner_id=view.person_id,
            id=global_id("Case", view.case_no),
            case_no=view.case_no,
            item_code=view.item_code,
            item=view.item,
            item_name=view.item_name,
            channel=view.channel,
            state=view.state,
            state_name=view.state_name,
            amount=view.amount,
            submitted_at=view.submitted_at,
            due_on=view.due_on,
            decided_at=view.decided_at,
            ended_at=view.ended_at,
            evaluation=view.evaluation,
            applicant_name=view.applicant_name,
            office_code=view.office_code,
            locked_until=view.locked_until,
        )


def _steps(view: CaseView, history: list[CaseEvent]) -> list[CaseStep]:
    flow = view.flow
    reached = {flow.steps[0].code: view.submitted_at}
    for event in history:
        reached[flow.state(event.to_state).step] = event.at
    return [
        CaseStep(
            code=step.code,
            name=step.name,
            state=StepState(step.status),
            at=None if step.status in ("to_do", "skipped") else reached.get(step.code),
        )
        for step in flow.progress(state=view.state, visited={event.to_state for event in history})
    ]
