-- Records that wait are looked through every second, beside the messages that they wait with.
CREATE INDEX exchange_record_waiting ON exchange_record (received_at) WHERE state = 'waiting';
