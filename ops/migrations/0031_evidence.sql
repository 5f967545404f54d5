-- The evidence log: every audit event becomes a leaf of one append-only Merkle tree (RFC 9162, 2.1, with SM3), whose heads
-- are signed. Events are stamped after their transaction has committed, so stamping holds up nobody.

-- What waits for its stamp. Written by the trigger, so that no way of adding an event goes past it.
CREATE TABLE evidence_pending (
    event_id bigint PRIMARY KEY
);

CREATE FUNCTION evidence_await() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO evidence_pending (event_id) VALUES (NEW.event_id);
    RETURN NULL;
END $$;
CREATE TRIGGER evidence_await AFTER INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION evidence_await();
INSERT INTO evidence_pending (event_id) SELECT event_id FROM audit_event;

-- Which event stands at which place of the log.
CREATE TABLE evidence_leaf (
    position bigint PRIMARY KEY CHECK (position >= 0),
    event_id bigint NOT NULL UNIQUE
);

-- The hashes of whole subtrees; level 0 are the leaves. A node is written once, when its last leaf is.
CREATE TABLE evidence_node (
    level smallint NOT NULL CHECK (level BETWEEN 0 AND 62),
    position bigint NOT NULL CHECK (position >= 0),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (level, position)
);

CREATE TABLE evidence_key (
    kid text PRIMARY KEY,
    algorithm text NOT NULL CHECK (algorithm IN ('EdDSA', 'SM2')),
    public_pem text NOT NULL,
    private_cipher bytea NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE evidence_head (
    tree_size bigint PRIMARY KEY CHECK (tree_size > 0),
    root bytea NOT NULL CHECK (octet_length(root) = 32),
    sealed_at timestamptz NOT NULL,
    signatures jsonb NOT NULL
);

GRANT SELECT, INSERT, DELETE ON evidence_pending TO hpf_app;
GRANT SELECT, INSERT ON evidence_leaf, evidence_node, evidence_key, evidence_head TO hpf_app;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
