-- What a kiosk printed: each handing out is a line of the register of prints (`paper_print`), with what the kiosk said of it.

-- a certificate that the holder prints belongs to no case
ALTER TABLE paper_print ALTER COLUMN case_id DROP NOT NULL;

CREATE TABLE kiosk_print (
    account_no bigint NOT NULL,
    paper_no text NOT NULL,
    print_no integer NOT NULL,
    device_no text NOT NULL,
    office_code text NOT NULL,
    -- the visit that it was printed in
    session_id bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('handed', 'printed', 'failed')),
    trouble text NOT NULL DEFAULT '' CHECK (trouble IN ('', 'no_paper', 'jam', 'fault')),
    handed_at timestamptz NOT NULL,
    reported_at timestamptz,
    PRIMARY KEY (account_no, paper_no, print_no),
    FOREIGN KEY (account_no, paper_no, print_no) REFERENCES paper_print,
    CHECK ((state = 'handed') = (reported_at IS NULL)),
    CHECK ((state = 'failed') = (trouble <> ''))
);
CREATE INDEX kiosk_print_at ON kiosk_print (handed_at);
CREATE INDEX kiosk_print_device ON kiosk_print (device_no, handed_at);

GRANT SELECT, INSERT, UPDATE ON kiosk_print TO hpf_app;
