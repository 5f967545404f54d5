"""What an employer's agent changes of the employer itself: inputs; each answers the matter as it now stands."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import strawberry

from domain.contributions.refusals import RATE_STEP
from domain.kernel.dates import YearMonth
from domain.kernel.refusal import Refused
from schema.describing import member
from schema.guards import PUBLIC, shown
from schema.types.collection_payloads import PaymentMethod
from schema.types.matter_documents import DocumentInput

_KEY = "请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same"


@strawberry.enum(description="约定种类 · what is agreed for some months")
class TermKind(Enum):
    DEFERRAL = member("deferral", "缓缴 · nothing is due in these months")
    RATE_REDUCTION = member("rate_reduction", "降低缴存比例 · a lowered rate in these months")


@strawberry.input(description="变更单位信息 · contact and pay day; what is left out stays")
class ChangeEmployerInformationInput:
    address: str | None = strawberry.field(default=None, description="单位地址 · address")
    postcode: str | None = strawberry.field(default=None, description="邮政编码 · postcode, 6 digits")
    phone: str | None = strawberry.field(default=None, description="联系电话 · telephone")
    email: str | None = strawberry.field(default=None, description="电子信箱 · e-mail address")
    pay_day: int | None = strawberry.field(default=None, description="发薪日 · pay day, 1 to 31")
    request_key: str = strawberry.field(description=_KEY)

    def changes(self) -> dict[str, str]:
        given = {name: getattr(self, name) for name in ("address", "postcode", "phone", "email", "pay_day")}
        return {name: str(value) for name, value in given.items() if value is not None}


@strawberry.input(description="调整缴存比例 · both parts from the month that is remitted next")
class ChangeRateInput:
    rate: Decimal = strawberry.field(description="缴存比例 · rate, such as 0.12")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="申请缓缴或降低比例 · with the resolution of the employees' congress or the union")
class ApplyForTermInput:
    kind: TermKind = strawberry.field(description="约定种类 · deferral or a lowered rate")
    from_month: YearMonth = strawberry.field(description="开始年月 · first month")
    until_month: YearMonth = strawberry.field(description="结束年月 · last month, June of the fund year at the latest")
    rate: Decimal | None = strawberry.field(default=None, description="降低后的比例 · lowered rate; not for a deferral")
    documents: list[DocumentInput] = strawberry.field(description="材料 · the resolution")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="复缴 · ends a deferral or a lowered rate before the month")
class ResumeInput:
    from_month: YearMonth = strawberry.field(description="恢复年月 · first month that is owed in full again")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="变更缴款方式 · how statements are paid unless they say otherwise")
class ChangePaymentMethodInput:
    method: PaymentMethod = strawberry.field(description="缴款方式 · way to pay")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="开通委托收款 · with the notice acknowledged")
class OpenEntrustedCollectionInput:
    bank_code: str = strawberry.field(description="银行代码 · code of the entrusted bank")
    account_no: str = strawberry.field(description="扣款账号 · account, 8 to 32 digits")
    account_name: str = strawberry.field(description="户名 · its name, the employer's")
    day: int = strawberry.field(description="扣款日 · day of the month, 1 to 28")
    notice_version: str = strawberry.field(description="告知单版本 · version of the notice that was read and agreed to")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="申请单位销户 · with one of the papers that closes an employer")
class ApplyForClosureInput:
    reason: str = strawberry.field(description="原因 · why")
    documents: list[DocumentInput] = strawberry.field(description="材料 · the paper it rests on")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="撤回单位业务 · takes back what nobody has decided")
class WithdrawMatterInput:
    matter_no: str = strawberry.field(description="办件编号 · number of the matter")
    reason: str = strawberry.field(description="原因 · why, 4 to 500 characters")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.type(description="委托收款告知单 · the notice that is read and agreed to before entrusted collection opens")
class CollectionNotice:
    version: str = shown(PUBLIC, "版本 · version")
    title: str = shown(PUBLIC, "标题 · title")
    paragraphs: list[str] = shown(PUBLIC, "内容 · paragraphs")


def basis_points(rate: Decimal) -> int:
    """Raises Refused for what is no whole number of basis points."""
    points = rate * 10_000
    if points != points.to_integral_value():
        raise Refused(RATE_STEP(step="0.01%"))
    return int(points)
