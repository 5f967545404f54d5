"""Floors: small programs that do what the platform does, on the same tables, by the shortest honest way."""
