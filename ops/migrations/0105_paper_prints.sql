-- Each time a paper of a case was printed at a desk (D13): how often, by whom, and why again.

CREATE TABLE paper_print (
    account_no bigint NOT NULL,
    paper_no text NOT NULL,
    print_no integer NOT NULL CHECK (print_no > 0),
    case_id bigint NOT NULL,
    title text NOT NULL,
    office_code text NOT NULL,
    printed_by text NOT NULL,
    printer_name text NOT NULL,
    printed_at timestamptz NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (account_no, paper_no, print_no),
    CONSTRAINT paper_print_again CHECK (print_no = 1 OR reason <> '')
);
CREATE INDEX paper_print_at ON paper_print (printed_at);

REVOKE UPDATE, DELETE ON paper_print FROM hpf_app;
GRANT SELECT, INSERT ON paper_print TO hpf_app;
