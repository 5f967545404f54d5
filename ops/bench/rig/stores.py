"""The stores that a bench measures on: its own PostgreSQL and Valkey, thrown away at the end."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ops.embedded import Postgres, PostgresOptions, Valkey
from ops.embedded.place import temporary_place

CHECKOUT = Path(__file__).resolve().parents[3]
OPTIONS = PostgresOptions(shared_buffers_mb=1024, connections_max=200, durable=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """`folder` is for files of the run. `durability` says in words how safe a commit is. `postgres_pid` is None for a
    server of somebody else, whose processor time is then not counted."""

    database_url: str
    redis_url: str
    redis_prefix: str
    folder: Path
    durability: str
    postgres_pid: int | None


@contextmanager
def own_stores() -> Iterator[Stores]:
    """New servers that commit as in production (fsync and synchronous_commit on), empty, not migrated."""
    place = temporary_place(checkout=CHECKOUT)
    postgres = Postgres(place=place, options=OPTIONS)
    valkey = Valkey(place=place, durable=False)
    try:
        database_url = postgres.start()
        yield Stores(
            database_url=database_url,
            redis_url=valkey.start(),
            redis_prefix="bench:",
            folder=place.logs,
            durability="fsync and synchronous_commit on, as in production",
            postgres_pid=int((place.base / "postgres" / "postmaster.pid").read_text().split()[0]),
        )
    finally:
        try:
            valkey.stop()
        finally:
            try:
                postgres.stop()
            finally:
                shutil.rmtree(place.base, ignore_errors=True)


def add_options(parser: argparse.ArgumentParser) -> None:
    """How a bench is told to measure on servers of somebody else."""
    parser.add_argument("--database", default="", help="an empty database instead of an own server")
    parser.add_argument("--redis", default="", help="with --database")
    parser.add_argument("--redis-prefix", default="bench:")


@contextmanager
def wanted_stores(wanted: argparse.Namespace) -> Iterator[Stores]:
    """Those of the options, else new ones. A named database is filled; `population` refuses one with accounts."""
    if not wanted.database:
        with own_stores() as stores:
            yield stores
        return
    with tempfile.TemporaryDirectory(prefix="hpf-bench-") as folder:
        yield Stores(
            database_url=wanted.database,
            redis_url=wanted.redis,
            redis_prefix=wanted.redis_prefix,
            folder=Path(folder),
            durability="as the named server is set",
            postgres_pid=None,
        )
