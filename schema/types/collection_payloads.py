"""What an employer's agent can do: inputs, and payloads that answer the object as it now stands."""

from __future__ import annotations

from enum import Enum

import strawberry

from domain.kernel.dates import YearMonth
from schema.describing import member
from schema.guards import AGENT, shown
from schema.types.collection import ContributionList, ListRow, RemittanceStatement
from schema.types.errors import UserError

_KEY = "请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same"


@strawberry.enum(description="清册种类 · kind of a list")
class ListKind(Enum):
    CHANGE = member("change", "汇缴变更清册 · who comes, goes and changes in a month")
    BACK_PAYMENT = member("back_payment", "补缴清册 · back payments by person and month")
    ANNUAL_BASE = member("annual_base", "跨年清册 · new bases from July on")


@strawberry.enum(description="缴款方式 · how a statement is paid")
class PaymentMethod(Enum):
    ENTRUSTED_COLLECTION = member("entrusted_collection", "委托收款 · collected by the bank")
    BANK_TRANSFER = member("bank_transfer", "银行汇款 · bank transfer")
    CHEQUE = member("cheque", "支票 · cheque")
    CASH = member("cash", "现金 · cash")
    SUSPENSE_BALANCE = member("suspense_balance", "单位暂存款 · money that stands with the employer")


@strawberry.input(description="清册行 · one row, as texts; what a kind of list has not is left out")
class ListRowInput:
    action: str = strawberry.field(
        default="", description="变更类型 · what is asked: 新开户, 启封, 转入, 封存, 转出, 销户 or 基数变更"
    )
    document_type: str = strawberry.field(default="", description="证件类型 · 身份证 unless given")
    document_no: str = strawberry.field(description="证件号码 · document number")
    name: str = strawberry.field(description="姓名 · name")
    mobile: str = strawberry.field(default="", description="手机号码 · mobile number")
    base: str = strawberry.field(default="", description="缴存基数 · contribution base in yuan")
    monthly: str = strawberry.field(default="", description="月缴存额 · amount of a month; checked when given")
    month: str = strawberry.field(default="", description="补缴年月 · month of a back payment")
    reason: str = strawberry.field(default="", description="原因 · reason")

    def texts(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in _ROW_FIELDS}


_ROW_FIELDS = ("action", "document_type", "document_no", "name", "mobile", "base", "monthly", "month", "reason")


@strawberry.input(description="逐行填报 · rows given one by one")
class AddListRowsInput:
    kind: ListKind = strawberry.field(description="清册种类 · kind of list")
    month: YearMonth | None = strawberry.field(default=None, description="汇缴年月 · month; not for back payments")
    rows: list[ListRowInput] = strawberry.field(description="清册行 · rows, 1 to 200")
    request_key: str = strawberry.field(description=_KEY)
    dry_run: bool = strawberry.field(default=False, description="试办 · judge everything, leave nothing behind")


@strawberry.input
class ListInput:
    list_no: str = strawberry.field(description="清册编号 · number of the list")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="删除清册行 · takes a row out of a list that is not submitted")
class RemoveListRowInput(ListInput):
    row_no: int = strawberry.field(description="行号 · number of the row")


@strawberry.input(description="重新校验 · checks again the rows that an agency did not answer for")
class RecheckListInput(ListInput):
    pass


@strawberry.input(description="提交清册 · has the accepted rows take effect")
class SubmitListInput(ListInput):
    accepted_only: bool = strawberry.field(
        default=False, description="只办理通过的行 · leave out rows that did not pass"
    )


@strawberry.input(description="撤销清册 · takes back a list that has not taken effect")
class CancelListInput(ListInput):
    reason: str = strawberry.field(description="原因 · why, 4 to 500 characters")


@strawberry.input(description="生成汇缴书 · draws the statement of a month")
class DrawStatementInput:
    month: YearMonth = strawberry.field(description="汇缴年月 · month, the next one that is owed")
    method: PaymentMethod | None = strawberry.field(
        default=None, description="缴款方式 · the employer's own unless given"
    )
    detail: str = strawberry.field(default="", description="支票号码等 · number of the cheque")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="生成补缴书 · makes a list of back payments a statement")
class DrawBackPaymentInput(ListInput):
    accepted_only: bool = strawberry.field(
        default=False, description="只办理通过的行 · leave out rows that did not pass"
    )
    method: PaymentMethod | None = strawberry.field(
        default=None, description="缴款方式 · the employer's own unless given"
    )
    detail: str = strawberry.field(default="", description="支票号码等 · number of the cheque")


@strawberry.input
class StatementInput:
    statement_no: str = strawberry.field(description="汇缴书编号 · number of the statement")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="撤销汇缴书 · takes back a statement that nobody has paid")
class CancelStatementInput(StatementInput):
    reason: str = strawberry.field(description="原因 · why, 4 to 500 characters")


@strawberry.input(description="更换缴款方式 · pays an open statement in another way")
class PayStatementInput(StatementInput):
    method: PaymentMethod = strawberry.field(description="缴款方式 · how it is paid")
    detail: str = strawberry.field(default="", description="支票号码等 · number of the cheque")


@strawberry.input(description="立即托收 · has the bank collect a statement now, again after a failure")
class CollectStatementInput(StatementInput):
    pass


@strawberry.type(description="清册办理结果 · the list as it now stands")
class ContributionListPayload:
    contribution_list: ContributionList | None = shown(AGENT, "清册 · null when refused or rehearsed")
    rows: list[ListRow] = shown(AGENT, "逐行结果 · results of the rows that were given")
    user_errors: list[UserError] = shown(AGENT, "不予受理的原因 · all of them at once")

    @classmethod
    def refused(cls, errors: list[UserError]) -> ContributionListPayload:
        return cls(contribution_list=None, rows=[], user_errors=errors)


@strawberry.type(description="汇缴书办理结果 · the statement as it now stands")
class StatementPayload:
    statement: RemittanceStatement | None = shown(AGENT, "汇缴书 · null when refused")
    user_errors: list[UserError] = shown(AGENT, "不予受理的原因 · all of them at once")

    @classmethod
    def refused(cls, errors: list[UserError]) -> StatementPayload:
        return cls(statement=None, user_errors=errors)
