"""Refusals about accounts at the counter: merged, moved into and out of the pool."""

from domain.kernel.refusal import refusal_kind

MERGE_SAME = refusal_kind("merge.same", "两个账号相同，请填写要并入的另一个账号。", field="otherAccountNo")
MERGE_PERSONS = refusal_kind(
    "merge.persons", "两个账户不属于同一人员登记，请先在“身份管理”办理登记合并。", field="otherAccountNo"
)
MERGE_STATE = refusal_kind(
    "merge.state", "账户{account_no}当前为“{state}”，只有正常或封存的账户可以合并。", field="otherAccountNo"
)
MERGE_BOTH_NORMAL = refusal_kind(
    "merge.both_normal", "两个账户都在正常缴存，请先由单位封存其中一个再合并。", field="otherAccountNo"
)
MERGE_HELD = refusal_kind("merge.held", "账户{account_no}有冻结或占用的金额{amount}，请解除后再合并。")
MERGE_LIST = refusal_kind("merge.list", "在途清册{list_no}涉及其中的账户，请办结或撤销后再合并。")
MERGE_STATEMENT = refusal_kind(
    "merge.statement", "未分配的汇缴书{statement_no}涉及要并入的账户，请入账或撤销后再合并。"
)

POOL_EXISTS = refusal_kind("pool.exists", "该管理部已有集中封存户{employer_no}。", field="officeCode")
POOL_NONE = refusal_kind("pool.none", "该管理部尚未设立集中封存户，请由主管先行设立。")
POOL_THERE = refusal_kind("pool.there", "该账户已在集中封存户。", field="accountNo")
POOL_NOT_THERE = refusal_kind("pool.not_there", "该账户不在集中封存户。", field="accountNo")
POOL_SEALED_ONLY = refusal_kind(
    "pool.sealed_only", "账户当前为“{state}”，只有封存的账户可以移入或移出集中封存户。", field="accountNo"
)
POOL_TARGET = refusal_kind(
    "pool.target", "集中封存户不能作为移出的目标单位，请填写新单位的登记号。", field="employerNo"
)
EVENT_REASON = refusal_kind("account.reason", "请填写4至200个字的原因。", field="reason")
ACCOUNT_OFFICE = refusal_kind("account.other_office", "该账户由其他管理部管理，请转该管理部办理。", field="accountNo")
REVERSAL_MONTH = refusal_kind(
    "reversal.month",
    "该账户{month}没有可以单独冲正的汇缴入账，请核对月份；一次补缴多个月的，请按补缴书由财务处理。",
    field="month",
)
