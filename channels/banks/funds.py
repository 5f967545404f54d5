"""The funds gateway over the settlement system: files, batches and deposits. One question, one answer, no repetition
but for the parts of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from xml.etree.ElementTree import Element

from channels.banks import funds_messages as fm
from channels.banks import messages
from channels.banks.client import SETTLEMENT_PATH, CentreNode, request_head
from channels.banks.codes import ReturnCode, return_code
from channels.banks.messages import MalformedMessage, QueryBody, ReplyHead
from channels.wire import SignedClient, WireFailure
from domain.kernel.digest import sm3_hex
from domain.kernel.money import Money
from domain.settlement.ports import (
    AccountCheck,
    BatchOrder,
    DepositInstruction,
    DepositOutcome,
    DepositStanding,
    FileAnswer,
    PaymentOutcome,
    UnionBankEntry,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """`carried_out`: TxStatus 0, or 2 (not finished yet)."""

    code: ReturnCode
    carried_out: bool
    body: Element | None
    digest: str


class _Unclear(Exception):
    """No answer that says anything. `never` when nothing was sent and nothing can be."""

    def __init__(self, code: str, message: str, *, digest: str = "", never: bool = False) -> None:
        super().__init__(code)
        self.code, self.message, self.digest, self.never = code, message, digest, never


class BankFunds:
    """A `domain.settlement.ports.FundsGateway`. `wire` brings address, secret and time limit."""

    def __init__(self, *, wire: SignedClient, centre: CentreNode) -> None:
        self._wire = wire
        self._centre = centre

    async def probe(self, *, bank_code: str, now: datetime) -> bool:
        try:
            answer = await self._ask(fm.TX_PROBE, bank_code, fm.ProbeBody(Echo="HPF"), now)
        except _Unclear:
            return False
        return answer.carried_out

    async def statement(self, *, bank_code: str, account_no: str, day: date, now: datetime) -> FileAnswer:
        return await self._file(fm.TX_STATEMENT, bank_code, key=account_no, day=f"{day:%Y%m%d}", now=now)

    async def union_banks(self, *, bank_code: str, now: datetime) -> Sequence[UnionBankEntry] | None:
        answer = await self._file(fm.TX_UNION_BANKS, bank_code, key=bank_code, day="", now=now)
        if answer.status != "whole":
            return None
        entries = []
        try:
            for line in answer.content.decode("utf-8").splitlines():
                number, name = line.split("|")
                if len(number) != 12 or not (number.isascii() and number.isdigit()) or not name.strip():
                    return None
                entries.append(UnionBankEntry(union_no=number, name=name.strip()))
        except ValueError:
            return None
        # a bank has branches: an empty list would take all of ours off
        return entries or None

    async def demand_balance(self, *, bank_code: str, account_no: str, now: datetime) -> Money | None:
        try:
            answer = await self._ask(fm.TX_DEMAND_BALANCE, bank_code, fm.BalanceQueryBody(Key=account_no), now)
            if not answer.carried_out or answer.code.outcome != "confirmed":
                return None
            body = messages.read_part(fm.BalanceBody, answer.body)
            return fm.read_money(body.Balance) if body.Key == account_no else None
        except (_Unclear, MalformedMessage):
            return None

    async def check_account(self, *, bank_code: str, account_no: str, name: str, now: datetime) -> AccountCheck:
        asked = fm.AccountCheckBody(AcctNo=account_no, AcctName=name)
        try:
            answer = await self._ask(fm.TX_ACCOUNT_CHECK, bank_code, asked, now)
            if answer.carried_out and answer.code.outcome == "confirmed":
                same = messages.read_part(fm.AccountCheckBody, answer.body) == asked
                return AccountCheck(status="holds" if same else "unanswered", message=answer.code.meaning)
            said = _CHECKED.get(answer.code.code)
            return AccountCheck(status=said or "unanswered", message=answer.code.meaning)
        except _Unclear as unclear:
            return AccountCheck(status="unanswered", message=unclear.message)
        except MalformedMessage:
            return AccountCheck(status="unanswered", message="银行应答不符合报文规范")

    async def submit_batch(self, *, order: BatchOrder, now: datetime) -> PaymentOutcome:
        content = batch_rows(order)
        body = fm.BatchBody(
            YWLSH=order.serial_no,
            BusType=order.business_type,
            CentreAcctNo=order.centre_account_no,
            ItemCount=str(len(order.entries)),
            TotalAmt=str(Money(sum(entry.amount.fen for entry in order.entries))),
            BusDate=f"{order.business_date:%Y%m%d}",
            FileDigest=sm3_hex(content),
            Content=fm.pack(content),
        )
        tx_code = fm.TX_BATCH_PAY if order.direction == "pay" else fm.TX_BATCH_COLLECT
        try:
            answer = await self._ask(tx_code, order.bank_code, body, now)
            if answer.code.outcome == "rejected":
                return _outcome("rejected", answer)
            if not answer.carried_out:
                return _outcome("unknown", answer)
            state = messages.read_part(fm.BatchStateBody, answer.body)
            if order.serial_no != state.YWLSH or answer.code.outcome not in ("confirmed", "processing"):
                return _outcome("unknown", answer)
            return _outcome("processing", answer)
        except _Unclear as unclear:
            return _unclear(unclear)
        except MalformedMessage:
            return PaymentOutcome(status="unknown", code="malformed_answer", message="银行应答不符合报文规范")

    async def batch_result(
        self, *, serial_no: str, bank_code: str, business_date: date, now: datetime
    ) -> PaymentOutcome:
        body = messages.query_body(serial_no=serial_no, business_date=business_date)
        try:
            answer = await self._ask(fm.TX_BATCH_RESULT, bank_code, body, now)
            if not answer.carried_out:
                # says nothing about the batch, but that this question was not worked on
                return _outcome("unknown", answer)
            if answer.code.outcome in ("not_found", "rejected"):
                return _outcome(answer.code.outcome, answer)
            state = messages.read_part(fm.BatchStateBody, answer.body)
            if serial_no != state.YWLSH or answer.code.outcome not in ("confirmed", "processing"):
                return _outcome("unknown", answer)
            return _outcome(answer.code.outcome, answer)
        except _Unclear as unclear:
            return _unclear(unclear)
        except MalformedMessage:
            return PaymentOutcome(status="unknown", code="malformed_answer", message="银行应答不符合报文规范")

    async def batch_file(self, *, serial_no: str, bank_code: str, business_date: date, now: datetime) -> FileAnswer:
        return await self._file(fm.TX_BATCH_FILE, bank_code, key=serial_no, day=f"{business_date:%Y%m%d}", now=now)

    async def instruct_deposit(self, *, instruction: DepositInstruction, now: datetime) -> DepositOutcome:
        body = fm.DepositBody(
            YWLSH=instruction.serial_no,
            Product=instruction.product,
            DemandAcctNo=instruction.demand_account_no,
            DepositAcctNo=instruction.deposit_account_no,
            CertNo=instruction.certificate_no,
            Amt=str(instruction.amount) if instruction.amount else "",
            DrawDate=f"{instruction.draw_on:%Y%m%d}" if instruction.draw_on else "",
            Rollover="1" if instruction.rollover else "0",
            BusDate=f"{instruction.business_date:%Y%m%d}",
        )
        outcome = await self._deposit(
            fm.DEPOSIT_TX[(instruction.kind, instruction.action)], instruction, body, now, asked=False
        )
        if outcome.status == "not_found":
            return DepositOutcome(status="unknown", code="contradictory_answer", message="银行应答自相矛盾")
        return outcome

    async def query_deposit(self, *, instruction: DepositInstruction, now: datetime) -> DepositOutcome:
        body = messages.query_body(serial_no=instruction.serial_no, business_date=instruction.business_date)
        return await self._deposit(messages.TX_QUERY, instruction, body, now, asked=True)

    async def deposit_standing(
        self, *, bank_code: str, certificate_no: str, kind: Literal["fixed", "notice"], now: datetime
    ) -> DepositStanding:
        tx_code = fm.TX_FIXED_BALANCE if kind == "fixed" else fm.TX_NOTICE_QUERY
        try:
            answer = await self._ask(tx_code, bank_code, fm.BalanceQueryBody(Key=certificate_no), now)
            if answer.carried_out and answer.code.outcome == "not_found":
                return DepositStanding(status="absent", message=answer.code.meaning)
            if not answer.carried_out or answer.code.outcome != "confirmed":
                return DepositStanding(status="failed", message=answer.code.meaning)
            body = messages.read_part(fm.BalanceBody, answer.body)
            if body.Key != certificate_no:
                return DepositStanding(status="failed", message="银行应答与请求不对应")
            return DepositStanding(
                status="standing",
                balance=fm.read_money(body.Balance),
                notice_amount=fm.read_money(body.NoticeAmt),
                notice_draw_on=fm.read_day(body.NoticeDate),
            )
        except _Unclear as unclear:
            return DepositStanding(status="failed", message=unclear.message)
        except MalformedMessage:
            return DepositStanding(status="failed", message="银行应答不符合报文规范")

    async def _deposit(
        self,
        tx_code: str,
        instruction: DepositInstruction,
        body: fm.DepositBody | QueryBody,
        now: datetime,
        *,
        asked: bool,
    ) -> DepositOutcome:
        try:
            answer = await self._ask(tx_code, instruction.bank_code, body, now)
            known = answer.code
            if not answer.carried_out:
                status = "rejected" if known.outcome == "rejected" and not asked else "unknown"
                return DepositOutcome(
                    status="rejected" if status == "rejected" else "unknown",
                    code=known.code,
                    message=known.meaning,
                    raw_digest=answer.digest,
                )
            result = messages.read_part(fm.DepositResultBody, answer.body)
            if instruction.serial_no != result.YWLSH:
                return DepositOutcome(status="unknown", code="foreign_answer", message="银行应答与请求不对应")
            return DepositOutcome(
                status=known.outcome,
                code=known.code,
                message=known.meaning,
                bank_serial_no=result.YHJSLSH or None,
                deposit_serial_no=result.DepositLSH or None,
                booked_on=fm.read_day(result.BookDate),
                certificate_no=result.CertNo or None,
                rate_ppm=fm.read_count(result.RatePpm) if result.RatePpm else None,
                matures_on=fm.read_day(result.MatureDate),
                interest=fm.read_money(result.Interest),
                raw_digest=answer.digest,
            )
        except _Unclear as unclear:
            status = "rejected" if unclear.never and not asked else "unknown"
            return DepositOutcome(
                status="rejected" if status == "rejected" else "unknown",
                code=unclear.code,
                message=unclear.message,
                raw_digest=unclear.digest,
            )
        except MalformedMessage:
            return DepositOutcome(status="unknown", code="malformed_answer", message="银行应答不符合报文规范")

    async def _file(self, tx_code: str, bank_code: str, *, key: str, day: str, now: datetime) -> FileAnswer:
        parts: list[bytes] = []
        digest, count = "", 1
        try:
            while len(parts) < count:
                asked = fm.PartQueryBody(Key=key, Day=day, PartNo=str(len(parts) + 1))
                answer = await self._ask(tx_code, bank_code, asked, now)
                if answer.carried_out and answer.code.outcome == "not_found":
                    return FileAnswer(status="absent", message=answer.code.meaning)
                if not answer.carried_out or answer.code.outcome != "confirmed":
                    return FileAnswer(status="failed", message=answer.code.meaning)
                part = messages.read_part(fm.PartBody, answer.body)
                told = (part.FileDigest, fm.read_count(part.PartCount))
                if not parts:
                    digest, count = told
                if part.Key != key or part.PartNo != asked.PartNo or told != (digest, count):
                    return FileAnswer(status="failed", message="银行应答与请求不对应")
                if not 1 <= count <= fm.PARTS_MAX:
                    return FileAnswer(status="failed", message="银行文件过大")
                parts.append(fm.unpack(part.Content))
        except _Unclear as unclear:
            return FileAnswer(status="failed", message=unclear.message)
        except MalformedMessage:
            return FileAnswer(status="failed", message="银行应答不符合报文规范")
        content = b"".join(parts)
        if sm3_hex(content) != digest:
            return FileAnswer(status="failed", message="文件不完整，摘要不符")
        return FileAnswer(status="whole", content=content)

    async def _ask(self, tx_code: str, bank_code: str, body: object, now: datetime) -> _Answer:
        """Raises _Unclear; MalformedMessage for a head that is none."""
        head = request_head(centre=self._centre, tx_code=tx_code, bank_code=bank_code, now=now)
        try:
            content = messages.write_message("Request", head, body)
        except MalformedMessage:
            raise _Unclear("30001", return_code("30001").meaning, never=True) from None
        try:
            answer = await self._wire.post(
                path=SETTLEMENT_PATH, content=content, now=now, content_type="application/xml"
            )
        except WireFailure as failure:
            raise _Unclear(failure.trouble, failure.reason) from None
        digest = sm3_hex(answer.content)
        head_element, body_element = messages.read_message(answer.content, root="Reply", most=fm.FILE_MESSAGE_BYTES_MAX)
        reply = messages.read_part(ReplyHead, head_element)
        if (reply.SendSeqNo, reply.TxCode) != (head.SendSeqNo, head.TxCode):
            raise _Unclear("foreign_answer", "银行应答与请求不对应", digest=digest)
        code = return_code(reply.RtnCode)
        if reply.TxStatus not in ("0", "1", "2") or (reply.TxStatus == "2") != (code.outcome == "processing"):
            raise _Unclear("contradictory_answer", "银行应答自相矛盾", digest=digest)
        return _Answer(code=code, carried_out=reply.TxStatus != "1", body=body_element, digest=digest)


_CHECKED: dict[str, Literal["differs", "absent", "closed", "frozen"]] = {
    "10001": "absent",
    "10002": "differs",
    "10003": "closed",
    "10004": "frozen",
    "10007": "absent",
}


def batch_rows(order: BatchOrder) -> bytes:
    """The items of a batch: `序号|银行|账号|户名|金额|摘要`, UTF-8, one a line. None of the texts holds a bar."""
    return "\n".join(
        f"{entry.item_no}|{entry.bank_code}|{entry.account_no}|{entry.name}|{entry.amount}|{entry.summary}"
        for entry in order.entries
    ).encode()


def _outcome(
    status: Literal["confirmed", "rejected", "processing", "unknown", "not_found"], answer: _Answer
) -> PaymentOutcome:
    return PaymentOutcome(status=status, code=answer.code.code, message=answer.code.meaning, raw_digest=answer.digest)


def _unclear(unclear: _Unclear) -> PaymentOutcome:
    return PaymentOutcome(
        status="rejected" if unclear.never else "unknown",
        code=unclear.code,
        message=unclear.message,
        raw_digest=unclear.digest,
    )
