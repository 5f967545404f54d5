"""A schema of nothing but trouble: every way in which a field can fail, of every type, sooner and later.

Each field asks its `Course` what to do; the course answers by the field's place alone, so that both executors meet the
same. Nothing here is ours but the guards and the scalars: the schema is enforced and compiled as the real one is.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLSchema

from domain.kernel.actor import ANONYMOUS, Actor
from domain.kernel.failures import PartnerFailure, StoreUnavailable
from domain.kernel.money import Money
from domain.kernel.refusal import NOT_PERMITTED, REAL_NAME_REQUIRED, Refused
from resolvers.permissions import enforce
from schema.guards import CITIZEN, DESK, OWNER, PUBLIC, Guard, answered, resolved, shown
from schema.types.scalars import config

CITIZEN_ACTOR = Actor(kind="citizen", channel="app", person_id=1, assurance="real_name")
STAFF_ACTOR = Actor(kind="staff", channel="backoffice", staff_id=1, roles=frozenset({"preliminary_reviewer"}))
ACTORS = (ANONYMOUS, CITIZEN_ACTOR, STAFF_ACTOR)

# a guard that stumbles over some objects
CLUMSY = Guard("CLUMSY", lambda actor, source: bool(1 // (source.depth % 4)))


class Shade(Enum):
    DARK = "dark"
    LIGHT = "light"


ShadeType = strawberry.enum(Shade, description="shade")

_FAULTS: tuple[Callable[[], Exception], ...] = (
    lambda: ValueError("a bug"),
    lambda: Refused(REAL_NAME_REQUIRED()),
    lambda: Refused(NOT_PERMITTED()),
    lambda: StoreUnavailable("away"),
    lambda: PartnerFailure(partner="bank", reason="asleep"),
    lambda: TimeoutError(),
    lambda: GraphQLError("for the client", extensions={"code": "SPECIAL"}),
    lambda: GraphQLError("plain"),
)


@dataclass
class Course:
    """What happens where. `trouble`: how many fields of a hundred fail; `log`: in which order they were read. With a
    `script` nothing is left to chance: it says what a place does, and `turns` how long it takes."""

    seed: int
    trouble: int
    actor: Actor = CITIZEN_ACTOR
    script: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    turns: Mapping[str, int] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    def number(self, place: str, modulus: int) -> int:
        """The same for the same place, and for the same visit of it."""
        self.seen[place] += 1
        if self.script:
            return self.turns.get(_name(place), 0)
        digest = hashlib.blake2b(f"{self.seed}/{place}/{self.seen[place]}".encode(), digest_size=4).digest()
        return int.from_bytes(digest, "big") % modulus

    def value(self, place: str, right: Callable[[], Any], *wrong: Any) -> Any:
        """The right value, or: an exception raised, an exception given, nothing, a value of another type."""
        self.log.append(place)
        if self.script:
            return self.script.get(_name(place), right)()
        if self.number(place, 100) >= self.trouble:
            return right()
        turn = self.number(place, 4 + len(wrong))
        if turn < 2:
            raise _FAULTS[self.number(place, len(_FAULTS))]()
        if turn == 2:
            return _FAULTS[self.number(place, len(_FAULTS))]()
        return None if turn == 3 else wrong[turn - 4]

    async def later(self, place: str, right: Callable[[], Any], *wrong: Any) -> Any:
        """As `value`, after no, one or several turns of the loop."""
        for _ in range(self.number(place, 6)):
            await asyncio.sleep(0)
        return self.value(place, right, *wrong)


def _name(place: str) -> str:
    return place.rstrip("0123456789")


class Odd:
    """An object of no type of the schema."""

    depth = 1
    owner_id = 1
    at = "odd"


@strawberry.interface(description="has a depth")
class Deep:
    depth: int = shown(PUBLIC, "depth")


def _course(info: strawberry.Info) -> Course:
    course: Course = info.context.course
    return course


@strawberry.type(description="a thing with leaves alone")
class Leaf(Deep):
    owner_id: strawberry.Private[int]
    text: str = shown(OWNER, "text")
    maybe: str | None = shown(OWNER, "text or nothing")
    count: int = shown(PUBLIC, "count")
    ratio: float = shown(PUBLIC, "ratio")
    flag: bool = shown(DESK, "flag")
    amount: Money = shown(CLUMSY, "amount")
    rate: Decimal | None = shown(PUBLIC, "rate")
    day: date = shown(PUBLIC, "day")
    at: datetime | None = shown(PUBLIC, "instant")
    shade: Shade = shown(PUBLIC, "shade")
    words: list[str] = shown(PUBLIC, "words")
    grid: list[list[int | None] | None] = shown(PUBLIC, "grid")
    undeclared: str | None = strawberry.field(description="nobody may")


@strawberry.type(description="a thing with things below")
class Branch(Deep):
    owner_id: strawberry.Private[int]
    number: strawberry.Private[int]
    name: str = shown(PUBLIC, "name")

    @resolved(PUBLIC, "a leaf, at once")
    def leaf(self, info: strawberry.Info) -> Leaf:
        found: Leaf = _course(info).value(f"leaf{self.number}", lambda: leaf_of(_course(info), self.depth), Odd(), 7)
        return found

    @resolved(OWNER, "a leaf, or none, later")
    async def leaf_later(self, info: strawberry.Info, words: list[str] | None = None) -> Leaf | None:
        course = _course(info)
        found: Leaf | None = await course.later(f"later{self.number}", lambda: leaf_of(course, self.depth), Odd())
        return found

    @resolved(PUBLIC, "branches, at once")
    def branches(self, info: strawberry.Info, first: int = 2) -> list[Branch]:
        course = _course(info)
        found: list[Branch] = course.value(
            f"branches{self.number}", lambda: many(course, self.depth, first), "no list", [None], {"a": 1}
        )
        return found

    @resolved(PUBLIC, "branches or nothing, later")
    async def branches_later(self, info: strawberry.Info, first: int = 2) -> list[Branch | None]:
        course = _course(info)
        found: list[Branch | None] = await course.later(
            f"brancheslater{self.number}",
            lambda: many(course, self.depth, first),
            [None, branch_of(course, self.depth), ValueError("in a list")],
            tuple(many(course, self.depth, first)),
        )
        return found

    @resolved(PUBLIC, "any of them, later")
    async def any(self, info: strawberry.Info) -> Deep:
        course = _course(info)
        choose = course.number(f"any{self.number}", 2)
        found: Deep = await course.later(
            f"anyvalue{self.number}",
            lambda: leaf_of(course, self.depth) if choose else branch_of(course, self.depth),
            Odd(),
            "text",
        )
        return found

    @resolved(CITIZEN, "any of them, at once, or none")
    def anything(self, info: strawberry.Info) -> list[Deep | None] | None:
        course = _course(info)
        found: list[Deep | None] | None = course.value(
            f"anything{self.number}", lambda: [leaf_of(course, self.depth), branch_of(course, self.depth)], [Odd()]
        )
        return found

    @resolved(CITIZEN, "what was asked for")
    async def echo(self, info: strawberry.Info, shade: Shade = Shade.DARK, amount: Money | None = None) -> str:
        found: str = await _course(info).later(f"echo{self.number}", lambda: f"{shade.name} {amount}", 5, [])
        return found


def leaf_of(course: Course, depth: int) -> Leaf:
    def value(name: str, right: Any, *wrong: Any) -> Any:
        try:
            return course.value(f"attribute{name}{depth}", lambda: right, *wrong)
        except Exception as error:
            # an attribute cannot raise, but it can be an exception
            return error

    return Leaf(
        depth=value("depth", depth, "x"),
        owner_id=1 + course.number(f"owner{depth}", 2),
        text=value("text", "金额", 5, b"bytes", True),
        maybe=value("maybe", None, "given", 1.5),
        count=value("count", 5, 2**31, "7", "x", 1.5, True),
        ratio=value("ratio", 0.5, 1, "x", float("nan")),
        flag=value("flag", True, 1, "true"),
        amount=value("amount", Money(1234), "12"),
        rate=value("rate", Decimal("0.0285"), "no decimal"),
        day=value("day", date(2026, 11, 23), "2026"),
        at=value("at", datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 23)),  # noqa: DTZ001
        shade=value("shade", Shade.DARK, "light", "unknown"),
        words=value("words", ["a", "b"], ["a", None], "ab", [3], ("a",)),
        grid=value("grid", [[1, None], None], [1], [["x"]]),
        undeclared="secret",
    )


def branch_of(course: Course, depth: int) -> Branch:
    number = sum(course.seen.values())
    return Branch(
        depth=depth + 1, owner_id=1 + course.number(f"owner{number}", 2), number=number, name=f"branch {depth}"
    )


def many(course: Course, depth: int, first: int) -> list[Branch]:
    return [branch_of(course, depth) for _ in range(min(max(first, 0), 3))]


async def _branch(info: strawberry.Info, first: int = 1) -> Branch:
    found: Branch = await _course(info).later("root", lambda: branch_of(_course(info), first))
    return found


async def _maybe(info: strawberry.Info) -> Branch | None:
    found: Branch | None = await _course(info).later("maybe", lambda: branch_of(_course(info), 1))
    return found


def _now(info: strawberry.Info) -> Branch | None:
    found: Branch | None = _course(info).value("now", lambda: branch_of(_course(info), 0))
    return found


@strawberry.type(description="queries")
class Query:
    branch: Branch = answered(_branch, PUBLIC, "a branch")
    maybe: Branch | None = answered(_maybe, CITIZEN, "a branch or none")
    now: Branch | None = answered(_now, PUBLIC, "at once")
    desk: Branch = answered(_maybe, DESK, "for the desk")


@strawberry.type(description="mutations")
class Mutation:
    grow: Branch | None = answered(_maybe, CITIZEN, "a branch or none")
    must: Branch = answered(_branch, PUBLIC, "a branch")
    quick: Branch | None = answered(_now, PUBLIC, "at once")


@dataclass
class Context:
    course: Course

    @property
    def actor(self) -> Actor:
        return self.course.actor


def obstacles() -> GraphQLSchema:
    """A new schema each time: plans remember what they saw."""
    built = strawberry.Schema(query=Query, mutation=Mutation, types=[Leaf, Branch], config=config())
    enforce(built._schema)
    return built._schema
