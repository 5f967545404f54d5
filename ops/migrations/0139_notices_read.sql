-- How far a citizen has read the notices that were sent to them.
CREATE TABLE notice_read (
    person_id bigint PRIMARY KEY,
    -- the last message that was read; later ones have higher numbers
    message_id bigint NOT NULL,
    read_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON notice_read TO hpf_app;
