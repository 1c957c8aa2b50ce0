"""Small changes of a program, each of which some test should notice.

Libraries were considered: mutmut keeps its copy in the tree and its choice of tests in
the configuration, cosmic-ray its state in a database; neither runs quick tests first or
tests on a kept database of Odoo. The part that would be used of them is this file.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
}
OPPOSITES = {"min": "max", "max": "min", "any": "all", "all": "any"}
LOGS = ("logger", "_logger", "warnings")
"""Calls on these objects write to a log and change no result."""


@dataclass(frozen=True)
class Mutant:
    """One change of a file."""

    line: int
    before: str
    after: str
    source: str
    """The whole file with the change."""


def mutants(source: str, only_in_functions: bool = False) -> list[Mutant]:
    """Return every small change of a source text, from its top to its end."""
    tree = ast.parse(source)
    found = []
    for node in _nodes(tree, inside=not only_in_functions):
        for replacement in _replacements(node):
            after = "pass" if replacement is None else ast.unparse(replacement)
            if mutant := _mutant(source, node, after):
                found.append(mutant)
    return sorted(found, key=lambda mutant: mutant.line)


def _nodes(node: ast.AST, inside: bool) -> Iterator[ast.AST]:
    """Yield the nodes to change; annotations, decorators, texts and errors are not."""
    if isinstance(node, ast.Raise | ast.Import | ast.ImportFrom | ast.JoinedStr):
        return
    if isinstance(node, ast.AnnAssign):
        if node.value:
            yield from _nodes(node.value, inside)
        return
    if isinstance(node, ast.FunctionDef):
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if default:
                yield from _nodes(default, inside)
        for statement in node.body:
            yield from _nodes(statement, True)
        return
    if inside:
        yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(node, ast.ClassDef) and child in node.decorator_list:
            continue
        yield from _nodes(child, inside)


def _replacements(node: ast.AST) -> Iterator[ast.AST | None]:
    """Yield the replacements of a node; None removes it."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in COMPARISONS:
            yield _with(node, ops=[COMPARISONS[type(operator)]()])
        case ast.BinOp(op=operator) | ast.AugAssign(op=operator) if type(
            operator
        ) in ARITHMETIC and not _is_of_text(node):
            yield _with(node, op=ARITHMETIC[type(operator)]())
        case ast.BoolOp():
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield _with(node, op=other)
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.IfExp():
            yield _with(node, body=node.orelse, orelse=node.body)
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=int() as value):
            yield ast.Constant(value + 1)
        case ast.Call(func=ast.Name(id=name)) if name in OPPOSITES:
            yield _with(node, func=ast.Name(OPPOSITES[name]))
        case ast.Expr(value=ast.Call() as call) if not _is_logged(call):
            yield None
        case ast.If():
            yield from ()
    if isinstance(node, ast.Call) and not _is_logged(node):
        yield from _without_a_keyword(node)


def _without_a_keyword(call: ast.Call) -> Iterator[ast.AST]:
    for keyword in call.keywords:
        if keyword.arg:
            rest = [other for other in call.keywords if other is not keyword]
            yield _with(call, keywords=rest)


def _with(node: ast.AST, **changes: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed


def _is_of_text(node: ast.AST) -> bool:
    """Return whether an operator joins or formats text."""
    return any(
        isinstance(part, ast.JoinedStr)
        or (isinstance(part, ast.Constant) and isinstance(part.value, str))
        for part in ast.walk(node)
    )


def _is_logged(call: ast.Call) -> bool:
    where = call.func
    return (
        isinstance(where, ast.Attribute)
        and isinstance(where.value, ast.Name)
        and where.value.id in LOGS
    )


def _mutant(source: str, node: ast.AST, after: str) -> Mutant | None:
    """Return the source with a node replaced, or None when that changes nothing."""
    before = ast.get_source_segment(source, node)
    assert isinstance(node, ast.expr | ast.stmt)
    assert node.end_lineno is not None and node.end_col_offset is not None
    if before is None:
        return None
    # An expression keeps its place among others.
    text = f"({after})" if isinstance(node, ast.expr) else after
    lines = source.encode().splitlines(keepends=True)
    head = (
        b"".join(lines[: node.lineno - 1]) + lines[node.lineno - 1][: node.col_offset]
    )
    tail = lines[node.end_lineno - 1][node.end_col_offset :] + b"".join(
        lines[node.end_lineno :]
    )
    changed = (head + text.encode() + tail).decode()
    if ast.dump(ast.parse(changed)) == ast.dump(ast.parse(source)):
        return None
    return Mutant(node.lineno, " ".join(before.split()), after, changed)
