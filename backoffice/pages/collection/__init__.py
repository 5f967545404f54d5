"""归集业务: what waits at the counter, people's accounts, certificates and enforcement."""

from backoffice.desk import DeskPage
from backoffice.pages.collection import counter, employers, failures, overview, papers, people, taken_back

PAGES: tuple[DeskPage, ...] = (
    *overview.PAGES,
    *failures.PAGES,
    *taken_back.PAGES,
    *employers.PAGES,
    *counter.PAGES,
    *people.PAGES,
    *papers.PAGES,
)
