"""What the platform brings from other centres. Each message may come twice, late or out of order: what is there already
changes nothing, what is too early waits (`TooEarly`), and what contradicts is refused and stays for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain import contributions, policy
from domain.kernel import vault
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record, Transaction
from domain.kernel.digest import canonical_json
from domain.kernel.identifiers import mask_card, new_case_no, new_id
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.settlement import CENTRE_OFFICE
from domain.transfers import bodies, money, store, telling
from domain.transfers.refusals import INFO_CHANGED, LETTER_CHANGED
from domain.transfers.rules import check_amounts
from domain.transfers.store import ITEM_CODE


class TooEarly(Exception):
    """What the message builds on has not come: it waits. `reason` is for staff."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """901 from a centre that asks for the money of an account here. Personal data: never logged."""

    letter_no: str
    in_centre: str
    in_centre_name: str
    name: str
    document_type: str
    document_no: str
    out_account: str
    in_account: str
    fund_account: str
    fund_account_name: str
    fund_bank_code: str

    def __repr__(self) -> str:
        return f"Letter({self.letter_no})"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutInfo:
    """905: `function` 0 new, 1 amended, 2 confirmed by the receiving centre, which says no more than the number."""

    letter_no: str
    function: str
    amount: Money | None = None
    principal: Money | None = None
    interest: Money | None = None
    told: dict[str, str] | None = None
    reason: str = ""


async def take_letter(tx: Transaction, *, letter: Letter, business_date: date, now: datetime) -> str:
    """A contact letter. Told again it changes nothing; with other content under its number it is refused."""
    told, sealed = canonical_json(_facts(letter)).decode(), vault.current()
    place = await store.place_of(letter_no=letter.letter_no, using=tx)
    if place is not None:
        row = await store.locked(tx, account_no=place[0], transfer_id=place[1])
        if row["direction"] != "out" or not sealed.is_blind_index(row["letter_digest"], told):
            raise Refused(LETTER_CHANGED())
        return f"联系函{letter.letter_no}先前已收到"
    account_no, office_code, person_id = await _account(tx, letter)
    transfer_id = new_id()
    taken = await tx.execute(
        "INSERT INTO transfer_letter (letter_no, account_no, transfer_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        letter.letter_no,
        account_no,
        transfer_id,
    )
    assert taken.endswith(" 1"), f"letter {letter.letter_no} came twice at once"
    key, dated = vault.current(), policy.on(business_date)
    row = await store.open_transfer(
        tx,
        columns={
            "account_no": account_no,
            "transfer_id": transfer_id,
            "transfer_no": new_case_no(business_date=business_date, item_code=ITEM_CODE),
            "direction": "out",
            "letter_no": letter.letter_no,
            "other_centre": letter.in_centre,
            "other_centre_name": letter.in_centre_name,
            "person_id": person_id,
            **store.sealed_person(name=letter.name, document_type=letter.document_type, document_no=letter.document_no),
            "other_account_cipher": key.encrypt(letter.in_account),
            "other_account_masked": mask_card(letter.in_account),
            "fund_bank_code": letter.fund_bank_code,
            "fund_account_cipher": key.encrypt(letter.fund_account),
            "fund_account_name": letter.fund_account_name,
            "office_code": office_code,
            "channel": "national_transfer",
            "letter_digest": sealed.blind_index(told),
            "due_on": policy.plus_working_days(business_date, days=dated.number("transfer.working_days")),
        },
        actor=SYSTEM,
        now=now,
    )
    if not account_no:
        said = "没有该证件号码的公积金账户，或账号不符"
        row = await store.move(tx, row=row, action="not_found", actor=SYSTEM, note=said, now=now, trouble=said)
        body = bodies.progress_body(letter_no=letter.letter_no, state="13", reason=said)
        await telling.queue(tx, row=row, kind="progress", body=body, now=now)
    return f"已登记联系函{letter.letter_no}"


async def take_cancellation(tx: Transaction, *, letter_no: str, reason: str, now: datetime) -> str:
    """903: the other centre takes its letter back. Once we have received it the transfer goes on, and we say so."""
    row = await _known(tx, letter_no=letter_no, direction="out")
    if row["state"] == "05":
        return "先前已撤销"
    if row["state"] == "01":
        await store.move(tx, row=row, action="cancelled", actor=SYSTEM, note=reason or None, now=now)
        return "已撤销"
    said = "撤销到达时款项已划出，不能撤销" if row["money"] in ("ordered", "left") else "联系函已接收，不能撤销"
    row = await store.note_event(tx, row=row, action="cancel_late", actor=SYSTEM, note=said, now=now)
    if row["ended_at"] is None:
        row = await store.change(tx, row=row, trouble=f"转入地要求撤销：{said}")
    body = bodies.progress_body(letter_no=letter_no, state=row["state"], reason=said)
    await telling.queue(tx, row=row, kind="progress", body=body, now=now)
    return said


async def take_out_info(tx: Transaction, *, info: OutInfo, business_date: date, now: datetime) -> str:
    """905 to us: of a transfer in what the other city pays, of a transfer out that its receiver is done."""
    if info.function == "2":
        return await _confirmed(tx, info=info, now=now)
    row = await _known(tx, letter_no=info.letter_no, direction="in")
    if row["ended_at"] is not None:
        return f"已办结（{store.view_of(row).state_name}），未作变更"
    assert info.amount is not None and info.principal is not None and info.interest is not None
    wrong = check_amounts(amount=info.amount, principal=info.principal, interest=info.interest)
    if wrong:
        raise Refused(*wrong)
    if row["info"] == info.told and row["state"] == "08":
        return "与先前相同"
    if row["money"] == "arrived" and row["amount_fen"] != info.amount.fen:
        # the money that was announced before is here and waits for its account
        raise Refused(INFO_CHANGED())
    if row["state"] == "08":
        if info.function == "0":
            raise Refused(INFO_CHANGED())
        row = await store.move(
            tx, row=row, action="asked", actor=SYSTEM, note=info.reason or None, now=now, negotiated=True
        )
    action = "amended" if row["state"] == "06" else "informed"
    row = await store.move(
        tx, row=row, action=action, actor=SYSTEM, note=info.reason or None, now=now, info=info.told, trouble=None,
        cancel_asked_at=None,
    )  # fmt: skip
    if row["amount_fen"] != info.amount.fen or row["expectation_id"] is None:
        await money.expect(tx, row=row, amount=info.amount, business_date=business_date, now=now)
    return f"转出信息已登记，金额{info.amount.yuan_text}"


async def take_progress(tx: Transaction, *, letter_no: str, state: str, reason: str, now: datetime) -> str:
    """904 as a notice: a state of the other centre. What came late says nothing new and is absorbed."""
    place = await store.place_of(letter_no=letter_no, using=tx)
    if place is None:
        raise TooEarly(f"联系函{letter_no}尚未登记")
    row = await store.locked(tx, account_no=place[0], transfer_id=place[1])
    view = store.view_of(row)
    if row["ended_at"] is not None or row["state"] == state:
        return f"状态为“{view.state_name}”，未作变更"
    action = _NOTICED[row["direction"]].get(state)
    if action is None or not view.flow.allows(row["state"], action):
        await store.note_event(
            tx, row=row, action="progress", actor=SYSTEM, note=f"对方状态{state} {reason}".strip(), now=now
        )
        return f"状态为“{view.state_name}”，对方状态{state}已记录"
    trouble = reason or view.flow.transition(action).name
    changes: dict[str, object] = {"trouble": trouble[:200]} if state in ("06", "13") else {}
    if state == "06":
        changes = {**changes, "negotiated": True}
    if state in ("13", "40") and row["expectation_id"] is not None and row["money"] == "expected":
        await money.forget_expected(tx, row=row, now=now)
        changes = {**changes, "money": "none", "expectation_id": None, "amount_fen": None}
    row = await store.move(tx, row=row, action=action, actor=SYSTEM, note=reason or None, now=now, **changes)
    return f"已转为“{store.view_of(row).state_name}”"


_NOTICED = {
    "in": {"02": "received", "13": "refused", "40": "failed", "06": "asked"},
    "out": {"06": "asked"},
}


async def _confirmed(tx: Transaction, *, info: OutInfo, now: datetime) -> str:
    row = await _known(tx, letter_no=info.letter_no, direction="out")
    if row["ended_at"] is not None:
        return f"先前已办结（{store.view_of(row).state_name}）"
    if row["money"] != "left":
        raise TooEarly("转入地已确认，银行尚未确认划款")
    action = "finish_negotiated" if row["negotiated"] or row["state"] == "06" else "finish"
    row = await store.move(tx, row=row, action=action, actor=SYSTEM, now=now, trouble=None)
    return f"已办结（{store.view_of(row).state_name}）"


async def _known(tx: Transaction, *, letter_no: str, direction: str) -> Record:
    place = await store.place_of(letter_no=letter_no, using=tx)
    if place is None:
        raise TooEarly(f"联系函{letter_no}尚未登记")
    row = await store.locked(tx, account_no=place[0], transfer_id=place[1])
    if row["direction"] != direction:
        raise Refused(LETTER_CHANGED())
    return row


async def _account(tx: Transaction, letter: Letter) -> tuple[int, str, int | None]:
    """The account that the letter means: the person's by the document, with this number. 0 when there is none."""
    person_id = await contributions.person_by_document(
        document_type=letter.document_type, document_no=letter.document_no, using=tx
    )
    if person_id is None:
        return 0, CENTRE_OFFICE, None
    for number in await contributions.account_nos_of(person_id=person_id, using=tx):
        if letter.out_account == str(number):
            account = await contributions.account_of(account_no=number, using=tx)
            return number, account.office_code, person_id
    return 0, CENTRE_OFFICE, None


def _facts(letter: Letter) -> dict[str, str]:
    return {name: getattr(letter, name) for name in letter.__slots__}
