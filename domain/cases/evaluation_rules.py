"""好差评的规则: who may say what about which case. Pure; the indicators are data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast, get_args

from domain.cases.evaluation_port import GRADES, Terminal
from domain.cases.refusals import (
    COMMENT_TOO_LONG,
    EVALUATED_ALREADY,
    EVALUATION_CLOSED,
    EVALUATION_NOT_OPEN,
    GRADE_UNKNOWN,
    TAG_UNKNOWN,
)
from domain.cases.served import Served
from domain.kernel.declared import DeclarationError, read
from domain.kernel.refusal import Refusal

COMMENT_LENGTH_MAX = 500
FILE = Path(__file__).with_name("evaluation_indicators.yaml")

TERMINAL_NAMES: dict[str, str] = {
    "pc": "电脑端",
    "mobile": "移动端",
    "qr_code": "二维码",
    "hall_tablet": "大厅平板",
    "other_terminal": "其他终端",
    "telephone": "电话",
    "sms": "短信",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicators:
    """`names` by code; `of_grade` what is offered with a grade; `terminals` by channel."""

    names: Mapping[str, str]
    of_grade: Mapping[int, tuple[str, ...]]
    terminals: Mapping[str, Terminal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What somebody says of a case. `grade` 5 非常满意 … 1 非常不满意; nothing is filled in for anybody."""

    grade: int
    tags: tuple[str, ...] = ()
    comment: str = ""


@cache
def indicators() -> Indicators:
    """Read once. Raises DeclarationError naming every problem."""
    return read_indicators(read(FILE))


def read_indicators(data: Any) -> Indicators:
    names, grades, terminals = data["indicators"], data["grades"], data["terminals"]
    problems = [f"grade {grade} has no indicators" for grade in GRADES if not grades.get(grade)]
    problems += [f"grade {grade} does not exist" for grade in grades if grade not in GRADES]
    problems += [
        f"indicator {code} of grade {grade} is not named"
        for grade, codes in grades.items()
        for code in codes
        if code not in names
    ]
    problems += [f"indicator {code} is never offered" for code in names if all(code not in g for g in grades.values())]
    problems += [f"terminal {one} does not exist" for one in terminals.values() if one not in get_args(Terminal)]
    if problems:
        raise DeclarationError(file=FILE.name, problems=problems)
    return Indicators(
        names=names,
        of_grade={grade: tuple(codes) for grade, codes in grades.items()},
        terminals=cast("Mapping[str, Terminal]", terminals),
    )


def judge(
    *,
    case: Served,
    opinion: Opinion,
    given_already: bool,
    open_since: datetime | None,
    window_days: int,
    now: datetime,
) -> list[Refusal]:
    """Every reason against this evaluation at once; empty when it may be kept. `open_since` is the end of the case, or
    the day on which the centre asked for a second evaluation."""
    refusals: list[Refusal] = []
    if not case.was_served or open_since is None:
        refusals.append(EVALUATION_NOT_OPEN())
    elif now > open_since + timedelta(days=window_days):
        refusals.append(EVALUATION_CLOSED())
    if given_already:
        refusals.append(EVALUATED_ALREADY())
    return refusals + judge_opinion(opinion)


def judge_opinion(opinion: Opinion) -> list[Refusal]:
    refusals: list[Refusal] = []
    if opinion.grade not in GRADES:
        refusals.append(GRADE_UNKNOWN())
    if len(opinion.comment.strip()) > COMMENT_LENGTH_MAX:
        refusals.append(COMMENT_TOO_LONG())
    offered = indicators().of_grade.get(opinion.grade, tuple(indicators().names))
    if len(set(opinion.tags)) != len(opinion.tags) or any(tag not in offered for tag in opinion.tags):
        refusals.append(TAG_UNKNOWN())
    return refusals
