"""Fixed and notice deposits at the simulated banks. The banks reckon interest by themselves, so that a mistake of ours
shows; their rates are made up, as the banks are."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from channels.banks.lines import AccountLine, AccountLines
from domain.kernel.dates import SHANGHAI
from domain.kernel.digest import sm3_hex
from domain.kernel.money import Money

DONE = "00000"
NO_SUCH_DEPOSIT, NOT_COVERED, NOTICE_WRONG, PRODUCT_WRONG, NO_SUCH_ACCOUNT = "10008", "10009", "10010", "10011", "10006"
ACCOUNT_SHORT = "10005"

RATES_PPM: dict[str, int] = {
    "DEMAND": 1_000,
    "F03M": 6_500,
    "F06M": 8_500,
    "F12M": 9_500,
    "F24M": 10_500,
    "F36M": 12_500,
    "F60M": 13_000,
    "N1D": 4_500,
    "N7D": 7_500,
}


@dataclass(slots=True, kw_only=True)
class Certificate:
    number: str
    bank_code: str
    demand_account_no: str
    deposit_account_no: str
    product: str
    balance: Money
    placed_on: date
    matures_on: date | None
    rollover: bool
    notice_amount: Money | None = None
    notice_draw_on: date | None = None


@dataclass(slots=True, kw_only=True)
class BookedInstruction:
    """What stands under a serial number; the empty texts are what there is nothing to say about."""

    serial_no: str
    digest: str
    bank_code: str
    code: str
    host_serial_no: str = ""
    deposit_serial_no: str = ""
    booked_on: str = ""
    certificate_no: str = ""
    rate_ppm: str = ""
    matures_on: str = ""
    interest: str = ""


@dataclass(slots=True)
class DepositBook:
    lines: AccountLines
    write: Callable[[dict[str, Any]], None]
    instructions: dict[str, BookedInstruction] = field(default_factory=dict)
    certificates: dict[str, Certificate] = field(default_factory=dict)

    def instruct(
        self, *, action: str, bank_code: str, given: dict[str, str], refuse_code: str | None, now: datetime
    ) -> BookedInstruction | None:
        """Once for each serial number: the same content gives what stands, None for other content. `given` are the
        fields of the message."""
        digest = sm3_hex(repr([action, bank_code, sorted(given.items())]).encode())
        standing = self.instructions.get(given["YWLSH"])
        if standing is not None:
            return standing if standing.digest == digest else None
        code = refuse_code or self._fault(action, bank_code=bank_code, given=given, now=now) or DONE
        entry = {
            "event": "deposit_instructed",
            "action": action,
            "bank_code": bank_code,
            "digest": digest,
            "code": code,
            "given": given,
            "number": len(self.instructions) + 1,
            "booked_at": now.isoformat(),
        }
        self.write(entry)
        self.replay(entry)
        return self.instructions[given["YWLSH"]]

    def replay(self, entry: dict[str, Any]) -> None:
        if entry.get("event") != "deposit_instructed":
            return
        given, booked_at = entry["given"], datetime.fromisoformat(entry["booked_at"])
        booked = BookedInstruction(
            serial_no=given["YWLSH"], digest=entry["digest"], bank_code=entry["bank_code"], code=entry["code"]
        )
        self.instructions[booked.serial_no] = booked
        if booked.code != DONE:
            return
        booked.booked_on = f"{booked_at.astimezone(SHANGHAI):%Y%m%d}"
        match entry["action"]:
            case "place":
                self._place(booked, given, booked_at, number=entry["number"])
            case "draw":
                self._draw(booked, given, booked_at, number=entry["number"])
            case "set_notice":
                certificate = self.certificates[given["CertNo"]]
                certificate.notice_amount, certificate.notice_draw_on = (
                    Money.parse(given["Amt"]),
                    _day(given["DrawDate"]),
                )
            case "cancel_notice":
                certificate = self.certificates[given["CertNo"]]
                certificate.notice_amount = certificate.notice_draw_on = None
            case "set_rollover":
                self.certificates[given["CertNo"]].rollover = given["Rollover"] == "1"

    def _fault(self, action: str, *, bank_code: str, given: dict[str, str], now: datetime) -> str | None:
        if action == "place":
            demand = (bank_code, given["DemandAcctNo"])
            if demand not in self.lines:
                return NO_SUCH_ACCOUNT
            if given["Product"] not in RATES_PPM:
                return PRODUCT_WRONG
            return ACCOUNT_SHORT if self.lines.balance(demand) < Money.parse(given["Amt"]) else None
        certificate = self.certificates.get(given["CertNo"])
        if certificate is None or certificate.bank_code != bank_code or not certificate.balance:
            return NO_SUCH_DEPOSIT
        if action in ("draw", "set_notice") and Money.parse(given["Amt"]) > certificate.balance:
            return NOT_COVERED
        if action == "set_notice" and certificate.notice_draw_on is not None:
            return NOTICE_WRONG
        if action == "cancel_notice" and certificate.notice_draw_on is None:
            return NOTICE_WRONG
        return None

    def _place(self, booked: BookedInstruction, given: dict[str, str], booked_at: datetime, *, number: int) -> None:
        amount, day = Money.parse(given["Amt"]), booked_at.astimezone(SHANGHAI).date()
        certificate = Certificate(
            number=f"CD{booked.bank_code}{number:010d}",
            bank_code=booked.bank_code,
            demand_account_no=given["DemandAcctNo"],
            deposit_account_no=given["DepositAcctNo"],
            product=given["Product"],
            balance=amount,
            placed_on=day,
            matures_on=_after(day, months=int(given["Product"][1:3])) if given["Product"][0] == "F" else None,
            rollover=given["Rollover"] == "1",
        )
        self.certificates[certificate.number] = certificate
        self._move(booked, certificate, -amount, amount, booked_at, number=number)
        booked.certificate_no = certificate.number
        booked.rate_ppm = str(RATES_PPM[certificate.product])
        booked.matures_on = f"{certificate.matures_on:%Y%m%d}" if certificate.matures_on else ""

    def _draw(self, booked: BookedInstruction, given: dict[str, str], booked_at: datetime, *, number: int) -> None:
        certificate = self.certificates[given["CertNo"]]
        amount, day = Money.parse(given["Amt"]), booked_at.astimezone(SHANGHAI).date()
        interest = owed(certificate, amount=amount, day=day)
        certificate.balance = certificate.balance - amount
        certificate.notice_amount = certificate.notice_draw_on = None
        self._move(booked, certificate, amount + interest, -amount, booked_at, number=number)
        booked.interest, booked.certificate_no = str(interest), certificate.number

    def _move(
        self,
        booked: BookedInstruction,
        certificate: Certificate,
        demand: Money,
        deposit: Money,
        booked_at: datetime,
        *,
        number: int,
    ) -> None:
        day = f"{booked_at.astimezone(SHANGHAI):%Y%m%d}"
        booked.host_serial_no = f"{booked.bank_code}{day}D{number:08d}"
        booked.deposit_serial_no = f"{booked.bank_code}{day}E{number:08d}"
        for account_no, amount, serial, other in (
            (certificate.demand_account_no, demand, booked.host_serial_no, certificate.deposit_account_no),
            (certificate.deposit_account_no, deposit, booked.deposit_serial_no, certificate.demand_account_no),
        ):
            # an account for deposits is opened with the first of them
            self.lines.open((booked.bank_code, account_no))
            self.lines.post(
                (booked.bank_code, account_no),
                AccountLine(
                    host_serial_no=serial,
                    booked_at=booked_at,
                    amount=amount,
                    counterparty_account=other,
                    remark=booked.serial_no,
                    summary="存款转存",
                ),
            )


def owed(certificate: Certificate, *, amount: Money, day: date) -> Money:
    """The bank's own reckoning, rounded half up to the fen for each part."""
    days, rate, demand = (day - certificate.placed_on).days, RATES_PPM[certificate.product], RATES_PPM["DEMAND"]
    if certificate.matures_on is not None:
        if day < certificate.matures_on:
            return _by_days(amount, demand, days)
        months = int(certificate.product[1:3])
        beyond = (day - certificate.matures_on).days
        return Money((amount.fen * rate * months * 2 + 12_000_000) // 24_000_000) + _by_days(amount, demand, beyond)
    told = (
        certificate.notice_amount if certificate.notice_draw_on == day and certificate.notice_amount else Money.zero()
    )
    at_rate = min(told, amount)
    return _by_days(at_rate, rate, days) + _by_days(amount - at_rate, demand, days)


def _by_days(amount: Money, rate_ppm: int, days: int) -> Money:
    return Money((amount.fen * rate_ppm * days * 2 + 360_000_000) // 720_000_000)


def _after(day: date, *, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))
