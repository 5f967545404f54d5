"""The standing grants in a process's memory: what each lets run. A request asks nothing but this memory.

Read again every few seconds when anything has changed. That a grant or a party was suspended does not wait for it: its
tokens are ended at once (`auth.grants.revoking`); an end by its date is looked at in each request.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from domain.kernel import database
from domain.kernel.failures import StoreUnavailable

REREAD_SECONDS = 5.0
UNKNOWN_SECONDS = 1.0

_READS = re.compile(r"读取“(.+?)”的(.+)，限.+。")

_log = structlog.get_logger("auth")


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingGrant:
    """`documents`: identifiers that may run, each with the fields it reads beyond the grant (empty: none)."""

    grant_id: int
    partner_id: int
    service: str
    purpose: str
    represents: str
    calls_per_day: int
    points_per_day: int
    ends_at: datetime
    sandbox: bool
    documents: Mapping[str, tuple[str, ...]]
    purpose_text: str
    words: Mapping[str, tuple[str, ...]]
    """What each document reads, as the person concerned is told."""


class StandingGrants:
    """One for a process."""

    def __init__(self) -> None:
        self._known: dict[int, StandingGrant] = {}
        self._revision: tuple[int | None, int | None] | None = None
        self._asked_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    def forget(self) -> None:
        self.__init__()  # type: ignore[misc]

    def peek(self, grant_id: int) -> StandingGrant | None:
        """As read last."""
        return self._known.get(grant_id)

    async def find(self, grant_id: int) -> StandingGrant | None:
        """Raises StoreUnavailable while nothing could ever be read."""
        age = asyncio.get_running_loop().time() - self._asked_at
        if age >= REREAD_SECONDS or (age >= UNKNOWN_SECONDS and grant_id not in self._known):
            await self._reread()
        return self._known.get(grant_id)

    async def _reread(self) -> None:
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        try:
            await asyncio.shield(self._reading)
        except StoreUnavailable:
            if self._revision is None:
                raise
            _log.warning("grants.stale")

    async def _read(self) -> None:
        row = await database.row(
            "SELECT (SELECT revision FROM grant_registry) AS grants,"
            " (SELECT revision FROM document_registry) AS documents"
        )
        assert row is not None
        revision = (row["grants"], row["documents"])
        if revision != self._revision:
            self._known = await _read_all()
            self._revision = revision
        self._asked_at = asyncio.get_running_loop().time()


async def _read_all() -> dict[int, StandingGrant]:
    rows = await database.rows(
        "SELECT g.grant_id, g.partner_id, g.service, g.purpose, g.purpose_text, g.represents, g.calls_per_day,"
        " g.points_per_day, g.ends_at, g.sandbox, g.field_scopes, v.name, v.document_id, d.fields, d.sentences"
        " FROM service_grant g JOIN third_party p USING (partner_id) JOIN registered_service s USING (service)"
        " LEFT JOIN document_version v ON v.service = g.service AND v.name = ANY(g.documents)"
        "  AND v.withdrawn_at IS NULL"
        " LEFT JOIN trusted_document d USING (document_id)"
        " WHERE g.state IN ('approved', 'connected') AND p.state IN ('approved', 'connected') AND s.state = 'approved'"
    )
    documents: dict[int, dict[str, tuple[str, ...]]] = {}
    words: dict[int, dict[str, tuple[str, ...]]] = {}
    found: dict[int, StandingGrant] = {}
    for row in rows:
        grant_id = row["grant_id"]
        runs, said = documents.setdefault(grant_id, {}), words.setdefault(grant_id, {})
        if row["document_id"] is not None:
            runs[row["document_id"]] = tuple(sorted(set(row["fields"]) - set(row["field_scopes"])))
            said[row["document_id"]] = words_of(row["sentences"])
        found[grant_id] = StandingGrant(
            grant_id=grant_id,
            partner_id=row["partner_id"],
            service=row["service"],
            purpose=row["purpose"],
            represents=row["represents"],
            calls_per_day=row["calls_per_day"],
            points_per_day=row["points_per_day"],
            ends_at=row["ends_at"],
            sandbox=row["sandbox"],
            documents=runs,
            purpose_text=row["purpose_text"],
            words=said,
        )
    return found


def words_of(sentences: Sequence[str]) -> tuple[str, ...]:
    """`读取“个人账户”的账户余额、可用余额，限本人。` → 个人账户：账户余额、可用余额."""
    found = [_READS.fullmatch(sentence) for sentence in sentences]
    return tuple(f"{one[1]}：{one[2]}" for one in found if one) or tuple(sentences)


STANDING = StandingGrants()
"""Belongs to the process; `auth.sessions.configure` empties it."""
