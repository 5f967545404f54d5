"""归集业务: what waits at the counter, people's accounts, certificates and enforcement."""

from backoffice.desk import DeskPage
from backoffice.pages.collection import employers, overview, papers, people

PAGES: tuple[DeskPage, ...] = (*overview.PAGES, *employers.PAGES, *people.PAGES, *papers.PAGES)
