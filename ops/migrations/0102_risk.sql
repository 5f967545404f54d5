-- Lists of persons (失信、重点审核、异常行为), by document and not by account: who has no account can be listed too. A
-- few thousand rows, read with every application: a copy on every shard.

CREATE TABLE risk_entry (
    entry_id bigint PRIMARY KEY,
    list text NOT NULL CHECK (list IN ('bad_record', 'key_review', 'abnormal_behaviour')),
    document_type text NOT NULL,
    document_index bytea NOT NULL,
    document_cipher bytea NOT NULL,
    document_masked text NOT NULL,
    name_cipher bytea NOT NULL,
    name_masked text NOT NULL,
    reason_code text NOT NULL,
    reason text NOT NULL,
    -- What proves it, as a clerk finds it again: the number of a case, a ruling, a letter.
    evidence text NOT NULL,
    from_on date NOT NULL,
    until_on date NOT NULL,
    state text NOT NULL CHECK (state IN ('listed', 'removed')),
    -- Agreed payments due until then were looked at by two persons and go on.
    cleared_until date,
    listed_by text NOT NULL,
    agreed_by text NOT NULL,
    listed_at timestamptz NOT NULL,
    removed_by text,
    removed_at timestamptz,
    removal_reason text,
    CONSTRAINT risk_entry_two_persons CHECK (listed_by <> agreed_by),
    CONSTRAINT risk_entry_term CHECK (until_on >= from_on),
    CONSTRAINT risk_entry_removed CHECK ((state = 'removed') = (removed_at IS NOT NULL))
);
CREATE UNIQUE INDEX risk_entry_document ON risk_entry (document_index, list, entry_id);
CREATE INDEX risk_entry_list ON risk_entry (list, listed_at DESC, entry_id DESC);

CREATE TABLE risk_appeal (
    appeal_id bigint PRIMARY KEY,
    entry_id bigint NOT NULL REFERENCES risk_entry (entry_id),
    state text NOT NULL CHECK (state IN ('waiting', 'granted', 'rejected', 'withdrawn')),
    statement_cipher bytea NOT NULL,
    made_by text NOT NULL,
    channel text NOT NULL,
    made_at timestamptz NOT NULL,
    due_on date NOT NULL,
    decided_by text,
    decided_at timestamptz,
    answer text,
    CONSTRAINT risk_appeal_decided CHECK ((state IN ('granted', 'rejected')) = (decided_by IS NOT NULL))
);
-- One at a time; a rejected one may be followed by another.
CREATE UNIQUE INDEX risk_appeal_one_waiting ON risk_appeal (entry_id) WHERE state = 'waiting';

REVOKE DELETE ON risk_entry, risk_appeal FROM hpf_app;
GRANT SELECT, INSERT, UPDATE ON risk_entry, risk_appeal TO hpf_app;
