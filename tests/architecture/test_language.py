"""The reader of replaced words finds them, and accepts professional English."""

import pytest

from . import language

FOUND = {
    "a/x.py": {
        'x = "The service rests until May"': "rests",
        'x = "The service goes " "on."': "goes on",
        'def f():\n    """The change is taken\n    back."""': "taken back",
        "# Nobody knows the outcome.": "Nobody",
        "x = 1  # counted anew": "anew",
        'x = f"{y} tells of it"': "tells",
        'x = "They take the cancellation back."': "take the cancellation back",
        'x = fields.Char("What Is Measured")': "What",
        '"""What a step does."""': "What",
        "# The price of what is used": "of what",
        "x = 'changes from %s on'": "from %s on",
        "def f(taken_back): ...": "taken_back in taken_back",
        "class GoesOn: ...": "goes_on in GoesOn",
        "self._is_told = 1": "told in _is_told",
        "def test_what_is_due(): ...": "what in test_what_is_due",
        'kind = "given_up"': "given_up in given_up",
        'x = "100 marks at 30 days"': "100 marks",
        'x = "Invoices to Come"': "Invoices to Come",
        'x = "It is withheld."': "withheld",
    },
    "a/x.xml": {
        '<button string="Let It Go On"/>': "Go On",
        "<p>\n  The service rests.\n</p>": "rests",
        '<field name="x" help="Whoever sees it"/>': "Whoever",
        '<a confirm="It is not taken back."/>': "taken back",
        "<a><!-- looked at later --></a>": "looked at",
        '<menuitem id="m" name="What Is Due"/>': "What",
        '<record id="a_taken_back_b"/>': "taken_back in a_taken_back_b",
    },
    "a/x.md": {
        "- What a price costs\n": "What",
        "| What is told | here |\n": "What",
        "The field `goes_on_as` is its number.": "goes_on in goes_on_as",
        "A step is passed\nover.": "passed over",
    },
    "a/taken_back.py": {"": "taken_back in a_taken_back"},
}
ACCEPTED = {
    "a/x.py": [
        'x = "the rest of the amount"',
        "first, *rest = values",
        'x = "See what is due."',
        'x = "What is due on this date?"',
        'x = "Withholding Tax"',
        'x = "This marks the record as failed."',
        'x = "The going rate is based on the plan."',
        'x = "He is taken to the background page."',
        "def mark_as_failed(note): ...",
        "def internal_write(records): ...",
        'x = "A trustworthy, interesting forecast"',
    ],
    "a/x.xml": ['<field name="goes_on_as" string="Continued By"/>'],
    "a/x.md": ["What is due today?\n", "See [what is due](x.md).\n"],
}


def write(tmp_path, name, text):
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        (name, text, word)
        for name, texts in FOUND.items()
        for text, word in texts.items()
    ],
)
def test_a_replaced_word_is_found(name, text, word, tmp_path):
    write(tmp_path, name, text)
    breaches = language.dialect(tmp_path)
    assert f": {word} → " in "\n".join(breaches)


@pytest.mark.parametrize(
    ("name", "text"),
    [(name, text) for name, texts in ACCEPTED.items() for text in texts],
)
def test_professional_english_is_accepted(name, text, tmp_path):
    write(tmp_path, name, text)
    assert language.dialect(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a/x.py", '"""Rule.\n\nIt\nrests.\n"""\n', 4),
        ("a/x.py", "\n# It is taken\n# back.\n", 2),
        ("a/x.py", 'x = (\n    "It is "\n    "told."\n)\n', 3),
        ("a/x.xml", "<p>\n  It\n  rests.\n  </p>", 3),
        ("a/x.md", "# A\n\nIt rests.\n", 3),
    ],
)
def test_a_finding_names_its_line(name, text, line, tmp_path):
    write(tmp_path, name, text)
    assert [each.split(":")[1] for each in language.dialect(tmp_path)] == [str(line)]


def test_one_file_is_read_alone(tmp_path):
    write(tmp_path, "a/x.py", "# It rests.")
    write(tmp_path, "a/y.py", "# It rests.")
    assert len(language.dialect(tmp_path, tmp_path / "a" / "y.py")) == 1


def test_the_glossary_may_list_replaced_words(tmp_path):
    write(tmp_path, "docs/glossary.md", "| Pause | rests |")
    assert language.dialect(tmp_path) == []


WIZARD = """
class Wizard(models.TransientModel):
    _name = "subscription.{noun}"
"""


@pytest.mark.parametrize(
    ("noun", "breaches"),
    [
        ("rest", 1),
        ("pause", 0),
        ("pause.wizard", 0),
        ("schedule.changes.wizard", 0),
        ("schedule.wizard.line", 0),
        ("hold.wizard", 0),
    ],
)
def test_a_wizard_is_named_as_its_button(noun, breaches, tmp_path):
    write(tmp_path, "a/wizards/subscriptions/x.py", WIZARD.format(noun=noun))
    write(
        tmp_path,
        "a/views/x.xml",
        '<a><button string="Pause" /><button\nname="x" string="Schedule Changes" />'
        '<record model="ir.actions.act_window">\n<field name="name">Put on Hold</field>'
        "</record></a>",
    )
    assert len(language.wizards_without_their_button(tmp_path)) == breaches
