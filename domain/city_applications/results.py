"""办理结果文书: what the applicant gets back through the platform. An item with a paper of its own (证明) returns that;
every other result is told in a notice under the centre's seal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain import archives, catalogue, contributions
from domain.archives import ISSUER, Paper
from domain.kernel import vault
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction
from domain.kernel.dates import business_date_of

KIND, LETTERS, TITLE = "city_result", "SB", "办理结果告知书"
OUTCOMES = {"completed": "准予办理，已办结", "refused": "不予办理"}
_RECOURSE = "如不服本决定，可依法申请行政复议或者提起行政诉讼；条件符合后可重新申请。"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedPaper:
    """`account_no`: a personal account, or an employer by its number; 0 for an applicant who has neither."""

    account_no: int
    paper_no: str


async def issue_notice(
    tx: Transaction, *, row: Record, outcome: str, note: str | None, actor: Actor, now: datetime
) -> IssuedPaper:
    """In the transaction that ends the application; sealed when it is sent."""
    key, business_date = vault.current(), business_date_of(now)
    paper = Paper(
        title=TITLE,
        facts=[
            ("平台申请编号", row["project_no"]),
            ("事项", catalogue.item(row["item_code"]).name),
            ("申请人", key.decrypt(row["name_cipher"])),
            ("证件号码", row["document_masked"]),
            *([("受理编号", row["matter_no"])] if row["matter_no"] else []),
            ("办理结果", OUTCOMES[outcome]),
            ("办结日期", f"{business_date:%Y-%m-%d}"),
        ],
        text=[
            f"您通过北京市统一申办受理平台提出的申请，经{ISSUER}审核，{OUTCOMES[outcome]}。",
            *([f"说明：{note}"] if note else []),
            *([_RECOURSE] if outcome == "refused" else []),
        ],
    )
    account_no = await _account_of(tx, row, document_no=key.decrypt(row["document_cipher"]))
    paper_no = await archives.issue(
        tx,
        actor=actor,
        account_no=account_no,
        kind=KIND,
        letters=LETTERS,
        paper=paper,
        holder_shown=row["name_masked"],
        reference=f"city_application:{row['project_no']}",
        valid_until=None,
        now=now,
        business_date=business_date,
    )
    return IssuedPaper(account_no=account_no, paper_no=paper_no)


async def _account_of(tx: Transaction, row: Record, *, document_no: str) -> int:
    if row["applicant_kind"] == "employer":
        return await contributions.employer_of_code(uscc=document_no, using=tx) or 0
    person_id = await contributions.person_by_document(
        document_type=row["document_type"], document_no=document_no, using=tx
    )
    numbers = await contributions.account_nos_of(person_id=person_id, using=tx) if person_id else []
    return numbers[0] if numbers else 0
