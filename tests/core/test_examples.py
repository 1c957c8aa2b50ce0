"""The examples in the core's docstrings are true."""

import doctest
import importlib
import pkgutil

import billing_core
import pytest

MODULES = [
    module.name.removeprefix("billing_core.")
    for module in pkgutil.walk_packages(billing_core.__path__, "billing_core.")
]
WITHOUT_EXAMPLE = {"price_models"}


@pytest.mark.parametrize("name", MODULES)
def test_the_docstring_examples_of_a_module_pass(name):
    module = importlib.import_module(f"billing_core.{name}")
    outcome = doctest.testmod(module)
    assert outcome.failed == 0
    assert bool(outcome.attempted) == (name not in WITHOUT_EXAMPLE)
