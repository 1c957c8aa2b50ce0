"""Merges a template into translations; run with the project's own Python.

    python -m devtools.merge_translations TEMPLATE.pot TRANSLATION.po …

Existing translations are kept, new terms have no translation, and removed terms are
dropped.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polib  # type: ignore[import-untyped]


def merge(template: Path, translation: Path) -> None:
    terms = polib.pofile(str(template), wrapwidth=78)
    merged = polib.POFile(wrapwidth=78)
    merged.metadata = dict(terms.metadata)
    if translation.exists():
        merged = polib.pofile(str(translation), wrapwidth=78)
    merged.merge(terms)
    for entry in merged.obsolete_entries():
        merged.remove(entry)
    merged.save(str(translation))


if __name__ == "__main__":
    for name in sys.argv[2:]:
        merge(Path(sys.argv[1]), Path(name))
