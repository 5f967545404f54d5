"""e窗通 and social security: what they push to us, what they ask, and how they are told results."""

from channels.exchange.client import ExchangePartnerClient
from channels.exchange.door import ExchangeDoor
from channels.exchange.messages import body_of, push_of

__all__ = ["ExchangeDoor", "ExchangePartnerClient", "body_of", "push_of"]
