"""The audits in Node (`tests.node`)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import node


@dataclass(frozen=True)
class Audited:
    id: str
    name: str
    status: str
    reason: str


Audit = Callable[..., Awaitable[list[Audited]]]


@pytest.fixture(scope="session")
async def audit() -> Audit:
    folder = await asyncio.to_thread(node.installed, Path(__file__).parent, files=["audit.mjs"])

    async def run(url: str, *, token: str = "") -> list[Audited]:
        code, out, problems = await node.run("audit.mjs", url, folder=folder, AUDIT_TOKEN=token)
        assert code == 0, problems
        return [Audited(**each) for each in json.loads(out)]

    return run
