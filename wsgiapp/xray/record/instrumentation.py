"""Instrumentation: it notes templates, signals, SQL statements and log records, by the public hooks of their libraries.

It is switched on once for the process (``open_...``), and notes something only while a recording is current. It changes
nothing. Values are described, never printed by their own ``repr``, because that of an ORM could send SQL.
"""

from __future__ import annotations

import logging
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from sys import getsizeof
from time import perf_counter_ns as clock
from typing import Any

from wsgiapp import signals
from wsgiapp.xray import redact
from wsgiapp.xray.objects import descriptions
from wsgiapp.xray.objects.guard import safely

from .recording import MAX_TEXT, TIMED, How, Recording, current

# What every template is given, and what says nothing about this one.
_GIVEN = frozenset({"request", "session", "g", "config", "url_for", "get_flashed_messages"})
_MAX_CONTEXT = 50
MAX_NAME = 200
_FEW_DIGITS = 10**18
_SIGNALS = (
    "request_started", "request_finished", "request_tearing_down", "got_request_exception", "before_render_template",
    "template_rendered", "message_flashed", "appcontext_pushed", "appcontext_popped", "appcontext_tearing_down",
)  # fmt: skip


# -- templates -----------------------------------------------------------------------------------------------------


def watched_environment(app: Any) -> Callable[[], Any]:
    """``create_jinja_environment`` of *app*, whose templates note when they are rendered."""
    inner = app.create_jinja_environment

    def create_jinja_environment() -> Any:
        return watch_templates(inner())

    if "jinja_env" in app.__dict__:
        watch_templates(app.jinja_env)
    return create_jinja_environment


def watch_templates(environment: Any) -> Any:
    """Let *environment* make templates that are watched; those it has made already are forgotten."""
    plain = environment.template_class
    if not hasattr(plain, "watched"):
        environment.template_class = _watched_class(plain)
        if environment.cache is not None:
            environment.cache.clear()
    return environment


def _watched_class(plain: Any) -> Any:
    """A subclass of a template class whose methods that render note when, and with what."""
    render, generate = plain.render, plain.generate

    def noting_render(self: Any, *args: Any, **kwargs: Any) -> Any:
        recording = current.get(None)
        if recording is None or recording.ended:
            return render(self, *args, **kwargs)
        begin = clock()
        if begin > recording.due:
            recording.sample(begin)
        how = How.RAISED
        try:
            text = render(self, *args, **kwargs)
            how = ""
            return text
        finally:
            safely(_note_template, recording, begin, self, args, kwargs, how)

    def noting_generate(self: Any, *args: Any, **kwargs: Any) -> Iterator[str]:
        recording, begin, how = current.get(None), clock(), How.RAISED
        try:
            yield from generate(self, *args, **kwargs)
            how = ""
        except GeneratorExit:  # whoever read the pieces wanted no more of them
            how = ""
            raise
        finally:
            if recording is not None and not recording.ended:
                safely(_note_template, recording, begin, self, args, kwargs, how)

    methods = {"render": noting_render, "generate": noting_generate, "watched": True, "__module__": plain.__module__}
    return type(plain.__name__, (plain,), methods)


def _note_template(recording: Recording, begin: int, template: Any, args: Any, kwargs: Any, how: str) -> None:
    given = args[0] if args and issubclass(type(args[0]), dict) else kwargs
    shown = _described(recording, given)
    size = 40 * len(shown) + sum(map(getsizeof, shown)) + sum(map(getsizeof, shown.values()))
    what = (str(template.name or ""), str(template.filename or ""))
    count = dict.__len__(given)
    count = len(shown) if count <= _MAX_CONTEXT else count - len(_GIVEN.intersection(dict.keys(given)))
    recording.note(begin, "template", "", what, (shown, count, how), size)


def _described(recording: Recording, context: dict[Any, Any]) -> dict[str, str]:
    items = dict.items(context)
    shown = [*items] if len(items) <= _MAX_CONTEXT else [*items][:_MAX_CONTEXT]
    return {name[:MAX_NAME]: describe(name, value, recording) for name, value in shown
            if type(name) is str and name not in _GIVEN}  # fmt: skip


def describe(name: str, value: Any, recording: Recording | None = None) -> str:
    """A value by the name it has: replaced where the name says that it is a secret; of a collection only its size.

    What a collection holds would cost more to write down than many a request takes.

    :param recording: takes note of a secret.
    """
    kind = type(value)
    if kind is bool or value is None:
        return str(value)
    if redact.is_secret(name):
        if recording is not None:
            recording.secret(value)
        return redact.REDACTED
    if kind is int and -_FEW_DIGITS < value < _FEW_DIGITS:
        return str(value)
    if kind in _COLLECTIONS:
        return f"{kind.__name__} of {len(value)}"
    return descriptions.describe(value)


_COLLECTIONS = frozenset({list, tuple, dict, set, frozenset})


# -- signals -------------------------------------------------------------------------------------------------------


def open_signals() -> None:
    """Note each of the ten signals that is sent, with who receives it. Signals without receivers are never sent."""
    for name in _SIGNALS:
        signal = getattr(signals, name)
        if "send" not in signal.__dict__:
            signal.__dict__["send"] = _watched_send(name, signal.send, signal)


def close_signals() -> None:
    """Take the notes off again."""
    for name in _SIGNALS:
        getattr(signals, name).__dict__.pop("send", None)


def _watched_send(name: str, inner: Callable[..., Any], signal: Any) -> Callable[..., Any]:
    def send(sender: Any = None, /, **kwargs: Any) -> Any:
        recording = current.get(None)
        if recording is None or recording.ended:
            return inner(sender, **kwargs)
        begin = clock()
        try:
            return inner(sender, **kwargs)
        finally:
            safely(_note_signal, recording, begin, name, signal, sender)

    return send


def _note_signal(recording: Recording, begin: int, name: str, signal: Any, sender: Any) -> None:
    receivers = tuple([_name_of(receiver) for receiver in signal.receivers_for(sender)][:_MAX_CONTEXT])
    recording.note(begin, "signal", "", name, receivers, 100 * len(receivers))


def _name_of(function: Any) -> str:
    return f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', type(function).__name__)}"


# -- log records ---------------------------------------------------------------------------------------------------


def open_logging() -> None:
    """Note each log record that is made."""
    inner = logging.getLogRecordFactory()
    if not hasattr(inner, "watched"):
        logging.setLogRecordFactory(_watched_factory(inner))


def close_logging() -> None:
    """Take the notes off again, unless somebody else has set a factory since."""
    factory: Any = logging.getLogRecordFactory()
    if hasattr(factory, "watched"):
        logging.setLogRecordFactory(factory.watched)


def _watched_factory(inner: Any) -> Any:
    def make(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record: logging.LogRecord = inner(*args, **kwargs)
        recording = current.get(None)
        if recording is not None and not recording.ended:
            safely(_note_record, recording, record)
        return record

    make.__dict__["watched"] = inner  # how the tap is known, and what to put back
    return make


def _note_record(recording: Recording, record: logging.LogRecord) -> None:
    more = (str(record.levelname), str(record.name), f"{record.pathname}:{record.lineno}")
    message = recording.text(descriptions.cut(_message(record), MAX_TEXT))
    recording.note(clock(), "log", "", message, more, getsizeof(message) + 200)


def _message(record: logging.LogRecord) -> str:
    """What the record will say, but that objects of the app's are named and not asked: they might do anything."""
    given, args = record.msg, record.args
    text = given if type(given) is str else plain(given)
    if not args:
        return str(text)
    named: dict[Any, Any] = dict(dict.items(args)) if isinstance(args, dict) else {}
    values: Any = named.values() if named else args if type(args) is tuple else (args,)
    try:
        shown: Any = {key: _shown(value) for key, value in named.items()} or tuple([_shown(value) for value in values])
        return str(text % shown)
    except Exception:  # a number of the app's own class; or what logging itself would report when it formats the record
        return f"{text} (not formatted here; its arguments: {', '.join(plain(value) for value in values)})"


class _Named:
    """Stands for an object of the app's in the arguments of a log record."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text

    __repr__ = __str__


_FORMATTED = frozenset({str, int, float, bool, type(None), complex})


def _shown(value: Any) -> Any:
    kind = type(value)
    if kind in _FORMATTED:
        return value
    if issubclass(kind, int) and kind.__str__ is int.__repr__:  # an HTTPStatus: no method of its own is asked
        return int.__add__(value, 0)
    return _Named(plain(value))


def plain(value: Any) -> str:
    """A text for any value; of an exception what it says."""
    if not issubclass(type(value), BaseException):
        return descriptions.describe(value)
    text = safely(str, value)  # an exception class of the app's own may fail to show itself
    return text if type(text) is str else descriptions.describe(value)


# -- SQL -----------------------------------------------------------------------------------------------------------

SQL = "sqlalchemy.engine"
#: Holds :data:`SQL` while nobody has imported it; then it is looked for when the next request comes.
waiting = {SQL}


def open_sql() -> None:
    """Note the statements that SQLAlchemy sends, where the process has imported it; see :data:`waiting`."""
    if SQL not in sys.modules:
        return
    waiting.clear()
    event, engine = sys.modules["sqlalchemy"].event, sys.modules[SQL].Engine
    if not event.contains(engine, "before_cursor_execute", _before_statement):
        event.listen(engine, "before_cursor_execute", _before_statement)
        event.listen(engine, "after_cursor_execute", _after_statement)
        event.listen(engine, "handle_error", _failed_statement)


def close_sql() -> None:
    """Take the notes off again."""
    event, engine = sys.modules["sqlalchemy"].event, sys.modules[SQL].Engine
    if event.contains(engine, "before_cursor_execute", _before_statement):
        event.remove(engine, "before_cursor_execute", _before_statement)
        event.remove(engine, "after_cursor_execute", _after_statement)
        event.remove(engine, "handle_error", _failed_statement)


def _before_statement(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:  # noqa: ARG001  # SQLAlchemy's
    recording = current.get(None)
    if recording is not None and not recording.ended:
        begin = clock()
        if begin > recording.due:
            recording.sample(begin)
        safely(_begin_statement, connection, begin)


def _begin_statement(connection: Any, begin: int) -> None:
    connection.info.setdefault("wsgiapp.xray", []).append(begin)


def _after_statement(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
    recording = current.get(None)
    if recording is not None and not recording.ended:
        safely(_note_statement, recording, connection, cursor, statement, parameters, context, bool(many))


def _note_statement(
    recording: Recording, connection: Any, cursor: Any, statement: str, parameters: Any, context: Any,
    many: bool, error: BaseException | None = None,
) -> None:  # fmt: skip
    begun = connection.info.get("wsgiapp.xray") if connection is not None else None
    if not begun:
        return
    begin = begun.pop()
    rows = int(cursor.rowcount) if cursor is not None else -1
    said = f"{type(error).__name__}: {plain(error)}" if error is not None else ""
    why = recording.text(descriptions.cut(said, MAX_TEXT)) if said else ""
    shown = _parameters(recording, parameters, context)
    text = recording.text(descriptions.cut(statement, MAX_TEXT), "application/sql")
    size = getsizeof(text) + getsizeof(why) + 300 + 40 * len(shown)
    size += sum(map(getsizeof, shown)) + sum(map(getsizeof, shown.values()))
    recording.note(begin, "sql", "", text, (shown, rows, many, caller(), why), size)


def _failed_statement(failure: Any) -> None:
    recording = current.get(None)
    if recording is not None and not recording.ended:
        safely(_note_failed_statement, recording, failure)


def _note_failed_statement(recording: Recording, failure: Any) -> None:
    _note_statement(
        recording, failure.connection, None, failure.statement or "", failure.parameters, failure.execution_context,
        False, failure.original_exception,
    )  # fmt: skip


def _parameters(recording: Recording, parameters: Any, context: Any) -> dict[str, str]:
    """The parameters by name, as SQLAlchemy compiled them; those without a name may be anything and stay unseen."""
    compiled = getattr(context, "compiled_parameters", None)
    named = compiled[0] if compiled else parameters
    if isinstance(named, dict):
        some = [*named.items()][:_MAX_CONTEXT]
        return {str(name)[:MAX_NAME]: describe(str(name), value, recording) for name, value in some}
    if isinstance(named, Sequence) and not isinstance(named, (str, bytes)):
        return {str(place): f"<{type(value).__name__}>" for place, value in enumerate(named[:_MAX_CONTEXT], 1)}
    return {}


_NOT_THE_APP = ("sqlalchemy", "wsgiapp.xray", "greenlet", "contextlib")


def caller() -> str:
    """``file:line`` of the code that asked: the nearest frame that is no part of SQLAlchemy or of the X-ray."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        if not str(frame.f_globals.get("__name__", "")).startswith(_NOT_THE_APP):
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


# -- times ---------------------------------------------------------------------------------------------------------


def self_times(recording: Recording, now: int) -> dict[str, float]:
    """The milliseconds that each layer took by itself until *now* (:func:`time.perf_counter_ns`), in order.

    What happened inside a step and has a name of its own (a template, SQL, the session) is counted under that, once.
    """
    marks = recording.marks
    begins = [recording.begun, *marks[::2], now]
    steps = ["server", *[step.layer for step in marks[1::2]]]
    spent = [(end - begin) / 1e6 for begin, end in pairwise(begins)]
    outermost: list[tuple[int, int]] = []  # so far: events come in the order of their ends, the inner before the outer
    for begin, end, kind, layer, _, _ in recording.events:
        if layer or kind in TIMED:
            own = end - begin
            while outermost and outermost[-1][0] >= begin:
                own -= outermost.pop()[1]
            outermost.append((begin, end - begin))
            spent.append(own / 1e6)
            steps.append(layer or kind)
    for begin, whole in outermost:
        spent[bisect_right(begins, begin) - 1] -= whole / 1e6
    times: dict[str, float] = {}
    for step, own in zip(steps, spent, strict=True):
        times[step] = times.get(step, 0.0) + (own if own > 0 else 0.0)
    return times


def open_all() -> None:
    """Switch on everything that can be switched on now."""
    open_signals()
    open_logging()
    open_sql()


def close_all() -> None:
    """Switch everything off."""
    close_signals()
    close_logging()
    if not waiting:
        close_sql()
        waiting.add(SQL)
