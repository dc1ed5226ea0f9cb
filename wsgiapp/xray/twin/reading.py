"""Reading code: what a function can return, what it can raise, what it puts where. Nothing is run.

Each answer errs on the safe side: what cannot be told is ``unknown``, or may raise anything.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from werkzeug.exceptions import BadRequest, HTTPException, NotFound, UnsupportedMediaType, default_exceptions

from .gather import Definition, Gathering, Use
from .source import Function, Piece

#: What a view returned: text, a value for JSON, a response, a tuple around one of them, or who knows.
EVERYTHING = frozenset({"text", "json", "response", "tuple", "unknown"})
_KINDS = {
    "render_template": "text", "render_template_string": "text", "stream_template": "text", "url_for": "text",
    "stream_template_string": "text", "stream_with_context": "text", "jsonify": "response", "redirect": "response",
    "make_response": "response", "Response": "response", "send_file": "response", "send_from_directory": "response",
}  # fmt: skip
_TEXT_METHODS = frozenset({"format", "join", "upper", "lower", "title", "strip", "replace", "encode", "decode"})
_SAFE_CALLS = frozenset({
    "str", "len", "repr", "sorted", "list", "dict", "tuple", "set", "bool", "isinstance", "enumerate", "zip", "reversed",
    "print", "any", "all", "super",
})  # fmt: skip
_SAFE_METHODS = frozenset({
    *_TEXT_METHODS, "get", "getlist", "items", "keys", "values", "append", "add", "setdefault", "update", "pop",
    "set_cookie", "delete_cookie", "to_dict", "info", "warning", "debug", "error", "perf_counter", "time",
})  # fmt: skip
# Mappings of a request whose missing keys are answered with 400, and attributes that parse its body.
_MAPPINGS = frozenset({"args", "form", "files", "values", "cookies", "headers"})
_JSON = frozenset({"json", "get_json"})
_PLAIN_CALLS = frozenset({"str", "int", "float", "bool", "len"})
_PLAIN_ATTRIBUTES = frozenset({"args", "form", "values", "cookies", "headers", "method", "path", "url", "host", *_JSON})


# -- what it returns -----------------------------------------------------------------------------------------------


def kinds_of(definition: Definition | None, gathering: Gathering) -> frozenset[str]:
    """What a function of the app's can return, of :data:`EVERYTHING`; ``none`` for nothing."""
    if definition is None or definition.answers is None:
        return frozenset({"unknown"})
    return _Returns(*definition.answers, gathering).kinds


class _Returns:
    def __init__(self, piece: Piece, node: Any, gathering: Gathering, around: tuple[Any, ...] = ()) -> None:
        self.gathering = gathering
        self.around = (*around, node)
        self.piece = piece
        self.assigned: dict[str, list[ast.expr | None]] = {}
        if isinstance(node, ast.Lambda):
            self.kinds = self.kind(node.body)
            return
        own = [*own_nodes(node.body)]
        for one in own:
            self._note_assignment(one)
        found: set[str] = set()
        for value in [one.value for one in own if isinstance(one, ast.Return)]:
            found |= self.kind(value) if value is not None else {"none"}
        if any(isinstance(one, (ast.Yield, ast.YieldFrom)) for one in own):
            found = {"text"}
        elif not _ends(node.body):
            found.add("none")
        self.kinds = frozenset(found)

    def _note_assignment(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            self.assigned.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            self.assigned.setdefault(node.target.id, []).append(node.value)
        elif not isinstance(node, (ast.Name, ast.Return)):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.Name) and not isinstance(child.ctx, ast.Load):
                    self.assigned.setdefault(child.id, []).append(None)

    def kind(self, node: ast.expr | None) -> frozenset[str]:
        """What an expression gives."""
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))):
            return frozenset({"text"})
        if isinstance(node, (ast.Dict, ast.DictComp, ast.List, ast.ListComp)):
            return frozenset({"json"})
        if isinstance(node, ast.Tuple) and node.elts:
            return self.kind(node.elts[0]) | {"tuple"}
        if isinstance(node, ast.IfExp):
            return self.kind(node.body) | self.kind(node.orelse)
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mod)):
            sides = (self.kind(node.left), self.kind(node.right) if isinstance(node.op, ast.Add) else None)
            return frozenset({"text" if {"text"} in sides else "unknown"})
        if isinstance(node, ast.Name) and node.id in self.assigned:
            values = self.assigned.pop(node.id)  # popped: a name may be assigned from itself
            return frozenset().union(*map(self.kind, values))
        return self._call(node) if isinstance(node, ast.Call) else frozenset({"unknown"})

    def _call(self, node: ast.Call) -> frozenset[str]:
        function: Any = node.func
        part = self.piece.parts.get(function, "")
        if part in _KINDS:
            return frozenset({_KINDS[part]})
        if isinstance(function, ast.Attribute) and function.attr in _TEXT_METHODS:
            return self.kind(function.value)
        if isinstance(function, ast.Name) and function.id in ("str", "dict", "list"):
            return frozenset({"text" if function.id == "str" else "json"})
        obj = self.piece.values.get(function)
        called = [one.answers for one in self.gathering.definitions.values() if one.piece and one.piece.obj is obj]
        if not called or called[0] is None or called[0][1] in self.around:
            return frozenset({"unknown"})
        return _Returns(*called[0], self.gathering, self.around).kinds


def _ends(body: list[ast.stmt]) -> bool:
    """Whether a block never comes to its end."""
    last = body[-1]
    if isinstance(last, ast.If):
        return bool(last.orelse) and _ends(last.body) and _ends(last.orelse)
    if isinstance(last, (ast.With, ast.AsyncWith)):
        return _ends(last.body)
    if isinstance(last, ast.Try):
        return _ends(last.finalbody or last.orelse or last.body) and all(_ends(one.body) for one in last.handlers)
    return isinstance(last, (ast.Return, ast.Raise))


def own_nodes(body: Iterable[ast.AST]) -> Iterable[ast.AST]:
    """The nodes of a function that do not lie in a function or class inside it."""
    for node in body:
        yield node
        if not isinstance(node, (*Function, ast.ClassDef)):
            yield from own_nodes(ast.iter_child_nodes(node))


# -- what it raises ------------------------------------------------------------------------------------------------


@dataclass
class Risks:
    """What the code of a request can raise.

    :ivar http: HTTP exceptions.
    :ivar any_http: whether there may be others.
    :ivar other: whether there may be other exceptions.
    """

    http: set[type[HTTPException]] = field(default_factory=set)
    any_http: bool = False
    other: bool = False


def risks_of(gathering: Gathering) -> Risks:
    """What the definitions that were gathered can raise."""
    risks = Risks()
    for use in gathering.uses:
        _risk_of_use(use, risks)
    for definition in gathering.definitions.values():
        for node in ast.walk(definition.piece.node) if definition.piece is not None else ():
            _risk_of_node(node, definition.piece, risks)
    return risks


def _risk_of_use(use: Use, risks: Risks) -> None:
    call, attribute = use.call(), use.attribute()
    if use.part == "abort" and call is not None:
        code = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
        known = default_exceptions.get(code) if isinstance(code, int) else None
        risks.http.update({known} if known is not None else ())
        risks.any_http |= known is None
    elif use.part == "request" and attribute is not None:
        name, around = attribute
        if name in _JSON:
            risks.http |= {BadRequest, UnsupportedMediaType}
        elif name in _MAPPINGS and isinstance(around, ast.Subscript):
            risks.http.add(BadRequest)
    elif use.part == "send_from_directory":
        risks.http.add(NotFound)
    elif use.part in ("send_file", "get_template_attribute") or use.part.startswith(("render_", "stream_template")):
        risks.other = True


def _risk_of_node(node: ast.AST, piece: Any, risks: Risks) -> None:
    if isinstance(node, ast.Raise):
        raised = piece.values.get(node.exc.func if isinstance(node.exc, ast.Call) else node.exc)
        if isinstance(raised, type) and issubclass(raised, HTTPException):
            risks.http.add(raised)
        else:
            risks.other = True
            risks.any_http |= not isinstance(raised, type)
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        base = node.value
        from_request = isinstance(base, ast.Attribute) and piece.parts.get(base.value) == "request"
        risks.other |= not from_request and not isinstance(node.slice, ast.Slice)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)):
        risks.other |= not isinstance(node.left, (ast.JoinedStr, ast.Constant))
    elif isinstance(node, ast.Call) and node.func not in piece.parts:
        name = getattr(node.func, "id", None)
        method = getattr(node.func, "attr", None)
        own = getattr(piece.values.get(node.func), "__code__", None) is not None
        risks.other |= not own and name not in _SAFE_CALLS and method not in _SAFE_METHODS


# -- what it holds -------------------------------------------------------------------------------------------------


def is_plain(node: Any, piece: Any, known: frozenset[str]) -> bool:
    """Whether an expression surely gives what JSON has: text, numbers, truth, None, and lists and dicts of them.

    :param known: names that stand for such values; ``session`` where all that it holds is of that kind.
    """
    if isinstance(node, ast.Constant):
        return not isinstance(node.value, (bytes, complex))
    if isinstance(node, ast.JoinedStr):
        return True
    if isinstance(node, ast.BinOp):
        return any(is_plain(side, piece, known) and not isinstance(side, ast.List) for side in (node.left, node.right))
    if isinstance(node, (ast.List, ast.Dict)):
        return all(is_plain(value, piece, known) for value in (node.elts if isinstance(node, ast.List) else node.values))
    if isinstance(node, ast.IfExp):
        return is_plain(node.body, piece, known) and is_plain(node.orelse, piece, known)
    if isinstance(node, ast.Name):
        return node.id in known
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in _PLAIN_CALLS
    typed = isinstance(node, ast.Call) and any(keyword.arg == "type" for keyword in node.keywords)
    while isinstance(node, (ast.Call, ast.Attribute, ast.Subscript)):
        attribute = getattr(node, "attr", "")
        node = node.func if isinstance(node, ast.Call) else node.value
        part = piece.parts.get(node, "")
        if part in ("request", "session"):
            return part in known if part == "session" else attribute in _PLAIN_ATTRIBUTES and not typed
    return False


def stores_only_plain(use: Use, known: frozenset[str]) -> bool:
    """Whether a place that names the session puts nothing into it but what JSON has."""
    around = use.parent
    if isinstance(around, ast.Subscript):
        statement = use.piece.parents.get(around)
        if isinstance(around.ctx, ast.Load) or isinstance(statement, ast.Delete):
            return True
        return isinstance(statement, (ast.Assign, ast.AugAssign)) and is_plain(statement.value, use.piece, known)
    if isinstance(around, ast.Attribute):
        return around.attr in ("get", "pop", "clear", "permanent", "modified", "new")
    return isinstance(around, (ast.Compare, ast.BoolOp, ast.UnaryOp, ast.If, ast.IfExp))


def sends_only_plain(definition: Definition, gathering: Gathering, known: frozenset[str]) -> bool:
    """Whether a function sends as JSON only what JSON has."""
    if definition.answers is None or isinstance(definition.answers[1], ast.Lambda):
        return False
    piece, function = definition.answers
    for node in own_nodes(function.body):
        sent: list[ast.expr] = []
        if isinstance(node, ast.Return) and node.value is not None:
            value = node.value.elts[0] if isinstance(node.value, ast.Tuple) and node.value.elts else node.value
            sent = [] if piece.parts.get(getattr(value, "func", value)) == "jsonify" else [value]
        elif isinstance(node, ast.Call) and piece.parts.get(node.func) == "jsonify":
            sent = [*node.args, *(keyword.value for keyword in node.keywords)]
        if not all(is_plain(value, piece, known) for value in sent):
            return False
    return all(use.piece is piece for use in gathering.uses if use.part == "jsonify")


def may_be_bodiless(definition: Definition) -> bool:
    """Whether a function may send a status without a body, 204 or 205: it names one, or computes its status."""
    for node in ast.walk(definition.piece.node) if definition.piece is not None else ():
        status: Any = None
        if isinstance(node, ast.Constant) and str(node.value)[:3] in ("204", "205"):
            return True
        if isinstance(node, ast.Attribute) and node.attr in ("NO_CONTENT", "RESET_CONTENT"):
            return True
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and len(node.value.elts) > 1:
            status = node.value.elts[1]
        elif isinstance(node, ast.keyword) and node.arg == "status":
            status = node.value
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "attr", "") in ("status", "status_code"):
            status = node.value
        if status is not None and not isinstance(status, (ast.Constant, ast.Dict, ast.List)):
            return True
    return False


def first_argument(use: Use) -> ast.expr | None:
    """The first argument of a call of a part; None where there is none, or no call."""
    call = use.call()
    return call.args[0] if call is not None and call.args else None
