"""资金结算: the desks of settlement for staff (D04, D05, D06, D23, D24, D25)."""

from __future__ import annotations

from backoffice.desk import DeskPage
from backoffice.pages.funds import (
    adjustments,
    batches,
    deposits,
    employer_suspense,
    master,
    notices,
    overview,
    payments,
    receipt,
    receipts,
    statements,
    suspense,
    suspense_item,
)

PAGES: tuple[DeskPage, ...] = (
    *overview.PAGES,
    *receipts.PAGES,
    *receipt.PAGES,
    *notices.PAGES,
    *suspense.PAGES,
    *suspense_item.PAGES,
    *employer_suspense.PAGES,
    *payments.PAGES,
    *statements.PAGES,
    *adjustments.PAGES,
    *master.PAGES,
    *deposits.PAGES,
    *batches.PAGES,
)
