-- Settlement with the entrusted banks: special accounts, receipts and what is expected, suspense, statements and their
-- adjustment, deposits, batches. These rows belong to the centre and its banks, not to a personal account: they live
-- on the coordinator, the small lists that every shard reads are reference tables.

-- 银行专户. `code` is what a voucher names as the auxiliary of a bank subject: the bank's own code for the demand account
-- that entrusted_bank names, else bank code, hyphen and a mark. opened_on is the day it entered this register.
CREATE TABLE bank_account (
    code text PRIMARY KEY CHECK (code ~ '^[0-9]{3}(-[A-Z0-9]{1,8})?$'),
    bank_code text NOT NULL REFERENCES entrusted_bank (code),
    account_set text NOT NULL REFERENCES account_set (code),
    kind text NOT NULL CHECK (kind IN ('demand', 'fixed', 'notice')),
    subject text NOT NULL,
    number text NOT NULL CHECK (number ~ '^[0-9A-Z-]{5,32}$'),
    name text NOT NULL,
    -- '00' is the centre itself
    office_code text NOT NULL DEFAULT '00',
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
    opened_on date NOT NULL,
    closed_on date,
    UNIQUE (bank_code, number),
    FOREIGN KEY (account_set, subject) REFERENCES account_subject (account_set, code),
    CHECK (left(code, 3) = bank_code),
    CHECK ((state = 'closed') = (closed_on IS NOT NULL))
);
INSERT INTO bank_account (code, bank_code, account_set, kind, subject, number, name, opened_on)
SELECT code, code, 'provident_fund', 'demand', '101', fund_account_no, name || '住房公积金存款专户', current_date
FROM entrusted_bank;

CREATE TABLE union_bank (
    union_no text PRIMARY KEY CHECK (union_no ~ '^[0-9]{12}$'),
    bank_code text NOT NULL CHECK (bank_code ~ '^[0-9]{3}$'),
    name text NOT NULL,
    active boolean NOT NULL DEFAULT true,
    updated_at timestamptz NOT NULL
);
CREATE INDEX union_bank_of ON union_bank (bank_code, name);

-- Centres of other cities, as the transfer platform numbers them.
CREATE TABLE centre_code (
    code text PRIMARY KEY CHECK (code ~ '^[0-9A-Z]{4,15}$'),
    name text NOT NULL,
    region_code text NOT NULL CHECK (region_code ~ '^[0-9]{6}$'),
    active boolean NOT NULL DEFAULT true,
    updated_at timestamptz NOT NULL
);

-- What a bank pays on the centre's deposits, in ppm a year; the newest row not after the day counts.
CREATE TABLE bank_rate (
    bank_code text NOT NULL REFERENCES entrusted_bank (code),
    product text NOT NULL,
    effective_from date NOT NULL,
    rate_ppm bigint NOT NULL CHECK (rate_ppm BETWEEN 0 AND 200000),
    source text NOT NULL,
    PRIMARY KEY (bank_code, product, effective_from)
);

-- D24: every change of the lists above is proposed by one person and decided by another; kept for ever.
CREATE TABLE master_change (
    change_id bigint PRIMARY KEY,
    subject text NOT NULL CHECK (subject IN ('entrusted_bank', 'bank_account', 'union_bank', 'centre_code', 'bank_rate')),
    subject_key text NOT NULL,
    before jsonb,
    after jsonb NOT NULL,
    reason text NOT NULL,
    state text NOT NULL CHECK (state IN ('proposed', 'approved', 'rejected')),
    proposed_by text NOT NULL,
    proposed_by_name text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by text,
    decided_by_name text,
    decided_at timestamptz,
    decision_note text,
    CHECK (decided_by IS DISTINCT FROM proposed_by),
    CHECK ((state = 'proposed') = (decided_by IS NULL))
);
CREATE INDEX master_change_of ON master_change (subject, subject_key, proposed_at);
CREATE UNIQUE INDEX master_change_open ON master_change (subject, subject_key) WHERE state = 'proposed';

-- 应收: what an area waits for. Payers only as masks and blind indexes.
CREATE TABLE expected_receipt (
    expectation_id bigint PRIMARY KEY,
    purpose text NOT NULL,
    reference_no text NOT NULL,
    account_set text NOT NULL REFERENCES account_set (code),
    office_code text NOT NULL,
    employer_no bigint,
    personal_account_no bigint,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    payer_account_index bytea,
    payer_account_masked text,
    payer_name_index bytea,
    payer_name_masked text,
    credit_subject text NOT NULL,
    credit_auxiliary text NOT NULL,
    input_hash bytea NOT NULL,
    due_on date,
    state text NOT NULL CHECK (state IN ('open', 'met', 'cancelled')),
    registered_at timestamptz NOT NULL,
    receipt_id bigint,
    ended_at timestamptz,
    end_reason text,
    UNIQUE (purpose, reference_no),
    FOREIGN KEY (account_set, credit_subject) REFERENCES account_subject (account_set, code),
    CHECK (state = 'met' OR receipt_id IS NULL)
);
CREATE INDEX expected_receipt_reference ON expected_receipt (reference_no) WHERE state = 'open';
CREATE INDEX expected_receipt_new ON expected_receipt (registered_at) WHERE state = 'open';
CREATE INDEX expected_receipt_account ON expected_receipt (payer_account_index) WHERE state = 'open';
CREATE INDEX expected_receipt_name ON expected_receipt (payer_name_index) WHERE state = 'open';

-- Money that a bank says has come in. One row for a bank, its serial number and its day, however often it is told.
CREATE TABLE bank_receipt (
    receipt_id bigint PRIMARY KEY,
    bank_code text NOT NULL,
    host_serial_no text NOT NULL,
    booked_on date NOT NULL,
    bank_account_code text REFERENCES bank_account (code),
    account_number text NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen <> 0),
    reversal boolean NOT NULL,
    payer_account_cipher bytea NOT NULL,
    payer_account_masked text NOT NULL,
    payer_account_index bytea,
    payer_name_cipher bytea NOT NULL,
    payer_name_masked text NOT NULL,
    payer_name_index bytea,
    payer_bank_no text NOT NULL,
    remark text NOT NULL,
    summary text NOT NULL,
    -- what may be reference numbers in remark and summary: found again when an expectation comes after the money
    words text[] NOT NULL,
    input_hash bytea NOT NULL,
    source text NOT NULL CHECK (source IN ('notice', 'statement')),
    received_at timestamptz NOT NULL,
    -- held: not in the books yet, because nobody knows the account or the bank takes money back
    state text NOT NULL CHECK (state IN ('booked', 'held')),
    outcome text NOT NULL CHECK (outcome IN ('matched', 'differs', 'unknown')),
    reason text NOT NULL,
    matched_by text,
    -- matched: what it met; differs: what it nearly met
    expectation_id bigint REFERENCES expected_receipt (expectation_id),
    account_set text,
    voucher_id bigint,
    booked_at timestamptz,
    UNIQUE (bank_code, host_serial_no, booked_on),
    CHECK ((state = 'booked') = (voucher_id IS NOT NULL)),
    CHECK (state = 'held' OR bank_account_code IS NOT NULL)
);
CREATE INDEX bank_receipt_day ON bank_receipt (booked_on, receipt_id);
CREATE INDEX bank_receipt_desk ON bank_receipt (state, outcome, booked_on);
CREATE INDEX bank_receipt_words ON bank_receipt USING gin (words) WHERE outcome <> 'matched';
CREATE INDEX bank_receipt_new ON bank_receipt (received_at) WHERE outcome <> 'matched';
CREATE INDEX bank_receipt_payer_name ON bank_receipt (payer_name_index) WHERE outcome <> 'matched';
CREATE INDEX bank_receipt_payer ON bank_receipt (payer_account_index) WHERE outcome <> 'matched';
CREATE INDEX bank_receipt_expectation ON bank_receipt (expectation_id);

-- D05: papers that explain a receipt; the files themselves lie in the archive.
CREATE TABLE receipt_scan (
    receipt_id bigint NOT NULL REFERENCES bank_receipt (receipt_id),
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    name text NOT NULL,
    media_type text NOT NULL,
    pages integer NOT NULL CHECK (pages > 0),
    added_by text NOT NULL,
    added_by_name text NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (receipt_id, digest)
);

-- Every notice that reached us, also those that could not be read: the digest tells which bytes they were.
CREATE TABLE bank_notice (
    notice_id bigint PRIMARY KEY,
    digest text NOT NULL UNIQUE,
    bytes integer NOT NULL,
    bank_code text,
    received_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('accepted', 'quarantined', 'cleared')),
    fault text,
    movements integer NOT NULL,
    told integer NOT NULL DEFAULT 1,
    cleared_by text,
    cleared_note text,
    CHECK ((state = 'accepted') = (fault IS NULL))
);
CREATE INDEX bank_notice_quarantine ON bank_notice (received_at) WHERE state = 'quarantined';

-- 暂收款: the part of subject 21901 that one receipt makes up.
CREATE TABLE suspense_item (
    item_id bigint PRIMARY KEY,
    receipt_id bigint NOT NULL UNIQUE REFERENCES bank_receipt (receipt_id),
    account_set text NOT NULL,
    office_code text NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    open_fen bigint NOT NULL,
    -- set aside by movements that wait for their second person or for the bank
    claimed_fen bigint NOT NULL DEFAULT 0,
    opened_on date NOT NULL,
    voucher_id bigint NOT NULL,
    cleared_on date,
    CHECK (claimed_fen >= 0 AND open_fen >= claimed_fen AND open_fen <= amount_fen),
    CHECK ((open_fen = 0) = (cleared_on IS NOT NULL))
);
CREATE INDEX suspense_item_open ON suspense_item (office_code, opened_on) WHERE open_fen > 0;

-- What was assigned to an employer (单位暂存款, 21903) and is not used yet, by the receipt it came from.
CREATE TABLE suspense_share (
    item_id bigint NOT NULL REFERENCES suspense_item (item_id),
    employer_no bigint NOT NULL REFERENCES employer (employer_no),
    open_fen bigint NOT NULL,
    claimed_fen bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (item_id, employer_no),
    CHECK (claimed_fen >= 0 AND open_fen >= claimed_fen)
);
CREATE INDEX suspense_share_employer ON suspense_share (employer_no) WHERE open_fen > 0;

-- Claims on suspense: clear to an expectation, assign to an employer, move on to another, to another office, refund.
CREATE TABLE suspense_movement (
    movement_id bigint PRIMARY KEY,
    item_id bigint NOT NULL REFERENCES suspense_item (item_id),
    kind text NOT NULL CHECK (kind IN ('clear', 'assign', 'move', 'transfer', 'refund', 'bank_reversal')),
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    from_employer_no bigint,
    to_employer_no bigint REFERENCES employer (employer_no),
    to_office_code text,
    expectation_id bigint REFERENCES expected_receipt (expectation_id),
    reason text NOT NULL,
    state text NOT NULL CHECK (state IN ('proposed', 'approved', 'paying', 'rejected', 'failed')),
    proposed_by text NOT NULL,
    proposed_by_name text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by text,
    decided_by_name text,
    decided_at timestamptz,
    decision_note text,
    voucher_id bigint,
    payment_id bigint,
    CHECK (decided_by IS DISTINCT FROM proposed_by),
    CHECK ((state = 'proposed') = (decided_by IS NULL)),
    CHECK ((state = 'approved') = (voucher_id IS NOT NULL))
);
CREATE INDEX suspense_movement_item ON suspense_movement (item_id);
CREATE INDEX suspense_movement_open ON suspense_movement (proposed_at) WHERE state IN ('proposed', 'paying');

-- A payment of the centre itself: its row in `payment` has account_no 0. The entry says how it is booked when paid.
ALTER TABLE payment
    ADD COLUMN payee_bank_code text,
    ADD COLUMN payee_class char(1) NOT NULL DEFAULT '1' CHECK (payee_class IN ('1', '2')),
    ADD COLUMN settle_type char(1) NOT NULL DEFAULT '1' CHECK (settle_type IN ('1', '2', '3'));
CREATE INDEX payment_bank_serial ON payment (bank_serial_no) WHERE bank_serial_no IS NOT NULL;

CREATE TABLE centre_payment (
    payment_id bigint PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('refund')),
    movement_id bigint NOT NULL UNIQUE REFERENCES suspense_movement (movement_id),
    bank_account_code text NOT NULL REFERENCES bank_account (code),
    account_set text NOT NULL,
    debit_subject text NOT NULL,
    debit_auxiliary text NOT NULL,
    voucher_id bigint
);

-- What settlement itself has booked on a bank account, or an owner has linked: the book's side of a bank line.
CREATE TABLE bank_booking (
    bank_account_code text NOT NULL REFERENCES bank_account (code),
    host_serial_no text NOT NULL,
    booked_on date NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen <> 0),
    -- 0 for a general voucher
    voucher_account_no bigint NOT NULL,
    account_set text NOT NULL,
    voucher_id bigint NOT NULL,
    PRIMARY KEY (bank_account_code, booked_on, host_serial_no)
);
CREATE INDEX bank_booking_voucher ON bank_booking (voucher_id);

-- D06: what the bank answered when staff asked before they post by hand.
CREATE TABLE bank_answer (
    answer_id bigint PRIMARY KEY,
    subject text NOT NULL,
    status text NOT NULL,
    code text NOT NULL,
    message text NOT NULL,
    bank_serial_no text,
    amount_fen bigint,
    raw_digest text NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL
);
CREATE INDEX bank_answer_subject ON bank_answer (subject, asked_at);

CREATE TABLE hand_posting (
    posting_id bigint PRIMARY KEY,
    subject text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('payment_confirmed', 'payment_rejected', 'receipt')),
    answer_id bigint REFERENCES bank_answer (answer_id),
    bank_account_code text REFERENCES bank_account (code),
    item_id bigint REFERENCES suspense_item (item_id),
    reason text NOT NULL,
    state text NOT NULL CHECK (state IN ('proposed', 'approved', 'rejected')),
    proposed_by text NOT NULL,
    proposed_by_name text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by text,
    decided_by_name text,
    decided_at timestamptz,
    decision_note text,
    CHECK (decided_by IS DISTINCT FROM proposed_by),
    CHECK ((state = 'proposed') = (decided_by IS NULL))
);
CREATE UNIQUE INDEX hand_posting_open ON hand_posting (subject) WHERE state = 'proposed';

-- One account, one day. A later version of the same day takes the place of an earlier one that it contains.
CREATE TABLE bank_statement (
    statement_id bigint PRIMARY KEY,
    bank_account_code text NOT NULL REFERENCES bank_account (code),
    day date NOT NULL,
    source text NOT NULL CHECK (source IN ('download', 'file')),
    digest text NOT NULL,
    state text NOT NULL CHECK (state IN ('current', 'superseded')),
    opening_fen bigint NOT NULL,
    closing_fen bigint NOT NULL,
    line_count integer NOT NULL,
    in_fen bigint NOT NULL,
    out_fen bigint NOT NULL,
    notes text[] NOT NULL,
    imported_by text NOT NULL,
    imported_by_name text NOT NULL,
    imported_at timestamptz NOT NULL,
    UNIQUE (bank_account_code, day, digest),
    CHECK (closing_fen = opening_fen + in_fen - out_fen)
);
CREATE UNIQUE INDEX bank_statement_current ON bank_statement (bank_account_code, day) WHERE state = 'current';

CREATE TABLE bank_statement_line (
    statement_id bigint NOT NULL REFERENCES bank_statement (statement_id),
    line_no integer NOT NULL,
    bank_account_code text NOT NULL,
    host_serial_no text NOT NULL,
    booked_on date NOT NULL,
    booked_time text NOT NULL,
    -- money in positive, money out negative
    amount_fen bigint NOT NULL CHECK (amount_fen <> 0),
    balance_fen bigint NOT NULL,
    reversal boolean NOT NULL,
    counterparty_account_cipher bytea NOT NULL,
    counterparty_account_masked text NOT NULL,
    counterparty_name_masked text NOT NULL,
    remark text NOT NULL,
    summary text NOT NULL,
    PRIMARY KEY (statement_id, line_no),
    UNIQUE (statement_id, host_serial_no)
);
CREATE INDEX bank_statement_line_serial ON bank_statement_line (bank_account_code, booked_on, host_serial_no);

-- 勾对: one bank line with one book line.
CREATE TABLE bank_tick (
    bank_account_code text NOT NULL REFERENCES bank_account (code),
    booked_on date NOT NULL,
    host_serial_no text NOT NULL,
    amount_fen bigint NOT NULL,
    account_set text NOT NULL,
    voucher_account_no bigint NOT NULL,
    voucher_id bigint NOT NULL,
    line_no smallint NOT NULL,
    posted_on date NOT NULL,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (bank_account_code, booked_on, host_serial_no),
    UNIQUE (account_set, voucher_account_no, voucher_id, line_no)
);

-- D23: 余额调节表, with its items for the drill-down. Made again for the same day it takes the earlier one's place.
CREATE TABLE bank_reconciliation (
    bank_account_code text NOT NULL REFERENCES bank_account (code),
    day date NOT NULL,
    statement_id bigint NOT NULL REFERENCES bank_statement (statement_id),
    book_fen bigint NOT NULL,
    bank_fen bigint NOT NULL,
    opening_difference_fen bigint NOT NULL,
    bank_received_fen bigint NOT NULL,
    bank_paid_fen bigint NOT NULL,
    book_received_fen bigint NOT NULL,
    book_paid_fen bigint NOT NULL,
    adjusted_book_fen bigint NOT NULL,
    adjusted_bank_fen bigint NOT NULL,
    missing_days date[] NOT NULL,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (bank_account_code, day),
    CHECK (adjusted_book_fen = book_fen + bank_received_fen - bank_paid_fen + opening_difference_fen),
    CHECK (adjusted_bank_fen = bank_fen + book_received_fen - book_paid_fen)
);

CREATE TABLE bank_reconciliation_item (
    bank_account_code text NOT NULL,
    day date NOT NULL,
    item_no integer NOT NULL,
    category text NOT NULL CHECK (category IN ('bank_received', 'bank_paid', 'book_received', 'book_paid')),
    on_date date NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    -- host serial number of the bank's line, or account set, account and voucher of the book's
    host_serial_no text,
    voucher_account_no bigint,
    voucher_id bigint,
    line_no smallint,
    note text NOT NULL,
    PRIMARY KEY (bank_account_code, day, item_no),
    FOREIGN KEY (bank_account_code, day) REFERENCES bank_reconciliation (bank_account_code, day) ON DELETE CASCADE
);

-- 定期存款 and 通知存款 of the centre.
CREATE TABLE bank_deposit (
    deposit_id bigint PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('fixed', 'notice')),
    product text NOT NULL,
    bank_account_code text NOT NULL REFERENCES bank_account (code),
    deposit_account_code text NOT NULL REFERENCES bank_account (code),
    certificate_no text,
    principal_fen bigint NOT NULL CHECK (principal_fen > 0),
    balance_fen bigint NOT NULL CHECK (balance_fen >= 0),
    rate_ppm bigint,
    placed_on date,
    matures_on date,
    rollover boolean NOT NULL DEFAULT false,
    notice_fen bigint,
    notice_given_on date,
    notice_draw_on date,
    accrued_fen bigint NOT NULL DEFAULT 0 CHECK (accrued_fen >= 0),
    accrued_through date,
    state text NOT NULL CHECK (state IN ('proposed', 'standing', 'ended', 'refused')),
    CHECK (state NOT IN ('standing', 'ended')
           OR (certificate_no IS NOT NULL AND rate_ppm IS NOT NULL AND placed_on IS NOT NULL)),
    CHECK ((notice_fen IS NULL) = (notice_draw_on IS NULL) AND (notice_fen IS NULL) = (notice_given_on IS NULL)),
    CHECK (state <> 'ended' OR (balance_fen = 0 AND accrued_fen = 0))
);
CREATE INDEX bank_deposit_standing ON bank_deposit (matures_on) WHERE state = 'standing';

-- An instruction about a deposit (114–120), told to the bank once, in the states of a payment.
CREATE TABLE deposit_order (
    order_id bigint PRIMARY KEY,
    deposit_id bigint NOT NULL REFERENCES bank_deposit (deposit_id),
    kind text NOT NULL CHECK (kind IN ('place', 'draw', 'set_notice', 'cancel_notice', 'set_rollover')),
    serial_no text NOT NULL UNIQUE,
    amount_fen bigint,
    draw_on date,
    rollover boolean,
    reason text NOT NULL,
    state text NOT NULL CHECK (state IN ('proposed', 'declined', 'prepared', 'sending', 'processing', 'unknown',
                                         'confirmed', 'rejected')),
    proposed_by text NOT NULL,
    proposed_by_name text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by text,
    decided_by_name text,
    decided_at timestamptz,
    decision_note text,
    business_date date NOT NULL,
    queries integer NOT NULL DEFAULT 0,
    sent_at timestamptz,
    next_query_at timestamptz,
    last_code text,
    last_message text,
    bank_serial_no text,
    deposit_serial_no text,
    bank_booked_on date,
    interest_fen bigint,
    expected_interest_fen bigint,
    voucher_id bigint,
    ended_at timestamptz,
    CHECK (decided_by IS DISTINCT FROM proposed_by),
    CHECK ((state = 'proposed') = (decided_by IS NULL)),
    CHECK ((kind IN ('place', 'draw') AND state = 'confirmed') = (voucher_id IS NOT NULL))
);
CREATE INDEX deposit_order_due ON deposit_order (next_query_at)
    WHERE state IN ('prepared', 'sending', 'processing', 'unknown');
-- One thing at a time with a deposit: nothing is proposed while the bank has not answered.
CREATE UNIQUE INDEX deposit_order_open ON deposit_order (deposit_id)
    WHERE state IN ('proposed', 'prepared', 'sending', 'processing', 'unknown');

CREATE TABLE deposit_accrual (
    deposit_id bigint NOT NULL REFERENCES bank_deposit (deposit_id),
    through date NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    voucher_id bigint NOT NULL,
    accrued_at timestamptz NOT NULL,
    PRIMARY KEY (deposit_id, through)
);

-- 批量付款 103 and 批量收款 104: told once, answered later item by item.
CREATE TABLE bank_batch (
    batch_id bigint PRIMARY KEY,
    direction text NOT NULL CHECK (direction IN ('pay', 'collect')),
    business_key text NOT NULL UNIQUE,
    purpose text NOT NULL,
    serial_no text NOT NULL UNIQUE,
    bank_account_code text NOT NULL REFERENCES bank_account (code),
    business_type char(2) NOT NULL,
    item_count integer NOT NULL CHECK (item_count > 0),
    total_fen bigint NOT NULL CHECK (total_fen > 0),
    input_hash bytea NOT NULL,
    business_date date NOT NULL,
    -- ended: every item has its result; rejected: the bank took none of it
    state text NOT NULL CHECK (state IN ('prepared', 'sending', 'processing', 'unknown', 'ended', 'rejected')),
    -- a result file contradicted an earlier one: a matter for people
    disputed boolean NOT NULL DEFAULT false,
    queries integer NOT NULL DEFAULT 0,
    files_refused integer NOT NULL DEFAULT 0,
    last_code text,
    last_message text,
    prepared_by text NOT NULL,
    prepared_at timestamptz NOT NULL,
    sent_at timestamptz,
    next_query_at timestamptz,
    ended_at timestamptz
);
CREATE INDEX bank_batch_due ON bank_batch (next_query_at) WHERE state NOT IN ('ended', 'rejected');

CREATE TABLE bank_batch_item (
    batch_id bigint NOT NULL REFERENCES bank_batch (batch_id),
    item_no integer NOT NULL CHECK (item_no > 0),
    -- whose business it is, in the owner's own words
    owner_reference text NOT NULL,
    personal_account_no bigint NOT NULL,
    counterparty_bank_code text NOT NULL,
    counterparty_account_cipher bytea NOT NULL,
    counterparty_account_masked text NOT NULL,
    counterparty_name_cipher bytea NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    summary text NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'confirmed', 'rejected')),
    code text,
    message text,
    host_serial_no text,
    booked_on date,
    settled_at timestamptz,
    dispute text,
    PRIMARY KEY (batch_id, item_no),
    UNIQUE (batch_id, owner_reference),
    CHECK ((state = 'waiting') = (settled_at IS NULL)),
    CHECK ((state = 'confirmed') = (host_serial_no IS NOT NULL AND booked_on IS NOT NULL))
);
CREATE INDEX bank_batch_item_serial ON bank_batch_item (host_serial_no) WHERE host_serial_no IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON bank_account, union_bank, centre_code, bank_rate, master_change, expected_receipt,
    bank_receipt, bank_notice, suspense_item, suspense_share, suspense_movement, centre_payment, hand_posting, bank_statement,
    bank_deposit, deposit_order, bank_batch, bank_batch_item, bank_reconciliation TO hpf_app;
-- What was said, seen and linked stays as it was; an adjustment is made anew with its items.
GRANT SELECT, INSERT ON receipt_scan, bank_booking, bank_answer, bank_statement_line, bank_tick, deposit_accrual TO hpf_app;
GRANT SELECT, INSERT, DELETE ON bank_reconciliation_item TO hpf_app;
