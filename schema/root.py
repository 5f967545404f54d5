"""The one schema: every operation of every channel, with its guard."""

from __future__ import annotations

from collections.abc import AsyncIterator

import strawberry
from graphql import GraphQLSchema

from resolvers import cases as of_cases
from resolvers import catalogue as of_catalogue
from resolvers import nodes as of_nodes
from resolvers import review as of_review
from resolvers import viewer as of_viewer
from resolvers import withdrawals as of_withdrawals
from resolvers.permissions import enforce
from schema.guards import (
    CITIZEN,
    CITIZEN_OR_DESK,
    DESK,
    FIGURES,
    PUBLIC,
    RELEASER,
    REVIEWER,
    answered,
    streamed,
)
from schema.types.accounts import Account, BankCard, LedgerEntry
from schema.types.cases import Case
from schema.types.catalogue import ServiceItem
from schema.types.connections import Connection
from schema.types.nodes import Node
from schema.types.payloads import (
    ApplyForRentWithdrawalPayload,
    CancelCasePayload,
    ClaimCasePayload,
    DecideCasePayload,
    EvaluateCasePayload,
    ReleaseCasePayload,
)
from schema.types.people import Viewer
from schema.types.review import DayFigures, ReviewQueueConnection
from schema.types.scalars import config
from schema.types.withdrawals import RentArrangement, RentQuotePayload


@strawberry.type(description="查询 · queries")
class Query:
    viewer: Viewer = answered(of_viewer.viewer, PUBLIC, "当前用户 · who is asking")
    node: Node | None = answered(
        of_nodes.node,
        PUBLIC,
        "按全局编号查询 · an object by its global id; null unless the caller may see it",
    )
    service_items: list[ServiceItem] = answered(
        of_catalogue.service_items, PUBLIC, "服务事项目录 · service items that the caller's channel offers"
    )
    service_item: ServiceItem | None = answered(
        of_catalogue.service_item, PUBLIC, "服务事项 · one service item, by code or identifier"
    )
    accounts: list[Account] = answered(of_viewer.accounts, CITIZEN, "个人账户 · the caller's personal accounts")
    rent_arrangement: RentArrangement | None = answered(
        of_viewer.rent_arrangement, CITIZEN, "租房提取约定 · the requested or running rent arrangement"
    )
    quote_rent_withdrawal: RentQuotePayload = answered(
        of_withdrawals.quote_rent_withdrawal,
        CITIZEN,
        "租房提取试算 · what an application would give now; leaves nothing behind",
    )
    case: Case | None = answered(of_cases.case, CITIZEN_OR_DESK, "办件 · a case; null unless the caller may see it")
    cases: Connection[Case] = answered(
        of_cases.my_cases, CITIZEN, "我的办件 · the caller's cases, the newest first; `first` at most 100"
    )
    review_queue: ReviewQueueConnection = answered(
        of_review.review_queue, DESK, "审核队列 · cases of the desk, with totals; `first` at most 100"
    )
    day_figures: DayFigures = answered(
        of_review.day_figures,
        FIGURES,
        "当日办件情况 · figures of a business day, today's when no date is given",
    )


@strawberry.type(description="办理 · mutations; each takes a `requestKey` and answers `userErrors`")
class Mutation:
    apply_for_rent_withdrawal: ApplyForRentWithdrawalPayload = answered(
        of_withdrawals.apply_for_rent_withdrawal, CITIZEN, "申请租房提取 · apply for a rent withdrawal"
    )
    cancel_case: CancelCasePayload = answered(of_cases.cancel_case, CITIZEN, "撤销申请 · take an application back")
    evaluate_case: EvaluateCasePayload = answered(
        of_cases.evaluate_case, CITIZEN, "评价办件 · evaluate a finished case (好差评)"
    )
    claim_case: ClaimCasePayload = answered(of_review.claim_case, REVIEWER, "领取办件 · take a case to work on")
    release_case: ReleaseCasePayload = answered(of_review.release_case, RELEASER, "释放办件 · give a case back")
    decide_case: DecideCasePayload = answered(of_review.decide_case, REVIEWER, "审核办件 · decide on a case")


@strawberry.type(description="订阅 · subscriptions, by graphql-transport-ws and by server-sent events")
class Subscription:
    case_progress: AsyncIterator[Case] = streamed(
        of_cases.case_progress,
        CITIZEN_OR_DESK,
        "办件进度 · a case now and after each change, until it has ended",
    )


schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[BankCard, LedgerEntry],
    config=config(),
)
enforce(schema._schema)


def executable() -> GraphQLSchema:
    """The schema as graphql-core executes it."""
    return schema._schema
