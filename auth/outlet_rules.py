"""What an outlet's entry consists of, and what is wrong with one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from auth.refusals import OUTLET_FIELD
from domain.kernel.database import Transaction
from domain.kernel.refusal import Refusal

OutletKind = Literal["branch", "management", "window", "bank_outlet"]
KIND_NAMES: Mapping[str, str] = {
    "branch": "分中心",
    "management": "管理部",
    "window": "服务窗口",
    "bank_outlet": "受托银行网点",
}
FIELDS: Mapping[str, tuple[str, ...]] = {
    "branch": ("name", "open"),
    "management": ("name", "parent_code", "district_code", "open"),
    "window": ("name", "parent_code", "address", "open"),
    "bank_outlet": ("name", "parent_code", "bank_code", "address", "open"),
}
FIELD_NAMES: Mapping[str, str] = {
    "code": "网点编号",
    "name": "名称",
    "parent_code": "上级网点",
    "district_code": "行政区划",
    "bank_code": "受托银行代码",
    "address": "地址",
    "open": "状态",
}
_CODES: Mapping[str, tuple[str, str]] = {
    "branch": (r"[0-9A-Z]{2,8}", "应为2至8位数字或大写字母"),
    "management": (r"[0-9]{4}", "应为4位数字"),
    "window": (r"[0-9A-Z-]{4,20}", "应为4至20位数字、大写字母或短横线"),
    "bank_outlet": (r"[0-9A-Z-]{4,20}", "应为4至20位数字、大写字母或短横线"),
}

Values = dict[str, Any]


def empty(kind: str) -> Values:
    return {name: True if name == "open" else "" for name in FIELDS[kind]}


def told(before: Values | None, after: Values) -> list[str]:
    """What changes, in words."""
    return [
        f"{FIELD_NAMES[name]}{'' if before is None else f'由{word(name, before.get(name))}改'}为{word(name, value)}"
        for name, value in after.items()
        if before is None or before.get(name) != value
    ]


def word(name: str, value: object) -> str:
    if name == "open":
        return "启用" if value else "停用"
    return str(value) if value else "（空）"


async def problems_of(tx: Transaction, *, kind: str, code: str, before: Values | None, after: Values) -> list[Refusal]:
    problems = []
    shape, problem = _CODES[kind]
    if before is None and re.fullmatch(shape, code) is None:
        problems.append(wrong("code", problem))
    name = after["name"]
    if not (isinstance(name, str) and 2 <= len(name) <= 40 and name == name.strip()):
        problems.append(wrong("name", "应为2至40个字，首尾无空格"))
    if not isinstance(after["open"], bool) or (before is None and not after["open"]):
        problems.append(wrong("open", "新增网点应为启用"))
    if "district_code" in after and re.fullmatch(r"[0-9]{6}", str(after["district_code"])) is None:
        problems.append(wrong("district_code", "应为6位数字"))
    if "address" in after and not 4 <= len(str(after["address"]).strip()) <= 100:
        problems.append(wrong("address", "应为4至100个字"))
    if "bank_code" in after:
        known = await tx.value(
            "SELECT EXISTS (SELECT FROM entrusted_bank WHERE code = $1 AND active)", str(after["bank_code"])
        )
        problems += [] if known else [wrong("bank_code", "不是在用的受托银行")]
    if "parent_code" in after and after["open"]:
        problems += await _wrong_parent(tx, kind, str(after["parent_code"]))
    return problems


async def _wrong_parent(tx: Transaction, kind: str, parent: str) -> list[Refusal]:
    if kind == "management":
        # directly under the centre, or under a branch centre
        sql = "SELECT $1 = '' OR EXISTS (SELECT FROM branch_centre WHERE code = $1 AND closed_on IS NULL)"
        problem = "应为在用的分中心，或不填（中心直属）"
    else:
        sql = "SELECT EXISTS (SELECT FROM management_office WHERE code = $1 AND closed_on IS NULL)"
        problem = "应为在用的管理部"
    return [] if await tx.value(sql, parent) else [wrong("parent_code", problem)]


def wrong(field: str, problem: str) -> Refusal:
    return OUTLET_FIELD.on(field, name=FIELD_NAMES[field], problem=problem)
