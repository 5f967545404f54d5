"""互动消息: conversations with citizens on the platforms and in the app."""

from __future__ import annotations

from backoffice.desk import DeskPage
from backoffice.pages.messages import listing, one, words

PAGES: tuple[DeskPage, ...] = (*listing.PAGES, *words.PAGES, *one.PAGES)
