"""Rows of applications: read, moved along their flow, and what the platform is to hear of each step."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from domain import contributions
from domain.cases import Flow, load_flows
from domain.city_applications.refusals import NOT_FOUND, STEP_NOT_POSSIBLE
from domain.city_applications.results import OUTCOMES, IssuedPaper, issue_notice
from domain.kernel import audit, database, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record, Transaction
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import Refused

_FLOWS = load_flows(directory=Path(__file__).parent)
VERSION = max(version for _, version in _FLOWS)
STATUS_OF_STATE = {
    "supplement": "3",
    "accepted": "2",
    "processing": "4",
    "completed": "5",
    "refused": "6",
    "withdrawn": "7",
    "received": "1",
}
"""What the platform hears: 1 接件 2 受理 3 补正 4 办理中 5 办结 6 不予办理 7 撤回 (assumption)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationView:
    """An application as staff see it: names and numbers masked."""

    application_id: int
    project_no: str
    item: str
    item_code: str
    applicant_kind: str
    name_masked: str
    document_masked: str
    office_code: str
    flow_version: int
    state: str
    matter_kind: str
    matter_no: str
    result_note: str | None
    paper_no: str | None
    supplements: int
    received_at: datetime
    due_on: date
    ended_at: datetime | None
    document_index: bytes | None = field(repr=False)

    @property
    def flow(self) -> Flow:
        return flow(version=self.flow_version)

    @property
    def state_name(self) -> str:
        return self.flow.state(self.state).name

    @property
    def explanation(self) -> str:
        return self.flow.state(self.state).explanation


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationEvent:
    at: datetime
    actor_name: str
    action_name: str
    to_state_name: str
    note: str | None


def flow(*, version: int = VERSION) -> Flow:
    return _FLOWS["city_application", version]


def view_of(row: Record) -> ApplicationView:
    index = None
    if row["applicant_kind"] == "person":
        document_no = vault.current().decrypt(row["document_cipher"])
        index = contributions.document_index(document_type=row["document_type"], document_no=document_no)
    kept = {name: row[name] for name in ApplicationView.__slots__ if name != "document_index"}
    return ApplicationView(**kept, document_index=index)


async def by_project(*, project_no: str, using: Executor = database.pool) -> Record | None:
    return await using.row("SELECT * FROM city_application WHERE project_no = $1", project_no)


async def locked(tx: Transaction, *, application_id: int) -> Record:
    row = await tx.row("SELECT * FROM city_application WHERE application_id = $1 FOR UPDATE", application_id)
    if row is None:
        raise Refused(NOT_FOUND())
    return row


async def begin(tx: Transaction, *, columns: dict[str, Any], actor: Actor, now: datetime) -> Record:
    values = {**columns, "flow_version": VERSION, "state": flow().initial, "received_at": now}
    names = list(values)
    row = await tx.row(
        f"INSERT INTO city_application ({', '.join(names)})"
        f" VALUES ({', '.join(f'${place}' for place in range(1, len(names) + 1))}) RETURNING *",
        *values.values(),
    )
    assert row is not None
    await _write(tx, row=row, seq=1, actor=actor, action=flow().start, before=None, note=None, now=now)
    await report(tx, row=row, note="", now=now)
    return row


async def move(
    tx: Transaction,
    *,
    row: Record,
    action: str,
    actor: Actor,
    now: datetime,
    note: str | None = None,
    paper: IssuedPaper | None = None,
    **changes: Any,
) -> Record:
    """One step with the row locked; the platform hears of the state that is reached, and gets the document of a result:
    `paper`, or a notice that is issued here. Raises Refused."""
    steps = flow(version=row["flow_version"])
    if not steps.allows(row["state"], action):
        raise Refused(STEP_NOT_POSSIBLE(state=steps.state(row["state"]).name, action=steps.transition(action).name))
    target = steps.next(row["state"], action)
    if steps.is_terminal(target):
        changes = {**changes, "ended_at": now, "result_note": note}
        if paper is None and target in OUTCOMES:
            paper = await issue_notice(tx, row=row, outcome=target, note=note, actor=actor, now=now)
        if paper is not None:
            changes |= {"paper_account": paper.account_no, "paper_no": paper.paper_no}
    names = list(changes)
    moved = await tx.row(
        "UPDATE city_application SET state = $2, revision = revision + 1"
        f"{''.join(f', {name} = ${place}' for place, name in enumerate(names, start=3))}"
        " WHERE application_id = $1 RETURNING *",
        row["application_id"],
        target,
        *changes.values(),
    )
    assert moved is not None
    await _write(
        tx, row=moved, seq=moved["revision"], actor=actor, action=action, before=row["state"], note=note, now=now
    )
    await report(tx, row=moved, note=note or "", now=now)
    return moved


async def report(tx: Transaction, *, row: Record, note: str, now: datetime) -> None:
    """Adds what the platform has to hear behind what it hears before; the row is locked."""
    await tx.execute(
        "INSERT INTO city_report (report_id, application_id, project_no, seq, status, note, told_at, due_at,"
        " paper_account, paper_no) SELECT $1, $2, $3, coalesce(max(seq), 0) + 1, $4, $5, $6, $6, $7, $8"
        " FROM city_report WHERE application_id = $2",
        new_id(),
        row["application_id"],
        row["project_no"],
        STATUS_OF_STATE[row["state"]],
        note[:200],
        now,
        row["paper_account"],
        row["paper_no"],
    )


async def doers_of(tx: Executor, *, application_id: int) -> dict[str, str]:
    rows = await tx.rows(
        "SELECT action, actor FROM city_application_event WHERE application_id = $1 ORDER BY seq", application_id
    )
    return {row["action"]: row["actor"] for row in rows}


async def events_of(*, view: ApplicationView) -> list[ApplicationEvent]:
    rows = await database.rows(
        "SELECT * FROM city_application_event WHERE application_id = $1 ORDER BY seq", view.application_id
    )
    return [
        ApplicationEvent(
            at=row["at"],
            actor_name=row["actor_name"],
            action_name=view.flow.transition(row["action"]).name,
            to_state_name=view.flow.state(row["to_state"]).name,
            note=row["note"],
        )
        for row in rows
    ]


async def _write(
    tx: Transaction,
    *,
    row: Record,
    seq: int,
    actor: Actor,
    action: str,
    before: str | None,
    note: str | None,
    now: datetime,
) -> None:
    await tx.execute(
        "INSERT INTO city_application_event (application_id, seq, at, actor, actor_name, action, from_state, to_state,"
        " note) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        row["application_id"],
        seq,
        now,
        actor.reference,
        actor.name,
        action,
        before,
        row["state"],
        None if note is None else note[:500],
    )
    await audit.record(
        tx,
        actor=actor,
        action="city_application.moved",
        subject=f"city_application:{row['project_no']}",
        now=now,
        detail={"action": action, "state": row["state"], "item": row["item_code"]},
    )
