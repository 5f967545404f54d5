-- 订阅通知 that goes instead of an SMS: what the SMS would be, sent when the platform does not take the notice.
ALTER TABLE outgoing_message ADD COLUMN otherwise_cipher bytea;
ALTER TABLE outgoing_message ADD CONSTRAINT outgoing_message_otherwise
    CHECK (otherwise_cipher IS NULL OR kind = 'notice');
