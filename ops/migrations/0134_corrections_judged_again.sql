-- What an applicant corrects is checked and judged again: the checks of before no longer count, the facts are the new ones.
ALTER TABLE case_check ADD COLUMN superseded_at timestamptz;
GRANT UPDATE ON withdrawal_facts TO hpf_app;
