"""转移规则: who may transfer in (R02.1), which account may be transferred out. Pure; tables in `tests/rules`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.kernel.money import Money
from domain.kernel.refusal import Refusal
from domain.policy import PolicyValues
from domain.transfers.refusals import (
    ACCOUNT_STATE,
    CENTRE_OWN,
    CENTRE_UNKNOWN,
    INFO_AMOUNT,
    MONTHS_SHORT,
    OUT_EMPTY,
    OUT_FRAUD,
    OUT_HELD,
    OUT_LOAN,
    OUT_NAME,
    OUT_STATE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InFacts:
    """`months` without a gap, to the month the account is paid through."""

    account_state: str
    account_state_name: str
    months: int
    centre_known: bool
    centre_is_ours: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OutFacts:
    """`available` with the interest to yesterday is what leaves; `held` is set aside for others."""

    account_state: str
    account_state_name: str
    balance: Money
    held: Money
    same_name: bool
    loan_open: bool
    fraud: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    refusals: tuple[Refusal, ...]
    explanation: tuple[dict[str, str], ...]


def judge_in(*, facts: InFacts, policy: PolicyValues) -> Judged:
    least = policy.number("transfer.months_min")
    refusals: list[Refusal] = []
    if facts.centre_is_ours:
        refusals.append(CENTRE_OWN())
    elif not facts.centre_known:
        refusals.append(CENTRE_UNKNOWN())
    if facts.account_state not in policy.codes("transfer.in_account_states"):
        refusals.append(ACCOUNT_STATE(state=facts.account_state_name))
    if facts.months < least:
        refusals.append(MONTHS_SHORT(least=least, months=facts.months))
    told = (
        {"step": "账户状态", "text": f"个人账户状态为“{facts.account_state_name}”。"},
        {
            "step": "连续缴存",
            "text": f"在本市连续缴存{facts.months}个月，须满{least}个月（{policy.source('transfer.months_min')}）。",
        },
    )
    return Judged(refusals=tuple(refusals), explanation=told)


def judge_out(*, facts: OutFacts, policy: PolicyValues) -> Judged:
    refusals: list[Refusal] = []
    if facts.account_state not in policy.codes("transfer.out_account_states"):
        refusals.append(OUT_STATE(state=facts.account_state_name))
    if facts.held:
        refusals.append(OUT_HELD(held=facts.held.yuan_text))
    if not facts.balance:
        refusals.append(OUT_EMPTY())
    if not facts.same_name:
        refusals.append(OUT_NAME())
    if facts.loan_open:
        refusals.append(OUT_LOAN())
    if facts.fraud:
        refusals.append(OUT_FRAUD())
    told = (
        {"step": "账户状态", "text": f"个人账户状态为“{facts.account_state_name}”，余额{facts.balance.yuan_text}。"},
        {"step": "占用金额", "text": f"冻结或占用{facts.held.yuan_text}。"},
    )
    return Judged(refusals=tuple(refusals), explanation=told)


def check_amounts(*, amount: Money, principal: Money, interest: Money) -> Sequence[Refusal]:
    """转移金额 = 本金 + 利息."""
    return () if amount.fen > 0 and amount == principal + interest and interest.fen >= 0 else (INFO_AMOUNT(),)
