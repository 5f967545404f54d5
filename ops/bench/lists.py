"""`./dev bench lists`: an employer's list from the file to the accounts, and the month's money into them.

One list of new employees is received, validated, applied; its month is drawn up, paid and distributed. Each round is
another employer of a new size on the same database, its books proved at the end. Distribution stands beside its floor,
the same rows written by bare SQL without ledger, locks or marks (`ops.bench.floors.lists`). Registries answer at once:
what they cost is theirs.
"""

from __future__ import annotations

import argparse
import base64
import resource
import secrets
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

import asyncpg
import uvloop
from pydantic import SecretStr

from domain import contributions, ledger, settlement
from domain.contributions.ports import PersonAsked, Standing
from domain.kernel import database
from domain.kernel.actor import SYSTEM
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.identifiers import valid_id_card
from domain.kernel.money import Money
from domain.ledger import Line, VoucherKind
from ops.bench.floors import lists as floor
from ops.bench.rig import figures
from ops.bench.rig.figures import Figure, Measured
from ops.bench.rig.servers import cpu_ratio, cpu_used
from ops.bench.rig.stores import Stores, add_options, wanted_stores
from ops.migrate import ensure_partitions, migrate
from ops.settings import Settings
from ops.wiring import INVARIANTS, open_house, system_clock

ROUNDS_MAX = 5
EMPLOYER_FIRST = 300_001


class WrongList(Exception):
    """A count or an amount is not what the file says: the speed means nothing."""


class _Registries:
    async def standings(self, *, persons: Sequence[PersonAsked], now: datetime) -> list[Standing]:
        return [Standing()] * len(persons)


def main(argv: list[str]) -> int:
    wanted = _arguments(argv)
    with wanted_stores(wanted) as stores:
        found, conditions = uvloop.run(measure(wanted=wanted, stores=stores))
    figures.show(bench="lists", figures=found, conditions=conditions, as_json=wanted.json)
    return 0


async def measure(*, wanted: argparse.Namespace, stores: Stores) -> tuple[list[Figure], dict[str, Any]]:
    machine = figures.machine()
    await migrate(stores.database_url)
    settings = Settings(
        database_url=stores.database_url,
        redis_url=stores.redis_url,
        redis_prefix=stores.redis_prefix,
        master_key=SecretStr(base64.b64encode(secrets.token_bytes(32)).decode()),
    )
    rounds: list[dict[str, float]] = []
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(open_house(settings))
        connection = await asyncpg.connect(stores.database_url)
        stack.push_async_callback(connection.close)
        await ensure_partitions(connection, around=system_clock())
        await _centre(connection)
        for number in range(wanted.rounds):
            rounds.append(await _round(connection, stores, rows=wanted.rows, number=number))
        if wanted.prove:
            results = await ledger.prove(invariants=INVARIANTS, using=database.Transaction(connection))
            broken = [result.name for result in results if not result.holds]
            if broken:
                raise WrongList(f"the books do not hold after the run: {', '.join(broken)}")
    ours = Measured(rounds=[figures.round_of(seconds=[one["distribute"]], elapsed=one["distribute"]) for one in rounds])
    low = Measured(rounds=[figures.round_of(seconds=[one["floor"]], elapsed=one["floor"]) for one in rounds])
    steps = ("receive", "validate", "apply", "draw", "distribute", "floor")
    return [Figure.of(name="a month's distribution", unit="lists/s", ours=ours, floor=low)], {
        **machine,
        "rows": wanted.rows,
        "commits": stores.durability,
        **{f"{step}_seconds": [round(one[step], 2) for one in rounds] for step in steps},
        "posted_seconds": [round(one["apply"] + one["draw"] + one["distribute"], 2) for one in rounds],
        # of this process and PostgreSQL: what travels from a busy machine
        **{f"{step}_cpu_seconds": [round(one[f"{step}_cpu"], 2) for one in rounds] for step in steps},
        "cpu_times_the_floor": cpu_ratio(*(median(one[f"{which}_cpu"] for one in rounds) for which in steps[-2:])),
        "validate_rows_per_second": round(median(wanted.rows / one["validate"] for one in rounds)),
        "distribute_rows_per_second": round(median(wanted.rows / one["distribute"] for one in rounds)),
        "times_the_floor": round(median(one["distribute"] / one["floor"] for one in rounds), 2),
        "memory_growth_megabytes": [round(one["memory"], 1) for one in rounds],
        "file_megabytes": round(rounds[0]["file"], 1),
        "books": "proved after the run" if wanted.prove else "not proved",
    }


async def _round(connection: asyncpg.Connection, stores: Stores, *, rows: int, number: int) -> dict[str, float]:
    now = system_clock()
    today = business_date_of(now)
    month = YearMonth.of(today)
    employer_no = EMPLOYER_FIRST + number
    async with database.transaction() as tx:
        await contributions.open_employer(
            tx,
            actor=SYSTEM,
            employer_no=employer_no,
            wanted=contributions.Registration(
                name=f"测算单位{number}",
                uscc=f"91110101MA0BENCH{number:02d}",
                kind="enterprise",
                office_code="0101",
                pay_day=10,
                first_month=month,
                employer_rate_bp=1200,
                employee_rate_bp=1200,
            ),
            opened_on=today,
            state="02",
            now=now,
        )
    content = _file(rows, number)
    where: dict[str, Any] = {"employer_no": employer_no, "now": now}
    taken: dict[str, float] = {"file": len(content) / 1_048_576}

    async def timed(name: str, work: Any) -> Any:
        began, spent = time.perf_counter(), cpu_used(stores)
        answer = await work
        taken[name] = time.perf_counter() - began
        taken[f"{name}_cpu"] = cpu_used(stores) - spent
        return answer

    before = _memory()
    opened = await timed(
        "receive",
        contributions.receive_list_file(
            actor=SYSTEM, kind="change", month=month, file_name="list.csv", content=content,
            request_key=secrets.token_hex(8), business_date=today, **where,
        ),
    )  # fmt: skip
    state = await timed("validate", contributions.check_list(list_id=opened.list_id, registries=_Registries(), **where))
    taken["memory"] = _memory() - before
    counts = await database.row(
        "SELECT accepted_count, refused_count FROM contribution_list WHERE list_id = $1", opened.list_id
    )
    if state != "checked" or counts is None or tuple(counts) != (rows, 0):
        raise WrongList(f"{state}, {counts}")
    await contributions.submit_list(
        actor=SYSTEM, list_no=opened.list_no, accepted_only=False, request_key=secrets.token_hex(8),
        business_date=today, **where,
    )  # fmt: skip
    await timed("apply", contributions.apply_list(list_id=opened.list_id, business_date=today, **where))
    drawn = await timed(
        "draw",
        contributions.draw_statement(
            actor=SYSTEM, month=month, method="cash", request_key=secrets.token_hex(8), business_date=today, **where
        ),
    )
    await _pay(drawn, employer_no=employer_no, now=now, today=today)
    await floor.make(connection, statement_id=drawn.statement_id)
    await connection.execute("VACUUM (ANALYZE) account_balance, account, remittance_line")
    await connection.execute("CHECKPOINT")
    booked = await timed("floor", floor.distribute(connection, now=now))
    await connection.execute("CHECKPOINT")
    await timed(
        "distribute",
        contributions.distribute_statement(statement_id=drawn.statement_id, business_date=today, **where),
    )
    row = await database.row(
        "SELECT state, distributed_fen, amount_fen FROM remittance_statement WHERE statement_id = $1",
        drawn.statement_id,
    )
    if row is None or row["state"] != "distributed" or {row["distributed_fen"], booked} != {row["amount_fen"]}:
        raise WrongList(f"distributed {row}, floor {booked}")
    return taken


async def _pay(drawn: contributions.Drawn, *, employer_no: int, now: datetime, today: date) -> None:
    """The money comes in as a receipt books it."""
    async with database.transaction() as tx:
        row = await tx.row(
            "SELECT expectation_id, amount_fen FROM remittance_statement WHERE statement_id = $1", drawn.statement_id
        )
        assert row is not None
        amount = Money(row["amount_fen"])
        voucher_id = await ledger.post_general(
            tx,
            account_set="provident_fund",
            business_key=f"bench:{drawn.statement_no}",
            kind=VoucherKind.OTHER,
            summary="测算到账",
            lines=[
                Line(subject="101", side="D", amount=amount, auxiliary="102"),
                Line(subject=settlement.PENDING_DISTRIBUTION, side="C", amount=amount, auxiliary=str(employer_no)),
            ],
            effective_on=today,
            posted_on=today,
            now=now,
            prepared_by=SYSTEM.reference,
        )
        await settlement.cancel_expected(
            tx, actor=SYSTEM, expectation_id=row["expectation_id"], reason="测算直接记账", now=now
        )
        await contributions.money_arrived(
            tx, expectation_id=row["expectation_id"], voucher_id=voucher_id, receipt_id=0, now=now, business_date=today
        )


async def _centre(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "INSERT INTO management_office (code, name, district_code) VALUES ('0101', '东城管理部', '110101')"
        " ON CONFLICT DO NOTHING"
    )


def _file(rows: int, number: int) -> bytes:
    lines = ["变更类型,证件类型,证件号码,姓名,手机号码,缴存基数,月缴存额,原因"]
    lines += [f"新开户,身份证,{_document(number, index)},测试人{index},,10000.00,2400.00," for index in range(rows)]
    return "\r\n".join(lines).encode("gbk")


def _document(number: int, index: int) -> str:
    """Well-formed, of a district code that was never given out."""
    day = date(1960, 1, 1) + timedelta(days=index // 1000 * 37 + number)
    body = f"1199{number:02d}{day:%Y%m%d}{index % 1000:03d}"
    return next(body + check for check in "0123456789X" if valid_id_card(body + check))


def _memory() -> float:
    """The most this process has held so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench lists", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3, help=f"lists, at most {ROUNDS_MAX}")
    parser.add_argument("--no-prove", dest="prove", action="store_false", help="leave out the proof of the books")
    add_options(parser)
    wanted = parser.parse_args(argv)
    if bool(wanted.database) != bool(wanted.redis):
        parser.error("--database and --redis go together")
    if not 1 <= wanted.rounds <= ROUNDS_MAX or not 1 <= wanted.rows <= 100_000:
        parser.error(f"rounds from 1 to {ROUNDS_MAX}, rows from 1 to 100,000")
    return wanted


if __name__ == "__main__":
    import sys

    raise SystemExit(main(sys.argv[1:]))
