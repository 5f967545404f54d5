"""What pages show of services, parties, keys, grants and their use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from auth import rights
from auth.grants import usage
from auth.grants.states import STATE_NAMES
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.dates import business_date_of
from domain.kernel.failures import StoreUnavailable
from domain.kernel.refusal import NOT_PERMITTED, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceView:
    service: str
    name: str
    description: str
    state: str
    documents: tuple[str, ...]

    @property
    def state_name(self) -> str:
        return STATE_NAMES[self.state]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyView:
    partner_id: int
    code: str
    name: str
    uscc: str
    contact: str
    state: str
    changed_at: datetime

    @property
    def state_name(self) -> str:
        return STATE_NAMES[self.state]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyView:
    kid: str
    algorithm: str
    sandbox: bool
    state: str
    valid_until: datetime

    @property
    def state_name(self) -> str:
        return STATE_NAMES[self.state]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantView:
    """`calls` to `failed` are today's."""

    grant_id: int
    partner_id: int
    party_name: str
    service: str
    service_name: str
    documents: tuple[str, ...]
    field_scopes: tuple[str, ...]
    purpose: str
    purpose_text: str
    represents: str
    calls_per_day: int
    points_per_day: int
    ends_at: datetime
    sandbox: bool
    state: str
    changed_at: datetime
    calls: int = 0
    points: int = 0
    refused: int = 0
    failed: int = 0

    @property
    def state_name(self) -> str:
        return STATE_NAMES[self.state]

    @property
    def last_day(self) -> date:
        return business_date_of(self.ends_at - timedelta(seconds=1))

    def percent_of_calls(self) -> int:
        return min(100, self.calls * 100 // self.calls_per_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageDay:
    day: date
    calls: int
    points: int
    refused: int
    failed: int


async def services(*, actor: Actor) -> list[ServiceView]:
    """Raises Refused, like all readers here."""
    _require_reader(actor)
    rows = await database.rows(
        "SELECT s.service, s.name, s.description, s.state, coalesce(array_agg(DISTINCT v.name)"
        " FILTER (WHERE v.name IS NOT NULL AND v.withdrawn_at IS NULL), '{}') AS documents"
        " FROM registered_service s LEFT JOIN document_version v USING (service) GROUP BY s.service ORDER BY 1"
    )
    return [ServiceView(**{**row, "documents": tuple(row["documents"])}) for row in rows]


async def unregistered_services(*, actor: Actor) -> list[str]:
    """Services that have documents and were not registered yet."""
    _require_reader(actor)
    rows = await database.rows(
        "SELECT DISTINCT service FROM document_version WHERE withdrawn_at IS NULL"
        " AND service NOT IN (SELECT service FROM registered_service) ORDER BY 1"
    )
    return [row["service"] for row in rows]


async def fields_of_documents(*, actor: Actor, service: str) -> dict[str, tuple[str, ...]]:
    """Of each document of a service in its latest version, the fields that it reads."""
    _require_reader(actor)
    rows = await database.rows(
        "SELECT DISTINCT ON (v.name) v.name, d.fields FROM document_version v"
        " JOIN trusted_document d USING (document_id) WHERE v.service = $1 AND v.withdrawn_at IS NULL"
        " ORDER BY v.name, v.version DESC",
        service,
    )
    return {row["name"]: tuple(row["fields"]) for row in rows}


async def parties(*, actor: Actor) -> list[PartyView]:
    _require_reader(actor)
    rows = await database.rows(f"SELECT {_names(PartyView)} FROM third_party ORDER BY state = 'ended', code")
    return [PartyView(**row) for row in rows]


async def party_by_id(*, actor: Actor, partner_id: int) -> PartyView | None:
    _require_reader(actor, partner_id=partner_id)
    row = await database.row(f"SELECT {_names(PartyView)} FROM third_party WHERE partner_id = $1", partner_id)
    return None if row is None else PartyView(**row)


async def keys_of(*, actor: Actor, partner_id: int) -> list[KeyView]:
    _require_reader(actor, partner_id=partner_id)
    rows = await database.rows(
        f"SELECT {_names(KeyView)} FROM party_key WHERE partner_id = $1 ORDER BY changed_at DESC, kid", partner_id
    )
    return [KeyView(**row) for row in rows]


async def grants_of(*, actor: Actor, now: datetime, partner_id: int | None = None) -> list[GrantView]:
    """All of a party, or all there are, with today's use. Without Redis the use stands as it was carried over last."""
    _require_reader(actor, partner_id=partner_id)
    rows = await database.rows(
        "SELECT g.grant_id, g.partner_id, p.name AS party_name, g.service, s.name AS service_name, g.documents,"
        " g.field_scopes, g.purpose, g.purpose_text, g.represents, g.calls_per_day, g.points_per_day, g.ends_at,"
        " g.sandbox, g.state, g.changed_at FROM service_grant g JOIN third_party p USING (partner_id)"
        " JOIN registered_service s USING (service) WHERE $1::bigint IS NULL OR g.partner_id = $1"
        " ORDER BY g.state = 'ended', p.code, g.grant_id",
        partner_id,
    )
    today = business_date_of(now)
    numbers = [row["grant_id"] for row in rows]
    used = await _used_today(numbers, today)
    return [
        GrantView(
            **{
                **row,
                "documents": tuple(row["documents"]),
                "field_scopes": tuple(row["field_scopes"]),
                **used.get(row["grant_id"], {}),
            }
        )
        for row in rows
    ]


async def usage_of(*, actor: Actor, partner_id: int, now: datetime, days: int = 14) -> list[UsageDay]:
    """A party's days, the newest first, all its grants together."""
    _require_reader(actor, partner_id=partner_id)
    today = business_date_of(now)
    rows = await database.rows(
        "SELECT day, sum(calls)::bigint AS calls, sum(points)::bigint AS points, sum(refused)::bigint AS refused,"
        " sum(failed)::bigint AS failed FROM grant_usage JOIN service_grant USING (grant_id)"
        " WHERE partner_id = $1 AND day > $2 AND day < $3 GROUP BY day ORDER BY day DESC",
        partner_id,
        today - timedelta(days=days),
        today,
    )
    past = [UsageDay(**row) for row in rows]
    numbers = [
        row["grant_id"]
        for row in await database.rows("SELECT grant_id FROM service_grant WHERE partner_id = $1", partner_id)
    ]
    used = await _used_today(numbers, today)
    sums = {name: sum(one.get(name, 0) for one in used.values()) for name in ("calls", "points", "refused", "failed")}
    return [UsageDay(day=today, **sums), *past]


async def _used_today(numbers: Sequence[int], today: date) -> dict[int, dict[str, int]]:
    kept: dict[int, dict[str, int]] = {
        row["grant_id"]: {name: row[name] for name in ("calls", "points", "refused", "failed")}
        for row in await database.rows(
            "SELECT grant_id, calls, points, refused, failed FROM grant_usage WHERE grant_id = ANY($1) AND day = $2",
            list(numbers),
            today,
        )
    }
    try:
        live = await usage.live_usage(grant_ids=numbers, day=today)
    except StoreUnavailable:
        return kept
    for number, counters in zip(numbers, live, strict=True):
        if counters:
            kept[number] = counters
    return kept


def _require_reader(actor: Actor, *, partner_id: int | None = None) -> None:
    """Both administrators; a party its own."""
    own = actor.partnership is not None and partner_id == actor.partnership.partner_id
    if not (own or rights.may(actor, "grants.register") or rights.may(actor, "grants.approve")):
        raise Refused(NOT_PERMITTED())


def _names(view: Any) -> str:
    return ", ".join(view.__dataclass_fields__)
