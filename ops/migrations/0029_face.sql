-- Face checks (人脸核验): for one person, one operation and one request. No image, no score.

CREATE TABLE face_check (
    check_id bigint PRIMARY KEY,
    person_id bigint NOT NULL,
    operation text NOT NULL,
    request_digest text NOT NULL CHECK (length(request_digest) = 64),
    method text NOT NULL CHECK (method IN ('face', 'counter')),
    provider text NOT NULL,
    certify_id text NOT NULL,
    state text NOT NULL CHECK (state IN ('started', 'passed', 'failed')),
    code text NOT NULL DEFAULT '',
    started_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    decided_at timestamptz,
    used_at timestamptz,
    channel text NOT NULL,
    session_id bigint,
    -- Who triggered it at the counter, and why without a face.
    staff_id bigint REFERENCES staff (staff_id),
    reason text NOT NULL DEFAULT '',
    CHECK ((state = 'started') = (decided_at IS NULL)),
    CHECK (used_at IS NULL OR state = 'passed'),
    CHECK (method = 'face' OR staff_id IS NOT NULL)
);
CREATE INDEX face_check_person ON face_check (person_id, operation, request_digest);
CREATE INDEX face_check_staff ON face_check (staff_id, started_at) WHERE staff_id IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON face_check TO hpf_app;
