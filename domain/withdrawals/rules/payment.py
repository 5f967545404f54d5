"""What becomes of an agreed withdrawal on the day it is due. Pure; `domain.withdrawals.due` says the same in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from domain.kernel.dates import YearMonth
from domain.kernel.money import Money

Outcome = Literal["pay", "wait", "skip", "pause", "end"]
_CLOSED = frozenset({"03", "04", "05"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DueFacts:
    """`failed` is the first check, by name, that an agency answered with no; `all_fresh` says that every check which
    the kind waits for has passed lately enough."""

    account_state: str
    states_taken: frozenset[str]
    available: Money
    failed: str | None
    all_fresh: bool
    card_good: bool
    month: YearMonth
    until_month: YearMonth
    auto_renewal: bool
    insufficient_times: int
    insufficient_times_max: int
    listed: Literal["stop", "hold"] | None = None


def judge_payment(facts: DueFacts) -> tuple[Outcome, str | None]:
    """The outcome and its reason, as a clerk would look: account, lists, agencies, term, card, money."""
    if facts.account_state in _CLOSED:
        return "end", "account_closed"
    if facts.listed == "stop":
        return "end", "adverse_record"
    if facts.failed is not None:
        return "end", facts.failed
    if facts.account_state == "06":
        return "wait", "frozen"
    if facts.listed == "hold":
        return "wait", "key_review"
    if facts.account_state not in facts.states_taken:
        return "end", "account_sealed"
    if not facts.all_fresh:
        return "wait", "check"
    if facts.month > facts.until_month and not facts.auto_renewal:
        return "end", "expired"
    if not facts.card_good:
        return "pause", "card"
    if not facts.available:
        enough = 0 < facts.insufficient_times_max <= facts.insufficient_times + 1
        return ("end", "insufficient") if enough else ("skip", "balance")
    return "pay", None
