"""The rules of this repository, each a function from a tree to its breaches."""

from __future__ import annotations

import ast
import csv
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

CORE_MAY_IMPORT = set(sys.stdlib_module_names)
LONGEST_FILE = 600
DEPENDENCIES = {
    "subscription_management": set(),
    "subscription_stock": {"subscription_management"},
    "subscription_project": {"subscription_management"},
    "subscription_stripe": {"subscription_management"},
    "subscription_usage": {"subscription_management"},
    "subscription_webhook": {"subscription_management"},
    "subscription_crm": {"subscription_management"},
    "subscription_usage_crm": {"subscription_usage", "subscription_crm"},
    "subscription_portal": {"subscription_management"},
}
MACHINE_PATH = re.compile(r"""(?<![\w.])/(work|home|root|Users|farm)/\w""")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
TEXT_SUFFIXES = {".py", ".js", ".xml", ".md", ".cfg", ".toml", ".csv", ".txt", ".po"}


def visible_paths(root: Path) -> Iterator[Path]:
    """Yield the folders and files below a folder, in order, except hidden ones.

    A hidden folder is not read: what runs meanwhile may create and delete its files.
    """
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted([*subfolders, *names]):
            if not name.startswith("."):
                yield Path(folder, name)


def files(root: Path, *suffixes: str) -> Iterator[Path]:
    for path in visible_paths(root):
        if path.suffix in suffixes and path.is_file():
            yield path


def imports(file: Path) -> Iterator[tuple[str, int]]:
    """Yield (module, level) of each import; level 1 and up are relative ones."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node.level


def core_modules(root: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Yield each module of a core, with the sub-packages that it lies in."""
    for file in files(root, ".py"):
        folders = file.relative_to(root).parent.parts
        for depth, folder in enumerate(folders, start=1):
            if folder.endswith("_core"):
                yield file, folders[depth:]
                break


def impure_core_imports(root: Path) -> list[str]:
    """A core imports the standard library and itself."""
    return [
        f"{file.relative_to(root)} imports {name or '..'}"
        for file, packages in core_modules(root)
        for name, level in imports(file)
        if level > len(packages) + 1
        or (not level and name.split(".")[0] not in CORE_MAY_IMPORT)
    ]


def cores_that_read_the_clock(root: Path) -> list[str]:
    """A core never asks for today or now."""
    clock = re.compile(r"\.(today|now|utcnow|time)\(\)")
    return [
        f"{file.relative_to(root)} reads the clock"
        for file, _packages in core_modules(root)
        if clock.search(file.read_text())
    ]


def dates_without_a_company(root: Path) -> list[str]:
    """A model asks a company for today's date: UTC and users have other dates."""
    return [
        f"{file.relative_to(root)}:{node.lineno} asks for {node.attr}"
        for file in files(root, ".py")
        if {"models", "wizards", "controllers"} & set(file.relative_to(root).parts)
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"today", "context_today"}
    ]


def literal_state_sets(root: Path) -> list[str]:
    """Sets of states have their names in the core's lifecycle module."""
    lifecycle = root / "subscription_management" / "billing_core" / "lifecycle.py"
    return [
        f"{file.relative_to(root)}:{node.lineno} lists states"
        for file in files(root, ".py")
        if {"models", "wizards", "controllers"} & set(file.relative_to(root).parts)
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Tuple | ast.List | ast.Set)
        and _lists_states(node, _states(lifecycle))
    ]


def _states(lifecycle: Path) -> set[str]:
    """Return the values of the core's enumeration of states."""
    [states] = (
        node
        for node in ast.parse(lifecycle.read_text()).body
        if isinstance(node, ast.ClassDef) and node.name == "State"
    )
    return {
        line.value.value
        for line in states.body
        if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant)
    }


def _lists_states(node: ast.Tuple | ast.List | ast.Set, states: set[str]) -> bool:
    """Return whether all of several elements are states, or starred sets beside one."""
    plain = [each for each in node.elts if not isinstance(each, ast.Starred)]
    return (
        len(node.elts) > 1
        and bool(plain)
        and all(
            isinstance(each, ast.Constant) and each.value in states for each in plain
        )
    )


def long_files(root: Path) -> list[str]:
    return [
        f"{file.relative_to(root)} has {count} lines"
        for file in files(root, ".py", ".js")
        if (count := len(file.read_text().splitlines())) > LONGEST_FILE
    ]


def wrong_dependencies(root: Path) -> list[str]:
    """Addons depend in one direction."""
    found = []
    for manifest in sorted(root.glob("*/__manifest__.py")):
        addon = manifest.parent.name
        needed = set(ast.literal_eval(manifest.read_text())["depends"])
        for other in needed & DEPENDENCIES.keys() - DEPENDENCIES.get(addon, set()):
            found.append(f"{addon} depends on {other}")
    return found


def references_to_dependents(root: Path) -> list[str]:
    """An addon names no module or XML id of an addon that it does not depend on."""
    found = []
    for manifest in sorted(root.glob("*/__manifest__.py")):
        addon = manifest.parent.name
        known = {addon, *_all_dependencies(addon)}
        foreign = "|".join(sorted(DEPENDENCIES.keys() - known))
        named = re.compile(rf"(?<![\w/])({foreign})\.")
        for file in files(manifest.parent, ".py", ".xml", ".js"):
            names = set(named.findall(file.read_text()))
            found += [
                f"{file.relative_to(root)} names {name}" for name in sorted(names)
            ]
    return found


def _all_dependencies(addon: str) -> set[str]:
    direct = DEPENDENCIES.get(addon, set())
    return direct.union(*map(_all_dependencies, direct))


def untested_core_modules(root: Path) -> list[str]:
    """A core's module has a test file of its own, or one of its sub-package."""
    tests = root / "tests" / "core"
    return [
        f"{module.relative_to(root)} has no tests/core/test_{module.name}"
        for module, packages in core_modules(root)
        if module.stem != "__init__"
        and not any(
            (tests / f"test_{name}.py").exists() for name in (module.stem, *packages)
        )
    ]


def tests_that_are_not_run(root: Path) -> list[str]:
    """Odoo runs the test modules that the package imports."""
    found = []
    for package in sorted(root.glob("*/tests/__init__.py")):
        listed = package.read_text()
        for test in sorted(package.parent.rglob("test_*.py")):
            if not re.search(rf"\b{test.stem}\b", listed):
                found.append(f"{test.relative_to(root)} is not imported")
    return found


def models_without_access(root: Path) -> list[str]:
    """Each model says who may use it."""
    found = []
    for addon in sorted(path.parent for path in root.glob("*/__manifest__.py")):
        rights = addon / "security" / "ir.model.access.csv"
        lines = csv.DictReader(rights.open()) if rights.exists() else []
        known = {line["model_id:id"].split(".")[-1] for line in lines}
        for file in files(addon, ".py"):
            for name, abstract in _models(file):
                if not abstract and "model_" + name.replace(".", "_") not in known:
                    found.append(f"{file.relative_to(root)}: {name}")
    return found


def _models(file: Path) -> Iterator[tuple[str, bool]]:
    for node in ast.parse(file.read_text()).body:
        if not isinstance(node, ast.ClassDef):
            continue
        abstract = any(
            isinstance(base, ast.Attribute) and base.attr == "AbstractModel"
            for base in node.bases
        )
        for statement in node.body:
            if (
                isinstance(statement, ast.Assign)
                and isinstance(statement.targets[0], ast.Name)
                and statement.targets[0].id == "_name"
                and isinstance(statement.value, ast.Constant)
            ):
                yield statement.value.value, abstract


def machine_paths(root: Path) -> list[str]:
    """Nothing names a folder of a single machine."""
    return [
        f"{file.relative_to(root)}:{number}"
        for file in files(root, *TEXT_SUFFIXES)
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]


def broken_links(root: Path) -> list[str]:
    """Every file that a document links to exists."""
    return [
        f"{document.relative_to(root)} links to {target}"
        for document in files(root, ".md")
        for target in LINK.findall(document.read_text())
        if not (document.parent / target).exists()
    ]


def incomplete_translations(root: Path) -> list[str]:
    """Hebrew is complete, and knows every term of the template."""
    import polib

    found = []
    for template in sorted(root.glob("*/i18n/*.pot")):
        hebrew = template.with_name("he.po")
        if not hebrew.exists():
            found.append(f"{hebrew.relative_to(root)} is missing")
            continue
        entries = {
            entry.msgid: entry for entry in polib.pofile(str(hebrew), encoding="utf-8")
        }
        for entry in polib.pofile(str(template), encoding="utf-8"):
            known = entries.get(entry.msgid)
            if known is None or not known.translated() or known.fuzzy:
                found.append(f"{hebrew.relative_to(root)}: {entry.msgid[:60]!r}")
    return found
