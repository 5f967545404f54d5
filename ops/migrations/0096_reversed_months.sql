-- A month's contribution of one account that was reversed (冲正): the row stays with the voucher that booked it, so that the
-- batch and its months go on being equal, and no longer counts as a month paid.
ALTER TABLE contribution_month ADD COLUMN reversed_by bigint;
GRANT UPDATE (reversed_by) ON contribution_month TO hpf_app;
