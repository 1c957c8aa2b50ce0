"""Each rule finds its breach in a small bad tree."""

import pytest

from . import rules

MODEL = """
from odoo import models
class Thing(models.Model):
    _name = "subscription.thing"
"""
# Put together, so that this file does not break the rule itself.
HOME = "/" + "home/"

STATES = """
class State(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
"""
LIFECYCLE = "subscription_management/billing_core/lifecycle.py"

BREACHES = [
    (rules.impure_core_imports, {"a/billing_core/x.py": "import odoo"}),
    (rules.impure_core_imports, {"a/billing_core/x.py": "from ..models import y"}),
    (rules.impure_core_imports, {"a/billing_core/x.py": "import dateutil"}),
    (rules.impure_core_imports, {"a/billing_core/b/x.py": "import odoo"}),
    (rules.impure_core_imports, {"a/billing_core/b/x.py": "from ...models import y"}),
    (rules.impure_core_imports, {"a/billing_core/b/c/x.py": "from odoo import y"}),
    (rules.cores_that_read_the_clock, {"a/billing_core/x.py": "date.today()"}),
    (rules.cores_that_read_the_clock, {"a/billing_core/b/x.py": "datetime.now()"}),
    (
        rules.dates_without_a_company,
        {"a/models/b/x.py": "from odoo import fields\nx = fields.Date.today()"},
    ),
    (
        rules.dates_without_a_company,
        {"a/wizards/x.py": "x = fields.Date(default=fields.Date.context_today)"},
    ),
    (
        rules.literal_state_sets,
        {LIFECYCLE: STATES, "a/models/x.py": "x = ('active', 'paused')"},
    ),
    (
        rules.literal_state_sets,
        {LIFECYCLE: STATES, "a/models/x.py": "x = {*SERVED, 'paused'}"},
    ),
    (rules.long_files, {"a/x.py": "x = 1\n" * 601}),
    (
        rules.wrong_dependencies,
        {
            "subscription_management/__manifest__.py": (
                "{'depends': ['account', 'subscription_usage']}"
            )
        },
    ),
    (
        rules.references_to_dependents,
        {
            "subscription_management/__manifest__.py": "{}",
            "subscription_management/models/x.py": "ref('subscription_crm.rule')",
        },
    ),
    (rules.untested_core_modules, {"a/billing_core/x.py": "x = 1"}),
    (rules.untested_core_modules, {"a/billing_core/b/x.py": "x = 1"}),
    (
        rules.tests_that_are_not_run,
        {"a/tests/__init__.py": "", "a/tests/test_x.py": "x = 1"},
    ),
    (
        rules.models_without_access,
        {"a/__manifest__.py": "{}", "a/models/thing.py": MODEL},
    ),
    (rules.broken_links, {"a/x.md": "see [y](y.md)"}),
    (rules.machine_paths, {"a/x.py": f"x = '{HOME}user/x'"}),
    (
        rules.incomplete_translations,
        {
            "a/i18n/a.pot": 'msgid "Plan"\nmsgstr ""\n',
            "a/i18n/he.po": 'msgid "Plan"\nmsgstr ""\n',
        },
    ),
    (rules.incomplete_translations, {"a/i18n/a.pot": 'msgid "Plan"\nmsgstr ""\n'}),
]


@pytest.mark.parametrize(
    ("rule", "tree"), BREACHES, ids=lambda value: getattr(value, "__name__", None)
)
def test_a_breach_is_found(rule, tree, tmp_path):
    for name, text in tree.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert len(rule(tmp_path)) == 1


ALLOWED = [
    (
        rules.impure_core_imports,
        {
            "a/billing_core/x.py": "import decimal\nfrom . import y",
            "a/billing_core/b/x.py": "from ..money import y\nfrom . import z",
        },
    ),
    (
        rules.untested_core_modules,
        {"a/billing_core/b/x.py": "x = 1", "tests/core/test_b.py": "x = 1"},
    ),
    (rules.impure_core_imports, {"a/models/x.py": "import odoo"}),
]


@pytest.mark.parametrize(
    ("rule", "tree"), ALLOWED, ids=lambda value: getattr(value, "__name__", None)
)
def test_a_rule_accepts_a_tree_that_keeps_it(tmp_path, rule, tree):
    for name, content in tree.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    assert rule(tmp_path) == []


def test_hidden_folders_are_not_read(tmp_path):
    for name in ("a/x.py", ".dev/y.py", "a/.cache/z.py", ".hidden.py"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x = 1")
    assert list(rules.files(tmp_path, ".py")) == [tmp_path / "a" / "x.py"]
