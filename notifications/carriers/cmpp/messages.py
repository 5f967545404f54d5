"""CMPP's messages as values; `pdu` writes and reads their octets."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """`authenticator` is `connect_authenticator`; `timestamp` MMDDHHMMSS as a number."""

    source: str
    authenticator: bytes = field(repr=False)
    version: int
    timestamp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectResp:
    """0 right, 1 structure, 2 source address, 3 authentication, 4 version too high, 5 and more: other."""

    status: int
    authenticator: bytes = field(repr=False)
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """One part to one or more numbers. `fmt` 0 ASCII, 8 UCS-2, 15 GBK; `udhi` says that the content begins with a
    header of a long message."""

    msg_id: int = 0
    pk_total: int = 1
    pk_number: int = 1
    registered_delivery: int = 1
    msg_level: int = 0
    service_id: str
    fee_user_type: int = 0
    fee_terminal: str = ""
    fee_terminal_type: int = 0
    tp_pid: int = 0
    udhi: int = 0
    fmt: int
    msg_src: str
    fee_type: str = "01"
    fee_code: str = "0"
    valid_time: str = ""
    at_time: str = ""
    src_id: str
    destinations: tuple[str, ...] = field(repr=False)
    destination_type: int = 0
    content: bytes = field(repr=False)
    link_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitResp:
    msg_id: int
    result: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """A status report (`report`), else a message that somebody sent us (上行)."""

    msg_id: int
    dest_id: str
    service_id: str
    tp_pid: int = 0
    udhi: int = 0
    fmt: int
    source: str = field(repr=False)
    source_type: int = 0
    report: bool
    content: bytes = field(repr=False)
    link_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverResp:
    msg_id: int
    result: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """Content of a DELIVER that is a report. Times are YYMMDDHHMM as text, as the gateway writes them."""

    msg_id: int
    stat: str
    submit_time: str
    done_time: str
    destination: str = field(repr=False)
    smsc_sequence: int


@dataclass(frozen=True, slots=True)
class Terminate:
    pass


@dataclass(frozen=True, slots=True)
class TerminateResp:
    pass


@dataclass(frozen=True, slots=True)
class ActiveTest:
    pass


@dataclass(frozen=True, slots=True)
class ActiveTestResp:
    pass


Pdu = (
    Connect
    | ConnectResp
    | Submit
    | SubmitResp
    | Deliver
    | DeliverResp
    | Terminate
    | TerminateResp
    | ActiveTest
    | ActiveTestResp
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MsgId:
    """Msg_Id in its fields: when the gateway took the message, which gateway, and its count."""

    month: int
    day: int
    hour: int
    minute: int
    second: int
    gateway: int
    sequence: int

    @classmethod
    def of(cls, number: int) -> MsgId:
        return cls(
            month=number >> 60 & 0xF,
            day=number >> 55 & 0x1F,
            hour=number >> 50 & 0x1F,
            minute=number >> 44 & 0x3F,
            second=number >> 38 & 0x3F,
            gateway=number >> 16 & 0x3F_FFFF,
            sequence=number & 0xFFFF,
        )

    @property
    def number(self) -> int:
        return (
            self.month << 60
            | self.day << 55
            | self.hour << 50
            | self.minute << 44
            | self.second << 38
            | self.gateway << 16
            | self.sequence
        )
