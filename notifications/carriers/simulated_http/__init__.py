"""A carrier with a plain JSON protocol, and its simulator."""

from notifications.carriers.simulated_http.client import SimulatedHttpCarrier

__all__ = ["SimulatedHttpCarrier"]
