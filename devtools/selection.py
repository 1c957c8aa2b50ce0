"""The tests that a change can break, by rules that a reader can predict."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .console import Problem
from .places import ROOT, built_on, is_core

RULES = """\
./dev test --changed runs lint and architecture, and for each changed file
  of a test               that file; of a helper of tests, all beside and below it
  of a core               the core, its addon, the addons built on it, end_to_end
  of a folder that has    the tests of ADDON/tests/FOLDER, and each test file that
  tests of its own        names a model, method, field or XML id which only the
                          changed folder defines; for views and scripts the browser
  elsewhere in an addon   the addon and the addons built on it
  of docs                 the test files that name it
  anything else           everything
It is for the inner loop: run ./dev test before you push.
"""

ALWAYS = ("lint", "architecture")
ON_REAL_DATABASES = ("end_to_end", "concurrency", "browser")
SHOWN_IN_A_BROWSER = ("views", "static", "controllers", "templates")
WITHOUT_TESTS = {"benchmark", "host"}
"""Folders of tests/ that no suite of a usual run reads."""


@dataclass
class Selection:
    """The chosen suites, each with its tests; none of them stands for all."""

    tests: dict[str, set[str]] = field(default_factory=dict)

    def add_suite(self, name: str) -> None:
        self.tests[name] = set()

    def add_tests(self, suite: str, tests: Iterable[str]) -> None:
        """Add tests to a suite that is not chosen as a whole."""
        chosen = self.tests.get(suite)
        added = set(tests)
        if added and chosen != set():
            self.tests[suite] = (chosen or set()) | added


def suite_of(path: str) -> str | None:
    """Return the suite that runs a test path, or None when no suite does."""
    parts = Path(path.split("::")[0]).parts
    if len(parts) > 1 and parts[0] == "tests":
        return None if parts[1] in WITHOUT_TESTS else parts[1]
    if len(parts) > 1 and parts[1] == "tests":
        return parts[0]
    return None


def changed_files(base: str | None, root: Path = ROOT) -> tuple[str, list[str]]:
    """Return the commit compared with, and the files that differ from it.

    Files that are not committed count, also those that git does not know yet.
    Without a base the branch is compared with where it left origin/main.
    """
    if base is None:
        found = _git(root, "merge-base", "HEAD", "origin/main")
        base = found.strip() if found else "HEAD"
    differing = _git(root, "diff", "--name-only", "--no-renames", "-z", base, "--")
    if differing is None:
        raise Problem(f"git knows no commit {base}: name one that git log lists.")
    unknown = _git(root, "ls-files", "--others", "--exclude-standard", "-z") or ""
    return base, sorted(set(filter(None, (differing + unknown).split("\0"))))


def select(files: Iterable[str], base: str, root: Path = ROOT) -> Selection | None:
    """Return what tests changed files, or None when that is everything."""
    selection = Selection()
    for suite in ALWAYS:
        selection.add_suite(suite)
    for file in files:
        if not _select_for(file, base, root, selection):
            return None
    return selection


def _select_for(file: str, base: str, root: Path, selection: Selection) -> bool:
    """Choose the tests of one file; return whether a rule covers it."""
    parts = Path(file).parts
    if parts[0] == "tests":
        return _select_for_tests(parts, root, selection)
    if (root / parts[0] / "__manifest__.py").exists() and len(parts) > 1:
        _select_for_addon(parts, base, root, selection)
        return True
    if parts[0] == "docs" or (len(parts) == 1 and file.endswith(".md")):
        _add_naming({parts[-1]}, root, selection)
        return True
    return file in {"LICENSE", "ruff.toml", ".pylintrc", ".gitignore"}


def _select_for_tests(parts: tuple[str, ...], root: Path, selection: Selection) -> bool:
    if parts[1] in WITHOUT_TESTS:
        return True
    if parts[1] in ("core", "architecture", *ON_REAL_DATABASES):
        _add_own(parts, 2, root, selection)
        return True
    if parts[1] in ("support", "conftest.py"):
        for suite in ON_REAL_DATABASES:
            selection.add_suite(suite)
        return True
    return False


def _select_for_addon(
    parts: tuple[str, ...], base: str, root: Path, selection: Selection
) -> None:
    addon = parts[0]
    if parts[1] == "tests":
        _add_own(parts, 1, root, selection)
        if len(parts) == 3 and not _is_test(parts[-1]):
            _add_addons(built_on(addon, root), selection)
    elif is_core(parts[1]):
        for suite in ("core", "end_to_end"):
            selection.add_suite(suite)
        _add_addons({addon, *built_on(addon, root)}, selection)
    elif parts[1] == "i18n" or parts[-1].endswith(".md"):
        _add_naming({parts[-1]}, root, selection)
    elif len(parts) > 3 and (root / addon / "tests" / parts[2]).is_dir():
        selection.add_tests(addon, [f"{addon}/tests/{parts[2]}"])
        folder = (addon, parts[2])
        _add_naming(_own_names(Path(*parts), folder, base, root), root, selection)
    else:
        _add_addons({addon, *built_on(addon, root)}, selection)
    if parts[1] in SHOWN_IN_A_BROWSER:
        selection.add_suite("browser")


def _add_own(
    parts: tuple[str, ...], top: int, root: Path, selection: Selection
) -> None:
    """Add a changed test file, or what a changed helper of tests serves.

    The first `top` folders and the next one name the suite.
    """
    suite = parts[1] if parts[0] == "tests" else parts[0]
    if _is_test(parts[-1]):
        if (root / Path(*parts)).exists():
            selection.add_tests(suite, ["/".join(parts)])
    elif len(parts) <= top + 2:
        selection.add_suite(suite)
    else:
        selection.add_tests(suite, ["/".join(parts[:-1])])


def _add_addons(addons: Iterable[str], selection: Selection) -> None:
    for addon in addons:
        selection.add_suite(addon)


def _is_test(name: str) -> bool:
    return name.startswith("test_") and name.endswith(".py")


def _add_naming(names: set[str], root: Path, selection: Selection) -> None:
    """Add each test file that names one of `names`."""
    if not names:
        return
    for file in _test_files(root):
        words = set(re.findall(r"[\w.]+", text := file.read_text()))
        words.update(re.findall(r"\w+", text))
        path = str(file.relative_to(root))
        suite = suite_of(path)
        if suite and words & names:
            selection.add_tests(suite, [path])


def _test_files(root: Path) -> Iterator[Path]:
    for pattern in ("tests/*/**/test_*.py", "*/tests/**/test_*.py"):
        yield from sorted(root.glob(pattern))


def _own_names(file: Path, folder: tuple[str, str], base: str, root: Path) -> set[str]:
    """Return what a file defines, before or after the change, and no other folder."""
    before = _git(root, "show", f"{base}:{file}") or ""
    now = (root / file).read_text() if (root / file).exists() else ""
    own = names_defined(file, before) | names_defined(file, now)
    for other in _addon_files(root):
        parts = other.relative_to(root).parts
        if (parts[0], *parts[2:3]) != folder and own:
            own -= names_defined(other, other.read_text())
    return own


def _addon_files(root: Path) -> Iterator[Path]:
    for manifest in sorted(root.glob("*/__manifest__.py")):
        for file in sorted(manifest.parent.rglob("*")):
            inside = file.relative_to(manifest.parent).parts
            if file.suffix in {".py", ".xml"} and inside[0] != "tests":
                yield file


def names_defined(file: Path, text: str) -> set[str]:
    """Return the models, classes, methods and fields, or the XML ids of a file."""
    if file.suffix == ".xml":
        return set(re.findall(r'\bid="([\w.]+)"', text))
    if file.suffix != ".py":
        return set()
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return set()
    statements = list(tree.body)
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            statements += node.body
    names = {name for statement in statements for name in _names_of(statement)}
    return {name for name in names if not name.startswith("__")}


def _names_of(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign):
        for target in statement.targets:
            if not isinstance(target, ast.Name):
                continue
            if target.id != "_name":
                yield target.id
            elif isinstance(statement.value, ast.Constant):
                yield str(statement.value.value)


def _git(root: Path, *arguments: str) -> str | None:
    """Return what git prints, or None when it fails."""
    done = subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    return None if done.returncode else done.stdout
