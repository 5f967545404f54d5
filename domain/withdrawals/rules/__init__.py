"""Rules of the withdrawals: pure, importing nothing but kernel, policy and the area's refusals."""

from __future__ import annotations

from domain.withdrawals.rules.rent_facts import (
    FLAGS,
    CardFacts,
    HomesAnswer,
    MarriageAnswer,
    RentalAnswer,
    RentApplicationFacts,
    RentFacts,
    RentJudgement,
    Spouse,
)
from domain.withdrawals.rules.rent_no_home import FREQUENCY_NAMES, MONTHS_OF_FREQUENCY, judge, spouse_to_check

__all__ = [
    "FLAGS",
    "FREQUENCY_NAMES",
    "MONTHS_OF_FREQUENCY",
    "CardFacts",
    "HomesAnswer",
    "MarriageAnswer",
    "RentApplicationFacts",
    "RentFacts",
    "RentJudgement",
    "RentalAnswer",
    "Spouse",
    "judge",
    "spouse_to_check",
]
