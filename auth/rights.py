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

_READING = frozenset({"queue.read", "case.read", "figures.read", "exchange.read", "case.print"})
_REVEALING = frozenset({"person.reveal"})
_DAY_END = frozenset({"dayend.read", "dayend.operate"})
_COUNTER = frozenset({"face.counter"})
_FUNDS = frozenset({"funds.read", "funds.operate", "funds.export", "archives.read", "archives.file"})
_REVIEWS = frozenset({"reviews.read", "reviews.operate"})
_CHANNELS = frozenset({"channels.read", "channels.operate"})
_MESSAGES = frozenset({"messages.read", "messages.operate"})
_COLLECTION = frozenset({"collection.read", "collection.operate"})
_TRANSFERS = frozenset({"transfers.read", "transfers.operate"})
_CITY = frozenset({"city.read", "city.operate"})
_SMS = frozenset({"sms.read", "sms.operate", "sms.money"})
_EXPORTS = frozenset({"case.export", "exchange.export", "transfers.export"})
_RISK = frozenset({"risk.read", "risk.propose"})
_REFUNDS = frozenset({"maintenance.read", "maintenance.refund"})
_DESK = _REVEALING | _COUNTER | _REVIEWS
_BOOKS = frozenset({"books.read", "books.close", "books.reopen", "books.reverse", "books.distribute"})

RIGHTS_OF_ROLES: Mapping[Role, frozenset[str]] = MappingProxyType(
    {
        Role.PRELIMINARY_REVIEWER: _READING
        | _REVEALING
        | _COUNTER
        | _REVIEWS
        | _COLLECTION
        | _TRANSFERS
        | _CITY
        | _RISK
        | _REFUNDS
        | {"case.claim", "case.review_preliminary"},
        Role.FINAL_REVIEWER: _READING
        | _DESK
        | _COLLECTION
        | _TRANSFERS
        | _CITY
        | _RISK
        | _REFUNDS
        | {"risk.decide", "collection.supervise", "case.claim", "case.review_final"},
        Role.SUPERVISOR: _READING
        | _REVEALING
        | _DAY_END
        | _FUNDS
        | _BOOKS
        | _SMS
        | _REVIEWS
        | _CHANNELS
        | _MESSAGES
        | _COUNTER
        | {"person.intervene", "person.care"}
        | _COLLECTION
        | _TRANSFERS
        | _CITY
        | _RISK
        | _EXPORTS
        | {"collection.supervise", "messages.manage", "city.export"}
        | {"risk.decide", "case.claim", "case.sign", "case.release_lock", "reviews.supervise", "policy.decide"}
        | {"maintenance.read", "maintenance.agree"},
        Role.FINANCE: _READING
        | _DAY_END
        | _FUNDS
        | _BOOKS
        | _SMS
        | _EXPORTS
        | _REFUNDS
        | {"maintenance.agree", "case.claim", "case.sign", "collection.read", "transfers.read"},
        Role.SERVICE_DESK: _READING
        | _REVEALING
        | _REVIEWS
        | _COUNTER
        | _MESSAGES
        | _COLLECTION
        | _TRANSFERS
        | _CITY
        | _RISK
        | {"delegations.take", "person.intervene"},
        Role.SYSTEM_ADMIN: frozenset(
            {
                "staff.manage",
                "outlets.propose",
                "jobs.manage",
                "api.explore",
                "grants.register",
                "kiosks.register",
                "policy.propose",
            }
        ),
        Role.SECURITY_ADMIN: frozenset(
            {"staff.assign_roles", "outlets.approve", "grants.approve", "kiosks.approve", "reveal.rules"}
        ),
        Role.AUDIT_ADMIN: frozenset({"audit.read", "access.exclude"}),
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
