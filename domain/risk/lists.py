"""The lists as data: reasons, term, and what each list does to each flow of business. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from domain.kernel.declared import DeclarationError, read

FILE = Path(__file__).with_name("lists.yaml")

Effect = Literal["none", "review", "refuse", "hold", "stop"]
STRENGTH: tuple[Effect, ...] = ("none", "review", "hold", "refuse", "stop")
"""From the weakest to the strongest: of several entries the strongest counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskList:
    """`term` names the policy parameter with the years that an entry lasts at most; `told`: whether the person hears of
    it when listed."""

    code: str
    name: str
    term: str
    told: bool
    reasons: Mapping[str, str]
    effects: Mapping[str, Effect]

    def effect_on(self, flow: str) -> Effect:
        """Raises KeyError for a flow that is not declared: reaching that is a bug."""
        return self.effects[flow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    flows: Mapping[str, str]
    lists: Mapping[str, RiskList]


def load(*, path: Path = FILE) -> Lists:
    """Raises DeclarationError naming every problem: each list must say what it does to each flow."""
    data: dict[str, Any] = read(path)
    flows: dict[str, str] = data["flows"]
    problems: list[str] = []
    found: dict[str, RiskList] = {}
    for code, declared in data["lists"].items():
        effects = {flow: said["effect"] for flow, said in declared["effects"].items()}
        if set(effects) != set(flows):
            problems.append(f"{code}: effects on {sorted(set(effects) ^ set(flows))} are missing or unknown")
        problems.extend(f"{code}: unknown effect {one}" for one in effects.values() if one not in get_args(Effect))
        if "other" not in declared["reasons"]:
            problems.append(f"{code}: needs the reason other")
        found[code] = RiskList(
            code=code,
            name=declared["name"],
            term=declared["term"],
            told=declared["told"],
            reasons=MappingProxyType(declared["reasons"]),
            effects=MappingProxyType(effects),
        )
    if problems:
        raise DeclarationError(file=path.name, problems=problems)
    return Lists(flows=MappingProxyType(flows), lists=MappingProxyType(found))


_DECLARED = load()


def lists() -> Mapping[str, RiskList]:
    return _DECLARED.lists


def flows() -> Mapping[str, str]:
    """Every flow that a list may touch, with its Chinese name."""
    return _DECLARED.flows


def stronger(first: Effect, second: Effect) -> Effect:
    return max(first, second, key=STRENGTH.index)
