"""自助终端: enrolled devices, visits at them, and the card reader that vouches for who stands there."""

from auth.kiosks.devices import (
    STATE_NAMES,
    Kiosk,
    enrol,
    give_code,
    kiosks,
    propose,
    propose_return,
    stop,
)
from auth.kiosks.granted import Device, Granted, device_of, granted_at, spend_call
from auth.kiosks.visits import Visit, begin, challenge, end_idle

__all__ = [
    "STATE_NAMES",
    "Device",
    "Granted",
    "Kiosk",
    "Visit",
    "begin",
    "challenge",
    "device_of",
    "end_idle",
    "enrol",
    "give_code",
    "granted_at",
    "kiosks",
    "propose",
    "propose_return",
    "spend_call",
    "stop",
]
