"""Measure how a Python package reads: size, function length, docstrings, types, import cycles.

    python measure.py path/to/package [more ...] [--tests DIR] [--skip GLOB] [--json] [--cycles]

One rule for every codebase, so that numbers can be compared:

* a *code line* holds at least one token that is not a comment, and is not a docstring
  (any bare string statement counts as docstring, so Sphinx attribute strings do too);
* a *function* runs from its ``def`` line to its last line, counted in code lines, signature
  included, decorators not; ``@overload`` and ``...``-only stubs are left out;
* *docs* is the share of public classes, functions and methods (no leading underscore; dunders,
  property setters and anything nested in a function left out) that own a docstring;
* *types* is the share of parameters (self/cls apart) and returns that are annotated;
* an *import cycle* is a strongly connected group of two or more modules, shown as
  ``groups (modules in the largest)``. ``load`` uses only imports that run at import time; the two
  ways a cycle is usually hidden come next: imports deferred into functions (``+deferred``), then
  those under ``if TYPE_CHECKING`` (``+typing``).
"""

from __future__ import annotations

import argparse
import ast
import fnmatch
import functools
import io
import json
import re
import statistics
import tokenize
from dataclasses import dataclass, field
from pathlib import Path

SILENT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}
DEFS = (ast.FunctionDef, ast.AsyncFunctionDef)
BRANCHES = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ExceptHandler,
    ast.IfExp,
    ast.With,
    ast.AsyncWith,
    ast.comprehension,
    ast.match_case,
)
KINDS = ("load", "deferred", "type")
NESTING = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.With, ast.AsyncWith, ast.Match)


@dataclass
class Function:
    name: str
    where: str
    code: int
    physical: int
    branches: int
    depth: int
    args: int


@dataclass
class Module:
    name: str
    path: Path
    physical: int
    code: int
    comments: int
    docstring: int
    functions: list[Function] = field(default_factory=list)
    public: int = 0
    documented: int = 0
    slots: int = 0
    annotated: int = 0
    imports: dict[str, set[str]] = field(default_factory=lambda: {kind: set() for kind in KINDS})


# -- lines ---------------------------------------------------------------------------------------


def line_kinds(source: str, tree: ast.AST) -> tuple[set[int], set[int], set[int]]:
    """Line numbers that hold code, a comment alone, and a docstring."""
    docs = {n for node in ast.walk(tree) if is_bare_string(node) for n in range(node.lineno, node.end_lineno + 1)}
    code: set[int] = set()
    comments: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            comments.add(token.start[0])
        elif token.type not in SILENT:
            code.update(range(token.start[0], token.end[0] + 1))
    return code - docs, comments - code - docs, docs


def is_bare_string(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


# -- definitions ---------------------------------------------------------------------------------


def is_stub(node: ast.AST) -> bool:
    """True for ``@overload`` signatures and bodies that are only ``...`` (and a docstring)."""
    if any("overload" in ast.unparse(d) for d in node.decorator_list):
        return True
    body = [s for s in node.body if not is_bare_string(s)]
    return all(isinstance(s, ast.Expr) and getattr(s.value, "value", 0) is ... for s in body) and bool(body)


def is_setter(node: ast.AST) -> bool:
    return any(isinstance(d, ast.Attribute) and d.attr in ("setter", "deleter") for d in node.decorator_list)


def nesting(node: ast.AST) -> int:
    """How deep the control flow of *node* nests; an ``elif`` is not one deeper."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*DEFS, ast.ClassDef, ast.expr)):  # an expression holds no statement
            continue
        elif_ = isinstance(node, ast.If) and isinstance(child, ast.If) and child in node.orelse
        deepest = max(deepest, (isinstance(child, NESTING) and not elif_) + nesting(child))
    return deepest


def all_args(node: ast.AST) -> list[ast.arg]:
    a = node.args
    return [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))]


def scan_definitions(module: Module, tree: ast.AST, code: set[int]) -> None:
    def visit(node: ast.AST, owner: str, public: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):  # it holds no definition but lambdas
                continue
            if isinstance(child, ast.ClassDef):
                shown = public and not child.name.startswith("_")
                module.public += shown
                module.documented += shown and ast.get_docstring(child) is not None
                visit(child, f"{owner}{child.name}.", shown)
            elif isinstance(child, DEFS):
                if not is_stub(child):
                    record(child, owner, public and not child.name.startswith("_") and not is_setter(child))
                visit(child, f"{owner}{child.name}.", False)
            else:
                visit(child, owner, public)

    def record(node: ast.AST, owner: str, shown: bool) -> None:
        span = range(node.lineno, node.end_lineno + 1)
        args = all_args(node)
        module.functions.append(
            Function(
                name=owner + node.name,
                where=f"{module.path.name}:{node.lineno}",
                code=len(code.intersection(span)),
                physical=len(span),
                branches=sum(isinstance(n, BRANCHES) for n in ast.walk(node)),
                depth=nesting(node),
                args=len(args),
            )
        )
        module.public += shown
        module.documented += shown and ast.get_docstring(node) is not None
        typed = [a for a in args if a.arg not in ("self", "cls")]
        module.slots += len(typed) + 1
        module.annotated += sum(a.annotation is not None for a in typed) + (node.returns is not None)

    visit(tree, "", True)


# -- imports -------------------------------------------------------------------------------------


def scan_imports(module: Module, tree: ast.AST, names: set[str], is_package: bool) -> None:
    def visit(node: ast.AST, kind: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):  # it imports nothing
                continue
            if isinstance(child, ast.Import):
                module.imports[kind].update(nearest(a.name, names) for a in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = absolute(module.name, child, is_package)
                for alias in child.names:
                    full = f"{base}.{alias.name}"
                    module.imports[kind].add(full if full in names else nearest(base, names))
            elif isinstance(child, DEFS):
                visit(child, "deferred")
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                for statement in child.body:
                    visit(ast.Module([statement], []), "type")
                for statement in child.orelse:
                    visit(ast.Module([statement], []), kind)
            else:
                visit(child, kind)

    visit(tree, "load")
    for found in module.imports.values():
        found.discard("")
        found.discard(module.name)


def absolute(here: str, node: ast.ImportFrom, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = here.split(".")
    parts = parts[: len(parts) - node.level + is_package]
    return ".".join([*parts, *([node.module] if node.module else [])])


def nearest(name: str, names: set[str]) -> str:
    return name if name in names else ""


def cycles(modules: list[Module], kinds: tuple[str, ...]) -> list[list[str]]:
    """Tarjan's strongly connected components of two or more modules."""
    graph = {m.name: set().union(*(m.imports[k] for k in kinds)) for m in modules}
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def connect(v: str) -> None:
        index[v] = low[v] = len(index)
        stack.append(v)
        for w in graph[v]:
            if w not in index:
                connect(w)
                low[v] = min(low[v], low[w])
            elif w in stack:
                low[v] = min(low[v], index[w])
        if low[v] == index[v]:
            group = stack[stack.index(v) :]
            del stack[stack.index(v) :]
            if len(group) > 1:
                found.append(sorted(group))

    for v in graph:
        if v not in index:
            connect(v)
    return found


# -- a whole package -----------------------------------------------------------------------------


def named_files(root: Path, skip: list[str]) -> dict[str, Path]:
    """The files of a package by their modules' names, without reading them."""
    top = root if root.is_dir() else root.parent
    paths = (
        [root]
        if root.is_file()
        else sorted(
            p for p in root.rglob("*.py") if not any(fnmatch.fnmatch(str(p.relative_to(root)), s) for s in skip)
        )
    )
    base = top.parent if (top / "__init__.py").exists() else top
    return {".".join(p.relative_to(base).with_suffix("").parts).removesuffix(".__init__"): p for p in paths}


def read_package(root: Path, skip: list[str]) -> list[Module]:
    named = named_files(root, skip)
    modules = []
    for name, path in named.items():
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        code, comments, docs = line_kinds(source, tree)
        module = Module(name, path, len(source.splitlines()), len(code), len(comments), len(docs))
        scan_definitions(module, tree, code)
        scan_imports(module, tree, set(named), path.name == "__init__.py")
        modules.append(module)
    return modules


@functools.cache
def standing(root: Path) -> dict[str, Module]:
    """The modules of a package that does not change while its tests run, by their names: measured once."""
    return {module.name: module for module in read_package(root, [])}


def percentile(values: list[int], share: float) -> int:
    ordered = sorted(values) or [0]
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def summarise(modules: list[Module]) -> dict[str, object]:
    functions = [f for m in modules for f in m.functions]
    lengths = [f.code for f in functions]
    longest = max(functions, key=lambda f: f.code, default=None)
    biggest = max(modules, key=lambda m: m.code)
    load, deferred, typing = (cycles(modules, KINDS[:n]) for n in (1, 2, 3))
    code = sum(m.code for m in modules)
    return {
        "files": len(modules),
        "physical": sum(m.physical for m in modules),
        "code": code,
        "comment%": round(100 * sum(m.comments for m in modules) / code),
        "docline%": round(100 * sum(m.docstring for m in modules) / code),
        "functions": len(functions),
        "fn median": int(statistics.median(lengths or [0])),
        "fn p95": percentile(lengths, 0.95),
        "fn max": longest and f"{longest.code} {longest.name} ({longest.where})",
        "fn>40": sum(n > 40 for n in lengths),
        "branches p95": percentile([f.branches for f in functions], 0.95),
        "depth>3": sum(f.depth > 3 for f in functions),
        "module median": int(statistics.median(m.code for m in modules)),
        "module max": f"{biggest.code} {biggest.name} ({biggest.physical} phys.)",
        "docs%": round(100 * sum(m.documented for m in modules) / max(1, sum(m.public for m in modules))),
        "types%": round(100 * sum(m.annotated for m in modules) / max(1, sum(m.slots for m in modules))),
        "cycles load": f"{len(load)} ({max(map(len, load), default=0)})",
        "  +deferred": f"{len(deferred)} ({max(map(len, deferred), default=0)})",
        "  +typing": f"{len(typing)} ({max(map(len, typing), default=0)})",
        "deferred": sum(len(m.imports["deferred"] - m.imports["load"]) for m in modules),
    }


def summarise_tests(root: Path, code: int) -> dict[str, object]:
    modules = read_package(root, ["*/data/*"])
    sources = [m.path.read_text(encoding="utf-8") for m in modules]
    tests = [f for m in modules for f in m.functions if f.name.split(".")[-1].startswith("test")]
    in_classes = sum("." in f.name and f.name.split(".")[0][0].isupper() for f in tests)
    size = sum(m.code for m in modules)
    return {
        "tests": len(tests),
        "test code": size,
        "test/code": round(size / code, 2),
        "test median": int(statistics.median([f.code for f in tests] or [0])),
        "in classes%": round(100 * in_classes / max(1, len(tests))),
        "parametrize": sum(len(re.findall(r"mark\.parametrize", s)) for s in sources),
        "fixtures": sum(len(re.findall(r"@pytest\.fixture|@fixture", s)) for s in sources),
        "mocks": sum(len(re.findall(r"\bmock\.|monkeypatch\.|mocker\.", s)) for s in sources),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path, nargs="+")
    parser.add_argument("--tests", type=Path)
    parser.add_argument("--skip", action="append", default=[], help="glob, relative to the package")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--cycles", action="store_true", help="name the modules in each cycle")
    parser.add_argument("--longest", type=int, default=0, metavar="N", help="list the N longest functions")
    options = parser.parse_args()
    for root in options.package:
        modules = read_package(root, options.skip)
        result = summarise(modules)
        if options.tests:
            result |= summarise_tests(options.tests, result["code"])
        if options.json:
            print(json.dumps({"package": str(root), **result}))
        else:
            print(f"{root}")
            print("\n".join(f"  {key:14} {value}" for key, value in result.items()))
        if options.cycles:
            for n in (1, 2, 3):
                for group in cycles(modules, KINDS[:n]):
                    print(f"  cycle [{' + '.join(KINDS[:n])}]: {', '.join(group)}")
        ranked = sorted((f for m in modules for f in m.functions), key=lambda f: -f.code)
        for f in ranked[: options.longest]:
            size = f"{f.code:4} code {f.physical:4} phys  {f.branches:3} branches  depth {f.depth}"
            print(f"  {size}  {f.name}  {f.where}")


if __name__ == "__main__":
    main()
