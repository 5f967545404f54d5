-- Papers that the centre issues under its electronic seal: certificates, receipts, notices.
--
-- A row is whose account_no it carries: a personal account, or an employer by its number (as in request_record and
-- outbox). What is drawn is kept as given and drawn once, when somebody asks for it first: issuing stays cheap inside the
-- transaction of its matter, and a paper that nobody fetches costs no signature.
CREATE TABLE issued_paper (
    account_no bigint NOT NULL,
    paper_id bigint NOT NULL,
    paper_no text NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    -- what the public verification page says of whom it is about: an employer's name, a person's masked
    holder_shown text NOT NULL,
    -- the case or matter that it comes from
    reference text NOT NULL,
    paper_cipher bytea NOT NULL,
    issued_on date NOT NULL,
    valid_until date,
    state text NOT NULL CHECK (state IN ('issued', 'revoked')),
    issued_by text NOT NULL,
    issued_at timestamptz NOT NULL,
    content_cipher bytea,
    content_digest text CHECK (content_digest ~ '^[0-9a-f]{64}$'),
    sealed_at timestamptz,
    revoked_by text,
    revoked_by_name text,
    revoked_at timestamptz,
    revoke_reason text,
    PRIMARY KEY (account_no, paper_id),
    UNIQUE (account_no, paper_no),
    CHECK ((content_cipher IS NULL) = (content_digest IS NULL) AND (content_cipher IS NULL) = (sealed_at IS NULL)),
    CHECK ((state = 'revoked') = (revoked_at IS NOT NULL)),
    CHECK (valid_until IS NULL OR valid_until >= issued_on)
);
CREATE INDEX issued_paper_at ON issued_paper (issued_at);

-- The number on the paper: how whoever holds it finds it.
CREATE TABLE paper_no_lookup (
    paper_no text PRIMARY KEY,
    account_no bigint NOT NULL,
    paper_id bigint NOT NULL
);

-- 执法记录: what the centre ordered or imposed for breach of the regulation; certificates of compliance read it (R04.2).
CREATE TABLE employer_enforcement (
    employer_no bigint NOT NULL,
    record_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('order', 'penalty', 'enforcement')),
    document_no text NOT NULL,
    matter text NOT NULL,
    decided_on date NOT NULL,
    amount_fen bigint CHECK (amount_fen > 0),
    settled_on date,
    settled_note text,
    recorded_by text NOT NULL,
    recorded_by_name text NOT NULL,
    recorded_at timestamptz NOT NULL,
    settled_by text,
    PRIMARY KEY (employer_no, record_id),
    UNIQUE (employer_no, document_no),
    CHECK (settled_on IS NULL OR settled_on >= decided_on),
    CHECK ((settled_on IS NULL) = (settled_by IS NULL))
);

GRANT SELECT, INSERT, UPDATE ON issued_paper, paper_no_lookup, employer_enforcement TO hpf_app;
