"""What is left with an outlet, so that it cannot close yet: in words, with numbers."""

from __future__ import annotations

from domain.kernel.database import Transaction

# Each statement by itself: accounts and cases live on other shards than the outlets. Closing one is rare, so that none
# has an index of its own.
_OF_DEPARTMENT: tuple[tuple[str, str], ...] = (
    ("{n}件在办办件", "SELECT count(*) FROM service_case WHERE office_code = $1 AND ended_at IS NULL"),
    ("{n}个未销户的缴存单位", "SELECT count(*) FROM employer WHERE office_code = $1 AND state <> '04'"),
    ("{n}个未销户的个人账户", "SELECT count(*) FROM account WHERE office_code = $1 AND closed_on IS NULL"),
    ("{n}笔未清算的暂收款", "SELECT count(*) FROM suspense_item WHERE office_code = $1 AND open_fen > 0"),
    ("{n}个银行专户", "SELECT count(*) FROM bank_account WHERE office_code = $1 AND state = 'open'"),
    ("{n}个下属网点", "SELECT count(*) FROM service_outlet WHERE office_code = $1 AND closed_on IS NULL"),
    ("{n}名在职人员", "SELECT count(*) FROM staff WHERE $1 = ANY (office_codes) AND active"),
)
_OF_BRANCH: tuple[tuple[str, str], ...] = (
    ("{n}个下属管理部", "SELECT count(*) FROM management_office WHERE branch_code = $1 AND closed_on IS NULL"),
    ("{n}名在职人员", "SELECT count(*) FROM staff WHERE $1 = ANY (branch_codes) AND active"),
)


async def obstacles(tx: Transaction, *, kind: str, code: str) -> list[str]:
    """Empty when the outlet may close. A department's row is locked, so that no employer comes to it meanwhile."""
    if kind == "management":
        await tx.execute("SELECT FROM management_office WHERE code = $1 FOR UPDATE", code)
    asked = {"management": _OF_DEPARTMENT, "branch": _OF_BRANCH}.get(kind, ())
    counted = [(words, await tx.value(sql, code)) for words, sql in asked]
    return [words.format(n=count) for words, count in counted if count]
