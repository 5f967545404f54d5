-- 智能自助终端: enrolled devices with their keys, the challenges they answer, and drafts that outlive a power failure.

CREATE TABLE kiosk (
    device_id bigint PRIMARY KEY,
    device_no text NOT NULL UNIQUE CHECK (device_no ~ '^[A-Z0-9][A-Z0-9-]{3,31}$'),
    name text NOT NULL CHECK (name <> ''),
    place text NOT NULL DEFAULT '',
    office_code text NOT NULL,
    -- Of a bank's terminal the third party that it belongs to; the centre's own have none.
    partner_id bigint,
    state text NOT NULL CHECK (state IN ('approved', 'active', 'suspended', 'retired')),
    -- The device's own key; its private half never leaves the device.
    key_id text,
    algorithm text,
    public_pem text,
    -- The key of the card reader's security module.
    reader_pem text NOT NULL,
    -- The highest number that an assertion carried: a lower one comes from a copy of the key.
    counter bigint NOT NULL DEFAULT 0 CHECK (counter >= 0),
    code_hash bytea,
    code_until timestamptz,
    code_failures integer NOT NULL DEFAULT 0,
    session_id bigint,
    seen_at timestamptz,
    stopped_reason text NOT NULL DEFAULT '',
    changed_at timestamptz NOT NULL,
    CHECK ((state = 'active') <= (public_pem IS NOT NULL)),
    CHECK ((code_hash IS NULL) = (code_until IS NULL))
);
CREATE UNIQUE INDEX kiosk_key ON kiosk (key_id) WHERE key_id IS NOT NULL;

CREATE TABLE kiosk_challenge (
    challenge_hash bytea PRIMARY KEY,
    device_id bigint NOT NULL REFERENCES kiosk,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX kiosk_challenge_old ON kiosk_challenge (expires_at);

CREATE INDEX login_session_kiosk ON login_session (last_seen_at) WHERE channel = 'kiosk' AND revoked_at IS NULL;

-- What a citizen had filled in when the session ended; theirs alone, for a short while.
CREATE TABLE case_draft (
    person_id bigint NOT NULL,
    item text NOT NULL,
    content_cipher bytea NOT NULL,
    saved_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, item)
);

GRANT SELECT, INSERT, UPDATE ON kiosk TO hpf_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON kiosk_challenge, case_draft TO hpf_app;
