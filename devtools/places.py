"""Where things lie: everything made here is below .dev, downloads in the cache."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEV = ROOT / ".dev"
LOGS = DEV / "log"
VENV = DEV / "venv"
PYTHON = VENV / "bin" / "python"
CACHE = (
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    / "odoo-subscription-dev"
)
SITE_PACKAGES = (
    VENV / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
)


def addons() -> list[str]:
    """Return the names of this repository's addons."""
    return sorted(path.parent.name for path in ROOT.glob("*/__manifest__.py"))


def digest(files: Iterable[Path], *extra: str) -> str:
    """Return a fingerprint of the files' names and contents."""
    found = hashlib.sha256("\0".join(extra).encode())
    for file in sorted(files):
        found.update(str(file).encode() + b"\0" + file.read_bytes())
    return found.hexdigest()[:16]


def is_done(name: str, fingerprint: str) -> bool:
    """Tell whether step `name` was finished for this very fingerprint."""
    stamp = DEV / "done" / name
    return stamp.exists() and stamp.read_text() == fingerprint


def mark_done(name: str, fingerprint: str) -> None:
    stamp = DEV / "done" / name
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(fingerprint)
