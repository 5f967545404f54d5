-- What partners send us: kept before anything is done with it, worked on behind the answer, quarantined when it cannot
-- be understood, replayed by staff. These rows belong to channels, not to accounts: they live on the coordinator.

CREATE TABLE inbound_message (
    message_id bigint PRIMARY KEY,
    channel text NOT NULL CHECK (channel ~ '^[a-z][a-z0-9_]{2,39}$'),
    kind text NOT NULL,
    -- The partner's own number of the message, or the digest of its bytes when it has none.
    message_key text NOT NULL CHECK (message_key <> ''),
    -- Messages of one lane are worked on one after another.
    lane text NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    app text NOT NULL DEFAULT '',
    version text NOT NULL DEFAULT '',
    bytes integer NOT NULL CHECK (bytes >= 0),
    content_cipher bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('received', 'done', 'quarantined', 'closed')),
    told integer NOT NULL DEFAULT 1 CHECK (told > 0),
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    outcome text,
    fault text,
    received_at timestamptz NOT NULL,
    last_told_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    claimed_until timestamptz,
    ended_at timestamptz,
    closed_by text,
    closed_note text,
    CHECK ((state = 'quarantined') <= (fault IS NOT NULL)),
    CHECK ((state = 'closed') = (closed_by IS NOT NULL))
);
-- The same bytes under the same number are one message; of one number only one content stands.
CREATE UNIQUE INDEX inbound_message_told ON inbound_message (channel, message_key, digest);
CREATE UNIQUE INDEX inbound_message_standing ON inbound_message (channel, message_key) WHERE state IN ('received', 'done');
CREATE INDEX inbound_message_due ON inbound_message (channel, received_at, message_id) WHERE state = 'received';
CREATE INDEX inbound_message_troubled ON inbound_message (received_at DESC, message_id) WHERE state = 'quarantined';
CREATE INDEX inbound_message_latest ON inbound_message (channel, received_at DESC, message_id);

-- What staff have switched off: an item on a channel, or with item '' the whole channel.
CREATE TABLE channel_switch (
    channel text NOT NULL,
    item text NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    switched_by text NOT NULL,
    switched_by_name text NOT NULL,
    switched_at timestamptz NOT NULL,
    PRIMARY KEY (channel, item)
);

-- Calls by channel, direction, operation and hour, added up by every process every few seconds.
CREATE TABLE channel_traffic (
    channel text NOT NULL,
    direction text NOT NULL CHECK (direction IN ('in', 'out')),
    operation text NOT NULL,
    hour timestamptz NOT NULL,
    calls bigint NOT NULL DEFAULT 0,
    refused bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    milliseconds bigint NOT NULL DEFAULT 0,
    slowest_ms integer NOT NULL DEFAULT 0,
    PRIMARY KEY (channel, direction, operation, hour)
);
CREATE INDEX channel_traffic_hour ON channel_traffic (hour);

-- How each process sees its partners' breakers; a row that was not renewed is of a process that is gone.
CREATE TABLE channel_health (
    channel text NOT NULL,
    process text NOT NULL,
    open_paths text[] NOT NULL DEFAULT '{}',
    waiting integer NOT NULL DEFAULT 0,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (channel, process)
);

GRANT SELECT, INSERT, UPDATE ON inbound_message, channel_traffic TO hpf_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON channel_switch, channel_health TO hpf_app;
