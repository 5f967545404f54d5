"""`./dev psql …`: psql as the owner of the database; the password travels by environment, not by argument."""

import os
import subprocess
from urllib.parse import unquote, urlsplit

from ops.dev.surroundings import CHECKOUT, DATA, stores
from ops.embedded import find_place
from ops.embedded.binaries import postgres_programs


def main(arguments: list[str]) -> int:
    with stores():
        url = urlsplit(os.environ["DATABASE_URL"])
        program = postgres_programs(place=find_place(checkout=CHECKOUT, data=DATA))["psql"]
        address = {
            "PGHOST": url.hostname or "127.0.0.1",
            "PGPORT": str(url.port or 5432),
            "PGUSER": unquote(url.username or ""),
            "PGPASSWORD": unquote(url.password or ""),
            "PGDATABASE": url.path.lstrip("/"),
        }
        return subprocess.run([program, *arguments], env={**os.environ, **address}, check=False).returncode
