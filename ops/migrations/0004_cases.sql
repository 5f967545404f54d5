-- Cases (办件) and what belongs to a rent withdrawal.

CREATE TABLE service_case (
    account_no bigint NOT NULL REFERENCES account (account_no),
    case_id bigint NOT NULL,
    case_no text NOT NULL,
    item_code text NOT NULL,
    item text NOT NULL,
    person_id bigint NOT NULL,
    applicant_masked text NOT NULL,
    channel text NOT NULL,
    office_code text NOT NULL,
    -- The flow in force when the case begins stays with it.
    flow_name text NOT NULL,
    flow_version integer NOT NULL,
    state text NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen >= 0),
    form jsonb NOT NULL,
    policy_snapshot jsonb NOT NULL,
    explanation jsonb NOT NULL,
    flags text[] NOT NULL DEFAULT '{}',
    business_date date NOT NULL,
    submitted_at timestamptz NOT NULL,
    due_on date NOT NULL,
    decided_at timestamptz,
    ended_at timestamptz,
    locked_by bigint,
    locked_until timestamptz,
    revision integer NOT NULL DEFAULT 1,
    PRIMARY KEY (account_no, case_id)
);
CREATE INDEX service_case_queue ON service_case (state, submitted_at, case_id);
CREATE INDEX service_case_day ON service_case (business_date);
CREATE INDEX service_case_person ON service_case (account_no, submitted_at DESC, case_id);

CREATE TABLE case_no_lookup (
    case_no text PRIMARY KEY,
    account_no bigint NOT NULL,
    case_id bigint NOT NULL
);

CREATE TABLE case_event (
    account_no bigint NOT NULL,
    case_id bigint NOT NULL,
    seq integer NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    actor_name text NOT NULL,
    channel text NOT NULL,
    action text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    reason_code text,
    -- For the applicant; what only staff may read stands beside it.
    note text,
    internal_note text,
    PRIMARY KEY (account_no, case_id, seq),
    FOREIGN KEY (account_no, case_id) REFERENCES service_case (account_no, case_id)
);

CREATE TABLE case_check (
    account_no bigint NOT NULL,
    case_id bigint NOT NULL,
    check_no smallint NOT NULL,
    kind text NOT NULL,
    agency text NOT NULL,
    asked_at timestamptz NOT NULL,
    as_of timestamptz,
    outcome text NOT NULL CHECK (outcome IN ('passed', 'failed', 'unanswered')),
    summary text NOT NULL,
    answer_cipher bytea,
    trace_no text NOT NULL,
    override_reason text,
    overridden_by bigint,
    PRIMARY KEY (account_no, case_id, check_no),
    FOREIGN KEY (account_no, case_id) REFERENCES service_case (account_no, case_id)
);

CREATE TABLE rent_arrangement (
    account_no bigint NOT NULL,
    arrangement_id bigint NOT NULL,
    case_id bigint NOT NULL,
    frequency text NOT NULL CHECK (frequency IN ('monthly', 'quarterly')),
    monthly_limit_fen bigint NOT NULL CHECK (monthly_limit_fen > 0),
    from_period integer NOT NULL,
    until_period integer NOT NULL,
    state text NOT NULL CHECK (state IN ('requested', 'running', 'ended')),
    card_id bigint NOT NULL,
    auto_renewal boolean NOT NULL,
    auto_renewal_consented_at timestamptz,
    commitment_at timestamptz NOT NULL,
    paid_through_period integer,
    end_reason text,
    PRIMARY KEY (account_no, arrangement_id),
    FOREIGN KEY (account_no, case_id) REFERENCES service_case (account_no, case_id),
    CONSTRAINT rent_arrangement_consent CHECK (auto_renewal = (auto_renewal_consented_at IS NOT NULL)),
    CHECK (until_period >= from_period)
);
CREATE UNIQUE INDEX rent_arrangement_one_running ON rent_arrangement (account_no) WHERE state IN ('requested', 'running');

CREATE TABLE withdrawal (
    account_no bigint NOT NULL,
    withdrawal_id bigint NOT NULL,
    case_id bigint NOT NULL,
    arrangement_id bigint,
    reason char(2) NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    hold_id bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('requested', 'approved', 'paid', 'ended')),
    PRIMARY KEY (account_no, withdrawal_id),
    FOREIGN KEY (account_no, case_id) REFERENCES service_case (account_no, case_id),
    FOREIGN KEY (account_no, hold_id) REFERENCES hold (account_no, hold_id)
);
CREATE UNIQUE INDEX withdrawal_case ON withdrawal (account_no, case_id);

CREATE TABLE payment (
    account_no bigint NOT NULL,
    payment_id bigint NOT NULL,
    case_id bigint NOT NULL,
    serial_no text NOT NULL,
    bank_code text NOT NULL REFERENCES entrusted_bank (code),
    payer_account_no text NOT NULL,
    payee_account_cipher bytea NOT NULL,
    payee_account_masked text NOT NULL,
    payee_name_cipher bytea NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    business_type char(2) NOT NULL,
    summary text NOT NULL,
    business_date date NOT NULL,
    -- prepared → sending → (processing | unknown) → confirmed | rejected; 'sending' is written before the network.
    state text NOT NULL CHECK (state IN ('prepared', 'sending', 'processing', 'unknown', 'confirmed', 'rejected')),
    queries integer NOT NULL DEFAULT 0,
    last_code text,
    last_message text,
    bank_serial_no text,
    prepared_at timestamptz NOT NULL,
    sent_at timestamptz,
    next_query_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (account_no, payment_id),
    UNIQUE (account_no, serial_no),
    UNIQUE (account_no, case_id)
);
CREATE INDEX payment_open ON payment (next_query_at) WHERE state NOT IN ('confirmed', 'rejected');

CREATE TABLE evaluation (
    account_no bigint NOT NULL,
    case_id bigint NOT NULL,
    evaluation_no text NOT NULL,
    grade smallint NOT NULL CHECK (grade BETWEEN 1 AND 5),
    tags text[] NOT NULL DEFAULT '{}',
    comment text NOT NULL DEFAULT '',
    channel text NOT NULL,
    given_at timestamptz NOT NULL,
    push_state text NOT NULL DEFAULT 'waiting' CHECK (push_state IN ('waiting', 'accepted', 'rejected')),
    pushed_at timestamptz,
    PRIMARY KEY (account_no, case_id),
    FOREIGN KEY (account_no, case_id) REFERENCES service_case (account_no, case_id)
);

CREATE TABLE sms_message (
    account_no bigint NOT NULL,
    message_id bigint NOT NULL,
    event_id bigint NOT NULL,
    template text NOT NULL,
    template_version integer NOT NULL,
    lane text NOT NULL,
    mobile_cipher bytea NOT NULL,
    text_cipher bytea NOT NULL,
    parts smallint NOT NULL CHECK (parts > 0),
    state text NOT NULL CHECK (state IN ('queued', 'sending', 'accepted', 'delivered', 'rejected', 'unknown', 'dead')),
    carrier text,
    carrier_message_id text,
    attempts integer NOT NULL DEFAULT 0,
    last_code text,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    receipt_at timestamptz,
    PRIMARY KEY (account_no, message_id),
    UNIQUE (account_no, event_id, template)
);
-- Receipts come with the message's number alone.
CREATE INDEX sms_message_number ON sms_message (message_id);
CREATE INDEX sms_message_open ON sms_message (created_at) WHERE state IN ('queued', 'sending', 'unknown');

-- The same key and input answers the same; the same key with other input is an error (scale-out rule 7).
CREATE TABLE request_record (
    account_no bigint NOT NULL,
    request_key text NOT NULL,
    actor text NOT NULL,
    operation text NOT NULL,
    input_hash bytea NOT NULL,
    result jsonb,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_no, request_key, actor)
);
