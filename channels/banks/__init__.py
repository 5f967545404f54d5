"""The entrusted banks, through the national settlement system."""

from channels.banks.client import BankSettlement, CentreNode
from channels.banks.funds import BankFunds

__all__ = ["BankFunds", "BankSettlement", "CentreNode"]
