"""CMPP's octets: vectors written out field by field from the published layout, not by the codec under test."""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.carriers.cmpp import pdu
from notifications.carriers.cmpp.messages import (
    ActiveTest,
    ActiveTestResp,
    Connect,
    ConnectResp,
    Deliver,
    DeliverResp,
    MsgId,
    StatusReport,
    Submit,
    SubmitResp,
    Terminate,
    TerminateResp,
)
from notifications.carriers.cmpp.pdu import V20, V30, BrokenFraming, MalformedPdu

SECRET = "secret-of-test"
# printf '901234\0\0\0\0\0\0\0\0\0secret-of-test1129225130' | md5sum
AUTHENTICATOR = "e0acc01c221136adb339e2e5e1e2fb7e"
MSG_ID = 0xBEEF_0000_0065_0001


def octets(*fields: str) -> bytes:
    return bytes.fromhex("".join(fields).replace(" ", ""))


def nul(count: int) -> str:
    return "00" * count


def ascii_hex(text: str, width: int) -> str:
    return text.encode().hex() + nul(width - len(text))


TEXT = "516c 79ef 91d1"  # 公积金
SUBMIT = Submit(
    service_id="GJJ",
    fee_user_type=2,
    fmt=8,
    msg_src="901234",
    src_id="10657123",
    destinations=("13800001234",),
    content="公积金".encode("utf-16-be"),
)
_SUBMIT_HEAD = (
    nul(8),  # Msg_Id
    "01 01 01 00",  # Pk_total, Pk_number, Registered_Delivery, Msg_level
    ascii_hex("GJJ", 10),  # Service_Id
    "02",  # Fee_UserType
)
_SUBMIT_MIDDLE = (
    "00 00 08",  # TP_pId, TP_udhi, Msg_Fmt
    ascii_hex("901234", 6),  # Msg_src
    "3031",  # FeeType
    "30" + nul(5),  # FeeCode
    nul(17),  # ValId_Time
    nul(17),  # At_Time
    ascii_hex("10657123", 21),  # Src_Id
    "01",  # DestUsr_tl
)
_DELIVER_HEAD = ("beef000000650001", ascii_hex("10657123", 21), ascii_hex("GJJ", 10), "00 00 08")
DELIVER = Deliver(
    msg_id=MSG_ID,
    dest_id="10657123",
    service_id="GJJ",
    fmt=8,
    source="13800001234",
    report=False,
    content="公积金".encode("utf-16-be"),
)
CONNECT = Connect(source="901234", authenticator=bytes.fromhex(AUTHENTICATOR), version=V20, timestamp=1129225130)

VECTORS = {
    "connect": (CONNECT, V20, octets("00000027 00000001 00000001", "393031323334", AUTHENTICATOR, "20", "434e9baa")),
    "connect_resp_20": (
        ConnectResp(status=0, authenticator=bytes.fromhex("9c4bf6d6da6d033174954874ebbeec08"), version=V20),
        V20,
        octets("0000001e 80000001 00000001", "00", "9c4bf6d6da6d033174954874ebbeec08", "20"),
    ),
    "connect_resp_30": (
        ConnectResp(status=3, authenticator=bytes(16), version=V30),
        V30,
        octets("00000021 80000001 00000001", "00000003", nul(16), "30"),
    ),
    "submit_20": (
        SUBMIT,
        V20,
        octets(
            "000000a5 00000004 00000001",
            *_SUBMIT_HEAD,
            nul(21),  # Fee_terminal_Id
            *_SUBMIT_MIDDLE,
            ascii_hex("13800001234", 21),  # Dest_terminal_Id
            "06",
            TEXT,
            nul(8),  # Reserve
        ),
    ),
    "submit_30": (
        SUBMIT,
        V30,
        octets(
            "000000c9 00000004 00000001",
            *_SUBMIT_HEAD,
            nul(32),  # Fee_terminal_Id
            "00",  # Fee_terminal_type
            *_SUBMIT_MIDDLE,
            ascii_hex("13800001234", 32),
            "00",  # Dest_terminal_type
            "06",
            TEXT,
            nul(20),  # LinkID
        ),
    ),
    "submit_resp_20": (
        SubmitResp(msg_id=MSG_ID, result=8),
        V20,
        octets("00000015 80000004 00000001", "beef000000650001", "08"),
    ),
    "submit_resp_30": (
        SubmitResp(msg_id=MSG_ID, result=0),
        V30,
        octets("00000018 80000004 00000001", "beef000000650001", "00000000"),
    ),
    "deliver_20": (
        DELIVER,
        V20,
        octets("0000005b 00000005 00000001", *_DELIVER_HEAD, ascii_hex("13800001234", 21), "00", "06", TEXT, nul(8)),
    ),
    "deliver_30": (
        DELIVER,
        V30,
        octets(
            "00000073 00000005 00000001", *_DELIVER_HEAD, ascii_hex("13800001234", 32), "00 00", "06", TEXT, nul(20)
        ),
    ),
    "deliver_resp_20": (
        DeliverResp(msg_id=MSG_ID, result=0),
        V20,
        octets("00000015 80000005 00000001", "beef000000650001", "00"),
    ),
    "deliver_resp_30": (
        DeliverResp(msg_id=MSG_ID, result=9),
        V30,
        octets("00000018 80000005 00000001", "beef000000650001", "00000009"),
    ),
    "active_test": (ActiveTest(), V20, octets("0000000c 00000008 00000001")),
    "active_test_resp": (ActiveTestResp(), V20, octets("0000000d 80000008 00000001 00")),
    "terminate": (Terminate(), V20, octets("0000000c 00000002 00000001")),
    "terminate_resp": (TerminateResp(), V20, octets("0000000c 80000002 00000001")),
}


@pytest.mark.parametrize("name", VECTORS)
def test_octets_are_those_of_the_layout(name: str) -> None:
    message, version, expected = VECTORS[name]
    assert pdu.encode(message, sequence=1, version=version).hex() == expected.hex()


@pytest.mark.parametrize("name", VECTORS)
def test_octets_are_read_back(name: str) -> None:
    message, version, written = VECTORS[name]
    header = pdu.read_header(written)
    assert (header.total_length, header.sequence) == (len(written), 1)
    assert pdu.decode(command=header.command, body=written[12:], version=version) == message


def test_the_authenticators() -> None:
    authenticator = pdu.connect_authenticator(source="901234", secret=SECRET, timestamp=1129225130)
    assert authenticator.hex() == AUTHENTICATOR
    answers = {
        version: pdu.answer_authenticator(status=0, authenticator=authenticator, secret=SECRET, version=version).hex()
        for version in (V20, V30)
    }
    assert answers == {V20: "9c4bf6d6da6d033174954874ebbeec08", V30: "7d275ca3ebe0c927aa4d6ca6dbcbb1cb"}


def test_a_timestamp_of_january_keeps_its_nought() -> None:
    """MMDDHHMMSS has ten digits in the digest, whatever the number has."""
    with_nought = pdu.connect_authenticator(source="901234", secret=SECRET, timestamp=102030405)
    # printf ... 0102030405 | md5sum
    assert with_nought.hex() == "e30d362472a17c14813bb41432158974"


REPORT_20 = octets(
    "beef000000650001",
    ascii_hex("DELIVRD", 7),
    ascii_hex("2611291530", 10),
    ascii_hex("2611291531", 10),
    ascii_hex("13800001234", 21),
    "0000002a",
)
REPORT = StatusReport(
    msg_id=MSG_ID,
    stat="DELIVRD",
    submit_time="2611291530",
    done_time="2611291531",
    destination="13800001234",
    smsc_sequence=42,
)


def test_a_status_report_has_sixty_octets_or_seventy_one() -> None:
    longer = REPORT_20[:35] + octets(ascii_hex("13800001234", 32)) + REPORT_20[-4:]
    assert (len(REPORT_20), len(longer)) == (60, 71)
    assert pdu.write_report(REPORT, version=V20) == REPORT_20
    assert pdu.write_report(REPORT, version=V30) == longer
    assert pdu.read_report(REPORT_20) == pdu.read_report(longer) == REPORT


@pytest.mark.parametrize("content", [b"", REPORT_20[:-1], REPORT_20 + b"\0", bytes(65)])
def test_a_status_report_of_another_length_is_none(content: bytes) -> None:
    with pytest.raises(MalformedPdu):
        pdu.read_report(content)


def test_the_fields_of_a_msg_id() -> None:
    # 29 November 15:30:07, gateway 101, message 1
    number = 11 << 60 | 29 << 55 | 15 << 50 | 30 << 44 | 7 << 38 | 101 << 16 | 1
    fields = MsgId(month=11, day=29, hour=15, minute=30, second=7, gateway=101, sequence=1)
    assert (MsgId.of(number), fields.number) == (fields, number)


def test_every_length_that_is_no_length_breaks_the_framing() -> None:
    for length in (0, 11, pdu.TOTAL_LENGTH_MAX + 1, 0xFFFF_FFFF):
        with pytest.raises(BrokenFraming):
            pdu.read_header(pdu.HEADER.pack(length, pdu.SUBMIT, 1))


@pytest.mark.parametrize("name", [name for name in VECTORS if name not in ("active_test_resp",)])
@pytest.mark.parametrize("change", [-1, 1])
def test_a_body_of_a_wrong_length_is_refused(name: str, change: int) -> None:
    _, version, written = VECTORS[name]
    body = written[12:] + b"\0" if change > 0 else written[12:-1]
    if not written[12:] and change < 0:
        return
    with pytest.raises(MalformedPdu):
        pdu.decode(command=pdu.read_header(written).command, body=body, version=version)


@pytest.mark.parametrize("command", [0, 3, 9, 0x7777, 0x8000_0003, 0xFFFF_FFFF])
def test_an_unknown_command_is_refused(command: int) -> None:
    with pytest.raises(MalformedPdu):
        pdu.decode(command=command, body=b"", version=V20)


def test_a_submit_that_names_no_numbers_or_too_many_is_refused() -> None:
    written = bytearray(VECTORS["submit_20"][2][12:])
    for count in (0, 2, 101):
        written[116] = count
        with pytest.raises(MalformedPdu):
            pdu.decode(command=pdu.SUBMIT, body=bytes(written), version=V20)


@pytest.mark.parametrize(
    "change",
    [
        {"destinations": ()},
        {"destinations": ("1",) * 101},
        {"destinations": ("1" * 22,)},
        {"content": bytes(256)},
        {"service_id": "服务"},
        {"src_id": "1" * 22},
    ],
)
def test_what_a_field_cannot_hold_is_not_written(change: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        pdu.encode(replace(SUBMIT, **change), sequence=1, version=V20)


def test_a_gateway_that_pads_with_blanks_or_rubbish_is_understood() -> None:
    written = bytearray(VECTORS["deliver_20"][2][12:])
    written[8:29] = b"10657123".ljust(21)
    written[42 + 11 : 42 + 13] = b"\0\xff"
    read = pdu.decode(command=pdu.DELIVER, body=bytes(written), version=V20)
    assert isinstance(read, Deliver)
    assert (read.dest_id, read.source) == ("10657123", "13800001234")


@given(command=st.integers(0, 0xFFFF_FFFF), body=st.binary(max_size=400), version=st.sampled_from(pdu.VERSIONS))
def test_any_octets_are_read_or_refused(command: int, body: bytes, version: int) -> None:
    with contextlib.suppress(MalformedPdu):
        pdu.decode(command=command, body=body, version=version)


@given(
    body=st.binary(max_size=400),
    command=st.sampled_from([1, 2, 4, 5, 8, 0x8000_0001, 0x8000_0004, 0x8000_0005, 0x8000_0008]),
    version=st.sampled_from(pdu.VERSIONS),
)
def test_any_octets_under_a_known_command_are_read_or_refused(command: int, body: bytes, version: int) -> None:
    with contextlib.suppress(MalformedPdu):
        pdu.decode(command=command, body=body, version=version)
