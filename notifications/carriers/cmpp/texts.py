"""Texts as CMPP carries them: UCS-2 or ASCII, cut into parts with a header each, and put together again."""

from __future__ import annotations

from dataclasses import dataclass, field

from notifications.parts import split_parts

ASCII, UCS2, GBK = 0, 8, 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One SUBMIT's worth. `udhi` says that `content` begins with the header of a long message."""

    total: int
    number: int
    udhi: int
    fmt: int
    content: bytes = field(repr=False)


def segments(text: str, *, reference: int) -> list[Segment]:
    """A text in UCS-2: alone up to 70 units, else in parts of at most 67, `05 00 03 reference total number` ahead.
    `reference` is what handsets put parts together by; its lowest octet is used. Raises ValueError for a text that is
    empty or has more than 255 parts."""
    parts = split_parts(text)
    if len(parts) > 255:
        raise ValueError("a long message has at most 255 parts")
    if len(parts) == 1:
        return [Segment(total=1, number=1, udhi=0, fmt=UCS2, content=_ucs2(parts[0]))]
    return [
        Segment(
            total=len(parts),
            number=number,
            udhi=1,
            fmt=UCS2,
            content=bytes((5, 0, 3, reference & 0xFF, len(parts), number)) + _ucs2(part),
        )
        for number, part in enumerate(parts, start=1)
    ]


def _ucs2(text: str) -> bytes:
    return text.encode("utf-16-be")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What one DELIVER carries of a text. `reference` is None for a whole one."""

    reference: int | None
    total: int
    number: int
    text: str = field(repr=False)


def read_piece(*, content: bytes, udhi: int, fmt: int) -> Piece:
    """Never fails: what cannot be read is replaced by �, because a person wrote it and somebody should see it."""
    reference, total, number = None, 1, 1
    if udhi and content and 0 < content[0] < len(content):
        header, content = content[1 : content[0] + 1], content[content[0] + 1 :]
        if len(header) == 5 and header[:2] == b"\x00\x03":
            reference, total, number = header[2], header[3], header[4]
        elif len(header) == 6 and header[:2] == b"\x08\x04":
            reference, total, number = int.from_bytes(header[2:4], "big"), header[4], header[5]
        if not 1 <= number <= total:
            reference, total, number = None, 1, 1
    encoding = {UCS2: "utf-16-be", GBK: "gb18030"}.get(fmt, "ascii")
    return Piece(reference=reference, total=total, number=number, text=content.decode(encoding, "replace"))
