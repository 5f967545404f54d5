"""好差评: rectifications of bad reviews, figures, and what staff do for evaluations."""

from __future__ import annotations

from backoffice.desk import DeskPage
from backoffice.pages.reviews import entering, figures, listing, one

PAGES: tuple[DeskPage, ...] = (*listing.PAGES, *figures.PAGES, *entering.PAGES, *one.PAGES)
