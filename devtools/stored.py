"""The part of an addon's files that Odoo stores in the database.

The rest is read when the server starts: bodies of methods, scripts and styles. When
only these change, a kept database needs no update.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from .places import is_core

ALWAYS_STORED = {"init", "_auto_init"}
"""Methods that write to the database when an addon is updated."""
NEVER_STORED = {".js", ".scss"}
CALLED_BY_DATA = re.compile(r'<function\s[^>]*\bname="(\w+)"')


def fingerprint(files: Iterable[Path]) -> str:
    """Return a fingerprint of the part that an update of the addons stores."""
    files = sorted(files)
    kept = set(ALWAYS_STORED)
    for file in files:
        if file.suffix == ".xml":
            kept.update(CALLED_BY_DATA.findall(file.read_text()))
    found = hashlib.sha256()
    for file in files:
        found.update(f"{file}\0{_stored(file, kept)}\0".encode())
    return found.hexdigest()[:16]


def _stored(file: Path, kept: set[str]) -> str:
    if file.suffix in NEVER_STORED:
        return ""
    text = file.read_text()
    if file.suffix != ".py":
        return text
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text
    # Fields may be computed from a core's functions when they are defined.
    if not any(is_core(folder) for folder in file.parts):
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                _remove_bodies(node, kept)
    return ast.dump(tree)


def _remove_bodies(node: ast.ClassDef, kept: set[str]) -> None:
    """Remove the bodies of the methods of a class; fields and decorators stay."""
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef) and statement.name not in kept:
            statement.body = [ast.Pass()]
