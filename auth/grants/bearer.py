"""Access tokens of third parties: JWTs of minutes for one grant, made and checked by PyJWT with the house's own keys.

Their type is another than that of persons' tokens (RFC 8725, 3.11), so that neither passes for the other. Claims
beside iss, aud, iat, exp, jti: sub (`partner:9`), sid (ended together with the grant), gid (grant), pur (purpose),
nam (the party's name), sbx (sandbox), and of a delegation: prs (person) or emp (employer), wri (may change), dlg (its
reference)."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import jwt

from auth import configuration, keys
from auth.keys import SigningKey
from auth.tokens import ALGORITHM, AccessToken, TokenRefused
from domain.kernel.actor import Actor, Partnership

TYPE = "pt+jwt"
CHANNEL = "partner"

_REQUIRED = ("iss", "aud", "sub", "sid", "gid", "pur", "nam", "sbx", "iat", "exp", "jti")
_SUBJECT = re.compile(r"partner:([1-9][0-9]{0,18})")
_NUMBER = re.compile(r"[1-9][0-9]{0,18}")
_CHARS_MAX = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whom a token lets in: the party's grant, and whom it stands for."""

    partner_id: int
    grant_id: int
    purpose: str
    party_name: str
    sandbox: bool
    session_id: int
    person_id: int | None = None
    employer_no: int | None = None
    may_change: bool = False
    delegation: str | None = None

    @property
    def actor(self) -> Actor:
        return Actor(
            kind="partner",
            channel=CHANNEL,
            name=self.party_name,
            person_id=self.person_id,
            employer_no=self.employer_no,
            session_id=self.session_id,
            # the delegation was given by somebody whose real name is known
            assurance="none" if self.person_id is None else "real_name",
            partnership=Partnership(
                partner_id=self.partner_id,
                grant_id=self.grant_id,
                purpose=self.purpose,
                sandbox=self.sandbox,
                may_change=self.may_change,
            ),
        )


def is_partner_token(token: str) -> bool:
    """By its header alone: who checks it looks at the rest."""
    return len(token) <= _CHARS_MAX and _type_of(token.partition(".")[0]) == TYPE


async def issue(*, standing: Standing, ends_at: datetime, now: datetime) -> AccessToken:
    """A token that ends with the grant or the delegation at the latest."""
    settings = configuration.current()
    expires_at = min(now + settings.access_token, ends_at)
    key = await keys.signing_key(now=now)
    assert key.private is not None, "a retired key was asked to sign"
    issued, expires = int(now.timestamp()), int(expires_at.timestamp())
    claims: dict[str, object] = {
        "iss": settings.issuer,
        "aud": settings.audience,
        "sub": f"partner:{standing.partner_id}",
        "sid": str(standing.session_id),
        "gid": str(standing.grant_id),
        "pur": standing.purpose,
        "nam": standing.party_name,
        "sbx": standing.sandbox,
        "iat": issued,
        "exp": expires,
        "jti": secrets.token_urlsafe(12),
    }
    if standing.person_id is not None:
        claims["prs"] = str(standing.person_id)
    if standing.employer_no is not None:
        claims["emp"] = str(standing.employer_no)
    if standing.delegation is not None:
        claims |= {"wri": standing.may_change, "dlg": standing.delegation}
    token = jwt.encode(claims, key.private, algorithm=ALGORITHM, headers={"kid": key.kid, "typ": TYPE})
    return AccessToken(token=token, expires_in=max(expires - issued, 0))


async def verify(*, token: str, now: datetime) -> Standing:
    """Raises TokenRefused, and StoreUnavailable when the keys cannot be read. Whether the grant still stands, and the
    token was not ended, is for others to say."""
    settings = configuration.current()
    kid = _key_id(token.partition(".")[0])
    key = None if kid is None else await keys.verifying_key(kid=kid, now=now)
    if key is None:
        raise TokenRefused("token_invalid")
    digest = hashlib.sha256(token.encode()).digest()
    known = _opened.get(digest)
    # a key that was read anew is another object: its tokens are looked at anew as well
    if known is None or known.key is not key:
        known = _keep(digest, _open(token, key=key))
    leeway = int(settings.leeway.total_seconds())
    if known.issued > now.timestamp() + leeway:
        raise TokenRefused("token_invalid")
    if now.timestamp() >= known.expires + leeway:
        raise TokenRefused("token_expired")
    return known.standing


@dataclass(frozen=True, slots=True)
class _Opened:
    """A token whose signature, issuer and audience were found right, under this key; times in seconds."""

    key: SigningKey
    standing: Standing
    issued: int
    expires: int


_OPENED_MAX = 10_000
_opened: dict[bytes, _Opened] = {}


def forget() -> None:
    """Lets every token be checked anew."""
    _opened.clear()


def _keep(digest: bytes, opened: _Opened) -> _Opened:
    if len(_opened) >= _OPENED_MAX:
        # the oldest: tokens live minutes
        del _opened[next(iter(_opened))]
    _opened[digest] = opened
    return opened


def _open(token: str, *, key: SigningKey) -> _Opened:
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
    return _Opened(key, _standing(claims), issued, expires)


def _standing(claims: dict[str, object]) -> Standing:
    subject = _SUBJECT.fullmatch(str(claims["sub"]))
    numbers = [claims.get(name) for name in ("sid", "gid", "prs", "emp")]
    if subject is None or not all(one is None or _NUMBER.fullmatch(str(one)) for one in numbers):
        raise TokenRefused("token_invalid")
    session_id, grant_id, person_id, employer_no = (None if one is None else int(str(one)) for one in numbers)
    assert session_id is not None and grant_id is not None, "required claims are there"
    delegation = claims.get("dlg")
    return Standing(
        partner_id=int(subject[1]),
        grant_id=grant_id,
        purpose=str(claims["pur"]),
        party_name=str(claims["nam"]),
        sandbox=claims["sbx"] is True,
        session_id=session_id,
        person_id=person_id,
        employer_no=employer_no,
        may_change=claims.get("wri") is True,
        delegation=None if delegation is None else str(delegation),
    )


@lru_cache(maxsize=64)
def _type_of(header_segment: str) -> str | None:
    try:
        kind = jwt.get_unverified_header(f"{header_segment}..").get("typ")
    except jwt.InvalidTokenError:
        return None
    return kind if isinstance(kind, str) else None


@lru_cache(maxsize=16)
def _key_id(header_segment: str) -> str | None:
    try:
        header = jwt.get_unverified_header(f"{header_segment}..")
    except jwt.InvalidTokenError:
        return None
    kid = header.get("kid")
    return kid if header.get("alg") == ALGORITHM and isinstance(kid, str) else None
