"""A carrier with a plain JSON protocol, and its simulator."""

from notifications.carriers.agent.client import AgentCarrier

__all__ = ["AgentCarrier"]
