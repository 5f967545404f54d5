"""异地转移接续: a transfer of the caller between this centre and another city's."""

from __future__ import annotations

from datetime import date, datetime

import strawberry

from domain import cases, transfers
from domain.kernel.money import Money
from domain.transfers import Centre, TransferEvent, TransferIn, TransferView
from schema.guards import CITIZEN, OWNER, PUBLIC, resolved, shown
from schema.types.cases import CaseStep, StepState
from schema.types.errors import UserError
from schema.types.nodes import Node, global_id, key_of

_KEY = "请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same"


@strawberry.type(description="转出地中心 · a centre of another city that money can be transferred from")
class TransferCentre:
    code: str = shown(PUBLIC, "中心代码 · code on the national transfer platform")
    name: str = shown(PUBLIC, "中心名称 · name")
    region_code: str = shown(PUBLIC, "行政区划代码 · region (GB/T 2260)")

    @classmethod
    def of(cls, centre: Centre) -> TransferCentre:
        return cls(code=centre.code, name=centre.name, region_code=centre.region_code)


@strawberry.type(description="转移记录 · something that happened to a transfer, as the person is told it")
class TransferRecord:
    at: datetime = shown(CITIZEN, "时间 · when")
    name: str = shown(CITIZEN, "事项 · what happened")
    state_name: str = shown(CITIZEN, "状态 · state after it")
    note: str | None = shown(CITIZEN, "说明 · what was said; null for nothing")

    @classmethod
    def of(cls, event: TransferEvent) -> TransferRecord:
        return cls(at=event.at, name=event.action_name, state_name=event.to_state_name, note=event.note)


@strawberry.type(description="异地转移 · a transfer in or out, with what happens next in words")
class Transfer(Node):
    view: strawberry.Private[TransferView]
    owner_id: strawberry.Private[int | None]
    id: strawberry.ID = shown(OWNER, "全局编号 · global id")
    transfer_no: str = shown(OWNER, "受理编号 · number of the transfer")
    direction: str = shown(OWNER, "方向代码 · `in`, `out`")
    direction_name: str = shown(OWNER, "方向 · direction in words")
    letter_no: str | None = shown(OWNER, "联系函编号 · number of the contact letter; null before it was sent")
    other_centre: str = shown(OWNER, "对方中心 · the other city's centre")
    other_account_masked: str = shown(OWNER, "对方个人账号（掩码） · account there, masked")
    state: str = shown(OWNER, "状态代码 · the platform's code; `applied` and `declined` before the letter")
    state_name: str = shown(OWNER, "状态 · state in words")
    explanation: str = shown(OWNER, "说明 · what this state means and what comes next")
    amount: Money | None = shown(OWNER, "转移金额 · amount; null until the paying centre has named it")
    money_name: str = shown(OWNER, "资金状态 · where the money is")
    cancellable: bool = shown(OWNER, "可否撤销 · whether `cancelTransfer` is possible now")
    applied_at: datetime = shown(OWNER, "申请时间 · when it was applied for")
    due_on: date = shown(OWNER, "办理期限 · by when it is to be done")
    ended_at: datetime | None = shown(OWNER, "办结时间 · when it ended; null while it runs")

    @resolved(OWNER, "可否答复 · whether `answerTransfer` is possible now: in negotiation or refused there")
    def answerable(self) -> bool:
        return transfers.may_answer(self.view)

    @resolved(OWNER, "评价等级 · grade given, 5 非常满意 … 1 非常不满意; null while there is none")
    async def evaluation(self) -> int | None:
        if not transfers.was_served(self.view):
            return None
        given = await cases.evaluation_of(account_no=self.view.account_no, case_id=self.view.transfer_id)
        return None if given is None else given.grade

    @resolved(
        OWNER, "可否评价 · whether `evaluateTransfer` is possible: it has ended and was not evaluated, or is again"
    )
    async def evaluable(self) -> bool:
        if not transfers.was_served(self.view):
            return False
        return (
            await cases.second_asked(account_no=self.view.account_no, case_id=self.view.transfer_id)
            or await self.evaluation() is None
        )

    @resolved(OWNER, "差评答复 · the centre's answer to a bad review; null before the call-back")
    async def evaluation_reply(self) -> str | None:
        return await cases.reply_of(account_no=self.view.account_no, case_id=self.view.transfer_id)

    @resolved(OWNER, "原因 · why it is negotiated, was refused or has failed; null for nothing said", list_size=10)
    async def reason(self) -> str | None:
        return transfers.reason_of(await transfers.events_of(view=self.view), view=self.view)

    @resolved(OWNER, "办理进度 · the steps of the transfer, in order", list_size=5)
    async def steps(self) -> list[CaseStep]:
        return transfer_steps(self.view, await transfers.events_of(view=self.view))

    @resolved(OWNER, "办理与协商记录 · what happened, the oldest first", list_size=10)
    async def records(self) -> list[TransferRecord]:
        return [TransferRecord.of(one) for one in transfers.told(await transfers.events_of(view=self.view))]

    @classmethod
    def of(cls, view: TransferView, *, owner_id: int | None) -> Transfer:
        return cls(
            id=global_id("Transfer", view.transfer_no),
            view=view,
            owner_id=owner_id,
            transfer_no=view.transfer_no,
            direction=view.direction,
            direction_name=view.direction_name,
            letter_no=view.letter_no,
            other_centre=view.other_centre_name,
            other_account_masked=view.other_account_masked,
            state=view.state,
            state_name=view.state_name,
            explanation=view.state_explanation,
            amount=view.amount,
            money_name=view.money_name,
            cancellable=view.direction == "in" and view.state in ("applied", "01") and view.cancel_asked_at is None,
            applied_at=view.applied_at,
            due_on=view.due_on,
            ended_at=view.ended_at,
        )


@strawberry.input(description="异地转入申请 · asks for the money of the caller's account in another city")
class ApplyForTransferInInput:
    other_centre: str = strawberry.field(description="转出地中心代码 · code of the centre, see `transferCentres`")
    other_account: str = strawberry.field(description="转出地个人账号 · the caller's account there")
    request_key: str = strawberry.field(description=_KEY)
    dry_run: bool = strawberry.field(default=False, description="试办 · judge everything, leave nothing behind")

    def wanted(self) -> TransferIn:
        return TransferIn(other_centre=self.other_centre, other_account=self.other_account.strip())


@strawberry.input(description="撤销转入 · takes the application back, while the other centre has not received it")
class CancelTransferInput:
    id: strawberry.ID = strawberry.field(description="转移全局编号 · global id of the transfer")
    request_key: str = strawberry.field(description=_KEY)

    def transfer_no(self) -> str:
        """Raises Refused when the id is no transfer's."""
        return key_of(self.id, kind="Transfer", field="id")


@strawberry.input(description="答复协商 · what the person says to a negotiation or a refusal")
class AnswerTransferInput:
    id: strawberry.ID = strawberry.field(description="转移全局编号 · global id of the transfer")
    statement: str = strawberry.field(description="说明 · 4 to 200 characters")
    request_key: str = strawberry.field(description=_KEY)

    def transfer_no(self) -> str:
        """Raises Refused when the id is no transfer's."""
        return key_of(self.id, kind="Transfer", field="id")


@strawberry.input(description="评价异地转移 · an opinion of a transfer that has ended")
class EvaluateTransferInput:
    id: strawberry.ID = strawberry.field(description="转移全局编号 · global id of the transfer")
    grade: int = strawberry.field(description="评价等级 · grade: 5 非常满意 … 1 非常不满意")
    comment: str | None = strawberry.field(default=None, description="评价内容 · at most 500 characters")
    tags: list[str] = strawberry.field(default_factory=list, description="评价指标 · codes of indicators")
    request_key: str = strawberry.field(description=_KEY)

    def transfer_no(self) -> str:
        """Raises Refused when the id is no transfer's."""
        return key_of(self.id, kind="Transfer", field="id")


@strawberry.type(description="异地转移办理结果 · the transfer as it now stands")
class TransferPayload:
    transfer: Transfer | None = shown(CITIZEN, "异地转移 · the transfer; null when refused or rehearsed")
    user_errors: list[UserError] = shown(CITIZEN, "不予受理的原因 · every reason at once; empty when done")

    @classmethod
    def of(cls, view: TransferView | None, *, owner_id: int | None) -> TransferPayload:
        return cls(transfer=None if view is None else Transfer.of(view, owner_id=owner_id), user_errors=[])

    @classmethod
    def refused(cls, errors: list[UserError]) -> TransferPayload:
        return cls(transfer=None, user_errors=errors)


def transfer_steps(view: TransferView, events: list[TransferEvent]) -> list[CaseStep]:
    reached = {view.flow.steps[0].code: view.applied_at}
    for event in events:
        reached[view.flow.state(event.to_state).step] = event.at
    progress = view.flow.progress(state=view.state, visited={event.to_state for event in events})
    return [
        CaseStep(
            code=step.code,
            name=step.name,
            state=StepState(step.status),
            at=None if step.status in ("to_do", "skipped") else reached.get(step.code),
        )
        for step in progress
    ]
