"""The public page that verifies a paper under the centre's seal: by number and code, by QR code, by the file."""

from channels.verification.pages import routes

__all__ = ["routes"]
