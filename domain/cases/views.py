"""What a case looks like from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from domain import catalogue
from domain.cases.flows import Flow, flow
from domain.kernel.database import Record
from domain.kernel.money import Money

CHECK_NAMES = {
    "property": "住房核验",
    "marriage": "婚姻核验",
    "rental": "租房备案核验",
    "identity": "身份核验",
    "contract": "网签核验",
    "invoice": "发票核验",
    "loan": "贷款还款核验",
    "pension": "养老待遇核验",
    "death": "死亡信息核验",
    "employment": "就业与异地缴存核验",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    account_no: int
    case_id: int
    case_no: str
    item_code: str
    item: str
    item_name: str
    person_id: int
    applicant_name: str
    channel: str
    office_code: str
    flow_name: str
    flow_version: int
    state: str
    state_name: str
    amount: Money
    form: dict[str, Any]
    explanation: list[dict[str, str]]
    policy_snapshot: dict[str, Any]
    flags: tuple[str, ...]
    business_date: date
    submitted_at: datetime
    due_on: date
    decided_at: datetime | None
    ended_at: datetime | None
    locked_by: int | None
    locked_until: datetime | None
    revision: int
    evaluation: int | None = None

    @property
    def flow(self) -> Flow:
        """The flow that was in force when the case began."""
        return flow(self.flow_name, version=self.flow_version)

    @property
    def was_served(self) -> bool:
        """Whether the centre has ended it, whatever the result; one that the applicant took back was not served."""
        return self.flow.is_terminal(self.state) and self.state != "cancelled"

    def locked_for_others(self, *, staff_id: int | None, now: datetime) -> bool:
        return self.is_locked(now=now) and self.locked_by != staff_id

    def is_locked(self, *, now: datetime) -> bool:
        return self.locked_by is not None and self.locked_until is not None and self.locked_until > now


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent:
    """One line of a case's history. The applicant may read `note`, staff alone `internal_note`."""

    seq: int
    at: datetime
    actor_kind: str
    actor_name: str
    action: str
    action_name: str
    from_state: str | None
    to_state: str
    to_state_name: str
    reason_code: str | None
    note: str | None
    internal_note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCheck:
    """What an agency answered about a case, with its as-of time."""

    check_no: int
    kind: str
    kind_name: str
    agency: str
    asked_at: datetime
    as_of: datetime | None
    outcome: str
    summary: str
    trace_no: str
    override_reason: str | None
    about: str | None = None


def case_view(row: Mapping[str, Any] | Record, *, evaluation: int | None = None) -> CaseView:
    """A row of service_case, from SQL or from the ORM's `values()`."""
    return CaseView(
        account_no=row["account_no"],
        case_id=row["case_id"],
        case_no=row["case_no"],
        item_code=row["item_code"],
        item=row["item"],
        item_name=catalogue.item(row["item"]).name,
        person_id=row["person_id"],
        applicant_name=row["applicant_masked"],
        channel=row["channel"],
        office_code=row["office_code"],
        flow_name=row["flow_name"],
        flow_version=row["flow_version"],
        state=row["state"],
        state_name=flow(row["flow_name"], version=row["flow_version"]).state(row["state"]).name,
        amount=Money(row["amount_fen"]),
        form=row["form"],
        explanation=row["explanation"],
        policy_snapshot=row["policy_snapshot"],
        flags=tuple(row["flags"]),
        business_date=row["business_date"],
        submitted_at=row["submitted_at"],
        due_on=row["due_on"],
        decided_at=row["decided_at"],
        ended_at=row["ended_at"],
        locked_by=row["locked_by"],
        locked_until=row["locked_until"],
        revision=row["revision"],
        evaluation=evaluation,
    )
