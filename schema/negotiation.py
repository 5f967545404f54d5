"""Which media type and which encoding an answer has (RFC 9110, 12.5), and the sealed body for it."""

from __future__ import annotations

import hashlib
import re
import zlib
from functools import lru_cache

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"

COMPRESSED_BYTES_MIN = 1024
"""Below this the headers outweigh what compression saves."""
_GZIP = 31  # zlib's window bits for the gzip format

_QUALITY = re.compile(r";\s*q\s*=\s*([0-9](?:\.[0-9]{0,3})?)\s*(?:;|$)", re.IGNORECASE)


@lru_cache(maxsize=64)
def media_type_for(accept: str | None) -> str | None:
    """The type of an answer that comes once; None when neither of ours is accepted. Who does not name
    `application/graphql-response+json` gets `application/json`, as GraphQL over HTTP asks for older clients."""
    asked = _qualities(accept or "*/*")
    new, old = _of(asked, GRAPHQL_JSON), _of(asked, JSON)
    if max(new, old) <= 0:
        return None
    return GRAPHQL_JSON if new > old or (new == old and GRAPHQL_JSON in asked) else JSON


def accepts_events(accept: str | None) -> bool:
    return _of(_qualities(accept or "*/*"), EVENT_STREAM) > 0


@lru_cache(maxsize=64)
def is_utf8_json(content_type: str | None) -> bool:
    """Only this is read: what a foreign page's form could send is none of it (CSRF)."""
    kind, _, parameters = (content_type or "").partition(";")
    charset = re.search(r"charset *= *\"?([^;\"]+)", parameters, re.IGNORECASE)
    return kind.strip().lower() == JSON and (charset is None or charset[1].strip().lower() == "utf-8")


def compressed(body: bytes, *, accept_encoding: str | None) -> bytes | None:
    """The body in gzip; None when it is small or the client does not ask for it."""
    if len(body) < COMPRESSED_BYTES_MIN or accept_encoding is None:
        return None
    asked = _qualities(accept_encoding)
    if asked.get("gzip", asked.get("*", 0.0)) <= 0:
        return None
    packer = zlib.compressobj(level=5, wbits=_GZIP)
    return packer.compress(body) + packer.flush()


def entity_tag(body: bytes) -> str:
    """Weak: the compressed body has the same."""
    return f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'


def knows(if_none_match: str | None, *, tag: str) -> bool:
    """Whether the client holds this body already."""
    told = {part.strip().removeprefix("W/") for part in (if_none_match or "").split(",")}
    return "*" in told or tag.removeprefix("W/") in told


def _qualities(header: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in header.split(","):
        name = part.partition(";")[0].strip().lower()
        quality = _QUALITY.search(part)
        if name:
            found[name] = float(quality[1]) if quality else 1.0
    return found


def _of(asked: dict[str, float], kind: str) -> float:
    """The most specific word counts."""
    family = f"{kind.partition('/')[0]}/*"
    return next((asked[name] for name in (kind, family, "*/*") if name in asked), 0.0)
