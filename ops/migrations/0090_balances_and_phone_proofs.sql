-- 运营商余额: who was asked when, what was told when, and why a carrier tells none.
ALTER TABLE sms_standing
    ADD COLUMN balance_asked_at timestamptz,
    ADD COLUMN balance_at timestamptz,
    ADD COLUMN balance_note text NOT NULL DEFAULT '';

-- 手机号码核验: a code sent to a phone that a person says is theirs. Only a digest of the code is kept; each wrong try
-- counts, and the newest code of a person is the only one that is good.
CREATE TABLE phone_proof (
    person_id bigint NOT NULL,
    proof_id bigint NOT NULL,
    mobile_cipher bytea NOT NULL,
    code_hash bytea NOT NULL,
    asked_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    wrong smallint NOT NULL DEFAULT 0,
    used_at timestamptz,
    PRIMARY KEY (person_id, proof_id),
    CHECK (wrong >= 0),
    CHECK (expires_at > asked_at)
);
GRANT SELECT, INSERT ON phone_proof TO hpf_app;
GRANT UPDATE (wrong, used_at) ON phone_proof TO hpf_app;
