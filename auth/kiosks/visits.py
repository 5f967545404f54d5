"""A visit at a kiosk: the device answers a challenge with its key, the reader vouches for the person, a session begins.

The device counts its assertions and never gives a number twice. A right signature with a number that was passed already
comes from a copy of the key: the device is suspended at once and everybody is told. One visit at a time; it ends by the
citizen, by lying idle, or by the next one, and leaves nothing behind on the device.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NoReturn

import jwt
import orjson

from auth import configuration, sessions
from auth.grants import keyring
from auth.kiosks.devices import halt
from auth.kiosks.granted import CHANNEL, Granted, granted_to
from auth.kiosks.reader import CardHolder, CardRefused, holder_of
from auth.kiosks.refusals import CARD_REFUSED, CARD_STRANGER, NOT_ADMITTED, NOT_GRANTED
from auth.sessions import RefreshedSession
from domain import contributions
from domain.kernel import audit, database
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record, transaction
from domain.kernel.digest import sm3
from domain.kernel.refusal import Refusal, Refused

CHALLENGE_LIFE = timedelta(minutes=2)
COPIED = "密钥在两处使用"
_CHARS_MAX = 8_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """`granted` is what the device's owner was granted; None for the centre's own devices, which have everything."""

    session: RefreshedSession
    idle_seconds: int
    granted: Granted | None
    name_masked: str = field(repr=False)


async def challenge(*, device_no: str, now: datetime) -> str:
    """A number that the device answers within two minutes. Raises Refused for a device that is not in use."""
    device_id = await database.value("SELECT device_id FROM kiosk WHERE device_no = $1 AND state = 'active'", device_no)
    if device_id is None:
        raise Refused(NOT_ADMITTED())
    made = secrets.token_urlsafe(24)
    await database.execute("DELETE FROM kiosk_challenge WHERE expires_at < $1", now - timedelta(hours=1))
    await database.execute(
        "INSERT INTO kiosk_challenge (challenge_hash, device_id, expires_at) VALUES ($1, $2, $3)",
        sm3(made.encode()),
        device_id,
        now + CHALLENGE_LIFE,
    )
    return made


async def begin(*, device_no: str, assertion: str, now: datetime) -> Visit:
    """`assertion` is a compact JWS by the device's key over {"device", "challenge", "counter", "reading"}. Raises
    Refused, and then nobody is logged in."""
    row = await database.row("SELECT * FROM kiosk WHERE device_no = $1 AND state = 'active'", device_no)
    if row is None:
        raise Refused(NOT_ADMITTED())
    told = _told(assertion, row)
    if told is None:
        await _refuse(row, NOT_ADMITTED(), reason="signature", now=now)
    asked, counter, reading = str(told["challenge"]), told["counter"], str(told["reading"])
    used = await database.value(
        "UPDATE kiosk_challenge SET used_at = $3 WHERE challenge_hash = $1 AND device_id = $2 AND used_at IS NULL"
        " AND expires_at > $3 RETURNING device_id",
        sm3(asked.encode()),
        row["device_id"],
        now,
    )
    if used is None:
        await _refuse(row, NOT_ADMITTED(), reason="challenge", now=now)
    counted = await database.value(
        "UPDATE kiosk SET counter = $2, seen_at = $3 WHERE device_id = $1 AND counter < $2 RETURNING counter",
        row["device_id"],
        counter,
        now,
    )
    if counted is None:
        # the challenge was fresh and the signature right: somebody else has this key too
        await halt(row, to="suspended", reason=COPIED, actor=SYSTEM, now=now)
        await _refuse(row, NOT_ADMITTED(), reason="counter", now=now)
    granted = await _granted(row, now=now)
    try:
        holder = holder_of(reading, reader_pem=row["reader_pem"], challenge=asked, now=now)
    except CardRefused as refused:
        await _refuse(row, CARD_REFUSED(), reason=f"card_{refused.reason}", now=now)
    person_id = await _person(holder)
    if person_id is None:
        await _refuse(row, CARD_STRANGER(), reason="stranger", now=now)
    return await _begun(row, person_id=person_id, granted=granted, now=now)


async def end_idle(*, now: datetime) -> int:
    """Ends visits that lie idle, so that a token still in a device's memory opens nothing. Returns how many."""
    idle = configuration.current().channels[CHANNEL].idle
    rows = await database.rows(
        "SELECT session_id FROM login_session WHERE channel = $1 AND revoked_at IS NULL AND last_seen_at <= $2"
        " ORDER BY last_seen_at LIMIT 100",
        CHANNEL,
        now - idle,
    )
    for row in rows:
        await sessions.end_session(session_id=row["session_id"], actor=SYSTEM, reason="idle", now=now)
    return len(rows)


async def _begun(row: Record, *, person_id: int, granted: Granted | None, now: datetime) -> Visit:
    if row["session_id"] is not None:
        await sessions.end_session(session_id=row["session_id"], actor=SYSTEM, reason="next_visit", now=now)
    try:
        opened = await sessions.open_session(
            holder="citizen",
            identity=person_id,
            channel=CHANNEL,
            assurance="real_name",
            device=f"自助终端 {row['device_no']}",
            now=now,
        )
    except Refused as refused:
        await _refuse(row, refused.refusals[0], reason=refused.refusals[0].code, now=now)
    async with transaction() as tx:
        await tx.execute("UPDATE kiosk SET session_id = $2 WHERE device_id = $1", row["device_id"], opened.session_id)
        await audit.record(
            tx,
            actor=SYSTEM,
            action="kiosk.visited",
            subject=f"kiosk:{row['device_no']}",
            now=now,
            detail={"office": row["office_code"]},
        )
    fresh = await sessions.refresh(refresh_token=opened.secret, now=now)
    person = await contributions.person_by_id(person_id=person_id)
    idle = configuration.current().channels[CHANNEL].idle
    return Visit(session=fresh, idle_seconds=int(idle.total_seconds()), granted=granted, name_masked=person.name_masked)


def _told(assertion: str, row: Record) -> dict[str, Any] | None:
    """What the device's key signed; None for everything else."""
    if not assertion.isascii() or len(assertion) > _CHARS_MAX:
        return None
    try:
        told = orjson.loads(keyring.JWS.decode(assertion, row["public_pem"], algorithms=[row["algorithm"]]))
    except (jwt.InvalidTokenError, orjson.JSONDecodeError):
        return None
    if not isinstance(told, dict) or set(told) != {"device", "challenge", "counter", "reading"}:
        return None
    counter = told["counter"]
    whole = isinstance(counter, int) and not isinstance(counter, bool) and 0 < counter < 2**62
    return told if whole and told["device"] == row["device_no"] else None


async def _granted(row: Record, *, now: datetime) -> Granted | None:
    """What citizens may do at this device; None for the centre's own, which have everything. Raises Refused when its
    owner was granted nothing."""
    if row["partner_id"] is None:
        return None
    found = await granted_to(partner_id=row["partner_id"], now=now)
    if not found.documents:
        await _refuse(row, NOT_GRANTED(), reason="not_granted", now=now)
    return found


async def _person(holder: CardHolder) -> int | None:
    """The person of the document when the name is theirs too."""
    person_id = await contributions.person_by_document(
        document_type=holder.document_type, document_no=holder.document_no
    )
    if person_id is None:
        return None
    clear = await contributions.clear_person(person_id=person_id)
    return person_id if clear.name == holder.name else None


async def _refuse(row: Record, refusal: Refusal, *, reason: str, now: datetime) -> NoReturn:
    await audit.record(
        None,
        actor=SYSTEM,
        action="kiosk.visited",
        subject=f"kiosk:{row['device_no']}",
        outcome="refused",
        now=now,
        detail={"reason": reason},
    )
    raise Refused(refusal)
