"""Refusals about money that a bank took back."""

from domain.kernel.refusal import refusal_kind

TAKEN_BACK_BUSY = refusal_kind(
    "taken_back.busy", "该汇缴书已有银行收回款项正在处理，请先办结后再指定。", field="statementNo"
)
TAKEN_BACK_NOT_PAID = refusal_kind(
    "taken_back.not_paid", "该汇缴书没有由银行到账的款项，不能作为被收回的缴款，请核对编号。", field="statementNo"
)
TAKEN_BACK_OVER = refusal_kind(
    "taken_back.over",
    "银行收回{taken}，超过该汇缴书的{amount}，请核对编号；如为其他款项，请在资金结算按暂收款冲回。",
    field="statementNo",
)
TAKEN_BACK_NOT_SHORT = refusal_kind("taken_back.not_short", "该笔收回款项没有待确认的差额，请刷新后查看最新状态。")
STATEMENT_OWES = refusal_kind(
    "statement.owes", "该汇缴书含银行收回后职工账户已支取的款项{amount}，须由单位缴清，不能撤销。", field="statementNo"
)
