-- Keyed digests have keys of their own, which are changed while running (domain.kernel.vault_keys): what can be worked
-- out from a sealed value beside it is moved under the new key, so what had no such value gets one.

ALTER TABLE vault_key DROP CONSTRAINT vault_key_purpose_check,
    ADD CONSTRAINT vault_key_purpose_check CHECK (purpose IN ('data', 'index', 'digest'));

ALTER TABLE expected_receipt
    ADD COLUMN payer_account_cipher bytea,
    ADD COLUMN payer_name_cipher bytea;
ALTER TABLE sms_stray_receipt ADD COLUMN mobile_cipher bytea;
