"""Rules of how an Odoo model is composed of classes within one addon."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .rules import files

CLASS_ATTRIBUTES = {"_name", "_inherit", "_description", "_register", "_order"}


@dataclass
class ModelClass:
    """A class statement of an addon, with the names that it defines."""

    file: Path
    name: str
    model: str | None
    """The model that it defines or extends; None for a part."""
    bases: list[str]
    members: set[str] = field(default_factory=set)


def members_defined_twice(root: Path) -> list[str]:
    """A method or field of a model is defined in one class of an addon."""
    found = []
    for addon in _addons(root):
        for model, classes in _composed_models(addon).items():
            places = defaultdict(list)
            for each in classes:
                for member in each.members:
                    places[member].append(each.file.relative_to(root))
            found += [
                f"{model}.{member} in {', '.join(map(str, sorted(where)))}"
                for member, where in sorted(places.items())
                if len(where) > 1
            ]
    return found


def models_extended_twice(root: Path) -> list[str]:
    """An addon has one class with the name of a model: its parts are Python classes."""
    found = []
    for addon in _addons(root):
        by_model = defaultdict(list)
        for each in _classes(addon):
            if each.model:
                by_model[each.model].append(each.file.relative_to(root))
        found += [
            f"{model} in {', '.join(map(str, where))}"
            for model, where in by_model.items()
            if len(where) > 1
        ]
    return found


def ordered_imports(root: Path) -> list[str]:
    """No module depends on the order of imports."""
    return [
        f"{file.relative_to(root)} switches the sorting of imports off"
        for file in files(root, ".py")
        if file.parent.name != "architecture" and "noqa: I001" in file.read_text()
    ]


def _addons(root: Path) -> list[Path]:
    return sorted(path.parent for path in root.glob("*/__manifest__.py"))


def _composed_models(addon: Path) -> dict[str, list[ModelClass]]:
    """Return the classes of each model: its own and the parts that they inherit."""
    classes = _classes(addon)
    parts = {each.name: each for each in classes if each.model is None}
    users = defaultdict(set)
    composed = defaultdict(list)
    for each in classes:
        if each.model:
            own = [each, *_inherited(each, parts)]
            composed[each.model] += own
            for part in own:
                users[part.name].add(each.model)
    # A mixin of several models offers defaults that a model may replace.
    return {
        model: [each for each in own if len(users[each.name]) == 1]
        for model, own in composed.items()
    }


def _inherited(each: ModelClass, parts: dict[str, ModelClass]) -> Iterator[ModelClass]:
    for name in each.bases:
        if part := parts.get(name):
            yield part
            yield from _inherited(part, parts)


def _classes(addon: Path) -> list[ModelClass]:
    found = []
    for file in files(addon, ".py"):
        if "tests" in file.relative_to(addon).parts:
            continue
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ClassDef):
                found.append(_model_class(file, node))
    return found


def _model_class(file: Path, node: ast.ClassDef) -> ModelClass:
    attributes, members = {}, set()
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef):
            members.add(statement.name)
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    attributes[target.id] = statement.value
                    members.add(target.id)
    model = attributes.get("_name") or attributes.get("_inherit")
    return ModelClass(
        file,
        node.name,
        model.value if isinstance(model, ast.Constant) else None,
        [base.id for base in node.bases if isinstance(base, ast.Name)],
        members - CLASS_ATTRIBUTES,
    )
