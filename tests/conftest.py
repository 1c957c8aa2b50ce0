"""Fixtures of the suites that have real databases and commits of their own."""

import os
from collections.abc import Callable, Iterator

import pytest

from tests.support.databases import cloned_database


@pytest.fixture
def odoo_database() -> Iterator[str]:
    """The name of a fresh database with our addons installed."""
    with cloned_database() as name:
        yield name


@pytest.fixture
def proof_size() -> Callable[[int, int], int]:
    """Choose between the size of a sample and that of the full proof."""

    def choose(sample: int, full: int) -> int:
        return full if os.environ.get("SUBSCRIPTION_FULL_PROOF") else sample

    return choose
