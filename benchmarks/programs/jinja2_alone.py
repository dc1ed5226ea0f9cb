"""Jinja2's own render and nothing around it: the floor under every framework's template workload."""

from __future__ import annotations

from typing import Any

import jinja2

from benchmarks.programs import Application
from benchmarks.workloads import HTML, ROWS, TEMPLATES, TITLE, WORKLOADS

NOTE = "the render of the template and its encoding, no answer around it"
LACKS = {workload.name: "a template engine alone" for workload in WORKLOADS if workload.name != "template"}


def template() -> Application:
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, auto_reload=False)
    page = environment.get_template("rows.html")
    headers = [("Content-Type", HTML)]

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", headers)
        return [page.render(title=TITLE, rows=ROWS).encode()]

    return application
