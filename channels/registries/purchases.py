"""Clients of net-signing, taxes and loans: what a home was bought for, what was paid, what was repaid."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from channels.registries.asking import (
    Unreadable,
    amount,
    ask,
    day,
    day_or_none,
    object_of,
    person_in,
    rows,
    text,
    yes_no,
)
from channels.wire import SignedClient
from domain.withdrawals import AgencyAnswer, HomeContract, HomeLoan, Invoice


class ContractClient:
    """住房网签备案. Implements `ContractRegistry`."""

    agency = "住房城乡建设部（全国房屋网签备案）"

    def __init__(self, *, wire: SignedClient) -> None:
        self._wire = wire

    async def contract(self, *, contract_no: str, now: datetime) -> AgencyAnswer[HomeContract | None]:
        def read(data: Any) -> HomeContract | None:
            if data is None:
                return None
            row = object_of(data)
            found = HomeContract(
                contract_no=text(row, "contractNo"),
                address=text(row, "address"),
                district_code=text(row, "districtCode"),
                price=amount(row, "price"),
                signed_on=day(row, "signedOn"),
                new_home=yes_no(row, "newHome"),
                buyers=tuple(person_in(buyer) for buyer in rows(row.get("buyers"))),
                cancelled_on=day_or_none(row, "cancelledOn"),
            )
            if found.contract_no != contract_no:
                raise Unreadable("another contract")
            if not found.buyers or len(found.district_code) != 6 or not found.district_code.isdecimal():
                raise Unreadable("a contract that cannot be")
            return found

        return await ask(
            wire=self._wire,
            agency=self.agency,
            path="contract/signing",
            body={"contractNo": contract_no},
            read=read,
            now=now,
        )


class InvoiceClient:
    """发票查验. Implements `InvoiceRegistry`."""

    agency = "国家税务总局（发票查验）"

    def __init__(self, *, wire: SignedClient) -> None:
        self._wire = wire

    async def invoice(self, *, invoice_no: str, now: datetime) -> AgencyAnswer[Invoice | None]:
        def read(data: Any) -> Invoice | None:
            if data is None:
                return None
            row = object_of(data)
            found = Invoice(
                invoice_no=text(row, "invoiceNo"),
                amount=amount(row, "amount"),
                issued_on=day(row, "issuedOn"),
                payer=person_in(object_of(row.get("payer"))),
                valid=yes_no(row, "valid"),
            )
            if found.invoice_no != invoice_no:
                raise Unreadable("another invoice")
            return found

        return await ask(
            wire=self._wire,
            agency=self.agency,
            path="invoice/query",
            body={"invoiceNo": invoice_no},
            read=read,
            now=now,
        )


class LoanClient:
    """贷款还款信息. Implements `LoanRegistry`."""

    agency = "个人住房贷款系统"

    def __init__(self, *, wire: SignedClient) -> None:
        self._wire = wire

    async def loan(self, *, loan_contract_no: str, now: datetime) -> AgencyAnswer[HomeLoan | None]:
        def read(data: Any) -> HomeLoan | None:
            if data is None:
                return None
            row = object_of(data)
            found = HomeLoan(
                loan_contract_no=text(row, "loanContractNo"),
                borrowers=tuple(person_in(borrower) for borrower in rows(row.get("borrowers"))),
                repaid=amount(row, "repaid"),
                open=yes_no(row, "open"),
            )
            if found.loan_contract_no != loan_contract_no or not found.borrowers:
                raise Unreadable("another loan")
            return found

        return await ask(
            wire=self._wire,
            agency=self.agency,
            path="loan/repayment",
            body={"loanContractNo": loan_contract_no},
            read=read,
            now=now,
        )
