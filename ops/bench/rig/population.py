"""Synthetic citizens for benches, loaded set by set: each with an account, a year of contributions and a card.

The books are as whole as if every month had been posted by itself: the benches prove them before and after.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

import asyncpg

from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.identifiers import mask_card, mask_id_document, mask_mobile, mask_name, valid_id_card
from domain.kernel.vault import Vault

ACCOUNT_NO_FIRST = 900_000_000_000
PERSON_ID_FIRST = 7_000_000_000_000
CARD_ID_FIRST = 8_000_000_000_000
SESSION_ID_FIRST = 6_000_000_000_000
MONTHS = 12
MONTHLY_FEN = 800_000
BANK_CODE = "102"
NAME = "测试人"


@dataclass(frozen=True, slots=True, kw_only=True)
class Citizen:
    """The numbers of one synthetic citizen; `index` counts from 0."""

    index: int

    @property
    def account_no(self) -> int:
        return ACCOUNT_NO_FIRST + self.index

    @property
    def person_id(self) -> int:
        return PERSON_ID_FIRST + self.index

    @property
    def card_id(self) -> int:
        return CARD_ID_FIRST + self.index

    @property
    def session_id(self) -> int:
        return SESSION_ID_FIRST + self.index

    @property
    def document_no(self) -> str:
        """Well-formed, of a district code that was never given out."""
        day = 1 + self.index // 40_000 % 28
        body = f"119999{1960 + self.index // 1000 % 40}01{day:02d}{self.index % 1000:03d}"
        return next(body + check for check in "0123456789X" if valid_id_card(body + check))


class NotEmpty(Exception):
    """The database has accounts already; a bench does not mix its citizens with others."""


async def populate(*, dsn: str, vault: Vault, accounts: int, now: datetime) -> list[Citizen]:
    """Fills a migrated database that has no accounts. Raises NotEmpty."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        if await connection.fetchval("SELECT EXISTS (SELECT FROM account)"):
            raise NotEmpty("the database has accounts already: name an empty, migrated one")
        citizens = [Citizen(index=index) for index in range(accounts)]
        async with connection.transaction():
            # The rows refer to each other by construction; checking each reference would take most of the time.
            await connection.execute("SET LOCAL session_replication_role = replica")
            await connection.execute(_REFERENCE)
            await _copy_people(connection, citizens=citizens, vault=vault, now=now)
            await _fill_accounts(connection, accounts=accounts, now=now)
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")
        return citizens
    finally:
        await connection.close()


async def _copy_people(connection: asyncpg.Connection, *, citizens: list[Citizen], vault: Vault, now: datetime) -> None:
    persons, cards = _persons(citizens, vault=vault, now=now), _cards(citizens, vault=vault, now=now)
    await connection.copy_records_to_table("person", records=persons, columns=_PERSON_COLUMNS)
    await connection.copy_records_to_table("bank_card", records=cards, columns=_CARD_COLUMNS)


_PERSON_COLUMNS = (
    *("person_id", "document_type", "document_cipher", "document_masked", "name_cipher", "name_masked"),
    *("mobile_cipher", "mobile_masked", "created_at"),
)
_CARD_COLUMNS = (
    *("account_no", "card_id", "bank_code", "card_cipher", "card_masked", "card_index"),
    *("is_default", "active", "created_at"),
)


def _persons(citizens: list[Citizen], *, vault: Vault, now: datetime) -> Iterator[tuple[object, ...]]:
    mobile = "13800000000"
    for citizen in citizens:
        document_no = citizen.document_no
        yield (
            citizen.person_id,
            "01",
            vault.encrypt(document_no),
            mask_id_document(document_no),
            vault.encrypt(NAME),
            mask_name(NAME),
            vault.encrypt(mobile),
            mask_mobile(mobile),
            now,
        )


def _cards(citizens: list[Citizen], *, vault: Vault, now: datetime) -> Iterator[tuple[object, ...]]:
    for citizen in citizens:
        number = f"622200{citizen.index:010d}000"
        yield (
            citizen.account_no,
            citizen.card_id,
            BANK_CODE,
            vault.encrypt(number),
            mask_card(number),
            vault.lookup_index(number),
            True,
            True,
            now,
        )


async def _fill_accounts(connection: asyncpg.Connection, *, accounts: int, now: datetime) -> None:
    last = YearMonth.of(business_date_of(now)).minus(months=1)
    months = [last.minus(months=back) for back in reversed(range(MONTHS))]
    await connection.execute(_ACCOUNTS, accounts, MONTHLY_FEN, last.period, months[0].first_day)
    await connection.execute(_PERSON_ACCOUNTS, accounts)
    days: list[date] = [month.first_day.replace(day=20) for month in months]
    await connection.execute(_BALANCES, accounts, MONTHLY_FEN, days, business_date_of(now))
    texts = [f"{month.year}年{month.month}月汇缴" for month in months]
    for sql in (_VOUCHERS, _POSTINGS, _CONTRIBUTION_MONTHS):
        await connection.execute(
            f"WITH month AS ({_MONTHS}) {sql}",
            [month.period for month in months],
            days,
            [str(month) for month in months],
            texts,
            accounts,
            MONTHLY_FEN,
            BANK_CODE,
            datetime(2026, 1, 1, tzinfo=UTC),
        )


_REFERENCE = f"""
INSERT INTO management_office (code, name, district_code) VALUES ('0101', '东城管理部', '110101');
INSERT INTO entrusted_bank (code, name, fund_account_no) VALUES ('{BANK_CODE}', '中国工商银行', '0200000109000000001');
INSERT INTO employer (employer_no, name, uscc, office_code, opened_on)
VALUES (100001, '北京晨曦科技有限公司', '91110101MA0DEM00XL', '0101', '2018-07-01');
"""

_ACCOUNTS = f"""
INSERT INTO account (account_no, person_id, employer_no, office_code, base_fen, monthly_contribution_fen, opened_on,
                     paid_through_period)
SELECT {ACCOUNT_NO_FIRST} + n, {PERSON_ID_FIRST} + n, 100001, '0101', $2::bigint * 4, $2, $4, $3
FROM generate_series(0, $1::integer - 1) n
"""

_PERSON_ACCOUNTS = f"""
INSERT INTO person_account (person_id, account_no)
SELECT {PERSON_ID_FIRST} + n, {ACCOUNT_NO_FIRST} + n FROM generate_series(0, $1::integer - 1) n
"""

_BALANCES = f"""
INSERT INTO account_balance (account_no, balance_fen, current_year_fen, posting_count, settled_through,
                             settled_sequence, interest_offset)
SELECT {ACCOUNT_NO_FIRST} + n, $2 * m.months, $2 * m.months, m.months, m.settled, m.before, m.product
FROM generate_series(0, $1::integer - 1) n
CROSS JOIN (
    SELECT count(*) AS months, ledger_settlement_before($4) AS settled,
           count(*) FILTER (WHERE day <= ledger_settlement_before($4)) AS before,
           sum($2 * ledger_rate_index(greatest(day, ledger_settlement_before($4) + 1)))::bigint AS product
    FROM unnest($3::date[]) AS day) m
"""

# Every statement below names all eight parameters, so that one list of values fits them all.
_MONTHS = f"""
SELECT {ACCOUNT_NO_FIRST} + n AS account_no, m.period, m.nth, m.posted_on, m.label, m.summary, $6::bigint AS amount,
       $7::text AS bank, $8::timestamptz AS recorded_at, {ACCOUNT_NO_FIRST} + n::bigint * 100 + m.nth AS voucher_id
FROM generate_series(0, $5::integer - 1) n
CROSS JOIN unnest($1::integer[], $2::date[], $3::text[], $4::text[])
    WITH ORDINALITY AS m (period, posted_on, label, summary, nth)
"""

_VOUCHERS = """
INSERT INTO voucher (account_no, period, voucher_id, business_key, input_hash, kind, summary, debit_fen, credit_fen,
                     effective_on, posted_on, recorded_at)
SELECT account_no, period, voucher_id, 'remittance:' || label, '\\x00', '01', summary, amount, amount, posted_on,
       posted_on, recorded_at
FROM month
"""

_POSTINGS = """
INSERT INTO posting (account_no, period, voucher_id, line_no, account_set, subject, auxiliary, side, amount_fen,
                     sequence, balance_before_fen, balance_after_fen, current_year_fen)
SELECT account_no, period, voucher_id, line_no, 'provident_fund', subject, CASE side WHEN 'D' THEN bank ELSE '' END,
       side, amount, CASE side WHEN 'C' THEN nth END, CASE side WHEN 'C' THEN (nth - 1) * amount END,
       CASE side WHEN 'C' THEN nth * amount END, CASE side WHEN 'C' THEN amount ELSE 0 END
FROM month CROSS JOIN (VALUES (1, '101', 'D'), (2, '201', 'C')) AS l (line_no, subject, side)
"""

_CONTRIBUTION_MONTHS = """
INSERT INTO contribution_month (account_no, period, voucher_id, amount_fen)
SELECT account_no, period, voucher_id, amount FROM month
"""
