"""Files, batches, deposits and notices at the simulated banks. Faults, simulator `bank`:

operation statement (113), union_banks (112), demand_balance, deposit_standing, account_check (130), probe;
batch (103/104), batch_result (107), batch_file (108), deposit (114–120); notice (SBDC100 that the bank sends us). All
of them know
  slow, timeout, error500, garbage   before the work, or with {"stage": "after"}
statement, batch_file: mode garbage with {"stage": "file", "spoil": …}, a key of `bank_files.SPOILED` or "cut"
                       (the bank's own file is cut), "cut_part" (a part is lost on the way), "gbk", "contradict" (of
                       batch_file: confirmed items are told as refused)
batch    refuse {"code": "30001"}; normal or confirm_later {"queries": 2, "first": 1, "items": {"2": "10003"}}
deposit  refuse {"code": "10011"}
notice   refuse: not sent; answer_twice: sent twice; garbage {"stage": "rows", "spoil": "short_line"|…}: sent spoiled
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from xml.etree.ElementTree import Element

from starlette.requests import Request
from starlette.responses import Response

from channels.banks import bank_files, messages
from channels.banks import funds_messages as fm
from channels.banks.batch_book import DONE, BookedBatch
from channels.banks.book import NO_SUCH_PAYER, NOT_FOUND, SERIAL_REUSED, BankBook
from channels.banks.deposit_book import BookedInstruction
from channels.banks.messages import MalformedMessage, QueryBody, RequestHead
from channels.simulation import Fault
from domain.kernel.dates import SHANGHAI
from domain.kernel.digest import sm3_hex
from domain.kernel.money import Money

NO_FILE = "20003"
MALFORMED = "30001"

Answer = tuple[str, object | None]
"""A return code and the reply's body."""

_ACTIONS = {tx: action for (_, action), tx in fm.DEPOSIT_TX.items()}


class FundsDesk:
    """Works on one message; the simulator around it checks, plays the common faults and writes the reply."""

    def __init__(self, *, book: BankBook, clock: Callable[[], datetime]) -> None:
        self._book = book
        self._clock = clock

    def operation(self, tx_code: str) -> str | None:
        """The name that faults know the transaction by, None for one that is not of this desk."""
        if tx_code in _ACTIONS:
            return "deposit"
        return _OPERATIONS.get(tx_code)

    def fields(self, *, head: RequestHead, body: Element | None) -> dict[str, object]:
        """What faults match by."""
        named = {name: (body.findtext(name) or "") if body is not None else "" for name in ("YWLSH", "Key", "Day")}
        return {"bank_code": head.ReceiveNode, "serial_no": named["YWLSH"], "key": named["Key"], "day": named["Day"]}

    def answer(self, *, head: RequestHead, body: Element | None, fault: Fault) -> Answer:
        """Raises MalformedMessage."""
        tx_code = head.TxCode
        if tx_code == fm.TX_PROBE:
            return DONE, messages.read_part(fm.ProbeBody, body)
        if tx_code == fm.TX_ACCOUNT_CHECK:
            return self._check(head, messages.read_part(fm.AccountCheckBody, body))
        if tx_code in (fm.TX_STATEMENT, fm.TX_UNION_BANKS, fm.TX_BATCH_FILE):
            return self._part(head, messages.read_part(fm.PartQueryBody, body), fault)
        if tx_code in (fm.TX_BATCH_PAY, fm.TX_BATCH_COLLECT):
            return self._take_batch(head, messages.read_part(fm.BatchBody, body), fault)
        if tx_code == fm.TX_BATCH_RESULT:
            return self._batch_state(head, messages.read_part(QueryBody, body))
        if tx_code in (fm.TX_DEMAND_BALANCE, fm.TX_FIXED_BALANCE, fm.TX_NOTICE_QUERY):
            return self._balance(head, messages.read_part(fm.BalanceQueryBody, body))
        return self._deposit(head, messages.read_part(fm.DepositBody, body), fault)

    def query_deposit(self, *, head: RequestHead, body: QueryBody) -> Answer | None:
        """110 for an instruction about a deposit; None when the serial number is none of those."""
        standing = self._book.deposits.instructions.get(body.YWLSH)
        if standing is None or standing.bank_code != head.ReceiveNode:
            return None
        return standing.code, _instruction_body(standing)

    def unknown_deposit(self, body: QueryBody) -> Answer:
        return NOT_FOUND, fm.DepositResultBody(
            YWLSH=body.YWLSH,
            YHJSLSH="",
            DepositLSH="",
            BookDate="",
            CertNo="",
            RatePpm="",
            MatureDate="",
            Interest="",
        )

    def _part(self, head: RequestHead, asked: fm.PartQueryBody, fault: Fault) -> Answer:
        content = self._file(head, asked, fault)
        if content is None:
            return NO_FILE, None
        parts = [content[at : at + fm.PART_BYTES] for at in range(0, len(content), fm.PART_BYTES)] or [b""]
        number = fm.read_count(asked.PartNo)
        if not 1 <= number <= len(parts):
            raise MalformedMessage("no such part")
        part = parts[number - 1]
        if fault.detail.get("spoil") == "cut_part":
            part = part[: len(part) // 2]
        return DONE, fm.PartBody(
            Key=asked.Key,
            PartNo=asked.PartNo,
            PartCount=str(len(parts)),
            FileDigest=sm3_hex(content),
            Content=fm.pack(part),
        )

    def _file(self, head: RequestHead, asked: fm.PartQueryBody, fault: Fault) -> bytes | None:
        spoil = str(fault.detail.get("spoil", "")) if fault.detail.get("stage") == "file" else ""
        known = spoil if spoil == "cut" or spoil in bank_files.SPOILED else ""
        if head.TxCode == fm.TX_UNION_BANKS:
            bank = self._book.banks.get(asked.Key)
            return None if bank is None else "\n".join(f"{no}|{name}" for no, name in bank.branches).encode()
        if head.TxCode == fm.TX_BATCH_FILE:
            return self._result_file(head, asked, spoil=spoil, known=known)
        account, day = (head.ReceiveNode, asked.Key), fm.read_day(asked.Day)
        if account not in self._book.lines or day is None or day > self._clock().astimezone(SHANGHAI).date():
            return None
        opening, lines = self._book.lines.of_day(account, day)
        return bank_files.statement_file(
            account_no=asked.Key,
            day=day,
            opening=opening,
            lines=lines,
            spoil=known,
            encoding="gb18030" if spoil == "gbk" else "utf-8",
        )

    def _result_file(self, head: RequestHead, asked: fm.PartQueryBody, *, spoil: str, known: str) -> bytes | None:
        batch = self._book.batches.batches.get(asked.Key)
        if batch is None or batch.bank_code != head.ReceiveNode or not (batch.over or batch.first):
            return None
        items = self._book.batches.results(batch)
        if spoil == "contradict":
            items = [
                (number, amount, "10003" if code == DONE else code, "", "") for number, amount, code, _, _ in items
            ]
        return bank_files.result_file(serial_no=batch.serial_no, items=items, spoil=known)

    def _take_batch(self, head: RequestHead, body: fm.BatchBody, fault: Fault) -> Answer:
        content = fm.unpack(body.Content)
        try:
            rows = [line.split("|") for line in content.decode("utf-8").split("\n")]
            total = Money(sum(Money.parse(row[4]).fen for row in rows))
        except (UnicodeDecodeError, ValueError, IndexError) as error:
            raise MalformedMessage("batch rows cannot be read") from error
        whole = sm3_hex(content) == body.FileDigest and all(len(row) == 6 for row in rows)
        if not whole or body.ItemCount != str(len(rows)) or body.TotalAmt != str(total):
            raise MalformedMessage("batch is cut")
        if fault.mode == "refuse":
            return str(fault.detail.get("code", MALFORMED)), None
        if (head.ReceiveNode, body.CentreAcctNo) not in self._book.lines:
            return NO_SUCH_PAYER, None
        batch = self._book.batches.take(
            serial_no=body.YWLSH,
            direction="pay" if head.TxCode == fm.TX_BATCH_PAY else "collect",
            bank_code=head.ReceiveNode,
            centre_account_no=body.CentreAcctNo,
            rows=rows,
            codes={int(number): str(code) for number, code in dict(fault.detail.get("items", {})).items()},
            queries=int(fault.detail.get("queries", 1)) if fault.mode == "confirm_later" else 0,
            first=int(fault.detail.get("first", 0)),
            now=self._clock(),
        )
        return (SERIAL_REUSED, None) if batch is None else ("00001", _batch_body(batch))

    def _batch_state(self, head: RequestHead, body: QueryBody) -> Answer:
        batch = self._book.batches.ask(bank_code=head.ReceiveNode, serial_no=body.YWLSH, now=self._clock())
        if batch is None:
            return NOT_FOUND, None
        return (DONE if batch.over else "00001"), _batch_body(batch)

    def _check(self, head: RequestHead, body: fm.AccountCheckBody) -> Answer:
        code = self._book.code_of(head.ReceiveNode, body.AcctNo, body.AcctName)
        return code, body if code == DONE else None

    def _balance(self, head: RequestHead, body: fm.BalanceQueryBody) -> Answer:
        if head.TxCode == fm.TX_DEMAND_BALANCE:
            account = (head.ReceiveNode, body.Key)
            if account not in self._book.lines:
                return NO_SUCH_PAYER, None
            balance = self._book.lines.balance(account)
            return DONE, fm.BalanceBody(Key=body.Key, Balance=str(balance), NoticeAmt="", NoticeDate="")
        certificate = self._book.deposits.certificates.get(body.Key)
        if certificate is None or certificate.bank_code != head.ReceiveNode:
            return NOT_FOUND, None
        draw_on = certificate.notice_draw_on
        return DONE, fm.BalanceBody(
            Key=body.Key,
            Balance=str(certificate.balance),
            NoticeAmt=str(certificate.notice_amount) if certificate.notice_amount else "",
            NoticeDate=f"{draw_on:%Y%m%d}" if draw_on else "",
        )

    def _deposit(self, head: RequestHead, body: fm.DepositBody, fault: Fault) -> Answer:
        if body.Amt:
            messages.read_amount(body.Amt)
        fm.read_day(body.DrawDate)
        booked = self._book.deposits.instruct(
            action=_ACTIONS[head.TxCode],
            bank_code=head.ReceiveNode,
            given=asdict(body),
            refuse_code=str(fault.detail.get("code", "10011")) if fault.mode == "refuse" else None,
            now=self._clock(),
        )
        if booked is None:
            return SERIAL_REUSED, None
        return booked.code, _instruction_body(booked)


_OPERATIONS = {
    fm.TX_PROBE: "probe",
    fm.TX_STATEMENT: "statement",
    fm.TX_UNION_BANKS: "union_banks",
    fm.TX_DEMAND_BALANCE: "demand_balance",
    fm.TX_ACCOUNT_CHECK: "account_check",
    fm.TX_FIXED_BALANCE: "deposit_standing",
    fm.TX_NOTICE_QUERY: "deposit_standing",
    fm.TX_BATCH_PAY: "batch",
    fm.TX_BATCH_COLLECT: "batch",
    fm.TX_BATCH_RESULT: "batch_result",
    fm.TX_BATCH_FILE: "batch_file",
}


def _batch_body(batch: BookedBatch) -> fm.BatchStateBody:
    done = sum(batch.shown(item) != "00001" for item in batch.items)
    return fm.BatchStateBody(YWLSH=batch.serial_no, ItemCount=str(len(batch.items)), DoneCount=str(done))


def _instruction_body(booked: BookedInstruction) -> fm.DepositResultBody:
    return fm.DepositResultBody(
        YWLSH=booked.serial_no,
        YHJSLSH=booked.host_serial_no,
        DepositLSH=booked.deposit_serial_no,
        BookDate=booked.booked_on,
        CertNo=booked.certificate_no,
        RatePpm=booked.rate_ppm,
        MatureDate=booked.matures_on,
        Interest=booked.interest,
    )


async def play(request: Request, fault: Fault, work: Callable[[], Response]) -> Response:
    """The common modes around the work."""
    if (broken := await fault.before(request)) is not None:
        return broken
    return await fault.after(request, work())
