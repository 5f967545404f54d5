"""Access tokens of third parties: JWTs of minutes for one grant, made and checked by PyJWT with the house's own keys.

Their type is another than that of persons' tokens (RFC 8725, 3.11), so that neither passes for the other. Claims
beside iss, aud, iat, exp, jti: sub (`partner:9`), sid (ended together with the grant), gid (grant), pur (purpose),
nam (the party's name), sbx (sandbox), and of a delegation: prs (person) or emp (employer), wri (may change), dlg (its
reference)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from auth.tokens import AccessToken, SignedTokens, TokenRefused
from domain.kernel.actor import Actor, Partnership

TYPE = "pt+jwt"
CHANNEL = "partner"

_REQUIRED = ("iss", "aud", "sub", "sid", "gid", "pur", "nam", "sbx", "iat", "exp", "jti")
_SUBJECT = re.compile(r"partner:([1-9][0-9]{0,18})")
_NUMBER = re.compile(r"[1-9][0-9]{0,18}")


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


async def issue(*, standing: Standing, ends_at: datetime, now: datetime) -> AccessToken:
    """A token that ends with the grant or the delegation at the latest."""
    claims: dict[str, object] = {
        "sub": f"partner:{standing.partner_id}",
        "sid": str(standing.session_id),
        "gid": str(standing.grant_id),
        "pur": standing.purpose,
        "nam": standing.party_name,
        "sbx": standing.sandbox,
    }
    if standing.person_id is not None:
        claims["prs"] = str(standing.person_id)
    if standing.employer_no is not None:
        claims["emp"] = str(standing.employer_no)
    if standing.delegation is not None:
        claims |= {"wri": standing.may_change, "dlg": standing.delegation}
    return await PARTNERS.sign(claims, ends_at=ends_at, now=now)


async def verify(*, token: str, now: datetime) -> Standing:
    """Raises TokenRefused, and StoreUnavailable when the keys cannot be read. Whether the grant still stands, and the
    token was not ended, is for others to say."""
    return await PARTNERS.verify(token=token, now=now)


def _standing(claims: dict[str, object], _: int) -> Standing:
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


PARTNERS = SignedTokens(kind=TYPE, required=_REQUIRED, read=_standing)
