"""风险名单: bad records, key review, marks of abnormal behaviour; proposed here and agreed to at 复核."""

from __future__ import annotations

from backoffice.pages.risk import appealing, entering, listing, one

PAGES = (*listing.PAGES, *entering.PAGES, *appealing.PAGES, *one.PAGES)
