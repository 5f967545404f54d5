"""智能自助终端: the simulated device of this machine. What a kiosk speaks is our own (`auth.kiosks`)."""

from channels.kiosk.simulator import SimulatedKiosk

__all__ = ["SimulatedKiosk"]
