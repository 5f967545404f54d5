"""Rows of cases. Read with `account_no` in the filter or over all for the staff's lists; written by SQL in actions."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model


class ServiceCase(Model):
    case_id = fields.BigIntField(primary_key=True, generated=False)
    account_no = fields.BigIntField()
    case_no = fields.TextField()
    item_code = fields.TextField()
    item = fields.TextField()
    person_id = fields.BigIntField()
    applicant_masked = fields.TextField()
    channel = fields.TextField()
    office_code = fields.TextField()
    flow_name = fields.TextField()
    flow_version = fields.IntField()
    state = fields.TextField()
    amount_fen = fields.BigIntField()
    form = fields.JSONField[dict[str, Any]]()
    policy_snapshot = fields.JSONField[dict[str, Any]]()
    explanation = fields.JSONField[list[dict[str, str]]]()
    flags = ArrayField(element_type="text")
    business_date = fields.DateField()
    submitted_at = fields.DatetimeField()
    due_on = fields.DateField()
    decided_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    locked_by = fields.BigIntField(null=True)
    locked_until = fields.DatetimeField(null=True)
    revision = fields.IntField()

    class Meta:
        table = "service_case"
