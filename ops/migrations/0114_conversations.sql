-- 互动消息: who follows us on a platform, what they say, who of the staff answers, and what waits to be sent to them.
-- These rows belong to channels, not to accounts: they live on the coordinator, as inbound messages do.

CREATE TABLE follower (
    channel text NOT NULL,
    -- The platform's name for the account; of the app the number of the person.
    subject text NOT NULL CHECK (subject <> ''),
    state text NOT NULL CHECK (state IN ('following', 'left')),
    since timestamptz NOT NULL,
    left_at timestamptz,
    -- When the account last did something that opens the platform's window for answers.
    seen_at timestamptz NOT NULL,
    -- What brought the account here first: the scene of a code that was scanned.
    scene text NOT NULL DEFAULT '',
    PRIMARY KEY (channel, subject),
    CHECK ((state = 'left') = (left_at IS NOT NULL))
);

CREATE TABLE conversation (
    conversation_id bigint PRIMARY KEY,
    channel text NOT NULL,
    subject text NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'held', 'closed')),
    staff_id bigint,
    staff_name text NOT NULL DEFAULT '',
    opened_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    unread integer NOT NULL DEFAULT 0 CHECK (unread >= 0),
    flagged boolean NOT NULL DEFAULT false,
    closed_at timestamptz,
    closed_note text NOT NULL DEFAULT '',
    FOREIGN KEY (channel, subject) REFERENCES follower (channel, subject),
    CHECK ((state = 'held') <= (staff_id IS NOT NULL)),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL))
);
CREATE UNIQUE INDEX conversation_open ON conversation (channel, subject) WHERE state <> 'closed';
CREATE INDEX conversation_waiting ON conversation (opened_at, conversation_id) WHERE state = 'waiting';
CREATE INDEX conversation_latest ON conversation (changed_at DESC, conversation_id DESC);

-- What waits to be sent, or was: answers of staff and of the house, and notices. `unknown` is never sent again by itself.
CREATE TABLE outgoing_message (
    message_id bigint PRIMARY KEY,
    channel text NOT NULL,
    subject text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('text', 'notice')),
    content_cipher bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'refused', 'unknown')),
    attempts integer NOT NULL DEFAULT 0,
    code text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK ((state IN ('sent', 'refused', 'unknown')) = (ended_at IS NOT NULL))
);
CREATE INDEX outgoing_message_due ON outgoing_message (channel, subject, created_at, message_id)
    WHERE state IN ('queued', 'sending');

CREATE TABLE conversation_line (
    conversation_id bigint NOT NULL REFERENCES conversation,
    line_id bigint NOT NULL,
    at timestamptz NOT NULL,
    side text NOT NULL CHECK (side IN ('citizen', 'staff', 'house')),
    author text NOT NULL,
    text_cipher bytea NOT NULL,
    flagged boolean NOT NULL DEFAULT false,
    -- The platform's number of what was said, or the request key of an answer: it is written once.
    line_key text NOT NULL,
    message_id bigint REFERENCES outgoing_message,
    PRIMARY KEY (conversation_id, line_id)
);
CREATE UNIQUE INDEX conversation_line_once ON conversation_line (conversation_id, line_key);

-- 快捷回复 and 敏感词, kept by staff; what was taken away stays readable.
CREATE TABLE quick_reply (
    reply_id bigint PRIMARY KEY,
    title text NOT NULL CHECK (title <> ''),
    reply text NOT NULL CHECK (reply <> ''),
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    removed_at timestamptz
);
CREATE TABLE sensitive_word (
    word text PRIMARY KEY CHECK (word <> ''),
    made_by text NOT NULL,
    made_at timestamptz NOT NULL
);

-- A one-time ticket that ties the account which asked for it to the person who logs in with it.
CREATE TABLE binding_ticket (
    ticket_hash bytea PRIMARY KEY,
    channel text NOT NULL,
    subject text NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    -- The browser that opened it first; no other can go on with it.
    browser_hash bytea,
    used_at timestamptz,
    person_id bigint
);
CREATE INDEX binding_ticket_asked ON binding_ticket (channel, subject, issued_at DESC);

-- 订阅: how many notices of a template the account still lets us send.
CREATE TABLE notice_permission (
    channel text NOT NULL,
    subject text NOT NULL,
    template text NOT NULL,
    remaining integer NOT NULL CHECK (remaining >= 0),
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (channel, subject, template)
);

GRANT SELECT, INSERT, UPDATE ON follower, conversation, outgoing_message, quick_reply, binding_ticket,
    notice_permission TO hpf_app;
GRANT SELECT, INSERT ON conversation_line TO hpf_app;
GRANT SELECT, INSERT, DELETE ON sensitive_word TO hpf_app;
