"""What stands on a paper: all of it text, without a word of how it looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

ISSUER = "北京住房公积金管理中心"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What stands on a paper, all of it text. `heads` and `rows` are the table, `wide` the share of each column."""

    title: str
    facts: Sequence[tuple[str, str]] = ()
    text: Sequence[str] = ()
    heads: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    wide: Sequence[int] = ()
    notes: Sequence[str] = ()

    def __post_init__(self) -> None:
        assert len(self.wide) == len(self.heads) and all(len(row) == len(self.heads) for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def of_json(cls, given: dict[str, Any]) -> Paper:
        return cls(**{**given, "facts": [tuple(fact) for fact in given["facts"]]})
