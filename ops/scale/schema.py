"""The catalogue of the migrated database, and the rules that can be read from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import asyncpg


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table lives; `key` is the column it is sharded by."""

    kind: str
    key: str = ""


REFERENCE, COORDINATOR, ACCOUNT = Place("reference"), Place("coordinator"), Place("account", "account_no")
EMPLOYER = Place("employer", "employer_no")

PLACES: dict[str, Place] = {
    **dict.fromkeys(
        ("management_office", "entrusted_bank", "account_subject", "employer", "employer_agent", "staff"), REFERENCE
    ),
    **dict.fromkeys(("branch_centre", "service_outlet", "outlet_change"), REFERENCE),
    **dict.fromkeys(("schema_migration", "signing_key", "login_session", "refresh_token", "audit_event"), COORDINATOR),
    **dict.fromkeys(("approval", "staff_password", "face_check", "policy_value"), COORDINATOR),
    **dict.fromkeys(("day_end_run", "day_end_step", "day_end_partition", "day_end_exception"), COORDINATOR),
    **dict.fromkeys(("day_end_lease", "day_end_request", "day_end_confirmation"), COORDINATOR),
    **dict.fromkeys(("account_set", "deposit_rate", "book_calendar", "book_period"), REFERENCE),
    **dict.fromkeys(("trusted_document", "document_version", "document_grant", "document_registry"), REFERENCE),
    **dict.fromkeys(("general_voucher", "general_line"), COORDINATOR),
    **dict.fromkeys(("formal_voucher", "formal_voucher_line", "formal_voucher_counter"), COORDINATOR),
    **dict.fromkeys(("book_segment", "voucher_seal", "subject_total", "book_request"), COORDINATOR),
    **dict.fromkeys(("bank_account", "union_bank", "centre_code", "bank_rate"), REFERENCE),
    **dict.fromkeys(("master_change", "expected_receipt", "bank_receipt", "receipt_scan", "bank_notice"), COORDINATOR),
    **dict.fromkeys(("suspense_item", "suspense_share", "suspense_movement", "centre_payment"), COORDINATOR),
    "suspense_deduction": COORDINATOR,
    **dict.fromkeys(("bank_booking", "bank_answer", "hand_posting", "bank_statement"), COORDINATOR),
    **dict.fromkeys(("bank_statement_line", "bank_tick"), COORDINATOR),
    **dict.fromkeys(("bank_reconciliation", "bank_reconciliation_item"), COORDINATOR),
    **dict.fromkeys(("bank_deposit", "deposit_order", "deposit_accrual", "bank_batch", "bank_batch_item"), COORDINATOR),
    **dict.fromkeys(("sms_number_range", "sms_template", "sms_contract", "sms_price", "sms_budget"), REFERENCE),
    **dict.fromkeys(("sms_stray_receipt", "sms_inbound", "sms_opt_out", "sms_lease", "sms_evidence"), COORDINATOR),
    **dict.fromkeys(("sms_standing", "sms_switch", "sms_override", "sms_count", "sms_alarm"), COORDINATOR),
    **dict.fromkeys(("sms_invoice", "sms_invoice_line"), COORDINATOR),
    "sms_carrier_number": Place("lookup", "carrier_number"),
    "sms_part": ACCOUNT,
    **dict.fromkeys(("registered_service", "third_party", "party_key", "service_grant"), COORDINATOR),
    **dict.fromkeys(("evidence_pending", "evidence_leaf", "evidence_node", "evidence_key"), COORDINATOR),
    **dict.fromkeys(("evidence_head", "vault_key", "vault_progress"), COORDINATOR),
    **dict.fromkeys(("partner_token", "grant_usage", "grant_registry", "delegation"), COORDINATOR),
    **dict.fromkeys(("inbound_message", "channel_traffic", "channel_health"), COORDINATOR),
    **dict.fromkeys(("exchange_record", "exchange_row", "entry_ticket"), COORDINATOR),
    **dict.fromkeys(("follower", "conversation", "conversation_line", "outgoing_message"), COORDINATOR),
    **dict.fromkeys(
        ("quick_reply", "sensitive_word", "binding_ticket", "notice_permission", "platform_phone_used"), COORDINATOR
    ),
    **dict.fromkeys(("kiosk", "kiosk_challenge"), COORDINATOR),
    "case_draft": Place("lookup", "person_id"),
    "notice_read": Place("lookup", "person_id"),
    "channel_switch": REFERENCE,
    **dict.fromkeys(("risk_entry", "risk_appeal"), REFERENCE),
    **dict.fromkeys(("maintenance_deposit", "maintenance_refund", "refused_application"), ACCOUNT),
    **dict.fromkeys(("case_signature", "case_escalation", "case_correction"), ACCOUNT),
    "review_deputy": REFERENCE,
    "retirement_matter": Place("lookup", "matter_no"),
    **dict.fromkeys(("evaluation_report", "evaluation_invitation", "rectification", "rectification_event"), ACCOUNT),
    "served_matter": ACCOUNT,
    "served_matter_lookup": Place("lookup", "case_no"),
    "evaluation_invitation_lookup": Place("lookup", "secret_index"),
    "record_access": Place("lookup", "person_id"),
    "access_exclusion": Place("lookup", "person_id"),
    "reveal_rule": REFERENCE,
    "person": Place("lookup", "person_id"),
    "person_document": Place("lookup", "document_index"),
    "person_account": Place("lookup", "person_id"),
    "identity_link": Place("lookup", "subject"),
    "identity_event": Place("lookup", "person_id"),
    "intervention": Place("lookup", "person_id"),
    "sensitive_change": Place("lookup", "person_id"),
    "phone_proof": Place("lookup", "person_id"),
    "case_no_lookup": Place("lookup", "case_no"),
    **dict.fromkeys(("withdrawal_subject", "withdrawal_claim"), Place("lookup", "subject_key")),
    **dict.fromkeys(("account", "account_balance", "contribution_month", "bank_card"), ACCOUNT),
    **dict.fromkeys(("voucher", "posting", "hold", "outbox", "event_consumed", "request_record"), ACCOUNT),
    **dict.fromkeys(("service_case", "case_event", "case_check", "evaluation", "sms_message"), ACCOUNT),
    **dict.fromkeys(
        ("withdrawal_arrangement", "arrangement_check", "withdrawal", "withdrawal_facts", "payment"), ACCOUNT
    ),
    **dict.fromkeys(("account_event", "account_freeze", "account_document"), ACCOUNT),
    **dict.fromkeys(("employer_account", "employer_rate", "employer_term", "employer_change"), EMPLOYER),
    **dict.fromkeys(("employer_matter", "employer_matter_event", "employer_document"), EMPLOYER),
    **dict.fromkeys(("employment", "employment_base"), EMPLOYER),
    **dict.fromkeys(("contribution_list", "contribution_list_file", "contribution_list_row"), EMPLOYER),
    **dict.fromkeys(("remittance_statement", "remittance_line", "collection_attempt"), EMPLOYER),
    **dict.fromkeys(("payment_taken_back", "employer_reminder_text"), EMPLOYER),
    **dict.fromkeys(
        ("employer_balance", "employer_balance_entry", "employer_enforcement", "employer_reminder"), EMPLOYER
    ),
    **dict.fromkeys(("account_transfer", "transfer_event", "transfer_message", "running_matter"), ACCOUNT),
    **dict.fromkeys(("city_application", "city_application_event", "city_application_file"), COORDINATOR),
    "city_report": COORDINATOR,
    "transfer_letter": Place("lookup", "letter_no"),
    "transfer_no_lookup": Place("lookup", "transfer_no"),
    "issued_paper": ACCOUNT,
    "paper_print": ACCOUNT,
    "kiosk_print": ACCOUNT,
    "paper_no_lookup": Place("lookup", "paper_no"),
    "employer_code": Place("lookup", "uscc"),
    "statement_no_lookup": Place("lookup", "statement_no"),
    "filed_paper": COORDINATOR,
    "number_series": COORDINATOR,
}
QUEUE_PREFIX = "pgqueuer"

LEDGER = ("account_balance", "voucher", "posting", "hold")
WRITERS = frozenset(
    {
        "ledger_open_account",
        "ledger_open_accounts",
        "ledger_credit_batch",
        "ledger_debit_batch",
        "ledger_place_hold",
        "ledger_end_hold",
        "ledger_extend_hold",
        "ledger_post",
        "ledger_reverse",
        "ledger_settle_account",
        "ledger_settle_range",
        "ledger_settle_for_closing",
        "ledger_settle",
        "ledger_post_general",
        "ledger_set_deposit_rate",
        "ledger_close_day",
        "ledger_gather",
        "ledger_seal",
        "ledger_close_period",
        "ledger_reopen_period",
        "ledger_withdraw_batch",
    }
)
APPLICATION = "hpf_app"


@dataclass
class Schema:
    """What the catalogue says, read once. Partitions are left out but for `partitions`."""

    places: Mapping[str, Place]
    tables: set[str] = field(default_factory=set)
    columns: list[asyncpg.Record] = field(default_factory=list)
    unique: list[asyncpg.Record] = field(default_factory=list)
    foreign: list[asyncpg.Record] = field(default_factory=list)
    checks: set[tuple[str, str]] = field(default_factory=set)
    functions: list[asyncpg.Record] = field(default_factory=list)

    def place(self, table: str) -> Place | None:
        return COORDINATOR if table.startswith(QUEUE_PREFIX) else self.places.get(table)

    def keys(self, table: str) -> list[list[str]]:
        return [list(row["columns"]) for row in self.unique if row["table"] == table]


async def read_schema(connection: asyncpg.Connection, *, places: Mapping[str, Place]) -> Schema:
    return Schema(
        places=places,
        tables={row["table"] for row in await connection.fetch(_TABLES)},
        columns=await connection.fetch(_COLUMNS),
        unique=await connection.fetch(_UNIQUE),
        foreign=await connection.fetch(_FOREIGN),
        checks={(row["table"], row["definition"]) for row in await connection.fetch(_CHECKS)},
        functions=await connection.fetch(_FUNCTIONS),
    )


def _of(name: str) -> str:
    return f"{name}.relnamespace = 'public'::regnamespace AND NOT {name}.relispartition"


_NAMES = (
    "ARRAY(SELECT a.attname::text FROM unnest({keys}) WITH ORDINALITY k (n, o)"
    " LEFT JOIN pg_attribute a ON a.attrelid = {table} AND a.attnum = k.n ORDER BY k.o)"
)
_TABLES = f"SELECT c.relname AS table FROM pg_class c WHERE c.relkind IN ('r', 'p') AND {_of('c')}"
_COLUMNS = f"""
SELECT c.relname AS table, a.attname AS column, format_type(a.atttypid, NULL) AS type, a.attnotnull AS required,
       a.attidentity::text <> '' AS identity, coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS initial
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND {_of("c")}
"""
_UNIQUE = f"""
SELECT c.relname AS table, i.relname AS name, x.indisprimary AS is_primary,
       {_NAMES.format(keys="(x.indkey::smallint[])[0:x.indnkeyatts - 1]", table="c.oid")} AS columns
FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
WHERE x.indisunique AND {_of("c")} ORDER BY 1, 2
"""
_FOREIGN = f"""
SELECT k.conname AS name, c.relname AS table, t.relname AS target,
       {_NAMES.format(keys="k.conkey", table="c.oid")} AS columns,
       {_NAMES.format(keys="k.confkey", table="t.oid")} AS target_columns
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
WHERE k.contype = 'f' AND {_of("c")} ORDER BY 2, 1
"""
_CHECKS = f"""
SELECT c.relname AS table, pg_get_constraintdef(k.oid) AS definition
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE k.contype = 'c' AND k.convalidated AND {_of("c")}
"""
_FUNCTIONS = f"""
SELECT p.proname AS name, p.prosrc AS body, p.prosecdef AS as_owner,
       coalesce(array_to_string(p.proconfig, ' '), '') LIKE 'search_path=%' AS path_fixed,
       has_function_privilege('public', p.oid, 'EXECUTE') AS for_everybody
FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.proname NOT LIKE '%{QUEUE_PREFIX}%'
"""


def rule_1_keys(schema: Schema) -> Iterator[str]:
    for table in sorted(schema.tables):
        if schema.place(table) is None:
            yield f"{table}: has no place in ops.scale.PLACES"
    for table in sorted(schema.places.keys() - schema.tables):
        yield f"{table}: is placed but does not exist"
    for table, place in sorted(schema.places.items()):
        if not place.key or table not in schema.tables:
            continue
        column = next((c for c in schema.columns if (c["table"], c["column"]) == (table, place.key)), None)
        if column is None or not column["required"]:
            yield f"{table}: {place.key} is missing or may be null"
        elif place == ACCOUNT and column["type"] != "bigint":
            yield f"{table}: account_no is {column['type']}, not bigint"
        keys = [row for row in schema.unique if row["table"] == table]
        if not any(row["is_primary"] for row in keys):
            yield f"{table}: has no primary key"
        for row in keys:
            named = f"{table}: unique {row['name']} ({listed(row['columns'])})"
            if place in (ACCOUNT, EMPLOYER) and row["columns"][0] != place.key:
                yield f"{named} does not begin with {place.key}"
            elif place.key not in row["columns"]:
                yield f"{named} lacks {place.key}"


def rule_2_foreign_keys(schema: Schema) -> Iterator[str]:
    for row in schema.foreign:
        here, there = schema.place(row["table"]), schema.place(row["target"])
        if here is None or there is None:
            continue
        pairs = list(zip(row["columns"], row["target_columns"], strict=True))
        together = here == there and (not here.key or pairs[0] == (here.key, here.key))
        if not (together or there == REFERENCE):
            yield f"{row['table']}: {row['name']} leaves its shard for {row['target']} ({listed(row['columns'])})"


async def rule_3_partitions(schema: Schema, connection: asyncpg.Connection) -> list[str]:
    broken = []
    key = await connection.fetchval("SELECT pg_get_partkeydef('posting'::regclass)")
    if key != "RANGE (period)":
        broken.append(f"posting: is partitioned by {key}, not by RANGE (period)")
    primary = [list(r["columns"]) for r in schema.unique if r["table"] == "posting" and r["is_primary"]]
    if primary != [["account_no", "period", "voucher_id", "line_no"]]:
        found = listed(name for columns in primary for name in columns)
        broken.append(f"posting: its key is ({found}), not (account_no, period, voucher_id, line_no)")
    bounds = await connection.fetch(
        "SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound FROM pg_inherits i"
        " JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'posting'::regclass"
    )
    if not bounds:
        broken.append("posting: has no partitions")
    for row in bounds:
        months = re.fullmatch(r"FOR VALUES FROM \((\d{6})\) TO \((\d{6})\)", row["bound"])
        first, until = (int(months[1]), int(months[2])) if months else (0, 0)
        if until != first + (89 if first % 100 == 12 else 1) or row["name"] != f"posting_{first}":
            broken.append(f"{row['name']}: is not one month ({row['bound']})")
    return broken


async def rule_4_writers(schema: Schema, connection: asyncpg.Connection) -> list[str]:
    broken = [
        f"{row['table']}: {row['grantee']} may {row['right'].lower()}"
        for row in await connection.fetch(_RIGHTS, list(LEDGER), APPLICATION)
    ]
    writes = re.compile(rf"\b(INSERT\s+INTO|UPDATE|DELETE\s+FROM|TRUNCATE)\s+({'|'.join(LEDGER)})\b", re.IGNORECASE)
    for row in schema.functions:
        if row["name"] in WRITERS:
            if not (row["as_owner"] and row["path_fixed"]):
                broken.append(f"{row['name']}: is not SECURITY DEFINER with a fixed search_path")
            if row["for_everybody"]:
                broken.append(f"{row['name']}: may be called by everybody")
        elif row["as_owner"] or writes.search(row["body"]):
            broken.append(f"{row['name']}: writes the ledger or runs as its owner and is none of its functions")
    missing = WRITERS - {row["name"] for row in schema.functions}
    return broken + [f"{name}: is missing" for name in sorted(missing)]


# The ledger's tables and their partitions: rights granted to anybody, and those the application has by membership.
_RIGHTS = """
WITH ledger AS (
    SELECT c.oid, c.relname, c.relowner, c.relacl FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace
      AND (c.relname = ANY($1)
           OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'posting'::regclass)))
SELECT l.relname AS table, coalesce(r.rolname, 'everybody') AS grantee, a.privilege_type AS right
FROM ledger l, aclexplode(l.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE a.grantee <> l.relowner AND a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER')
UNION
SELECT l.relname, $2, w.name FROM ledger l, (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) w (name)
WHERE has_table_privilege($2, l.oid, w.name)
   OR (w.name IN ('INSERT', 'UPDATE') AND has_any_column_privilege($2, l.oid, w.name))
ORDER BY 1, 2, 3
"""

_PROMISED = {
    ("voucher", "debit_fen = credit_fen"),
    ("account_balance", "balance_fen >= held_fen"),
    ("account_balance", "balance_fen = (carried_over_fen + current_year_fen)"),
    ("posting", "balance_after_fen = (balance_before_fen"),
}


async def rule_5_checks(schema: Schema, connection: asyncpg.Connection) -> list[str]:
    broken = [
        f"{table}: no CHECK says {promise}"
        for table, promise in sorted(_PROMISED)
        if not any(table == found and promise in definition for found, definition in schema.checks)
    ]
    guarded = await connection.fetch(
        "SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " JOIN pg_proc p ON p.oid = t.tgfoid"
        # 27: for each row, before update and delete
        " WHERE p.proname = 'ledger_refuse_change' AND t.tgenabled = 'O' AND t.tgtype = 27"
    )
    unguarded = {"voucher", "posting"} - {row["relname"] for row in guarded}
    return broken + [f"{table}: its rows can be changed by their owner" for table in sorted(unguarded)]


def rule_6_ids(schema: Schema) -> Iterator[str]:
    for column in schema.columns:
        place = schema.place(column["table"])
        if place is not None and place.key and (column["identity"] or "nextval(" in column["initial"]):
            yield f"{column['table']}: {column['column']} is numbered by the database"
        # a carrier's or bank's own number is text
        ours = column["column"].endswith("_id") and column["type"] not in ("bigint", "text")
        if place is not None and place.key and ours:
            yield f"{column['table']}: {column['column']} is {column['type']}, not bigint"
    for row in schema.functions:
        if re.search(r"\b(current_setting|set_config)\s*\(", row["body"]):
            yield f"{row['name']}: takes context from session settings"


def rule_7_request_keys(schema: Schema) -> Iterator[str]:
    for table, key in (("request_record", "request_key"), ("voucher", "business_key"), ("hold", "business_key")):
        if not any(columns[:2] == ["account_no", key] for columns in schema.keys(table)):
            yield f"{table}: nothing keeps (account_no, {key}) unique"


def rule_8_lookups(schema: Schema) -> Iterator[str]:
    for row in schema.foreign:
        for end, other in ((row["table"], row["target"]), (row["target"], row["table"])):
            place = schema.place(end)
            if place is not None and place.kind == "lookup":
                yield f"{end}: a lookup is tied to {other} by {row['name']}"
    for table, place in sorted(schema.places.items()):
        if place.kind == "lookup" and table in schema.tables and not any(place.key in k for k in schema.keys(table)):
            yield f"{table}: {place.key} is not unique in it"


def rule_13_defaults(schema: Schema) -> Iterator[str]:
    for row in schema.functions:
        if found := VOLATILE.search(row["body"]):
            yield f"{row['name']}: calls {found[0]}"
    for column in schema.columns:
        place = schema.place(column["table"])
        if place is not None and place.key and VOLATILE.search(column["initial"]):
            yield f"{column['table']}: {column['column']} is filled by {column['initial']}"


VOLATILE = re.compile(
    r"\b(now|random|clock_timestamp|statement_timestamp|timeofday|gen_random_uuid|nextval)\s*\(|\bcurrent_timestamp\b",
    re.IGNORECASE,
)


def listed(names: Iterable[str | None]) -> str:
    return ", ".join(name or "an expression" for name in names)
