"""Carriers' code tables: each carrier keeps its own `codes.yaml`, read here.

blame says whose fault a refusal is: none (accepted), number (no other carrier will do better), carrier
(another may take the message), unclear (it may have gone out: ask before doing anything).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast, get_args

import yaml

Blame = Literal["none", "number", "carrier", "unclear"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierCode:
    code: str
    meaning: str
    blame: Blame


@cache
def no_balance(carrier: str) -> str:
    """Why a carrier of this kind tells no balance, as its table says; empty where it does."""
    table = yaml.safe_load((Path(__file__).parent / carrier / "codes.yaml").read_text(encoding="utf-8"))
    why = table.get("no_balance", "")
    assert isinstance(why, str), f"{carrier}: no_balance is no text"
    return why


@cache
def codes_of(carrier: str) -> dict[str, CarrierCode]:
    """The table in the folder of a carrier. A malformed table is a bug."""
    path = Path(__file__).parent / carrier / "codes.yaml"
    codes: dict[str, CarrierCode] = {}
    for code, entry in yaml.safe_load(path.read_text(encoding="utf-8"))["codes"].items():
        assert isinstance(code, str), f"{carrier}: code {code!r} is not text"
        assert entry["blame"] in get_args(Blame), f"{carrier}: blame of {code}: {entry['blame']!r}"
        codes[code] = CarrierCode(code=code, meaning=entry["meaning"], blame=cast(Blame, entry["blame"]))
    return codes


def carrier_code(*, carrier: str, code: str) -> CarrierCode:
    """One that is not listed is unclear, because the message may have gone out."""
    listed = codes_of(carrier).get(code)
    return listed or CarrierCode(code=code, meaning="运营商返回未知代码", blame="unclear")
