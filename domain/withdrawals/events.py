"""Events of withdrawals in the outbox."""

PAYMENT_PREPARED = "payment.prepared"
"""An approved payment waits to be told to the bank: `payment_id`, `case_id`, `case_no`."""

PAYMENT_CONFIRMED = "payment.confirmed"
"""The bank has paid and the voucher is posted, written with the voucher: `case_id`, `case_no`, `voucher_id`."""

MAINTENANCE_RETURNED = "maintenance.returned"
"""A refund of the maintenance fund is back: `account_no` and `case_id` of the deposit, `refund_no`."""

AGREED_PAYMENT = "arrangement.payment"
"""A bank has answered for a later payment of an agreed withdrawal: `withdrawal_id`, `case_id`, `confirmed`."""

ARRANGEMENT_CHANGED = "arrangement.changed"
"""An agreed withdrawal was renewed, reminded of, paused, or has ended: `arrangement_id`, `case_id`, `what`
(`ended`, `paused`, `renewed`, `reminded`), `reason`."""
