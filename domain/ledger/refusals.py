"""Refusals of the ledger, and how the errors of its functions become them."""

from collections.abc import Iterator
from contextlib import contextmanager

from asyncpg.exceptions import PostgresError

from domain.kernel.refusal import Refused, refusal_kind

INSUFFICIENT = refusal_kind("ledger.insufficient_balance", "账户可用余额不足，请核对余额后调整金额再申请。")
KEY_CONFLICT = refusal_kind("ledger.key_conflict", "该笔业务已按不同内容记账，请核对后联系管理部处理。")
ACCOUNT_CLOSED = refusal_kind("ledger.account_not_open", "账户状态不允许变动资金，请先到管理部核实账户状态。")
HOLD_ENDED = refusal_kind("ledger.hold_ended", "该笔冻结资金已处理完毕，不能重复处理，请刷新后查看结果。")

PERIOD_CLOSED = refusal_kind(
    "ledger.period_closed", "该会计期间已结账，请改用当前日期记账；确需补记的，请由两名财务人员先反结账。"
)
REVERSAL_OF_REVERSAL = refusal_kind("ledger.reversal_of_reversal", "冲正凭证不能再次冲正，请按正确的内容重新记账。")
REVERSED_ALREADY = refusal_kind("ledger.reversed_already", "该凭证已冲正，不能重复冲正，请刷新后查看冲正凭证。")

PERIOD_BLOCKED = refusal_kind("ledger.period_blocked", "{message}处理后再结账。")
NOT_CLOSED = refusal_kind("ledger.period_not_closed", "{month}尚未结账，无需反结账，可直接记账。")
NOT_LAST_CLOSED = refusal_kind("ledger.period_not_last", "只能反结账最近已结的月份，请先对{month}反结账。")
REASON_MISSING = refusal_kind("ledger.reason_missing", "请填写原因，不超过{most}个字。", field="reason")
REQUEST_OPEN = refusal_kind("ledger.request_open", "已有相同的申请等待复核，请勿重复申请。")
REQUEST_DECIDED = refusal_kind("ledger.request_decided", "该申请不存在或已处理，请刷新后查看结果。")
SAME_PERSON = refusal_kind("ledger.same_person", "申请人不能复核自己的申请，请由另一名财务人员复核。")
YEAR_NOT_CLOSED = refusal_kind("ledger.year_not_closed", "{month}尚未结账，请先结账再分配增值收益。", field="year")
YEAR_DISTRIBUTED = refusal_kind(
    "ledger.year_distributed", "{year}年度增值收益已经分配，请先冲正分配凭证，再对该年度的月份反结账。"
)
DISTRIBUTED_ALREADY = refusal_kind(
    "ledger.distributed_already", "{year}年度增值收益已经分配；需要更改的，请先冲正分配凭证。", field="year"
)
DISTRIBUTION_NOT_OF_SET = refusal_kind(
    "ledger.distribution_not_of_set", "该账套没有增值收益分配，请换一个账套。", field="set"
)
DISTRIBUTION_BELOW_NOUGHT = refusal_kind("ledger.distribution_below_nought", "分配金额不能为负数，请更正。")
DISTRIBUTION_TOO_MUCH = refusal_kind(
    "ledger.distribution_too_much", "分配合计{given}超过可供分配的{most}，请调减后再提交。"
)
NOTHING_TO_DISTRIBUTE = refusal_kind(
    "ledger.nothing_to_distribute", "{year}年度没有增值收益可以分配，请核对年度。", field="year"
)
RESERVE_TOO_SMALL = refusal_kind(
    "ledger.reserve_too_small", "提取贷款风险准备不得少于{least}（财综字〔1999〕149号），请调增。", field="reserve"
)
VOUCHER_UNKNOWN = refusal_kind("ledger.voucher_unknown", "没有找到该凭证，请核对凭证号。")
VOUCHER_OF_STATEMENT = refusal_kind(
    "ledger.voucher_of_statement", "汇缴、补缴入账须连同汇缴书和单位暂存款一起冲正，请在“归集业务—个人账户”办理。"
)
VOUCHER_IN_BATCH = refusal_kind("ledger.voucher_in_batch", "批量凭证不能整笔冲正，请按账户逐户冲正。")

BY_SQLSTATE = {
    "HF001": INSUFFICIENT,
    "HF002": KEY_CONFLICT,
    "HF003": ACCOUNT_CLOSED,
    "HF004": HOLD_ENDED,
    "HF006": PERIOD_CLOSED,
    "HF008": REVERSAL_OF_REVERSAL,
    "HF009": REVERSED_ALREADY,
}
"""SQLSTATEs of the ledger's functions (`ops/migrations/0003`, `0006`, `0007`) → refusals."""


@contextmanager
def refusals() -> Iterator[None]:
    """Turns what the ledger's functions raise for people into refusals; what only a bug raises goes through."""
    try:
        yield
    except PostgresError as error:
        kind = BY_SQLSTATE.get(getattr(error, "sqlstate", ""))
        if kind is None:
            raise
        raise Refused(kind()) from error
