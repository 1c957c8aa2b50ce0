"""The repository is written in the terms of docs/glossary.md.

`python -m tests.architecture.language [PATH …]` lists the uses of replaced words as
`file:line: word → term`; without a path, of the whole repository.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from .rules import files

ROOT = Path(__file__).resolve().parents[2]
EXEMPT = {
    "docs/glossary.md",  # its column "Not" lists the replaced words
    "tests/architecture/language.py",
    "tests/architecture/test_language.py",
}
SUFFIXES = {".py", ".xml", ".md", ".js", ".css", ".scss"}

WITHIN = r"(?:[\w'’%()]+\s+){0,3}?"
DAY = r"(?:%s|%\(\w+\)s|\{[^}]*\}|that day|a day|which \w+|\d+ \w+|the \d+\w*)"
TEXT = {
    r"rests|resting|rested|(?:days?|periods?) of rest|at rest": "pause",
    r"subscription\.rest": "pause",
    r"go(?:es|ing|ne)? on|went on": "continue, resume",
    r"go(?:es)? back to": "original line",
    r"go(?:es|ne)? along": "transfer with",
    rf"(?:tak(?:e|es|en|ing)|took) {WITHIN}back": "undo, reverse",
    rf"(?:giv(?:e|es|en|ing)|gave) {WITHIN}back": "refund, credit, release",
    r"giv(?:e|es|en|ing) (?:it |them )?up|gave up": "fail, end",
    r"anew": "again",
    r"whoever|whomever|nobody|somebody": "user, customer, none",
    r"told|tell|tells|telling|untold": "notify, show, return",
    r"heard": "received",
    r"(?:by|to|of|for) none": "no, not",
    r"in the way of": "block",
    r"withh(?:old(?!ing tax)\w*|eld)": "suspend",
    r"(?:\d+|all|no|how many|the|its|of) marks": "score",
    r"marks (?:at|by|of|from|out of)": "score",
    r"look(?:s|ed|ing)? (?:at|again)": "evaluate, read",
    r"said (?:to|on|by)|is said": "set, stated",
    r"(?:invoices?|periods?|changes?|lines?|steps?|days?|is|are|still|yet) to come": (
        "upcoming, scheduled"
    ),
    r"(?:downgrades?|reductions?|cancellations?) to come": "upcoming, scheduled",
    r"pass(?:ed|es|ing)? (?:it |them )?over": "skip",
    r"for good|for ever": "permanently, hard decline, forever",
    r"passing trouble": "temporary failure",
    r"by (?:itself|themselves)": "automatically",
    r"(?:of|by) people": "users, manual",
    r"set(?:s|ting)? in motion": "fulfil, start",
    r"later steps": "scheduled changes",
    r"chas(?:e|es|ed|ing)": "dunning",
    r"(?:not|never) written by hand|written by none": "cannot be edited",
    r"bec(?:ame|omes?) of (?!a\b)": "outcome",
    r"disturb(?:s|ed|ing)?": "quiet hours",
    r"wrong subscriptions?": "failing subscription",
    r"reckon(?:s|ed|ing)?": "calculate",
    r"(?:customer's|first|a) yes|says? yes": "acceptance",
    rf"from {DAY} on": "from",
    r"(?:of|for|with|from|by|than|beside|against|over|into|but|about) what": (
        "a noun phrase"
    ),
}
OPENING_WHAT = re.compile(
    r"(?:\A|(?<=[.:;|>])[ \n]|^ *(?:[-*#|]+|\d+\.) )[\s*_\"“(]*"
    r"(What(?:ever)?\s)(?![^.|]*\?)",
    re.MULTILINE,
)
IDENTIFIER = {
    r"rests|resting|rested|days_of_rest": "pause",
    r"go(?:es)?_on|went_on": "continue, resume",
    r"goes_back": "original",
    r"tak(?:e|es|en|ing)_(?:\w+_)?back": "undo, reverse",
    r"giv(?:e|es|en|ing)_(?:\w+_)?back": "refund, release",
    r"given?_up|gives_up": "fail, end",
    r"anew": "again",
    r"whoever|nobody|somebody": "user, customer, none",
    r"told|tell|tells|untold|telling": "notify, show, return",
    r"heard|says?_(?:so|what)|_say": "received, notify",
    r"none_owed|nothing_owed": "settled",
    r"withhold|withholds|withheld": "suspend",
    r"marks": "score",
    r"look(?:s|ed)?_at|look_again|only_look": "evaluate, read",
    r"passed_over|passes_over": "skipped",
    r"(?:is_)?not(?:ing|ed)|notes_down": "internal write, recorded",
    r"to_come|what_comes": "upcoming, scheduled",
    r"for_good|for_ever|passing_trouble": "permanent, hard decline, temporary failure",
    r"set_in_motion|in_motion": "fulfil, start",
    r"later_steps": "scheduled changes",
    r"chase|chases|chased": "dunning",
    r"not_sooner": "charge_start",
    r"what": "a noun",
    r"price_trial": "price simulation",
    r"became_of|becomes_of": "outcome",
}


def _compiled(words: dict[str, str], start: str, end: str) -> list[tuple]:
    return [
        (re.compile(f"{start}(?:{spaced(word)}){end}", re.IGNORECASE), term)
        for word, term in words.items()
    ]


def spaced(word: str) -> str:
    """Let the words of a phrase stand on two lines."""
    return word.replace(" ", r"\s+")


TEXT_WORDS = _compiled(TEXT, r"(?<!\w)", r"(?!\w)")
NAME_WORDS = _compiled(IDENTIFIER, r"(?<![a-z0-9])", r"(?![a-z0-9])")
NAME = re.compile(r"[A-Za-z_][\w.]*")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass
class Text:
    """A text put together from pieces of a file, which knows the line of each."""

    content: str = ""
    starts: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def add(self, piece: str, line: int) -> None:
        self.starts.append(len(self.content))
        self.lines.append(line)
        self.content += piece

    def line(self, offset: int) -> int:
        index = bisect_right(self.starts, offset) - 1
        return self.lines[index] + self.content.count("\n", self.starts[index], offset)


@dataclass(frozen=True)
class Finding:
    line: int
    word: str
    term: str


def in_text(text: Text) -> Iterator[Finding]:
    """Yield the replaced words of a text; of one that is a name, as of a name."""
    if NAME.fullmatch(text.content.strip()) and re.search(r"[_.]", text.content):
        yield from in_name(text.content.strip(), text.lines[0])
        return
    for match in OPENING_WHAT.finditer(text.content):
        yield Finding(text.line(match.start(1)), match.group(1).strip(), "a noun")
    for pattern, term in TEXT_WORDS:
        for match in pattern.finditer(text.content):
            word = " ".join(match.group().split())
            yield Finding(text.line(match.start()), word, term)


def in_name(name: str, line: int) -> Iterator[Finding]:
    """Yield the replaced words of an identifier, of snake_case and CamelCase."""
    snake = CAMEL.sub("_", name).lower()
    for pattern, term in NAME_WORDS:
        if match := pattern.search(snake):
            yield Finding(line, f"{match.group()} in {name}", term)


def python_findings(source: str) -> Iterator[Finding]:
    """Read the comments, the strings and the names that a module defines."""
    for text in python_texts(source):
        yield from in_text(text)
    for name, line in defined_names(ast.parse(source)):
        yield from in_name(name, line)


LAYOUT = {"NL", "NEWLINE", "INDENT", "DEDENT", "FSTRING_START", "FSTRING_END"}


def python_texts(source: str) -> Iterator[Text]:
    """Yield comments and strings; those that follow on each other are one text."""
    text, kind, last_line = Text(), None, 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        name = tokenize.tok_name[token.type]
        if name == "NEWLINE" and kind == "string":
            yield text
            text, kind = Text(), None
        if name in LAYOUT:
            continue
        found = _piece(name, token.string)
        if found is None or found[0] != kind or _is_apart(found[0], token, last_line):
            if text.content:
                yield text
            text = Text()
            kind = found[0] if found else None
        if found:
            text.add(found[1], token.start[0])
            last_line = token.end[0]
    if text.content:
        yield text


def _piece(name: str, string: str) -> tuple[str, str] | None:
    if name == "COMMENT":
        return "comment", string.lstrip("#:! ") + "\n"
    if name == "STRING":
        literal = re.sub(r"\A[a-zA-Z]*(\"\"\"|'''|\"|')", "", string)
        return "string", re.sub(r"(\"\"\"|'''|\"|')\Z", "", literal)
    if name == "FSTRING_MIDDLE":
        return "string", string
    return None


def _is_apart(kind: str, token: tokenize.TokenInfo, last_line: int) -> bool:
    return kind == "comment" and (
        token.start[0] != last_line + 1 or bool(token.line[: token.start[1]].strip())
    )


def defined_names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname, node.lineno


SHOWN_ATTRIBUTES = {
    "string",
    "help",
    "confirm",
    "placeholder",
    "title",
    "sum",
    "avg",
    "alt",
    "summary",
    "aria-label",
    "data-tooltip",
    "t-esc",
    "t-out",
}


def xml_findings(source: str) -> Iterator[Finding]:
    """Read text nodes, comments, shown attributes and the ids of records."""
    for text in xml_texts(source):
        yield from in_text(text)


def xml_texts(source: str) -> list[Text]:
    texts: list[Text] = []
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def add(content: str, line: int) -> None:
        if content.strip():
            text = Text()
            text.add(content, line)
            texts.append(text)

    def start(tag: str, attributes: dict[str, str]) -> None:
        for name, value in attributes.items():
            is_label = name in SHOWN_ATTRIBUTES or (tag, name) == ("menuitem", "name")
            if is_label or name == "id":
                add(value, parser.CurrentLineNumber)

    def characters(content: str) -> None:
        # Buffered text ends where the parser stands.
        leading = len(content) - len(content.lstrip("\n"))
        line = parser.CurrentLineNumber - content.count("\n") + leading
        add(content.lstrip("\n"), max(line, 1))

    parser.StartElementHandler = start
    parser.CharacterDataHandler = characters
    parser.CommentHandler = lambda content: add(content, parser.CurrentLineNumber)
    parser.Parse(source, True)
    return texts


BACKTICKED = re.compile(r"`([A-Za-z_][\w.]*)`")


def markdown_findings(source: str) -> Iterator[Finding]:
    """Read the text, and the names that it quotes."""
    text = Text()
    text.add(source, 1)
    yield from in_text(text)
    for match in BACKTICKED.finditer(source):
        yield from in_name(match.group(1), text.line(match.start()))


def plain_findings(source: str) -> Iterator[Finding]:
    text = Text()
    text.add(source, 1)
    yield from in_text(text)


READERS = {
    ".py": python_findings,
    ".xml": xml_findings,
    ".md": markdown_findings,
}


def findings(file: Path, relative: Path) -> list[Finding]:
    """Return the replaced words of a file and of its name, by line."""
    read = READERS.get(file.suffix, plain_findings)
    found = [*in_name("_".join(relative.with_suffix("").parts).replace("-", "_"), 1)]
    found += read(file.read_text())
    return sorted(set(found), key=lambda each: (each.line, each.word))


def read_files(root: Path, under: Path) -> Iterator[Path]:
    for path in [under] if under.is_file() else files(under, *SUFFIXES):
        relative = path.relative_to(root)
        if path.suffix in SUFFIXES:
            if relative.as_posix() not in EXEMPT and "static/lib" not in str(relative):
                yield path


def dialect(root: Path, under: Path | None = None) -> list[str]:
    """No word that docs/glossary.md replaces is used."""
    return [
        f"{file.relative_to(root)}:{each.line}: {each.word} → {each.term}"
        for file in read_files(root, under or root)
        for each in findings(file, file.relative_to(root))
    ]


WIZARD = re.compile(
    r"models\.TransientModel\):.*?_name = \"subscription\.([\w.]+)\"", re.DOTALL
)
LABEL = re.compile(
    r"<button[^>]*?\bstring=\"([^\"]+)\""
    r"|model=\"ir\.actions\.act_window\">\s*<field name=\"name\">([^<]+)<"
)


def wizards_without_their_button(root: Path) -> list[str]:
    """A button or action that opens a wizard has the words of the wizard's model."""
    found = []
    for folder in sorted(root.glob("*/wizards")):
        labels = [
            set(re.findall(r"\w+", "".join(label).lower()))
            for view in folder.parent.rglob("*.xml")
            for label in LABEL.findall(view.read_text())
        ]
        for file in sorted(folder.rglob("*.py")):
            for model in WIZARD.findall(file.read_text()):
                words = set(model.removesuffix(".wizard").split("."))
                is_row = model.endswith((".line", ".step"))
                if not is_row and not any(words <= label for label in labels):
                    found.append(f"{file.relative_to(root)}: subscription.{model}")
    return found


def main(arguments: list[str]) -> int:
    paths = [Path(argument).resolve() for argument in arguments] or [ROOT]
    breaches = [line for path in paths for line in dialect(ROOT, path)]
    print(*breaches, sep="\n")
    print(f"{len(breaches)} found", file=sys.stderr)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
