"""Mutants of a module: its syntax tree with one comparison, constant, sign, condition, check or rounding changed.

A mutant is named by what it does, not by where it stands: its file, the function, the statement before and after, and
its place among others that say the same. So names survive edits elsewhere in the file.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType

BOUNDARY = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
NEGATED = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
OPPOSITE = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
SWAPPED = {
    "min": "max",
    "any": "all",
    "lower": "upper",
    "below": "above",
    "down": "up",
    "floor": "ceil",
    "low": "high",
    "minimum": "maximum",
    "least": "greatest",
    "smallest": "largest",
    "first": "last",
}
SWAPPED |= {b: a for a, b in SWAPPED.items()}
"""Words that name the two sides of something; also as parts of names."""

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True)
class Mutant:
    """One change of one module.

    `lines` are those of the statement, the first and the last one, `inside` those of what it does if its condition
    holds (the same for statements without one), and `scope` is the function, "" outside of any.
    """

    path: str
    scope: str
    kind: str
    before: str
    after: str
    place: int
    lines: tuple[int, int] = field(compare=False)
    inside: tuple[int, int] = field(compare=False)
    compile: Callable[[], CodeType] = field(compare=False, repr=False)

    @property
    def key(self) -> str:
        """What the mutant does, as one line of text."""
        place = f" #{self.place}" if self.place else ""
        return f"{self.path}:{self.scope}: {self.before}  ->  {self.after}{place}"


@dataclass
class Change:
    """A change of a syntax tree that can be made and taken back."""

    kind: str
    owner: object
    name: str | int
    new: object

    def swap(self) -> None:
        """Make the change, or take it back."""
        if isinstance(self.name, int):
            self.owner[self.name], self.new = self.new, self.owner[self.name]
        else:
            old = getattr(self.owner, self.name)
            setattr(self.owner, self.name, self.new)
            self.new = old


def _truth(value: bool) -> ast.Constant:
    return ast.Constant(value)


def _other_name(name: str, known: frozenset[str]) -> str | None:
    """Return the name of the other side, if it is used in the module, or is one of the language."""
    words = [SWAPPED.get(word, word) for word in re.split(r"(_)", name)]
    other = "".join(words)
    return other if other != name and (other in known or name in ("min", "max", "any", "all")) else None


class Finder:
    """Lists the changes of a module, each with the statement and the function that it stands in."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.found: list[tuple[Change, ast.stmt, tuple[str, ...]]] = []
        nodes = list(ast.walk(tree))
        self.names = frozenset(n.id for n in nodes if isinstance(n, ast.Name)) | {
            a.arg for n in nodes if isinstance(n, ast.arguments) for a in (*n.posonlyargs, *n.args, *n.kwonlyargs)
        }
        self.names |= {a.asname or a.name for n in nodes if isinstance(n, ast.ImportFrom) for a in n.names}
        self.attributes = frozenset(n.attr for n in nodes if isinstance(n, ast.Attribute))
        self.attributes |= {n.name for n in nodes if isinstance(n, ast.FunctionDef)}

    def run(self) -> None:
        """Go through the module."""
        self._block(self.tree, "body", ())

    def _block(self, owner: ast.AST, name: str, scope: tuple[str, ...]) -> None:
        statements = getattr(owner, name)
        for i, statement in enumerate(statements):
            self._statement(statement, scope, lambda new, kind, i=i: Change(kind, statements, i, new))

    def _statement(self, s: ast.stmt, scope: tuple[str, ...], replace: Callable[[ast.stmt, str], Change]) -> None:
        def add(change: Change) -> None:
            self.found.append((change, s, scope))

        if isinstance(s, ast.Import | ast.ImportFrom | ast.Global | ast.Nonlocal | ast.Pass):
            return
        if isinstance(s, ast.FunctionDef | ast.ClassDef):
            self._definition(s, scope)
            return
        if isinstance(s, ast.If) and "TYPE_CHECKING" in ast.unparse(s.test):
            return
        if isinstance(s, ast.Raise):
            add(replace(ast.Pass(), "raise dropped"))
            return
        if isinstance(s, ast.Expr):
            if isinstance(s.value, ast.Constant):  # a docstring
                return
            if isinstance(s.value, ast.Call):
                add(replace(ast.Pass(), "call dropped"))
        if isinstance(s, ast.Continue):
            add(replace(ast.Break(), "continue to break"))
        if isinstance(s, ast.Break):
            add(replace(ast.Continue(), "break to continue"))
        if isinstance(s, ast.AugAssign) and type(s.op) in OPPOSITE:
            add(Change("sign", s, "op", OPPOSITE[type(s.op)]()))
        for name, value in ast.iter_fields(s):
            if name in ("body", "orelse", "finalbody") and isinstance(value, list):
                self._block(s, name, scope)
            elif name == "handlers":
                for handler in value:
                    self._block(handler, "body", scope)
            elif name not in ("annotation", "targets", "target", "op", "cases"):
                self._values(s, name, value, s, scope)
        if isinstance(s, ast.Match):
            for case in s.cases:
                self._block(case, "body", scope)

    def _definition(self, s: ast.FunctionDef | ast.ClassDef, scope: tuple[str, ...]) -> None:
        """Changes of a function or class: its body and defaults, but no annotations and decorators."""
        if isinstance(s, ast.FunctionDef):
            for name in ("defaults", "kw_defaults"):
                self._values(s.args, name, getattr(s.args, name), s, scope)
        self._block(s, "body", (*scope, s.name))

    def _values(self, owner: ast.AST, name: str, value: object, s: ast.stmt, scope: tuple[str, ...]) -> None:
        if isinstance(value, list):
            for i, item in enumerate(value):
                if isinstance(item, ast.AST):
                    self._node(item, Change("", value, i, None), s, scope)
        elif isinstance(value, ast.AST):
            self._node(value, Change("", owner, name, None), s, scope)

    def _node(self, node: ast.AST, place: Change, s: ast.stmt, scope: tuple[str, ...], text: bool = False) -> None:
        """Changes of one expression; in what is printed (`text`), only of names."""

        def put(kind: str, new: object) -> None:
            self.found.append((Change(kind, place.owner, place.name, new), s, scope))

        def inside(kind: str, owner: object, name: str | int, new: object) -> None:
            self.found.append((Change(kind, owner, name, new), s, scope))

        condition = isinstance(place.name, str) and place.name == "test"
        condition = condition or (isinstance(place.name, int) and any(place.owner is c for c in self._ifs(s)))
        if condition:
            if not isinstance(place.owner, ast.While):
                put("condition true", _truth(True))
            put("condition false", _truth(False))
        text = text or isinstance(node, ast.JoinedStr)
        if isinstance(node, ast.keyword) and node.arg == "strict":  # of zip: an assertion
            return
        if not text:
            self._operators(node, condition, put, inside)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if (other := _other_name(node.id, self.names)) is not None:
                inside("side", node, "id", other)
        elif isinstance(node, ast.Attribute) and (other := _other_name(node.attr, self.attributes)) is not None:
            inside("side", node, "attr", other)
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "ctx", "op", "ops", "args") and not isinstance(node, ast.Call):
                continue
            items = value if isinstance(value, list) else [value]
            for i, item in enumerate(items):
                if isinstance(item, ast.UnaryOp) and getattr(getattr(node, "func", None), "attr", "") == "reshape":
                    continue  # any negative number stands for the length that is left
                if isinstance(item, ast.AST):
                    there = Change("", value, i, None) if isinstance(value, list) else Change("", node, name, None)
                    self._node(item, there, s, scope, text)

    def _ifs(self, s: ast.stmt) -> Iterator[list[ast.expr]]:
        return (node.ifs for node in ast.walk(s) if isinstance(node, ast.comprehension))

    @staticmethod
    def _operators(node: ast.AST, condition: bool, put: Callable, inside: Callable) -> None:
        if isinstance(node, ast.Compare):
            for i, op in enumerate(node.ops):
                if type(op) in BOUNDARY:
                    inside("boundary", node.ops, i, BOUNDARY[type(op)]())
                if not condition or len(node.ops) > 1:
                    inside("comparison", node.ops, i, NEGATED[type(op)]())
        elif isinstance(node, ast.BoolOp):
            inside("and/or", node, "op", OPPOSITE[type(node.op)]())
            for i in range(len(node.values)):
                rest = node.values[:i] + node.values[i + 1 :]
                put("condition dropped", rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest))
        elif isinstance(node, ast.UnaryOp):
            if isinstance(node.op, ast.USub) or (isinstance(node.op, ast.Not) and not condition):
                put("sign" if isinstance(node.op, ast.USub) else "not dropped", node.operand)
        elif isinstance(node, ast.BinOp) and type(node.op) in OPPOSITE:
            inside("sign", node, "op", OPPOSITE[type(node.op)]())
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "abs" and len(node.args) == 1:
            put("abs dropped", node.args[0])
        elif isinstance(node, ast.Constant):
            value = node.value
            if isinstance(value, bool):
                inside("constant", node, "value", not value)
            elif isinstance(value, int):
                inside("constant", node, "value", value + 1)
                if value == 1:
                    inside("constant", node, "value", 0)
            elif isinstance(value, float):
                inside("constant", node, "value", 2 * value if value else 1.0)


def _header(s: ast.stmt) -> str:
    """Return the text of a statement, of one that holds others only how it begins."""
    if isinstance(s, ast.FunctionDef | ast.ClassDef):
        text = ast.unparse(s)
        return text[: text.index("\n")] if not s.decorator_list else text.split("\n    ")[0].replace("\n", "; ")
    lines = ast.unparse(s).split("\n")
    return lines[0] if hasattr(s, "body") else " ".join(line.strip() for line in lines)


def _last_line(s: ast.stmt) -> int:
    body = getattr(s, "body", None)
    return body[0].lineno - 1 if body and body[0].lineno > s.lineno else (s.end_lineno or s.lineno)


def mutants(root: Path, path: str) -> list[Mutant]:
    """List all mutants of a module, in its order."""
    tree = ast.parse((root / path).read_text(encoding="utf-8"))
    finder = Finder(tree)
    finder.run()
    for function in ast.walk(tree):  # one without super() would have no cell of the class, and could not replace it
        if isinstance(function, ast.FunctionDef) and any(getattr(n, "id", "") == "super" for n in ast.walk(function)):
            function.body.append(ast.copy_location(ast.Expr(ast.Name("__class__", ast.Load())), function.body[-1]))
    seen: Counter[tuple[str, ...]] = Counter()
    result = []
    for change, statement, scope in finder.found:
        before = _header(statement)
        change.swap()
        dropped = change.kind in ("raise dropped", "call dropped", "continue to break", "break to continue")
        after = ast.unparse(change.owner[change.name]) if dropped else _header(statement)
        change.swap()
        if before == after:
            continue
        same = (".".join(scope), change.kind, before, after)
        lines = inside = (statement.lineno, _last_line(statement))
        if isinstance(statement, ast.If | ast.While):
            inside = (statement.body[0].lineno, statement.body[-1].end_lineno or statement.body[-1].lineno)
        compiled = _compiler(tree, change, str(root / path))
        result.append(Mutant(path, *same, seen[same], lines, inside, compiled))
        seen[same] += 1
    return result


def _compiler(tree: ast.Module, change: Change, name: str) -> Callable[[], CodeType]:
    def compiled() -> CodeType:
        change.swap()
        try:
            return compile(ast.fix_missing_locations(tree), name, "exec", dont_inherit=True)
        finally:
            change.swap()

    return compiled


def outside(code: CodeType) -> tuple:
    """What the code of a module does when it is imported, but for the functions it makes."""
    inner = tuple(
        (c.co_name, outside(c) if not _is_function(c) else None) if isinstance(c, CodeType) else repr(c)
        for c in code.co_consts
    )
    return code.co_code, code.co_names, inner


def _is_function(code: CodeType) -> bool:
    return bool(code.co_flags & 0x02) and code.co_name not in ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")
