"""缴存证明: a person's account as it stands today, under the centre's seal, made at once for the person themselves."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from domain import archives, policy
from domain.archives import Paper, PaperView
from domain.contributions.accounts import account_nos_of, account_of, months_contributed_consecutively
from domain.contributions.persons import clear_person
from domain.contributions.refusals import ACCOUNT_NOT_FOUND
from domain.kernel import idempotency
from domain.kernel.actor import Actor
from domain.kernel.database import transaction
from domain.kernel.identifiers import mask_id_document, mask_name
from domain.kernel.refusal import NOT_PERMITTED, REAL_NAME_REQUIRED, Refused

KIND, LETTERS = "contribution_certificate", "JC"


async def issue_contribution_certificate(
    *, actor: Actor, account_no: int, request_key: str, now: datetime, business_date: date
) -> PaperView:
    """For one of the citizen's own accounts. The same key gives the same paper. Raises Refused."""
    await require_own(actor=actor, account_no=account_no)
    assert actor.person_id is not None
    person = await clear_person(person_id=actor.person_id)
    async with transaction() as tx:
        await tx.execute("SELECT 1 FROM account WHERE account_no = $1 FOR NO KEY UPDATE", account_no)
        begun = await idempotency.begin(
            tx, actor=actor, account_no=account_no, request_key=request_key,
            operation="issue_contribution_certificate", given={"account_no": account_no}, now=now,
        )  # fmt: skip
        if begun is not None:
            return await archives.paper_view(account_no=account_no, paper_no=str(begun["paper_no"]))
        account = await account_of(account_no=account_no, using=tx)
        months = await months_contributed_consecutively(account_no=account_no, using=tx)
        paper = Paper(
            title="住房公积金缴存证明",
            facts=[
                ("姓名", person.name),
                ("证件号码", mask_id_document(person.document_no)),
                ("个人账号", str(account.account_no)),
                ("缴存单位", account.employer_name),
                ("管理部", account.office_name),
                ("开户日期", f"{account.opened_on:%Y-%m-%d}"),
                ("账户状态", account.state_name),
                ("缴存基数", account.base.yuan_text),
                ("月缴存额", account.monthly_contribution.yuan_text),
                ("缴至年月", str(account.paid_through) if account.paid_through else "尚未缴存"),
                ("至缴至年月连续缴存", f"{months}个月"),
                ("账户余额", account.balance.yuan_text),
            ],
            text=[
                f"以上为该职工个人住房公积金账户截至{business_date.year}年{business_date.month}月{business_date.day}日的"
                "缴存情况，特此证明。"
            ],
        )
        days = policy.on(business_date).number("collection.certificate_valid_days")
        paper_no = await archives.issue(
            tx, actor=actor, account_no=account_no, kind=KIND, letters=LETTERS, paper=paper,
            holder_shown=mask_name(person.name), reference=f"account:{account_no}",
            valid_until=business_date + timedelta(days=days), now=now, business_date=business_date,
        )  # fmt: skip
        await idempotency.finish(
            tx, actor=actor, account_no=account_no, request_key=request_key, result={"paper_no": paper_no}
        )
    return await archives.paper_view(account_no=account_no, paper_no=paper_no)


async def own_papers(*, actor: Actor) -> list[PaperView]:
    """Of all accounts of the citizen, the newest first. Raises Refused before the identity is verified."""
    if actor.kind != "citizen" or actor.person_id is None:
        raise Refused(NOT_PERMITTED())
    if not actor.is_real_name:
        raise Refused(REAL_NAME_REQUIRED())
    found = [
        paper
        for account_no in await account_nos_of(person_id=actor.person_id)
        for paper in await archives.papers_of(account_no=account_no)
    ]
    return sorted(found, key=lambda one: one.issued_at, reverse=True)


async def own_paper(*, actor: Actor, account_no: int, paper_no: str, now: datetime) -> bytes:
    """The sealed file. Raises Refused."""
    await require_own(actor=actor, account_no=account_no)
    return await archives.sealed_paper(actor=actor, account_no=account_no, paper_no=paper_no, now=now)


async def require_own(*, actor: Actor, account_no: int) -> None:
    """Another's account is refused in the same words as one that does not exist."""
    if actor.kind != "citizen" or actor.person_id is None:
        raise Refused(NOT_PERMITTED())
    if not actor.is_real_name:
        raise Refused(REAL_NAME_REQUIRED())
    if account_no not in await account_nos_of(person_id=actor.person_id):
        raise Refused(ACCOUNT_NOT_FOUND())
