-- 全国住房公积金异地转移接续: transfers in and out, what happened to each, what the platform is told of them, and which
-- letter (联系函) is whose.

-- Money from another city's centre between its arrival and the person's account.
INSERT INTO account_subject (account_set, code, name, normal_side, parent, auxiliary_kind) VALUES
    ('provident_fund', '21904', '异地转移待入账', 'C', '219', '');

CREATE TABLE account_transfer (
    -- 0 for a letter about somebody who has no account here
    account_no bigint NOT NULL,
    transfer_id bigint NOT NULL,
    transfer_no text NOT NULL,
    direction text NOT NULL CHECK (direction IN ('in', 'out')),
    -- of the centre that asks for the money; a transfer in has none before it was reviewed
    letter_no text,
    other_centre text NOT NULL,
    other_centre_name text NOT NULL,
    person_id bigint,
    name_cipher bytea NOT NULL,
    name_masked text NOT NULL,
    document_type char(2) NOT NULL,
    document_cipher bytea NOT NULL,
    document_masked text NOT NULL,
    other_account_cipher bytea NOT NULL,
    other_account_masked text NOT NULL,
    -- where the money goes: the receiving centre's account at its bank
    fund_bank_code text NOT NULL DEFAULT '',
    fund_account_cipher bytea,
    fund_account_name text NOT NULL DEFAULT '',
    office_code text NOT NULL,
    channel text NOT NULL,
    flow_version integer NOT NULL,
    state text NOT NULL,
    -- what the other centre says of the account, or we of ours: months, loans, the amount's parts
    info jsonb,
    amount_fen bigint CHECK (amount_fen > 0),
    -- none → ordered → left (out), none → expected → arrived → posted (in); returned: the bank did not pay
    money text NOT NULL DEFAULT 'none' CHECK (money IN ('none', 'expected', 'arrived', 'posted', 'ordered', 'left', 'returned')),
    round smallint NOT NULL DEFAULT 0 CHECK (round >= 0),
    negotiated boolean NOT NULL DEFAULT false,
    cancel_asked_at timestamptz,
    -- what people have to see to, in words; null when nothing
    trouble text,
    expectation_id bigint,
    hold_id bigint,
    batch_id bigint,
    voucher_id bigint,
    -- the day to which a transfer out has its interest, and from which its voucher counts
    counts_from date,
    explanation jsonb NOT NULL DEFAULT '[]',
    policy_snapshot jsonb NOT NULL DEFAULT '{}',
    letter_digest bytea,
    applied_at timestamptz NOT NULL,
    due_on date NOT NULL,
    ended_at timestamptz,
    revision integer NOT NULL DEFAULT 1,
    PRIMARY KEY (account_no, transfer_id),
    UNIQUE (account_no, transfer_no),
    CHECK (money NOT IN ('posted', 'left') OR (voucher_id IS NOT NULL AND amount_fen IS NOT NULL)),
    CHECK (money <> 'ordered' OR (hold_id IS NOT NULL AND batch_id IS NOT NULL)),
    CHECK (money <> 'expected' OR expectation_id IS NOT NULL)
);
CREATE INDEX account_transfer_open ON account_transfer (direction, state, applied_at, transfer_id) WHERE ended_at IS NULL;
CREATE INDEX account_transfer_latest ON account_transfer (applied_at DESC, transfer_id);

CREATE TABLE transfer_event (
    account_no bigint NOT NULL,
    transfer_id bigint NOT NULL,
    seq integer NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    actor_name text NOT NULL,
    action text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    -- what was said between the centres and by staff
    note text,
    PRIMARY KEY (account_no, transfer_id, seq),
    FOREIGN KEY (account_no, transfer_id) REFERENCES account_transfer (account_no, transfer_id)
);

-- What the platform has to hear, once and in the order of the transfer, with the platform's answer as proof.
CREATE TABLE transfer_message (
    account_no bigint NOT NULL,
    message_id bigint NOT NULL,
    transfer_id bigint NOT NULL,
    seq integer NOT NULL CHECK (seq > 0),
    kind text NOT NULL CHECK (kind IN ('letter', 'cancel', 'progress', 'out_info')),
    body_cipher bytea NOT NULL,
    digest bytea NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'accepted', 'rejected')),
    attempts integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    last_code text,
    last_message text,
    receipt_no text,
    ended_at timestamptz,
    PRIMARY KEY (account_no, message_id),
    UNIQUE (account_no, transfer_id, seq),
    FOREIGN KEY (account_no, transfer_id) REFERENCES account_transfer (account_no, transfer_id),
    CHECK ((state = 'waiting') = (ended_at IS NULL))
);
CREATE INDEX transfer_message_due ON transfer_message (due_at) WHERE state = 'waiting';

-- Letters are unique over all centres; numbers of our own are read by people.
CREATE TABLE transfer_letter (
    letter_no text PRIMARY KEY,
    account_no bigint NOT NULL,
    transfer_id bigint NOT NULL
);
CREATE TABLE transfer_no_lookup (
    transfer_no text PRIMARY KEY,
    account_no bigint NOT NULL,
    transfer_id bigint NOT NULL
);

-- 在途事项 beside the cases: what excludes other matters of the account while it runs (D01).
CREATE TABLE running_matter (
    account_no bigint NOT NULL,
    matter text NOT NULL,
    reference_no text NOT NULL,
    outlet text NOT NULL,
    begun_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (account_no, matter, reference_no)
);
CREATE INDEX running_matter_open ON running_matter (account_no) WHERE ended_at IS NULL;

GRANT SELECT, INSERT, UPDATE ON account_transfer, transfer_message, transfer_letter, transfer_no_lookup, running_matter
    TO hpf_app;
GRANT SELECT, INSERT ON transfer_event TO hpf_app;
