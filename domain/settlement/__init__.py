"""资金结算: entrusted banks, payments and their results."""

from domain.settlement.payments import (
    PaymentView,
    payment_of,
    payment_of_case,
    payments_due,
    prepare_payment,
    present,
    record_outcome,
)
from domain.settlement.ports import PaymentOrder, PaymentOutcome, SettlementGateway
from domain.settlement.verification import INVARIANTS

__all__ = [
    "INVARIANTS",
    "PaymentOrder",
    "PaymentOutcome",
    "PaymentView",
    "SettlementGateway",
    "payment_of",
    "payment_of_case",
    "payments_due",
    "prepare_payment",
    "present",
    "record_outcome",
]
