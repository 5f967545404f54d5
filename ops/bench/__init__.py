"""Benches: each measures the platform beside its floor, the shortest honest program that does the same work."""
