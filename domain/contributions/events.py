"""What collection tells. Payloads hold references only; `account_no` of the outbox is the employer's number, by which
an employer's rows are kept together."""

LIST_WORK = "list.work"
"""A list waits for its runner: `employer_no`, `list_id`."""

LIST_APPLIED = "list.applied"
"""Every accepted row of a list has taken effect: `employer_no`, `list_id`, `list_no`, `kind`."""

STATEMENT_PAID = "statement.paid"
"""A statement's money is there and is to be distributed: `employer_no`, `statement_id`, `statement_no`."""

STATEMENT_DISTRIBUTED = "statement.distributed"
"""Every line is in its account or back: `employer_no`, `statement_id`, `statement_no`, `returned`."""

SENSITIVE_CHANGE = "person.sensitive_change"
"""The phone that messages go to, or the card that money goes to, was changed. Payload: person_id, change_id, change
(phone or payee) and the sealed token of the notice."""
