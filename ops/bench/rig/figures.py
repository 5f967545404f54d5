"""What a bench prints: a table for people, the same as JSON for programs."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One timed run of one program. Times in milliseconds; `cpu_ms` is what one piece of work cost the program and
    PostgreSQL together, None where it cannot be told apart."""

    per_second: float
    p50: float
    p95: float
    p99: float
    cpu_ms: float | None = None


@dataclass(slots=True, kw_only=True)
class Measured:
    """The rounds of one program; `peak_memory_mb` is of all its processes, PostgreSQL not included."""

    rounds: list[Round] = field(default_factory=list)
    peak_memory_mb: float | None = None

    def middle(self, name: str) -> float | None:
        values = [getattr(each, name) for each in self.rounds]
        return None if not values or None in values else float(median(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table: the platform (`value`) beside its floor, medians of the rounds. `ratio` is value by
    floor, so that 1 means as good as the floor."""

    name: str
    unit: str
    floor: float
    value: float
    ratio: float
    p50: float | None
    p95: float | None
    p99: float | None
    cpu_ms: float | None
    peak_memory_mb: float | None
    floor_p50: float | None
    floor_p95: float | None
    floor_p99: float | None
    floor_cpu_ms: float | None
    floor_peak_memory_mb: float | None
    rounds: int
    values: tuple[float, ...]
    floors: tuple[float, ...]

    @classmethod
    def of(cls, *, name: str, unit: str, ours: Measured, floor: Measured) -> Figure:
        value, low = ours.middle("per_second"), floor.middle("per_second")
        assert value is not None and low, f"{name} was not measured"
        return cls(
            name=name,
            unit=unit,
            floor=_shown(low),
            value=_shown(value),
            ratio=round(value / low, 3),
            p50=_shown(ours.middle("p50")),
            p95=_shown(ours.middle("p95")),
            p99=_shown(ours.middle("p99")),
            cpu_ms=_shown(ours.middle("cpu_ms"), digits=2),
            peak_memory_mb=_shown(ours.peak_memory_mb),
            floor_p50=_shown(floor.middle("p50")),
            floor_p95=_shown(floor.middle("p95")),
            floor_p99=_shown(floor.middle("p99")),
            floor_cpu_ms=_shown(floor.middle("cpu_ms"), digits=2),
            floor_peak_memory_mb=_shown(floor.peak_memory_mb),
            rounds=len(ours.rounds),
            values=tuple(_shown(each.per_second) for each in ours.rounds),
            floors=tuple(_shown(each.per_second) for each in floor.rounds),
        )


def percentile(ordered: Sequence[float], share: float) -> float:
    """Nearest rank; `ordered` rises and is not empty."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def round_of(*, seconds: Sequence[float], elapsed: float, cpu_seconds: float | None = None) -> Round:
    """A round from the time of each piece of work, all in seconds."""
    ordered = sorted(seconds)
    return Round(
        per_second=len(ordered) / elapsed,
        p50=percentile(ordered, 0.50) * 1000,
        p95=percentile(ordered, 0.95) * 1000,
        p99=percentile(ordered, 0.99) * 1000,
        cpu_ms=None if cpu_seconds is None else cpu_seconds / len(ordered) * 1000,
    )


def show(
    *,
    bench: str,
    figures: Sequence[Figure],
    conditions: dict[str, Any],
    as_json: bool,
    more: dict[str, Any] | None = None,
) -> None:
    """Prints the result; nothing else of a bench goes to standard output. `more` are parts of one bench's own: for
    people lists of lines."""
    if as_json:
        shown = [asdict(figure) for figure in figures]
        told = {"bench": bench, "conditions": conditions, "figures": shown, **(more or {})}
        print(json.dumps(told, ensure_ascii=False, indent=1))
        return
    print("\n".join(table(figures)))
    for lines in (more or {}).values():
        print("\n" + "\n".join(lines) + "\n")
    for name, value in conditions.items():
        print(f"  {name}: {value}")


def table(figures: Sequence[Figure]) -> list[str]:
    """Two lines a figure, the floor below the platform."""
    lines = [
        f"{'':<32}{'a second':>10}{'ratio':>8}{'p50':>9}{'p95':>9}{'p99':>9}{'CPU ms':>9}{'peak MB':>9}{'rounds':>8}"
    ]
    for each in figures:
        times = (each.p50, each.p95, each.p99, each.cpu_ms, each.peak_memory_mb)
        of_floor = (
            each.floor_p50,
            each.floor_p95,
            each.floor_p99,
            each.floor_cpu_ms,
            each.floor_peak_memory_mb,
        )
        lines.append(f"{each.name:<32}{each.value:>10,.0f}{each.ratio:>8.3f}{_cells(times)}{each.rounds:>8}")
        lines.append(f"{'  floor':<32}{each.floor:>10,.0f}{'':>8}{_cells(of_floor)}")
    return lines


def _cells(values: Sequence[float | None]) -> str:
    return "".join(f"{'–' if value is None else f'{value:,.2f}':>9}" for value in values)


def _shown(value: Any, *, digits: int = 1) -> Any:
    return None if value is None else round(value, digits)


def machine() -> dict[str, Any]:
    """What the run stands on; ask before the work begins, so that the load is that of others."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }
