"""What a channel offers today and what its form says before anything is filled in: kinds, limits, papers, answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain import catalogue, contributions
from domain.catalogue import Material
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import NOT_PERMITTED, Refused
from domain.policy import PolicyValues
from domain.withdrawals.kinds import Kind, kind_of, kinds

CASES_LOOKED_AT = 20
AT_COUNTER = frozenset({"counter", "kiosk"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefilled:
    """An earlier answer of the citizen that still holds as far as we know; `source` says where it is from."""

    code: str
    name: str
    value: str
    source: str


def offered(*, channel: str, business_date: date, item: str | None = None) -> tuple[Kind, ...]:
    """Kinds that may be applied for on the date and channel, of one item when it is named by code or identifier. A
    channel that the catalogue does not know (nobody's, the staff's) sees all of them."""
    found = []
    for kind in kinds():
        of = catalogue.item(kind.item)
        if kind.offered_on(business_date) is None or item not in (None, of.code, of.identifier):
            continue
        if channel in catalogue.channels() and channel not in of.channels:
            continue
        found.append(kind)
    return tuple(found)


def materials_of(kind: Kind, *, channel: str) -> tuple[Material, ...]:
    """The item's materials as far as they concern the kind on the channel: without those of its other kinds, and
    without those that only a counter or kiosk looks at."""
    item = catalogue.item(kind.item)
    others = {paper for other in kinds() if other.item == kind.item for paper in other.papers} - set(kind.papers)
    if channel in catalogue.channels() and channel not in AT_COUNTER:
        others.add("at_counter")
    return tuple(material for material in item.materials if material.when not in others)


def limit_in_words(kind: Kind, values: PolicyValues) -> str:
    """What the kind is limited by on the policy's date, for somebody who has declared nothing yet."""
    match kind.limit:
        case "fixed_by_month":
            return f"每人每月最高{values.money(kind.parameter('monthly_limit')).yuan_text}"
        case "rent_by_month":
            cut = values.text(kind.parameter("formula")) == "rent_or_contribution"
            return "按家庭实际承担的月租金" + ("，超过月缴存额的按月缴存额" if cut else "")
        case "cost_share":
            percent = (values.rate(kind.parameter("share")) * 100).normalize()
            most = values.money(kind.parameter("amount_max")).yuan_text
            return f"发票金额的{percent:f}%，最高{most}"
        case other:
            return _IN_ALL[other]


_IN_ALL = {
    "cost": "各申请人合计不超过房屋总价（费用）",
    "own_payment": "不超过本人（家庭）已付金额",
    "fee": "不超过实际支付（应交）的费用",
    "repaid": "各申请人合计不超过已还贷款本息",
    "whole_balance": "账户全部余额，连同结清的利息",
    "share_of_balance": "账户余额连同结清利息中的本人份额",
}


async def prefilled(*, actor: Actor, kind_code: str) -> list[Prefilled]:
    """What the citizen declared last about the same things and what seldom changes: of one case only, so that the
    papers of two homes are never mixed. Raises Refused for anybody but a citizen, LookupError for an unknown kind."""
    if not actor.is_citizen or actor.person_id is None:
        raise Refused(NOT_PERMITTED())
    lasting = [field for field in kind_of(kind_code).fields if field.lasts]
    if not lasting:
        return []
    rows = await database.rows(
        "SELECT form, submitted_at FROM service_case WHERE account_no = ANY($1) AND person_id = $2"
        " AND item IN (SELECT unnest($3::text[])) ORDER BY case_id DESC LIMIT $4",
        await contributions.account_nos_of(person_id=actor.person_id),
        actor.person_id,
        sorted({kind.item for kind in kinds()}),
        CASES_LOOKED_AT,
    )
    for row in rows:
        form = row["form"]
        given = [(field, form.get(field.code)) for field in lasting]
        filled = [(field, value) for field, value in given if isinstance(value, str) and value]
        if filled:
            day = business_date_of(row["submitted_at"])
            source = f"{day.year}年{day.month}月{day.day}日申请时填写"
            return [Prefilled(code=field.input, name=field.name, value=value, source=source) for field, value in filled]
    return []
