"""A plug-in of pytest that takes repeated work out of the tests on Odoo.

Tests do and check the same without it, and take longer.
"""

from __future__ import annotations

import functools
import importlib
import types

import pytest


@pytest.fixture(scope="session", autouse=True)
def without_repeated_work(load_registry: None) -> None:
    _list_the_members_of_a_module_once()
    _count_the_names_of_a_module()


def _list_the_members_of_a_module_once() -> None:
    """Each test class creates a company, which searches all modules for templates."""
    ir_module = importlib.import_module("odoo.addons.account.models.ir_module")
    ir_module.getmembers = functools.cache(ir_module.getmembers)  # type: ignore[attr-defined]


def _count_the_names_of_a_module() -> None:
    """Freezing the time searches every module for clocks, and caches the result.

    A cached result is valid while a module has the same number of names; listing the
    names of thousands of modules takes longer than most frozen blocks.
    """
    from freezegun import api

    def fingerprint(module: types.ModuleType) -> str:
        return f"{id(module)}-{len(getattr(module, '__dict__', ()))}"

    assert hasattr(api, "_get_module_attributes_hash")
    api._get_module_attributes_hash = fingerprint
