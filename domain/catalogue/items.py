"""The 42 service items (服务事项) as typed records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from domain.kernel.actor import Assurance

Audience = Literal["person", "employer"]
Area = Literal["collection", "loans", "housing_funds"]
Confidence = Literal["S", "L", "U"]

AREA_NAMES: dict[Area, str] = {
    "collection": "归集提取业务",
    "loans": "贷款业务",
    "housing_funds": "住房资金业务",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalBasis:
    document: str
    article: str
    confidence: Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A required document. `when` is the condition that requires it, None for always; `provided_by` is
    `applicant`, `data_sharing` or `centre`: only the first asks anything of the citizen."""

    code: str
    name: str
    provided_by: Literal["applicant", "data_sharing", "centre"]
    when: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What an open item is served by: fields of the SDL, the flow of its cases, its staff page, its decision
    table below tests/rules and the area of its refusal codes."""

    flow: str
    queries: tuple[str, ...]
    mutations: tuple[str, ...]
    staff_page: str
    decision_table: str
    refusal_area: str

    @property
    def operations(self) -> tuple[str, ...]:
        return (*self.queries, *self.mutations)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceItem:
    """`steps` are codes in order, named by `step_names`. `time_limit_working_days` 0 means at once.
    `unverified` names what the centre has not confirmed."""

    code: str
    name: str
    identifier: str
    area: Area
    audience: tuple[Audience, ...]
    channels: tuple[str, ...]
    login: Assurance
    steps: tuple[str, ...]
    step_names: tuple[str, ...]
    time_limit_working_days: int
    legal_basis: tuple[LegalBasis, ...]
    materials: tuple[Material, ...]
    unverified: tuple[str, ...]
    opening: Opening | None

    @property
    def open(self) -> bool:
        return self.opening is not None

    @property
    def operations(self) -> tuple[str, ...]:
        """GraphQL fields that serve this item; none while it is not open."""
        return self.opening.operations if self.opening else ()
