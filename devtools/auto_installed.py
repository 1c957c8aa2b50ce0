"""The addons of this repository that Odoo installs automatically with another one."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from . import odoo_source
from .places import ROOT, addons


def beside(addon: str, host_modules: Iterable[str]) -> list[str]:
    """Return the addons that are installed as soon as `addon` is.

    A bridge is installed when all addons that it depends on are installed.
    """
    installed = _with_dependencies([addon, *host_modules])
    found: list[str] = []
    for name in addons():
        manifest = _manifest(name)
        if (
            name not in installed
            and manifest.get("auto_install") is True
            and installed.issuperset(manifest["depends"])
        ):
            found.append(name)
    return found


def _with_dependencies(names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _manifest(name).get("depends", ["base"])
    return found


@cache
def _manifest(name: str) -> dict[str, Any]:
    source = odoo_source.path()
    for folder in (ROOT, source / "odoo" / "addons", source / "addons"):
        file: Path = folder / name / "__manifest__.py"
        if file.exists():
            found: dict[str, Any] = ast.literal_eval(file.read_text())
            return found
    return {}
