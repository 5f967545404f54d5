"""What settlement tells other areas. Payloads hold references only."""

RECEIPT_MATCHED = "receipt.matched"
"""Money that an area expected has come in and is booked: `expectation_id`, `purpose`, `reference_no`, `receipt_id`,
`voucher_id`, `amount`. The owner of the purpose distributes it from the subject that it named."""

BATCH_ITEM_SETTLED = "batch.item_settled"
"""One item of a batch has its result: `batch_id`, `item_no`, `purpose`, `owner_reference`, `state` (confirmed or
rejected), `code`. The owner posts it, once, and links its voucher by `link_batch_voucher`."""

RECEIPT_TAKEN_BACK = "receipt.taken_back"
"""A bank has taken money back, which is held until somebody says whose it was: `receipt_id`. The owner of the payment
claims it (`claim_taken_back`) and books it (`book_taken_back`)."""
