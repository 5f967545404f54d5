"""Access tokens: signed JWTs of a few minutes (RFC 7519, profile of RFC 9068), made and checked by PyJWT.

Claims: iss, aud, sub (`citizen:123`, `agent:123`, `staff:7`), sid (session), chn (channel), aal (level of
assurance), nam (the masked name), iat, exp, jti; of an agent also emp (the employer acted for), of a citizen auth_time
(when the session began). Times are checked here against the given `now`, not against the machine's clock.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, cast, get_args

import jwt

from auth import configuration, keys
from auth.keys import SigningKey
from domain.kernel.actor import Assurance

ALGORITHM = "EdDSA"
TYPE = "at+jwt"

Holder = Literal["citizen", "agent", "staff"]
TokenRefusalCode = Literal["token_missing", "token_expired", "token_invalid", "session_ended", "grant_ended"]

_MESSAGES: dict[TokenRefusalCode, str] = {
    "token_missing": "请先登录再继续办理。",
    "token_expired": "登录凭证已过期，请刷新凭证或重新登录。",
    "token_invalid": "登录凭证无效，请重新登录。",
    "session_ended": "您已退出登录或登录已失效，请重新登录。",
    "grant_ended": "授权已到期、暂停或结束，请联系北京住房公积金管理中心确认授权状态。",
}

_REQUIRED = ("iss", "aud", "sub", "sid", "chn", "aal", "nam", "iat", "exp", "jti")
_CHARS_MAX = 4096
_SUBJECT = re.compile(r"(citizen|agent|staff):([1-9][0-9]{0,18})")
_SESSION = re.compile(r"[1-9][0-9]{0,18}")


class TokenRefused(Exception):
    """Nobody is authenticated by this. `message` is for people; HTTP answers 401."""

    def __init__(self, code: TokenRefusalCode, message: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message or _MESSAGES[code]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """`expires_in` in seconds."""

    token: str
    expires_in: int

    def __repr__(self) -> str:
        return f"AccessToken(…, expires_in={self.expires_in})"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenClaims:
    """What a verified token says. `identity` is a person_id or, of staff, a staff_id."""

    holder: Holder
    identity: int
    session_id: int
    channel: str
    assurance: Assurance
    name: str
    expires_at: datetime
    employer_no: int | None = None
    signed_in_at: datetime | None = None


async def issue(
    *,
    holder: Holder,
    identity: int,
    session_id: int,
    channel: str,
    assurance: Assurance,
    name: str,
    session_expires_at: datetime,
    now: datetime,
    employer_no: int | None = None,
    signed_in_at: datetime | None = None,
) -> AccessToken:
    """A token that ends with its session at the latest. `name` is the masked one: whoever holds a token
    can read it. Raises StoreUnavailable when the keys cannot be read."""
    settings = configuration.current()
    expires_at = min(now + settings.access_token, session_expires_at)
    key = await keys.signing_key(now=now)
    assert key.private is not None, "a retired key was asked to sign"
    issued, expires = int(now.timestamp()), int(expires_at.timestamp())
    claims: dict[str, object] = {
        "iss": settings.issuer,
        "aud": settings.audience,
        "sub": f"{holder}:{identity}",
        "sid": str(session_id),
        "chn": channel,
        "aal": assurance,
        "nam": name,
        "iat": issued,
        "exp": expires,
        "jti": secrets.token_urlsafe(12),
    }
    assert (holder == "agent") == (employer_no is not None), "an agent acts for an employer, nobody else does"
    if employer_no is not None:
        claims["emp"] = str(employer_no)
    if holder == "citizen":
        claims["auth_time"] = int((signed_in_at or now).timestamp())
    token = jwt.encode(claims, key.private, algorithm=ALGORITHM, headers={"kid": key.kid, "typ": TYPE})
    return AccessToken(token=token, expires_in=max(expires - issued, 0))


async def verify(*, token: str, now: datetime) -> TokenClaims:
    """The claims of a token of ours that is valid now. Raises TokenRefused, or StoreUnavailable when the
    keys cannot be read. Whether the session has ended is for `auth.sessions` to say."""
    key = await keys.verifying_key(kid=_key_id(token), now=now)
    if key is None:
        raise TokenRefused("token_invalid")
    digest = hashlib.sha256(token.encode()).digest()
    known = _signed.get(digest)
    # a key that was read anew is another object: its tokens are looked at anew as well
    if known is None or known.key is not key:
        known = _keep(digest, _opened(token, key=key))
    else:
        _signed.move_to_end(digest)
    leeway = int(configuration.current().leeway.total_seconds())
    at = now.timestamp()
    if known.issued > at + leeway or known.issued > key.retires_at.timestamp() + leeway:
        raise TokenRefused("token_invalid")
    if at >= known.expires + leeway:
        raise TokenRefused("token_expired")
    return known.claims


@dataclass(frozen=True, slots=True)
class _Signed:
    """A token whose signature, issuer and audience were found right, under this key. Its times are asked for at
    each use: seconds since the epoch."""

    key: SigningKey
    claims: TokenClaims
    issued: int
    expires: int


_SIGNED_MAX = 10_000
"""Some six megabytes a process. Only tokens that we signed come in, so nobody can push others out by guessing."""
_signed: OrderedDict[bytes, _Signed] = OrderedDict()
"""By the token's SHA-256, least recently used first: a phone sends the same token for minutes, and checking its
signature costs more than answering it."""


def forget() -> None:
    """Lets every token be checked anew: the settings it was checked by have changed."""
    _signed.clear()


def _keep(digest: bytes, signed: _Signed) -> _Signed:
    _signed[digest] = signed
    if len(_signed) > _SIGNED_MAX:
        _signed.popitem(last=False)
    return signed


def _opened(token: str, *, key: SigningKey) -> _Signed:
    settings = configuration.current()
    try:
        claims = jwt.decode(
            token,
            key.public,
            algorithms=[ALGORITHM],
            audience=settings.audience,
            issuer=settings.issuer,
            options={
                "require": list(_REQUIRED),
                "strict_aud": True,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except jwt.InvalidTokenError as error:
        raise TokenRefused("token_invalid") from error
    issued, expires = claims["iat"], claims["exp"]
    if type(issued) is not int or type(expires) is not int:
        raise TokenRefused("token_invalid")
    return _Signed(key, _claims(claims, expires), issued, expires)


def bearer_of(authorization: str | None) -> str | None:
    """The token of an Authorization header; None without one. Raises TokenRefused for another scheme."""
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenRefused("token_invalid")
    return token.strip()


def _key_id(token: str) -> str:
    """Of the header alone: the rest is looked at with the key in hand."""
    if len(token) > _CHARS_MAX:
        raise TokenRefused("token_invalid")
    try:
        return _key_id_in(token.partition(".")[0])
    except jwt.InvalidTokenError as error:
        raise TokenRefused("token_invalid") from error


@lru_cache(maxsize=16)
def _key_id_in(header_segment: str) -> str:
    # All tokens of one key begin with the same segment; what is refused is not kept.
    header = jwt.get_unverified_header(f"{header_segment}..")
    kid = header.get("kid")
    if header.get("alg") != ALGORITHM or header.get("typ") != TYPE or not isinstance(kid, str):
        raise TokenRefused("token_invalid")
    return kid


def _claims(claims: dict[str, object], expires: int) -> TokenClaims:
    texts = [claims[name] for name in ("sub", "sid", "chn", "aal", "nam")]
    subject, session, channel, assurance, name = (text if isinstance(text, str) else "" for text in texts)
    found = _SUBJECT.fullmatch(subject)
    if found is None or _SESSION.fullmatch(session) is None or assurance not in get_args(Assurance):
        raise TokenRefused("token_invalid")
    employer = claims.get("emp")
    if (found[1] == "agent") != (employer is not None):
        raise TokenRefused("token_invalid")
    if employer is not None and (not isinstance(employer, str) or _SESSION.fullmatch(employer) is None):
        raise TokenRefused("token_invalid")
    signed_in = claims.get("auth_time")
    if (found[1] == "citizen") != (type(signed_in) is int):
        raise TokenRefused("token_invalid")
    return TokenClaims(
        holder=cast(Holder, found[1]),
        identity=int(found[2]),
        session_id=int(session),
        channel=channel,
        assurance=cast(Assurance, assurance),
        name=name,
        expires_at=datetime.fromtimestamp(expires, UTC),
        employer_no=None if employer is None else int(employer),
        signed_in_at=datetime.fromtimestamp(signed_in, UTC) if isinstance(signed_in, int) else None,
    )
