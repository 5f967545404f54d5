"""数据交换: everything that e窗通 and social security have pushed, with statistics (R01.2, R01.5, R01.7)."""

from backoffice.pages.exchange import figures, listing, record

PAGES = (*listing.PAGES, *figures.PAGES, *record.PAGES)
"""The fixed paths stand before the one with a record's number."""
