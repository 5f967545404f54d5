"""提取: quotes, applications, agreed withdrawals and their payment."""

from domain.withdrawals.applying import Quote, apply_for_withdrawal, quote_withdrawal, unknown_kind
from domain.withdrawals.arrangements import (
    ArrangementChange,
    ArrangementView,
    arrangement_by_key,
    arrangements_of,
    change_arrangement,
    end_arrangement,
    pause_arrangement,
    reason_in_words,
    resume_arrangement,
)
from domain.withdrawals.asking import PERSON_NAMES, QUESTIONS, Askable, ask_by_hand, askable, stale
from domain.withdrawals.due import PaidRange, pay_due
from domain.withdrawals.events import ARRANGEMENT_CHANGED, PAYMENT_CONFIRMED, PAYMENT_PREPARED
from domain.withdrawals.forms import TITLES, declared_in_words, in_words
from domain.withdrawals.freshness import ask_ahead, remind
from domain.withdrawals.gathering import Application
from domain.withdrawals.kinds import Kind, kind_of, kinds, kinds_of_item
from domain.withdrawals.matter import MATTERS
from domain.withdrawals.offering import Prefilled, limit_in_words, materials_of, offered, prefilled
from domain.withdrawals.papers import Print, papers_for, print_paper, prints_of
from domain.withdrawals.paying import pay, settle_payment
from domain.withdrawals.ports import (
    AgencyAnswer,
    CivilStatus,
    Death,
    Employment,
    Home,
    HomeContract,
    HomeLoan,
    Invoice,
    Marriage,
    MarriageRegistry,
    Pension,
    PersonIdentity,
    PropertyRegistry,
    Registries,
    RentalFiling,
    RentalRegistry,
)
from domain.withdrawals.rehearsing import Proposal, Rehearsal, Rehearsed, proposal_of, rehearse
from domain.withdrawals.retirement import NOTICES as RETIREMENT_NOTICES
from domain.withdrawals.retirement import Push as RetirementPush
from domain.withdrawals.retirement import RetirementResult, retirement_result, take_retirement, try_retirements
from domain.withdrawals.rules import FLAGS, FREQUENCY_NAMES, frequencies_of
from domain.withdrawals.telling import PURPOSE, item_settled, tell_banks
from domain.withdrawals.verification import INVARIANTS

__all__ = [
    "ARRANGEMENT_CHANGED",
    "FLAGS",
    "FREQUENCY_NAMES",
    "INVARIANTS",
    "MATTERS",
    "PAYMENT_CONFIRMED",
    "PAYMENT_PREPARED",
    "PERSON_NAMES",
    "PURPOSE",
    "QUESTIONS",
    "RETIREMENT_NOTICES",
    "TITLES",
    "AgencyAnswer",
    "Application",
    "ArrangementChange",
    "ArrangementView",
    "Askable",
    "CivilStatus",
    "Death",
    "Employment",
    "Home",
    "HomeContract",
    "HomeLoan",
    "Invoice",
    "Kind",
    "Marriage",
    "MarriageRegistry",
    "PaidRange",
    "Pension",
    "PersonIdentity",
    "Prefilled",
    "Print",
    "PropertyRegistry",
    "Proposal",
    "Quote",
    "Registries",
    "Rehearsal",
    "Rehearsed",
    "RentalFiling",
    "RentalRegistry",
    "RetirementPush",
    "RetirementResult",
    "apply_for_withdrawal",
    "arrangement_by_key",
    "arrangements_of",
    "ask_ahead",
    "ask_by_hand",
    "askable",
    "change_arrangement",
    "declared_in_words",
    "end_arrangement",
    "frequencies_of",
    "in_words",
    "item_settled",
    "kind_of",
    "kinds",
    "kinds_of_item",
    "limit_in_words",
    "materials_of",
    "offered",
    "papers_for",
    "pause_arrangement",
    "pay",
    "pay_due",
    "prefilled",
    "print_paper",
    "prints_of",
    "proposal_of",
    "quote_withdrawal",
    "reason_in_words",
    "rehearse",
    "remind",
    "resume_arrangement",
    "retirement_result",
    "settle_payment",
    "stale",
    "take_retirement",
    "tell_banks",
    "try_retirements",
    "unknown_kind",
]
