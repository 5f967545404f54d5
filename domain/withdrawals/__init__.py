"""提取: quotes, applications, agreed withdrawals and their payment."""

from domain.withdrawals.events import PAYMENT_CONFIRMED, PAYMENT_PREPARED
from domain.withdrawals.gathering import RentApplication
from domain.withdrawals.matter import RENT_MATTER, pay
from domain.withdrawals.ports import (
    AgencyAnswer,
    Home,
    Marriage,
    MarriageRegistry,
    PersonIdentity,
    PropertyRegistry,
    Registries,
    RentalFiling,
    RentalRegistry,
)
from domain.withdrawals.rent import (
    ArrangementView,
    RentQuote,
    apply_for_rent_withdrawal,
    quote_rent_withdrawal,
    rent_arrangement_of,
)
from domain.withdrawals.rules import FLAGS
from domain.withdrawals.verification import INVARIANTS

__all__ = [
    "FLAGS",
    "INVARIANTS",
    "PAYMENT_CONFIRMED",
    "PAYMENT_PREPARED",
    "RENT_MATTER",
    "AgencyAnswer",
    "ArrangementView",
    "Home",
    "Marriage",
    "MarriageRegistry",
    "PersonIdentity",
    "PropertyRegistry",
    "Registries",
    "RentApplication",
    "RentQuote",
    "RentalFiling",
    "RentalRegistry",
    "apply_for_rent_withdrawal",
    "pay",
    "quote_rent_withdrawal",
    "rent_arrangement_of",
]
