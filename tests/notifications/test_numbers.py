"""Numbers as people write them, home regions, routes and shares."""

import pytest

from notifications.numbers import Range, Ranges, normal_mobile
from notifications.routing import Carriers, routes
from tests.notifications.carriers import Recording


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("13800001234", "13800001234"),
        ("138 0000 1234", "13800001234"),
        ("138-0000-1234", "13800001234"),
        ("+86 13800001234", "13800001234"),
        ("+8613800001234", "13800001234"),
        ("008613800001234", "13800001234"),
        ("8613800001234", "13800001234"),
        ("1380000123", None),
        ("138000012345", None),
        ("1380000123O", None),
        ("１３８００００１２３４", None),
        ("+1 2025550123", None),
        ("12329", None),
        ("", None),
        ("13800001234\n", None),
    ],
)
def test_numbers_as_people_write_them(written: str, digits: str | None) -> None:
    assert normal_mobile(written) == digits


@pytest.mark.parametrize(
    ("mobile", "region"),
    [
        ("13800001234", "beijing"),
        ("19801234567", "beijing"),
        ("13812345678", "elsewhere"),
        ("17012345678", "elsewhere"),
        ("19999999999", "unknown"),
    ],
)
def test_home_regions_of_the_table(mobile: str, region: str) -> None:
    assert Ranges().region_of(mobile) == region


def test_our_own_ranges_come_first_and_the_longest_wins() -> None:
    own = {
        one.prefix: one for one in (_range("138", "elsewhere"), _range("1380000", "beijing"), _range("199", "beijing"))
    }
    ranges = Ranges(own)
    assert [ranges.region_of(one) for one in ("13800001234", "13800011234", "19999999999", "13912341234")] == [
        "beijing",
        "elsewhere",
        "beijing",
        "elsewhere",
    ]


def _range(prefix: str, region: str) -> Range:
    return Range(prefix=prefix, region=region, place="")  # type: ignore[arg-type]


FOUR = ("mobile", "cloud_mas", "aliyun", "agent")


def carriers(*names: str) -> Carriers:
    return Carriers(in_order=[Recording(name=name) for name in names])


@pytest.mark.parametrize(
    ("region", "class_", "first"),
    [
        ("beijing", "transactional", "agent"),
        ("beijing", "otp", "agent"),
        ("elsewhere", "transactional", "mobile"),
        ("elsewhere", "otp", "mobile"),
        ("unknown", "transactional", "mobile"),
    ],
)
def test_numbers_outside_beijing_and_unknown_ones_go_to_china_mobile(region: str, class_: str, first: str) -> None:
    chosen = carriers(*FOUR).pick(message_id=1, region=region, class_=class_)  # type: ignore[arg-type]
    assert chosen.name == first


def test_bulk_outside_beijing_takes_the_cheapest_and_those_without_a_price_last() -> None:
    house = carriers(*FOUR)
    house.prices = {"mobile": 4500, "aliyun": 4000, "agent": 5000}
    assert house.order_of(region="elsewhere", class_="bulk") == ("aliyun", "mobile", "agent", "cloud_mas")
    assert house.order_of(region="elsewhere", class_="otp") == ("mobile", "cloud_mas", "aliyun", "agent")


def test_carriers_that_are_not_installed_are_passed_over() -> None:
    assert carriers("aliyun").pick(message_id=1, region="beijing").name == "aliyun"
    assert carriers("another").pick(message_id=1, region="beijing").name == "another"


def test_a_carrier_that_is_away_gives_way_and_every_route_is_covered() -> None:
    house = carriers(*FOUR)
    house.shares = {"mobile": 0}
    assert house.pick(message_id=1, region="elsewhere").name == "cloud_mas"
    assert len(routes()) == 9


def test_a_long_connection_that_is_down_is_passed_over_at_once() -> None:
    house = Carriers(in_order=[Recording(name="agent"), Recording(name="mobile", long=True, online=False)])
    assert house.pick(message_id=1, region="elsewhere").name == "agent"
