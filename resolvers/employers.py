"""What an employer's agent changes of the employer itself."""

from __future__ import annotations

from typing import Any

from domain import contributions
from domain.contributions import CollectionAccount
from domain.kernel.actor import Actor
from resolvers.mutation import refusable
from schema.context import Info
from schema.types.collection import EmployerMatter
from schema.types.employer_matters import (
    ApplyForClosureInput,
    ApplyForTermInput,
    ChangeEmployerInformationInput,
    ChangePaymentMethodInput,
    ChangeRateInput,
    CollectionNotice,
    OpenEntrustedCollectionInput,
    ResumeInput,
    WithdrawMatterInput,
    basis_points,
)
from schema.types.papers import EmployerMatterPayload


async def collection_notice(info: Info) -> CollectionNotice:
    return CollectionNotice(
        version=contributions.NOTICE_VERSION,
        title=contributions.NOTICE_TITLE,
        paragraphs=list(contributions.NOTICE),
    )


@refusable(EmployerMatterPayload)
async def change_employer_information(info: Info, input: ChangeEmployerInformationInput) -> EmployerMatterPayload:
    matter_no = await contributions.change_information(**_where(info, input), changes=input.changes())
    return await matter_payload(info, matter_no)


@refusable(EmployerMatterPayload)
async def change_contribution_rate(info: Info, input: ChangeRateInput) -> EmployerMatterPayload:
    matter_no = await contributions.change_rate(**_where(info, input), rate_bp=basis_points(input.rate))
    return await matter_payload(info, matter_no)


@refusable(EmployerMatterPayload)
async def apply_for_term(info: Info, input: ApplyForTermInput) -> EmployerMatterPayload:
    matter_no = await contributions.apply_for_term(
        **_where(info, input),
        kind=input.kind.value,
        from_month=input.from_month,
        until_month=input.until_month,
        rate_bp=None if input.rate is None else basis_points(input.rate),
        documents=[one.given() for one in input.documents],
    )
    return await matter_payload(info, matter_no)


@refusable(EmployerMatterPayload)
async def resume_contributions(info: Info, input: ResumeInput) -> EmployerMatterPayload:
    matter_no = await contributions.resume(**_where(info, input), from_month=input.from_month)
    return await matter_payload(info, matter_no)


@refusable(EmployerMatterPayload)
async def change_payment_method(info: Info, input: ChangePaymentMethodInput) -> EmployerMatterPayload:
    matter_no = await contributions.change_payment_method(**_where(info, input), method=input.method.value)
    return await matter_payload(info, matter_no)


@refusable(EmployerMatterPayload)
async def open_entrusted_collection(info: Info, input: OpenEntrustedCollectionInput) -> EmployerMatterPayload:
    matter_no = await contributions.open_entrusted_collection(
        **_where(info, input),
        account=CollectionAccount(
            bank_code=input.bank_code,
            account_no=input.account_no,
            account_name=input.account_name,
            day=input.day,
        ),
        notice_version=input.notice_version,
    )
    return await matter_payload(info, matter_no)


@refusable(EmployerMatterPayload)
async def apply_for_closure(info: Info, input: ApplyForClosureInput) -> EmployerMatterPayload:
    matter_no = await contributions.apply_for_closure(
        **_where(info, input), reason=input.reason, documents=[one.given() for one in input.documents]
    )
    return await matter_payload(info, matter_no)


@refusable(EmployerMatterPayload)
async def withdraw_matter(info: Info, input: WithdrawMatterInput) -> EmployerMatterPayload:
    context = info.context
    await contributions.withdraw_matter(
        actor=context.actor,
        employer_no=employer_no_of(context.actor),
        matter_no=input.matter_no,
        reason=input.reason,
        request_key=input.request_key,
        now=context.now,
    )
    return await matter_payload(info, input.matter_no)


def employer_no_of(actor: Actor) -> int:
    assert actor.employer_no is not None, "the guard lets agents in only"
    return actor.employer_no


async def matter_payload(info: Info, matter_no: str) -> EmployerMatterPayload:
    """The matter as it now stands."""
    actor = info.context.actor
    views = await contributions.matters_of(actor=actor, employer_no=employer_no_of(actor))
    matter = next((EmployerMatter.of(one) for one in views if one.matter_no == matter_no), None)
    return EmployerMatterPayload(matter=matter, user_errors=[])


def _where(info: Info, input: Any) -> dict[str, Any]:
    context = info.context
    return {
        "actor": context.actor,
        "employer_no": employer_no_of(context.actor),
        "request_key": input.request_key,
        "now": context.now,
        "business_date": context.business_date,
    }
