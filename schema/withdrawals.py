"""Root fields of withdrawals: one mutation for each kind, one quote for each family of kinds, arrangements."""

from __future__ import annotations

import strawberry

from resolvers import arrangements as of_arrangements
from resolvers import withdrawals as of_withdrawals
from schema.guards import CITIZEN, PUBLIC, answered
from schema.types.arrangements import ArrangementPayload, WithdrawalArrangement
from schema.types.payloads import ApplyForWithdrawalPayload
from schema.types.withdrawals import WithdrawalKind, WithdrawalPrefill, WithdrawalQuotePayload

_QUOTE = 50
_APPLY = 60


@strawberry.type
class WithdrawalQueries:
    withdrawal_kinds: list[WithdrawalKind] = answered(
        of_withdrawals.withdrawal_kinds,
        PUBLIC,
        "提取类型 · kinds that may be applied for today, of one item when `itemCode` names it, with their forms",
        list_size=30,
    )
    withdrawal_kind: WithdrawalKind | None = answered(
        of_withdrawals.withdrawal_kind,
        PUBLIC,
        "提取类型 · one kind with its form; null for one that is not offered today on the caller's channel",
    )
    withdrawal_prefill: list[WithdrawalPrefill] = answered(
        of_withdrawals.withdrawal_prefill,
        CITIZEN,
        "提取预填 · what the caller declared last that a form of the kind may begin with",
        list_size=8,
    )
    arrangements: list[WithdrawalArrangement] = answered(
        of_arrangements.arrangements, CITIZEN, "提取约定 · the caller's agreed withdrawals", list_size=5
    )
    quote_rented_home_withdrawal: WithdrawalQuotePayload = answered(
        of_withdrawals.quote_rented_home_withdrawal,
        CITIZEN,
        "租房类提取试算 · what an application would give now; leaves nothing behind",
        weight=_QUOTE,
    )
    quote_home_withdrawal: WithdrawalQuotePayload = answered(
        of_withdrawals.quote_home_withdrawal,
        CITIZEN,
        "住房类提取试算 · what an application would give now; leaves nothing behind",
        weight=_QUOTE,
    )
    quote_expense_withdrawal: WithdrawalQuotePayload = answered(
        of_withdrawals.quote_expense_withdrawal,
        CITIZEN,
        "费用类提取试算 · what an application would give now; leaves nothing behind",
        weight=_QUOTE,
    )
    quote_closure_withdrawal: WithdrawalQuotePayload = answered(
        of_withdrawals.quote_closure_withdrawal,
        CITIZEN,
        "销户提取试算 · what an application would give now; leaves nothing behind",
        weight=_QUOTE,
    )


def _rented(kind: str, name: str) -> ApplyForWithdrawalPayload:
    field: ApplyForWithdrawalPayload = answered(
        of_withdrawals.applying_for_rented_home(kind), CITIZEN, name, weight=_APPLY
    )
    return field


def _home(kind: str, name: str) -> ApplyForWithdrawalPayload:
    field: ApplyForWithdrawalPayload = answered(of_withdrawals.applying_for_home(kind), CITIZEN, name, weight=_APPLY)
    return field


def _expense(kind: str, name: str) -> ApplyForWithdrawalPayload:
    field: ApplyForWithdrawalPayload = answered(of_withdrawals.applying_for_expense(kind), CITIZEN, name, weight=_APPLY)
    return field


def _closure(kind: str, name: str) -> ApplyForWithdrawalPayload:
    field: ApplyForWithdrawalPayload = answered(of_withdrawals.applying_for_closure(kind), CITIZEN, name, weight=_APPLY)
    return field


@strawberry.type
class WithdrawalMutations:
    apply_for_invoiced_rent_withdrawal: ApplyForWithdrawalPayload = _rented(
        "rent_invoiced", "申请租住商品住房提取 · rent of a home, by invoice and filing"
    )
    apply_for_public_housing_rent_withdrawal: ApplyForWithdrawalPayload = _rented(
        "rent_public_housing", "申请租住公租房、保租房提取 · rent of public housing"
    )
    apply_for_many_children_rent_withdrawal: ApplyForWithdrawalPayload = _rented(
        "rent_many_children", "申请多子女家庭租房提取 · rent of a family with several children"
    )
    apply_for_purchase_in_city_withdrawal: ApplyForWithdrawalPayload = _home(
        "purchase_in_city", "申请购买京内住房提取 · a home bought in Beijing"
    )
    apply_for_down_payment_withdrawal: ApplyForWithdrawalPayload = _home(
        "down_payment", "申请首付款提取 · down payment of a new home"
    )
    apply_for_resettlement_withdrawal: ApplyForWithdrawalPayload = _home(
        "resettlement_purchase", "申请危改、拆迁回迁住房提取 · a home of resettlement"
    )
    apply_for_hpf_loan_purchase_withdrawal: ApplyForWithdrawalPayload = _home(
        "purchase_with_hpf_loan", "申请公积金贷款购房提取 · repaying a provident fund loan"
    )
    apply_for_purchase_out_of_city_withdrawal: ApplyForWithdrawalPayload = _home(
        "purchase_out_of_city_full", "申请全款购买京外住房提取 · a home outside Beijing, paid in full"
    )
    apply_for_out_of_city_loan_withdrawal: ApplyForWithdrawalPayload = _home(
        "purchase_out_of_city_loan", "申请贷款购买京外住房提取 · a home outside Beijing, on loan"
    )
    apply_for_overhaul_withdrawal: ApplyForWithdrawalPayload = _home(
        "overhaul_rebuild_self_build", "申请大修、翻建、自建住房提取 · overhaul, rebuilding, self-building"
    )
    apply_for_renovation_withdrawal: ApplyForWithdrawalPayload = _home(
        "renovation", "申请装修自住住房提取 · renovation of the own home"
    )
    apply_for_old_community_renovation_withdrawal: ApplyForWithdrawalPayload = _home(
        "old_community_renovation", "申请老旧小区改造提取 · renovation of an old community, lifts included"
    )
    apply_for_comprehensive_use_fee_withdrawal: ApplyForWithdrawalPayload = _expense(
        "comprehensive_use_fee", "申请综合使用费提取 · comprehensive use fee of staff dormitories"
    )
    apply_for_maintenance_fund_withdrawal: ApplyForWithdrawalPayload = _expense(
        "maintenance_fund_deposit", "申请交存专项维修资金提取 · deposit into the maintenance fund"
    )
    apply_for_property_fee_withdrawal: ApplyForWithdrawalPayload = _expense(
        "property_fee", "申请物业费提取 · property service fee of the own home"
    )
    apply_for_retirement_withdrawal: ApplyForWithdrawalPayload = _closure(
        "retirement", "申请离退休销户提取 · closing at retirement"
    )
    apply_for_inheritance_withdrawal: ApplyForWithdrawalPayload = _closure(
        "inheritance", "申请继承人销户提取 · an heir's part of an account"
    )
    apply_for_bequest_withdrawal: ApplyForWithdrawalPayload = _closure(
        "bequest", "申请受遗赠人销户提取 · a legatee's part of an account"
    )
    apply_for_leaving_withdrawal: ApplyForWithdrawalPayload = _closure(
        "non_local_leaver", "申请非京籍离职销户提取 · leaving without Beijing registration"
    )
    apply_for_emigration_withdrawal: ApplyForWithdrawalPayload = _closure(
        "emigration", "申请出境定居销户提取 · settling abroad"
    )
    apply_for_foreign_resident_withdrawal: ApplyForWithdrawalPayload = _closure(
        "foreign_hkmt", "申请外籍、港澳台人员销户提取 · foreign, Hong Kong, Macao and Taiwan residents"
    )
    apply_for_incapacity_withdrawal: ApplyForWithdrawalPayload = _closure(
        "total_incapacity", "申请完全丧失劳动能力销户提取 · total incapacity for work"
    )
    apply_for_imprisonment_withdrawal: ApplyForWithdrawalPayload = _closure(
        "imprisonment", "申请在职判刑销户提取 · imprisonment"
    )
    change_arrangement: ArrangementPayload = answered(
        of_arrangements.change_arrangement, CITIZEN, "变更提取约定 · change an agreed withdrawal"
    )
    pause_arrangement: ArrangementPayload = answered(
        of_arrangements.pause_arrangement, CITIZEN, "暂停提取约定 · pause an agreed withdrawal"
    )
    resume_arrangement: ArrangementPayload = answered(
        of_arrangements.resume_arrangement, CITIZEN, "恢复提取约定 · take up a paused withdrawal again"
    )
    end_arrangement: ArrangementPayload = answered(
        of_arrangements.end_arrangement, CITIZEN, "终止提取约定 · end an agreed withdrawal"
    )
