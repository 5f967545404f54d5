"""渠道运行: channels and partners, their switches, and the messages they sent."""

from __future__ import annotations

from backoffice.desk import DeskPage
from backoffice.pages.channels import messages, overview

PAGES: tuple[DeskPage, ...] = (*overview.PAGES, *messages.PAGES)
