"""What transfers tell others. Payloads hold references only."""

TRANSFER_CHANGED = "transfer.changed"
"""A transfer has moved on: `transfer_no`, `transfer_id`, `direction`, `action`, `state`."""
