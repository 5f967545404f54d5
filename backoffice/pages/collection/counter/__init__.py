"""柜面办理: the employers' functions of R13 that the employer's own page has no form for, each as a declaration."""

from backoffice.pages.collection.counter.pages import PAGES

__all__ = ["PAGES"]
