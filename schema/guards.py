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
from strawberry.schema_directive import Location

from auth.rights import may
from domain.kernel.actor import Actor
from schema import cost

METADATA_KEY = "guard"


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="stepUp",
    description="人脸核验 · may ask for a face first: `userErrors` then say `stepUp` with how to get it",
)
class StepUpDirective:
    operation: str


@dataclass(frozen=True, slots=True)
class Guard:
    """`allows(actor, source)`; `source` is the object that the field belongs to, None for root fields.

    With `of_caller` the answer hangs on the actor alone, and may be asked for once an operation."""

    name: str
    allows: Callable[[Actor, Any], bool]
    of_caller: bool = False


def _owns(actor: Actor, source: Any) -> bool:
    return actor.is_citizen and source.owner_id is not None and actor.person_id == source.owner_id


def _with_right(*rights: str) -> Callable[[Actor, Any], bool]:
    return lambda actor, source: actor.is_staff and any(may(actor, right) for right in rights)


_reads_queue = _with_right("queue.read")


def _reads_case(actor: Actor, source: Any) -> bool:
    return _reads_queue(actor, source) and (not actor.office_codes or source.office_code in actor.office_codes)


PUBLIC = Guard("PUBLIC", lambda actor, source: True, of_caller=True)
SIGNED_IN = Guard(
    "SIGNED_IN", lambda actor, source: actor.is_citizen or actor.is_agent or actor.is_staff, of_caller=True
)
CITIZEN = Guard("CITIZEN", lambda actor, source: actor.is_citizen, of_caller=True)
# the person themselves: nobody who stands for them
CITIZEN_SELF = Guard("CITIZEN_SELF", lambda actor, source: actor.kind == "citizen" and actor.is_citizen, of_caller=True)
AGENT = Guard("AGENT", lambda actor, source: actor.is_agent, of_caller=True)
# the object's `employer_no` is the employer it belongs to
EMPLOYER = Guard("EMPLOYER", lambda actor, source: actor.is_agent and actor.employer_no == source.employer_no)
# the object belongs to a person by `owner_id` or to an employer by `employer_no`
HOLDER = Guard(
    "HOLDER",
    lambda actor, source: _owns(actor, source) or (actor.is_agent and actor.employer_no == source.employer_no),
)
PERSON = Guard("PERSON", lambda actor, source: actor.is_in_person or actor.is_agent, of_caller=True)
# no third party, whatever was delegated to it
SELF = Guard("SELF", lambda actor, source: actor.is_in_person, of_caller=True)
# the object's `owner_id` is the person it belongs to
OWNER = Guard("OWNER", _owns)
# of staff, those of the case's office: a subscription outlives a change of offices
OWNER_OR_DESK = Guard("OWNER_OR_DESK", lambda actor, source: _owns(actor, source) or _reads_case(actor, source))
CITIZEN_OR_DESK = Guard(
    "CITIZEN_OR_DESK", lambda actor, source: actor.is_citizen or _reads_queue(actor, source), of_caller=True
)
DESK = Guard("DESK", _reads_queue, of_caller=True)
FIGURES = Guard("FIGURES", _with_right("figures.read"), of_caller=True)
# who signs in reviews: at the desk, and for what only supervisors or finance sign
REVIEWER = Guard("REVIEWER", _with_right("case.review_preliminary", "case.review_final", "case.sign"), of_caller=True)
RELEASER = Guard(
    "RELEASER",
    _with_right("case.review_preliminary", "case.review_final", "case.sign", "case.release_lock"),
    of_caller=True,
)


def shown(guard: Guard, description: str, *, list_size: int | None = None) -> Any:
    """A field that shows an attribute as it is."""
    said = cost.Cost(list_size=list_size)
    return strawberry.field(
        description=description,
        metadata={METADATA_KEY: guard, cost.METADATA_KEY: said},
        directives=said.directives,
    )


def resolved(guard: Guard, description: str, *, list_size: int | None = None) -> Callable[[Callable[..., Any]], Any]:
    """Decorates the method of a type that works a field out."""
    said = cost.Cost(list_size=list_size)
    decorate: Callable[[Callable[..., Any]], Any] = strawberry.field(
        description=description,
        metadata={METADATA_KEY: guard, cost.METADATA_KEY: said},
        directives=said.directives,
    )
    return decorate


def answered(
    resolver: Callable[..., Any],
    guard: Guard,
    description: str,
    *,
    weight: int | None = None,
    list_size: int | None = None,
) -> Any:
    """A root field of Query or Mutation. What it costs is said where it differs from `schema.cost`'s own rules."""
    said = cost.Cost(weight=weight, list_size=list_size)
    operation = getattr(resolver, "step_up", None)
    return strawberry.field(
        resolver=resolver,
        description=description,
        metadata={METADATA_KEY: guard, cost.METADATA_KEY: said},
        directives=[*said.directives, *([StepUpDirective(operation=operation)] if operation else [])],
    )


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
