"""What the caller is listed for, and appeals against it."""

from __future__ import annotations

from domain import contributions
from resolvers.mutation import refusable
from schema.context import Info
from schema.types.risk import AppealRiskRecordInput, RiskRecord, RiskRecordPayload, WithdrawRiskAppealInput


async def risk_records(info: Info) -> list[RiskRecord]:
    context = info.context
    return [RiskRecord.of(one) for one in await contributions.listed_entries_of(actor=context.actor, now=context.now)]


@refusable(RiskRecordPayload)
async def appeal_risk_record(info: Info, input: AppealRiskRecordInput) -> RiskRecordPayload:
    view = await contributions.appeal_against_entry(
        actor=info.context.actor,
        entry_id=input.entry_id(),
        statement=input.statement,
        request_key=input.request_key,
        now=info.context.now,
    )
    return RiskRecordPayload.of(view)


@refusable(RiskRecordPayload)
async def withdraw_risk_appeal(info: Info, input: WithdrawRiskAppealInput) -> RiskRecordPayload:
    view = await contributions.withdraw_own_appeal(
        actor=info.context.actor,
        entry_id=input.entry_id(),
        request_key=input.request_key,
        now=info.context.now,
    )
    return RiskRecordPayload.of(view)
