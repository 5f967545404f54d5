"""Rules of the withdrawals: pure, importing nothing but kernel, policy, the kinds' data and the area's refusals."""

from __future__ import annotations

from domain.withdrawals.rules.conditions import CONDITIONS
from domain.withdrawals.rules.facts import (
    FLAGS,
    Answer,
    CardFacts,
    ContractAnswer,
    Declaration,
    Facts,
    HomesAnswer,
    IdentityAnswer,
    InvoiceAnswer,
    Judgement,
    LifeAnswer,
    Limit,
    LoanAnswer,
    MarriageAnswer,
    RentalAnswer,
    Spouse,
    SubjectFacts,
)
from domain.withdrawals.rules.family import spouse_to_check
from domain.withdrawals.rules.judging import (
    FREQUENCY_NAMES,
    MONTHS_OF_FREQUENCY,
    ONCE,
    OPEN_END,
    frequencies_of,
    judge,
)
from domain.withdrawals.rules.keeping import read_back, written
from domain.withdrawals.rules.limits import ESTATE_SHARES, LIMITS, share_of

__all__ = [
    "CONDITIONS",
    "ESTATE_SHARES",
    "FLAGS",
    "FREQUENCY_NAMES",
    "LIMITS",
    "MONTHS_OF_FREQUENCY",
    "ONCE",
    "OPEN_END",
    "Answer",
    "CardFacts",
    "ContractAnswer",
    "Declaration",
    "Facts",
    "HomesAnswer",
    "IdentityAnswer",
    "InvoiceAnswer",
    "Judgement",
    "LifeAnswer",
    "Limit",
    "LoanAnswer",
    "MarriageAnswer",
    "RentalAnswer",
    "Spouse",
    "SubjectFacts",
    "frequencies_of",
    "judge",
    "read_back",
    "share_of",
    "spouse_to_check",
    "written",
]
