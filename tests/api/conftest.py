"""Fixtures of the API tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio

from domain.kernel import database
from tests.api.people import Citizen, StaffMember, new_citizen, new_staff, reference_data
from tests.api.world import Client, World, world_of
from tests.services import Services


@pytest_asyncio.fixture(scope="session")
async def served_world(opened_database: Services) -> AsyncIterator[World]:
    async with world_of(opened_database) as world:
        yield world


@pytest_asyncio.fixture
async def world(served_world: World) -> World:
    """The API at the start of its time, with agencies that know nothing against anybody."""
    await served_world.begin()
    await reference_data()
    return served_world


@pytest_asyncio.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Accept": "application/graphql-response+json"}
    async with httpx.AsyncClient(base_url=world.base_url, timeout=30, headers=headers) as client:
        yield client


@pytest_asyncio.fixture
async def citizen(world: World) -> Citizen:
    return await new_citizen(now=world.clock())


@pytest_asyncio.fixture
async def stranger(world: World) -> Citizen:
    return await new_citizen(now=world.clock(), name="陌生人")


@pytest.fixture
def as_(http: httpx.AsyncClient) -> Callable[[Citizen | StaffMember | None], Client]:
    """`as_(citizen)` calls as the citizen, `as_(None)` as nobody."""
    return lambda person: Client(http, None if person is None else person.token)


@pytest_asyncio.fixture
async def preliminary(world: World) -> StaffMember:
    return await new_staff("preliminary_reviewer", now=world.clock())


@pytest_asyncio.fixture
async def final(world: World) -> StaffMember:
    return await new_staff("final_reviewer", now=world.clock())


@pytest.fixture
def footprint() -> Callable[..., Any]:
    """What a refused operation must leave as it was: rows about cases, money and requests."""

    async def count() -> dict[str, int]:
        tables = (
            "service_case",
            "case_event",
            "hold",
            "voucher",
            "posting",
            "withdrawal",
            "withdrawal_arrangement",
            "request_record",
            "evaluation",
            "payment",
            "outbox",
        )
        found = await database.row(
            "SELECT " + ", ".join(f"(SELECT count(*) FROM {table}) AS {table}" for table in tables)
        )
        assert found is not None
        locks = await database.value("SELECT count(*) FROM service_case WHERE locked_by IS NOT NULL")
        return {**dict(found), "locks": locks}

    return count
