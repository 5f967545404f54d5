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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Generic, Literal, TypeVar, cast, get_args

import jwt

from auth import configuration, keys
from auth.keys import SigningKey
from domain.kernel.actor import Assurance

Said = TypeVar("Said")

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
    claims: dict[str, object] = {
        "sub": f"{holder}:{identity}",
        "sid": str(session_id),
        "chn": channel,
        "aal": assurance,
        "nam": name,
    }
    assert (holder == "agent") == (employer_no is not None), "an agent acts for an employer, nobody else does"
    if employer_no is not None:
        claims["emp"] = str(employer_no)
    if holder == "citizen":
        claims["auth_time"] = int((signed_in_at or now).timestamp())
    return await PERSONS.sign(claims, ends_at=session_expires_at, now=now)


async def verify(*, token: str, now: datetime) -> TokenClaims:
    """The claims of a token of ours that is valid now. Raises TokenRefused, or StoreUnavailable when the
    keys cannot be read. Whether the session has ended is for `auth.sessions` to say."""
    return await PERSONS.verify(token=token, now=now)


def forget() -> None:
    """Lets every token be checked anew: the settings it was checked by have changed."""
    PERSONS.forget()


@dataclass(frozen=True, slots=True)
class _Signed(Generic[Said]):
    """A token whose signature, issuer and audience were found right, under this key. Its times are asked for at
    each use: seconds since the epoch."""

    key: SigningKey
    said: Said
    issued: int
    expires: int


_SIGNED_MAX = 10_000
"""Some six megabytes a process. Only tokens that we signed come in, so nobody can push others out by guessing."""


class SignedTokens(Generic[Said]):
    """Tokens of one type (RFC 8725, 3.11): signed with the house's keys, checked, and known again by their SHA-256, the
    least recently used let go first. A phone sends the same token for minutes, and checking its signature costs more
    than answering it. `read` takes the claims, which have everything `required`, and raises TokenRefused."""

    def __init__(self, *, kind: str, required: Sequence[str], read: Callable[[dict[str, object], int], Said]) -> None:
        self._kind, self._required, self._read = kind, list(required), read
        self._known: OrderedDict[bytes, _Signed[Said]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def forget(self) -> None:
        self._known.clear()

    def are(self, token: str) -> bool:
        """Whether a token is of this type by its header alone: who checks it looks at the rest."""
        try:
            return _header_of(token)[0] == self._kind
        except TokenRefused:
            return False

    async def sign(self, claims: dict[str, object], *, ends_at: datetime, now: datetime) -> AccessToken:
        """A token of our usual life that ends at `ends_at` at the latest. Raises StoreUnavailable when the keys cannot
        be read."""
        settings = configuration.current()
        key = await keys.signing_key(now=now)
        assert key.private is not None, "a retired key was asked to sign"
        issued, expires = int(now.timestamp()), int(min(now + settings.access_token, ends_at).timestamp())
        whole = {
            "iss": settings.issuer,
            "aud": settings.audience,
            **claims,
            "iat": issued,
            "exp": expires,
            "jti": secrets.token_urlsafe(12),
        }
        token = jwt.encode(whole, key.private, algorithm=ALGORITHM, headers={"kid": key.kid, "typ": self._kind})
        return AccessToken(token=token, expires_in=max(expires - issued, 0))

    async def verify(self, *, token: str, now: datetime) -> Said:
        kind, kid = _header_of(token)
        if kind != self._kind:
            raise TokenRefused("token_invalid")
        key = await keys.verifying_key(kid=kid, now=now)
        if key is None:
            raise TokenRefused("token_invalid")
        digest = hashlib.sha256(token.encode()).digest()
        known = self._known.get(digest)
        # a key that was read anew is another object: its tokens are looked at anew as well
        if known is None or known.key is not key:
            known = self._keep(digest, self._opened(token, key=key))
        else:
            self._known.move_to_end(digest)
        leeway = int(configuration.current().leeway.total_seconds())
        at = now.timestamp()
        # whoever stole a key after its retirement signs nothing new with it
        if known.issued > at + leeway or known.issued > key.retires_at.timestamp() + leeway:
            raise TokenRefused("token_invalid")
        if at >= known.expires + leeway:
            raise TokenRefused("token_expired")
        return known.said

    def _keep(self, digest: bytes, signed: _Signed[Said]) -> _Signed[Said]:
        self._known[digest] = signed
        if len(self._known) > _SIGNED_MAX:
            self._known.popitem(last=False)
        return signed

    def _opened(self, token: str, *, key: SigningKey) -> _Signed[Said]:
        settings = configuration.current()
        try:
            claims = jwt.decode(
                token,
                key.public,
                algorithms=[ALGORITHM],
                audience=settings.audience,
                issuer=settings.issuer,
                options={
                    "require": self._required,
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
        return _Signed(key, self._read(claims, expires), issued, expires)


def bearer_of(authorization: str | None) -> str | None:
    """The token of an Authorization header; None without one. Raises TokenRefused for another scheme."""
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenRefused("token_invalid")
    return token.strip()


def _header_of(token: str) -> tuple[str, str]:
    """Type and key of a token by its header alone: the rest is looked at with the key in hand."""
    if len(token) > _CHARS_MAX:
        raise TokenRefused("token_invalid")
    try:
        return _header_in(token.partition(".")[0])
    except jwt.InvalidTokenError as error:
        raise TokenRefused("token_invalid") from error


@lru_cache(maxsize=16)
def _header_in(header_segment: str) -> tuple[str, str]:
    # All tokens of one type and key begin with the same segment; what is refused is not kept.
    header = jwt.get_unverified_header(f"{header_segment}..")
    kind, kid = header.get("typ"), header.get("kid")
    if header.get("alg") != ALGORITHM or not isinstance(kind, str) or not isinstance(kid, str):
        raise TokenRefused("token_invalid")
    return kind, kid


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


PERSONS = SignedTokens(kind=TYPE, required=_REQUIRED, read=_claims)
