"""`./dev bench online`: a citizen's home page and a withdrawal application, beside the floor on the same database.

Ours is the platform as it serves: granian, tokens, guards, rules, registries (the simulator, a process of its own, no
delay), audit, request log. The floor (`ops.bench.floors.online`) knows none of these. Answers are checked before they
are timed, each timed answer is looked at, and the books are proved at the end. Rounds alternate.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import secrets
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
from pydantic import SecretStr

from domain.kernel.vault import Vault
from ops.bench import documents
from ops.bench.floors import online as floor
from ops.bench.rig import figures, load, people, population, servers
from ops.bench.rig.figures import Figure, Measured
from ops.bench.rig.population import Citizen
from ops.bench.rig.servers import Server
from ops.bench.rig.stores import Stores, add_options, wanted_stores
from ops.migrate import migrate
from ops.settings import Settings
from ops.wiring import open_house, prove_books, system_clock
from schema.types.nodes import global_id

READERS = 1_000
WARM_SECONDS = 1.0
DOCUMENT_SENDERS = 100
FLOOR_TURNS = 40
"""How often the floor may apply on one account: the balance covers that many holds."""

HOME = """query Home {
  viewer { person { nameMasked documentNoMasked mobileMasked } }
  accounts { accountNo employerName officeName stateName balance held available monthlyContribution
    entries(first: 10) { edges { node { kindName side amount balanceAfter businessDate summary } } } }
}"""
APPLY = """mutation Apply($input: ApplyForRentWithdrawalInput!) {
  applyForRentWithdrawal(input: $input) { case { state amount } userErrors { code message } }
}"""
UNANSWERED = "SELECT count(*) FILTER (WHERE outcome = $1) || ' of ' || count(*) FROM case_check"
APPLIED = {
    "data": {
        "applyForRentWithdrawal": {"case": {"state": "pending_preliminary", "amount": "2000.00"}, "userErrors": []}
    }
}


class WrongAnswer(Exception):
    """A program did not answer what it must: its speed means nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Both programs on one database. `postgres_pid` is None for a server of somebody else."""

    ours: Server
    floor: Server
    stores: Stores
    postgres_pid: int | None


def main(argv: list[str]) -> int:
    wanted = _arguments(argv)
    with wanted_stores(wanted) as stores:
        found, costs, conditions = asyncio.run(measure(wanted=wanted, stores=stores))
    more = documents.told(*costs) if wanted.json else {"documents": documents.table(*costs)}
    figures.show(bench="online", figures=found, conditions=conditions, as_json=wanted.json, more=more)
    return 0


Costs = tuple[list[documents.Cost], dict[str, str]]


async def measure(*, wanted: argparse.Namespace, stores: Stores) -> tuple[list[Figure], Costs, dict[str, Any]]:
    """Fills the database, starts both programs, checks and times them. Raises WrongAnswer."""
    machine = figures.machine()
    master_key = secrets.token_bytes(32)
    await migrate(stores.database_url)
    citizens = await population.populate(
        dsn=stores.database_url, vault=Vault(master_key), accounts=wanted.accounts, now=system_clock()
    )
    await _run_sql(stores.database_url, floor.FUNCTIONS)
    with ExitStack() as stack:
        running = _start(stack, stores=stores, master_key=master_key, workers=wanted.workers)
        async with open_house(_settings(stores, master_key=master_key, public_url=running.ours.url)) as house:
            tokens = await people.log_in(dsn=stores.database_url, citizens=citizens, now=house.clock())
            others, senders = _apart(citizens)
            home = await _measure_home(running, citizens=others, tokens=tokens, wanted=wanted)
            applications = await _measure_applications(running, citizens=others, tokens=tokens, wanted=wanted)
            costs = await _measure_documents(running, citizens=senders, tokens=tokens, reads=wanted.reads)
            broken = [result.name for result in await prove_books() if not result.holds]
            checks = await _run_sql(stores.database_url, UNANSWERED, "unanswered")
        if broken:
            raise WrongAnswer(f"the books do not hold after the run: {', '.join(broken)}")
    conditions = {
        **machine,
        "accounts": wanted.accounts,
        "entries": wanted.accounts * population.MONTHS,
        "connections": wanted.connections,
        "seconds_a_round": wanted.seconds,
        "workers": wanted.workers,
        "commits": stores.durability,
        "registries": "simulator in a process of its own, no delay; its CPU is not in our figures",
        "registries_unanswered": checks,
        "books": "proved after the run",
    }
    return [home, applications], costs, conditions


def _apart(citizens: Sequence[Citizen]) -> tuple[Sequence[Citizen], Sequence[Citizen]]:
    """A few citizens, the last ones, send one of each document; the others are for the two long measurements."""
    few = min(DOCUMENT_SENDERS, len(citizens) // 4)
    return citizens[:-few], citizens[-few:]


async def _measure_documents(
    running: Running, *, citizens: Sequence[Citizen], tokens: dict[int, str], reads: int
) -> Costs:
    dsn = running.stores.database_url

    async def cases_of(senders: Sequence[documents.Sender]) -> list[str]:
        wanted = [each.citizen.account_no for each in senders]
        sql = "SELECT array_agg(case_no ORDER BY account_no) FROM service_case WHERE account_no = ANY($1::bigint[])"
        found: list[str] = await _run_sql(dsn, sql, wanted)
        return found

    senders = [documents.Sender(citizen=each, token=tokens[each.index]) for each in citizens]
    try:
        return await documents.measure(
            server=running.ours,
            database_url=dsn,
            postgres_pid=running.postgres_pid,
            senders=senders,
            cases_of=cases_of,
            reads=reads,
        )
    except documents.Wrong as wrong:
        raise WrongAnswer(str(wrong)) from wrong


def _start(stack: ExitStack, *, stores: Stores, master_key: bytes, workers: int) -> Running:
    """Simulators, the platform and the floor, all ready."""
    ports = [servers.a_free_port() for _ in range(3)]
    registries_secret = secrets.token_hex(16)
    values = {
        "DATABASE_URL": stores.database_url,
        "REDIS_URL": stores.redis_url,
        "HPF_REDIS_PREFIX": stores.redis_prefix,
        "HPF_ENVIRONMENT": "test",
        "HPF_PUBLIC_URL": f"http://127.0.0.1:{ports[0]}",
        "HPF_MASTER_KEY": base64.b64encode(master_key).decode(),
        "HPF_REGISTRIES_SECRET": registries_secret,
        "HPF_REGISTRIES_URL": f"http://127.0.0.1:{ports[2]}/registries",
        # a bench is one address that asks more often than any citizen
        "HPF_REQUESTS_PER_MINUTE_MAX": "100000000",
        "HPF_POINTS_CAPACITY": "1000000000",
        "HPF_POINTS_PER_SECOND": "1000000",
        "HPF_DATA_PATH": str(stores.folder),
    }

    def serve(name: str, command: list[str], port: int) -> Server:
        log = stores.folder / f"bench-{name}.log"
        return stack.enter_context(servers.serving(command=command, port=port, log=log, values=values))

    ours = serve("web", servers.granian(app="ops.asgi:app", workers=workers, port=ports[0]), ports[0])
    low = serve("floor", servers.granian(app="ops.bench.floors.online:app", workers=workers, port=ports[1]), ports[1])
    simulators = serve("simulators", [sys.executable, "-m", "ops.simulators", "--port", str(ports[2])], ports[2])
    for server, path in ((low, "/readyz"), (simulators, "/"), (ours, "/readyz")):
        server.wait_ready(path=path)
    return Running(ours=ours, floor=low, stores=stores, postgres_pid=stores.postgres_pid)


async def _measure_home(
    running: Running, *, citizens: Sequence[Citizen], tokens: dict[int, str], wanted: argparse.Namespace
) -> Figure:
    readers = citizens[:READERS]
    body = json.dumps({"query": HOME})
    ours = [_post(_authorized(tokens[each.index]), "/graphql", body) for each in readers]
    low = [_request("GET", "/home", {floor.ACCOUNT_HEADER: str(each.account_no)}) for each in readers]
    await _check_home(running, readers=readers[:: max(len(readers) // 20, 1)], tokens=tokens)

    def plans(_: int) -> tuple[load.Plan, load.Plan]:
        right = '"balanceAfter"'
        return (
            _plan(running.floor, requests=low, right=right, wanted=wanted),
            _plan(running.ours, requests=ours, right=right, wanted=wanted),
        )

    return await _alternate(running, name="home page", plans=plans, wanted=wanted)


async def _measure_applications(
    running: Running, *, citizens: Sequence[Citizen], tokens: dict[int, str], wanted: argparse.Namespace
) -> Figure:
    """Ours takes one half of the accounts, each once; the floor the other half, in turns."""
    half = len(citizens) // 2
    mine, others = citizens[:half], citizens[half:]
    await _check_application(running, mine=mine[0], other=others[0], tokens=tokens)
    ours = [_post(_authorized(tokens[each.index]), "/graphql", json.dumps(_application(each))) for each in mine[1:]]
    low = [
        _request("POST", "/apply", {floor.ACCOUNT_HEADER: str(each.account_no), "content-length": "0"})
        for each in others
    ] * FLOOR_TURNS
    parts = wanted.rounds + 1

    def plans(turn: int) -> tuple[load.Plan, load.Plan]:
        right = '"userErrors":[]'
        return (
            # PostgreSQL writes its JSON with spaces
            _plan(running.floor, requests=low[turn::parts], right='"userErrors" : []', wanted=wanted, once=True),
            _plan(running.ours, requests=ours[turn::parts], right=right, wanted=wanted, once=True),
        )

    return await _alternate(running, name="withdrawal application", plans=plans, wanted=wanted)


async def _alternate(running: Running, *, name: str, plans: Any, wanted: argparse.Namespace) -> Figure:
    """Warms both up, then times them in turns: floor, ours, floor, ours …"""
    low, ours = Measured(), Measured()
    for plan in plans(wanted.rounds):
        await _drive(_shortened(plan))
    for turn in range(wanted.rounds):
        for plan, server, measured in zip(plans(turn), (running.floor, running.ours), (low, ours), strict=True):
            pids = [server.pid, *([running.postgres_pid] if running.postgres_pid else [])]
            before = servers.cpu_seconds(*pids)
            outcome = await _drive(plan)
            after = servers.cpu_seconds(*pids)
            spent = None if before is None or after is None or running.postgres_pid is None else after - before
            measured.rounds.append(
                figures.round_of(seconds=outcome.seconds, elapsed=outcome.elapsed, cpu_seconds=spent)
            )
    low.peak_memory_mb = servers.peak_memory_mb(running.floor.pid)
    ours.peak_memory_mb = servers.peak_memory_mb(running.ours.pid)
    return Figure.of(name=name, unit="requests/s", ours=ours, floor=low)


async def _drive(plan: load.Plan) -> load.Outcome:
    outcome = await load.drive_elsewhere(plan)
    if outcome.wrong or not outcome.seconds:
        raise WrongAnswer(f"{outcome.wrong} wrong answers; the first: {outcome.first_wrong}")
    return outcome


async def _check_home(running: Running, *, readers: Sequence[Citizen], tokens: dict[int, str]) -> None:
    """The platform and the floor say the same, and what they say is the population's."""
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        for each in readers:
            ours = await client.post(
                f"{running.ours.url}/graphql", json={"query": HOME}, headers=_authorized(tokens[each.index])
            )
            low = await client.get(f"{running.floor.url}/home", headers={floor.ACCOUNT_HEADER: str(each.account_no)})
            if _answered(ours) != low.json():
                raise WrongAnswer(f"the home pages differ:\n{ours.text}\n{low.text}")
            account = ours.json()["data"]["accounts"][0]
            if account["accountNo"] != str(each.account_no) or len(account["entries"]["edges"]) != 10:
                raise WrongAnswer(f"not the home page of {each.account_no}:\n{ours.text}")


def _answered(answer: httpx.Response) -> dict[str, Any]:
    """Without what the platform tells about the caller's points: the floor counts none."""
    parts: dict[str, Any] = answer.json()
    return {name: part for name, part in parts.items() if name != "extensions"}


async def _check_application(running: Running, *, mine: Citizen, other: Citizen, tokens: dict[int, str]) -> None:
    """Both answer with the case and hold its amount."""
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        ours = await client.post(
            f"{running.ours.url}/graphql", json=_application(mine), headers=_authorized(tokens[mine.index])
        )
        low = await client.post(f"{running.floor.url}/apply", headers={floor.ACCOUNT_HEADER: str(other.account_no)})
    for answer in (ours, low):
        if _answered(answer) != APPLIED:
            raise WrongAnswer(f"an application was answered so:\n{answer.text}")
    held = await _run_sql(
        running.stores.database_url,
        "SELECT array_agg(held_fen) FROM account_balance WHERE account_no IN ($1, $2)",
        mine.account_no,
        other.account_no,
    )
    if held != [floor.AMOUNT_FEN, floor.AMOUNT_FEN]:
        raise WrongAnswer(f"an application did not hold its amount: {held}")


def _application(citizen: Citizen) -> dict[str, Any]:
    wanted = {
        "frequency": "MONTHLY",
        "cardId": global_id("Card", citizen.card_id),
        "autoRenewal": False,
        "commitment": True,
        "requestKey": secrets.token_hex(12),
    }
    return {"query": APPLY, "variables": {"input": wanted}}


def _plan(
    server: Server, *, requests: list[str], right: str, wanted: argparse.Namespace, once: bool = False
) -> load.Plan:
    return load.Plan(
        port=server.port,
        connections=wanted.connections,
        seconds=wanted.seconds,
        requests=requests,
        right=right,
        once=once,
    )


def _shortened(plan: load.Plan) -> load.Plan:
    return load.Plan(
        port=plan.port,
        connections=plan.connections,
        seconds=min(plan.seconds, WARM_SECONDS),
        requests=plan.requests,
        right=plan.right,
        once=plan.once,
    )


def _authorized(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def _post(headers: dict[str, str], path: str, body: str) -> str:
    sent = {**headers, "content-type": "application/json", "content-length": str(len(body.encode()))}
    return _request("POST", path, sent) + body


def _request(method: str, path: str, headers: dict[str, str]) -> str:
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines) + "\r\n\r\n"


async def _run_sql(dsn: str, sql: str, *values: object) -> Any:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        return await connection.fetchval(sql, *values) if values else await connection.execute(sql)
    finally:
        await connection.close()


def _settings(stores: Stores, *, master_key: bytes, public_url: str) -> Settings:
    """Settings of this process, which makes tokens and proves books beside the servers."""
    return Settings(
        database_url=stores.database_url,
        redis_url=stores.redis_url,
        redis_prefix=stores.redis_prefix,
        public_url=public_url,
        master_key=SecretStr(base64.b64encode(master_key).decode()),
    )


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench online", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8, help="of one round of one program")
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--reads", type=int, default=400, help="requests for each trusted document that changes nothing"
    )
    add_options(parser)
    wanted = parser.parse_args(argv)
    if bool(wanted.database) != bool(wanted.redis):
        parser.error("--database and --redis go together")
    if (
        min(wanted.rounds, wanted.connections, wanted.workers, wanted.reads) < 1
        or wanted.accounts < 8
        or wanted.seconds <= 0
    ):
        parser.error("rounds, connections and workers from 1, accounts from 8, seconds above 0")
    return wanted


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
