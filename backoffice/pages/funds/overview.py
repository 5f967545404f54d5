"""资金结算概览: how much waits at each desk."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from backoffice.desk import Desk, DeskPage
from backoffice.pages.funds import deposits, notices, payments, receipts, suspense
from backoffice.pages.funds.adjustments import CLOSE
from backoffice.pages.funds.batches import LIST as BATCHES
from backoffice.pages.funds.master import HOME as MASTER
from backoffice.pages.funds.shared import PATH, READ, READ_MAX, show
from domain import settlement
from domain.kernel.money import Money, total
from domain.settlement import ReceiptFilters


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One line: what waits where. `amount` is None where there is none to add up."""

    name: str
    count: int
    amount: Money | None
    target: str
    hint: str = ""


async def shown(desk: Desk) -> Response:
    return show(desk, "funds_overview.html", lines=[*await _money(desk), *await _decisions(desk)], close_path=CLOSE)


async def _money(desk: Desk) -> list[Waiting]:
    actor = desk.actor
    unsettled = await settlement.receipts(actor=actor, filters=ReceiptFilters(unsettled=True), first=1)
    held = await settlement.receipts(actor=actor, filters=ReceiptFilters(state="held"), first=1)
    open_suspense = await settlement.suspense_totals(actor=actor, business_date=desk.business_date)
    stuck = await settlement.stuck_payments(actor=actor, sent_before=desk.now - payments.STUCK_AFTER, most=READ_MAX)
    disputed = [one for one in await settlement.batches(actor=actor, most=READ_MAX) if one.disputed]
    return [
        Waiting(
            name="未处理的到账",
            count=unsettled.total,
            amount=unsettled.amount_total,
            target=receipts.LIST,
            hint="未匹配到应收或待人工入账",
        ),
        Waiting(
            name="其中待人工入账",
            count=held.total,
            amount=held.amount_total,
            target=f"{receipts.LIST}?unsettled=all&state=held",
        ),
        Waiting(
            name="无法识别的到账通知",
            count=len(await settlement.quarantined_notices(actor=actor, most=READ_MAX)),
            amount=None,
            target=notices.NOTICES,
        ),
        Waiting(
            name="暂收款余额",
            count=sum(one.items for one in open_suspense),
            amount=total([one.open for one in open_suspense]),
            target=suspense.LIST,
        ),
        Waiting(
            name="无结果的付款",
            count=len(stuck),
            amount=total([one.amount for one in stuck]),
            target=payments.LIST,
        ),
        Waiting(
            name="结果有争议的批次",
            count=len(disputed),
            amount=total([one.total for one in disputed]),
            target=BATCHES,
        ),
    ]


async def _decisions(desk: Desk) -> list[Waiting]:
    actor = desk.actor
    claims = await settlement.movements(actor=actor, state="proposed", most=READ_MAX)
    orders = await settlement.deposit_orders(actor=actor, state="proposed", most=READ_MAX)
    return [
        Waiting(
            name="待复核的暂收款申请",
            count=len(claims),
            amount=total([one.amount for one in claims]),
            target=suspense.LIST,
        ),
        Waiting(
            name="待复核的手动入账",
            count=len(await settlement.hand_postings(actor=actor, state="proposed", most=READ_MAX)),
            amount=None,
            target=payments.LIST,
        ),
        Waiting(
            name="待复核的存款指令",
            count=len(orders),
            amount=total([one.amount for one in orders if one.amount is not None]),
            target=deposits.LIST,
        ),
        Waiting(
            name="待复核的资料变更",
            count=len(await settlement.master_changes(actor=actor, state="proposed", most=READ_MAX)),
            amount=None,
            target=MASTER,
        ),
        Waiting(
            name="7天内到期或支取的存款",
            count=len(due := await settlement.maturing(actor=actor, business_date=desk.business_date)),
            amount=total([one.balance for one in due]),
            target=f"{deposits.LIST}?matures=7",
        ),
    ]


PAGES = (DeskPage(PATH, READ, shown),)
