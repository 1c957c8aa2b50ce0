"""Paths: generated files are below .dev, downloads in the cache."""

from __future__ import annotations

import ast
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


def addons(root: Path = ROOT) -> list[str]:
    """Return the names of this repository's addons."""
    return sorted(path.parent.name for path in root.glob("*/__manifest__.py"))


def is_core(folder: str) -> bool:
    """Return whether a folder of an addon is a core, which needs no Odoo."""
    return folder.endswith("_core")


def needs(addon: str, root: Path = ROOT) -> list[str]:
    """Return the addons of this repository that `addon` is built on, deepest first."""
    manifest = ast.literal_eval((root / addon / "__manifest__.py").read_text())
    found: list[str] = []
    for name in manifest.get("depends", []):
        if (root / name / "__manifest__.py").exists():
            found += [*needs(name, root), name]
    return list(dict.fromkeys(found))


def built_on(addon: str, root: Path = ROOT) -> list[str]:
    """Return the addons that need `addon`."""
    return [name for name in addons(root) if addon in needs(name, root)]


def digest(files: Iterable[Path], *extra: str) -> str:
    """Return a fingerprint of the files' names and contents."""
    found = hashlib.sha256("\0".join(extra).encode())
    for file in sorted(files):
        found.update(str(file).encode() + b"\0" + file.read_bytes())
    return found.hexdigest()[:16]


def is_done(name: str, fingerprint: str) -> bool:
    """Return whether step `name` was finished for this very fingerprint."""
    return stamp(name) == fingerprint


def stamp(name: str) -> str:
    """Return the fingerprint for which step `name` was finished last, or nothing."""
    file = DEV / "done" / name
    return file.read_text() if file.exists() else ""


def mark_done(name: str, fingerprint: str) -> None:
    """Remember the fingerprint for which step `name` is finished."""
    file = DEV / "done" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(fingerprint)
