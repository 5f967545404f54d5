-- 催缴短信 (D17): the agents to whom a reminder went. `event_id` leads to the message; none for an agent without a phone.
CREATE TABLE employer_reminder_text (
    employer_no bigint NOT NULL,
    reminder_id bigint NOT NULL,
    person_id bigint NOT NULL,
    event_id bigint,
    PRIMARY KEY (employer_no, reminder_id, person_id),
    FOREIGN KEY (employer_no, reminder_id) REFERENCES employer_reminder (employer_no, reminder_id)
);
GRANT SELECT, INSERT ON employer_reminder_text TO hpf_app;
