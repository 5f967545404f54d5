"""The sections of the staff pages and the right that opens each. A page without a right is not reachable."""

from __future__ import annotations

from dataclasses import dataclass

from auth import rights
from domain.kernel.actor import Actor

# Every signed-in member of staff; named so that no page is open by leaving something out.
SIGNED_IN = "desk.signed_in"
# The same, and open too while the password is due for change.
ALWAYS = "desk.always"

HOME = "/backoffice/"
LOGIN = "/backoffice/login"
PASSWORD = "/backoffice/password"


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    path: str
    right: str


SECTIONS = (
    Section("工作台", HOME, SIGNED_IN),
    Section("审核队列", "/backoffice/cases", "queue.read"),
    Section("服务事项", "/backoffice/catalogue", SIGNED_IN),
    Section("账务核对", "/backoffice/books", "books.read"),
    Section("失败任务", "/backoffice/jobs", "jobs.manage"),
    Section("审计日志", "/backoffice/audit", "audit.read"),
)


def permitted(actor: Actor, right: str) -> bool:
    return actor.is_staff and (right in (SIGNED_IN, ALWAYS) or rights.may(actor, right))


def sections_for(actor: Actor) -> tuple[Section, ...]:
    return tuple(section for section in SECTIONS if permitted(actor, section.right))


def local_path(wanted: str | None) -> str:
    """Where to go after login: a page of ours, or the front page for anything that could lead elsewhere."""
    if wanted is None or not wanted.startswith(HOME) or wanted.startswith((LOGIN, "/backoffice/logout")):
        return HOME
    plain = wanted.isascii() and wanted.isprintable() and "\\" not in wanted and "//" not in wanted
    return wanted if plain else HOME
