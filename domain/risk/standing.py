"""How somebody stands on the lists on a day, and what that does to a flow. Read by document: accounts come and go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from domain.kernel import database, vault
from domain.kernel.database import Executor
from domain.risk.lists import Effect, lists, stronger

Document = tuple[str, str]
"""Type and number, in the clear: only as long as the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """An entry in force, without whom it is about."""

    entry_id: int
    list: str
    reason: str
    until_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The entries in force about one document; empty for nearly everybody."""

    entries: tuple[Entered, ...] = ()

    def effect_on(self, flow: str) -> Effect:
        """The strongest effect of all entries."""
        effect: Effect = "none"
        for one in self.entries:
            effect = stronger(effect, lists()[one.list].effect_on(flow))
        return effect

    def deciding(self, flow: str) -> Entered | None:
        """The entry that the effect comes from, the one that lasts longest among equals; None where nothing does."""
        effect = self.effect_on(flow)
        found = [one for one in self.entries if lists()[one.list].effect_on(flow) == effect]
        return max(found, key=lambda one: one.until_on) if found and effect != "none" else None

    def on(self, code: str) -> bool:
        return any(one.list == code for one in self.entries)


NOTHING = Standing()


def indexes_of(document: Document) -> list[bytes]:
    """Every index under which the document may stand: two while the key of look-ups is being changed."""
    return vault.current().lookup_indexes(document_text(document))


def document_text(document: Document) -> str:
    """What the index of a document is made of, the same as for persons."""
    document_type, document_no = document
    return f"{document_type}:{document_no.strip().upper()}"


async def standing_of(
    *, documents: Iterable[Document], on: date, using: Executor = database.pool
) -> Mapping[Document, Standing]:
    """The standing of each document on a day, in one question."""
    wanted = {index: document for document in documents for index in indexes_of(document)}
    found: dict[Document, list[Entered]] = {document: [] for document in wanted.values()}
    rows = await using.rows(
        "SELECT entry_id, list, reason, until_on, document_index FROM risk_entry"
        " WHERE document_index = ANY($1::bytea[]) AND state = 'listed' AND from_on <= $2 AND until_on >= $2"
        " ORDER BY entry_id",
        list(wanted),
        on,
    )
    for row in rows:
        found[wanted[row["document_index"]]].append(
            Entered(entry_id=row["entry_id"], list=row["list"], reason=row["reason"], until_on=row["until_on"])
        )
    return {document: Standing(entries=tuple(entries)) for document, entries in found.items()}


async def documents_touched(*, flow: str, on: date, using: Executor) -> Mapping[bytes, Effect]:
    """Blind indexes of every document whose standing holds or stops a flow on a day; for work on many accounts. An
    entry whose payments were cleared until the day or later does not count."""
    effects = {code: one.effect_on(flow) for code, one in lists().items()}
    rows = await using.rows(
        "SELECT document_index, list FROM risk_entry WHERE state = 'listed' AND from_on <= $1 AND until_on >= $1"
        " AND list = ANY($2) AND (cleared_until IS NULL OR cleared_until < $1)",
        on,
        [code for code, effect in effects.items() if effect in ("hold", "stop", "refuse")],
    )
    touched: dict[bytes, Effect] = {}
    for row in rows:
        index = row["document_index"]
        touched[index] = stronger(touched.get(index, "none"), effects[row["list"]])
    return touched
