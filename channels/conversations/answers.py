"""What the house answers by itself, read from `answers.yaml` at import: a malformed file does not start. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from types import MappingProxyType
from typing import Any

from domain import policy
from domain.kernel.dates import SHANGHAI, business_date_of
from domain.kernel.declared import DeclarationError, read

FILE = Path(__file__).with_name("answers.yaml")
STAFF, BIND = "@staff", "@bind"
_ACTIONS = frozenset({STAFF, BIND})
_NEEDED = frozenset({"welcome", "guide", "staff_called", "staff_away", "closed", "only_text", "bind", "bound"})
COLUMNS_MAX, ENTRIES_MAX = 3, 5
NAME_BYTES_MAX, ENTRY_BYTES_MAX = 16, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the menu: a page of ours (`view`, below our address), a key (`click`), or a column of entries."""

    name: str
    view: str = ""
    click: str = ""
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    texts: Mapping[str, str]
    keywords: Mapping[str, str]
    menu: tuple[Entry, ...] = field(default=())

    def wanted_by(self, text: str) -> str:
        """The answer or action that a message asks for by a keyword; empty when it is none."""
        return self.keywords.get(_plain(text), "")

    def wanted_by_key(self, key: str) -> str:
        return key if key in _ACTIONS or key in self.texts else ""

    def text(self, name: str, *, now: datetime, **values: str) -> str:
        opens, closes = hours_on(business_date_of(now))
        return self.texts[name].format(**{"opens": f"{opens:%H:%M}", "closes": f"{closes:%H:%M}", **values})


def read_answers(data: Any) -> Answers:
    """Raises DeclarationError naming every problem."""
    texts: dict[str, str] = data["answers"]
    problems = [f"answer {name} is missing" for name in sorted(_NEEDED - texts.keys())]
    keywords: dict[str, str] = {}
    for name, words in data["keywords"].items():
        if name not in texts and name not in _ACTIONS:
            problems.append(f"keywords of {name}: no such answer")
        for word in words:
            if keywords.setdefault(_plain(word), name) != name:
                problems.append(f"keyword {word} is given twice")
    menu = tuple(_entry(one) for one in data["menu"])
    if len(menu) > COLUMNS_MAX:
        problems.append(f"the menu has more than {COLUMNS_MAX} columns")
    for column in menu:
        problems += _problems_of(column, bytes_max=NAME_BYTES_MAX, texts=texts)
        if len(column.entries) > ENTRIES_MAX:
            problems.append(f"{column.name} has more than {ENTRIES_MAX} entries")
        for entry in column.entries:
            problems += _problems_of(entry, bytes_max=ENTRY_BYTES_MAX, texts=texts)
    if problems:
        raise DeclarationError(file=FILE.name, problems=problems)
    return Answers(texts=MappingProxyType(texts), keywords=MappingProxyType(keywords), menu=menu)


def staffed_at(now: datetime) -> bool:
    """Whether staff answer at this moment: working days of the centre, within the hours."""
    today = business_date_of(now)
    opens, closes = hours_on(today)
    return policy.work_calendar().day(today).working and opens <= now.astimezone(SHANGHAI).time() < closes


def hours_on(business_date: date) -> tuple[time, time]:
    values = policy.on(business_date)
    return time.fromisoformat(values.text("messages.opens")), time.fromisoformat(values.text("messages.closes"))


def _entry(declared: Mapping[str, Any]) -> Entry:
    entries = tuple(_entry(one) for one in declared.get("entries", ()))
    return Entry(name=declared["name"], view=declared.get("view", ""), click=declared.get("click", ""), entries=entries)


def _problems_of(entry: Entry, *, bytes_max: int, texts: Mapping[str, str]) -> list[str]:
    problems = []
    if len(entry.name.encode()) > bytes_max:
        problems.append(f"{entry.name} is longer than {bytes_max} bytes")
    if sum(map(bool, (entry.view, entry.click, entry.entries))) != 1:
        problems.append(f"{entry.name} is a page, a key or a column")
    if entry.view and not entry.view.startswith("/"):
        problems.append(f"{entry.name}: {entry.view} is no page of ours")
    if entry.click and entry.click not in texts and entry.click not in _ACTIONS:
        problems.append(f"{entry.name}: key {entry.click} has no answer")
    return problems


def _plain(text: str) -> str:
    return "".join(str(text).split()).casefold()


ANSWERS = read_answers(read(FILE))
