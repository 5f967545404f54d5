"""市统一申办受理平台: client, door, simulator."""
