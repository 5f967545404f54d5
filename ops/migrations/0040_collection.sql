-- 归集: employers with what they owe and how they pay, the people they contribute for, lists, statements, payments.
--
-- An employer's tables carry employer_no first in every key, as an account's carry account_no: they are sharded by it.
-- `employer` itself stays a reference table (name, code, department, state); what moves every month stands here.
-- Periods are months as integers (202611). Rates are basis points (1200 = 12 %).

-- Numbers that people read: taken in blocks, in a transaction of their own; a gap does no harm.
CREATE TABLE number_series (
    name text PRIMARY KEY,
    next_no bigint NOT NULL CHECK (next_no > 0)
);

-- pool: 集中封存户, where sealed accounts of closed employers stand; one for each department.
ALTER TABLE employer ADD COLUMN kind text NOT NULL DEFAULT 'enterprise'
    CHECK (kind IN ('enterprise', 'public_institution', 'government', 'social_organisation', 'other', 'pool'));

-- 统一社会信用代码 → employer, once for all departments.
CREATE TABLE employer_code (
    uscc text PRIMARY KEY,
    employer_no bigint NOT NULL
);

CREATE TABLE employer_account (
    employer_no bigint PRIMARY KEY REFERENCES employer (employer_no),
    -- where it came from: portal, counter, ewindow, social_security
    source text NOT NULL,
    address text NOT NULL DEFAULT '',
    postcode text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    economic_type text NOT NULL DEFAULT '',
    industry text NOT NULL DEFAULT '',
    established_on date,
    legal_name_cipher bytea,
    legal_name_masked text,
    legal_document_cipher bytea,
    legal_document_masked text,
    legal_document_index bytea,
    pay_day smallint NOT NULL CHECK (pay_day BETWEEN 1 AND 31),
    -- 启缴年月 and 缴至年月: every month up to it is paid, deferred or was before the first
    first_period integer NOT NULL CHECK (first_period % 100 BETWEEN 1 AND 12),
    paid_through_period integer CHECK (paid_through_period % 100 BETWEEN 1 AND 12),
    payment_method text NOT NULL CHECK (payment_method IN
        ('entrusted_collection', 'bank_transfer', 'cheque', 'cash', 'suspense_balance')),
    -- 委托收款: the account collected from, the day, and the notice that was acknowledged (R02.6)
    collection_bank_code text REFERENCES entrusted_bank (code),
    collection_account_cipher bytea,
    collection_account_masked text,
    collection_account_index bytea,
    collection_name_cipher bytea,
    collection_day smallint CHECK (collection_day BETWEEN 1 AND 28),
    collection_notice text,
    collection_agreed_at timestamptz,
    collection_agreed_by text,
    opened_on date NOT NULL,
    sealed_on date,
    closed_on date,
    close_reason text,
    changed_at timestamptz NOT NULL,
    CONSTRAINT employer_account_collection CHECK (
        payment_method <> 'entrusted_collection'
        OR (collection_bank_code IS NOT NULL AND collection_account_cipher IS NOT NULL
            AND collection_day IS NOT NULL AND collection_agreed_at IS NOT NULL))
);

-- The rates in force from a month on: the month's list, a back payment and a certificate all read them here (R11.6).
CREATE TABLE employer_rate (
    employer_no bigint NOT NULL,
    from_period integer NOT NULL,
    employer_rate_bp integer NOT NULL CHECK (employer_rate_bp BETWEEN 0 AND 10000),
    employee_rate_bp integer NOT NULL CHECK (employee_rate_bp BETWEEN 0 AND 10000),
    matter_id bigint,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    PRIMARY KEY (employer_no, from_period)
);

-- 缓缴 and 降低缴存比例: agreed for some months, ending in June of the fund year at the latest.
CREATE TABLE employer_term (
    employer_no bigint NOT NULL,
    term_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('deferral', 'rate_reduction')),
    from_period integer NOT NULL,
    until_period integer NOT NULL CHECK (until_period >= from_period),
    rate_bp integer CHECK (rate_bp BETWEEN 0 AND 10000),
    previous_rate_bp integer,
    matter_id bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('agreed', 'ended', 'cancelled')),
    agreed_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_by text,
    PRIMARY KEY (employer_no, term_id),
    CHECK ((kind = 'rate_reduction') = (rate_bp IS NOT NULL))
);

-- 单位业务: what an employer or the counter asks for, decided and carried out; `given` holds no personal data in clear.
-- waiting: decided, its month or day has not come (D03); failed: it could not be carried out, may be run again.
CREATE TABLE employer_matter (
    employer_no bigint NOT NULL,
    matter_id bigint NOT NULL,
    matter_no text NOT NULL,
    item text NOT NULL,
    kind text NOT NULL,
    office_code text NOT NULL,
    state text NOT NULL CHECK (state IN
        ('submitted', 'passed', 'waiting', 'done', 'refused', 'withdrawn', 'failed')),
    given jsonb NOT NULL,
    given_cipher bytea,
    result jsonb NOT NULL DEFAULT '{}',
    effective_period integer,
    channel text NOT NULL,
    mark text NOT NULL DEFAULT '',
    submitted_by text NOT NULL,
    submitted_by_name text NOT NULL,
    submitted_at timestamptz NOT NULL,
    passed_by text,
    decided_by text,
    decided_by_name text,
    decided_at timestamptz,
    reason text,
    attempts integer NOT NULL DEFAULT 0,
    last_problem text,
    ended_at timestamptz,
    PRIMARY KEY (employer_no, matter_id),
    UNIQUE (employer_no, matter_no)
);
CREATE INDEX employer_matter_queue ON employer_matter (state, office_code, submitted_at)
    WHERE state IN ('submitted', 'passed', 'waiting', 'failed');
CREATE UNIQUE INDEX employer_matter_open ON employer_matter (employer_no, item, kind)
    WHERE state IN ('submitted', 'passed', 'waiting', 'failed');

CREATE TABLE employer_matter_event (
    employer_no bigint NOT NULL,
    matter_id bigint NOT NULL,
    event_id bigint NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    actor_name text NOT NULL,
    action text NOT NULL,
    note text NOT NULL DEFAULT '',
    PRIMARY KEY (employer_no, matter_id, event_id),
    FOREIGN KEY (employer_no, matter_id) REFERENCES employer_matter (employer_no, matter_id)
);

-- What of an employer changed, from what to what (R01.6, R01.8); values are masked where they are personal.
CREATE TABLE employer_change (
    employer_no bigint NOT NULL,
    change_id bigint NOT NULL,
    field text NOT NULL,
    before text,
    after text,
    matter_id bigint,
    changed_by text NOT NULL,
    changed_by_name text NOT NULL,
    channel text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (employer_no, change_id)
);
CREATE INDEX employer_change_at ON employer_change (employer_no, changed_at);

CREATE TABLE employer_document (
    employer_no bigint NOT NULL,
    document_id bigint NOT NULL,
    matter_id bigint,
    kind text NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    size_bytes integer NOT NULL CHECK (size_bytes > 0),
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    content_cipher bytea NOT NULL,
    added_by text NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (employer_no, document_id)
);

-- Who an employer contributes for: one row a spell, from the first month owed to the last; the roster is what runs.
CREATE TABLE employment (
    employer_no bigint NOT NULL,
    account_no bigint NOT NULL,
    began_period integer NOT NULL,
    person_id bigint NOT NULL,
    -- the last month owed; NULL while it runs; before began_period when it ended before it was paid at all
    ended_period integer,
    began_by text NOT NULL CHECK (began_by IN ('open', 'unseal', 'transfer_in', 'merge')),
    ended_by text CHECK (ended_by IN ('seal', 'transfer_out', 'close', 'merge')),
    end_reason text,
    began_list_id bigint,
    ended_list_id bigint,
    PRIMARY KEY (employer_no, account_no, began_period),
    CHECK ((ended_period IS NULL) = (ended_by IS NULL))
);
CREATE UNIQUE INDEX employment_running ON employment (employer_no, account_no) WHERE ended_period IS NULL;
CREATE INDEX employment_of_account ON employment (account_no);

-- The base of each from a month on, and the two parts it makes at the rates of that month.
CREATE TABLE employment_base (
    employer_no bigint NOT NULL,
    account_no bigint NOT NULL,
    from_period integer NOT NULL,
    base_fen bigint NOT NULL CHECK (base_fen >= 0),
    employer_fen bigint NOT NULL CHECK (employer_fen >= 0),
    employee_fen bigint NOT NULL CHECK (employee_fen >= 0),
    list_id bigint,
    PRIMARY KEY (employer_no, account_no, from_period)
);

-- 清册. checking: its file is being read and judged; checked: results are there; applying: its accepted rows take effect.
CREATE TABLE contribution_list (
    employer_no bigint NOT NULL,
    list_id bigint NOT NULL,
    list_no text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('change', 'back_payment', 'annual_base')),
    -- change: the month it is for; annual_base: the first month of the new bases; back_payment: the rows say
    period integer,
    state text NOT NULL CHECK (state IN ('checking', 'checked', 'applying', 'applied', 'refused', 'cancelled')),
    channel text NOT NULL,
    -- business mark (e窗通, social security): what statistics count by
    mark text NOT NULL DEFAULT '',
    file_name text,
    file_format text CHECK (file_format IN ('csv', 'xlsx')),
    file_digest text,
    file_bytes integer,
    -- how far it is checked and applied: the row up to which effect and mark are committed together
    row_count integer,
    checked_through integer NOT NULL DEFAULT 0,
    accepted_count integer NOT NULL DEFAULT 0,
    refused_count integer NOT NULL DEFAULT 0,
    applied_through integer NOT NULL DEFAULT 0,
    applied_count integer NOT NULL DEFAULT 0,
    -- the file as a whole: code and sentence
    problem_code text,
    problem text,
    statement_id bigint,
    created_by text NOT NULL,
    created_by_name text NOT NULL,
    created_at timestamptz NOT NULL,
    submitted_by text,
    submitted_by_name text,
    submitted_at timestamptz,
    ended_at timestamptz,
    end_reason text,
    PRIMARY KEY (employer_no, list_id),
    UNIQUE (employer_no, list_no),
    CHECK ((state = 'refused') = (problem_code IS NOT NULL))
);
CREATE INDEX contribution_list_work ON contribution_list (created_at) WHERE state IN ('checking', 'applying');
CREATE INDEX contribution_list_transit ON contribution_list (employer_no, created_at)
    WHERE state IN ('checking', 'checked', 'applying');

CREATE TABLE contribution_list_file (
    employer_no bigint NOT NULL,
    list_id bigint NOT NULL,
    content_cipher bytea NOT NULL,
    PRIMARY KEY (employer_no, list_id),
    FOREIGN KEY (employer_no, list_id) REFERENCES contribution_list (employer_no, list_id)
);

-- row_no is the row of the file, the heading being 1; rows given one by one are numbered in the order they came.
CREATE TABLE contribution_list_row (
    employer_no bigint NOT NULL,
    list_id bigint NOT NULL,
    row_no integer NOT NULL CHECK (row_no > 0),
    action text NOT NULL,
    document_type char(2),
    document_index bytea,
    document_masked text,
    document_cipher bytea,
    name_masked text,
    name_cipher bytea,
    name_index bytea,
    mobile_masked text,
    mobile_cipher bytea,
    base_fen bigint,
    period integer,
    -- what the row says the month is, and what it comes to
    given_fen bigint,
    employer_fen bigint,
    employee_fen bigint,
    reason text,
    person_id bigint,
    account_no bigint,
    state text NOT NULL CHECK (state IN ('accepted', 'refused', 'applied', 'removed')),
    -- [{"column", "code", "message"}]
    problems jsonb NOT NULL DEFAULT '[]',
    PRIMARY KEY (employer_no, list_id, row_no),
    FOREIGN KEY (employer_no, list_id) REFERENCES contribution_list (employer_no, list_id)
);
CREATE INDEX contribution_list_row_person ON contribution_list_row (document_index) WHERE state = 'accepted';
CREATE INDEX contribution_list_row_refused ON contribution_list_row (employer_no, list_id, row_no)
    WHERE state = 'refused';

-- 汇缴书 and 补缴书. open: waits for money; collecting: told to the bank; paid: the money stands under 21903;
-- distributed: every line is in its account. A version replaces an earlier one of the month (D15).
CREATE TABLE remittance_statement (
    employer_no bigint NOT NULL,
    statement_id bigint NOT NULL,
    statement_no text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('remittance', 'back_payment')),
    period integer,
    version smallint NOT NULL DEFAULT 1,
    list_id bigint,
    person_count integer NOT NULL CHECK (person_count > 0),
    employer_fen bigint NOT NULL CHECK (employer_fen >= 0),
    employee_fen bigint NOT NULL CHECK (employee_fen >= 0),
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    -- against the month before: what came, went and changed
    change_summary jsonb NOT NULL DEFAULT '{}',
    method text NOT NULL CHECK (method IN
        ('entrusted_collection', 'bank_transfer', 'cheque', 'cash', 'suspense_balance')),
    payment_detail text NOT NULL DEFAULT '',
    state text NOT NULL CHECK (state IN ('open', 'collecting', 'paid', 'distributed', 'cancelled')),
    expectation_id bigint,
    due_on date NOT NULL,
    created_by text NOT NULL,
    created_by_name text NOT NULL,
    created_at timestamptz NOT NULL,
    channel text NOT NULL,
    mark text NOT NULL DEFAULT '',
    paid_on date,
    paid_voucher_id bigint,
    paid_from text,
    distributed_count integer NOT NULL DEFAULT 0,
    distributed_fen bigint NOT NULL DEFAULT 0,
    returned_fen bigint NOT NULL DEFAULT 0,
    distributed_at timestamptz,
    end_reason text,
    PRIMARY KEY (employer_no, statement_id),
    UNIQUE (employer_no, statement_no),
    CHECK (amount_fen = employer_fen + employee_fen),
    CHECK ((kind = 'remittance') = (period IS NOT NULL)),
    CHECK (distributed_fen + returned_fen <= amount_fen),
    CHECK (state <> 'distributed' OR distributed_fen + returned_fen = amount_fen)
);
CREATE UNIQUE INDEX remittance_statement_month ON remittance_statement (employer_no, period)
    WHERE kind = 'remittance' AND state <> 'cancelled';
CREATE INDEX remittance_statement_open ON remittance_statement (due_on)
    WHERE state IN ('open', 'collecting', 'paid');
CREATE INDEX remittance_statement_paid ON remittance_statement (paid_on) WHERE state = 'paid';

-- The number by which payers, banks and staff know a statement.
CREATE TABLE statement_no_lookup (
    statement_no text PRIMARY KEY,
    employer_no bigint NOT NULL,
    statement_id bigint NOT NULL
);

CREATE TABLE remittance_line (
    employer_no bigint NOT NULL,
    statement_id bigint NOT NULL,
    account_no bigint NOT NULL,
    period integer NOT NULL,
    base_fen bigint NOT NULL,
    employer_fen bigint NOT NULL CHECK (employer_fen >= 0),
    employee_fen bigint NOT NULL CHECK (employee_fen >= 0),
    state char(1) NOT NULL DEFAULT 'W' CHECK (state IN ('W', 'P', 'R')),
    voucher_id bigint,
    PRIMARY KEY (employer_no, statement_id, account_no, period),
    FOREIGN KEY (employer_no, statement_id) REFERENCES remittance_statement (employer_no, statement_id),
    CHECK (employer_fen + employee_fen > 0),
    CHECK ((state = 'P') = (voucher_id IS NOT NULL))
);

-- 委托收款: each time a bank was asked, and what it answered.
CREATE TABLE collection_attempt (
    employer_no bigint NOT NULL,
    statement_id bigint NOT NULL,
    attempt_no smallint NOT NULL CHECK (attempt_no > 0),
    batch_id bigint NOT NULL,
    item_no integer NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    state text NOT NULL CHECK (state IN ('told', 'confirmed', 'rejected')),
    code text,
    message text,
    told_at timestamptz NOT NULL,
    ended_at timestamptz,
    -- D07: what staff did about a failure: presented again, settled otherwise, void
    handled text CHECK (handled IN ('again', 'otherwise', 'void')),
    handled_by text,
    handled_note text,
    handled_at timestamptz,
    PRIMARY KEY (employer_no, statement_id, attempt_no),
    FOREIGN KEY (employer_no, statement_id) REFERENCES remittance_statement (employer_no, statement_id),
    CHECK ((state = 'told') = (ended_at IS NULL))
);
CREATE INDEX collection_attempt_failed ON collection_attempt (ended_at) WHERE state = 'rejected' AND handled IS NULL;

-- 单位暂存款 that came back from a distribution: a line whose account took no money any more. It stands under 21903 with
-- what staff assigned out of 暂收款 (settlement's shares), and pays later statements.
CREATE TABLE employer_balance (
    employer_no bigint PRIMARY KEY,
    open_fen bigint NOT NULL DEFAULT 0 CHECK (open_fen >= 0)
);
CREATE TABLE employer_balance_entry (
    employer_no bigint NOT NULL,
    entry_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('returned', 'used')),
    -- negative when used
    amount_fen bigint NOT NULL CHECK (amount_fen <> 0),
    statement_id bigint NOT NULL,
    account_no bigint,
    at timestamptz NOT NULL,
    by text NOT NULL,
    note text NOT NULL DEFAULT '',
    PRIMARY KEY (employer_no, entry_id)
);

-- What happened to an account outside of lists: frozen, merged, moved to the pool, opened at the counter.
CREATE TABLE account_event (
    account_no bigint NOT NULL REFERENCES account (account_no),
    event_id bigint NOT NULL,
    kind text NOT NULL,
    before jsonb NOT NULL DEFAULT '{}',
    after jsonb NOT NULL DEFAULT '{}',
    reason text NOT NULL DEFAULT '',
    voucher_id bigint,
    by text NOT NULL,
    by_name text NOT NULL,
    channel text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (account_no, event_id)
);
CREATE INDEX account_event_kind ON account_event (kind, at);

-- D19: frozen on request of a court or an auditor. An amount is a hold of the ledger; the whole account is its state.
CREATE TABLE account_freeze (
    account_no bigint NOT NULL REFERENCES account (account_no),
    freeze_id bigint NOT NULL,
    scope text NOT NULL CHECK (scope IN ('whole', 'amount')),
    amount_fen bigint,
    authority text NOT NULL,
    order_no text NOT NULL,
    order_digest text NOT NULL CHECK (order_digest ~ '^[0-9a-f]{64}$'),
    from_on date NOT NULL,
    until_on date NOT NULL,
    -- the state to go back to
    state_before char(2),
    hold_id bigint,
    state text NOT NULL CHECK (state IN ('frozen', 'lifted', 'expired')),
    frozen_by text NOT NULL,
    frozen_at timestamptz NOT NULL,
    lifted_by text,
    lifted_at timestamptz,
    lift_order_no text,
    lift_order_digest text,
    PRIMARY KEY (account_no, freeze_id),
    UNIQUE (account_no, order_no),
    CHECK ((scope = 'amount') = (amount_fen IS NOT NULL AND hold_id IS NOT NULL)),
    CHECK (until_on >= from_on),
    CHECK ((state = 'frozen') = (lifted_at IS NULL))
);
CREATE INDEX account_freeze_running ON account_freeze (until_on) WHERE state = 'frozen';

-- Names are compared without being read (registry, lists); rows from before have none and are compared in the clear.
ALTER TABLE person ADD COLUMN name_index bytea;

-- Each month moves 缴至年月: room on the page, so that no index is touched.
ALTER TABLE account SET (fillfactor = 80);
ALTER TABLE account ADD COLUMN sealed_on date;
ALTER TABLE account ADD COLUMN close_reason text;

GRANT SELECT, INSERT, UPDATE ON number_series, employer_code, employer_account, employer_rate, employer_term,
    employer_matter, employer_document, employment, employment_base, contribution_list, contribution_list_row,
    remittance_statement, statement_no_lookup, remittance_line, collection_attempt, employer_balance, account_freeze
    TO hpf_app;
GRANT SELECT, INSERT ON employer_matter_event, employer_change, employer_balance_entry, account_event TO hpf_app;
-- A file is kept while its list is in transit; what a list that ended came from is its rows and the digest.
GRANT SELECT, INSERT, DELETE ON contribution_list_file TO hpf_app;
