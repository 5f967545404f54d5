"""Where the embedded servers keep their data and under which user they run.

A server never runs as root. Called by root we take an existing user who can reach the data; where a closed
parent folder keeps that user out, the data get a folder of their own instead of anybody opening the parent.
"""

import hashlib
import os
import pwd
import secrets
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from ops.embedded.failures import EmbeddedFailure

POINTER = "embedded.place"
DATA_NOTE = "data-folder"
RELOCATED = (Path("/var/lib/hpf-platform"), Path("/var/tmp/hpf-platform"))


class Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Owner:
    """An unprivileged user with an entry in the user database (initdb asks for one)."""

    uid: int
    gid: int
    name: str

    @property
    def identity(self) -> Identity:
        """The arguments of subprocess that drop privileges in the child (groups, group, user)."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can(self, *, flag: str, path: Path) -> bool:
        """Whether this user passes `test FLAG path`; asked as that user, so that parents and ACLs count."""
        asked = subprocess.run(["/bin/sh", "-c", f'test {flag} "$0"', str(path)], cwd="/", check=False, **self.identity)
        return asked.returncode == 0


@dataclass(frozen=True)
class Place:
    """A folder for the servers' data. `owner` is the user they run as, None when that is ourselves."""

    base: Path
    logs: Path
    owner: Owner | None

    def folder(self, name: str) -> Path:
        """A folder below the base that only the servers' user may enter; made when missing."""
        path = self.base / name
        if not path.is_dir():
            path.mkdir(mode=0o700)
            self.give(path)
        return path

    def give(self, path: Path) -> None:
        if self.owner is not None:
            os.chown(path, self.owner.uid, self.owner.gid)

    def write_private(self, path: Path, text: str) -> None:
        """Write a file that only the servers' user (and root) can read, replacing it as a whole."""
        partial = path.with_name(path.name + ".new")
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        self.give(partial)
        partial.replace(path)

    def reachable(self, path: Path, *, flag: str = "-r") -> bool:
        """Whether the servers' user passes `test FLAG path`."""
        return self.owner.can(flag=flag, path=path) if self.owner else _own_test(flag, path)

    def adopt(self, *, sources: Mapping[str, Path], name: str) -> Path:
        """Copies of folders below the base, made once; for programs that the servers' user cannot reach.

        `sources` names each copy by its path below the result, as programs find libraries beside them.
        """
        target = self.base / name
        if not target.is_dir():
            partial = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=self.base))
            for below, source in sources.items():
                shutil.copytree(source, partial / below, symlinks=True)
            for path in (partial, *partial.rglob("*")):
                if not path.is_symlink():
                    executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
                    path.chmod(0o755 if executable else 0o644)
            partial.replace(target)
        return target


def find_place(*, checkout: Path, data: Path) -> Place:
    """The lasting place of the checkout's servers; the same at each start.

    `data` is the folder that holds everything this checkout keeps (`.data`); it is made when missing. Raises
    EmbeddedFailure when no unprivileged user or no reachable folder can be found.
    """
    data.mkdir(exist_ok=True)
    logs = data / "logs"
    logs.mkdir(exist_ok=True)
    if os.geteuid() != 0:
        _refuse_foreign(data / "postgres")
        if (data / POINTER).exists():
            raise EmbeddedFailure(f"the embedded servers of {checkout} were set up by root: start again as root")
        return Place(base=data, logs=logs, owner=None)
    pointer = data / POINTER
    if pointer.is_file():
        base = Path(pointer.read_text().strip())
        if (owner := owner_of(base)) and _belongs(base, data):
            (base / DATA_NOTE).write_text(f"{data}\n")
            return Place(base=base, logs=logs, owner=owner)
    owner = owner_of(data / "postgres") or unprivileged_owner(checkout=checkout)
    if owner.can(flag="-x", path=data):
        return Place(base=data, logs=logs, owner=owner)
    base = _relocated(data=data, owner=owner)
    (base / DATA_NOTE).write_text(f"{data}\n")
    pointer.write_text(f"{base}\n")
    return Place(base=base, logs=logs, owner=owner)


def temporary_place(*, checkout: Path) -> Place:
    """A throw-away place for one test run; the caller removes `base` at the end."""
    owner = unprivileged_owner(checkout=checkout) if os.geteuid() == 0 else None
    for parent in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):
        if not parent.is_dir() or (owner is not None and not owner.can(flag="-x", path=parent)):
            continue
        base = Path(tempfile.mkdtemp(prefix="hpf-test-", dir=parent))
        place = Place(base=base, logs=base / "logs", owner=owner)
        place.logs.mkdir()
        place.give(base)
        return place
    raise EmbeddedFailure("no temporary folder can be reached by the servers' user: set TMPDIR to one that can")


def unprivileged_owner(*, checkout: Path) -> Owner:
    """Who runs the servers for root: the user behind sudo, the checkout's owner, else nobody."""
    wanted: list[int] = []
    if (behind_sudo := os.environ.get("SUDO_UID", "")).isdigit():
        wanted.append(int(behind_sudo))
    wanted.append(checkout.stat().st_uid)
    for uid in wanted:
        if uid != 0 and (owner := _known(uid)):
            return owner
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedFailure(
            "PostgreSQL does not run as root and no other user was found: start ./dev as an ordinary user, "
            "or name servers by DATABASE_URL and REDIS_URL"
        ) from error
    return Owner(uid=entry.pw_uid, gid=entry.pw_gid, name=entry.pw_name)


def _known(uid: int) -> Owner | None:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return None
    return Owner(uid=uid, gid=entry.pw_gid, name=entry.pw_name)


def _belongs(base: Path, data: Path) -> bool:
    """A checkout that was moved keeps its data; a copy of one that is still there gets its own."""
    note = base / DATA_NOTE
    noted = Path(note.read_text().strip()) if note.is_file() else data
    return noted == data or not noted.exists()


def owner_of(path: Path) -> Owner | None:
    """Whom an existing folder of a server belongs to; None when it is missing or root's."""
    return _known(path.stat().st_uid) if path.exists() and path.stat().st_uid != 0 else None


def _own_test(flag: str, path: Path) -> bool:
    return os.access(path, {"-r": os.R_OK, "-w": os.W_OK, "-x": os.X_OK}[flag])


def _refuse_foreign(path: Path) -> None:
    if path.exists() and path.stat().st_uid != os.geteuid():
        raise EmbeddedFailure(
            f"{path} belongs to another user: start as that user (or as root), or remove {path.parent}"
        )


def _relocated(*, data: Path, owner: Owner) -> Path:
    # New each time: without its pointer a checkout is a fresh one, and finds no data of one that stood here before.
    name = f"{hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:16]}-{secrets.token_hex(4)}"
    for parent in RELOCATED:
        try:
            parent.mkdir(mode=0o755, exist_ok=True)
        except OSError:
            continue
        # /var/tmp is open to all: a folder that somebody else put there is not ours to use
        if parent.is_symlink() or parent.stat().st_uid != 0 or parent.stat().st_mode & 0o022:
            continue
        if not owner.can(flag="-x", path=parent):
            continue
        base = parent / name
        base.mkdir(mode=0o700)
        os.chown(base, owner.uid, owner.gid)
        return base
    raise EmbeddedFailure(
        f"user {owner.name} can reach neither {data} nor a folder below /var: move the checkout to one "
        f"that {owner.name} may enter, or name servers by DATABASE_URL and REDIS_URL"
    )
