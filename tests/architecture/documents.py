"""The documents name files that exist, and the changelog has its form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from .rules import files, visible_paths

QUOTED = re.compile(r"`([\w*][\w./*-]*)`")
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
RELEASE = re.compile(r"## (\[Unreleased\]|\[\d+(\.\d+)+\] - \d{4}-\d{2}-\d{2})")


def missing_paths(root: Path) -> list[str]:
    """Every path that a document quotes exists, in full or from one of its folders."""
    return [
        f"{document.relative_to(root)}:{line} names {path}"
        for document in [*root.glob("*.md"), *files(root / "docs", ".md")]
        for line, path in _quoted_paths(document.read_text())
        if not _exists(path, root, document.parent)
    ]


def _quoted_paths(text: str) -> Iterator[tuple[int, str]]:
    for match in QUOTED.finditer(text):
        if "/" in match.group(1) or match.group(1).endswith(".py"):
            yield text.count("\n", 0, match.start()) + 1, match.group(1)


def _exists(path: str, root: Path, folder: Path) -> bool:
    return any(any(start.glob(path)) for start in (root, folder)) or any(
        fnmatch(each.as_posix(), f"*/{path.rstrip('/')}")
        for each in visible_paths(root)
    )


NAMED = re.compile(r"`(?:[a-z]+\.)*(_[a-z]\w*|[a-z]+(?:_[a-z]+)+)`")
MODEL = re.compile(r"`(subscription(?:\.[a-z]+)+)`")
OTHER_NAMES = {"docs/glossary.md", "docs/webhooks.md", "docs/vectors/README.md"}


def missing_names(root: Path) -> list[str]:
    """Every method, field and model that a document quotes exists."""
    code = "\n".join(file.read_text() for file in files(root, ".py"))
    known = set(re.findall(r"\w+", code)) | set(re.findall(r'_name = "([\w.]+)"', code))
    known |= {folder.name for folder in root.iterdir()}
    return [
        f"{document.relative_to(root)} names {name}"
        for document in [*root.glob("*.md"), *files(root / "docs", ".md")]
        if document.relative_to(root).as_posix() not in OTHER_NAMES
        for pattern in (NAMED, MODEL)
        for name in pattern.findall(document.read_text())
        if name not in known
    ]


def changelog_form(root: Path) -> list[str]:
    """CHANGELOG.md follows Keep a Changelog, with one sentence for each entry."""
    changelog = root / "CHANGELOG.md"
    if not changelog.exists():
        return []
    first, *lines = changelog.read_text().splitlines()
    found = [] if first == "# Changelog" else ["CHANGELOG.md:1 is not “# Changelog”"]
    for number, line in enumerate(lines, 2):
        if line.startswith("#") and not _is_heading(line):
            found.append(f"CHANGELOG.md:{number} has the heading {line}")
    for number, entry in _entries(lines):
        if not re.fullmatch(r"[A-Z`][^;]*?\.", entry) or re.search(
            r"\.\s+[A-Z]", entry
        ):
            found.append(f"CHANGELOG.md:{number} is not one sentence")
    return found


def _is_heading(line: str) -> bool:
    is_area = line.startswith("#### ")
    return (
        bool(RELEASE.fullmatch(line)) or is_area or line.removeprefix("### ") in KINDS
    )


def _entries(lines: list[str]) -> Iterator[tuple[int, str]]:
    start, entry = 0, ""
    for number, line in enumerate([*lines, ""], 2):
        if entry and not line.startswith("  "):
            yield start, entry
            entry = ""
        if line.startswith("- "):
            start, entry = number, line[2:]
        elif entry:
            entry += " " + line.strip()
