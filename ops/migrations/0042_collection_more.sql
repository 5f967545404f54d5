-- A statement whose method was changed is expected under a reference of its own.
ALTER TABLE remittance_statement ADD COLUMN method_changes smallint NOT NULL DEFAULT 0;
