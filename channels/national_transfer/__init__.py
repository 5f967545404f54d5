"""全国住房公积金异地转移接续平台: client, door, simulator with cities of its own."""

from channels.national_transfer.client import NationalTransfer

__all__ = ["NationalTransfer"]
