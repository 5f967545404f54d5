-- Reference tables: small, the same on every shard (scale-out rule 1).

CREATE TABLE management_office (
    code text PRIMARY KEY,
    name text NOT NULL,
    district_code text NOT NULL
);

CREATE TABLE entrusted_bank (
    code text PRIMARY KEY CHECK (code ~ '^[0-9]{3}$'),
    name text NOT NULL,
    fund_account_no text NOT NULL,
    active boolean NOT NULL DEFAULT true
);

-- Chart of accounts; `personal` marks the subject whose lines move a personal account's balance.
CREATE TABLE account_subject (
    account_set text NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    normal_side char(1) NOT NULL CHECK (normal_side IN ('D', 'C')),
    personal boolean NOT NULL DEFAULT false,
    PRIMARY KEY (account_set, code)
);

INSERT INTO account_subject (account_set, code, name, normal_side, personal) VALUES
    ('provident_fund', '101', '住房公积金存款', 'D', false),
    ('provident_fund', '102', '增值收益存款', 'D', false),
    ('provident_fund', '111', '应收利息', 'D', false),
    ('provident_fund', '119', '其他应收款', 'D', false),
    ('provident_fund', '121', '委托贷款', 'D', false),
    ('provident_fund', '122', '逾期贷款', 'D', false),
    ('provident_fund', '124', '国家债券', 'D', false),
    ('provident_fund', '201', '住房公积金', 'C', true),
    ('provident_fund', '211', '应付利息', 'C', false),
    ('provident_fund', '214', '专项应付款', 'C', false),
    ('provident_fund', '219', '其他应付款', 'C', false),
    ('provident_fund', '301', '贷款风险准备', 'C', false),
    ('provident_fund', '311', '增值收益', 'C', false),
    ('provident_fund', '321', '增值收益分配', 'C', false),
    ('provident_fund', '401', '业务收入', 'C', false),
    ('provident_fund', '411', '业务支出', 'D', false);

CREATE TABLE employer (
    employer_no bigint PRIMARY KEY,
    name text NOT NULL,
    uscc text NOT NULL,
    office_code text NOT NULL REFERENCES management_office (code),
    state char(2) NOT NULL DEFAULT '01' CHECK (state IN ('01', '02', '03', '04', '05', '99')),
    opened_on date NOT NULL
);

CREATE TABLE staff (
    staff_id bigint PRIMARY KEY,
    login text NOT NULL UNIQUE,
    name text NOT NULL,
    -- The member of staff as a citizen: nobody reviews their own case.
    document_index bytea,
    password_hash text NOT NULL,
    password_changed_at timestamptz NOT NULL,
    totp_cipher bytea NOT NULL,
    totp_last_step bigint NOT NULL DEFAULT 0,
    roles text[] NOT NULL,
    office_codes text[] NOT NULL DEFAULT '{}',
    active boolean NOT NULL DEFAULT true,
    failed_count integer NOT NULL DEFAULT 0 CHECK (failed_count >= 0),
    locked_until timestamptz
);

-- Sessions and keys of the login service.

CREATE TABLE signing_key (
    kid text PRIMARY KEY,
    private_cipher bytea NOT NULL,
    public_pem text NOT NULL,
    created_at timestamptz NOT NULL,
    -- After this instant the key signs nothing more; it verifies until the last token it signed has expired.
    retires_at timestamptz NOT NULL
);

CREATE TABLE login_session (
    session_id bigint PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('citizen', 'staff')),
    person_id bigint,
    staff_id bigint,
    channel text NOT NULL,
    assurance text NOT NULL,
    device text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoke_reason text,
    CHECK ((kind = 'citizen') = (person_id IS NOT NULL)),
    CHECK ((kind = 'staff') = (staff_id IS NOT NULL))
);
CREATE INDEX login_session_person ON login_session (person_id) WHERE revoked_at IS NULL;
CREATE INDEX login_session_staff ON login_session (staff_id) WHERE revoked_at IS NULL;

-- An emptied session store is refilled from here before anybody passes.
CREATE INDEX login_session_revoked ON login_session (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE refresh_token (
    token_hash bytea PRIMARY KEY,
    session_id bigint NOT NULL REFERENCES login_session (session_id),
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX refresh_token_session ON refresh_token (session_id);

-- Append-only: the application may insert and read, never change (等保 level 3, 8.1.4.3).
CREATE TABLE audit_event (
    event_id bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    actor_name text NOT NULL,
    channel text NOT NULL,
    session_id bigint,
    action text NOT NULL,
    subject text NOT NULL,
    outcome text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_event_at ON audit_event (at);
CREATE INDEX audit_event_subject ON audit_event (subject, at);
