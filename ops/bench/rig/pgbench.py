"""pgbench, the program that came with the server: one script from many clients for a while."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ops.bench.rig import figures
from ops.bench.rig.figures import Round
from ops.embedded.binaries import postgres_programs
from ops.embedded.place import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Pgbench:
    """`variables` are known to every script as `:name`. Statements are prepared once a client."""

    dsn: str
    clients: int
    seconds: int
    variables: Mapping[str, int]

    async def run(self, scripts: Sequence[str], *, each: int = 1) -> Round:
        """One round, the scripts drawn at random. `each` is how many pieces of work one transaction holds. Raises
        RuntimeError with pgbench's own words."""
        folder = Path(tempfile.mkdtemp(prefix="hpf-pgbench-"))
        try:
            began = time.perf_counter()
            process = await asyncio.create_subprocess_exec(
                *self._command(folder, scripts),
                cwd=folder,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            told = (await process.communicate())[0].decode()
            elapsed = time.perf_counter() - began
            if process.returncode or "tps = " not in told:
                raise RuntimeError(f"pgbench: {told[-1000:]}")
            times = _times(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        per_second = float(told.split("tps = ")[1].split()[0]) * each
        return replace(figures.round_of(seconds=[one / each for one in times], elapsed=elapsed), per_second=per_second)

    def _command(self, folder: Path, scripts: Sequence[str]) -> list[str]:
        program = postgres_programs(place=Place(base=folder, logs=folder, owner=None))["pgbench"]
        command = [program, "-n", "-M", "prepared", "-j", str(min(2, self.clients)), "-l"]
        for number, text in enumerate(scripts):
            path = folder / f"{number}.sql"
            path.write_text(text)
            command += ["-f", str(path)]
        for name, value in self.variables.items():
            command += ["-D", f"{name}={value}"]
        return [*command, "-c", str(self.clients), "-T", str(self.seconds), self.dsn]


def _times(folder: Path) -> list[float]:
    """Seconds of each transaction, from pgbench's log: client, number, microseconds, …"""
    return [
        int(line.split()[2]) / 1_000_000
        for log in folder.glob("pgbench_log.*")
        for line in log.read_text().splitlines()
    ]
