"""`python -m ops.demo`: loads the demonstration city into an empty database and prints who there is to play."""

from __future__ import annotations

import asyncio

from ops import settings as configuration
from ops.demo.city import city
from ops.demo.loading import load_city
from ops.settings import Settings
from ops.simulators import LOGIN_PASSWORD
from ops.wiring import open_house


async def _load(settings: Settings) -> None:
    async with open_house(settings) as house:
        await load_city(city=city(), now=house.clock(), seed=settings.demonstration_seed.get_secret_value())


def _identities(settings: Settings) -> str:
    seed = settings.demonstration_seed.get_secret_value()
    lines = [f"市民 citizens (password at the identity platform: {LOGIN_PASSWORD})"]
    for citizen in city().citizens.values():
        lines.append(f"  {citizen.key:<11} {citizen.name}  {citizen.note}")
    lines.append("工作人员 staff (one-time code: ./dev code LOGIN)")
    for member in city().staff.values():
        lines.append(f"  {member.login:<13} {member.password(seed=seed)}  {member.name}  {member.note}")
    return "\n".join(lines)


def main() -> None:
    settings = configuration.load()
    if settings.is_production:
        raise SystemExit("the demonstration city has no place in production")
    asyncio.run(_load(settings))
    print(_identities(settings))


if __name__ == "__main__":
    main()
