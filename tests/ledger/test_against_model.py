"""The real ledger on PostgreSQL against the auditor's model: random movements, the same answer and the same books."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain import ledger
from domain.kernel import database
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.ledger import Line, VoucherKind
from tests.ledger.accounts import BANK, TODAY, noon, open_account
from tests.ledger.model import ModelAccount, ModelLine, ModelPosting, Rates, Totals
from tests.pristine import empty_tables

ACCOUNTS = 2
# what batches, closed days and closed months alone give facts to
_NEED_MORE = {
    "batch_head_equals_lines",
    "formal_equals_realtime",
    "formal_balances",
    "formal_numbers_have_no_gap",
    "totals_equal_lines",
    "sheet_equals_ledger",
    "income_is_carried_over",
    "maintenance_sheet_equals_ledger",
    "carry_over_keeps_net_assets",
}
HOLD_KEYS = 3
BEGINS = TODAY - timedelta(days=4 * 365)
BACKDATED = (0, 40, 400)
HOLD_DAYS = 90
SHAPES = ("deposit", "split_deposit", "withdrawal", "split_withdrawal", "bank_only")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One movement. `key` and `hold` number the business keys of their account, so that keys come again."""

    act: str
    account: int = 0
    key: int = 0
    fen: int = 1
    shape: str = "deposit"
    hold: int | None = None
    back: int = 0
    days: int = 0
    state: str = "01"


_account = st.integers(0, ACCOUNTS - 1)
_few = st.integers(0, HOLD_KEYS - 1)
# small, so that amounts meet, and large, so that interest is worth counting
_fen = st.one_of(st.sampled_from([100, 250, 400]), st.integers(1, 900), st.integers(1, 9).map(lambda n: n * 1_000_003))

_STEPS = st.one_of(
    st.builds(Step, act=st.just("place"), account=_account, key=_few, fen=_fen),
    st.builds(Step, act=st.sampled_from(("void", "expire")), account=_account, key=_few),
    st.builds(Step, act=st.just("reverse"), account=_account, key=st.integers(0, 30), fen=st.integers(0, 4)),
    st.builds(Step, act=st.just("days_pass"), days=st.sampled_from((1, 7, 91, 200))),
    st.builds(Step, act=st.just("rate"), days=st.integers(1, 60), fen=st.sampled_from((0, 3500, 11000, 27500))),
    st.builds(Step, act=st.just("settle_interest"), account=_account),
    st.builds(
        Step,
        act=st.just("post"),
        account=_account,
        key=st.integers(0, 40),
        fen=_fen,
        shape=st.sampled_from(SHAPES),
        back=st.sampled_from(BACKDATED),
    ),
    # with a hold: `fen` is what the amount differs by from the hold's
    st.builds(
        Step,
        act=st.just("pay_hold"),
        account=_account,
        key=st.integers(41, 44),
        fen=st.sampled_from((0, 0, 0, 1, -1, 50)),
        shape=st.sampled_from(("withdrawal", "split_withdrawal")),
        hold=_few,
    ),
    st.builds(Step, act=st.just("place"), account=_account, key=_few, fen=st.integers(1, 300)),
    st.builds(Step, act=st.just("repeat")),
    st.builds(Step, act=st.just("repeat_changed"), fen=st.integers(1, 50)),
    st.builds(Step, act=st.just("state"), account=_account, state=st.sampled_from(("01", "01", "02", "05", "06"))),
)


def _lines(shape: str, fen: int) -> list[ModelLine]:
    first = fen // 2 or fen
    parts = [part for part in (first, fen - first) if part]
    if shape == "bank_only":
        return [ModelLine("101", "D", fen), ModelLine("211", "C", fen)]
    inward = shape.endswith("deposit")
    personal = parts if shape.startswith("split") else [fen]
    lines = [ModelLine("201", "C" if inward else "D", part) for part in personal]
    return [*lines, ModelLine("101", "D" if inward else "C", fen)]


class Played:
    """One sequence on fresh accounts: every step goes to the ledger and to the model."""

    def __init__(self, numbers: list[int]) -> None:
        self.numbers = numbers
        self.day = BEGINS
        self.rates = Rates()
        self.models = [ModelAccount(rates=self.rates, opened_on=BEGINS) for _ in numbers]
        self.hold_ids = [[new_id() for _ in range(HOLD_KEYS)] for _ in numbers]
        self.last: Step | None = None

    async def play(self, step: Step) -> None:
        if step.act in ("repeat", "repeat_changed"):
            if self.last is None:
                return
            step = self.last if step.act == "repeat" else replace(self.last, fen=self.last.fen + step.fen)
        number, model = self.numbers[step.account], self.models[step.account]
        if step.act == "state":
            model.state = step.state
            await database.execute("UPDATE account SET state = $2 WHERE account_no = $1", number, step.state)
        elif step.act == "days_pass":
            self.day = min(TODAY, self.day + timedelta(days=step.days))
        elif step.act == "rate":
            await self._set_rate(step)
        elif step.act in ("void", "expire"):
            hold_id = self.hold_ids[step.account][step.key]
            end = "voided" if step.act == "void" else "expired"
            real = await _end_hold(number, hold_id, step.act, self.day)
            assert real == model.end_hold(hold_id=hold_id, end=end, day=self.day)
        elif step.act == "settle_interest":
            before = model.balance
            model.settle(self.day)
            async with database.transaction() as tx:
                interest = await ledger.settle_interest(
                    tx, account_no=number, business_date=self.day, now=noon(self.day)
                )
            assert interest.fen == model.balance - before
        elif step.act == "reverse":
            await self._reverse(step)
        else:
            self.last = step
            await (self._place(step) if step.act == "place" else self._post(step))
        await self.compare(step.account)

    async def _place(self, step: Step) -> None:
        model, hold_id = self.models[step.account], self.hold_ids[step.account][step.key]
        until = self.day + timedelta(days=HOLD_DAYS)
        real = await _place(self.numbers[step.account], hold_id, f"hold:{step.key}", step.fen, self.day, until)
        assert real == model.place_hold(
            key=f"hold:{step.key}", hold_id=hold_id, fen=step.fen, day=self.day, expires_on=until
        )

    async def _set_rate(self, step: Step) -> None:
        since = self.day + timedelta(days=step.days)
        if self.rates.changes and since <= self.rates.changes[-1][0]:
            return
        await database.execute("SELECT ledger_set_deposit_rate($1, $2, 'test')", since, step.fen)
        self.rates.changes.append((since, step.fen))

    async def _reverse(self, step: Step) -> None:
        model, reason = self.models[step.account], "wrong" if step.fen else "other"
        voucher_id = list(model.booked)[step.key % len(model.booked)]
        real = await _reverse(self.numbers[step.account], voucher_id, reason, self.day)
        expected = model.reverse(
            voucher_id=voucher_id, reversal_id=real if isinstance(real, int) else 0, reason=reason, day=self.day
        )
        assert real == expected

    async def _post(self, step: Step) -> None:
        model = self.models[step.account]
        hold_id = None if step.hold is None else self.hold_ids[step.account][step.hold]
        held = None if hold_id is None else model.hold_of(hold_id)
        fen = step.fen if step.hold is None else max(1, step.fen + (held.fen if held else 300))
        lines = _lines(step.shape, fen)
        key, effective_on = f"voucher:{step.key}", self.day - timedelta(days=step.back)
        real = await _post(self.numbers[step.account], key, step.shape, lines, effective_on, self.day, hold_id)
        # the ledger chooses the voucher's number; the model takes it over and answers by it afterwards
        voucher_id = real if isinstance(real, int) else 0
        expected = model.post(
            key=key,
            voucher_id=voucher_id,
            kind=_kind(step.shape),
            lines=lines,
            effective_on=effective_on,
            day=self.day,
            hold_id=hold_id,
        )
        assert real == expected

    async def compare(self, account: int) -> None:
        number, model = self.numbers[account], self.models[account]
        row = await database.row(
            "SELECT balance_fen, held_fen, carried_over_fen, current_year_fen, posting_count FROM account_balance"
            " WHERE account_no = $1",
            number,
        )
        assert row is not None
        assert Totals(*row) == model.totals
        holds = await database.rows("SELECT hold_id, amount_fen, state FROM hold WHERE account_no = $1", number)
        assert {tuple(hold) for hold in holds} == {(h.hold_id, h.fen, h.state) for h in model.holds.values()}

    async def audit(self) -> None:
        """Every posting and every event of the sequence."""
        for number, model in zip(self.numbers, self.models, strict=True):
            rows = await database.rows(
                "SELECT voucher_id, line_no, subject, side, amount_fen, sequence, balance_before_fen,"
                " balance_after_fen, carried_over_fen, current_year_fen FROM posting WHERE account_no = $1",
                number,
            )
            assert sorted(ModelPosting(*row)[:5] for row in rows) == sorted(p[:5] for p in model.postings)
            assert {ModelPosting(*row) for row in rows} == set(model.postings)
            events = await database.rows("SELECT payload FROM outbox WHERE account_no = $1", number)
            told = sorted(int(event["payload"]["voucher_id"]) for event in events)
            posted = {key: voucher_id for key, (voucher_id, _) in model.vouchers.items()}
            assert told == sorted(one for key, one in posted.items() if not key.startswith("reversal:"))


def _kind(shape: str) -> VoucherKind:
    return VoucherKind.REMITTANCE if shape.endswith("deposit") else VoucherKind.PARTIAL_WITHDRAWAL


async def _place(account_no: int, hold_id: int, key: str, fen: int, day: date, until: date) -> bool | str:
    try:
        async with database.transaction() as tx:
            return await ledger.place_hold(
                tx,
                account_no=account_no,
                hold_id=hold_id,
                business_key=key,
                amount=Money(fen),
                case_id=None,
                reason="rent",
                expires_on=until,
                now=noon(day),
            )
    except Refused as refused:
        return refused.refusals[0].code


async def _end_hold(account_no: int, hold_id: int, act: str, day: date) -> bool | str:
    end = ledger.void_hold if act == "void" else ledger.expire_hold
    try:
        async with database.transaction() as tx:
            return await end(tx, account_no=account_no, hold_id=hold_id, now=noon(day))
    except Refused as refused:
        return refused.refusals[0].code


async def _reverse(account_no: int, voucher_id: int, reason: str, day: date) -> int | str:
    try:
        async with database.transaction() as tx:
            return await ledger.reverse(
                tx, account_no=account_no, voucher_id=voucher_id, reason=reason, posted_on=day, now=noon(day)
            )
    except Refused as refused:
        return refused.refusals[0].code


async def _post(
    account_no: int,
    key: str,
    shape: str,
    lines: list[ModelLine],
    effective_on: date,
    day: date,
    hold_id: int | None,
) -> int | str:
    try:
        async with database.transaction() as tx:
            return await ledger.post(
                tx,
                account_no=account_no,
                business_key=key,
                kind=_kind(shape),
                summary=shape,
                lines=[
                    Line(
                        subject=line.subject,
                        side="D" if line.side == "D" else "C",
                        amount=Money(line.fen),
                        auxiliary=BANK if line.subject == "101" else "",
                    )
                    for line in lines
                ],
                effective_on=effective_on,
                posted_on=day,
                now=noon(day),
                hold_id=hold_id,
                event_kind="payment.confirmed",
            )
    except Refused as refused:
        return refused.refusals[0].code


@settings(
    max_examples=60,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(_STEPS, min_size=15, max_size=40))
async def test_ledger_answers_and_books_as_the_model_does(database: str, steps: list[Step]) -> None:
    # the rates of one sequence are no other's
    await empty_tables(database)
    played = Played([await open_account(on=BEGINS) for _ in range(ACCOUNTS)])
    # money to begin with, so that a random sequence is not all refusals
    for account in range(ACCOUNTS):
        await played.play(Step(act="post", account=account, key=99, fen=1000))
    for step in steps:
        await played.play(step)
    await played.audit()
    for result in await ledger.prove(invariants=ledger.INVARIANTS):
        assert result.holds, result
        assert result.checked > 0 or result.name in _NEED_MORE, result
