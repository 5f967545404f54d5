"""Who may read a field. Every field declares its guard where it is defined.

`resolvers.permissions` enforces them. A guard looks at the caller and at the object that the field belongs to.
Rows are chosen by the faces of the domain (`visible_to`); a guard on a row's fields says it once more, so that
an object which strayed into an answer stays closed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import strawberry

from auth.rights import may
from domain.kernel.actor import Actor

METADATA_KEY = "guard"


@dataclass(frozen=True, slots=True)
class Guard:
    """`allows(actor, source)`; `source` is the object that the field belongs to, None for root fields."""

    name: str
    allows: Callable[[Actor, Any], bool]


def _owns(actor: Actor, source: Any) -> bool:
    return actor.is_citizen and source.owner_id is not None and actor.person_id == source.owner_id


def _with_right(*rights: str) -> Callable[[Actor, Any], bool]:
    return lambda actor, source: actor.is_staff and any(may(actor, right) for right in rights)


_reads_queue = _with_right("queue.read")


def _reads_case(actor: Actor, source: Any) -> bool:
    return _reads_queue(actor, source) and (not actor.office_codes or source.office_code in actor.office_codes)


PUBLIC = Guard("PUBLIC", lambda actor, source: True)
SIGNED_IN = Guard("SIGNED_IN", lambda actor, source: actor.is_citizen or actor.is_staff)
CITIZEN = Guard("CITIZEN", lambda actor, source: actor.is_citizen)
# the object's `owner_id` is the person it belongs to
OWNER = Guard("OWNER", _owns)
# of staff, those of the case's office: a subscription outlives a change of offices
OWNER_OR_DESK = Guard("OWNER_OR_DESK", lambda actor, source: _owns(actor, source) or _reads_case(actor, source))
CITIZEN_OR_DESK = Guard("CITIZEN_OR_DESK", lambda actor, source: actor.is_citizen or _reads_queue(actor, source))
DESK = Guard("DESK", _reads_queue)
FIGURES = Guard("FIGURES", _with_right("figures.read"))
REVIEWER = Guard("REVIEWER", _with_right("case.review_preliminary", "case.review_final"))
RELEASER = Guard("RELEASER", _with_right("case.review_preliminary", "case.review_final", "case.release_lock"))


def shown(guard: Guard, description: str) -> Any:
    """A field that shows an attribute as it is."""
    return strawberry.field(description=description, metadata={METADATA_KEY: guard})


def resolved(guard: Guard, description: str) -> Callable[[Callable[..., Any]], Any]:
    """Decorates the method of a type that works a field out."""
    decorate: Callable[[Callable[..., Any]], Any] = strawberry.field(
        description=description, metadata={METADATA_KEY: guard}
    )
    return decorate


def answered(resolver: Callable[..., Any], guard: Guard, description: str) -> Any:
    """A root field of Query or Mutation."""
    return strawberry.field(resolver=resolver, description=description, metadata={METADATA_KEY: guard})


def streamed(resolver: Callable[..., Any], guard: Guard, description: str) -> Any:
    """A root field of Subscription."""
    return strawberry.subscription(resolver=resolver, description=description, metadata={METADATA_KEY: guard})


def storable(value: object) -> bool:
    """False for text that PostgreSQL cannot keep (U+0000, lone surrogates), however deep in an argument."""
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, dict):
        return all(storable(item) for item in value.values())
    if isinstance(value, Iterable) and not isinstance(value, bytes):
        return all(storable(item) for item in value)
    return True
