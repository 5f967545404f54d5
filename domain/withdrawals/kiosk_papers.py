"""自助打印: the papers that a citizen may take from a kiosk, each printed once under the centre's seal.

A paper is handed to the kiosk as the sealed file, and that is a line of the register of prints (who, where, when, the
how manieth). The kiosk then says what its printer made of it. What it says nothing of (the power failed, the visit
ended) and what it says has failed may be printed again, as a further print of the same paper; what was printed may
not: a reprint is the counter's (D13).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from domain import archives, cases, contributions
from domain.archives import PaperView
from domain.cases import CaseView
from domain.kernel import audit, database, idempotency
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.dates import SHANGHAI
from domain.kernel.refusal import NOT_PERMITTED, REAL_NAME_REQUIRED, Refused
from domain.withdrawals.papers import (
    PAPERS,
    enter_register,
    given_of,
    issued,
    paper_of,
    papers_for,
    reference_of,
    standing_paper,
    take_back_old,
)
from domain.withdrawals.refusals import (
    KIOSK_PAPER_UNKNOWN,
    KIOSK_PRINT_UNKNOWN,
    KIOSK_PRINTED,
    KIOSK_PRINTING,
    KIOSK_REPORTED,
    KIOSK_TOO_MANY,
)

TRIES_MAX = 5
"""Prints of one paper at kiosks that came to nothing, before the counter has to help."""
PRINTING_TIME = timedelta(minutes=2)
"""How long a print may take before the same visit may ask again."""
CASES_MOST = 20
PrintState = Literal["ready", "unfinished", "printed"]
PRINT_STATE_NAMES: dict[str, str] = {"ready": "可以打印", "unfinished": "上次没有打印完成", "printed": "已打印"}
REPORT_NAMES: dict[str, str] = {"handed": "没有回报", "printed": "已打印", "failed": "打印失败"}
TROUBLE_NAMES: dict[str, str] = {"no_paper": "缺纸", "jam": "卡纸", "fault": "打印机故障"}
_UNCONFIRMED = "上次打印没有回报结果"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """The device that prints, and the office that it stands in."""

    device_no: str
    office_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Printable:
    """`key` names it in `print_at_kiosk`; `about` says which account or case it is about; `prints` counts those at the
    counter too."""

    key: str
    title: str
    about: str
    state: PrintState
    prints: int
    last_at: datetime | None

    @property
    def state_name(self) -> str:
        return PRINT_STATE_NAMES[self.state]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """The sealed file on its way to the printer."""

    paper_no: str
    count: int
    title: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A paper of a case, or (`paper`) one that was issued before."""

    account_no: int
    title: str
    case: CaseView | None = None
    code: str = ""
    paper: PaperView | None = None


async def printable_papers(*, actor: Actor, business_date: date) -> list[Printable]:
    """Papers of the citizen's cases in their present state, then those issued for their accounts. Raises Refused."""
    _require_citizen(actor)
    papers = [one for one in await contributions.own_papers(actor=actor) if _is_good(one, business_date)]
    printed = await _printed(sorted(set(await _accounts(actor))))
    numbers = {one.reference: one.paper_no for one in papers}
    page = await cases.cases_of_person(actor=actor, first=CASES_MOST, after=None)
    found = [
        _printable(
            key=f"case:{case.case_no}:{code}",
            title=title,
            about=f"{case.item_name} {case.case_no}",
            row=printed.get(numbers.get(reference_of(case, code, business_date), "")),
        )
        for case in page.items
        for code, title in papers_for(case)
    ]
    return found + [
        _printable(
            key=f"paper:{one.paper_no}",
            title=one.title,
            about=f"{one.issued_on.isoformat()}开具，编号{one.paper_no}",
            row=printed.get(one.paper_no),
        )
        for one in papers
        if not one.reference.startswith("case:")
    ]


async def print_at_kiosk(
    *, actor: Actor, terminal: Terminal, key: str, request_key: str, now: datetime, business_date: date
) -> Handed:
    """Hands a paper out for printing and enters it in the register. The same request key hands the same print out
    again until the kiosk has said what became of it. Raises Refused."""
    _require_citizen(actor)
    wanted = await _wanted(actor=actor, key=key, business_date=business_date)
    given = None if wanted.case is None else await given_of(case=wanted.case)
    kind = PAPERS.get(wanted.code)
    paper = (
        None if given is None or kind is None else await paper_of(kind=kind, given=given, business_date=business_date)
    )
    standing: Record | None = None
    async with transaction() as tx:
        await tx.row("SELECT 1 FROM account WHERE account_no = $1 FOR NO KEY UPDATE", wanted.account_no)
        begun = await idempotency.begin(
            tx, actor=actor, account_no=wanted.account_no, request_key=request_key, operation="print_at_kiosk",
            given={"key": key, "device": terminal.device_no}, now=now,
        )  # fmt: skip
        if begun is not None:
            paper_no, count = str(begun["paper_no"]), int(begun["count"])
            row = await _last(tx, account_no=wanted.account_no, paper_no=paper_no)
            if row is None or row["print_no"] != count or row["state"] != "handed":
                raise Refused(KIOSK_PRINTED(at=_moment(row["printed_at"] if row else now)))
        else:
            if given is None or kind is None or paper is None:
                assert wanted.paper is not None, "a paper of no case was issued before"
                paper_no = wanted.paper.paper_no
            else:
                standing = await standing_paper(tx, case=given.case, code=wanted.code, business_date=business_date)
                paper_no = await issued(
                    tx, actor=actor, kind=kind, given=given, paper=paper, now=now, business_date=business_date
                )
            count = await _hand_out(tx, actor=actor, terminal=terminal, wanted=wanted, paper_no=paper_no, now=now)
            await idempotency.finish(
                tx, actor=actor, account_no=wanted.account_no, request_key=request_key,
                result={"paper_no": paper_no, "count": count},
            )  # fmt: skip
    if wanted.case is not None:
        await take_back_old(actor=actor, case=wanted.case, standing=standing, paper_no=paper_no, now=now)
    content = await archives.sealed_paper(actor=actor, account_no=wanted.account_no, paper_no=paper_no, now=now)
    return Handed(paper_no=paper_no, count=count, title=wanted.title, content=content)


async def report_print(*, actor: Actor, paper_no: str, count: int, trouble: str, now: datetime) -> None:
    """What became of a print that this visit was handed: printed, or one of `TROUBLE_NAMES`. Once; the same again
    changes nothing. Raises Refused."""
    _require_citizen(actor)
    assert trouble == "" or trouble in TROUBLE_NAMES, trouble
    state = "failed" if trouble else "printed"
    async with transaction() as tx:
        row = await tx.row(
            "SELECT * FROM kiosk_print WHERE account_no = ANY ($1) AND paper_no = $2 AND print_no = $3"
            " AND session_id = $4 FOR UPDATE",
            await _accounts(actor),
            paper_no,
            count,
            actor.session_id,
        )
        if row is None:
            raise Refused(KIOSK_PRINT_UNKNOWN())
        if (row["state"], row["trouble"]) == (state, trouble):
            return audit.note_repeated()
        if row["state"] != "handed":
            raise Refused(KIOSK_REPORTED(state=REPORT_NAMES[row["state"]]))
        await tx.execute(
            "UPDATE kiosk_print SET state = $4, trouble = $5, reported_at = $6"
            " WHERE account_no = $1 AND paper_no = $2 AND print_no = $3",
            row["account_no"],
            paper_no,
            count,
            state,
            trouble,
            now,
        )
        await audit.record(
            tx,
            actor=actor,
            action="paper.print_reported",
            subject=f"paper:{paper_no}",
            now=now,
            detail={"count": count, "state": state, "trouble": trouble, "device": row["device_no"]},
        )


async def _hand_out(
    tx: Transaction, *, actor: Actor, terminal: Terminal, wanted: _Wanted, paper_no: str, now: datetime
) -> int:
    last = await _last(tx, account_no=wanted.account_no, paper_no=paper_no)
    count = await enter_register(
        tx,
        actor=actor,
        account_no=wanted.account_no,
        paper_no=paper_no,
        case_id=wanted.case.case_id if wanted.case else None,
        title=wanted.title,
        office_code=terminal.office_code,
        printer_name=f"自助终端{terminal.device_no}",
        reason="" if last is None else _why_again(last, session_id=actor.session_id, now=now),
        now=now,
    )
    await tx.execute(
        "INSERT INTO kiosk_print (account_no, paper_no, print_no, device_no, office_code, session_id, state, handed_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, 'handed', $7)",
        wanted.account_no,
        paper_no,
        count,
        terminal.device_no,
        terminal.office_code,
        actor.session_id,
        now,
    )
    await audit.record(
        tx,
        actor=actor,
        action="paper.printed",
        subject=f"case:{wanted.case.case_no}" if wanted.case else f"paper:{paper_no}",
        now=now,
        detail={"paper": paper_no, "count": count, "device": terminal.device_no},
    )
    return count


def _why_again(last: Record, *, session_id: int | None, now: datetime) -> str:
    """The reason of a reprint. Raises Refused when the paper was printed, is being printed or was tried too often."""
    if last["state"] not in ("handed", "failed"):
        raise Refused(KIOSK_PRINTED(at=_moment(last["printed_at"])))
    if last["state"] == "handed" and last["session_id"] == session_id and now - last["printed_at"] < PRINTING_TIME:
        raise Refused(KIOSK_PRINTING())
    if last["print_no"] >= TRIES_MAX:
        raise Refused(KIOSK_TOO_MANY(count=last["print_no"]))
    return f"上次打印失败：{TROUBLE_NAMES[last['trouble']]}" if last["trouble"] else _UNCONFIRMED


async def _wanted(*, actor: Actor, key: str, business_date: date) -> _Wanted:
    """Raises Refused for a key that names nothing that the citizen may have now, in the same words whatever it is."""
    kind, _, rest = key.partition(":")
    if kind == "case":
        case_no, _, code = rest.partition(":")
        case = await cases.case_by_no(actor=actor, case_no=case_no)
        titles = dict(papers_for(case))
        if code in titles:
            return _Wanted(account_no=case.account_no, title=titles[code], case=case, code=code)
    if kind == "paper":
        for one in await contributions.own_papers(actor=actor):
            if one.paper_no == rest and _is_good(one, business_date) and not one.reference.startswith("case:"):
                return _Wanted(account_no=one.account_no, title=one.title, paper=one)
    raise Refused(KIOSK_PAPER_UNKNOWN())


def _is_good(paper: PaperView, business_date: date) -> bool:
    return paper.state == "issued" and (paper.valid_until is None or paper.valid_until >= business_date)


def _printable(*, key: str, title: str, about: str, row: Record | None) -> Printable:
    state: PrintState = "ready"
    if row is not None:
        state = "unfinished" if row["state"] in ("handed", "failed") else "printed"
    return Printable(
        key=key,
        title=title,
        about=about,
        state=state,
        prints=row["print_no"] if row else 0,
        last_at=row["printed_at"] if row else None,
    )


_LAST = """
SELECT DISTINCT ON (p.account_no, p.paper_no) p.paper_no, p.print_no, p.printed_at, k.state, k.trouble, k.session_id
FROM paper_print p LEFT JOIN kiosk_print k USING (account_no, paper_no, print_no)
"""


async def _last(tx: Transaction, *, account_no: int, paper_no: str) -> Record | None:
    """The latest print of a paper; its `state` is null when that was at the counter."""
    return await tx.row(
        f"{_LAST} WHERE p.account_no = $1 AND p.paper_no = $2 ORDER BY p.account_no, p.paper_no, p.print_no DESC",
        account_no,
        paper_no,
    )


async def _printed(account_nos: list[int]) -> dict[str, Record]:
    """The latest print of each paper of the accounts."""
    rows = await database.rows(
        f"{_LAST} WHERE p.account_no = ANY ($1) ORDER BY p.account_no, p.paper_no, p.print_no DESC", account_nos
    )
    return {row["paper_no"]: row for row in rows}


async def _accounts(actor: Actor) -> list[int]:
    assert actor.person_id is not None, "a citizen is somebody"
    return await contributions.account_nos_of(person_id=actor.person_id)


def _require_citizen(actor: Actor) -> None:
    if actor.kind != "citizen" or actor.person_id is None or actor.session_id is None:
        raise Refused(NOT_PERMITTED())
    if not actor.is_real_name:
        raise Refused(REAL_NAME_REQUIRED())


def _moment(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
