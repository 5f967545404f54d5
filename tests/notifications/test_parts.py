"""Length of an SMS as it is billed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.parts import count_parts, split_parts, units_of


@pytest.mark.parametrize(("length", "parts"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4)])
def test_parts_by_length(length: int, parts: int) -> None:
    assert count_parts("金" * length) == parts


def test_a_character_outside_the_basic_plane_counts_twice() -> None:
    assert count_parts("𠮷" * 35) == 1
    assert count_parts("𠮷" * 36) == 2


def test_a_surrogate_pair_is_not_split() -> None:
    # The pair would be the 67th and 68th unit, so it goes to the second part and the first stays a unit
    # short.
    parts = split_parts("金" * 66 + "𠮷" + "金" * 66)
    assert [units_of(part) for part in parts] == [66, 67, 1]


@given(st.text(alphabet=st.sampled_from("金a𠮷"), min_size=1, max_size=400))
def test_parts_give_the_text_back_and_none_is_too_long(text: str) -> None:
    parts = split_parts(text)
    assert "".join(parts) == text
    assert all(units_of(part) <= (70 if len(parts) == 1 else 67) for part in parts)


def test_an_empty_text_is_refused() -> None:
    with pytest.raises(ValueError, match="has a text"):
        split_parts("")
