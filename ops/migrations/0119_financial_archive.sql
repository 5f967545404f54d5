-- 财务档案 (R14.5): scans of papers, filed by the module of the system that they belong to and the point that took them in.
-- The content is kept encrypted beside its digest and never changes; a paper filed by mistake is struck out with a reason.
CREATE TABLE filed_paper (
    filed_id bigint PRIMARY KEY,
    module text NOT NULL,
    reference text NOT NULL,
    office_code text NOT NULL,
    about_on date NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    pages integer NOT NULL CHECK (pages > 0),
    size_bytes integer NOT NULL CHECK (size_bytes > 0),
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    content_cipher bytea NOT NULL,
    filed_by text NOT NULL,
    filed_by_name text NOT NULL,
    filed_at timestamptz NOT NULL,
    struck_by text,
    struck_by_name text,
    struck_at timestamptz,
    struck_reason text,
    CHECK ((struck_by IS NULL) = (struck_at IS NULL) AND (struck_by IS NULL) = (struck_reason IS NULL))
);
-- The same paper of the same thing once, while it stands.
CREATE UNIQUE INDEX filed_paper_once ON filed_paper (module, reference, digest) WHERE struck_at IS NULL;
CREATE INDEX filed_paper_by_day ON filed_paper (about_on DESC, filed_id DESC);
CREATE INDEX filed_paper_by_point ON filed_paper (office_code, about_on DESC);

GRANT SELECT, INSERT ON filed_paper TO hpf_app;
GRANT UPDATE (struck_by, struck_by_name, struck_at, struck_reason) ON filed_paper TO hpf_app;
