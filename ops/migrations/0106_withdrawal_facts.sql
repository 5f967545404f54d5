-- What the rule was told when it judged an application, sealed: with it a decided case can be judged again, under the
-- same rule to prove the decision, and under a proposed one to see who would gain or lose. Written once.
CREATE TABLE withdrawal_facts (
    account_no bigint NOT NULL,
    case_id bigint NOT NULL,
    -- what the rule gave then, before staff decided
    amount_fen bigint NOT NULL CHECK (amount_fen >= 0),
    facts_cipher bytea NOT NULL,
    PRIMARY KEY (account_no, case_id),
    FOREIGN KEY (account_no, case_id) REFERENCES service_case (account_no, case_id)
);
GRANT SELECT, INSERT ON withdrawal_facts TO hpf_app;
