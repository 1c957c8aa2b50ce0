"""`./dev test` finds the suite of a name or path, and starts long suites first."""

import pytest

from devtools import test_report, test_runs
from devtools.console import Problem
from devtools.suites import Suite


def test_a_suite_is_run_whole():
    assert test_runs.chosen(["core"]) == {"core": []}


def test_a_path_is_run_by_its_suite():
    path = "tests/core/test_money.py"
    assert test_runs.chosen([f"./{path}"]) == {"core": [path]}
    assert test_runs.chosen([path, "core"]) == {"core": []}


@pytest.mark.parametrize("name", ["no_suite", "tests/core/test_none.py", "devtools"])
def test_an_unknown_name_is_refused_with_the_suites(name):
    with pytest.raises(Problem, match="choose from lint, architecture, core"):
        test_runs.chosen([name])


def test_everything_leaves_out_the_suites_of_the_host():
    names = test_runs.chosen([])
    assert "core" in names
    assert "host" not in names


def test_long_suites_start_first_and_unknown_ones_before_them(monkeypatch):
    seconds = {"short": 2.0, "long": 90.0, "new": None}
    monkeypatch.setattr(test_report, "seconds", lambda report: seconds[report.stem])
    suites = [Suite(name, lambda _name, _order: None) for name in seconds]
    names = [suite.name for suite in test_runs._longest_first(suites)]
    assert names == ["new", "long", "short"]
