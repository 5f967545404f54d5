"""Connecting: a party proves who it is by a signed assertion (RFC 7523) and gets a token for one grant (RFC 6749, 4.4).

The algorithm is that of the registered key, whatever the assertion's header says; a key belongs to one party; an
assertion lives five minutes at most and is taken once. What is refused says little to the caller and all to the audit
trail."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NoReturn

import jwt
import orjson

from auth import configuration, store
from auth.grants import admitting, bearer, keyring, states
from auth.grants.bearer import CHANNEL, Standing
from auth.grants.delegations import standing_delegation
from auth.tokens import AccessToken
from domain.kernel import audit, database
from domain.kernel.actor import Actor, Partnership
from domain.kernel.database import Record
from domain.kernel.identifiers import new_id

PARTNER_TOKEN_PATH = "/auth/partner/token"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFE = timedelta(minutes=5)
_LEEWAY_SECONDS = 30
_ASSERTION_CHARS_MAX = 4096
_JTI = re.compile(r"[A-Za-z0-9._~-]{16,128}")
_GRANT = re.compile(r"[1-9][0-9]{0,18}")
_DELEGATION = re.compile(r"dlg_[A-Za-z0-9_-]{22}")

Denial = Literal["invalid_request", "invalid_client", "invalid_grant", "unauthorized_client"]

_SENTENCES: dict[str, str] = {
    "invalid_request": "请求缺少参数或格式不正确，请对照接入文档检查。",
    "invalid_client": "客户端断言未通过验证，请检查密钥、算法、时间和断言编号。",
    "invalid_grant": "委托不存在、已结束或与授权用途不符，请请委托人重新办理委托。",
    "unauthorized_client": "没有可用的授权，或用途与授权不符，请联系北京住房公积金管理中心。",
}


class TokenDenied(Exception):
    """An answer of RFC 6749, section 5.2. `reason` is for the audit trail."""

    def __init__(self, error: Denial, *, reason: str) -> None:
        super().__init__(f"{error}: {reason}")
        self.error: Denial = error
        self.reason = reason

    @property
    def sentence(self) -> str:
        return _SENTENCES[self.error]

    @property
    def status(self) -> int:
        return 401 if self.error == "invalid_client" else 400


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerAnswer:
    access: AccessToken
    grant_id: int
    sandbox: bool


async def connect(*, form: dict[str, str], now: datetime) -> PartnerAnswer:
    """A token for `grant` (its number) and `purpose`, for whom the `delegation` names if the grant is about somebody.
    Raises TokenDenied, and StoreUnavailable when an assertion cannot be remembered."""
    party: Record | None = None
    try:
        if form.get("grant_type") != "client_credentials" or form.get("client_assertion_type") != ASSERTION_TYPE:
            raise TokenDenied("invalid_request", reason="grant_type")
        party = await _party_of_assertion(form.get("client_assertion", ""), now=now)
        grant = await _grant(form, party=party, now=now)
        delegation = await _delegation(form, party=party, grant=grant, now=now)
        return await _issue(party=party, grant=grant, delegation=delegation, now=now)
    except TokenDenied as denied:
        await _tell(denied, party=party, form=form, now=now)
        raise


async def _party_of_assertion(assertion: str, *, now: datetime) -> Record:
    """The key's row with its party, once everything about the assertion holds."""
    header = _header(assertion)
    key = await database.row(
        "SELECT k.kid, k.algorithm, k.public_pem, k.sandbox, k.state, k.valid_until, p.partner_id, p.code, p.name,"
        " p.state AS party_state FROM party_key k JOIN third_party p USING (partner_id) WHERE k.kid = $1",
        header["kid"],
    )
    if key is None:
        _deny("key_unknown")
    if header["alg"] != key["algorithm"]:
        _deny("algorithm")
    prepared = key["public_pem"]
    try:
        content = keyring.JWS.decode(assertion, prepared, algorithms=[key["algorithm"]])
        claims = orjson.loads(content)
    except (jwt.InvalidTokenError, orjson.JSONDecodeError):
        _deny("signature")
    if not isinstance(claims, dict):
        _deny("claims")
    _check_claims(claims, key=key, now=now)
    if key["state"] != "approved" or key["valid_until"] <= now:
        _deny("key_not_standing")
    if key["party_state"] not in states.STANDING:
        _deny(f"party_{key['party_state']}")
    name = f"assertion:{key['partner_id']}:{claims['jti']}"
    if not await store.take_once(name=name, life=ASSERTION_LIFE + timedelta(seconds=2 * _LEEWAY_SECONDS)):
        _deny("replayed")
    return key


def _header(assertion: str) -> dict[str, str]:
    if not assertion or len(assertion) > _ASSERTION_CHARS_MAX:
        _deny("assertion_missing")
    try:
        header = jwt.get_unverified_header(assertion)
    except jwt.InvalidTokenError:
        _deny("assertion_malformed")
    kid, algorithm = header.get("kid"), header.get("alg")
    if not isinstance(kid, str) or algorithm not in keyring.ALGORITHMS or "crit" in header:
        _deny("algorithm")
    return {"kid": kid[:64], "alg": str(algorithm)}


def _check_claims(claims: dict[str, Any], *, key: Record, now: datetime) -> None:
    if claims.get("iss") != key["code"] or claims.get("sub") != key["code"]:
        # a good signature by the key of somebody else
        _deny("other_party")
    audience = claims.get("aud")
    if audience not in (admitting.audience(), configuration.current().issuer):
        _deny("audience")
    issued, expires, jti = claims.get("iat"), claims.get("exp"), claims.get("jti")
    if type(issued) is not int or type(expires) is not int or not isinstance(jti, str) or not _JTI.fullmatch(jti):
        _deny("claims")
    at = now.timestamp()
    if at >= expires + _LEEWAY_SECONDS:
        _deny("expired")
    if issued > at + _LEEWAY_SECONDS or expires - issued > ASSERTION_LIFE.total_seconds():
        _deny("lifetime")


async def _grant(form: dict[str, str], *, party: Record, now: datetime) -> Record:
    asked = form.get("grant", "")
    if _GRANT.fullmatch(asked) is None or not form.get("purpose"):
        raise TokenDenied("invalid_request", reason="grant_or_purpose_missing")
    grant = await database.row(
        "SELECT g.*, s.state AS service_state FROM service_grant g JOIN registered_service s USING (service)"
        " WHERE g.grant_id = $1 AND g.partner_id = $2",
        int(asked),
        party["partner_id"],
    )
    if grant is None:
        raise TokenDenied("unauthorized_client", reason="grant_of_another_party")
    if grant["state"] not in states.STANDING or grant["service_state"] != "approved":
        raise TokenDenied("unauthorized_client", reason=f"grant_{grant['state']}")
    if grant["ends_at"] <= now:
        raise TokenDenied("unauthorized_client", reason="grant_past_end")
    if form["purpose"] != grant["purpose"]:
        raise TokenDenied("unauthorized_client", reason="other_purpose")
    if grant["sandbox"] != party["sandbox"]:
        raise TokenDenied("unauthorized_client", reason="sandbox_key")
    return grant


async def _delegation(form: dict[str, str], *, party: Record, grant: Record, now: datetime) -> Record | None:
    asked = form.get("delegation")
    if grant["represents"] == "nobody" or grant["sandbox"]:
        if asked:
            raise TokenDenied("invalid_grant", reason="delegation_not_wanted")
        return None
    if not asked or _DELEGATION.fullmatch(asked) is None:
        raise TokenDenied("invalid_grant", reason="delegation_absent")
    found = await standing_delegation(
        reference=asked, partner_id=party["partner_id"], purpose=grant["purpose"], now=now
    )
    column = "person_id" if grant["represents"] == "person" else "employer_no"
    if found is None or found[column] is None:
        raise TokenDenied("invalid_grant", reason="delegation_not_standing")
    return found


async def _issue(*, party: Record, grant: Record, delegation: Record | None, now: datetime) -> PartnerAnswer:
    standing = Standing(
        partner_id=party["partner_id"],
        grant_id=grant["grant_id"],
        purpose=grant["purpose"],
        party_name=party["name"],
        sandbox=grant["sandbox"],
        session_id=new_id(),
        person_id=None if delegation is None else delegation["person_id"],
        employer_no=None if delegation is None else delegation["employer_no"],
        may_change=delegation is not None and delegation["may_change"],
        delegation=None if delegation is None else delegation["reference"],
    )
    ends_at = grant["ends_at"] if delegation is None else min(grant["ends_at"], delegation["ends_at"])
    access = await bearer.issue(standing=standing, ends_at=ends_at, now=now)
    async with database.transaction() as tx:
        for kind, key, state in (
            ("party", party["partner_id"], party["party_state"]),
            ("grant", grant["grant_id"], grant["state"]),
        ):
            if state == "approved":
                await _note_connected(tx, actor=standing.actor, kind=kind, key=key, now=now)
        await tx.execute(
            "INSERT INTO partner_token (session_id, partner_id, grant_id, kid, delegation, issued_at, expires_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            standing.session_id,
            standing.partner_id,
            standing.grant_id,
            party["kid"],
            standing.delegation,
            now,
            now + timedelta(seconds=access.expires_in),
        )
        await audit.record(
            tx,
            actor=standing.actor,
            action="partner.connected",
            subject=f"grant:{standing.grant_id}",
            now=now,
            detail={"kid": party["kid"]},
        )
    return PartnerAnswer(access=access, grant_id=standing.grant_id, sandbox=standing.sandbox)


async def _note_connected(tx: database.Transaction, *, actor: Actor, kind: str, key: int, now: datetime) -> None:
    """The first time; of two at once the second finds it done."""
    table, column = ("third_party", "partner_id") if kind == "party" else ("service_grant", "grant_id")
    state = await tx.value(f"SELECT state FROM {table} WHERE {column} = $1 FOR UPDATE", key)
    if state == "approved":
        await states.move(
            tx,
            actor=actor,
            kind="party" if kind == "party" else "grant",
            key=key,
            to="connected",
            reason="首次取得访问凭证",
            now=now,
        )


def _deny(reason: str) -> NoReturn:
    raise TokenDenied("invalid_client", reason=reason)


async def _tell(denied: TokenDenied, *, party: Record | None, form: dict[str, str], now: datetime) -> None:
    actor = Actor(kind="partner", channel=CHANNEL)
    if party is not None:
        partnership = Partnership(partner_id=party["partner_id"], grant_id=0, purpose=form.get("purpose", "")[:40])
        actor = Actor(kind="partner", channel=CHANNEL, name=party["name"], partnership=partnership)
    asked = form.get("grant", "")
    await audit.record(
        None,
        actor=actor,
        action="partner.refused",
        subject=f"grant:{asked}" if _GRANT.fullmatch(asked) else "partner",
        outcome="refused",
        now=now,
        detail={"reason": denied.reason},
    )
