"""The card reader as an assurance: what its security module signed about a card and the person in front of it.

Readers' formats are not public; this is our own assumption: a compact JWS by the module's key (Ed25519, P-256 or SM2)
over {"challenge", "type", "number", "name", "validUntil", "holder", "readAt"}. `holder` says that the terminal's camera
found the person in front of it to be the one on the card; a card alone proves nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import jwt
import orjson

from auth.grants import keyring
from domain.kernel.dates import business_date_of
from domain.kernel.identifiers import valid_id_card

FRESH_FOR = timedelta(minutes=2)
_CHARS_MAX = 4_000


class CardRefused(Exception):
    """`reason` is a code for the audit trail, without what stood on the card."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class CardHolder:
    document_type: str
    document_no: str = field(repr=False)
    name: str = field(repr=False)


def holder_of(reading: str, *, reader_pem: str, challenge: str, now: datetime) -> CardHolder:
    """Raises CardRefused: signature, challenge, stale, document, expired, holder."""
    algorithm = keyring.algorithm_of(reader_pem)
    assert algorithm is not None, "a reader's key was looked at when it was registered"
    if not reading.isascii() or len(reading) > _CHARS_MAX:
        raise CardRefused("signature")
    try:
        told = orjson.loads(keyring.JWS.decode(reading, reader_pem, algorithms=[algorithm]))
    except (jwt.InvalidTokenError, orjson.JSONDecodeError):
        raise CardRefused("signature") from None
    if not isinstance(told, dict) or told.get("challenge") != challenge:
        raise CardRefused("challenge")
    try:
        read_at = datetime.fromisoformat(str(told["readAt"]))
        valid_until = date.max if told["validUntil"] == "长期" else date.fromisoformat(str(told["validUntil"]))
        number, name, kind = str(told["number"]).upper(), str(told["name"]).strip(), str(told["type"])
    except (KeyError, ValueError):
        raise CardRefused("document") from None
    if read_at.tzinfo is None or abs(now - read_at) > FRESH_FOR:
        raise CardRefused("stale")
    if kind != "01" or not valid_id_card(number) or not name:
        raise CardRefused("document")
    if valid_until < business_date_of(now):
        raise CardRefused("expired")
    if told.get("holder") is not True:
        raise CardRefused("holder")
    return CardHolder(document_type=kind, document_no=number, name=name)
