"""Long texts in parts and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.carriers.cmpp.texts import ASCII, GBK, UCS2, Piece, read_piece, segments

# what a carrier can show: no lone surrogates
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=400)


def test_seventy_units_are_one_part_without_a_header() -> None:
    (only,) = segments("字" * 70, reference=7)
    assert (only.udhi, only.fmt, len(only.content)) == (0, UCS2, 140)


def test_seventy_one_units_are_two_parts_with_headers() -> None:
    first, second = segments("字" * 71, reference=0x1FF)
    assert (first.content[:6].hex(), second.content[:6].hex()) == ("050003ff0201", "050003ff0202")
    assert (len(first.content), len(second.content), first.udhi) == (140, 6 + 8, 1)


def test_an_emoji_at_the_border_goes_whole_into_the_next_part() -> None:
    first, second = segments("字" * 66 + "😀" + "字" * 10, reference=1)
    assert len(first.content) == 6 + 132
    assert second.content[6:10] == "😀".encode("utf-16-be")


def test_a_text_of_too_many_parts_or_none_is_refused() -> None:
    with pytest.raises(ValueError):
        segments("", reference=1)
    with pytest.raises(ValueError):
        segments("字" * (67 * 255 + 1), reference=1)


@given(text=_TEXT, reference=st.integers(0, 1000))
def test_parts_give_the_text_again(text: str, reference: int) -> None:
    pieces = [
        read_piece(content=one.content, udhi=one.udhi, fmt=one.fmt) for one in segments(text, reference=reference)
    ]
    assert "".join(piece.text for piece in pieces) == text
    assert all(len(one.content) <= 140 for one in segments(text, reference=reference))
    assert [piece.number for piece in pieces] == list(range(1, len(pieces) + 1))


@pytest.mark.parametrize(
    ("content", "udhi", "fmt", "expected"),
    [
        (b"TD", 0, ASCII, Piece(reference=None, total=1, number=1, text="TD")),
        ("退订".encode("gbk"), 0, GBK, Piece(reference=None, total=1, number=1, text="退订")),
        (
            bytes.fromhex("06080412340201") + "甲".encode("utf-16-be"),
            1,
            UCS2,
            Piece(reference=0x1234, total=2, number=1, text="甲"),
        ),
        # a header that lies about itself is no part of a long message
        (bytes.fromhex("050003070209") + b"\x75\x32", 1, UCS2, Piece(reference=None, total=1, number=1, text="甲")),
        (bytes.fromhex("ff0003"), 1, ASCII, Piece(reference=None, total=1, number=1, text="�\x00\x03")),
        (b"", 1, UCS2, Piece(reference=None, total=1, number=1, text="")),
        (b"\x51", 0, UCS2, Piece(reference=None, total=1, number=1, text="�")),
    ],
)
def test_what_people_send_is_read_whatever_it_is(content: bytes, udhi: int, fmt: int, expected: Piece) -> None:
    assert read_piece(content=content, udhi=udhi, fmt=fmt) == expected


@given(content=st.binary(max_size=140), udhi=st.integers(0, 1), fmt=st.integers(0, 255))
def test_no_octets_from_outside_fail(content: bytes, udhi: int, fmt: int) -> None:
    piece = read_piece(content=content, udhi=udhi, fmt=fmt)
    assert 1 <= piece.number <= piece.total
