"""资金结算: the centre's accounts at entrusted banks: payments, receipts, suspense, statements, deposits."""

from domain.settlement.accounts import (
    CENTRE_OFFICE,
    BankAccount,
    adopt_fund_accounts,
    bank_account,
    bank_accounts,
)
from domain.settlement.accounts import (
    KIND_NAMES as ACCOUNT_KIND_NAMES,
)
from domain.settlement.batch_owner import SettledItem, receipt_day, settled_item
from domain.settlement.batch_reading import (
    BatchItemView,
    BatchView,
    batch,
    batch_items,
    batches,
)
from domain.settlement.batch_telling import (
    BatchItem,
    batches_due,
    link_batch_voucher,
    prepare_batch,
    present_batch,
)
from domain.settlement.centre_payments import (
    centre_payments_due,
    pay_centre,
)
from domain.settlement.close import (
    CloseBlocker,
    Equality,
    close_blockers,
    four_equalities,
)
from domain.settlement.deposit_accrual import (
    accrue_notice_deposits,
)
from domain.settlement.deposit_proposals import (
    decide_instruction,
    propose_instruction,
    propose_placing,
)
from domain.settlement.deposit_reading import (
    DepositOrderView,
    DepositView,
    deposit,
    deposit_orders,
    deposits,
    maturing,
)
from domain.settlement.deposit_rules import (
    PRODUCTS,
    quarter_end,
)
from domain.settlement.deposit_telling import (
    deposit_orders_due,
    present_deposit_order,
)
from domain.settlement.events import (
    BATCH_ITEM_SETTLED,
    RECEIPT_MATCHED,
)
from domain.settlement.expectations import (
    PENDING_DISTRIBUTION,
    ExpectationView,
    cancel_expected,
    expect_receipt,
    expectation,
    open_expectations,
)
from domain.settlement.hand_posting import (
    ANSWER_VALID,
    PaymentSettler,
    ask_bank,
    decide_hand_posting,
    propose_held_receipt,
    propose_payment_result,
)
from domain.settlement.master import (
    MasterChange,
    decide_master_change,
    master_changes,
    master_entries,
    propose_master_change,
    propose_union_banks,
)
from domain.settlement.master_subjects import (
    SUBJECTS as MASTER_SUBJECTS,
)
from domain.settlement.matching import REASON_NAMES as RECEIPT_REASON_NAMES
from domain.settlement.notices import (
    NoticeTaken,
    NoticeView,
    clear_notice,
    quarantine_notice,
    quarantined_notices,
    take_notice,
)
from domain.settlement.payments import (
    PaymentView,
    call_off_payment,
    payment_of,
    payment_of_case,
    payments_due,
    prepare_payment,
    present,
    record_outcome,
    set_aside_payment,
    take_up_payment,
)
from domain.settlement.ports import (
    CLOSURE_WITHDRAWAL,
    PARTIAL_WITHDRAWAL,
    AccountCheck,
    BatchEntry,
    BatchOrder,
    DepositInstruction,
    DepositOutcome,
    DepositStanding,
    FileAnswer,
    FundsGateway,
    PaymentOrder,
    PaymentOutcome,
    SettlementGateway,
    UnionBankEntry,
)
from domain.settlement.receipt_desk import (
    ReceiptFilters,
    ReceiptPage,
    ReceiptView,
    ScanView,
    attach_scan,
    missing_notices,
    reason_name,
    receipt,
    receipts,
    scans_of,
)
from domain.settlement.receiving import (
    SUSPENSE,
)
from domain.settlement.reconciliation import (
    adjust,
    adjust_all,
    tick_by_hand,
)
from domain.settlement.reconciliation_reading import (
    CATEGORY_NAMES,
    Adjustment,
    AdjustmentItem,
    adjustment_items,
    adjustment_of,
    adjustments,
)
from domain.settlement.shares import share_balance, use_shares
from domain.settlement.statement_views import (
    StatementLineView,
    StatementView,
    statement_lines,
    statements_of,
)
from domain.settlement.statements import (
    StatementFetched,
    StatementImported,
    fetch_statement,
    fetch_statements,
    import_statement,
)
from domain.settlement.stuck import (
    HandPostingView,
    StuckPayment,
    hand_postings,
    stuck_payments,
)
from domain.settlement.suspense import (
    Claim,
    decide_claim,
    propose_claim,
)
from domain.settlement.suspense_booking import (
    meet_waiting,
)
from domain.settlement.suspense_reading import (
    AGES,
    MovementView,
    ShareView,
    SuspenseTotal,
    SuspenseView,
    movements,
    shares_of,
    suspense_item,
    suspense_items,
    suspense_totals,
)
from domain.settlement.sweeping import (
    due_steps,
    match_what_crossed,
)
from domain.settlement.verification import (
    INVARIANTS,
)

__all__ = [
    "ACCOUNT_KIND_NAMES",
    "AGES",
    "ANSWER_VALID",
    "BATCH_ITEM_SETTLED",
    "CATEGORY_NAMES",
    "CENTRE_OFFICE",
    "CLOSURE_WITHDRAWAL",
    "INVARIANTS",
    "MASTER_SUBJECTS",
    "PARTIAL_WITHDRAWAL",
    "PENDING_DISTRIBUTION",
    "PRODUCTS",
    "RECEIPT_MATCHED",
    "RECEIPT_REASON_NAMES",
    "SUSPENSE",
    "AccountCheck",
    "Adjustment",
    "AdjustmentItem",
    "BankAccount",
    "BatchEntry",
    "BatchItem",
    "BatchItemView",
    "BatchOrder",
    "BatchView",
    "Claim",
    "CloseBlocker",
    "DepositInstruction",
    "DepositOrderView",
    "DepositOutcome",
    "DepositStanding",
    "DepositView",
    "Equality",
    "ExpectationView",
    "FileAnswer",
    "FundsGateway",
    "HandPostingView",
    "MasterChange",
    "MovementView",
    "NoticeTaken",
    "NoticeView",
    "PaymentOrder",
    "PaymentOutcome",
    "PaymentSettler",
    "PaymentView",
    "ReceiptFilters",
    "ReceiptPage",
    "ReceiptView",
    "ScanView",
    "SettledItem",
    "SettlementGateway",
    "ShareView",
    "StatementFetched",
    "StatementImported",
    "StatementLineView",
    "StatementView",
    "StuckPayment",
    "SuspenseTotal",
    "SuspenseView",
    "UnionBankEntry",
    "accrue_notice_deposits",
    "adjust",
    "adjust_all",
    "adjustment_items",
    "adjustment_of",
    "adjustments",
    "adopt_fund_accounts",
    "ask_bank",
    "attach_scan",
    "bank_account",
    "bank_accounts",
    "batch",
    "batch_items",
    "batches",
    "batches_due",
    "call_off_payment",
    "cancel_expected",
    "centre_payments_due",
    "clear_notice",
    "close_blockers",
    "decide_claim",
    "decide_hand_posting",
    "decide_instruction",
    "decide_master_change",
    "deposit",
    "deposit_orders",
    "deposit_orders_due",
    "deposits",
    "due_steps",
    "expect_receipt",
    "expectation",
    "fetch_statement",
    "fetch_statements",
    "four_equalities",
    "hand_postings",
    "import_statement",
    "link_batch_voucher",
    "master_changes",
    "master_entries",
    "match_what_crossed",
    "maturing",
    "meet_waiting",
    "missing_notices",
    "movements",
    "open_expectations",
    "pay_centre",
    "payment_of",
    "payment_of_case",
    "payments_due",
    "prepare_batch",
    "prepare_payment",
    "present",
    "present_batch",
    "present_deposit_order",
    "propose_claim",
    "propose_held_receipt",
    "propose_instruction",
    "propose_master_change",
    "propose_payment_result",
    "propose_placing",
    "propose_union_banks",
    "quarantine_notice",
    "quarantined_notices",
    "quarter_end",
    "reason_name",
    "receipt",
    "receipt_day",
    "receipts",
    "record_outcome",
    "scans_of",
    "set_aside_payment",
    "settled_item",
    "share_balance",
    "shares_of",
    "statement_lines",
    "statements_of",
    "stuck_payments",
    "suspense_item",
    "suspense_items",
    "suspense_totals",
    "take_notice",
    "take_up_payment",
    "tick_by_hand",
    "use_shares",
]
