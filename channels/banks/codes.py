"""The settlement system's return codes, kept as data in `codes.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast, get_args

import yaml

from domain.settlement.ports import PaymentStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnCode:
    code: str
    meaning: str
    outcome: PaymentStatus


@cache
def return_codes() -> dict[str, ReturnCode]:
    """All listed codes. A malformed table is a bug."""
    listed = yaml.safe_load(Path(__file__).with_name("codes.yaml").read_text(encoding="utf-8"))["codes"]
    codes: dict[str, ReturnCode] = {}
    for code, entry in listed.items():
        assert isinstance(code, str) and len(code) == 5 and code.isdigit(), f"return code {code!r}"
        assert entry["outcome"] in get_args(PaymentStatus), f"outcome of {code}: {entry['outcome']!r}"
        codes[code] = ReturnCode(code=code, meaning=entry["meaning"], outcome=cast(PaymentStatus, entry["outcome"]))
    return codes


def return_code(code: str) -> ReturnCode:
    """The entry of a code; one that is not listed is `unknown`, because money may have moved."""
    listed = return_codes().get(code)
    return listed or ReturnCode(code=code, meaning="银行返回未知代码", outcome="unknown")
