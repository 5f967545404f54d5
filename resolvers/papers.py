"""Papers under the centre's seal: a citizen's own, and an employer's certificates."""

from __future__ import annotations

from domain import contributions, withdrawals
from domain.contributions.refusals import ACCOUNT_NOT_FOUND
from domain.kernel.refusal import Refused
from resolvers.employers import employer_no_of, matter_payload
from resolvers.mutation import refusable
from schema.context import Info
from schema.types.papers import (
    ApplyForCertificateInput,
    EmployerMatterPayload,
    IssueContributionCertificateInput,
    IssueWithdrawalRecordInput,
    SealedPaper,
    SealedPaperPayload,
)


async def papers(info: Info) -> list[SealedPaper]:
    actor = info.context.actor
    found = await contributions.own_papers(actor=actor)
    return [SealedPaper.of(one, owner_id=actor.person_id) for one in found]


async def employer_papers(info: Info) -> list[SealedPaper]:
    number = employer_no_of(info.context.actor)
    found = await contributions.employer_papers(actor=info.context.actor, employer_no=number)
    return [SealedPaper.of(one, employer_no=number) for one in found]


@refusable(SealedPaperPayload)
async def issue_contribution_certificate(info: Info, input: IssueContributionCertificateInput) -> SealedPaperPayload:
    context = info.context
    paper = await contributions.issue_contribution_certificate(
        actor=context.actor,
        account_no=_account_no(input.account_no),
        request_key=input.request_key,
        now=context.now,
        business_date=context.business_date,
    )
    return SealedPaperPayload(paper=SealedPaper.of(paper, owner_id=context.actor.person_id), user_errors=[])


@refusable(SealedPaperPayload)
async def issue_withdrawal_record(info: Info, input: IssueWithdrawalRecordInput) -> SealedPaperPayload:
    context = info.context
    paper = await withdrawals.issue_record(
        actor=context.actor,
        account_no=_account_no(input.account_no),
        from_on=input.from_day,
        until_on=input.until_day,
        request_key=input.request_key,
        now=context.now,
        business_date=context.business_date,
    )
    return SealedPaperPayload(paper=SealedPaper.of(paper, owner_id=context.actor.person_id), user_errors=[])


def _account_no(given: str) -> int:
    """Raises Refused for what is no account number, in the same words as for another's."""
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise Refused(ACCOUNT_NOT_FOUND())
    return int(given)


@refusable(EmployerMatterPayload)
async def apply_for_certificate(info: Info, input: ApplyForCertificateInput) -> EmployerMatterPayload:
    context = info.context
    matter_no = await contributions.apply_for_certificate(
        actor=context.actor,
        employer_no=employer_no_of(context.actor),
        kind=input.kind,
        start=input.from_month,
        until=input.until_month,
        purpose=input.purpose,
        documents=[one.given() for one in input.documents],
        request_key=input.request_key,
        now=context.now,
        business_date=context.business_date,
    )
    return await matter_payload(info, matter_no)
