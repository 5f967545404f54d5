"""Roles and their rights, as data; what is not listed is refused.

The system, security and audit administrators are three persons, hold no rights of business and none of each
other's (GB/T 22239-2019, 8.1.4.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from auth.refusals import ROLE_UNKNOWN, ROLES_CONFLICT
from domain.kernel.actor import Actor, Role
from domain.kernel.refusal import Refused

_READING = frozenset({"queue.read", "case.read", "figures.read"})
_REVEALING = frozenset({"person.reveal"})

RIGHTS_OF_ROLES: Mapping[Role, frozenset[str]] = MappingProxyType(
    {
        Role.PRELIMINARY_REVIEWER: _READING | _REVEALING | {"case.claim", "case.review_preliminary"},
        Role.FINAL_REVIEWER: _READING | _REVEALING | {"case.claim", "case.review_final"},
        Role.SUPERVISOR: _READING | _REVEALING | {"case.release_lock", "case.export", "books.read"},
        Role.FINANCE: _READING | {"case.export", "books.read"},
        Role.SERVICE_DESK: _READING | _REVEALING,
        Role.SYSTEM_ADMIN: frozenset({"staff.manage", "jobs.manage"}),
        Role.SECURITY_ADMIN: frozenset({"staff.assign_roles"}),
        Role.AUDIT_ADMIN: frozenset({"audit.read"}),
    }
)
ADMINISTRATORS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})
ALL_RIGHTS = frozenset().union(*RIGHTS_OF_ROLES.values())


def rights_of(actor: Actor) -> frozenset[str]:
    """Every right that the actor's roles give; none for citizens and for roles unknown here."""
    if not actor.is_staff:
        return frozenset()
    known = [Role(role) for role in actor.roles if role in RIGHTS_OF_ROLES]
    return frozenset().union(*(RIGHTS_OF_ROLES[role] for role in known))


def may(actor: Actor, right: str) -> bool:
    """Asking for a right that nobody can hold is a bug."""
    assert right in ALL_RIGHTS, f"right {right} is not declared"
    return right in rights_of(actor)


def check_roles(roles: Iterable[str]) -> frozenset[Role]:
    """The roles one person may hold together. Raises Refused for an unknown role, and for an
    administrator's role beside any other."""
    wanted = set()
    for role in roles:
        if role not in RIGHTS_OF_ROLES:
            raise Refused(ROLE_UNKNOWN(role=role))
        wanted.add(Role(role))
    if len(wanted) > 1 and wanted & ADMINISTRATORS:
        raise Refused(ROLES_CONFLICT())
    return frozenset(wanted)
