"""Each rule about documents finds its breach, and accepts good form."""

import pytest

from . import documents

CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- Plans are\n  {entry}\n"
PATHS = {
    "docs/x.md": "`a/models/plans/plan.py`, `plans/plan.py`, `plan.py`, `a/`, `y.md`,"
    " `docs/*.md`, `./dev test`, `/my/page`, `subscription.changed`, `and/or not`",
    "docs/y.md": "",
    "a/models/plans/plan.py": "",
}


NAMES = {
    "a/x.py": '_name = "subscription.line"\ncharged_from = 1\ndef _amend(): ...\n',
    "subscription_usage/__init__.py": "",
}


def write(tmp_path, tree):
    for name, text in tree.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


@pytest.mark.parametrize(
    "path", ["plans/price.py", "price.py", "a/b/", "docs/x/*.md", "lans/plan.py"]
)
def test_a_path_that_does_not_exist_is_found(path, tmp_path):
    write(tmp_path, PATHS | {"README.md": f"\nsee `{path}`"})
    assert documents.missing_paths(tmp_path) == [f"README.md:2 names {path}"]


def test_paths_that_exist_are_accepted(tmp_path):
    write(tmp_path, PATHS)
    assert documents.missing_paths(tmp_path) == []


@pytest.mark.parametrize(
    "name", ["_bill", "charged_on", "subscription.line._bill", "subscription.lines"]
)
def test_a_name_that_does_not_exist_is_found(name, tmp_path):
    write(tmp_path, NAMES | {"README.md": f"see `{name}`"})
    name = name.removeprefix("subscription.line.")
    assert documents.missing_names(tmp_path) == [f"README.md names {name}"]


def test_names_that_exist_are_accepted(tmp_path):
    text = "`_amend`, `charged_from`, `subscription.line._amend`, `subscription.line`"
    write(tmp_path, NAMES | {"README.md": f"{text}, `subscription_usage`, `_x_*`"})
    assert documents.missing_names(tmp_path) == []


@pytest.mark.parametrize(
    "text",
    [
        CHANGELOG.format(entry="shown. Prices too."),
        CHANGELOG.format(entry="shown; prices too."),
        CHANGELOG.format(entry="shown"),
        CHANGELOG.format(entry="shown.").replace("Added", "New"),
        CHANGELOG.format(entry="shown.").replace("[Unreleased]", "Unreleased"),
        CHANGELOG.format(entry="shown.").replace("# Ch", "Ch", 1),
    ],
)
def test_another_form_of_changelog_is_found(text, tmp_path):
    write(tmp_path, {"CHANGELOG.md": text})
    assert len(documents.changelog_form(tmp_path)) == 1


@pytest.mark.parametrize("release", ["[Unreleased]", "[1.0.0] - 2026-12-01"])
def test_keep_a_changelog_is_accepted(release, tmp_path):
    text = CHANGELOG.format(entry="shown in 1.5 ms, e.g. at once.")
    write(tmp_path, {"CHANGELOG.md": text.replace("[Unreleased]", release)})
    assert documents.changelog_form(tmp_path) == []
