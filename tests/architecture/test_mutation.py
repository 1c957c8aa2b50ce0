"""Mutants are small changes that a test should notice, and nothing else."""

import ast
import time

import pytest

from devtools import mutation
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
    return ast.unparse(ast.parse(source))


@pytest.mark.parametrize(("source", "expected"), CHANGED)
def test_a_small_change_is_made(source, expected):
    assert [normal(each.source) for each in mutants(source)] == expected


@pytest.mark.parametrize("source", UNCHANGED)
def test_code_without_behavior_is_not_mutated(source):
    assert mutants(source) == []


def test_a_change_keeps_the_precedence_of_operators():
    changed = [normal(each.source) for each in mutants("a * (b + c)")]
    assert changed == ["a / (b + c)", "a * (b - c)"]


def test_a_change_says_its_line_also_after_letters_of_several_bytes():
    (mutant,) = mutants('a = "שלום"\nb = {"שלום": c < d}')
    assert (mutant.line, mutant.before, mutant.after) == (2, "c < d", "c <= d")
    assert mutant.source.startswith('a = "שלום"\n')


def test_only_methods_are_mutated_in_stored_models():
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


@pytest.fixture
def change(tmp_path):
    """A change of a file whose copy is in a folder of its own."""
    (tmp_path / "money.py").write_text("a < b")
    (mutant,) = mutants("a < b")
    return mutation.Change("money.py", mutant, [["examples"], ["laws"]])


def outcome_of(change, place, monkeypatch, detected_by):
    """Return the outcome of a change, and each stage with the code that it tested."""
    ran = []

    def fails(stage, place, _options, _seconds):
        source = (place / change.file).read_text()
        ran.append((stage[0], source))
        return source != "a < b" and stage[0] == detected_by

    monkeypatch.setattr(mutation, "_fails", fails)
    monkeypatch.setattr(mutation, "_taken", {})
    deadline = time.monotonic() + 60
    ((_change, stage),) = mutation._test_all(
        [change], [place], lambda _place: [], deadline
    )
    return stage, ran


def test_the_laws_run_only_on_survivors_of_the_examples(change, tmp_path, monkeypatch):
    stage, ran = outcome_of(change, tmp_path, monkeypatch, "examples")
    assert stage == 0
    assert ran == [("examples", "a < b"), ("examples", "(a <= b)")]


def test_each_stage_passes_without_the_change_first(change, tmp_path, monkeypatch):
    stage, ran = outcome_of(change, tmp_path, monkeypatch, None)
    assert stage is None
    assert ran == [
        ("examples", "a < b"),
        ("examples", "(a <= b)"),
        ("laws", "a < b"),
        ("laws", "(a <= b)"),
    ]


def test_the_copy_is_unchanged_afterwards(change, tmp_path, monkeypatch):
    outcome_of(change, tmp_path, monkeypatch, "laws")
    assert (tmp_path / "money.py").read_text() == "a < b"


def test_nothing_is_tested_after_the_deadline(change, tmp_path):
    late = time.monotonic() - 1
    assert mutation._test_all([change], [tmp_path], lambda _place: [], late) == []
