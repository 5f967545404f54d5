-- Trusted documents: reference data, written by the owner's command and read by every process.

CREATE TABLE trusted_document (
    document_id text PRIMARY KEY CHECK (document_id ~ '^sha256:[0-9a-f]{64}$'),
    source text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('query', 'mutation', 'subscription')),
    -- Every field is for everybody: the answer to an anonymous caller may be cached.
    public boolean NOT NULL,
    points_max integer NOT NULL CHECK (points_max > 0),
    fields text[] NOT NULL,
    rights text[] NOT NULL,
    sentences text[] NOT NULL CHECK (cardinality(sentences) > 0),
    registered_at timestamptz NOT NULL,
    CHECK (document_id = 'sha256:' || encode(sha256(convert_to(source, 'UTF8')), 'hex'))
);

CREATE TABLE document_version (
    service text NOT NULL,
    name text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    document_id text NOT NULL REFERENCES trusted_document (document_id),
    published_at timestamptz NOT NULL,
    published_by text NOT NULL,
    withdrawn_at timestamptz,
    withdrawn_by text,
    PRIMARY KEY (service, name, version),
    UNIQUE (service, name, document_id),
    CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL))
);
CREATE INDEX document_version_document ON document_version (document_id);

CREATE TABLE document_grant (
    service text NOT NULL,
    name text NOT NULL,
    version integer NOT NULL,
    channel text NOT NULL,
    granted_at timestamptz NOT NULL,
    granted_by text NOT NULL,
    PRIMARY KEY (service, name, version, channel),
    FOREIGN KEY (service, name, version) REFERENCES document_version (service, name, version)
);

-- One row: a number that differs after each change.
CREATE TABLE document_registry (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    revision bigint NOT NULL
);

-- The application only reads: a process that answers the world cannot add to what it may run.
GRANT SELECT ON trusted_document, document_version, document_grant, document_registry TO hpf_app;
