"""Events of cases in the outbox. Payloads hold `case_no`, `case_id` and codes, no personal data."""

CASE_CHANGED = "case.changed"
EVALUATION_GIVEN = "evaluation.given"
