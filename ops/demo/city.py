"""`city.yaml` as data, for the loader, the simulators and the walks."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b32encode
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from domain.kernel.declared import read

CITY = Path(__file__).with_name("city.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Citizen:
    key: str
    name: str
    document_no: str
    mobile: str
    note: str
    marriage: dict[str, Any]
    homes: tuple[dict[str, Any], ...]
    silent: tuple[str, ...]
    payee_unknown: bool
    account: dict[str, Any] | None
    pension_since: date | None = None
    contributes_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffMember:
    login: str
    name: str
    roles: tuple[str, ...]
    offices: tuple[str, ...]
    citizen: str | None
    note: str

    def password(self, *, seed: str) -> str:
        """Derived from the installation's seed, so that no password stands in the repository."""
        digest = hmac.digest(seed.encode(), f"password/{self.login}".encode(), hashlib.sha256)
        return "Hpf-" + b32encode(digest)[:14].decode().lower() + "-9"

    def totp_secret(self, *, seed: str) -> str:
        digest = hmac.digest(seed.encode(), f"totp/{self.login}".encode(), hashlib.sha256)
        return b32encode(digest[:20]).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    offices: tuple[dict[str, Any], ...]
    banks: tuple[dict[str, Any], ...]
    maintenance_accounts: tuple[dict[str, Any], ...]
    employers: tuple[dict[str, Any], ...]
    citizens: dict[str, Citizen]
    rentals: tuple[dict[str, Any], ...]
    contracts: tuple[dict[str, Any], ...]
    invoices: tuple[dict[str, Any], ...]
    loans: tuple[dict[str, Any], ...]
    agents: tuple[dict[str, Any], ...]
    staff: dict[str, StaffMember]


@cache
def city() -> City:
    """The city, read once."""
    data = read(CITY)
    return City(
        offices=tuple(data["offices"]),
        banks=tuple(data["banks"]),
        maintenance_accounts=tuple(data["maintenance_accounts"]),
        employers=tuple(data["employers"]),
        citizens={row["key"]: _citizen(row) for row in data["citizens"]},
        rentals=tuple(data["rentals"]),
        contracts=tuple(data["contracts"]),
        invoices=tuple(data["invoices"]),
        loans=tuple(data["loans"]),
        agents=tuple(data["agents"]),
        staff={row["login"]: _staff(row) for row in data["staff"]},
    )


def _citizen(row: dict[str, Any]) -> Citizen:
    return Citizen(
        key=row["key"],
        name=row["name"],
        document_no=row["document_no"],
        mobile=row["mobile"],
        note=row["note"],
        marriage=row["marriage"],
        homes=tuple(row.get("homes", ())),
        silent=tuple(row.get("silent", ())),
        payee_unknown=row.get("payee_unknown", False),
        account=row.get("account"),
        pension_since=row.get("pension_since"),
        contributes_at=row.get("contributes_at"),
    )


def _staff(row: dict[str, Any]) -> StaffMember:
    return StaffMember(
        login=row["login"],
        name=row["name"],
        roles=tuple(row["roles"]),
        offices=tuple(row.get("offices", ())),
        citizen=row.get("citizen"),
        note=row["note"],
    )
