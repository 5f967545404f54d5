"""What waits for banks is moved on, one step each: for the worker's sweep."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta

from domain.settlement.batch_telling import batches_due, present_batch
from domain.settlement.centre_payments import centre_payments_due, pay_centre
from domain.settlement.deposit_telling import deposit_orders_due, present_deposit_order
from domain.settlement.ports import FundsGateway, SettlementGateway
from domain.settlement.suspense_booking import meet_all_waiting

Step = Callable[[], Awaitable[object]]


async def due_steps(
    *, gateway: SettlementGateway, funds: FundsGateway, now: datetime, business_date: date
) -> list[tuple[str, Step]]:
    """(kind, step) of every refund, deposit instruction and batch whose next step is due. Each step is safe to repeat
    and to leave out; the caller keeps one that fails from the others."""

    def refund(payment_id: int) -> Step:
        return lambda: pay_centre(payment_id=payment_id, gateway=gateway, now=now, business_date=business_date)

    def instruct(order_id: int) -> Step:
        return lambda: present_deposit_order(order_id=order_id, gateway=funds, now=now, business_date=business_date)

    def batch(batch_id: int) -> Step:
        return lambda: present_batch(batch_id=batch_id, gateway=funds, now=now)

    steps: list[tuple[str, Step]] = [
        ("centre_payment", refund(payment_id)) for payment_id in await centre_payments_due(now=now)
    ]
    steps += [("deposit_order", instruct(order_id)) for order_id in await deposit_orders_due(now=now)]
    steps += [("batch", batch(batch_id)) for batch_id in await batches_due(now=now)]
    return steps


async def match_what_crossed(*, now: datetime, business_date: date, within: timedelta = timedelta(minutes=15)) -> int:
    """Receipts and expectations of the last minutes that came in the same moment and did not see each other. Returns
    how many met. With a longer `within` for the day-end, after a worker was away."""
    return await meet_all_waiting(since=now - within, now=now, business_date=business_date)
