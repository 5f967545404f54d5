"""Refusals of the ledger, and how the errors of its functions become them."""

from domain.kernel.refusal import refusal_kind

INSUFFICIENT = refusal_kind("ledger.insufficient_balance", "账户可用余额不足，请核对余额后调整金额再申请。")
KEY_CONFLICT = refusal_kind("ledger.key_conflict", "该笔业务已按不同内容记账，请核对后联系管理部处理。")
ACCOUNT_CLOSED = refusal_kind("ledger.account_not_open", "账户状态不允许变动资金，请先到管理部核实账户状态。")
HOLD_ENDED = refusal_kind("ledger.hold_ended", "该笔冻结资金已处理完毕，不能重复处理，请刷新后查看结果。")

BY_SQLSTATE = {"HF001": INSUFFICIENT, "HF002": KEY_CONFLICT, "HF003": ACCOUNT_CLOSED, "HF004": HOLD_ENDED}
"""SQLSTATE of `ops/migrations/0003_ledger.sql` → refusal."""
