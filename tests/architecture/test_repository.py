"""This repository keeps its rules."""

from pathlib import Path

import pytest

from . import composition, documents, language, rules

ROOT = Path(__file__).resolve().parents[2]
RULES = [
    rules.impure_core_imports,
    rules.cores_that_read_the_clock,
    rules.dates_without_a_company,
    rules.literal_state_sets,
    rules.long_files,
    rules.wrong_dependencies,
    rules.references_to_dependents,
    rules.untested_core_modules,
    rules.tests_that_are_not_run,
    rules.models_without_access,
    rules.machine_paths,
    rules.broken_links,
    rules.incomplete_translations,
    composition.members_defined_twice,
    composition.models_extended_twice,
    composition.ordered_imports,
    language.dialect,
    language.wizards_without_their_button,
    documents.missing_paths,
    documents.missing_names,
    documents.changelog_form,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_repository_keeps_the_rule(rule):
    assert rule(ROOT) == []


def test_every_addon_has_translations():
    for manifest in ROOT.glob("*/__manifest__.py"):
        addon = manifest.parent
        assert (addon / "i18n" / f"{addon.name}.pot").exists()
