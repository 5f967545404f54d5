"""Events of the lists in the outbox. Payloads hold references only."""

LISTED = "risk.listed"
"""A person was put on a list that the person is told of: `entry_id`."""

APPEAL_ANSWERED = "risk.appeal_answered"
"""A person's appeal was answered: `appeal_id`."""
