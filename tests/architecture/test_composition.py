"""Each rule of composition finds its breach in a small bad tree."""

import pytest

from . import composition

MANIFEST = {"a/__manifest__.py": "{}"}
PART = """
class Pause(ModelPart):
    _register = False
    def write(self, vals): ...
"""
COMPOSED = """
class Subscription(Pause, models.Model):
    _name = "subscription.subscription"
    def {method}(self): ...
"""
EXTENSION = """
class Subscription(models.Model):
    _inherit = "subscription.subscription"
    def {method}(self): ...
"""
OTHER = """
class Line(Pause, models.Model):
    _name = "subscription.line"
    def write(self, vals): ...
"""

BREACHES = [
    (
        composition.members_defined_twice,
        {"a/pause.py": PART, "a/subscription.py": COMPOSED.format(method="write")},
    ),
    (
        composition.members_defined_twice,
        {
            "a/x.py": EXTENSION.format(method="write"),
            "a/y.py": EXTENSION.format(method="write"),
        },
    ),
    (
        composition.models_extended_twice,
        {
            "a/x.py": EXTENSION.format(method="one"),
            "a/y.py": EXTENSION.format(method="two"),
        },
    ),
    (composition.ordered_imports, {"a/__init__.py": "# ruff: noqa: I001\n"}),
]
ALLOWED = [
    (
        composition.members_defined_twice,
        {"a/pause.py": PART, "a/subscription.py": COMPOSED.format(method="pause")},
    ),
    (
        # A mixin of two models offers a default.
        composition.members_defined_twice,
        {
            "a/pause.py": PART,
            "a/subscription.py": COMPOSED.format(method="write"),
            "a/line.py": OTHER,
        },
    ),
    (
        composition.models_extended_twice,
        {"a/pause.py": PART, "a/subscription.py": COMPOSED.format(method="pause")},
    ),
]


def found(rule, tree, root):
    for name, text in {**MANIFEST, **tree}.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return rule(root)


@pytest.mark.parametrize(("rule", "tree"), BREACHES)
def test_a_breach_is_found(rule, tree, tmp_path):
    assert len(found(rule, tree, tmp_path)) == 1


@pytest.mark.parametrize(("rule", "tree"), ALLOWED)
def test_a_good_tree_has_no_breach(rule, tree, tmp_path):
    assert found(rule, tree, tmp_path) == []
