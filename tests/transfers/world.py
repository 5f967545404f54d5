"""Transfers for tests that call the domain itself: people, letters, staff, and a platform that is told by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from domain import transfers
from domain.kernel import database, vault
from domain.kernel.actor import Actor, Role
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.transfers import Letter, OutInfo, Step, Told, TransferIn, TransferView
from tests.contributions.world import NOW, TODAY, id_card, name_of, open_city, person_with_account
from tests.settlement.world import key, staff

TIANJIN, SHIJIAZHUANG, OURS = "120000000000000", "130100000000000", "110000000000000"
CLERK = staff(31, Role.SERVICE_DESK, Role.PRELIMINARY_REVIEWER)
REVIEWER = staff(32, Role.FINAL_REVIEWER)
OF_CHAOYANG = staff(33, Role.FINAL_REVIEWER, offices=("0105",))
THEIR_FUND = "6222020200000000031"
"""An account that the simulated bank of `tests.settlement.world` knows, in the name of 王五."""
THEIR_NAME = "王五"
MONTHS = tuple(YearMonth(2026, 10).minus(months=back) for back in range(7, -1, -1))


async def open_transfers() -> None:
    await open_city()
    await database.execute(
        "INSERT INTO centre_code (code, name, region_code, updated_at) VALUES"
        " ($1, '天津市住房公积金管理中心', '120000', $3), ($2, '石家庄住房公积金管理中心', '130100', $3)",
        TIANJIN,
        SHIJIAZHUANG,
        NOW,
    )


async def contributor(number: int, *, months: tuple[YearMonth, ...] = MONTHS, state: str = "01") -> Actor:
    """A citizen with an account paid for these months."""
    account_no = await person_with_account(number, months=months)
    if state != "01":
        await database.execute("UPDATE account SET state = $2 WHERE account_no = $1", account_no, state)
    return await citizen_of(account_no)


async def citizen_of(account_no: int) -> Actor:
    person_id = await database.value("SELECT person_id FROM account WHERE account_no = $1", account_no)
    return Actor(kind="citizen", channel="jingtong_h5", name="职工", person_id=person_id, assurance="real_name")


def account_no(number: int) -> int:
    return 801_000_000_000 + number


WANTED = TransferIn(other_centre=TIANJIN, other_account="120100880001")


async def apply(actor: Actor, *, wanted: TransferIn = WANTED, **given: Any) -> TransferView:
    made = await transfers.apply_for_transfer_in(
        actor=actor, wanted=wanted, **{"request_key": key(), "business_date": TODAY, "now": NOW, **given}
    )
    assert made is not None
    return made


async def step(actor: Actor, view: TransferView, action: str, **given: Any) -> TransferView:
    when = {name: given.pop(name, default) for name, default in (("business_date", TODAY), ("now", NOW))}
    return await transfers.take_step(
        actor=actor, transfer_no=view.transfer_no, step=Step(action=action, **given), request_key=key(), **when
    )


async def issued(number: int = 701) -> TransferView:
    """A transfer in whose letter is out."""
    return await step(REVIEWER, await apply(await contributor(number)), "issue")


async def now_of(view: TransferView) -> TransferView:
    return await transfers.transfer_by_key(account_no=view.account_no, transfer_id=view.transfer_id)


async def told(*, status: Any = "accepted", code: str = "00000") -> list[tuple[str, dict[str, Any]]]:
    """The platform takes what waits, and answers so; what it was told."""
    seen = []
    while due := await transfers.claim_due(now=LATER, most=20):
        for one in due:
            seen.append((one.telling.kind, one.telling.body))
            answer = Told(
                status=status, code=code, message="联系函已被接收" if code != "00000" else "成功", receipt_no="PT1"
            )
            await transfers.record_answer(due=one, told=answer, now=NOW)
        if status == "unknown":
            break
    return seen


def info(letter_no: str, amount: str = "18643.25", *, function: str = "0", **given: str) -> OutInfo:
    whole = Money.parse(amount)
    interest = Money.parse(given.get("interest", "43.25"))
    fields = {
        "TransAmount": amount,
        "Principal": str(whole - interest),
        "Interest": str(interest),
        "OpenMonth": "201809",
        "PaidThrough": "202606",
        "SixMonths": "1",
        "LoanTimes": "0",
        "LoanOpen": "0",
        "Fraud": "0",
    }
    return OutInfo(
        letter_no=letter_no, function=function, amount=whole, principal=whole - interest, interest=interest,
        told=fields, reason=given.get("reason", ""),
    )  # fmt: skip


async def hear_info(told_info: OutInfo, **given: Any) -> str:
    async with database.transaction() as tx:
        return await transfers.take_out_info(tx, info=told_info, **{"business_date": TODAY, "now": NOW, **given})


async def hear_progress(letter_no: str, state: str, reason: str = "") -> str:
    async with database.transaction() as tx:
        return await transfers.take_progress(tx, letter_no=letter_no, state=state, reason=reason, now=NOW)


async def hear_cancel(letter_no: str) -> str:
    async with database.transaction() as tx:
        return await transfers.take_cancellation(tx, letter_no=letter_no, reason="职工撤销", now=NOW)


async def confirmed_by_other(letter_no: str) -> str:
    return await hear_info(OutInfo(letter_no=letter_no, function="2"))


def letter(number: int, *, sequence: int = 1, **changes: str) -> Letter:
    given = {
        "letter_no": transfers.letter_no(centre_code=TIANJIN, day=TODAY, sequence=sequence),
        "in_centre": TIANJIN,
        "in_centre_name": "天津市住房公积金管理中心",
        "name": name_of(number),
        "document_type": "01",
        "document_no": id_card(number),
        "out_account": str(account_no(number)),
        "in_account": "120100880009",
        "fund_account": THEIR_FUND,
        "fund_account_name": THEIR_NAME,
        "fund_bank_code": "102",
    }
    return Letter(**{**given, **changes})


async def hear_letter(one: Letter, *, business_date: date = TODAY) -> TransferView:
    async with database.transaction() as tx:
        await transfers.take_letter(tx, letter=one, business_date=business_date, now=NOW)
    return await by_letter(one.letter_no)


async def by_letter(letter_no: str) -> TransferView:
    row = await database.row("SELECT account_no, transfer_id FROM transfer_letter WHERE letter_no = $1", letter_no)
    assert row is not None
    return await transfers.transfer_by_key(account_no=row["account_no"], transfer_id=row["transfer_id"])


async def sealed(number: int, *, state: str = "02") -> int:
    """Somebody whose account is sealed, with eight months' money in it."""
    number_of = await person_with_account(number, months=MONTHS)
    await database.execute("UPDATE account SET state = $2 WHERE account_no = $1", number_of, state)
    return number_of


async def ordered(number: int = 711, **changes: str) -> TransferView:
    """A transfer out whose money is on its way to the bank."""
    await sealed(number)
    view = await hear_letter(letter(number, **changes))
    view = await step(CLERK, view, "confirm")
    return await step(REVIEWER, view, "approve")


async def bank_answers(*, now: datetime = NOW) -> None:
    """What the worker does with settled items."""
    for row in await database.rows("SELECT payload FROM outbox WHERE kind = 'batch.item_settled' ORDER BY event_id"):
        payload = row["payload"]
        async with database.transaction() as tx:
            await transfers.item_settled(
                tx, batch_id=int(payload["batch_id"]), item_no=int(payload["item_no"]),
                reference=payload["owner_reference"], business_date=business_date_of(now), now=now,
            )  # fmt: skip


async def money_matched(*, business_date: date = TODAY) -> None:
    """What the worker does with matched receipts."""
    for row in await database.rows("SELECT payload FROM outbox WHERE kind = 'receipt.matched' ORDER BY event_id"):
        payload = row["payload"]
        if transfers.is_transfer_in(payload["purpose"]):
            async with database.transaction() as tx:
                await transfers.money_arrived(
                    tx, letter_no=payload["reference_no"], expectation_id=int(payload["expectation_id"]),
                    receipt_id=int(payload["receipt_id"]), business_date=business_date, now=NOW,
                )  # fmt: skip


async def refused(awaited: Any) -> list[str]:
    """The codes of a refusal."""
    try:
        await awaited
    except Refused as refusal:
        return [one.code for one in refusal.refusals]
    raise AssertionError("nothing was refused")


def clear(cipher: bytes) -> str:
    return vault.current().decrypt(cipher)


LATER = NOW + timedelta(days=30)
"""When everything that waits is due."""
