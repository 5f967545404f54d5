"""Who acts, through which channel, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

ActorKind = Literal["anonymous", "citizen", "staff", "service", "system"]
Assurance = Literal["none", "password", "real_name", "face"]


class Role(StrEnum):
    """Roles of staff. The three administrators are separated (GB/T 22239-2019, 8.1.4.2)."""

    PRELIMINARY_REVIEWER = "preliminary_reviewer"
    FINAL_REVIEWER = "final_reviewer"
    SUPERVISOR = "supervisor"
    FINANCE = "finance"
    SERVICE_DESK = "service_desk"
    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"
    AUDIT_ADMIN = "audit_admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The caller of an action. `office_codes` limits staff to their offices; empty means the whole centre."""

    kind: ActorKind
    channel: str
    name: str = ""
    person_id: int | None = None
    staff_id: int | None = None
    session_id: int | None = None
    roles: frozenset[str] = frozenset()
    office_codes: frozenset[str] = frozenset()
    assurance: Assurance = "none"

    @property
    def reference(self) -> str:
        """How audit and history name the actor: `citizen:123`, `staff:7`, `system`."""
        identity = self.person_id if self.kind == "citizen" else self.staff_id
        return self.kind if identity is None else f"{self.kind}:{identity}"

    @property
    def is_citizen(self) -> bool:
        return self.kind == "citizen" and self.person_id is not None

    @property
    def is_real_name(self) -> bool:
        """A citizen whose identity the platform has verified: what personal data and applications need."""
        return self.is_citizen and self.assurance in ("real_name", "face")

    @property
    def is_staff(self) -> bool:
        return self.kind == "staff" and self.staff_id is not None

    def has_role(self, *roles: str) -> bool:
        return self.is_staff and not self.roles.isdisjoint(roles)


ANONYMOUS = Actor(kind="anonymous", channel="unknown")
SYSTEM = Actor(kind="system", channel="system", name="系统")
