"""China Mobile's CMPP 2.0 and 3.0 over a long connection."""

from notifications.carriers.cmpp.carrier import CmppCarrier, CmppSettings

__all__ = ["CmppCarrier", "CmppSettings"]
