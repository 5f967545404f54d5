"""The channels and partners by code, read from `registry.yaml` at import: a malformed file does not start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from domain.kernel.declared import DeclarationError, read

FILE = Path(__file__).with_name("registry.yaml")
_REQUIRED = {"name", "kind", "protocol", "version", "public"}
_KNOWN = _REQUIRED | {"quota", "at_once"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """`quota` and `at_once` are 0 where they do not apply."""

    code: str
    name: str
    kind: Literal["service", "partner"]
    protocol: str
    version: str
    public: bool
    quota: int = 0
    at_once: int = 0


def read_registry(data: Any) -> Mapping[str, Channel]:
    """Raises DeclarationError naming every problem."""
    channels: dict[str, Channel] = {}
    problems: list[str] = []
    for code, declared in data["channels"].items():
        missing, unknown = _REQUIRED - set(declared), set(declared) - _KNOWN
        if missing or unknown:
            problems.append(f"{code}: missing {sorted(missing)}, unknown {sorted(unknown)}")
        elif declared["kind"] not in ("service", "partner") or not isinstance(declared["version"], str):
            problems.append(f"{code}: kind is service or partner, version a text")
        else:
            channels[code] = Channel(code=code, **declared)
    if problems:
        raise DeclarationError(file=FILE.name, problems=problems)
    return MappingProxyType(channels)


CHANNELS = read_registry(read(FILE))
