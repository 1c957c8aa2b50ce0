"""`./dev test` chooses the tests of a path, and those that a change can break."""

import subprocess

import pytest

from devtools import selection
from devtools.selection import Selection, changed_files, select, suite_of

MODEL = """
class Pause(models.Model):
    _name = "shop.pause"
    _inherit = "mail.thread"
    reason_shown = fields.Char()

    def resume_service(self):
        pass

    def write(self, values):
        pass
"""
ORDER = """
class Order(models.Model):
    _name = "shop.order"

    def write(self, values):
        pass
"""
TREE = {
    "shop/__manifest__.py": "{'depends': ['account']}",
    "shop/shop_core/money.py": "",
    "shop/models/__init__.py": "",
    "shop/models/res_partner.py": "",
    "shop/models/pauses/pause.py": MODEL,
    "shop/models/orders/order.py": ORDER,
    "shop/views/pauses/pause_views.xml": '<record id="pause_view_form"/>',
    "shop/i18n/he.po": "",
    "shop/tests/common.py": "",
    "shop/tests/test_access.py": "shop.order",
    "shop/tests/pauses/case.py": "",
    "shop/tests/pauses/test_pause.py": "",
    "shop/tests/orders/test_order.py": "order.write({})",
    "shop/tests/orders/test_held.py": "self.pause.resume_service()",
    "shop_usage/__manifest__.py": "{'depends': ['shop']}",
    "shop_usage/models/meter.py": "",
    "shop_usage/tests/test_meter.py": 'self.env["shop.pause"]',
    "shop_stock/__manifest__.py": "{'depends': ['stock']}",
    "tests/core/test_money.py": "",
    "tests/core/histories.py": "",
    "tests/browser/test_screens.py": '"shop.pause_view_form"',
    "tests/concurrency/test_workers.py": "guide.md",
    "docs/guide.md": "",
    "devtools/odoo.py": "",
}
PAUSE_TESTS = {
    "shop": {"shop/tests/pauses", "shop/tests/orders/test_held.py"},
    "shop_usage": {"shop_usage/tests/test_meter.py"},
}
SELECTED = [
    ("shop/tests/pauses/test_pause.py", {"shop": {"shop/tests/pauses/test_pause.py"}}),
    ("shop/tests/test_access.py", {"shop": {"shop/tests/test_access.py"}}),
    ("shop/tests/pauses/case.py", {"shop": {"shop/tests/pauses"}}),
    ("shop/tests/common.py", {"shop": set(), "shop_usage": set()}),
    (
        "shop/shop_core/money.py",
        {"core": set(), "end_to_end": set(), "shop": set(), "shop_usage": set()},
    ),
    ("shop/models/pauses/pause.py", PAUSE_TESTS),
    (
        "shop/views/pauses/pause_views.xml",
        {"shop": {"shop/tests/pauses"}, "browser": set()},
    ),
    ("shop/models/res_partner.py", {"shop": set(), "shop_usage": set()}),
    ("shop/__manifest__.py", {"shop": set(), "shop_usage": set()}),
    ("shop_usage/models/meter.py", {"shop_usage": set()}),
    ("shop/i18n/he.po", {}),
    ("tests/core/test_money.py", {"core": {"tests/core/test_money.py"}}),
    ("tests/core/histories.py", {"core": set()}),
    (
        "tests/support/databases.py",
        {"end_to_end": set(), "concurrency": set(), "browser": set()},
    ),
    ("tests/benchmark/billing.py", {}),
    ("docs/guide.md", {"concurrency": {"tests/concurrency/test_workers.py"}}),
    ("ruff.toml", {}),
]


@pytest.fixture
def tree(tmp_path):
    for name, text in TREE.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path)
    return tmp_path


def git(tree, *arguments):
    identity = ("-c", "user.name=Tester", "-c", "user.email=tester@example.com")
    subprocess.run(["git", *identity, *arguments], cwd=tree, check=True)


def commit(tree):
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "--message=A change")


def selected(tree, *files):
    chosen = select(files, "HEAD", tree)
    return {
        suite: tests
        for suite, tests in chosen.tests.items()
        if suite not in selection.ALWAYS
    }


@pytest.mark.parametrize(("file", "tests"), SELECTED, ids=[row[0] for row in SELECTED])
def test_a_changed_file_selects_its_tests(tree, file, tests):
    assert selected(tree, file) == tests


@pytest.mark.parametrize("file", ["devtools/odoo.py", "requirements.txt", "new/x.py"])
def test_a_change_that_no_rule_covers_selects_everything(tree, file):
    assert select(["docs/guide.md", file], "HEAD", tree) is None


def test_lint_and_architecture_are_always_selected(tree):
    assert select([], "HEAD", tree).tests == {"lint": set(), "architecture": set()}


def test_the_changes_of_several_files_are_selected_together(tree):
    both = selected(tree, "shop/tests/test_access.py", "shop/models/pauses/pause.py")
    assert both["shop"] == PAUSE_TESTS["shop"] | {"shop/tests/test_access.py"}


def test_a_whole_suite_is_not_narrowed_by_another_change(tree):
    for files in (
        ("shop/models/res_partner.py", "shop/tests/test_access.py"),
        ("shop/tests/test_access.py", "shop/models/res_partner.py"),
    ):
        assert selected(tree, *files)["shop"] == set()


def test_a_folder_without_tests_of_its_own_selects_its_addon(tree):
    (tree / "shop/tests/pauses/test_pause.py").unlink()
    (tree / "shop/tests/pauses/case.py").unlink()
    (tree / "shop/tests/pauses").rmdir()
    assert selected(tree, "shop/models/pauses/pause.py")["shop"] == set()


def test_a_removed_method_selects_the_tests_that_still_name_it(tree):
    (tree / "shop/models/pauses/pause.py").unlink()
    assert selected(tree, "shop/models/pauses/pause.py") == PAUSE_TESTS


def test_a_removed_test_selects_nothing(tree):
    (tree / "shop/tests/test_access.py").unlink()
    assert selected(tree, "shop/tests/test_access.py") == {}


def test_changes_are_committed_uncommitted_and_new_ones(tree):
    git(tree, "update-ref", "refs/remotes/origin/main", "HEAD")
    (tree / "docs/guide.md").write_text("committed")
    commit(tree)
    (tree / "shop/tests/common.py").write_text("# uncommitted")
    (tree / "docs/new.md").write_text("new")
    _base, files = changed_files(None, tree)
    assert files == ["docs/guide.md", "docs/new.md", "shop/tests/common.py"]
    _base, files = changed_files("HEAD", tree)
    assert files == ["docs/new.md", "shop/tests/common.py"]


def test_a_moved_file_counts_at_both_places(tree):
    git(tree, "mv", "docs/guide.md", "docs/manual.md")
    _base, files = changed_files(None, tree)
    assert files == ["docs/guide.md", "docs/manual.md"]


def test_a_commit_that_is_not_known_is_refused_with_the_remedy(tree):
    with pytest.raises(selection.Problem, match="git log"):
        changed_files("no-such-commit", tree)


@pytest.mark.parametrize(
    ("path", "suite"),
    [
        ("shop/tests/pauses", "shop"),
        ("shop/tests/pauses/test_pause.py::TestPause::test_it", "shop"),
        ("tests/core/test_money.py", "core"),
        ("tests/benchmark/billing.py", None),
        ("shop/models", None),
        ("shop", None),
    ],
)
def test_a_path_belongs_to_the_suite_that_runs_it(path, suite):
    assert suite_of(path) == suite


def test_no_tests_are_added_to_a_suite_when_none_are_found():
    chosen = Selection()
    chosen.add_tests("shop", [])
    assert chosen.tests == {}
