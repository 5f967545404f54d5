"""回单与通知书 of a withdrawal at the desk (D13): each paper only in the states that it is true of, under the centre's
seal; every print is in the register, a reprint with its reason. When the text of a paper has changed, a reprint is a
new paper and the old one is taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from domain import archives, cases, contributions, settlement
from domain.archives import Paper
from domain.cases import CaseView
from domain.contributions import Revealed
from domain.kernel import access, audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record, Transaction, transaction
from domain.kernel.dates import SHANGHAI
from domain.kernel.identifiers import mask_id_document, mask_name
from domain.kernel.refusal import NOT_PERMITTED, Refused
from domain.settlement import PaymentView
from domain.withdrawals import records
from domain.withdrawals.kinds import kind_of
from domain.withdrawals.refusals import PAPER_AGAIN, PAPER_NOT_NOW

RECORD = "record"
"""提取记录证明 of the account from its opening to today: another paper each day."""
TEMPLATE = 1
"""Version of the texts below: raised when they change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What stands behind a paper of a case."""

    case: CaseView
    person: Revealed
    payment: PaymentView | None
    note: str
    due_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperKind:
    code: str
    title: str
    letters: str
    states: frozenset[str]
    text: Callable[[Given], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """One line of the register."""

    paper_no: str
    print_no: int
    title: str
    printer_name: str
    printed_at: datetime
    reason: str
    office_code: str


_RUNNING = frozenset({"pending_preliminary", "pending_final", "pending_special"})
PAPERS = {
    one.code: one
    for one in (
        PaperKind(
            code="acceptance",
            title="住房公积金提取受理通知书",
            letters="TS",
            states=_RUNNING,
            text=lambda given: [f"您的申请已受理，中心将于{given.case.due_on.isoformat()}前作出决定。"],
        ),
        PaperKind(
            code="correction",
            title="住房公积金提取补正通知书",
            letters="TB",
            states=frozenset({"pending_correction"}),
            text=lambda given: [
                f"您的申请需要补正：{given.note}",
                f"请于{given.due_on.isoformat() if given.due_on else ''}前补正，逾期未补正的，申请自动撤销。",
            ],
        ),
        PaperKind(
            code="receipt",
            title="住房公积金提取回单",
            letters="TH",
            states=frozenset({"completed"}),
            text=lambda given: ["上列款项已支付到上列账户。"],
        ),
        PaperKind(
            code="refusal",
            title="不予提取住房公积金通知书",
            letters="TJ",
            states=frozenset({"refused"}),
            text=lambda given: [
                f"经审核，不予提取，原因：{given.note}",
                "如不服本决定，可依法申请行政复议或者提起行政诉讼；条件符合后可重新申请。",
            ],
        ),
        PaperKind(
            code=RECORD,
            title=records.TITLE,
            letters=records.LETTERS,
            states=frozenset({"completed"}),
            text=lambda given: [],
        ),
    )
}


def papers_for(case: CaseView) -> list[tuple[str, str]]:
    """Code and title of each paper that the case may have in its state."""
    return [(one.code, one.title) for one in PAPERS.values() if case.state in one.states and "kind" in case.form]


async def print_paper(
    *, actor: Actor, case_no: str, code: str, reason: str, now: datetime, business_date: date
) -> bytes:
    """The sealed file of a case's paper, entered in the register. Raises Refused: for a case that is not the desk's, a
    paper that the case has not in its state, a reprint without a reason."""
    if not actor.is_staff:
        raise Refused(NOT_PERMITTED())
    case = await cases.case_by_no(actor=actor, case_no=case_no)
    kind = PAPERS.get(code)
    if kind is None or (code, kind.title) not in papers_for(case):
        raise Refused(PAPER_NOT_NOW(state=case.state_name))
    given, reason = await given_of(case=case), reason.strip()
    paper = await paper_of(kind=kind, given=given, business_date=business_date)
    async with transaction() as tx:
        await tx.row("SELECT 1 FROM account WHERE account_no = $1 FOR NO KEY UPDATE", case.account_no)
        standing = await standing_paper(tx, case=case, code=code, business_date=business_date)
        if standing is not None and len(reason) < 4:
            raise Refused(PAPER_AGAIN())
        paper_no = await issued(
            tx, actor=actor, kind=kind, given=given, paper=paper, now=now, business_date=business_date
        )
        count = await enter_register(
            tx, actor=actor, account_no=case.account_no, paper_no=paper_no, case_id=case.case_id, title=kind.title,
            office_code=case.office_code, printer_name=actor.name, reason=reason, now=now,
        )  # fmt: skip
        await audit.record(
            tx, actor=actor, action="paper.printed", subject=f"case:{case_no}", now=now,
            detail={"paper": paper_no, "count": count, "reason": reason},
        )  # fmt: skip
    await take_back_old(actor=actor, case=case, standing=standing, paper_no=paper_no, now=now)
    await access.record_read(
        None, actor=actor, person_id=case.person_id, purpose=f"打印{kind.title}", what=("姓名", "证件号码（脱敏）"),
        subject=f"case:{case_no}", now=now,
    )  # fmt: skip
    return await archives.sealed_paper(actor=actor, account_no=case.account_no, paper_no=paper_no, now=now)


async def standing_paper(using: Executor, *, case: CaseView, code: str, business_date: date) -> Record | None:
    """Number and kind of the paper that is good for the case as it stands; None while there is none."""
    return await using.row(
        "SELECT paper_no, kind FROM issued_paper WHERE account_no = $1 AND reference = $2 AND state = 'issued'",
        case.account_no,
        reference_of(case, code, business_date),
    )


async def issued(
    tx: Transaction,
    *,
    actor: Actor,
    kind: PaperKind,
    given: Given,
    paper: Paper,
    now: datetime,
    business_date: date,
) -> str:
    """The number of the case's paper in its present text, issued now if there is none. The account's row is locked by
    the caller."""
    case = given.case
    standing = await standing_paper(tx, case=case, code=kind.code, business_date=business_date)
    if standing is not None and standing["kind"] == _kind(kind.code):
        return str(standing["paper_no"])
    return await archives.issue(
        tx,
        actor=actor,
        account_no=case.account_no,
        kind=_kind(kind.code),
        letters=kind.letters,
        paper=paper,
        holder_shown=mask_name(given.person.name),
        reference=reference_of(case, kind.code, business_date),
        valid_until=None,
        now=now,
        business_date=business_date,
    )


async def take_back_old(*, actor: Actor, case: CaseView, standing: Record | None, paper_no: str, now: datetime) -> None:
    """Once the text has changed, the paper in the old text is no longer good."""
    if standing is not None and standing["paper_no"] != paper_no:
        await archives.revoke(
            actor=actor, account_no=case.account_no, paper_no=standing["paper_no"], reason="格式更新后重新出具", now=now
        )


async def enter_register(
    tx: Transaction,
    *,
    actor: Actor,
    account_no: int,
    paper_no: str,
    case_id: int | None,
    title: str,
    office_code: str,
    printer_name: str,
    reason: str,
    now: datetime,
) -> int:
    """One more line of the register; the how manieth print of the paper it is. The account's row is locked by the
    caller."""
    count: int = await tx.value(
        "INSERT INTO paper_print (account_no, paper_no, print_no, case_id, title, office_code, printed_by,"
        " printer_name, printed_at, reason) SELECT $1, $2, count(*) + 1, $3, $4, $5, $6, $7, $8, $9 FROM paper_print"
        " WHERE account_no = $1 AND paper_no = $2 RETURNING print_no",
        account_no,
        paper_no,
        case_id,
        title,
        office_code,
        actor.reference,
        printer_name,
        now,
        reason,
    )
    return count


def reference_of(case: CaseView, code: str, business_date: date) -> str:
    """What a paper of the case refers to: the case as it stood in that revision, of a record the day."""
    return f"case:{case.case_no}:{code}:{business_date.isoformat() if code == RECORD else case.revision}"


async def prints_of(*, case: CaseView) -> list[Print]:
    """The register of one case, the newest first."""
    rows = await database.rows(
        "SELECT * FROM paper_print WHERE account_no = $1 AND case_id = $2 ORDER BY printed_at DESC, print_no DESC",
        case.account_no,
        case.case_id,
    )
    return [
        Print(
            paper_no=row["paper_no"],
            print_no=row["print_no"],
            title=row["title"],
            printer_name=row["printer_name"],
            printed_at=row["printed_at"],
            reason=row["reason"],
            office_code=row["office_code"],
        )
        for row in rows
    ]


def _kind(code: str) -> str:
    return f"withdrawal_{code}.v{TEMPLATE}"


async def given_of(*, case: CaseView) -> Given:
    payment = await settlement.payment_of_case(account_no=case.account_no, case_id=case.case_id)
    note, due_on = "", None
    if case.state == "pending_correction":
        asked = (await cases.corrections_of(case=case))[0]
        note, due_on = f"{asked.reason}。{asked.note}", asked.due_on
    elif case.state == "refused":
        last = (await cases.history_of(case=case))[-1]
        note = "。".join(part for part in (cases.reason_name(last.reason_code, unnamed="其他原因"), last.note) if part)
    return Given(
        case=case,
        person=await contributions.clear_person(person_id=case.person_id),
        payment=payment,
        note=note,
        due_on=due_on,
    )


async def paper_of(*, kind: PaperKind, given: Given, business_date: date) -> Paper:
    """What stands on the paper today."""
    case, payment = given.case, given.payment
    if kind.code == RECORD:
        account = await contributions.account_of(account_no=case.account_no)
        paper, _ = await records.record_paper(
            account_no=case.account_no, person_id=case.person_id, from_on=account.opened_on, until_on=business_date
        )
        return paper
    facts = [
        ("申请人", given.person.name),
        ("证件号码", mask_id_document(given.person.document_no)),
        ("办件编号", case.case_no),
        ("提取类型", kind_of(str(case.form["kind"])).name),
        ("申请时间", f"{case.submitted_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"),
        ("申请金额", case.amount.yuan_text),
    ]
    if payment is not None and case.state == "completed":
        paid_at = payment.ended_at.astimezone(SHANGHAI) if payment.ended_at else None
        facts += [
            ("支付金额", payment.amount.yuan_text),
            ("收款账户", f"{payment.bank_name} {payment.payee_account_masked}"),
            ("到账时间", f"{paid_at:%Y-%m-%d %H:%M}" if paid_at else ""),
            ("银行流水号", payment.bank_serial_no or payment.serial_no),
        ]
    return Paper(title=kind.title, facts=facts, text=kind.text(given))
