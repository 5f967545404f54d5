"""归集: persons, personal accounts, cards and what is contributed to them."""

from domain.contributions.accesses import EXCLUSION_MOST, AccessView, accesses_of, exclude
from domain.contributions.accounts import (
    AccountView,
    account_nos_of,
    account_of,
    accounts_of,
    book_contribution,
    entries_of,
    months_contributed_consecutively,
    open_account,
)
from domain.contributions.agents import (
    AGENT_SCOPES,
    Agency,
    agencies_of,
    agent_scopes,
    appoint_agent,
    employer_of_uscc,
    end_agent,
)
from domain.contributions.card_book import add_card, remove_card
from domain.contributions.cards import (
    CardView,
    card_lookup_text,
    card_of,
    cards_of,
    choose_card,
    clear_card_no,
    register_card,
)
from domain.contributions.certificates.applying import (
    apply_for_certificate,
    employer_paper,
    employer_papers,
    revoke_employer_paper,
)
from domain.contributions.certificates.enforcement import KIND_NAMES as ENFORCEMENT_NAMES
from domain.contributions.certificates.enforcement import (
    EnforcementView,
    enforcements_of,
    record_enforcement,
    settle_enforcement,
)
from domain.contributions.certificates.gathering import TITLES as CERTIFICATE_TITLES
from domain.contributions.certificates.personal import issue_contribution_certificate, own_paper, own_papers
from domain.contributions.changes import (
    SensitiveChange,
    change_mobile,
    change_of_token,
    changes_of,
    check_new_mobile,
    deny_change,
    follow_mobile,
    keep_mobile,
    note_change,
    notice_number,
)
from domain.contributions.employers.agreeing import (
    apply_for_term,
    change_rate,
    resume,
)
from domain.contributions.employers.cancelling import cancel_collection_account
from domain.contributions.employers.carrying_out import CARRY_OUT
from domain.contributions.employers.changing import (
    NOTICE,
    NOTICE_TITLE,
    NOTICE_VERSION,
    CollectionAccount,
    change_information,
    change_payment_method,
    change_state,
    open_entrusted_collection,
)
from domain.contributions.employers.closing import apply_for_closure
from domain.contributions.employers.document_reading import (
    DocumentView,
    OpenedDocument,
    documents_of_matters,
    open_document,
)
from domain.contributions.employers.documents import (
    CLOSURE_KINDS,
    DOCUMENT_KINDS,
    GivenDocument,
)
from domain.contributions.employers.information import (
    ChangeView,
    InformationView,
    changes_of_employer,
    collection_banks,
    information_of,
)
from domain.contributions.employers.matter_reading import MatterView, matter_queue, matters_of
from domain.contributions.employers.matters import KIND_NAMES as MATTER_KIND_NAMES
from domain.contributions.employers.matters import decide_matter, run_matter, withdraw_matter
from domain.contributions.employers.opening import (
    Registration,
    employer_of_code,
    offices,
    open_employer,
    register_by_representative,
    register_employer,
    valid_uscc,
)
from domain.contributions.employers.reminding import MEANS as REMINDER_MEANS
from domain.contributions.employers.reminding import ReminderView, record_reminder, reminders_of
from domain.contributions.employers.standing import (
    COUNTER_ROLES,
    METHOD_NAMES,
    EmployerStanding,
    require_employer,
    standing_of,
)
from domain.contributions.employers.standing import KIND_NAMES as EMPLOYER_KIND_NAMES
from domain.contributions.employers.standing import STATE_NAMES as EMPLOYER_STATE_NAMES
from domain.contributions.events import LIST_APPLIED, LIST_WORK, SENSITIVE_CHANGE, STATEMENT_DISTRIBUTED, STATEMENT_PAID
from domain.contributions.home import Home, home_of
from domain.contributions.listed import (
    ListedEntry,
    accounts_touched,
    appeal_against_entry,
    listed_entries_of,
    withdraw_own_appeal,
)
from domain.contributions.lists.applying import apply_list
from domain.contributions.lists.checking import (
    check_list,
    lists_due,
)
from domain.contributions.lists.deciding import (
    cancel_list,
    recheck_list,
    submit_list,
)
from domain.contributions.lists.desk import KIND_NAMES as LIST_KIND_NAMES
from domain.contributions.lists.desk import ListOpened
from domain.contributions.lists.effect import ListEffect, effect_of_list
from domain.contributions.lists.filling import (
    add_rows,
    receive_list_file,
    remove_row,
)
from domain.contributions.lists.judging import JudgedRow
from domain.contributions.merging import merge_persons, person_of_document, replace_document
from domain.contributions.people.adding import adding_actions
from domain.contributions.people.freezing import (
    FreezeView,
    expire_freezes,
    freeze_account,
    freezes_of,
    unfreeze_account,
)
from domain.contributions.people.freezing import Order as FreezeOrder
from domain.contributions.people.history import AccountDesk, account_at_desk
from domain.contributions.people.merging import MergePreview, merge_accounts, preview_merge
from domain.contributions.people.pooling import move_from_pool, move_to_pool, open_pool
from domain.contributions.persons import (
    REVEALING_ROLES,
    PersonView,
    Revealed,
    clear_person,
    document_index,
    document_lookup_text,
    known_person,
    person_by_document,
    person_by_id,
    person_of,
    register_person,
    rename_person,
    reveal_person,
)
from domain.contributions.ports import (
    PersonAsked,
    PersonRegistries,
)
from domain.contributions.reading import (
    EmployeeView,
    ListRowView,
    ListView,
    StatementView,
    employees_of,
    list_of,
    lists_in_transit,
    lists_of,
    rows_of_list,
    statement_of,
    statements_of_employer,
    statements_open,
)
from domain.contributions.refusals import (
    DOCUMENT_MALFORMED,
    FORM_STALE,
    INVENTORY_EMPTY,
    MONTH_MALFORMED,
    PERSON_SAME,
    PERSON_UNKNOWN,
)
from domain.contributions.remittances.collecting import PURPOSE as COLLECTION_PURPOSE
from domain.contributions.remittances.collecting import (
    FailedCollection,
    collect_due,
    collect_now,
    dismiss_failure,
    failed_collections,
    item_settled,
)
from domain.contributions.remittances.distributing import (
    distribute_statement,
    statements_paid,
)
from domain.contributions.remittances.drawing import (
    Drawn,
    cancel_statement,
    draw_back_payment,
    draw_statement,
)
from domain.contributions.remittances.inventory import MonthInventory, inventory_of
from domain.contributions.remittances.paying import PURPOSES as RECEIPT_PURPOSES
from domain.contributions.remittances.paying import (
    balance_of_employer,
    change_payment_of_statement,
    money_arrived,
)
from domain.contributions.remittances.reversing import ReversalPreview, preview_reversal, reverse_contribution
from domain.contributions.rules.determination import DeterminedBase, determine_base
from domain.contributions.rules.rows import HEADINGS as LIST_COLUMNS
from domain.contributions.verification import INVARIANTS

# fmt: off
__all__ = [
    "AGENT_SCOPES", "CARRY_OUT", "CERTIFICATE_TITLES", "CLOSURE_KINDS", "COLLECTION_PURPOSE", "COUNTER_ROLES",
    "DOCUMENT_KINDS", "DOCUMENT_MALFORMED", "EMPLOYER_KIND_NAMES", "EMPLOYER_STATE_NAMES", "ENFORCEMENT_NAMES",
    "EXCLUSION_MOST", "FORM_STALE", "INVARIANTS", "INVENTORY_EMPTY", "LIST_APPLIED", "LIST_COLUMNS",
    "LIST_KIND_NAMES", "LIST_WORK", "MATTER_KIND_NAMES", "METHOD_NAMES", "MONTH_MALFORMED", "NOTICE", "NOTICE_TITLE",
    "NOTICE_VERSION", "PERSON_SAME", "PERSON_UNKNOWN", "RECEIPT_PURPOSES", "REMINDER_MEANS", "REVEALING_ROLES",
    "SENSITIVE_CHANGE", "STATEMENT_DISTRIBUTED", "STATEMENT_PAID", "AccessView", "AccountDesk", "AccountView",
    "Agency", "CardView", "ChangeView", "CollectionAccount", "DeterminedBase", "DocumentView", "Drawn",
    "EmployeeView", "EmployerStanding", "EnforcementView", "FailedCollection", "FreezeOrder", "FreezeView",
    "GivenDocument", "Home", "InformationView", "JudgedRow", "ListEffect", "ListOpened", "ListRowView", "ListView",
    "ListedEntry", "MatterView", "MergePreview", "MonthInventory", "OpenedDocument", "PersonAsked",
    "PersonRegistries", "PersonView", "Registration", "ReminderView", "Revealed", "ReversalPreview",
    "SensitiveChange", "StatementView", "accesses_of", "account_at_desk", "account_nos_of", "account_of",
    "accounts_of", "accounts_touched", "add_card", "add_rows", "adding_actions", "agencies_of", "agent_scopes",
    "appeal_against_entry", "apply_for_certificate", "apply_for_closure", "apply_for_term", "apply_list",
    "appoint_agent", "balance_of_employer", "book_contribution", "cancel_collection_account", "cancel_list",
    "cancel_statement", "card_lookup_text", "card_of", "cards_of", "change_information", "change_mobile",
    "change_of_token", "change_payment_method", "change_payment_of_statement", "change_rate", "change_state",
    "changes_of", "changes_of_employer", "check_list", "check_new_mobile", "choose_card", "clear_card_no",
    "clear_person", "collect_due", "collect_now", "collection_banks", "decide_matter", "deny_change",
    "determine_base", "dismiss_failure", "distribute_statement", "document_index", "document_lookup_text",
    "documents_of_matters", "draw_back_payment", "draw_statement", "effect_of_list", "employees_of",
    "employer_of_code", "employer_of_uscc", "employer_paper", "employer_papers", "end_agent", "enforcements_of",
    "entries_of", "exclude", "expire_freezes", "failed_collections", "follow_mobile", "freeze_account", "freezes_of",
    "home_of", "information_of", "inventory_of", "issue_contribution_certificate", "item_settled", "keep_mobile",
    "known_person", "list_of", "listed_entries_of", "lists_due", "lists_in_transit", "lists_of", "matter_queue",
    "matters_of", "merge_accounts", "merge_persons", "money_arrived", "months_contributed_consecutively",
    "move_from_pool", "move_to_pool", "note_change", "notice_number", "offices", "open_account", "open_document",
    "open_employer", "open_entrusted_collection", "open_pool", "own_paper", "own_papers", "person_by_document",
    "person_by_id", "person_of", "person_of_document", "preview_merge", "preview_reversal", "receive_list_file",
    "recheck_list", "record_enforcement", "record_reminder", "register_by_representative", "register_card",
    "register_employer", "register_person", "reminders_of", "remove_card", "remove_row", "rename_person",
    "replace_document", "require_employer", "resume", "reveal_person", "reverse_contribution",
    "revoke_employer_paper", "rows_of_list", "run_matter", "settle_enforcement", "standing_of", "statement_of",
    "statements_of_employer", "statements_open", "statements_paid", "submit_list", "unfreeze_account", "valid_uscc",
    "withdraw_matter", "withdraw_own_appeal",
]
# fmt: on
