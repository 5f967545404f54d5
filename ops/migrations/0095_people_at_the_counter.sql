-- People at the counter: accounts of one person merged, and the papers that freeze, free and move accounts.

-- Where a merged account (03) went: its months and vouchers stay where they were booked and count for that account.
ALTER TABLE account ADD COLUMN merged_into bigint;
CREATE INDEX account_merged ON account (merged_into) WHERE merged_into IS NOT NULL;

-- The order or application itself, beside its digest.
CREATE TABLE account_document (
    account_no bigint NOT NULL REFERENCES account (account_no),
    document_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('freeze', 'unfreeze')),
    reference text NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    size_bytes integer NOT NULL CHECK (size_bytes > 0),
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    content_cipher bytea NOT NULL,
    added_by text NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (account_no, document_id)
);

GRANT SELECT, INSERT ON account_document TO hpf_app;
