"""Doing again what a day-end had to leave out. The effect and the end of the exception are one transaction, so that
it happens once however often it is asked for, and whether or not a day-end runs meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.dayend import store
from domain.dayend.engine import Engine
from domain.dayend.isolation import kind_of
from domain.dayend.ports import Partition, StepWork, WholeWork
from domain.dayend.refusals import EXCEPTION_ENDED, EXCEPTION_NOT_FOUND, RETRY_FAILED, RETRY_RUNNING, STEP_UNBOUND
from domain.dayend.steps import SUBJECT_NAMES, before
from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.failures import StoreUnavailable
from domain.kernel.refusal import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    exception_id: int
    business_date: date
    step: str
    title: str
    subject: str
    subject_no: int


async def retry(*, engine: Engine, exception_id: int, actor: Actor) -> int:
    """Tries the exception and every open one of the same number, oldest first, because what comes later stands on
    what came before; one whose predecessor is still open is not tried. Returns how many are done now.

    Raises Refused when the asked one could not be done, with the kind of what failed; those that succeeded stay."""
    chain = await _chain(exception_id)
    failed: dict[tuple[date, str], str] = {}
    done = 0
    for item in chain:
        step = engine.steps.get(item.step)
        if step is None:
            raise Refused(STEP_UNBOUND(day=item.business_date, title=item.title))
        earlier = before(step, steps=engine.steps)
        blocked = [
            kind
            for (day, name), kind in failed.items()
            if (name == item.step and day < item.business_date) or (day == item.business_date and name in earlier)
        ]
        kind = blocked[0] if blocked else await _try(engine, item, actor)
        if kind is None:
            done += 1
            continue
        failed[item.business_date, item.step] = kind
        if item.exception_id == exception_id:
            subject = SUBJECT_NAMES[item.subject]
            raise Refused(RETRY_FAILED(day=item.business_date, title=item.title, error=kind, subject=subject))
    return done


async def _chain(exception_id: int) -> list[_Item]:
    asked = await database.row(
        "SELECT e.state, e.step, e.subject_no, s.subject FROM day_end_exception e JOIN day_end_step s"
        " ON s.business_date = e.business_date AND s.name = e.step WHERE e.exception_id = $1",
        exception_id,
    )
    if asked is None:
        raise Refused(EXCEPTION_NOT_FOUND())
    if asked["state"] != "open":
        raise Refused(EXCEPTION_ENDED())
    rows = await database.rows(
        "SELECT e.exception_id, e.business_date, e.step, s.title, s.subject, e.subject_no FROM day_end_exception e"
        " JOIN day_end_step s ON s.business_date = e.business_date AND s.name = e.step"
        " WHERE e.state = 'open' AND e.subject_no = $1 AND s.subject = $2 AND ($2 <> '' OR e.step = $3)"
        " ORDER BY e.business_date, s.position",
        asked["subject_no"],
        asked["subject"],
        asked["step"],
    )
    return [_item(row) for row in rows]


def _item(row: Record) -> _Item:
    return _Item(
        exception_id=row["exception_id"],
        business_date=row["business_date"],
        step=row["step"],
        title=row["title"],
        subject=row["subject"],
        subject_no=row["subject_no"],
    )


async def _try(engine: Engine, item: _Item, actor: Actor) -> str | None:
    """The kind of what went wrong, None when it is done."""
    work = engine.works[item.step]
    try:
        if isinstance(work, StepWork):
            await _partitioned(engine, item, work, actor)
        else:
            await _whole(engine, item, work, actor)
    except (StoreUnavailable, _Busy):
        raise
    except Exception as error:
        kind = kind_of(error)
        async with transaction() as tx:
            await tx.execute(
                "UPDATE day_end_exception SET tries = tries + 1, tried_at = $2, error_kind = $3"
                " WHERE exception_id = $1 AND state = 'open'",
                item.exception_id,
                engine.time.now(),
                kind,
            )
            await _audit(tx, engine, item, actor, error=kind)
        return kind
    return None


class _Busy(Refused):
    """Somebody else is trying it at this moment."""


async def _lock(tx: Transaction, item: _Item) -> bool:
    """True when it is still open; it is locked then."""
    await tx.execute("SET LOCAL lock_timeout = '5s'")
    row = await tx.row(
        "SELECT state FROM day_end_exception WHERE exception_id = $1 FOR UPDATE SKIP LOCKED", item.exception_id
    )
    if row is None:
        raise _Busy(RETRY_RUNNING())
    return bool(row["state"] == "open")


async def _partitioned(engine: Engine, item: _Item, work: StepWork, actor: Actor) -> None:
    number = item.subject_no
    async with transaction() as tx:
        if not await _lock(tx, item):
            return
        rows = await work.run(
            tx,
            partition=Partition(no=0, lo=number, hi=number, rows=1),
            business_date=item.business_date,
            now=engine.time.now(),
        )
        await tx.execute(
            "UPDATE day_end_partition SET state = 'done', rows_done = $4, ended_at = $5"
            " WHERE business_date = $1 AND step = $2 AND lo = $3 AND state = 'excepted'",
            item.business_date,
            item.step,
            number,
            rows,
            engine.time.now(),
        )
        await _done(tx, engine, item, actor)


async def _whole(engine: Engine, item: _Item, work: WholeWork, actor: Actor) -> None:
    await work.run_whole(business_date=item.business_date, now=engine.time.now())
    async with transaction() as tx:
        if await _lock(tx, item):
            await _done(tx, engine, item, actor)


async def _done(tx: Transaction, engine: Engine, item: _Item, actor: Actor) -> None:
    await tx.execute(
        "UPDATE day_end_exception SET state = 'retried', tries = tries + 1, tried_at = $2, ended_at = $2,"
        " ended_by = $3 WHERE exception_id = $1",
        item.exception_id,
        engine.time.now(),
        actor.reference,
    )
    await store.settle_states(tx, business_date=item.business_date, step=item.step)
    await _audit(tx, engine, item, actor)


async def _audit(tx: Transaction, engine: Engine, item: _Item, actor: Actor, *, error: str = "") -> None:
    await audit.record(
        tx,
        actor=actor,
        action="dayend.retried",
        subject=f"dayend:{item.business_date}",
        outcome="failed" if error else "done",
        detail={"step": item.step, "subject_no": str(item.subject_no), "error": error},
        now=engine.time.now(),
    )
