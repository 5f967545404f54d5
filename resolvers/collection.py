"""The employer that the caller acts for: lists and statements."""

from __future__ import annotations

from domain import contributions
from domain.contributions import Drawn, ListOpened
from domain.kernel.actor import Actor
from domain.kernel.refusal import Refused
from resolvers.mutation import refusable
from schema.context import Info
from schema.types.collection import ContributionList, Employer, ListRow, RemittanceStatement
from schema.types.collection_payloads import (
    AddListRowsInput,
    CancelListInput,
    CancelStatementInput,
    CollectStatementInput,
    ContributionListPayload,
    DrawBackPaymentInput,
    DrawStatementInput,
    PayStatementInput,
    RecheckListInput,
    RemoveListRowInput,
    StatementPayload,
    SubmitListInput,
)


async def employer(info: Info) -> Employer | None:
    try:
        return Employer.of(await contributions.standing_of(employer_no=_employer_no(info.context.actor)))
    except Refused:
        # appointed for an employer whose account was never opened
        return None


@refusable(ContributionListPayload)
async def add_list_rows(info: Info, input: AddListRowsInput) -> ContributionListPayload:
    context = info.context
    opened, rows = await contributions.add_rows(
        actor=context.actor,
        employer_no=_employer_no(context.actor),
        kind=input.kind.value,
        month=input.month,
        rows=[row.texts() for row in input.rows],
        registries=context.person_registries,
        request_key=input.request_key,
        now=context.now,
        business_date=context.business_date,
        dry_run=input.dry_run,
    )
    shown = [ListRow.judged(row, employer_no=_employer_no(context.actor)) for row in rows]
    if input.dry_run:
        return ContributionListPayload(contribution_list=None, rows=shown, user_errors=[])
    return await _list(info, opened, shown)


@refusable(ContributionListPayload)
async def remove_list_row(info: Info, input: RemoveListRowInput) -> ContributionListPayload:
    context = info.context
    opened = await contributions.remove_row(
        actor=context.actor,
        employer_no=_employer_no(context.actor),
        list_no=input.list_no,
        row_no=input.row_no,
        request_key=input.request_key,
        now=context.now,
    )
    return await _list(info, opened)


@refusable(ContributionListPayload)
async def recheck_list(info: Info, input: RecheckListInput) -> ContributionListPayload:
    context = info.context
    opened = await contributions.recheck_list(
        actor=context.actor,
        employer_no=_employer_no(context.actor),
        list_no=input.list_no,
        request_key=input.request_key,
        now=context.now,
    )
    return await _list(info, opened)


@refusable(ContributionListPayload)
async def submit_list(info: Info, input: SubmitListInput) -> ContributionListPayload:
    context = info.context
    opened = await contributions.submit_list(
        actor=context.actor,
        employer_no=_employer_no(context.actor),
        list_no=input.list_no,
        accepted_only=input.accepted_only,
        request_key=input.request_key,
        now=context.now,
        business_date=context.business_date,
    )
    return await _list(info, opened)


@refusable(ContributionListPayload)
async def cancel_list(info: Info, input: CancelListInput) -> ContributionListPayload:
    context = info.context
    opened = await contributions.cancel_list(
        actor=context.actor,
        employer_no=_employer_no(context.actor),
        list_no=input.list_no,
        reason=input.reason,
        request_key=input.request_key,
        now=context.now,
    )
    return await _list(info, opened)


@refusable(StatementPayload)
async def draw_statement(info: Info, input: DrawStatementInput) -> StatementPayload:
    context = info.context
    drawn = await contributions.draw_statement(
        actor=context.actor,
        employer_no=_employer_no(context.actor),
        month=input.month,
        method=input.method.value if input.method else None,
        detail=input.detail,
        request_key=input.request_key,
        now=context.now,
        business_date=context.business_date,
    )
    return await _statement(info, drawn.statement_no)


@refusable(StatementPayload)
async def draw_back_payment(info: Info, input: DrawBackPaymentInput) -> StatementPayload:
    context = info.context
    drawn: Drawn = await contributions.draw_back_payment(
        actor=context.actor,
        employer_no=_employer_no(context.actor),
        list_no=input.list_no,
        accepted_only=input.accepted_only,
        method=input.method.value if input.method else None,
        detail=input.detail,
        request_key=input.request_key,
        now=context.now,
        business_date=context.business_date,
    )
    return await _statement(info, drawn.statement_no)


@refusable(StatementPayload)
async def cancel_statement(info: Info, input: CancelStatementInput) -> StatementPayload:
    context = info.context
    await contributions.cancel_statement(
        actor=context.actor,
        employer_no=_employer_no(context.actor),
        statement_no=input.statement_no,
        reason=input.reason,
        request_key=input.request_key,
        now=context.now,
    )
    return await _statement(info, input.statement_no)


@refusable(StatementPayload)
async def pay_statement(info: Info, input: PayStatementInput) -> StatementPayload:
    context = info.context
    await contributions.change_payment_of_statement(
        actor=context.actor,
        employer_no=_employer_no(context.actor),
        statement_no=input.statement_no,
        method=input.method.value,
        detail=input.detail,
        request_key=input.request_key,
        now=context.now,
        business_date=context.business_date,
    )
    return await _statement(info, input.statement_no)


@refusable(StatementPayload)
async def collect_statement(info: Info, input: CollectStatementInput) -> StatementPayload:
    context = info.context
    await contributions.collect_now(
        actor=context.actor,
        employer_no=_employer_no(context.actor),
        statement_no=input.statement_no,
        request_key=input.request_key,
        now=context.now,
        business_date=context.business_date,
    )
    return await _statement(info, input.statement_no)


def _employer_no(actor: Actor) -> int:
    assert actor.employer_no is not None, "the guard lets agents in only"
    return actor.employer_no


async def _list(info: Info, opened: ListOpened, rows: list[ListRow] | None = None) -> ContributionListPayload:
    actor = info.context.actor
    view = await contributions.list_of(actor=actor, employer_no=_employer_no(actor), list_no=opened.list_no)
    return ContributionListPayload(contribution_list=ContributionList.of(view), rows=rows or [], user_errors=[])


async def _statement(info: Info, statement_no: str) -> StatementPayload:
    actor = info.context.actor
    view = await contributions.statement_of(actor=actor, employer_no=_employer_no(actor), statement_no=statement_no)
    return StatementPayload(statement=RemittanceStatement.of(view), user_errors=[])
