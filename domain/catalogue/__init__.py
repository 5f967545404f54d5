"""The catalogue of service items: what the centre offers, to whom, on which channel, by what right."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from domain.catalogue.items import AREA_NAMES, Area, LegalBasis, Material, Opening, ServiceItem
from domain.catalogue.loading import load

_CATALOGUE = load()


def items() -> tuple[ServiceItem, ...]:
    """All 42, in the order of their codes within their areas."""
    return _CATALOGUE.items


def item(code_or_identifier: str) -> ServiceItem:
    """`item("C20")` is `item("rent_withdrawal")`. Raises LookupError for any other text."""
    found = _CATALOGUE.by_name.get(code_or_identifier)
    if found is None:
        raise LookupError(f"no service item {code_or_identifier!r}")
    return found


def items_for(*, channel: str, open_only: bool = False) -> tuple[ServiceItem, ...]:
    """Items that a channel offers. Raises LookupError for an unknown channel."""
    if channel not in _CATALOGUE.channels:
        raise LookupError(f"no channel {channel!r}")
    return tuple(i for i in _CATALOGUE.items if channel in i.channels and (i.open or not open_only))


def channels() -> Mapping[str, str]:
    """Channel codes with their Chinese names."""
    return _CATALOGUE.channels


def conditions() -> Mapping[str, str]:
    """Conditions under which materials are required, with their Chinese names."""
    return _CATALOGUE.conditions


def required_materials(*, item: ServiceItem, conditions: Collection[str]) -> tuple[Material, ...]:
    """Materials of an item under the conditions of a case. Raises LookupError for an unknown condition."""
    unknown = set(conditions) - set(_CATALOGUE.conditions)
    if unknown:
        raise LookupError(f"no condition {sorted(unknown)}")
    return tuple(material for material in item.materials if material.when is None or material.when in conditions)


def missing_materials(
    *, item: ServiceItem, conditions: Collection[str], given: Collection[str]
) -> tuple[Material, ...]:
    """What the applicant still has to hand in; shared data and the centre's own records never count."""
    required = required_materials(item=item, conditions=conditions)
    return tuple(m for m in required if m.provided_by == "applicant" and m.code not in given)


__all__ = [
    "AREA_NAMES",
    "Area",
    "LegalBasis",
    "Material",
    "Opening",
    "ServiceItem",
    "channels",
    "conditions",
    "item",
    "items",
    "items_for",
    "load",
    "missing_materials",
    "required_materials",
]
