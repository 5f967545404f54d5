"""Invented citizens in the shape of the demonstration city, drawn from the run's own random numbers: most may apply,
some own a home, some have contributed too briefly, some bank does not know the payee."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from random import Random

from ops.demo.city import Citizen, City, city

FIRST_ACCOUNT_NO = 802000000001
_FAMILY = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
_GIVEN = "安博晨达恩帆光浩佳凯岚明宁平琪瑞思婷伟欣雅泽"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def simulated_city(*, random: Random, citizens: int) -> City:
    """Banks, offices, employers and staff of the demonstration city with other people."""
    known = city()
    people = {one.key: one for one in (_citizen(random, number) for number in range(citizens))}
    return replace(
        known,
        citizens={**_staff_citizens(known), **people},
        rentals=(),
        contracts=(),
        invoices=(),
        loans=(),
        agents=(),
    )


def _staff_citizens(known: City) -> dict[str, Citizen]:
    """Staff who are citizens too stay who they are; without an account they take no part."""
    wanted = {member.citizen for member in known.staff.values() if member.citizen}
    return {key: replace(one, account=None) for key, one in known.citizens.items() if key in wanted}


def _citizen(random: Random, number: int) -> Citizen:
    # the first few show each kind, so that short runs have them all; the rest are drawn
    kind = number if number < 6 else random.choice((9, 9, 9, 9, 9, 0, 1, 2, 3, 4))
    bank = random.choice(("102", "104", "105", "301"))
    home = {
        "address": f"北京市东城区模拟路{number}号",
        "district_code": "110101",
        "share": "1/1",
        "certificate_no": f"京2019东不动产权第{number:07d}号",
        "registered_on": date(2019, 3, 5),
    }
    return Citizen(
        key=f"citizen_{number}",
        name=random.choice(_FAMILY) + random.choice(_GIVEN) + random.choice(_GIVEN),
        document_no=_document_no(random, number),
        mobile=f"139{number:08d}",
        note="模拟",
        marriage={"status": "single"},
        homes=(home,) if kind == 0 else (),
        silent=(),
        payee_unknown=kind == 1,
        account={
            "account_no": FIRST_ACCOUNT_NO + number,
            "employer_no": random.choice((100001, 100002, 100003, 100004)),
            "base": str(random.randrange(2_420, 33_891)),
            "months": random.randrange(1, 3) if kind == 2 else random.randrange(3, 9),
            "card": {"bank": "403" if kind == 3 else bank, "number": f"62284804025{number:08d}"},
            **({"state": "02"} if kind == 4 else {}),
        },
    )


def _document_no(random: Random, number: int) -> str:
    """Eighteen digits whose check digit holds (GB 11643-1999); the sequence keeps two from being the same."""
    day = date(1970, 1, 1).replace(year=random.randrange(1970, 2000), month=random.randrange(1, 13))
    body = f"110105{day:%Y%m%d}{number:03d}"
    rest = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, body, strict=True)) % 11
    return body + "10X98765432"[rest]
