"""A simulator of the registries' gateway: answers from the records it is given, or as the faults say.

Operations for faults: `homes`, `marriage`, `filing` of simulator `registries`; `match` by `document_no` (the
first person asked about) or `filing_no`. Mode `refuse` answers the gateway code in detail's `code` (default
1001); detail's `as_of` (ISO 8601) makes an answer old.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.simulation import Fault, Faults, control_routes
from channels.wire import SignatureCheck, SignatureRefused
from domain.withdrawals import Home, Marriage, RentalFiling

NAME = "registries"
NO_REGISTRATION = Marriage(status="single")


@dataclass(frozen=True, slots=True, kw_only=True)
class CitizenRecord:
    """What the registries hold on one person. Somebody without record owns no home and is single."""

    name: str
    homes: tuple[Home, ...] = ()
    marriage: Marriage = NO_REGISTRATION


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryRecords:
    """Persons by document number, filings by filing number."""

    persons: Mapping[str, CitizenRecord] = field(default_factory=dict)
    filings: Mapping[str, RentalFiling] = field(default_factory=dict)


class _NameDiffers(Exception):
    """Name and document number do not belong together."""


def simulator(
    *,
    records: RegistryRecords,
    secrets_by_app: Mapping[str, bytes],
    clock: Callable[[], datetime],
    faults: Faults | None = None,
) -> Starlette:
    """The gateway as an application: the three operations and the control routes."""
    faults = faults or Faults()
    check = SignatureCheck(secrets_by_app=secrets_by_app, clock=clock)

    def answer(body: dict[str, Any], data: Any, fault: Fault) -> Response:
        code = str(fault.detail.get("code", "1001")) if fault.mode == "refuse" else "0"
        return _answer(
            request_no=str(body.get("requestNo", "")),
            code=code,
            data=data if code == "0" else None,
            as_of=str(fault.detail.get("as_of") or clock().isoformat()),
        )

    def operation(name: str, key: str, work: Callable[[dict[str, Any]], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            try:
                body = json.loads(await check.read(request))
                looked_up = _key_of(body, key)
            except SignatureRefused as refused:
                return refused.response()
            except (ValueError, KeyError, TypeError, IndexError):
                return JSONResponse({"code": "1400", "message": "请求格式不正确"}, status_code=400)
            fault = faults.take(simulator=NAME, operation=name, fields={key: looked_up})
            if (broken := await fault.before(request)) is not None:
                return broken
            try:
                data = work(body)
            except _NameDiffers:
                fault = Fault(mode="refuse", detail={"code": "1002"})
                data = None
            return await fault.after(request, answer(body, data, fault))

        return endpoint

    def homes(body: dict[str, Any]) -> Any:
        found = [home for asked in body["persons"] for home in _record(records, asked).homes]
        return [_home_out(home) for home in found]

    def marriage(body: dict[str, Any]) -> Any:
        registered = _record(records, body["person"]).marriage
        return {
            "status": registered.status,
            "spouseName": registered.spouse_name,
            "spouseDocumentNo": registered.spouse_document_no,
        }

    def filing(body: dict[str, Any]) -> Any:
        found = records.filings.get(body["filingNo"])
        return None if found is None else _filing_out(found)

    return Starlette(
        routes=[
            Route("/property/homes", operation("homes", "document_no", homes), methods=["POST"]),
            Route("/marriage/status", operation("marriage", "document_no", marriage), methods=["POST"]),
            Route("/rental/filing", operation("filing", "filing_no", filing), methods=["POST"]),
            *control_routes(faults),
        ]
    )


def _key_of(body: dict[str, Any], key: str) -> str:
    """The value by which faults and calls are found; ValueError or KeyError for a malformed request."""
    if key == "filing_no":
        value = body["filingNo"]
    else:
        value = (body["person"] if "person" in body else body["persons"][0])["documentNo"]
    if not isinstance(value, str):
        raise ValueError("text was agreed")
    return value


def _record(records: RegistryRecords, asked: dict[str, str]) -> CitizenRecord:
    record = records.persons.get(asked["documentNo"])
    if record is None:
        return CitizenRecord(name=asked["name"])
    if record.name != asked["name"]:
        raise _NameDiffers
    return record


def _answer(*, request_no: str, code: str, data: Any, as_of: str) -> Response:
    return JSONResponse(
        {
            "code": code,
            "message": "成功" if code == "0" else "未能查询",
            "requestNo": request_no,
            "traceNo": f"GX{secrets.token_hex(8).upper()}",
            "dataTime": as_of,
            "data": data,
        }
    )


def _home_out(home: Home) -> dict[str, str]:
    return {
        "address": home.address,
        "districtCode": home.district_code,
        "ownershipShare": home.ownership_share,
        "certificateNo": home.certificate_no,
        "registeredOn": home.registered_on.isoformat(),
    }


def _filing_out(filing: RentalFiling) -> dict[str, Any]:
    return {
        "filingNo": filing.filing_no,
        "address": filing.address,
        "monthlyRent": str(filing.monthly_rent),
        "from": filing.from_on.isoformat(),
        "until": filing.until_on.isoformat(),
        "valid": filing.valid,
        "tenants": [
            {"name": each.name, "documentType": each.document_type, "documentNo": each.document_no}
            for each in filing.tenants
        ],
    }
