"""Withdrawals: quotes and applications of every kind. The kind is the operation's, never the caller's text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from auth import kiosks
from domain import policy, withdrawals
from domain.cases import CaseView
from domain.kernel.money import Money
from domain.withdrawals import kind_of
from resolvers.mutation import refusable, stepped_up
from schema.context import Info
from schema.describing import argument
from schema.types.payloads import ApplyForRentWithdrawalPayload, ApplyForWithdrawalPayload
from schema.types.withdrawals import (
    ApplyForClosureWithdrawalInput,
    ApplyForExpenseWithdrawalInput,
    ApplyForHomeWithdrawalInput,
    ApplyForRentWithdrawalInput,
    ClosureWithdrawalInput,
    ExpenseWithdrawalInput,
    HomeWithdrawalInput,
    RentQuotePayload,
    RentWithdrawalInput,
    WithdrawalInput,
    WithdrawalKind,
    WithdrawalPrefill,
    WithdrawalQuotePayload,
)

RENT = "rent_no_home"

ItemCode = Annotated[str | None, argument("事项代码 · code or identifier of a service item")]
KindCode = Annotated[str, argument("提取类型代码 · kind, as `withdrawalKinds` names it")]


async def withdrawal_kinds(info: Info, item_code: ItemCode = None) -> list[WithdrawalKind]:
    """Kinds that may be applied for today on the caller's channel (at a third party's kiosk those that its owner was
    granted); of one item when it is named."""
    context = info.context
    values = policy.on(context.business_date)
    found = withdrawals.offered(channel=context.actor.channel, business_date=context.business_date, item=item_code)
    shown = [WithdrawalKind.of(kind, values=values, channel=context.actor.channel) for kind in found]
    granted = await kiosks.granted_at(actor=context.actor, now=context.now)
    return shown if granted is None else [kind for kind in shown if granted.does(kind.operation)]


async def withdrawal_kind(info: Info, code: KindCode) -> WithdrawalKind | None:
    context = info.context
    channel, values = context.actor.channel, policy.on(context.business_date)
    found = withdrawals.offered(channel=channel, business_date=context.business_date)
    return next((WithdrawalKind.of(kind, values=values, channel=channel) for kind in found if kind.code == code), None)


async def withdrawal_prefill(info: Info, kind: KindCode) -> list[WithdrawalPrefill]:
    """Empty for a kind that is none: nothing was declared for it."""
    try:
        found = await withdrawals.prefilled(actor=info.context.actor, kind_code=kind)
    except LookupError:
        return []
    return [WithdrawalPrefill.of(one) for one in found]


@refusable(RentQuotePayload)
async def quote_rent_withdrawal(info: Info, input: RentWithdrawalInput) -> RentQuotePayload:
    return RentQuotePayload.of(await _quote(info, kind=RENT, input=input))


@refusable(ApplyForRentWithdrawalPayload)
@stepped_up("rent_withdrawal.apply")
async def apply_for_rent_withdrawal(info: Info, input: ApplyForRentWithdrawalInput) -> ApplyForRentWithdrawalPayload:
    return ApplyForRentWithdrawalPayload.of(await _apply(info, kind=RENT, input=input))


@refusable(WithdrawalQuotePayload)
async def quote_rented_home_withdrawal(
    info: Info, kind: KindCode, input: RentWithdrawalInput
) -> WithdrawalQuotePayload:
    return WithdrawalQuotePayload.of(await _quote(info, kind=_of_form(kind, "rent"), input=input))


@refusable(WithdrawalQuotePayload)
async def quote_home_withdrawal(info: Info, kind: KindCode, input: HomeWithdrawalInput) -> WithdrawalQuotePayload:
    return WithdrawalQuotePayload.of(await _quote(info, kind=_of_form(kind, "home"), input=input))


@refusable(WithdrawalQuotePayload)
async def quote_expense_withdrawal(info: Info, kind: KindCode, input: ExpenseWithdrawalInput) -> WithdrawalQuotePayload:
    return WithdrawalQuotePayload.of(await _quote(info, kind=_of_form(kind, "expense"), input=input))


@refusable(WithdrawalQuotePayload)
async def quote_closure_withdrawal(info: Info, kind: KindCode, input: ClosureWithdrawalInput) -> WithdrawalQuotePayload:
    return WithdrawalQuotePayload.of(await _quote(info, kind=_of_form(kind, "closure"), input=input))


def _amount(input: WithdrawalInput) -> Money | None:
    """What is asked for; None for all that the kind gives."""
    return getattr(input, "amount_wanted", None)


Applying = Callable[..., Awaitable[ApplyForWithdrawalPayload]]


def applying_for_rented_home(kind: str) -> Applying:
    """The resolver of one kind's mutation."""

    @refusable(ApplyForWithdrawalPayload)
    @stepped_up("rent_withdrawal.apply")
    async def apply(info: Info, input: ApplyForRentWithdrawalInput) -> ApplyForWithdrawalPayload:
        return ApplyForWithdrawalPayload.of(await _apply(info, kind=kind, input=input))

    return apply


def applying_for_home(kind: str) -> Applying:
    @refusable(ApplyForWithdrawalPayload)
    @stepped_up("withdrawal.apply", amount=_amount)
    async def apply(info: Info, input: ApplyForHomeWithdrawalInput) -> ApplyForWithdrawalPayload:
        return ApplyForWithdrawalPayload.of(await _apply(info, kind=kind, input=input))

    return apply


def applying_for_expense(kind: str) -> Applying:
    @refusable(ApplyForWithdrawalPayload)
    @stepped_up("withdrawal.apply", amount=_amount)
    async def apply(info: Info, input: ApplyForExpenseWithdrawalInput) -> ApplyForWithdrawalPayload:
        return ApplyForWithdrawalPayload.of(await _apply(info, kind=kind, input=input))

    return apply


def applying_for_closure(kind: str) -> Applying:
    @refusable(ApplyForWithdrawalPayload)
    @stepped_up("withdrawal.apply", amount=_amount)
    async def apply(info: Info, input: ApplyForClosureWithdrawalInput) -> ApplyForWithdrawalPayload:
        return ApplyForWithdrawalPayload.of(await _apply(info, kind=kind, input=input))

    return apply


async def _quote(info: Info, *, kind: str, input: WithdrawalInput) -> withdrawals.Quote:
    context = info.context
    return await withdrawals.quote_withdrawal(
        actor=context.actor,
        application=input.application(kind),
        business_date=context.business_date,
        now=context.now,
        registries=context.registries,
    )


async def _apply(
    info: Info,
    *,
    kind: str,
    input: ApplyForRentWithdrawalInput
    | ApplyForHomeWithdrawalInput
    | ApplyForExpenseWithdrawalInput
    | ApplyForClosureWithdrawalInput,
) -> CaseView | None:
    context = info.context
    return await withdrawals.apply_for_withdrawal(
        actor=context.actor,
        application=input.application(kind),
        request_key=input.request_key,
        business_date=context.business_date,
        now=context.now,
        registries=context.registries,
        dry_run=input.dry_run,
    )


def _of_form(kind: str, form: str) -> str:
    """The code of a kind of this family. Raises Refused for any other text."""
    try:
        found = kind_of(kind)
    except LookupError:
        found = None
    if found is None or found.form != form:
        raise withdrawals.unknown_kind()
    return found.code
