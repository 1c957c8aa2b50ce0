"""Mutants are small changes that a test should notice, and nothing else."""

import pytest

from devtools.mutants import mutants
from devtools.mutation import stages_of

CHANGED = [
    ("a < b", ["a <= b"]),
    ("a == b", ["a != b"]),
    ("a in b", ["a not in b"]),
    ("a is None", ["a is not None"]),
    ("a + b", ["a - b"]),
    ("a += b", ["a -= b"]),
    ("a and b", ["a or b"]),
    ("not a", ["a"]),
    ("a if b else c", ["c if b else a"]),
    ("a = True", ["a = False"]),
    ("a[2]", ["a[3]"]),
    ("x = min(a, b)", ["x = max(a, b)"]),
    ("x = replace(a, b=c, d=e)", ["x = replace(a, d=e)", "x = replace(a, b=c)"]),
    ("a.append(b)", ["pass"]),
    ("def f(a=1):\n    pass", ["def f(a=2):\n    pass"]),
    ("days: int = 1", ["days: int = 2"]),
]
UNCHANGED = [
    '"""A sentence."""',
    "import a",
    "raise ValueError(1)",
    "_logger.info(a, b=c)",
    'f"{1} day"',
    '"%s" % a',
    "a: dict[int, 1]",
    "@dataclass(frozen=True)\nclass A:\n    pass",
    "@given(1)\ndef f(a) -> Literal[1]:\n    pass",
]


def normal(source):
    """Return a source without the brackets that a change is put into."""
    import ast

    return ast.unparse(ast.parse(source))


@pytest.mark.parametrize(("source", "expected"), CHANGED)
def test_a_small_change_is_made(source, expected):
    assert [normal(each.source) for each in mutants(source)] == expected


@pytest.mark.parametrize("source", UNCHANGED)
def test_what_no_test_should_notice_is_left_alone(source):
    assert mutants(source) == []


def test_a_change_keeps_the_precedence_of_operators():
    changed = [normal(each.source) for each in mutants("a * (b + c)")]
    assert changed == ["a / (b + c)", "a * (b - c)"]


def test_a_change_says_its_line_also_after_letters_of_several_bytes():
    (mutant,) = mutants('a = "שלום"\nb = {"שלום": c < d}')
    assert (mutant.line, mutant.before, mutant.after) == (2, "c < d", "c <= d")
    assert mutant.source.startswith('a = "שלום"\n')


def test_only_what_runs_later_is_changed_where_fields_are_stored():
    source = "class A:\n    size = Char(size=2)\n    def f(self):\n        return 1\n"
    changed = mutants(source, only_in_functions=True)
    assert [each.line for each in changed] == [4]


def test_a_core_has_its_own_tests_first_and_the_laws_last():
    stages = stages_of("subscription_management/billing_core/money.py")
    assert stages[0][0] == "tests/core/test_money.py"
    assert stages[-1] == ["tests/core/test_laws.py"]


def test_a_model_has_the_tests_of_its_folder(tmp_path):
    (tmp_path / "shop" / "tests" / "pauses").mkdir(parents=True)
    assert stages_of("shop/models/pauses/pause.py", tmp_path) == [["shop/tests/pauses"]]
    assert stages_of("shop/models/res_partner.py", tmp_path) == [["shop/tests"]]
    assert stages_of("shop/models/orders/order.py", tmp_path) == [["shop/tests"]]
