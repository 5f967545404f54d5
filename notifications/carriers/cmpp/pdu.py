"""CMPP's messages (PDUs) as bytes and back: pure, both versions, from the published layout.

A message is a header of 12 octets (Total_Length, Command_Id, Sequence_Id, big endian) and a body. Versions differ in
the width of terminal numbers (21 / 32), of results (1 / 4 octets) and of the tail (Reserve 8 / LinkID 20). Octet
strings are padded with NUL on the right.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from notifications.carriers.cmpp.messages import (
    ActiveTest,
    ActiveTestResp,
    Connect,
    ConnectResp,
    Deliver,
    DeliverResp,
    Pdu,
    StatusReport,
    Submit,
    SubmitResp,
    Terminate,
    TerminateResp,
)

V20, V30 = 0x20, 0x30
VERSIONS = (V20, V30)

HEADER = struct.Struct(">III")
HEADER_OCTETS = HEADER.size
RESPONSE = 0x8000_0000
CONNECT, TERMINATE, SUBMIT, DELIVER, QUERY, CANCEL, ACTIVE_TEST = 1, 2, 4, 5, 6, 7, 8

# A SUBMIT to a hundred numbers is the longest message there is; what claims to be longer is no message.
TOTAL_LENGTH_MAX = 12 + 129 + 32 * 100 + 2 + 255 + 20
DESTINATIONS_MAX = 100
CONTENT_OCTETS_MAX = 255
SEQUENCE_MAX = 0xFFFF_FFFF


class MalformedPdu(ValueError):
    """Octets that are not a message of the layout. The text holds nothing of them."""


class BrokenFraming(MalformedPdu):
    """The length itself is impossible: nothing that follows on the connection can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    total_length: int
    command: int
    sequence: int


def connect_authenticator(*, source: str, secret: str, timestamp: int) -> bytes:
    """AuthenticatorSource: MD5 as the protocol wants it, which protects the secret and nothing else."""
    told = source.encode("ascii") + bytes(9) + secret.encode("ascii") + f"{timestamp:010d}".encode("ascii")
    return hashlib.md5(told, usedforsecurity=False).digest()


def answer_authenticator(*, status: int, authenticator: bytes, secret: str, version: int) -> bytes:
    """AuthenticatorISMG; the status has the width of the version."""
    told = _result(version).pack(status) + authenticator + secret.encode("ascii")
    return hashlib.md5(told, usedforsecurity=False).digest()


def encode(pdu: Pdu, *, sequence: int, version: int) -> bytes:
    """Raises ValueError for a value that its field cannot hold."""
    command, body = _ENCODERS[type(pdu)](pdu, version)
    return HEADER.pack(HEADER_OCTETS + len(body), command, sequence) + body


def read_header(octets: bytes | bytearray | memoryview) -> Header:
    """Of the first 12 octets. Raises BrokenFraming for a length that no message has."""
    total_length, command, sequence = HEADER.unpack_from(octets)
    if not HEADER_OCTETS <= total_length <= TOTAL_LENGTH_MAX:
        raise BrokenFraming("impossible length")
    return Header(total_length=total_length, command=command, sequence=sequence)


def decode(*, command: int, body: bytes, version: int) -> Pdu:
    """Raises MalformedPdu for an unknown command and for a body that is not of its layout."""
    decoder = _DECODERS.get(command)
    if decoder is None:
        raise MalformedPdu(f"unknown command {command:#x}")
    try:
        return decoder(body, version)
    except struct.error as error:
        raise MalformedPdu(f"body of command {command:#x} has a wrong length") from error


def read_report(content: bytes) -> StatusReport:
    """The width of the number tells the version, whatever was agreed. Raises MalformedPdu."""
    width = len(content) - 39
    if width not in (21, 32):
        raise MalformedPdu("a status report has 60 or 71 octets")
    msg_id, stat, submitted, done = struct.unpack_from(">Q7s10s10s", content)
    return StatusReport(
        msg_id=msg_id,
        stat=_text(stat),
        submit_time=_text(submitted),
        done_time=_text(done),
        destination=_text(content[35 : 35 + width]),
        smsc_sequence=int.from_bytes(content[-4:], "big"),
    )


def write_report(report: StatusReport, *, version: int) -> bytes:
    return (
        report.msg_id.to_bytes(8, "big")
        + _octets(report.stat, 7)
        + _octets(report.submit_time, 10)
        + _octets(report.done_time, 10)
        + _octets(report.destination, _terminal(version))
        + report.smsc_sequence.to_bytes(4, "big")
    )


_ONE, _FOUR = struct.Struct(">B"), struct.Struct(">I")


def _result(version: int) -> struct.Struct:
    return _FOUR if version == V30 else _ONE


def _terminal(version: int) -> int:
    return 32 if version == V30 else 21


def _tail(version: int) -> int:
    return 20 if version == V30 else 8


def _octets(text: str, width: int) -> bytes:
    """An octet string of fixed width."""
    try:
        written = text.encode("ascii")
    except UnicodeEncodeError as error:
        raise ValueError("an octet string of the layout is ASCII") from error
    if len(written) > width:
        raise ValueError(f"a text of {len(written)} octets in a field of {width}")
    return written.ljust(width, b"\0")


def _text(octets: bytes) -> str:
    # some gateways pad with blanks or leave rubbish behind the first NUL
    return octets.split(b"\0", 1)[0].decode("latin-1").strip()


def _connect(pdu: Any, _: int) -> tuple[int, bytes]:
    return CONNECT, _CONNECT.pack(_octets(pdu.source, 6), pdu.authenticator, pdu.version, pdu.timestamp)


_CONNECT = struct.Struct(">6s16sBI")


def _read_connect(body: bytes, _: int) -> Connect:
    source, authenticator, version, timestamp = _CONNECT.unpack(body)
    return Connect(source=_text(source), authenticator=authenticator, version=version, timestamp=timestamp)


def _connect_resp(pdu: Any, version: int) -> tuple[int, bytes]:
    return CONNECT | RESPONSE, _result(version).pack(pdu.status) + struct.pack(">16sB", pdu.authenticator, pdu.version)


def _read_connect_resp(body: bytes, _: int) -> ConnectResp:
    # by its length and not by what was asked: a gateway of the other version answers in its own layout
    if len(body) not in (18, 21):
        raise MalformedPdu("an answer to CONNECT has 18 or 21 octets")
    status = int.from_bytes(body[:-17], "big")
    return ConnectResp(status=status, authenticator=body[-17:-1], version=body[-1])


def _submit(pdu: Any, version: int) -> tuple[int, bytes]:
    if not 1 <= len(pdu.destinations) <= DESTINATIONS_MAX or len(pdu.content) > CONTENT_OCTETS_MAX:
        raise ValueError("1 to 100 numbers and at most 255 octets of content")
    width, later = _terminal(version), version == V30
    parts = [
        pdu.msg_id.to_bytes(8, "big"),
        bytes((pdu.pk_total, pdu.pk_number, pdu.registered_delivery, pdu.msg_level)),
        _octets(pdu.service_id, 10),
        bytes((pdu.fee_user_type,)),
        _octets(pdu.fee_terminal, width),
        bytes((pdu.fee_terminal_type,)) if later else b"",
        bytes((pdu.tp_pid, pdu.udhi, pdu.fmt)),
        _octets(pdu.msg_src, 6),
        _octets(pdu.fee_type, 2),
        _octets(pdu.fee_code, 6),
        _octets(pdu.valid_time, 17),
        _octets(pdu.at_time, 17),
        _octets(pdu.src_id, 21),
        bytes((len(pdu.destinations),)),
        *(_octets(number, width) for number in pdu.destinations),
        bytes((pdu.destination_type,)) if later else b"",
        bytes((len(pdu.content),)),
        pdu.content,
        _octets(pdu.link_id, _tail(version)),
    ]
    return SUBMIT, b"".join(parts)


def _read_submit(body: bytes, version: int) -> Submit:
    width, later = _terminal(version), version == V30
    take = _Reader(body)
    values: dict[str, Any] = {"msg_id": take.number(8)}
    for name in ("pk_total", "pk_number", "registered_delivery", "msg_level"):
        values[name] = take.number(1)
    values |= {"service_id": take.text(10), "fee_user_type": take.number(1), "fee_terminal": take.text(width)}
    if later:
        values["fee_terminal_type"] = take.number(1)
    for name in ("tp_pid", "udhi", "fmt"):
        values[name] = take.number(1)
    for name, octets in (("msg_src", 6), ("fee_type", 2), ("fee_code", 6), ("valid_time", 17), ("at_time", 17)):
        values[name] = take.text(octets)
    values["src_id"] = take.text(21)
    count = take.number(1)
    if not 1 <= count <= DESTINATIONS_MAX:
        raise MalformedPdu("1 to 100 numbers")
    values["destinations"] = tuple(take.text(width) for _ in range(count))
    if later:
        values["destination_type"] = take.number(1)
    values |= {"content": take.octets(take.number(1)), "link_id": take.text(_tail(version))}
    take.finished()
    return Submit(**values)


def _submit_resp(pdu: Any, version: int) -> tuple[int, bytes]:
    return SUBMIT | RESPONSE, pdu.msg_id.to_bytes(8, "big") + _result(version).pack(pdu.result)


def _read_submit_resp(body: bytes, version: int) -> SubmitResp:
    (result,) = _result(version).unpack(body[8:])
    return SubmitResp(msg_id=int.from_bytes(body[:8], "big"), result=result)


def _deliver(pdu: Any, version: int) -> tuple[int, bytes]:
    if len(pdu.content) > CONTENT_OCTETS_MAX:
        raise ValueError("at most 255 octets of content")
    parts = [
        pdu.msg_id.to_bytes(8, "big"),
        _octets(pdu.dest_id, 21),
        _octets(pdu.service_id, 10),
        bytes((pdu.tp_pid, pdu.udhi, pdu.fmt)),
        _octets(pdu.source, _terminal(version)),
        bytes((pdu.source_type,)) if version == V30 else b"",
        bytes((int(pdu.report), len(pdu.content))),
        pdu.content,
        _octets(pdu.link_id, _tail(version)),
    ]
    return DELIVER, b"".join(parts)


def _read_deliver(body: bytes, version: int) -> Deliver:
    take = _Reader(body)
    values: dict[str, Any] = {"msg_id": take.number(8), "dest_id": take.text(21), "service_id": take.text(10)}
    for name in ("tp_pid", "udhi", "fmt"):
        values[name] = take.number(1)
    values["source"] = take.text(_terminal(version))
    if version == V30:
        values["source_type"] = take.number(1)
    values["report"] = take.number(1) == 1
    values |= {"content": take.octets(take.number(1)), "link_id": take.text(_tail(version))}
    take.finished()
    return Deliver(**values)


def _deliver_resp(pdu: Any, version: int) -> tuple[int, bytes]:
    return DELIVER | RESPONSE, pdu.msg_id.to_bytes(8, "big") + _result(version).pack(pdu.result)


def _read_deliver_resp(body: bytes, version: int) -> DeliverResp:
    (result,) = _result(version).unpack(body[8:])
    return DeliverResp(msg_id=int.from_bytes(body[:8], "big"), result=result)


def _empty(made: type, body: bytes) -> Any:
    if body:
        raise MalformedPdu("a message without a body has one")
    return made()


def _read_active_test_resp(body: bytes, _: int) -> ActiveTestResp:
    # one reserved octet; some gateways leave it out
    if len(body) > 1:
        raise MalformedPdu("an answer to ACTIVE_TEST has one octet")
    return ActiveTestResp()


class _Reader:
    """Takes fields off the front. Raises MalformedPdu when they end early or something is left."""

    __slots__ = ("_at", "_body")

    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    def octets(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._body):
            raise MalformedPdu("the body ends early")
        taken, self._at = self._body[self._at : end], end
        return taken

    def number(self, count: int) -> int:
        return int.from_bytes(self.octets(count), "big")

    def text(self, count: int) -> str:
        return _text(self.octets(count))

    def finished(self) -> None:
        if self._at != len(self._body):
            raise MalformedPdu("the body is too long")


_ENCODERS: dict[type, Callable[[Any, int], tuple[int, bytes]]] = {
    Connect: _connect,
    ConnectResp: _connect_resp,
    Submit: _submit,
    SubmitResp: _submit_resp,
    Deliver: _deliver,
    DeliverResp: _deliver_resp,
    Terminate: lambda pdu, version: (TERMINATE, b""),
    TerminateResp: lambda pdu, version: (TERMINATE | RESPONSE, b""),
    ActiveTest: lambda pdu, version: (ACTIVE_TEST, b""),
    ActiveTestResp: lambda pdu, version: (ACTIVE_TEST | RESPONSE, b"\0"),
}
_DECODERS: dict[int, Callable[[bytes, int], Pdu]] = {
    CONNECT: _read_connect,
    CONNECT | RESPONSE: _read_connect_resp,
    SUBMIT: _read_submit,
    SUBMIT | RESPONSE: _read_submit_resp,
    DELIVER: _read_deliver,
    DELIVER | RESPONSE: _read_deliver_resp,
    TERMINATE: lambda body, version: _empty(Terminate, body),
    TERMINATE | RESPONSE: lambda body, version: _empty(TerminateResp, body),
    ACTIVE_TEST: lambda body, version: _empty(ActiveTest, body),
    ACTIVE_TEST | RESPONSE: _read_active_test_resp,
}
