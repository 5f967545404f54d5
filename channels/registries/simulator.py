"""A simulator of the registries' gateway: answers from the records it is given, or as the faults say.

Operations for faults of simulator `registries`: `homes`, `marriage`, `identity`, `pension`, `national`, `civil`,
`retired`, `death`, `elsewhere`, `match` by `document_no` (the first person asked about); `filing`, `contract`,
`invoice`, `loan`, by `filing_no`, `contract_no`, `invoice_no`, `loan_contract_no`. Mode `refuse` answers the code
in detail's `code` (default 1001); detail's `as_of` (ISO 8601) makes an answer old.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.simulation import Fault, Faults, control_routes
from channels.wire import SignatureCheck, SignatureRefused
from domain.withdrawals import Home, HomeContract, HomeLoan, Invoice, Marriage, PersonIdentity, RentalFiling

NAME = "registries"
NO_REGISTRATION = Marriage(status="single")


@dataclass(frozen=True, slots=True, kw_only=True)
class CitizenRecord:
    """What the registries hold on one person. Somebody without record owns no home and is single."""

    name: str
    homes: tuple[Home, ...] = ()
    marriage: Marriage = NO_REGISTRATION
    province: str = "11"
    minor_children: int | None = 0
    pension_since: date | None = None
    died_on: date | None = None
    months_elsewhere: int = 0
    open_loan: bool = False
    # the centre of another city where the person contributes
    contributes_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryRecords:
    """Persons by document number, all else by its own number."""

    persons: Mapping[str, CitizenRecord] = field(default_factory=dict)
    filings: Mapping[str, RentalFiling] = field(default_factory=dict)
    contracts: Mapping[str, HomeContract] = field(default_factory=dict)
    invoices: Mapping[str, Invoice] = field(default_factory=dict)
    loans: Mapping[str, HomeLoan] = field(default_factory=dict)


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

    def identity(body: dict[str, Any]) -> Any:
        known = [(records.persons.get(asked["documentNo"]), asked["name"]) for asked in body["persons"]]
        return [{"matches": record is None or record.name == name} for record, name in known]

    def pension(body: dict[str, Any]) -> Any:
        found = [_of_number(records, asked).pension_since for asked in body["persons"]]
        return [{"since": since.isoformat() if since else None} for since in found]

    def national(body: dict[str, Any]) -> Any:
        found = [_of_number(records, asked).contributes_at for asked in body["persons"]]
        return [{"state": "contributing" if centre else "none", "centre": centre} for centre in found]

    def filing(body: dict[str, Any]) -> Any:
        found = records.filings.get(body["filingNo"])
        return None if found is None else _filing_out(found)

    def civil(body: dict[str, Any]) -> Any:
        asked = body["person"]
        known = records.persons.get(asked["documentNo"])
        return {
            "matches": known is None or known.name == asked["name"],
            "province": known.province if known else asked["documentNo"][:2],
            "minorChildren": known.minor_children if known else None,
        }

    def retired(body: dict[str, Any]) -> Any:
        return {"since": _day(_record(records, body["person"]).pension_since)}

    def death(body: dict[str, Any]) -> Any:
        return {"diedOn": _day(_record(records, body["person"]).died_on)}

    def elsewhere(body: dict[str, Any]) -> Any:
        record = _record(records, body["person"])
        return {"monthsElsewhere": record.months_elsewhere, "openLoan": record.open_loan}

    def contract(body: dict[str, Any]) -> Any:
        found = records.contracts.get(body["contractNo"])
        return None if found is None else _contract_out(found)

    def invoice(body: dict[str, Any]) -> Any:
        found = records.invoices.get(body["invoiceNo"])
        return None if found is None else _invoice_out(found)

    def loan(body: dict[str, Any]) -> Any:
        found = records.loans.get(body["loanContractNo"])
        return None if found is None else _loan_out(found)

    return Starlette(
        routes=[
            Route("/identity/person", operation("civil", "document_no", civil), methods=["POST"]),
            Route("/pension/status", operation("retired", "document_no", retired), methods=["POST"]),
            Route("/death/status", operation("death", "document_no", death), methods=["POST"]),
            Route("/national/account", operation("elsewhere", "document_no", elsewhere), methods=["POST"]),
            Route("/contract/signing", operation("contract", "contract_no", contract), methods=["POST"]),
            Route("/invoice/query", operation("invoice", "invoice_no", invoice), methods=["POST"]),
            Route("/loan/repayment", operation("loan", "loan_contract_no", loan), methods=["POST"]),
            Route("/property/homes", operation("homes", "document_no", homes), methods=["POST"]),
            Route("/marriage/status", operation("marriage", "document_no", marriage), methods=["POST"]),
            Route("/rental/filing", operation("filing", "filing_no", filing), methods=["POST"]),
            Route("/persons/identity", operation("identity", "document_no", identity), methods=["POST"]),
            Route("/persons/pension", operation("pension", "document_no", pension), methods=["POST"]),
            Route("/persons/national-account", operation("national", "document_no", national), methods=["POST"]),
            *control_routes(faults),
        ]
    )


_NUMBERS = {
    "filing_no": "filingNo",
    "contract_no": "contractNo",
    "invoice_no": "invoiceNo",
    "loan_contract_no": "loanContractNo",
}


def _key_of(body: dict[str, Any], key: str) -> str:
    """The value by which faults and calls are found; ValueError or KeyError for a malformed request."""
    if key in _NUMBERS:
        value = body[_NUMBERS[key]]
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


def _of_number(records: RegistryRecords, asked: dict[str, str]) -> CitizenRecord:
    """Whatever name was given: that it belongs to the number is the identity registry's matter."""
    return records.persons.get(asked["documentNo"]) or CitizenRecord(name=asked["name"])


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
        "tenants": [_person_out(each) for each in filing.tenants],
    }


def _contract_out(contract: HomeContract) -> dict[str, Any]:
    return {
        "contractNo": contract.contract_no,
        "address": contract.address,
        "districtCode": contract.district_code,
        "price": str(contract.price),
        "signedOn": contract.signed_on.isoformat(),
        "newHome": contract.new_home,
        "buyers": [_person_out(each) for each in contract.buyers],
        "cancelledOn": _day(contract.cancelled_on),
    }


def _invoice_out(invoice: Invoice) -> dict[str, Any]:
    return {
        "invoiceNo": invoice.invoice_no,
        "amount": str(invoice.amount),
        "issuedOn": invoice.issued_on.isoformat(),
        "payer": _person_out(invoice.payer),
        "valid": invoice.valid,
    }


def _loan_out(loan: HomeLoan) -> dict[str, Any]:
    return {
        "loanContractNo": loan.loan_contract_no,
        "borrowers": [_person_out(each) for each in loan.borrowers],
        "repaid": str(loan.repaid),
        "open": loan.open,
    }


def _person_out(person: PersonIdentity) -> dict[str, str]:
    return {"name": person.name, "documentType": person.document_type, "documentNo": person.document_no}


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
