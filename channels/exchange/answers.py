"""Results as partners read them: the answer to a query, and what is told by us once a push has ended."""

from __future__ import annotations

from typing import Any

from channels.exchange.messages import WIRE_KINDS
from domain.exchange import Result
from domain.kernel.dates import SHANGHAI


def result_body(result: Result) -> dict[str, Any]:
    """Rows by number, without personal data: the partner knows whom it told of. `determined` is the base that counts,
    `by` what decided it (declared, ceiling, floor)."""
    return {
        "messageNo": result.message_no,
        "kind": WIRE_KINDS.get(result.kind, "listPage"),
        "uscc": result.uscc,
        "state": result.state,
        "code": result.code,
        "message": result.message,
        "employerNo": str(result.employer_no) if result.employer_no else "",
        "month": result.month,
        "done": result.done,
        "refused": result.refused,
        "endedAt": result.ended_at.astimezone(SHANGHAI).isoformat(timespec="seconds") if result.ended_at else "",
        "rows": [
            {
                "row": row.row_no,
                "state": row.state,
                "code": row.code,
                "message": row.message,
                "declared": str(row.declared) if row.declared is not None else "",
                "determined": str(row.base) if row.base is not None else "",
                "by": row.determined_by,
            }
            for row in result.rows
        ],
    }


def not_worked_on(*, number: str, state: str, fault: str) -> dict[str, Any]:
    """A message that has no record: received and not begun, in quarantine, or never seen."""
    return {"messageNo": number, "state": state, "message": fault}
