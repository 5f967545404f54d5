"""Cases that generated operations seldom meet, each with the answer that the specification wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.compiled.obstacles import Context, Course, Odd


def _bug() -> Any:
    raise ValueError("a bug")


def _never() -> Any:
    raise BaseException("executed after a failure that ends the operation")


@dataclass(frozen=True, kw_only=True)
class Hard:
    what: str
    text: str
    script: Mapping[str, Callable[[], Any]]
    errors: list[dict[str, Any]]
    data: Any
    turns: Mapping[str, int] = field(default_factory=dict)

    def course(self) -> Course:
        return Course(seed=0, trouble=0, script=self.script, turns=self.turns)

    def context(self) -> Context:
        return Context(self.course())


def _fault(*path: str, column: int) -> dict[str, Any]:
    return {
        "message": "系统出现异常，请稍后重试；如仍有问题请拨打12329，并告知编号differ。",
        "locations": [{"line": 1, "column": column}],
        "path": list(path),
        "extensions": {"code": "INTERNAL", "reference": "differ"},
    }


WRONG_TYPE = Hard(
    what="an object of another type under a type that can tell",
    text="{ now { leaf { depth } } }",
    script={"leaf": Odd},
    errors=[
        {
            "message": "提交的内容有误：Expected value of type 'Leaf' but got: <Odd instance>.",
            "locations": [{"line": 1, "column": 9}],
            "path": ["now", "leaf"],
            "extensions": {"code": "BAD_USER_INPUT"},
        }
    ],
    data={"now": None},
)
LEFT_BEHIND = Hard(
    what="a sibling that was left behind fails later, under what is null by then",
    text="{ maybe { leafLater { depth } leaf { depth } } branch { name } }",
    script={"leaf": _bug, "later": _bug},
    turns={"later": 3, "root": 12},
    errors=[_fault("maybe", "leaf", column=31)],
    data={"maybe": None, "branch": {"name": "branch 1"}},
)
SERIAL = Hard(
    what="a mutation that may be null fails, and the next is still executed",
    text="mutation { a: grow { name } b: quick { name } }",
    script={"maybe": _bug},
    errors=[_fault("a", column=12)],
    data={"a": None, "b": {"name": "branch 0"}},
)
STOPPED = Hard(
    what="a mutation that must answer fails, and the next is not executed",
    text="mutation { a: must { name } b: quick { name } }",
    script={"root": _bug, "now": _never},
    errors=[_fault("a", column=12)],
    data=None,
)
LEAF = Hard(
    what="a leaf that is given in another Python type than its own",
    text="{ now { leaf { count } } }",
    script={"attributecount": lambda: "7"},
    errors=[],
    data={"now": {"leaf": {"count": 7}}},
)
TOGETHER = Hard(
    what="two fields that wait are under way at the same time",
    text="{ branch { leafLater { depth } any { depth } } }",
    # nothing else than the turns is written down
    script={"never": _never},
    turns={"later": 5},
    errors=[],
    data={"branch": {"leafLater": {"depth": 2}, "any": {"depth": 3}}},
)
HARD = (WRONG_TYPE, LEFT_BEHIND, SERIAL, STOPPED, LEAF, TOGETHER)
