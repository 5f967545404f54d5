"""A PostgreSQL and a Valkey for one test run: fast, not durable, removed with their data at the end."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from ops.embedded.place import Place, owner_of, temporary_place
from ops.embedded.postgres import Postgres, PostgresOptions
from ops.embedded.valkey import Valkey

OPTIONS = PostgresOptions(shared_buffers_mb=256, connections_max=300, durable=False)


@dataclass(frozen=True)
class Throwaway:
    place: Place
    postgres: Postgres
    valkey: Valkey

    @classmethod
    def start(cls, *, checkout: Path) -> "Throwaway":
        """Both servers, ready, in a new temporary folder. Raises EmbeddedFailure, leaving nothing."""
        servers = cls._in(temporary_place(checkout=checkout))
        try:
            servers.postgres.start()
            servers.valkey.start()
        except BaseException:
            servers.stop()
            raise
        return servers

    @classmethod
    def attach(cls, *, base: Path) -> "Throwaway":
        """The servers that another process of the same run has started in `base`."""
        return cls._in(Place(base=base, logs=base / "logs", owner=owner_of(base)))

    @classmethod
    def _in(cls, place: Place) -> "Throwaway":
        return cls(
            place=place,
            postgres=Postgres(place=place, options=OPTIONS),
            valkey=Valkey(place=place, durable=False),
        )

    def stop(self) -> None:
        try:
            self.valkey.stop()
        finally:
            try:
                self.postgres.stop()
            finally:
                shutil.rmtree(self.place.base, ignore_errors=True)
