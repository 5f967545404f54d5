"""`./dev dayend [--through DATE]`: runs the due day-ends in the foreground, with a line that shows how far they are.

Ctrl-C and SIGTERM leave it as a kill would: what is done stays done, the next start goes on.
"""

import argparse
import asyncio
import signal
import sys
from contextlib import suppress
from datetime import date

from domain import dayend
from domain.kernel.refusal import Refused
from ops import dayend as engine_room
from ops.dev.failures import CommandFailure
from ops.dev.surroundings import stores
from ops.settings import Settings
from ops.wiring import House, open_house

PROGRESS_SECONDS = 1.0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev dayend")
    parser.add_argument("--through", type=_date, help="the last business date to run, like 2026-11-23")
    options = parser.parse_args(arguments)
    with stores():
        try:
            outcome = asyncio.run(_run(Settings(), through=options.through))
        except Refused as refused:
            raise CommandFailure("".join(refusal.message for refusal in refused.refusals)) from None
        except asyncio.CancelledError:
            raise CommandFailure("已中断，再次启动时从中断处继续。") from None
    print(outcome.words)
    return int(outcome.state == "stopped")


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date like 2026-11-23") from None


async def _run(settings: Settings, *, through: date | None) -> engine_room.Outcome:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with open_house(settings) as house:
        showing = asyncio.create_task(_show(house))
        try:
            using = engine_room.engine(clock=house.clock, workers=settings.day_end_workers)
            return await engine_room.run_due(settings, using=using, clock=house.clock, through=through)
        finally:
            showing.cancel()
            with suppress(asyncio.CancelledError):
                await showing
            print(file=sys.stderr)


async def _show(house: House) -> None:
    while True:
        await asyncio.sleep(PROGRESS_SECONDS)
        seen = await dayend.overview(now=house.clock(), workers=house.settings.day_end_workers)
        if seen.run is None or seen.forecast is None:
            continue
        step = next((one for one in seen.steps if one.state == "running"), None)
        doing = f"{step.title} {step.percent}%" if step else ""
        left = seen.forecast.remaining_milliseconds // 1000
        line = f"\r{seen.run.business_date} {doing} 约剩{left}秒 异常{seen.open_exceptions}项"
        print(line, end="", file=sys.stderr, flush=True)
