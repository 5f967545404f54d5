"""A set of parameters with some values changed, for trying a proposed rule. Nothing in force changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any

from domain.kernel.declared import DeclarationError
from domain.policy.loading import typed_value
from domain.policy.parameters import DatedValue, Parameter


def proposed(
    *, parameters: Mapping[str, Parameter], changes: Mapping[str, Any], source: str
) -> Mapping[str, Parameter]:
    """The parameters with each changed one having the proposed value on every date. `changes` are raw YAML values by
    name. Raises DeclarationError naming all problems at once."""
    changed, problems = dict(parameters), list[str]()
    for name, raw in changes.items():
        parameter = parameters.get(name)
        if parameter is None:
            problems.append(f"{name}：没有这个参数")
            continue
        try:
            value = typed_value(unit=parameter.unit, raw=raw)
        except ValueError as error:
            problems.append(f"{name}：{error}")
            continue
        dated = DatedValue(value, date.min, None, source, "U", "拟议")
        changed[name] = replace(parameter, series=(dated,))
    if problems:
        raise DeclarationError(file=source, problems=problems)
    return MappingProxyType(changed)
