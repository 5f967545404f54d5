"""账务: the general ledger for staff: proof, balances, formal vouchers, statements, closing (R14.1)."""

from __future__ import annotations

from backoffice.desk import DeskPage
from backoffice.pages.books import balances, closing, proof, reports, voucher, vouchers

PAGES: tuple[DeskPage, ...] = (
    *proof.PAGES,
    *balances.PAGES,
    *vouchers.PAGES,
    *voucher.PAGES,
    *reports.PAGES,
    *closing.PAGES,
)
