"""A kept database is updated when a change is stored in it, and only then."""

import pytest

from devtools.stored import fingerprint

MODEL = '''"""Pauses."""
from odoo import api, fields, models

UNITS = [("day", "Days")]

def units():
    return UNITS

class Pause(models.Model):
    """A pause."""
    _name = "shop.pause"
    unit = fields.Selection(units())
    days = fields.Integer(compute="_compute_days", store=True)

    @api.depends("unit")
    def _compute_days(self):
        self.days = 1

    def init(self):
        self.env.cr.execute("SELECT 1")

    def _add_missing(self):
        self.create({})
'''
DATA = '<odoo><function model="shop.pause" name="_add_missing" /></odoo>'
TREE = {
    "shop/models/pauses/pause.py": MODEL,
    "shop/data/pauses.xml": DATA,
    "shop/shop_core/units.py": "class Unit:\n    def days(self):\n        return 1\n",
    "shop/static/src/pause.js": "let days = 1;",
}


@pytest.fixture
def tree(tmp_path):
    for name, text in TREE.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def is_stored(tree, name, before, after):
    """Return whether a change of a file changes what is stored."""

    def now():
        return fingerprint(path for path in tree.rglob("*") if path.is_file())

    found = now()
    file = tree / name
    assert before in file.read_text()
    file.write_text(file.read_text().replace(before, after))
    return now() != found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("self.days = 1", "self.days = 2"),
        ('"""Pauses."""', '"""Pauses."""\n# A comment.'),
    ],
)
def test_a_method_body_is_not_stored(tree, before, after):
    assert not is_stored(tree, "shop/models/pauses/pause.py", before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"Days"', '"Months"'),
        ("return UNITS", "return UNITS * 2"),
        ("store=True", "store=False"),
        ('@api.depends("unit")', '@api.depends("days")'),
        ('"shop.pause"', '"shop.rest"'),
        ("SELECT 1", "SELECT 2"),
        ("self.create({})", "self.create({'days': 2})"),
        ("def _compute_days(self):", "def _count_days(self):"),
    ],
)
def test_definitions_and_methods_called_by_an_update_are_stored(tree, before, after):
    assert is_stored(tree, "shop/models/pauses/pause.py", before, after)


def test_data_is_stored(tree):
    assert is_stored(tree, "shop/data/pauses.xml", "<odoo>", "<odoo><menuitem/>")


def test_a_core_is_taken_for_stored_since_fields_are_defined_by_it(tree):
    assert is_stored(tree, "shop/shop_core/units.py", "return 1", "return 2")


def test_scripts_are_read_from_their_files(tree):
    assert not is_stored(tree, "shop/static/src/pause.js", "days = 1", "days = 2")


def test_a_new_file_is_stored(tree):
    before = fingerprint(tree.rglob("*.py"))
    (tree / "shop/models/pauses/resume.py").write_text("")
    assert fingerprint(tree.rglob("*.py")) != before
