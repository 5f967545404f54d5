"""Rows of persons. Written by SQL in actions."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class Person(Model):
    person_id = fields.BigIntField(primary_key=True, generated=False)
    document_type = fields.CharField(max_length=2)
    document_cipher = fields.BinaryField()
    document_masked = fields.TextField()
    name_cipher = fields.BinaryField()
    name_masked = fields.TextField()
    mobile_cipher = fields.BinaryField(null=True)
    mobile_masked = fields.TextField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "person"
