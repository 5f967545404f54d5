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

STATEMENT_TAKING_BACK = "statement.taking_back"
"""The bank took a statement's money back and its accounts are to be debited, or what was short is accepted and it goes
on: `employer_no`, `receipt_id`."""

STATEMENT_TAKEN_BACK = "statement.taken_back"
"""A statement is open again because the bank took its money back, or the employer owes what was taken:
`employer_no`, `person_id` of an agent to be told (0 for nobody), `statement_no`, `reference_no` (what a payer writes),
`amount`, `what` (reopened, cancelled or owed)."""

EMPLOYER_REMINDED = "employer.reminded"
"""An agent is to be told by SMS of what is overdue: `employer_no`, `employer_name`, `person_id`, `owed` in words."""

SENSITIVE_CHANGE = "person.sensitive_change"
"""The phone that messages go to, or the card that money goes to, was changed. Payload: person_id, change_id, change
(phone or payee) and the sealed token of the notice."""

MATTER_ENDED = "employer.matter_ended"
"""A matter that was decided later is done, refused or withdrawn: `matter_no`, `state`."""
