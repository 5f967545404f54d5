"""What master data there is: the fields of each list, what makes them right, and how an approved change is written."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar

from domain.kernel.database import Transaction
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import Refusal, Refused
from domain.settlement.accounts import CENTRE_OFFICE
from domain.settlement.deposit_rules import PRODUCTS
from domain.settlement.refusals import MASTER_FIELD, MASTER_IN_USE

Values = dict[str, Any]

RATE_PPM_MAX = 200_000

_FIELD_NAMES: dict[str, str] = {
    "key": "编号",
    "name": "名称",
    "fund_account_no": "专户账号",
    "active": "启用状态",
    "bank_code": "银行代码",
    "account_set": "账套",
    "kind": "账户类型",
    "subject": "科目",
    "number": "账号",
    "office_code": "管理部",
    "state": "状态",
    "opened_on": "开户日期",
    "closed_on": "销户日期",
    "region_code": "行政区划",
    "product": "品种",
    "effective_from": "生效日期",
    "rate_ppm": "利率",
    "source": "依据",
}


class Subject(ABC):
    """One list. `defaults` are the fields of a new entry that nobody names."""

    code: ClassVar[str]
    name: ClassVar[str]
    fields: ClassVar[frozenset[str]]
    defaults: ClassVar[Mapping[str, object]] = {}
    keys_sql: ClassVar[str]

    @abstractmethod
    async def read(self, tx: Transaction, key: str) -> Values | None:
        """The entry as JSON values, None when there is none."""

    @abstractmethod
    async def check(self, tx: Transaction, key: str, before: Values | None, after: Values, business_date: date) -> None:
        """Raises Refused with every reason why the entry may not become `after`."""

    @abstractmethod
    async def write(self, tx: Transaction, key: str, after: Values, now: datetime) -> None: ...


def _wrong(field: str, problem: str) -> Refusal:
    return MASTER_FIELD.on(field, name=_FIELD_NAMES[field], problem=problem)


def _shaped(field: str, value: object, pattern: str, problem: str) -> list[Refusal]:
    right = isinstance(value, str) and re.fullmatch(pattern, value) is not None
    return [] if right else [_wrong(field, problem)]


def _named(after: Values) -> list[Refusal]:
    name = after.get("name")
    right = isinstance(name, str) and 2 <= len(name.strip()) <= 80 and name == name.strip()
    return [] if right else [_wrong("name", "应为2至80个字，首尾无空格")]


def _flag(after: Values) -> list[Refusal]:
    return [] if isinstance(after.get("active"), bool) else [_wrong("active", "应为启用或停用")]


def _day(field: str, value: object) -> tuple[date | None, list[Refusal]]:
    try:
        return date.fromisoformat(str(value)), []
    except ValueError:
        return None, [_wrong(field, "不是有效日期")]


def _raise(faults: list[Refusal]) -> None:
    if faults:
        raise Refused(*faults)


async def _bank_exists(tx: Transaction, code: object) -> list[Refusal]:
    known = await tx.value("SELECT EXISTS (SELECT FROM entrusted_bank WHERE code = $1)", str(code))
    return [] if known else [_wrong("bank_code", "不是登记的受托银行")]


class EntrustedBanks(Subject):
    code, name = "entrusted_bank", "受托银行"
    fields = frozenset({"name", "fund_account_no", "active"})
    defaults: ClassVar[Mapping[str, object]] = {"active": True}
    keys_sql = "SELECT code AS key FROM entrusted_bank ORDER BY code"

    async def read(self, tx: Transaction, key: str) -> Values | None:
        row = await tx.row("SELECT name, fund_account_no, active FROM entrusted_bank WHERE code = $1", key)
        return None if row is None else dict(row)

    async def check(self, tx: Transaction, key: str, before: Values | None, after: Values, business_date: date) -> None:
        faults = _shaped("key", key, r"[0-9]{3}", "应为3位数字") + _named(after) + _flag(after)
        faults += _shaped("fund_account_no", after.get("fund_account_no"), r"[0-9A-Z-]{5,32}", "应为5至32位数字或字母")
        _raise(faults)
        taken = await tx.value(
            "SELECT EXISTS (SELECT FROM bank_account WHERE bank_code = $1 AND number = $2 AND code <> $1)",
            key,
            after["fund_account_no"],
        )
        if taken:
            raise Refused(_wrong("fund_account_no", "已登记为其他专户"))
        if before is not None and not after["active"]:
            await self._check_unused(tx, key)

    async def _check_unused(self, tx: Transaction, key: str) -> None:
        row = await tx.row(
            "SELECT (SELECT count(*) FROM payment WHERE bank_code = $1 AND state NOT IN ('confirmed', 'rejected'))"
            " AS payments, (SELECT count(*) FROM bank_batch b JOIN bank_account a ON a.code = b.bank_account_code"
            " WHERE a.bank_code = $1 AND b.state NOT IN ('ended', 'rejected')) AS batches,"
            " (SELECT count(*) FROM bank_deposit d JOIN bank_account a ON a.code = d.bank_account_code"
            " WHERE a.bank_code = $1 AND d.state IN ('proposed', 'standing')) AS deposits",
            key,
        )
        assert row is not None
        for count, what in ((row["payments"], "付款"), (row["batches"], "批量业务"), (row["deposits"], "存款")):
            if count:
                raise Refused(MASTER_IN_USE(what=f"该银行还有{count}笔在途{what}"))

    async def write(self, tx: Transaction, key: str, after: Values, now: datetime) -> None:
        await tx.execute(
            "INSERT INTO entrusted_bank (code, name, fund_account_no, active) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (code) DO UPDATE SET name = excluded.name, fund_account_no = excluded.fund_account_no,"
            " active = excluded.active",
            key,
            after["name"],
            after["fund_account_no"],
            after["active"],
        )
        # the demand account that the bank's row names is an account like the others
        await tx.execute(
            "INSERT INTO bank_account (code, bank_code, account_set, kind, subject, number, name, opened_on)"
            " VALUES ($1, $1, 'provident_fund', 'demand', '101', $2, $3 || '住房公积金存款专户', $4::date)"
            " ON CONFLICT (code) DO UPDATE SET number = excluded.number",
            key,
            after["fund_account_no"],
            after["name"],
            business_date_of(now),
        )


class BankAccounts(Subject):
    code, name = "bank_account", "银行专户"
    fields = frozenset(
        {
            "bank_code",
            "account_set",
            "kind",
            "subject",
            "number",
            "name",
            "office_code",
            "state",
            "opened_on",
            "closed_on",
        }
    )
    defaults: ClassVar[Mapping[str, object]] = {
        "account_set": "provident_fund",
        "kind": "demand",
        "subject": "101",
        "office_code": CENTRE_OFFICE,
        "state": "open",
        "closed_on": None,
    }
    keys_sql = "SELECT code AS key FROM bank_account ORDER BY code"

    # vouchers name the account: what it is never changes under them
    _FIXED = ("bank_code", "account_set", "kind", "subject", "opened_on")

    async def read(self, tx: Transaction, key: str) -> Values | None:
        row = await tx.row(
            "SELECT bank_code, account_set, kind, subject, number, name, office_code, state,"
            " opened_on::text AS opened_on, closed_on::text AS closed_on FROM bank_account WHERE code = $1",
            key,
        )
        return None if row is None else dict(row)

    async def check(self, tx: Transaction, key: str, before: Values | None, after: Values, business_date: date) -> None:
        faults = _named(after) + await _bank_exists(tx, after.get("bank_code"))
        if not re.fullmatch(r"[0-9]{3}(-[A-Z0-9]{1,8})?", key) or key[:3] != after.get("bank_code"):
            faults.append(_wrong("key", "应为银行代码，或银行代码加短横线和1至8位大写字母、数字"))
        if before is None and key == after.get("bank_code"):
            faults.append(_wrong("key", "银行的基本专户请在受托银行资料中登记"))
        faults += _shaped("number", after.get("number"), r"[0-9A-Z-]{5,32}", "应为5至32位数字或字母")
        if after.get("kind") not in ("demand", "fixed", "notice"):
            faults.append(_wrong("kind", "应为活期、定期或通知"))
        if after.get("state") not in ("open", "closed"):
            faults.append(_wrong("state", "应为正常或销户"))
        opened, wrong = _day("opened_on", after.get("opened_on"))
        faults += wrong
        if after.get("state") == "closed":
            closed, wrong = _day("closed_on", after.get("closed_on"))
            faults += wrong
            if closed and opened and not opened <= closed <= business_date:
                faults.append(_wrong("closed_on", "应在开户之后、今天或以前"))
        elif after.get("closed_on") is not None:
            faults.append(_wrong("closed_on", "未销户的账户没有销户日期"))
        standing = before or after
        for field in self._FIXED:
            if after.get(field) != standing.get(field):
                faults.append(_wrong(field, "开户后不能变更，请另立新户"))
        _raise(faults)
        await self._check_others(tx, key, after)
        if after["state"] == "closed" and (before is None or before["state"] != "closed"):
            await self._check_empty(tx, key, after)

    async def _check_others(self, tx: Transaction, key: str, after: Values) -> None:
        row = await tx.row(
            "SELECT EXISTS (SELECT FROM account_subject WHERE account_set = $1 AND code = $2 AND postable"
            " AND auxiliary_kind = 'bank') AS subject,"
            " $3 = $6 OR EXISTS (SELECT FROM management_office WHERE code = $3) AS office,"
            " EXISTS (SELECT FROM bank_account WHERE bank_code = $4 AND number = $5 AND code <> $7) AS taken",
            after["account_set"],
            after["subject"],
            after["office_code"],
            after["bank_code"],
            after["number"],
            CENTRE_OFFICE,
            key,
        )
        assert row is not None
        faults = [] if row["subject"] else [_wrong("subject", "不是该账套的银行科目")]
        faults += [] if row["office"] else [_wrong("office_code", "没有该管理部")]
        faults += [_wrong("number", "已登记为其他专户")] if row["taken"] else []
        _raise(faults)

    async def _check_empty(self, tx: Transaction, key: str, after: Values) -> None:
        row = await tx.row(
            "SELECT (SELECT coalesce(sum(CASE side WHEN 'D' THEN amount_fen ELSE -amount_fen END), 0) FROM ledger_line"
            " WHERE account_set = $2 AND subject = $3 AND auxiliary = $1) AS book,"
            " (SELECT count(*) FROM bank_deposit WHERE $1 IN (bank_account_code, deposit_account_code)"
            " AND state IN ('proposed', 'standing')) AS deposits",
            key,
            after["account_set"],
            after["subject"],
        )
        assert row is not None
        if row["book"] != 0:
            raise Refused(MASTER_IN_USE(what="该专户账面余额不为零"))
        if row["deposits"]:
            raise Refused(MASTER_IN_USE(what="该专户还有未结清的存款"))

    async def write(self, tx: Transaction, key: str, after: Values, now: datetime) -> None:
        await tx.execute(
            "INSERT INTO bank_account (code, bank_code, account_set, kind, subject, number, name, office_code, state,"
            " opened_on, closed_on) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
            " ON CONFLICT (code) DO UPDATE SET number = excluded.number, name = excluded.name,"
            " office_code = excluded.office_code, state = excluded.state, closed_on = excluded.closed_on",
            key,
            after["bank_code"],
            after["account_set"],
            after["kind"],
            after["subject"],
            after["number"],
            after["name"],
            after["office_code"],
            after["state"],
            date.fromisoformat(after["opened_on"]),
            date.fromisoformat(after["closed_on"]) if after["closed_on"] else None,
        )
        if key == after["bank_code"]:
            await tx.execute("UPDATE entrusted_bank SET fund_account_no = $2 WHERE code = $1", key, after["number"])


class UnionBanks(Subject):
    code, name = "union_bank", "联行号"
    fields = frozenset({"bank_code", "name", "active"})
    defaults: ClassVar[Mapping[str, object]] = {"active": True}
    keys_sql = "SELECT union_no AS key FROM union_bank ORDER BY union_no"

    async def read(self, tx: Transaction, key: str) -> Values | None:
        row = await tx.row("SELECT bank_code, name, active FROM union_bank WHERE union_no = $1", key)
        return None if row is None else dict(row)

    async def check(self, tx: Transaction, key: str, before: Values | None, after: Values, business_date: date) -> None:
        faults = _shaped("key", key, r"[0-9]{12}", "应为12位数字") + _named(after) + _flag(after)
        faults += _shaped("bank_code", after.get("bank_code"), r"[0-9]{3}", "应为3位数字")
        if not faults and key[:3] != after["bank_code"]:
            faults.append(_wrong("bank_code", "应与联行号前3位一致"))
        _raise(faults)

    async def write(self, tx: Transaction, key: str, after: Values, now: datetime) -> None:
        await tx.execute(
            "INSERT INTO union_bank (union_no, bank_code, name, active, updated_at) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (union_no) DO UPDATE SET bank_code = excluded.bank_code, name = excluded.name,"
            " active = excluded.active, updated_at = excluded.updated_at",
            key,
            after["bank_code"],
            after["name"],
            after["active"],
            now,
        )


class CentreCodes(Subject):
    code, name = "centre_code", "中心代码"
    fields = frozenset({"name", "region_code", "active"})
    defaults: ClassVar[Mapping[str, object]] = {"active": True}
    keys_sql = "SELECT code AS key FROM centre_code ORDER BY code"

    async def read(self, tx: Transaction, key: str) -> Values | None:
        row = await tx.row("SELECT name, region_code, active FROM centre_code WHERE code = $1", key)
        return None if row is None else dict(row)

    async def check(self, tx: Transaction, key: str, before: Values | None, after: Values, business_date: date) -> None:
        faults = _shaped("key", key, r"[0-9A-Z]{4,15}", "应为4至15位数字或大写字母") + _named(after) + _flag(after)
        _raise(faults + _shaped("region_code", after.get("region_code"), r"[0-9]{6}", "应为6位数字"))

    async def write(self, tx: Transaction, key: str, after: Values, now: datetime) -> None:
        await tx.execute(
            "INSERT INTO centre_code (code, name, region_code, active, updated_at) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (code) DO UPDATE SET name = excluded.name, region_code = excluded.region_code,"
            " active = excluded.active, updated_at = excluded.updated_at",
            key,
            after["name"],
            after["region_code"],
            after["active"],
            now,
        )


class BankRates(Subject):
    """The key is `bank/product/YYYY-MM-DD`; a rate that is in force already does not change any more."""

    code, name = "bank_rate", "存款利率"
    fields = frozenset({"rate_ppm", "source"})
    keys_sql = (
        "SELECT bank_code || '/' || product || '/' || effective_from AS key FROM bank_rate"
        " ORDER BY bank_code, product, effective_from"
    )

    async def read(self, tx: Transaction, key: str) -> Values | None:
        row = await tx.row(
            "SELECT rate_ppm, source FROM bank_rate WHERE bank_code || '/' || product || '/' || effective_from = $1",
            key,
        )
        return None if row is None else dict(row)

    async def check(self, tx: Transaction, key: str, before: Values | None, after: Values, business_date: date) -> None:
        parts = key.split("/")
        if len(parts) != 3:
            raise Refused(_wrong("key", "应为“银行代码/品种/生效日期”"))
        faults = await _bank_exists(tx, parts[0])
        if parts[1] not in PRODUCTS:
            faults.append(_wrong("product", "没有该存款品种"))
        starts, wrong = _day("effective_from", parts[2])
        faults += wrong
        if starts and starts <= business_date and before is not None:
            faults.append(_wrong("effective_from", "已生效的利率不能更改，请登记新的生效日期"))
        rate = after.get("rate_ppm")
        if not isinstance(rate, int) or isinstance(rate, bool) or not 0 <= rate <= RATE_PPM_MAX:
            faults.append(_wrong("rate_ppm", f"应为0至{RATE_PPM_MAX}（百万分之一）"))
        if not isinstance(after.get("source"), str) or len(str(after["source"]).strip()) < 4:
            faults.append(_wrong("source", "请填写文号或合同（不少于4个字）"))
        _raise(faults)

    async def write(self, tx: Transaction, key: str, after: Values, now: datetime) -> None:
        bank_code, product, starts = key.split("/")
        await tx.execute(
            "INSERT INTO bank_rate (bank_code, product, effective_from, rate_ppm, source) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (bank_code, product, effective_from) DO UPDATE SET rate_ppm = excluded.rate_ppm,"
            " source = excluded.source",
            bank_code,
            product,
            date.fromisoformat(starts),
            after["rate_ppm"],
            after["source"],
        )


SUBJECTS: Mapping[str, Subject] = {
    kind.code: kind for kind in (EntrustedBanks(), BankAccounts(), UnionBanks(), CentreCodes(), BankRates())
}
