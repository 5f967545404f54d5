"""The citizen's page (H5): it stands in for the 京通 mini-program, and portal developers read it to learn the API."""

from channels.jingtong.pages import routes

__all__ = ["routes"]
