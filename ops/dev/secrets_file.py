"""`.data/secrets.env`: random values made at the first start, readable by the owner only, never changed."""

import base64
import os
import secrets
from pathlib import Path

from ops.dev.failures import CommandFailure


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _secret() -> str:
    return secrets.token_urlsafe(32)


GENERATED = {
    "HPF_MASTER_KEY": _key,
    "HPF_IDENTITY_CLIENT_SECRET": _secret,
    "HPF_REGISTRIES_SECRET": _secret,
    "HPF_BANK_SECRET": _secret,
    "HPF_SMS_KEY_SECRET": _secret,
    "HPF_EVALUATION_SECRET": _secret,
    "HPF_EWINDOW_SECRET": _secret,
    "HPF_SOCIAL_SECURITY_SECRET": _secret,
    "HPF_DEMONSTRATION_SEED": _secret,
}


def ensure(path: Path) -> dict[str, str]:
    """The secrets in `path`; those that are missing are generated and added, those that exist stay.

    Raises CommandFailure when others may read the file: its secrets count as known then.
    """
    known = _read(path) if path.exists() else {}
    missing = {name: make() for name, make in GENERATED.items() if name not in known}
    if missing:
        known |= missing
        partial = path.with_name(path.name + ".new")
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.writelines(f"{name}={value}\n" for name, value in known.items())
        partial.replace(path)
    return known


def _read(path: Path) -> dict[str, str]:
    if path.stat().st_mode & 0o077:
        raise CommandFailure(
            f"{path} can be read by others than its owner: run `chmod 600 {path}`, "
            "or remove the whole folder to start anew"
        )
    lines = (line.strip() for line in path.read_text().splitlines())
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
