"""短信: carriers and switching, messages, templates, use and cost, prices, invoices (R15)."""

from __future__ import annotations

from backoffice.desk import DeskPage
from backoffice.pages.sms import invoices, messages, overview, prices, templates, usage

PAGES: tuple[DeskPage, ...] = (
    *overview.PAGES,
    *messages.PAGES,
    *templates.PAGES,
    *usage.PAGES,
    *prices.PAGES,
    *invoices.PAGES,
)
