"""Who acts, through which channel, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

ActorKind = Literal["anonymous", "citizen", "agent", "staff", "partner", "service", "system"]
"""`agent`: a person who acts for an employer (单位经办人); of their own account they see nothing then. `partner`: a
third party under a grant."""
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
class Partnership:
    """Under which grant a third party calls. `sandbox` calls are answered with simulated data; without `may_change`
    a represented person's matters are only read."""

    partner_id: int
    grant_id: int
    purpose: str
    sandbox: bool = False
    may_change: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The caller of an action. `office_codes` limits staff to their offices; empty means the whole centre.

    An agent has a person, the employer acted for, and what for (`scopes`, see `may_for_employer`)."""

    kind: ActorKind
    channel: str
    name: str = ""
    person_id: int | None = None
    employer_no: int | None = None
    staff_id: int | None = None
    session_id: int | None = None
    roles: frozenset[str] = frozenset()
    office_codes: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    assurance: Assurance = "none"
    signed_in_at: datetime | None = None
    """When a citizen's session began; nobody knows it of others."""
    partnership: Partnership | None = None
    """Of a third party. The person it represents by a delegation is its `person_id`."""

    @property
    def reference(self) -> str:
        """How audit and history name the actor: `citizen:123`, `agent:123@100001`, `staff:7`, `partner:9`, `system`."""
        if self.partnership is not None:
            return f"partner:{self.partnership.partner_id}"
        if self.kind == "agent":
            return f"agent:{self.person_id}@{self.employer_no}"
        identity = self.person_id if self.kind == "citizen" else self.staff_id
        return self.kind if identity is None else f"{self.kind}:{identity}"

    @property
    def is_citizen(self) -> bool:
        """A citizen, or a third party in the place of one who delegated it."""
        return self.kind in ("citizen", "partner") and self.person_id is not None

    @property
    def is_in_person(self) -> bool:
        """A citizen themselves: what belongs to nobody but the person, such as their logins, phone and face."""
        return self.kind == "citizen" and self.person_id is not None

    @property
    def represents(self) -> str | None:
        """Whom a third party stands for, as the audit trail names them."""
        if self.kind != "partner":
            return None
        if self.employer_no is not None:
            return f"employer:{self.employer_no}"
        return None if self.person_id is None else f"citizen:{self.person_id}"

    @property
    def is_real_name(self) -> bool:
        """A citizen whose identity the platform has verified: what personal data and applications need."""
        return self.is_citizen and self.assurance in ("real_name", "face")

    @property
    def is_agent(self) -> bool:
        return self.kind == "agent" and self.person_id is not None and self.employer_no is not None

    def may_for_employer(self, scope: str) -> bool:
        """Whether an agent may do this for the employer; `all` covers every scope."""
        return self.is_agent and not self.scopes.isdisjoint((scope, "all"))

    @property
    def is_staff(self) -> bool:
        return self.kind == "staff" and self.staff_id is not None

    def has_role(self, *roles: str) -> bool:
        return self.is_staff and not self.roles.isdisjoint(roles)


ANONYMOUS = Actor(kind="anonymous", channel="unknown")
SYSTEM = Actor(kind="system", channel="system", name="系统")
