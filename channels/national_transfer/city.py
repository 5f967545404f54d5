"""A centre of another city, simulated: it asks for accounts' money and gives it, by platform and bank.

How it misbehaves is said by faults (`channels.simulation`), simulator `transfer`, operation `city`, matched by `city`,
`event` (letter, money, info, asked) and `con_num`; the mode is `normal`, the detail one of
  letter  {"refuse": "reason"}   {"money": "none" | "first" | "twice"}   {"info": "none"}   {"paid": "99.00"}
          {"remark": "＃{letter}＃"}   {"fail": "reason"}
  info    {"silent": true}   no confirmation
  asked   {"amend": "100.00"}   the amount that its answer to a negotiation names; as paid unless given
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from channels.national_transfer.messages import (
    TX_CANCEL,
    TX_LETTER,
    TX_OUT_INFO,
    TX_PROGRESS,
    envelope,
)
from channels.simulation import Faults
from domain.kernel.dates import SHANGHAI
from domain.kernel.money import Money
from domain.transfers import letter_no, remark_of

_REMARK = re.compile(r"[#＃]([0-9]{16})[#＃]")


@dataclass(slots=True, kw_only=True)
class Resident:
    """Somebody with an account in that city. `interest` is what a transfer out gets on top."""

    name: str
    document_no: str
    account: str
    balance: Money
    interest: Money = field(default_factory=Money.zero)
    loan_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money that the city has its bank send."""

    bank_code: str
    account_no: str
    amount: Money
    remark: str


@dataclass(slots=True)
class Effects:
    """What a city does because of what it heard."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class SimulatedCity:
    code: str
    name: str
    region_code: str
    bank_code: str
    fund_account: str
    residents: dict[str, Resident]
    faults: Faults
    clock: Callable[[], datetime]
    state_of: dict[str, str] = field(default_factory=dict)
    letters: dict[str, dict[str, Any]] = field(default_factory=dict)
    strays: list[tuple[str, Money]] = field(default_factory=list)
    heard: list[tuple[str, str]] = field(default_factory=list)
    _sent: int = 0
    _issued: int = 0
    _at_first: dict[str, Resident] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._at_first = {number: replace(one) for number, one in self.residents.items()}

    def forget(self) -> None:
        """As it was at first: nothing asked for, nothing paid."""
        self.residents = {number: replace(one) for number, one in self._at_first.items()}
        for kept in (self.state_of, self.letters, self.strays, self.heard):
            kept.clear()
        self._issued = 0

    @property
    def fund_account_name(self) -> str:
        return f"{self.name}住房公积金专户"

    def apply(self, *, document_no: str, out_centre: str, out_account: str) -> tuple[str, Effects]:
        """One of its residents asks for the money of an account elsewhere. Returns the letter's number."""
        resident = self.residents[document_no]
        self._issued += 1
        now = self.clock().astimezone(SHANGHAI)
        number = letter_no(centre_code=self.code, day=now.date(), sequence=self._issued)
        self.letters[number] = {"role": "in", "other": out_centre, "document_no": document_no, "expected": None}
        self.state_of[number] = "01"
        body = {
            "ConNum": number,
            "ApplyDate": f"{now:%Y%m%d}",
            "InCenterName": self.name,
            "OutCenterCode": out_centre,
            "FullName": resident.name,
            "CertType": "01",
            "CertNo": document_no,
            "OutAccount": out_account,
            "InAccount": resident.account,
            "FundAccount": self.fund_account,
            "FundAccountName": self.fund_account_name,
            "FundBankCode": self.bank_code,
            "FundBankName": "合作银行",
        }
        return number, Effects(messages=[self._message(TX_LETTER, out_centre, body)])

    def cancel(self, *, number: str) -> Effects:
        other = self.letters[number]["other"]
        return Effects(messages=[self._message(TX_CANCEL, other, {"ConNum": number, "Reason": "职工撤销"})])

    def negotiate(self, *, number: str, reason: str) -> Effects:
        self.state_of[number] = "06"
        return Effects(messages=[self._progress(number, "06", reason)])

    def hear(self, message: dict[str, Any]) -> Effects:
        """What the platform brings."""
        body, kind = message["Body"], message["TxCode"]
        number = str(body["ConNum"])
        self.heard.append((kind, number))
        match kind:
            case "BDC901":
                return self._letter(message["SendNode"], number, body)
            case "BDC903":
                self.state_of[number] = "05"
            case "BDC904":
                return self._noticed(number, body)
            case "BDC905":
                return self._confirmed(number) if body["TxFunc"] == "2" else self._informed(number, body)
        return Effects()

    def money_in(self, *, remark: str, amount: Money) -> Effects:
        """Its bank has booked money in."""
        found = _REMARK.search(remark)
        number = found.group(1) if found else ""
        letter = self.letters.get(number)
        if letter is None or letter["role"] != "in":
            self.strays.append((remark, amount))
            return Effects()
        letter["paid"] = letter.get("paid", Money.zero()) + amount
        return self._settle(number)

    def _letter(self, sender: str, number: str, body: dict[str, Any]) -> Effects:
        if number in self.letters:
            return Effects()
        detail = self._detail("letter", number)
        resident = self.residents.get(body["CertNo"])
        self.letters[number] = {"role": "out", "other": sender, "letter": body, "document_no": body["CertNo"]}
        effects = Effects(messages=[self._progress(number, "02", "")])
        against = detail.get("refuse") or (
            None if resident and resident.account == body["OutAccount"] and resident.name == body["FullName"]
            else "没有该职工的账户"
        )  # fmt: skip
        if against or resident is None:
            effects.messages.append(self._progress(number, "13", str(against)))
            return effects
        if "fail" in detail:
            effects.messages.append(self._progress(number, "40", str(detail["fail"])))
            return effects
        amount = resident.balance + resident.interest
        paid = Money.parse(str(detail["paid"])) if "paid" in detail else amount
        remark = str(detail.get("remark", remark_of("{letter}"))).replace("{letter}", number)
        payment = Payment(bank_code=body["FundBankCode"], account_no=body["FundAccount"], amount=paid, remark=remark)
        self.letters[number] |= {"amount": amount, "paid": paid}
        if detail.get("info") != "none":
            effects.messages.append(self._info(number, resident, amount, function="0", reason=""))
        if detail.get("money") != "none":
            effects.payments += [payment] * (2 if detail.get("money") == "twice" else 1)
            resident.balance, resident.interest = Money.zero(), Money.zero()
        if detail.get("money") == "first":
            # the money is on its way before a word was said
            effects.messages, later = effects.messages[:1], effects.messages[1:]
            self.letters[number]["later"] = later
        return effects

    def say_later(self, *, number: str) -> Effects:
        """What was held back with {"money": "first"}."""
        return Effects(messages=self.letters[number].pop("later", []))

    def _informed(self, number: str, body: dict[str, Any]) -> Effects:
        letter = self.letters.get(number)
        if letter is None or letter["role"] != "in" or self.state_of[number] in ("00", "05", "20"):
            return Effects()
        letter["expected"] = Money.parse(body["TransAmount"])
        self.state_of[number] = "08"
        return self._settle(number)

    def _settle(self, number: str) -> Effects:
        """Money and word are both here: confirmed when they agree, negotiated when not."""
        letter = self.letters[number]
        paid, expected = letter.get("paid"), letter["expected"]
        if paid is None or expected is None or self.state_of[number] in ("00", "20"):
            return Effects()
        if self._detail("info", number).get("silent"):
            return Effects()
        if paid != expected:
            return self.negotiate(number=number, reason=f"到账{paid}元，与转移金额{expected}元不符")
        resident = self.residents[letter["document_no"]]
        resident.balance += paid
        self.state_of[number] = "00"
        body = {"ConNum": number, "TxFunc": "2"}
        return Effects(messages=[self._message(TX_OUT_INFO, letter["other"], body)])

    def _noticed(self, number: str, body: dict[str, Any]) -> Effects:
        letter = self.letters.get(number)
        if letter is None:
            return Effects()
        self.state_of[number] = body["TranStatus"]
        if body["TranStatus"] != "06" or letter["role"] != "out" or "amount" not in letter:
            return Effects()
        amount = Money.parse(str(self._detail("asked", number).get("amend", letter["paid"])))
        resident = self.residents[letter["document_no"]]
        letter["amount"] = amount
        return Effects(messages=[self._info(number, resident, amount, function="1", reason="按实际划款金额修改")])

    def _confirmed(self, number: str) -> Effects:
        self.state_of[number] = "00"
        return Effects()

    def _info(self, number: str, resident: Resident, amount: Money, *, function: str, reason: str) -> dict[str, Any]:
        self.state_of[number] = "08"
        interest = min(resident.interest, amount)
        body = {
            "ConNum": number,
            "TxFunc": function,
            "TransAmount": str(amount),
            "Principal": str(amount - interest),
            "Interest": str(interest),
            "OpenMonth": "201809",
            "PaidThrough": "202606",
            "SixMonths": "1",
            "LoanTimes": "0",
            "LoanOpen": "1" if resident.loan_open else "0",
            "Fraud": "0",
            "Reason": reason,
        }
        return self._message(TX_OUT_INFO, self.letters[number]["other"], body)

    def _progress(self, number: str, state: str, reason: str) -> dict[str, Any]:
        self.state_of[number] = state
        body = {"ConNum": number, "TranStatus": state, "Reason": reason}
        return self._message(TX_PROGRESS, self.letters[number]["other"], body)

    def _message(self, tx_code: str, receiver: str, body: dict[str, Any]) -> dict[str, Any]:
        self._sent += 1
        return envelope(
            tx_code=tx_code,
            number=f"{self.code}-{self._sent}",
            sender=self.code,
            receiver=receiver,
            sent_at=f"{self.clock().astimezone(SHANGHAI):%Y%m%d%H%M%S}",
            body=body,
        )

    def _detail(self, event: str, number: str) -> dict[str, Any]:
        fields = {"city": self.code, "event": event, "con_num": number}
        return self.faults.take(simulator="transfer", operation="city", fields=fields).detail
