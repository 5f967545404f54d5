"""The entrusted banks, through the national settlement system."""

from channels.banks.client import BankSettlement, CentreNode

__all__ = ["BankSettlement", "CentreNode"]
