"""Papers under the centre's seal, and the applications for them."""

from __future__ import annotations

import base64
from datetime import date

import strawberry

from domain import archives, contributions
from domain.archives import PaperView
from domain.kernel.dates import YearMonth
from schema.context import Info
from schema.guards import AGENT, CITIZEN_SELF, HOLDER, resolved, shown
from schema.types.collection import EmployerMatter
from schema.types.errors import UserError
from schema.types.matter_documents import DocumentInput

_KEY = "请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same"


@strawberry.type(description="电子文书 · a paper under the centre's electronic seal")
class SealedPaper:
    owner_id: strawberry.Private[int | None]
    employer_no: strawberry.Private[int | None]
    account_no: strawberry.Private[int]
    paper_no: str = shown(HOLDER, "编号 · number printed on it")
    title: str = shown(HOLDER, "名称 · what it is")
    issued_on: date = shown(HOLDER, "出具日期 · date of issue")
    valid_until: date | None = shown(HOLDER, "有效期至 · last day on which it is good")
    state: str = shown(HOLDER, "状态代码 · issued or revoked")
    state_name: str = shown(HOLDER, "状态 · state in words")
    revoke_reason: str | None = shown(HOLDER, "撤销原因 · why it was revoked")

    @resolved(HOLDER, "校验码 · what the verification page (`/verify`) asks for beside the number")
    def verification_code(self) -> str:
        return archives.verification_code(paper_no=self.paper_no)

    @resolved(HOLDER, "电子文件 · the sealed PDF in Base64; null once it is revoked")
    async def content(self, info: Info) -> str | None:
        if self.state != "issued":
            return None
        context = info.context
        if self.employer_no is not None:
            content = await contributions.employer_paper(
                actor=context.actor, employer_no=self.employer_no, paper_no=self.paper_no, now=context.now
            )
        else:
            content = await contributions.own_paper(
                actor=context.actor, account_no=self.account_no, paper_no=self.paper_no, now=context.now
            )
        return base64.b64encode(content).decode()

    @classmethod
    def of(cls, view: PaperView, *, owner_id: int | None = None, employer_no: int | None = None) -> SealedPaper:
        return cls(
            owner_id=owner_id,
            employer_no=employer_no,
            account_no=view.account_no,
            paper_no=view.paper_no,
            title=view.title,
            issued_on=view.issued_on,
            valid_until=view.valid_until,
            state=view.state,
            state_name=view.state_name,
            revoke_reason=view.revoke_reason,
        )


@strawberry.input(description="申请缴存证明 · a certificate of one of the caller's own accounts")
class IssueContributionCertificateInput:
    account_no: str = strawberry.field(description="个人账号 · account number")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="申请提取记录证明 · what was withdrawn from one of the caller's own accounts in a period")
class IssueWithdrawalRecordInput:
    account_no: str = strawberry.field(description="个人账号 · account number")
    from_day: date = strawberry.field(description="期间起 · first day")
    until_day: date = strawberry.field(description="期间止 · last day, at most ten years later and not after today")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="申请合规证明 · a certificate for a listing or a bankruptcy")
class ApplyForCertificateInput:
    kind: str = strawberry.field(description="种类 · listing_certificate or bankruptcy_certificate")
    from_month: YearMonth = strawberry.field(description="查询期间起 · first month")
    until_month: YearMonth = strawberry.field(description="查询期间止 · last month")
    purpose: str = strawberry.field(description="用途 · what it is for, 4 to 100 characters")
    documents: list[DocumentInput] = strawberry.field(
        default_factory=list, description="材料 · the court's ruling for a bankruptcy"
    )
    request_key: str = strawberry.field(description=_KEY)


@strawberry.type(description="电子文书办理结果 · the paper that was issued")
class SealedPaperPayload:
    paper: SealedPaper | None = shown(CITIZEN_SELF, "电子文书 · null when refused")
    user_errors: list[UserError] = shown(CITIZEN_SELF, "不予受理的原因 · all of them at once")

    @classmethod
    def refused(cls, errors: list[UserError]) -> SealedPaperPayload:
        return cls(paper=None, user_errors=errors)


@strawberry.type(description="单位业务办理结果 · the matter as it now stands")
class EmployerMatterPayload:
    matter: EmployerMatter | None = shown(AGENT, "单位业务 · null when refused")
    user_errors: list[UserError] = shown(AGENT, "不予受理的原因 · all of them at once")

    @classmethod
    def refused(cls, errors: list[UserError]) -> EmployerMatterPayload:
        return cls(matter=None, user_errors=errors)
