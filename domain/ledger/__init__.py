"""总账与个人账: vouchers, holds and their proof."""

from domain.ledger.actions import open_account, place_hold, post, void_hold
from domain.ledger.postings import Line, VoucherKind, contribution_lines, withdrawal_lines
from domain.ledger.queries import Balance, EntryView, balance_of, entries_of, lock_balance
from domain.ledger.verification import INVARIANTS, InvariantResult, prove

__all__ = [
    "INVARIANTS",
    "Balance",
    "EntryView",
    "InvariantResult",
    "Line",
    "VoucherKind",
    "balance_of",
    "contribution_lines",
    "entries_of",
    "lock_balance",
    "open_account",
    "place_hold",
    "post",
    "prove",
    "void_hold",
    "withdrawal_lines",
]
