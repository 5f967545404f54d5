"""The one schema: every operation of every channel, with its guard."""

from __future__ import annotations

from collections.abc import AsyncIterator

import strawberry
from graphql import GraphQLSchema

from resolvers import arrangements as of_arrangements
from resolvers import cards as of_cards
from resolvers import cases as of_cases
from resolvers import catalogue as of_catalogue
from resolvers import collection as of_collection
from resolvers import drafts as of_drafts
from resolvers import employer_agents as of_agents
from resolvers import employers as of_employers
from resolvers import evaluations as of_evaluations
from resolvers import exchange as of_exchange
from resolvers import face as of_face
from resolvers import identity as of_identity
from resolvers import messages as of_messages
from resolvers import nodes as of_nodes
from resolvers import papers as of_papers
from resolvers import privacy as of_privacy
from resolvers import review as of_review
from resolvers import risk as of_risk
from resolvers import viewer as of_viewer
from resolvers import withdrawals as of_withdrawals
from resolvers.permissions import enforce
from schema.describing import describe
from schema.guards import (
    AGENT,
    CITIZEN,
    CITIZEN_OR_DESK,
    CITIZEN_SELF,
    DESK,
    FIGURES,
    PERSON,
    PUBLIC,
    RELEASER,
    REVIEWER,
    SELF,
    answered,
    streamed,
)
from schema.kiosk_papers import KioskPaperMutations, KioskPaperQueries
from schema.messages import NoticeMutations, NoticeQueries
from schema.transfers import TransferMutations, TransferQueries
from schema.types.accounts import Account, BankCard, LedgerEntry
from schema.types.arrangements import RentArrangement, WithdrawalArrangement
from schema.types.cards import BankCardsPayload
from schema.types.cases import Case
from schema.types.catalogue import ServiceItem
from schema.types.collection import Employer
from schema.types.collection_payloads import ContributionListPayload, StatementPayload
from schema.types.connections import Connection
from schema.types.drafts import Draft, SaveDraftPayload
from schema.types.employer_agents import EmployerAgent, EmployerAgentsPayload
from schema.types.employer_matters import CollectionNotice
from schema.types.evaluations import EvaluateByInvitationPayload, EvaluationGrade, EvaluationInvitation
from schema.types.exchange import EmployerOrigin, ExchangeRecord
from schema.types.face import FaceCheckPayload
from schema.types.identity import (
    IdentitiesPayload,
    IdentityEvent,
    LinkedIdentity,
    LoginDevice,
    LoginsPayload,
    PhoneCodePayload,
    SensitiveChange,
    SensitiveChangePayload,
)
from schema.types.messages import Conversation, SendMessagePayload
from schema.types.nodes import Node
from schema.types.papers import EmployerMatterPayload, SealedPaper, SealedPaperPayload
from schema.types.payloads import (
    ApplyForRentWithdrawalPayload,
    CancelCasePayload,
    ClaimCasePayload,
    CorrectCasePayload,
    DecideCasePayload,
    EvaluateCasePayload,
    ReleaseCasePayload,
)
from schema.types.people import Viewer
from schema.types.privacy import (
    Delegation,
    DelegationOffer,
    GiveDelegationPayload,
    RecordAccess,
    RevokeDelegationPayload,
)
from schema.types.review import DayFigures, ReviewQueueConnection
from schema.types.risk import RiskRecord, RiskRecordPayload
from schema.types.scalars import config
from schema.types.withdrawals import RentQuotePayload
from schema.withdrawals import WithdrawalMutations, WithdrawalQueries


@strawberry.type(description="查询 · queries")
class Query(WithdrawalQueries, TransferQueries, KioskPaperQueries, NoticeQueries):
    viewer: Viewer = answered(of_viewer.viewer, PUBLIC, "当前用户 · who is asking")
    node: Node | None = answered(
        of_nodes.node,
        PUBLIC,
        "按全局编号查询 · an object by its global id; null unless the caller may see it",
    )
    service_items: list[ServiceItem] = answered(
        of_catalogue.service_items,
        PUBLIC,
        "服务事项目录 · service items that the caller's channel offers",
        list_size=42,
    )
    service_item: ServiceItem | None = answered(
        of_catalogue.service_item, PUBLIC, "服务事项 · one service item, by code or identifier"
    )
    accounts: list[Account] = answered(
        of_viewer.accounts, CITIZEN, "个人账户 · the caller's personal accounts", list_size=2
    )
    rent_arrangement: RentArrangement | None = answered(
        of_arrangements.rent_arrangement, CITIZEN, "租房提取约定 · the requested or running rent arrangement"
    )
    quote_rent_withdrawal: RentQuotePayload = answered(
        of_withdrawals.quote_rent_withdrawal,
        CITIZEN,
        "租房提取试算 · what an application would give now; leaves nothing behind",
        weight=50,
    )
    case: Case | None = answered(of_cases.case, CITIZEN_OR_DESK, "办件 · a case; null unless the caller may see it")
    cases: Connection[Case] = answered(
        of_cases.my_cases, CITIZEN, "我的办件 · the caller's cases, the newest first; `first` at most 100"
    )
    evaluation_grades: list[EvaluationGrade] = answered(
        of_evaluations.evaluation_grades, PUBLIC, "评价等级与指标 · grades and their indicators", list_size=5
    )
    evaluation_invitation: EvaluationInvitation | None = answered(
        of_evaluations.evaluation_invitation,
        PUBLIC,
        "评价邀请 · what a one-time code asks about; null unless good",
    )
    record_accesses: Connection[RecordAccess] = answered(
        of_privacy.record_accesses,
        CITIZEN_SELF,
        "谁看过我的信息 · who read the caller's record, the newest first; `first` at most 100",
    )
    draft: Draft | None = answered(of_drafts.draft, CITIZEN_SELF, "草稿 · what the caller had filled in for an item")
    conversation: Conversation | None = answered(
        of_messages.conversation, CITIZEN_SELF, "我的会话 · the caller's latest conversation with the centre"
    )
    delegations: list[Delegation] = answered(
        of_privacy.delegations, CITIZEN_SELF, "我的委托 · delegations that the caller has given", list_size=10
    )
    delegation_offers: list[DelegationOffer] = answered(
        of_privacy.delegation_offers, CITIZEN_SELF, "可委托事项 · what third parties may be delegated for", list_size=10
    )
    risk_records: list[RiskRecord] = answered(
        of_risk.risk_records,
        SELF,
        "我的名单记录 · what the caller is listed for: why, until when, what it does, and the appeals against it",
        list_size=5,
    )
    review_queue: ReviewQueueConnection = answered(
        of_review.review_queue, DESK, "审核队列 · cases of the desk, with totals; `first` at most 100"
    )
    day_figures: DayFigures = answered(
        of_review.day_figures,
        FIGURES,
        "当日办件情况 · figures of a business day, today's when no date is given",
        weight=20,
    )
    employer: Employer | None = answered(
        of_collection.employer, AGENT, "所代表的单位 · the employer that the caller acts for"
    )
    collection_notice: CollectionNotice = answered(
        of_employers.collection_notice, PUBLIC, "委托收款告知单 · the notice of entrusted collection as it stands"
    )
    employer_agents: list[EmployerAgent] = answered(
        of_agents.employer_agents, AGENT, "单位经办人 · who may act for the employer, for who keeps them", list_size=20
    )
    employer_origin: EmployerOrigin | None = answered(
        of_exchange.employer_origin, AGENT, "单位登记来源 · where the employer's registration came from"
    )
    exchange_records: Connection[ExchangeRecord] = answered(
        of_exchange.exchange_records,
        AGENT,
        "数据交换记录 · what e窗通 and social security told of the employer, the newest first; `first` at most 100",
    )
    papers: list[SealedPaper] = answered(
        of_papers.papers, CITIZEN_SELF, "电子文书 · papers issued to the caller, the newest first", list_size=10
    )
    employer_papers: list[SealedPaper] = answered(
        of_papers.employer_papers,
        AGENT,
        "单位电子文书 · papers issued to the employer that the caller acts for, the newest first",
        list_size=10,
    )
    login_devices: list[LoginDevice] = answered(
        of_identity.login_devices, PERSON, "登录设备 · where the caller is logged in", list_size=5
    )
    linked_identities: list[LinkedIdentity] = answered(
        of_identity.linked_identities, SELF, "登录账号 · accounts by which the caller is known", list_size=5
    )
    identity_history: list[IdentityEvent] = answered(
        of_identity.identity_history, SELF, "身份变动记录 · what happened to the caller's identities", list_size=20
    )
    sensitive_changes: list[SensitiveChange] = answered(
        of_identity.sensitive_changes, SELF, "冷静期内的变更 · changes of phone or payee that cool off", list_size=2
    )


@strawberry.type(description="办理 · mutations; each takes a `requestKey` and answers `userErrors`")
class Mutation(WithdrawalMutations, TransferMutations, KioskPaperMutations, NoticeMutations):
    apply_for_rent_withdrawal: ApplyForRentWithdrawalPayload = answered(
        of_withdrawals.apply_for_rent_withdrawal, CITIZEN, "申请租房提取 · apply for a rent withdrawal", weight=60
    )
    cancel_case: CancelCasePayload = answered(of_cases.cancel_case, CITIZEN, "撤销申请 · take an application back")
    correct_case: CorrectCasePayload = answered(
        of_cases.correct_case, CITIZEN, "补正 · answer what was asked to be corrected, and hand in again"
    )
    evaluate_case: EvaluateCasePayload = answered(
        of_cases.evaluate_case, CITIZEN, "评价办件 · evaluate a finished case (好差评)"
    )
    evaluate_by_invitation: EvaluateByInvitationPayload = answered(
        of_evaluations.evaluate_by_invitation,
        PUBLIC,
        "受邀评价 · evaluate with a one-time code: at the pad of a window, by QR code, at a kiosk",
    )
    save_draft: SaveDraftPayload = answered(
        of_drafts.save_draft, CITIZEN_SELF, "保存草稿 · keep what was filled in for a while"
    )
    send_message: SendMessagePayload = answered(
        of_messages.send_message, CITIZEN_SELF, "发送消息 · say something to the centre"
    )
    give_delegation: GiveDelegationPayload = answered(
        of_privacy.give_delegation, CITIZEN_SELF, "委托第三方 · let a third party act for the caller"
    )
    revoke_delegation: RevokeDelegationPayload = answered(
        of_privacy.revoke_delegation, CITIZEN_SELF, "撤回委托 · take a delegation back"
    )
    appeal_risk_record: RiskRecordPayload = answered(
        of_risk.appeal_risk_record, SELF, "对名单记录申诉 · appeal against a record about the caller"
    )
    withdraw_risk_appeal: RiskRecordPayload = answered(
        of_risk.withdraw_risk_appeal, SELF, "撤回申诉 · take the waiting appeal against a record back"
    )
    claim_case: ClaimCasePayload = answered(of_review.claim_case, REVIEWER, "领取办件 · take a case to work on")
    release_case: ReleaseCasePayload = answered(of_review.release_case, RELEASER, "释放办件 · give a case back")
    decide_case: DecideCasePayload = answered(of_review.decide_case, REVIEWER, "审核办件 · decide on a case")
    add_bank_card: BankCardsPayload = answered(
        of_cards.add_bank_card, CITIZEN, "登记银行卡 · add a card of an entrusted bank"
    )
    remove_bank_card: BankCardsPayload = answered(
        of_cards.remove_bank_card, CITIZEN, "停用银行卡 · take a card out of use"
    )
    add_list_rows: ContributionListPayload = answered(
        of_collection.add_list_rows, AGENT, "逐行填报清册 · add rows to a list, judged at once", weight=60
    )
    remove_list_row: ContributionListPayload = answered(
        of_collection.remove_list_row, AGENT, "删除清册行 · take a row out of a list"
    )
    recheck_list: ContributionListPayload = answered(
        of_collection.recheck_list, AGENT, "重新校验清册 · check again what an agency did not answer for"
    )
    submit_list: ContributionListPayload = answered(
        of_collection.submit_list, AGENT, "提交清册 · have a list take effect"
    )
    cancel_list: ContributionListPayload = answered(of_collection.cancel_list, AGENT, "撤销清册 · take a list back")
    draw_statement: StatementPayload = answered(
        of_collection.draw_statement, AGENT, "生成汇缴书 · draw a month's statement", weight=60
    )
    draw_back_payment: StatementPayload = answered(
        of_collection.draw_back_payment, AGENT, "生成补缴书 · make a list of back payments a statement", weight=60
    )
    cancel_statement: StatementPayload = answered(
        of_collection.cancel_statement, AGENT, "撤销汇缴书 · take a statement back"
    )
    pay_statement: StatementPayload = answered(
        of_collection.pay_statement, AGENT, "更换缴款方式 · pay a statement in another way"
    )
    collect_statement: StatementPayload = answered(
        of_collection.collect_statement, AGENT, "立即托收 · have the bank collect a statement now"
    )
    issue_contribution_certificate: SealedPaperPayload = answered(
        of_papers.issue_contribution_certificate,
        CITIZEN_SELF,
        "申请缴存证明 · have a certificate of an own account issued",
        weight=60,
    )
    issue_withdrawal_record: SealedPaperPayload = answered(
        of_papers.issue_withdrawal_record,
        CITIZEN_SELF,
        "申请提取记录证明 · have a certificate of the withdrawals of an own account issued",
        weight=60,
    )
    change_employer_information: EmployerMatterPayload = answered(
        of_employers.change_employer_information, AGENT, "变更单位信息 · change contact and pay day"
    )
    change_contribution_rate: EmployerMatterPayload = answered(
        of_employers.change_contribution_rate, AGENT, "调整缴存比例 · change the rate"
    )
    apply_for_term: EmployerMatterPayload = answered(
        of_employers.apply_for_term, AGENT, "申请缓缴或降低比例 · apply for a deferral or a lowered rate"
    )
    resume_contributions: EmployerMatterPayload = answered(
        of_employers.resume_contributions, AGENT, "复缴 · end a deferral or a lowered rate"
    )
    change_payment_method: EmployerMatterPayload = answered(
        of_employers.change_payment_method, AGENT, "变更缴款方式 · change how statements are paid"
    )
    open_entrusted_collection: EmployerMatterPayload = answered(
        of_employers.open_entrusted_collection, AGENT, "开通委托收款 · open entrusted collection"
    )
    apply_for_closure: EmployerMatterPayload = answered(
        of_employers.apply_for_closure, AGENT, "申请单位销户 · apply for the employer's closure"
    )
    withdraw_matter: EmployerMatterPayload = answered(
        of_employers.withdraw_matter, AGENT, "撤回单位业务 · take back what nobody has decided"
    )
    add_employer_agent: EmployerAgentsPayload = answered(
        of_agents.add_employer_agent, AGENT, "增加经办人 · appoint somebody to act for the employer", weight=30
    )
    limit_employer_agent: EmployerAgentsPayload = answered(
        of_agents.limit_employer_agent, AGENT, "调整经办人权限 · what an agent may do from now on"
    )
    remove_employer_agent: EmployerAgentsPayload = answered(
        of_agents.remove_employer_agent, AGENT, "移除经办人 · end an agent's appointment and sessions at once"
    )
    apply_for_certificate: EmployerMatterPayload = answered(
        of_papers.apply_for_certificate, AGENT, "申请合规证明 · apply for a certificate of compliance", weight=60
    )
    start_face_check: FaceCheckPayload = answered(
        of_face.start_face_check, SELF, "发起实人核验 · start a face check for one request", weight=30
    )
    finish_face_check: FaceCheckPayload = answered(
        of_face.finish_face_check, SELF, "查询实人核验结果 · ask what became of a face check", weight=30
    )
    sign_out_device: LoginsPayload = answered(
        of_identity.sign_out_device, PERSON, "退出一台设备 · log out on one device"
    )
    sign_out_everywhere: LoginsPayload = answered(
        of_identity.sign_out_everywhere, PERSON, "退出全部设备 · log out on every device and channel"
    )
    unlink_identity: IdentitiesPayload = answered(
        of_identity.unlink_identity, SELF, "解除关联 · take a linked account away"
    )
    send_phone_code: PhoneCodePayload = answered(
        of_identity.send_phone_code, SELF, "获取手机验证码 · have a code sent to a new phone", weight=30
    )
    change_mobile: SensitiveChangePayload = answered(
        of_identity.change_mobile, SELF, "变更手机号码 · change the phone that messages go to"
    )
    choose_payee_card: SensitiveChangePayload = answered(
        of_identity.choose_payee_card, SELF, "选择收款银行卡 · choose the card that money goes to"
    )


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
    types=[BankCard, LedgerEntry, WithdrawalArrangement],
    config=config(),
)
enforce(schema._schema)
describe(schema._schema)


def executable() -> GraphQLSchema:
    """The schema as graphql-core executes it."""
    return schema._schema
