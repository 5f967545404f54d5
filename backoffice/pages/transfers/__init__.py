"""异地转移接续: the list with money that fits no letter, one transfer with its steps, an application at the counter."""

from __future__ import annotations

from backoffice.desk import DeskPage
from backoffice.pages.transfers import applying, listing, one

PAGES: tuple[DeskPage, ...] = (*listing.PAGES, *applying.PAGES, *one.PAGES)
