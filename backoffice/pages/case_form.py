"""What an applicant declared, in words. Values come masked from the domain."""

from __future__ import annotations

from domain import contributions, policy, withdrawals
from domain.cases import CaseView

_MISSING = "未填写"


async def declared(case: CaseView) -> list[tuple[str, str]]:
    """Label and value of each field of the form, those we know first."""
    titles = withdrawals.TITLES
    known = [(name, case.form[name]) for name in titles if name in case.form]
    fields = [*known, *((name, value) for name, value in case.form.items() if name not in titles)]
    return [(titles.get(name, name), await _value(case, name, value)) for name, value in fields]


async def _value(case: CaseView, name: str, value: object) -> str:
    if value is None or value == "":
        return _MISSING
    if name == "card_id" and str(value).isdigit():
        card = await contributions.card_of(account_no=case.account_no, card_id=int(str(value)))
        if card is None:
            return "该卡已不在账户名下"
        state = "" if card.active else "（已停用）"
        number = card.card_no_masked.replace(" ", "\u00a0")  # not broken between its groups
        return f"{card.bank_name} {number}{state}"
    return withdrawals.in_words(name, value)


def policy_used(case: CaseView) -> list[dict[str, object]]:
    """The policy values that the case was judged by: name, value with its unit, source, verified or not."""
    used = []
    for name, entry in sorted(case.policy_snapshot.items()):
        if not isinstance(entry, dict):
            continue
        value = entry.get("value")
        shown = "、".join(str(part) for part in value) if isinstance(value, list) else str(value)
        used.append(
            {
                "name": entry.get("name_zh", name),
                "value": shown + policy.UNIT_NAMES.get(str(entry.get("unit")), ""),
                "source": entry.get("source", ""),
                "verified": entry.get("status") == "verified",
            }
        )
    return used
