"""What browser tests need from the machine: a Chromium and a font with Chinese characters."""

import os
import shutil
import subprocess
from dataclasses import dataclass

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
INSTALL_SECONDS = 600


@dataclass(frozen=True)
class Browser:
    """`program` is None without a usable Chromium; `missing` says why tests are skipped, "" when none are."""

    program: str | None
    missing: str


def find() -> Browser:
    """Look, without changing the machine."""
    program = next((found for name in _candidates() if (found := _usable(name))), None)
    if program is None:
        return Browser(program=None, missing="no Chromium on this machine")
    if not _has_chinese_font():
        return Browser(program=program, missing="no font with Chinese characters on this machine")
    return Browser(program=program, missing="")


def ensure() -> Browser:
    """Look, and let the package manager install what is missing where that is permitted."""
    browser = find()
    if not browser.missing:
        return browser
    prefix = _right_to_install()
    if prefix is None:
        return Browser(
            program=browser.program,
            missing=f"{browser.missing}, and installing needs apt-get with root or passwordless sudo: "
            "install chromium and fonts-noto-cjk",
        )
    packages = ([] if browser.program else ["chromium"]) + ([] if _has_chinese_font() else ["fonts-noto-cjk"])
    print(f"./dev test: installing {' and '.join(packages)} by the package manager", flush=True)
    quiet = {
        "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        "check": False,
        "timeout": INSTALL_SECONDS,
    }
    problem = "the package manager could not install it"
    try:
        subprocess.run([*prefix, "apt-get", "update", "-q"], capture_output=True, **quiet)  # type: ignore[call-overload]
        done = subprocess.run(
            [*prefix, "apt-get", "install", "-qy", "--no-install-recommends", *packages],
            capture_output=True,
            text=True,
            **quiet,
        )  # type: ignore[call-overload]
        problem = "; ".join(done.stderr.strip().splitlines()[-2:]) or problem
    except (OSError, subprocess.TimeoutExpired) as error:
        problem = str(error)
    browser = find()
    return (
        browser if not browser.missing else Browser(program=browser.program, missing=f"{browser.missing} ({problem})")
    )


def _candidates() -> list[str]:
    named = os.environ.get("HPF_CHROMIUM")
    return [named] if named else list(NAMES)


def _usable(name: str) -> str | None:
    """The path of a browser that runs: some systems put a placeholder under the name."""
    program = shutil.which(name)
    if program is None:
        return None
    try:
        told = subprocess.run([program, "--version"], capture_output=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return program if told.returncode == 0 else None


def _has_chinese_font() -> bool:
    if (lister := shutil.which("fc-list")) is None:
        return False
    return bool(
        subprocess.run([lister, ":lang=zh", "family"], capture_output=True, check=False, timeout=60).stdout.strip()
    )


def _right_to_install() -> list[str] | None:
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    allowed = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False, timeout=10).returncode == 0
    return ["sudo", "-n"] if allowed else None
