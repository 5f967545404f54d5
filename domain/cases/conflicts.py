"""Which matters exclude each other while one is running (在途验证): one table, `conflicts.yaml`, for all
areas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from domain import catalogue
from domain.kernel.declared import DeclarationError, read
from domain.kernel.refusal import Refusal, refusal_kind

MATRIX = Path(__file__).with_name("conflicts.yaml")

Effect = Literal["blocks", "allows"]

BLOCKED_BY_RUNNING = refusal_kind(
    "case.blocked_by_running",
    "{reason}。在途业务：{item_name}（办件编号{case_no}，受理网点：{outlet}）。"
    "请等待该业务办结，或先撤销该业务后再申请。",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningMatter:
    """A running case as the table sees it. `matter` is the item's identifier or an internal matter; `outlet`
    is the office or channel that accepted it, in words."""

    matter: str
    case_no: str
    outlet: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What the table says of one ordered pair. `stated` is False where the default answers."""

    effect: Effect
    reason: str
    stated: bool
    both_ways: bool
    confidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    wanted: str
    running: RunningMatter
    ruling: Ruling

    def refusal(self) -> Refusal:
        """The sentence that names the blocking case, its item and its outlet."""
        return BLOCKED_BY_RUNNING(
            reason=self.ruling.reason,
            item_name=matter_name(self.running.matter),
            case_no=self.running.case_no,
            outlet=self.running.outlet,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Every matter by name, and the ruling for every ordered pair (wanted, running)."""

    names: Mapping[str, str]
    rulings: Mapping[tuple[str, str], Ruling]


def conflict_between(*, wanted: str, running: RunningMatter) -> Conflict | None:
    """The conflict if the running matter blocks the wanted one. An unknown matter raises LookupError."""
    ruling = ruling_of(wanted=wanted, running=running.matter)
    return Conflict(wanted=wanted, running=running, ruling=ruling) if ruling.effect == "blocks" else None


def conflicts_among(*, wanted: str, running: Iterable[RunningMatter]) -> tuple[Conflict, ...]:
    """All conflicts at once, in the order of the running matters."""
    found = (conflict_between(wanted=wanted, running=matter) for matter in running)
    return tuple(conflict for conflict in found if conflict is not None)


def ruling_of(*, wanted: str, running: str) -> Ruling:
    """What the table says of an ordered pair. An unknown matter raises LookupError."""
    for matter in (wanted, running):
        if matter not in _MATRIX.names:
            raise LookupError(f"no matter {matter}")
    return _MATRIX.rulings[wanted, running]


def matters() -> tuple[str, ...]:
    """Every matter that the table rules on: all items of the catalogue and the internal ones."""
    return tuple(_MATRIX.names)


def matter_name(matter: str) -> str:
    if matter not in _MATRIX.names:
        raise LookupError(f"no matter {matter}")
    return _MATRIX.names[matter]


def load(*, path: Path = MATRIX) -> Matrix:
    """Reads and completes the matrix. A pair ruled twice, an unknown name or a rule without reason raises
    DeclarationError."""
    data: dict[str, Any] = read(path)
    names = {item.identifier: item.name for item in catalogue.items()} | data["internal"]
    groups: dict[str, list[str]] = data["groups"]
    problems = [f"group {g} names unknown {m}" for g, ms in groups.items() for m in ms if m not in names]
    if data["default"] not in ("blocks", "allows"):
        problems.append(f"default {data['default']} is neither blocks nor allows")
    rulings: dict[tuple[str, str], Ruling] = {}
    for rule in [*_same_matter(data["same_matter"], names), *data["rules"]]:
        problems.extend(_add(rulings=rulings, rule=rule, names=names, groups=groups))
    if problems:
        raise DeclarationError(file=path.name, problems=problems)
    silent = Ruling(effect=data["default"], reason="", stated=False, both_ways=True, confidence="U")
    for pair in product(names, names):
        rulings.setdefault(pair, silent)
    return Matrix(names=MappingProxyType(names), rulings=MappingProxyType(rulings))


def _same_matter(declared: dict[str, Any], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """A second case of the same matter: one rule a matter, exceptions left to the default."""
    common = {
        "effect": declared["effect"],
        "reason": declared["reason"],
        "both_ways": True,
        "confidence": "L",
    }
    return [{"wanted": [m], "running": [m], **common} for m in names if m not in declared["except"]]


def _add(
    *,
    rulings: dict[tuple[str, str], Ruling],
    rule: dict[str, Any],
    names: Mapping[str, str],
    groups: Mapping[str, list[str]],
) -> list[str]:
    problems: list[str] = []
    sides = {side: _expand(rule[side], groups) for side in ("wanted", "running")}
    problems.extend(f"{rule['reason']}: unknown {m}" for side in sides.values() for m in side if m not in names)
    if rule["effect"] not in ("blocks", "allows") or not rule["reason"]:
        problems.append(f"rule {rule['wanted']} × {rule['running']} needs an effect and a reason")
    ruling = Ruling(
        effect=rule["effect"],
        reason=rule["reason"],
        stated=True,
        both_ways=rule["both_ways"],
        confidence=rule["confidence"],
    )
    pairs = dict.fromkeys(product(sides["wanted"], sides["running"]))
    if rule["both_ways"]:
        pairs |= dict.fromkeys((running, wanted) for wanted, running in tuple(pairs))
    for pair in pairs:
        if rule.get("distinct") and pair[0] == pair[1]:
            continue
        if pair in rulings:
            problems.append(f"{pair[0]} × {pair[1]} is ruled twice")
        rulings[pair] = ruling
    return problems


def _expand(declared: list[str], groups: Mapping[str, list[str]]) -> list[str]:
    return [matter for name in declared for matter in groups.get(name, [name])]


# Validated once at import: a process with a contradictory table does not start.
_MATRIX = load()
