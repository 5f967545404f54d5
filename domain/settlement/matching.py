"""认款规则: what a receipt was paid for. Pure; tested by the table of `tests/settlement/matching.yaml`.

The order is that of the arrival-notice desk (D05): the remark names the business, else the summary does, else the payer
is known. A name found earlier decides: a remark that names a business with another amount is `differs`, even though
the payer owes that amount for something else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from domain.kernel.money import Money

Outcome = Literal["matched", "differs", "unknown"]
Way = Literal["remark", "summary", "payer"]

OUTCOME_NAMES: dict[str, str] = {"matched": "相符", "differs": "不符", "unknown": "未知"}
WAY_NAMES: dict[str, str] = {"remark": "备注", "summary": "摘要", "payer": "付款人", "hand": "人工"}
REASON_NAMES: dict[str, str] = {
    "exact": "编号、金额和付款人相符",
    "payer_exact": "付款人和金额相符，且仅有一笔应收",
    "amount": "金额与应收不符",
    "payer": "付款人与应收登记的不符",
    "several_named": "备注或摘要同时指向多笔应收",
    "several_equal": "同一付款人有多笔相同金额的应收",
    "several_open": "同一付款人有多笔应收，金额均不相等",
    "nothing": "没有找到对应的应收",
    "account_unknown": "到账账号不是登记的专户",
    "account_closed": "到账专户已销户",
    "bank_reversal": "银行冲正，款项被银行收回",
    "no_suspense": "该账套没有暂收款科目，须先登记应收",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptFacts:
    """`payer_account` and `payer_name` are comparable forms: every blind index that the value may be kept under, none
    when the bank gave none."""

    amount: Money
    in_remark: tuple[str, ...]
    in_summary: tuple[str, ...]
    payer_account: frozenset[bytes]
    payer_name: frozenset[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedFacts:
    expectation_id: int
    reference_no: str
    amount: Money
    payer_account: bytes | None
    payer_name: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """`expectation_id`: what is met, or for `differs` what is nearly met. `reason` is a key of REASON_NAMES."""

    outcome: Outcome
    reason: str
    way: Way | None = None
    expectation_id: int | None = None


def match(*, receipt: ReceiptFacts, expected: Sequence[ExpectedFacts]) -> Match:
    """Judges a receipt against the open expectations that could be meant; others may be left out."""
    for way, words in (("remark", receipt.in_remark), ("summary", receipt.in_summary)):
        named = [one for one in expected if one.reference_no in words]
        if named:
            return _by_name(receipt, named, "remark" if way == "remark" else "summary")
    return _by_payer(receipt, [one for one in expected if _is_known_payer(receipt, one)])


def _by_name(receipt: ReceiptFacts, named: Sequence[ExpectedFacts], way: Way) -> Match:
    fitting = [one for one in named if one.amount == receipt.amount and _payer_fits(receipt, one)]
    if len(fitting) == 1:
        return Match(outcome="matched", reason="exact", way=way, expectation_id=fitting[0].expectation_id)
    if len(named) > 1:
        return Match(outcome="unknown", reason="several_named", way=way)
    reason = "payer" if named[0].amount == receipt.amount else "amount"
    return Match(outcome="differs", reason=reason, way=way, expectation_id=named[0].expectation_id)


def _by_payer(receipt: ReceiptFacts, owing: Sequence[ExpectedFacts]) -> Match:
    if not owing:
        return Match(outcome="unknown", reason="nothing")
    equal = [one for one in owing if one.amount == receipt.amount]
    if len(equal) == 1:
        return Match(outcome="matched", reason="payer_exact", way="payer", expectation_id=equal[0].expectation_id)
    if equal:
        return Match(outcome="unknown", reason="several_equal", way="payer")
    if len(owing) > 1:
        return Match(outcome="unknown", reason="several_open", way="payer")
    return Match(outcome="differs", reason="amount", way="payer", expectation_id=owing[0].expectation_id)


def _is_known_payer(receipt: ReceiptFacts, one: ExpectedFacts) -> bool:
    """By account where the expectation names one, else by name: a name alone is not enough against an account."""
    if one.payer_account is not None:
        return one.payer_account in receipt.payer_account
    return one.payer_name is not None and one.payer_name in receipt.payer_name


def _payer_fits(receipt: ReceiptFacts, one: ExpectedFacts) -> bool:
    """What both sides say about the payer agrees; what one of them leaves open does not count against it."""
    if one.payer_account is not None and receipt.payer_account:
        return one.payer_account in receipt.payer_account
    if one.payer_name is not None and receipt.payer_name:
        return one.payer_name in receipt.payer_name
    return True
