"""The programs: every framework doing every workload, as its own documentation would have it done.

One module a framework. A function is named after the workload and returns a WSGI application that does that one and no
other; `routes` takes the number of routes. A framework that cannot do a workload says why in its ``LACKS``, and what a
reader should know about its program stands in its ``NOTE``. Production settings throughout: no debug mode, no reloading
of templates, no logging of requests. No two frameworks are ever loaded into one process.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from benchmarks.workloads import BY_NAME

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class UnableError(Exception):
    """The framework cannot do this workload; the text says why."""


@dataclass(frozen=True)
class Framework:
    """A framework: *module* of this package holds its program, *distribution* is what pip calls it."""

    name: str
    title: str
    module: str
    distribution: str
    alias: bool = False


FRAMEWORKS = (
    Framework("raw", "raw WSGI", "raw", ""),
    Framework("jinja2", "Jinja2 alone", "jinja2_alone", "Jinja2"),
    Framework("wsgiapp", "wsgiapp", "flask_program", "wsgiapp", alias=True),
    Framework("flask", "Flask", "flask_program", "Flask"),
    Framework("werkzeug", "bare Werkzeug", "werkzeug_program", "Werkzeug"),
    Framework("bottle", "Bottle", "bottle_program", "bottle"),
    Framework("falcon", "Falcon", "falcon_program", "falcon"),
    Framework("pyramid", "Pyramid", "pyramid_program", "pyramid"),
    Framework("django", "Django", "django_program", "Django"),
)
FRAMEWORK = {framework.name: framework for framework in FRAMEWORKS}


def load(framework: Framework) -> Any:
    """The module with the framework's program; under the alias where the program is Flask's and runs on wsgiapp."""
    if framework.alias:
        importlib.import_module("wsgiapp.as_flask")  # importing it puts wsgiapp in Flask's place
    return importlib.import_module(f"benchmarks.programs.{framework.module}")


def build(framework: Framework, workload: str) -> Application:
    """The WSGI application of *framework* for the workload of that name.

    :raises UnableError: when the framework cannot do it, with the program's own reason.
    """
    program = load(framework)
    if workload in program.LACKS:
        raise UnableError(program.LACKS[workload])
    count = BY_NAME[workload].routes
    application: Application = program.routes(count) if count else getattr(program, workload)()
    return application
