"""Money, months, identifiers, digests and the vault: the values everything else is made of."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from domain.kernel.dates import YearMonth, business_date_of, months_between
from domain.kernel.digest import input_hash, sm3_hex
from domain.kernel.identifiers import mask_card, mask_id_document, mask_mobile, mask_name, new_id, valid_id_card
from domain.kernel.money import Money
from domain.kernel.paging import decode_cursor, encode_cursor
from domain.kernel.refusal import Refused
from domain.kernel.vault import Vault
from ops.demo.city import city

VAULT = Vault(bytes(range(32)))


@pytest.mark.parametrize(("text", "fen"), [("0", 0), ("1234.56", 123456), ("0.1", 10), ("-3.05", -305), ("7", 700)])
def test_amounts_are_read_to_the_fen(text: str, fen: int) -> None:
    assert Money.parse(text) == Money(fen)


@pytest.mark.parametrize("text", ["", "1.234", "1,000", "+1", "1e3", " 1", ".5", "1.", "01", "NaN", "１", "1" * 16])
def test_what_is_no_amount_is_not_rounded_into_one(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        Money.parse(text)


@given(st.integers(min_value=-(10**16), max_value=10**16))
def test_an_amount_survives_its_text(fen: int) -> None:
    assert Money.parse(str(Money(fen))) == Money(fen)


def test_rates_round_half_up_once() -> None:
    assert Money(5).times(Decimal("0.1")) == Money(1)
    assert Money(4).times(Decimal("0.1")) == Money(0)
    assert Money(123456).yuan_text == "1,234.56元"


@pytest.mark.parametrize("wrong", [1.0, "1", True])
def test_money_takes_whole_fen_only(wrong: object) -> None:
    with pytest.raises(AssertionError):
        Money(wrong)  # type: ignore[arg-type]


def test_months_count_over_the_year() -> None:
    november = YearMonth.parse("2026-11")
    assert str(november.plus(months=11)) == "2027-10"
    assert november.minus(months=23) == YearMonth(2024, 12)
    assert months_between(november, YearMonth(2027, 1)) == 2
    assert (november.period, YearMonth(2028, 2).last_day) == (202611, date(2028, 2, 29))


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "202611", "2026-1", "0999-01"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="month"):
        YearMonth.parse(text)


def test_the_business_date_is_that_of_beijing() -> None:
    assert business_date_of(datetime(2026, 11, 23, 16, 0, tzinfo=UTC)) == date(2026, 11, 24)
    with pytest.raises(AssertionError):
        business_date_of(datetime(2026, 11, 23, 16, 0))  # noqa: DTZ001


@pytest.mark.parametrize("number", ["11010519491231002X", "440308199901101512"])
def test_official_document_numbers_are_valid(number: str) -> None:
    assert valid_id_card(number)


@given(
    st.from_regex(
        r"110105(19[5-9][0-9]|20[01][0-9])(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]", fullmatch=True
    )
)
def test_document_numbers_are_judged_as_by_another_library(number: str) -> None:
    assert valid_id_card(number) == ric.is_valid(number)


def test_the_demonstration_city_has_valid_documents() -> None:
    assert all(valid_id_card(citizen.document_no) for citizen in city().citizens.values())


def test_masks_keep_what_may_be_shown() -> None:
    assert (mask_name("张三丰"), mask_name("张")) == ("张**", "张*")
    assert mask_id_document("11010519491231002X") == "110105********002X"
    assert (mask_mobile("13800000001"), mask_card("6228480402564890018")) == ("138****0001", "6228 **** **** 0018")


def test_ids_never_meet_within_a_process() -> None:
    ids = [new_id() for _ in range(20_000)]
    assert len(set(ids)) == len(ids)
    assert all(0 < one < 2**63 for one in ids)


def test_sm3_has_the_standard_digest() -> None:
    assert sm3_hex(b"abc").startswith("66c7f0f4") and sm3_hex(b"abc").endswith("8f4ba8e0")
    assert input_hash({"b": Money(1), "a": [1]}) == input_hash({"a": [1], "b": Money(1)})
    with pytest.raises(TypeError):
        input_hash({"amount": 0.5})


@given(st.text())
def test_what_is_sealed_opens_again_and_shows_nothing(text: str) -> None:
    sealed = VAULT.encrypt(text)
    assert VAULT.decrypt(sealed) == text
    assert VAULT.encrypt(text) != sealed
    assert VAULT.blind_index(text) == VAULT.blind_index(text) != Vault(bytes(32)).blind_index(text)


@pytest.mark.parametrize("place", [0, 5, 20, -1])
def test_an_altered_or_foreign_value_does_not_open(place: int) -> None:
    altered = bytearray(VAULT.encrypt("110105199103151017"))
    altered[place] ^= 1
    with pytest.raises(ValueError, match="sealed value"):
        VAULT.decrypt(bytes(altered))
    with pytest.raises(ValueError, match="sealed value"):
        Vault(bytes(32)).decrypt(VAULT.encrypt("x"))


def test_cursors_come_back_as_they_were() -> None:
    assert decode_cursor(encode_cursor(["2026-11-24", 7]), shape=(str, int)) == ["2026-11-24", 7]
    assert decode_cursor(None, shape=(int,)) is None


@pytest.mark.parametrize("cursor", ["", "%%", "bm9wZQ", encode_cursor([1]), encode_cursor([2**63, "x"]), "ü"])
def test_a_cursor_of_another_list_is_refused(cursor: str) -> None:
    with pytest.raises(Refused) as refused:
        decode_cursor(cursor, shape=(int, str))
    assert refused.value.refusals[0].code == "request.cursor_malformed"
