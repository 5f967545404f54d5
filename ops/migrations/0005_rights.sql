-- The application's role reads everything and writes everything but the ledger, which only its functions write.
-- The role belongs to the cluster, so it may exist already.

DO $$
BEGIN
    CREATE ROLE hpf_app NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

DO $$
BEGIN
    EXECUTE format('GRANT hpf_app TO %I', current_user);
END $$;

GRANT USAGE ON SCHEMA public TO hpf_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO hpf_app;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON account_balance, voucher, posting, hold FROM hpf_app;
REVOKE UPDATE, DELETE, TRUNCATE ON audit_event, case_event, event_consumed FROM hpf_app;
REVOKE DELETE ON person, account, service_case, payment, withdrawal, rent_arrangement, outbox, request_record FROM hpf_app;
REVOKE INSERT, UPDATE, DELETE ON account_subject FROM hpf_app;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_open_account, ledger_place_hold, ledger_end_hold, ledger_post TO hpf_app;
