-- 手机号码 that a mini-program platform vouched for: what it was redeemed from, so that nothing proves a phone twice.
-- Belongs to channels, not to accounts: it lives on the coordinator.
CREATE TABLE platform_phone_used (
    proof_hash bytea PRIMARY KEY CHECK (length(proof_hash) = 32),
    person_id bigint NOT NULL,
    used_at timestamptz NOT NULL
);
GRANT SELECT, INSERT ON platform_phone_used TO hpf_app;
