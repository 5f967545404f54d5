"""Third parties for tests: registered, granted and connected by the actions of the house, each with its own key."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from tongsuopy.crypto import hashes as tongsuo_hashes
from tongsuopy.crypto import serialization as tongsuo_serialization
from tongsuopy.crypto.asymciphers import ec as tongsuo_ec

from auth import approvals, grants
from auth.grants import GrantTerms, admitting, delegations
from auth.grants.connecting import ASSERTION_TYPE
from auth.grants.granting import day_after
from auth.grants.keyring import key_id
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.dates import business_date_of
from ops.dev.documents import publish_folders

FOLDER = Path(__file__).resolve().parents[2] / "channels/partners/documents"
SERVICE = "bank_kiosk"
REGISTRAR = Actor(kind="staff", channel="backoffice", name="周系统", staff_id=9001, roles=frozenset({"system_admin"}))
APPROVER = Actor(kind="staff", channel="backoffice", name="吴安全", staff_id=9002, roles=frozenset({"security_admin"}))
PURPOSE = "kiosk_balance"


def request_key() -> str:
    return secrets.token_urlsafe(12)


class Ed25519Pair:
    algorithm = "EdDSA"

    def __init__(self) -> None:
        self._private = Ed25519PrivateKey.generate()

    @property
    def public_pem(self) -> str:
        return _pem(self._private.public_key())

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


class P256Pair:
    algorithm = "ES256"

    def __init__(self) -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_pem(self) -> str:
        return _pem(self._private.public_key())

    def sign(self, message: bytes) -> bytes:
        return _raw(self._private.sign(message, ec.ECDSA(hashes.SHA256())))


class Sm2Pair:
    algorithm = "SM2"

    def __init__(self) -> None:
        self._private = tongsuo_ec.generate_private_key(tongsuo_ec.SM2())

    @property
    def public_pem(self) -> str:
        found = self._private.public_key().public_bytes(
            tongsuo_serialization.Encoding.PEM, tongsuo_serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return str(found.decode())

    def sign(self, message: bytes) -> bytes:
        return _raw(self._private.sign(message, tongsuo_ec.ECDSA(tongsuo_hashes.SM3())))


def _pem(public: Any) -> str:
    found = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return str(found.decode())


def _raw(der: bytes) -> bytes:
    return b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(der))


def segment(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


@dataclass
class Party:
    """A third party's side: its code and its key. `grants` by purpose, as they were given."""

    code: str
    pair: Any
    partner_id: int = 0
    grants: dict[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"演示银行{self.code[-4:]}"

    @property
    def kid(self) -> str:
        return key_id(self.pair.public_pem)

    def assertion(self, *, now: datetime, header: dict[str, Any] | None = None, pair: Any = None, **claims: Any) -> str:
        """Signed by its own key, or by `pair`. Claims of None are left out."""
        at = int(now.timestamp())
        told = {
            "iss": self.code,
            "sub": self.code,
            "aud": admitting.audience(),
            "iat": at,
            "exp": at + 60,
            "jti": secrets.token_urlsafe(18),
            **claims,
        }
        told = {name: value for name, value in told.items() if value is not None}
        head = {"alg": self.pair.algorithm, "kid": self.kid, "typ": "JWT", **(header or {})}
        signing_input = f"{segment(json.dumps(head).encode())}.{segment(json.dumps(told).encode())}"
        return f"{signing_input}.{segment((pair or self.pair).sign(signing_input.encode()))}"

    def form(self, *, now: datetime, purpose: str = PURPOSE, **changes: Any) -> dict[str, str]:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": changes.pop("assertion", None) or self.assertion(now=now),
            "grant": str(self.grants.get(purpose, 1)),
            "purpose": purpose,
            **changes,
        }
        return {name: value for name, value in form.items() if value is not None}


async def approved(approval_id: int, *, now: datetime) -> None:
    await approvals.decide(actor=APPROVER, approval_id=approval_id, agree=True, note="", now=now)


async def payload_of(approval_id: int) -> dict[str, Any]:
    found: dict[str, Any] = await database.value("SELECT payload FROM approval WHERE approval_id = $1", approval_id)
    return found


async def administrators(dsn: str) -> None:
    """Who proposes and who decides, as members of staff."""
    connection = await asyncpg.connect(dsn)
    await connection.executemany(
        "INSERT INTO staff (staff_id, login, name, password_hash, password_changed_at, totp_cipher, roles)"
        " VALUES ($1, $2, $3, 'none', now(), '', $4) ON CONFLICT DO NOTHING",
        [(one.staff_id, f"partners.{one.staff_id}", one.name, sorted(one.roles)) for one in (REGISTRAR, APPROVER)],
    )
    await connection.close()


async def published(dsn: str, *, now: datetime) -> None:
    """The kiosk's documents, and their service registered."""
    await administrators(dsn)
    await publish_folders(dsn, [FOLDER], now=now)
    await service_registered(SERVICE, now=now)


async def service_registered(service: str, *, now: datetime) -> None:
    if await database.value("SELECT 1 FROM registered_service WHERE service = $1", service):
        return
    approval_id = await grants.register_service(
        actor=REGISTRAR,
        service=service,
        name="银行自助终端",
        description="受托银行自助终端上的公积金查询",
        reason="接入受托银行自助终端",
        request_key=request_key(),
        now=now,
    )
    await approved(approval_id, now=now)


async def registered(*, now: datetime, code: str | None = None, pair: Any = None, sandbox: bool = False) -> Party:
    """A party with one key, both approved."""
    party = Party(code or f"bank_{secrets.token_hex(4)}", pair or Ed25519Pair())
    approval_id = await grants.register_party(
        actor=REGISTRAR,
        code=party.code,
        name=party.name,
        uscc="91110000MA0DEM09XX",
        contact="电子银行部",
        reason="受托银行自助终端接入",
        request_key=request_key(),
        now=now,
    )
    await approved(approval_id, now=now)
    party.partner_id = await database.value("SELECT partner_id FROM third_party WHERE code = $1", party.code)
    await approved(await proposed_key(party, now=now, sandbox=sandbox), now=now)
    return party


async def proposed_key(party: Party, *, now: datetime, sandbox: bool = False) -> int:
    return await grants.add_key(
        actor=REGISTRAR,
        party=party.code,
        public_key=party.pair.public_pem,
        sandbox=sandbox,
        reason="登记接入密钥",
        request_key=request_key(),
        now=now,
    )


async def fields_of(*documents: str, service: str = SERVICE) -> list[str]:
    rows = await database.rows(
        "SELECT DISTINCT unnest(d.fields) AS field FROM document_version v JOIN trusted_document d USING (document_id)"
        " WHERE v.service = $1 AND v.name = ANY($2) ORDER BY 1",
        service,
        list(documents),
    )
    return [row["field"] for row in rows]


async def terms(*documents: str, now: datetime, **changes: Any) -> GrantTerms:
    documents = documents or ("KioskBalance",)
    values: dict[str, Any] = {
        "service": SERVICE,
        "documents": documents,
        "fields": await fields_of(*documents, service=changes.get("service", SERVICE)),
        "purpose": PURPOSE,
        "purpose_text": "自助终端查询余额",
        "represents": "person",
        "calls_per_day": 1000,
        "points_per_day": 100_000,
        "ends_on": business_date_of(now) + timedelta(days=90),
        **changes,
    }
    return GrantTerms(**values)


async def granted(party: Party, *documents: str, now: datetime, **changes: Any) -> int:
    """A standing grant; its number."""
    given = await terms(*documents, now=now, **changes)
    approval_id = await grants.propose_grant(
        actor=REGISTRAR, party=party.code, terms=given, reason="银行申请接入查询", request_key=request_key(), now=now
    )
    await approved(approval_id, now=now)
    party.grants[given.purpose] = int((await payload_of(approval_id))["grant_id"])
    return party.grants[given.purpose]


async def delegated(
    party: Party,
    *,
    person: Actor,
    now: datetime,
    purpose: str = PURPOSE,
    may_change: bool = False,
    ends_on: date | None = None,
) -> str:
    async with database.transaction() as tx:
        return await delegations.delegate(
            tx,
            actor=person,
            party=party.code,
            purpose=purpose,
            may_change=may_change,
            ends_on=ends_on or business_date_of(now) + timedelta(days=30),
            now=now,
        )


async def token(party: Party, *, now: datetime, **changes: Any) -> str:
    admitting.STANDING.forget()
    answer = await grants.connect(form=party.form(now=now, **changes), now=now)
    return answer.access.token


def grants_end(last_day: date) -> datetime:
    """The first instant at which a grant of this last day has ended."""
    return day_after(last_day)
