"""Who was shown on a page of the staff: each person whose masked name or number stands there is told of it.

One place for all pages (`backoffice.desk`) and exports: what a page hands to its template is looked through for views
that show a person, so that no page can forget it. Persons are found with one statement for each way of naming them,
whatever the number of rows; the read is kept before the page is sent, so that none is seen without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any

from backoffice.navigation import SECTIONS
from domain.kernel import access, database
from domain.kernel.actor import Actor

REFERENCES = ("person_id", "account_no", "document_index")
"""How a view says who is shown, the first that it has and that is not empty."""

NOBODY = {
    "Exclusion": "调查不展示的登记本身不向当事人展示",
    "RowResult": "经办人自己上传的名单文件，尚未登记",
    "InventoryLine": "单位自己的清册，只在单位网厅展示",
    "Rehearsed": "政策试算，只在命令行展示",
    "ShareOrigin": "付款账户属于单位或汇款人，不对应登记人员",
    "TakenBack": "银行收回的缴款账户属于单位或汇款人，不对应登记人员",
    "Returnable": "付款账户属于单位或汇款人，不对应登记人员",
    "ReceiptView": "付款账户属于单位或汇款人，不对应登记人员",
    "SuspenseView": "付款账户属于单位或汇款人，不对应登记人员",
    "ExpectationView": "付款账户属于单位或汇款人，不对应登记人员",
    "StatementLineView": "银行对账单的往来账户，不对应登记人员",
    "BatchItemView": "批量业务按业务编号展示往来账户，不对应登记人员",
    "Visit": "当事人在自助终端上自己的会话",
    "AskedCode": "只答复索取验证码的本人",
    "EvaluationReport": "报送好差评平台的内容，页面不展示",
}
"""Views with masked fields that name no registered person, or that nobody is to be told of, and why."""

_WORDS = (
    ("applicant_name", "姓名（脱敏）"),
    ("name_masked", "姓名（脱敏）"),
    ("person_masked", "姓名（脱敏）"),
    ("applicant_masked", "姓名（脱敏）"),
    ("document_no_masked", "证件号码（脱敏）"),
    ("document_masked", "证件号码（脱敏）"),
    ("mobile_masked", "手机号码（脱敏）"),
    ("mobile", "手机号码（脱敏）"),
    ("before_masked", "变更前后的号码（脱敏）"),
    ("card_no_masked", "银行卡号（脱敏）"),
    ("payee_account_masked", "收款账号（脱敏）"),
    ("other_account_masked", "对方账号（脱敏）"),
)
_ALSO = {"CaseView": ("办件事项", "申请金额")}
_OURS = ("domain.", "auth.", "channels.", "notifications.", "backoffice.pages.")
_DEEPEST = 6


@dataclass(slots=True)
class Shown:
    """What one page has shown so far."""

    person_ids: set[int] = field(default_factory=set)
    account_nos: set[int] = field(default_factory=set)
    document_indexes: set[bytes] = field(default_factory=set)
    what: set[str] = field(default_factory=set)

    def take(self, value: object) -> None:
        """Everything in a value that shows a person."""
        self._take(value, depth=0, seen=set())

    def _take(self, value: object, *, depth: int, seen: set[int]) -> None:
        if depth > _DEEPEST or isinstance(value, str | bytes | int | float | None):
            return
        if isinstance(value, Mapping):
            for one in value.values():
                self._take(one, depth=depth + 1, seen=seen)
        elif isinstance(value, list | tuple | set | frozenset):
            for one in value:
                self._take(one, depth=depth + 1, seen=seen)
        elif is_dataclass(value) and not isinstance(value, type) and type(value).__module__.startswith(_OURS):
            if id(value) in seen:
                return
            seen.add(id(value))
            self._view(value)
            for name in _names(type(value)):
                self._take(getattr(value, name), depth=depth + 1, seen=seen)

    def _view(self, view: Any) -> None:
        kind: Any = type(view)
        words = words_of(kind)
        if not words:
            return
        for name in REFERENCES:
            found = getattr(view, name, None)
            if found:
                kept: set[Any] = getattr(self, f"{name}es" if name.endswith("x") else f"{name}s")
                kept.add(found)
                self.what |= {*words, *_ALSO.get(kind.__name__, ())}
                return


@cache
def words_of(view: type) -> tuple[str, ...]:
    """What of a person the views of this kind show; nothing for those that show nobody of ours."""
    if view.__name__ in NOBODY:
        return ()
    names = _names(view)
    return tuple(dict.fromkeys(words for name, words in _WORDS if name in names))


@cache
def _names(view: type) -> frozenset[str]:
    return frozenset(one.name for one in fields(view))


def purpose_of(path: str) -> str:
    """In words: the section of the menu that the page belongs to."""
    mine = [section for section in SECTIONS if path.startswith(section.path)]
    return max(mine, key=lambda section: len(section.path)).name if mine else "业务平台"


async def record(
    shown: Shown, *, actor: Actor, path: str, now: datetime, noted: Iterable[int] = (), prefix: str = ""
) -> None:
    """Keeps the read of everybody shown; `noted` are those whose read the page kept itself, in words of its own."""
    persons = set(shown.person_ids)
    if shown.account_nos:
        rows = await database.rows(
            "SELECT person_id FROM account WHERE account_no = ANY ($1::bigint[])", sorted(shown.account_nos)
        )
        persons |= {row["person_id"] for row in rows}
    if shown.document_indexes:
        rows = await database.rows(
            "SELECT person_id FROM person_document WHERE document_index = ANY ($1::bytea[])",
            sorted(shown.document_indexes),
        )
        persons |= {row["person_id"] for row in rows}
    persons -= set(noted)
    if persons:
        await access.record_list_read(
            actor=actor,
            person_ids=persons,
            purpose=prefix + purpose_of(path),
            what=sorted(shown.what),
            subject=f"page:{path}",
            now=now,
        )
