"""Monitoring agents, started as their makers say, record of an app under the alias what they record of it on Flask.

The agents stand in two environments, one with Flask and one with wsgiapp alone. They send nothing: OpenTelemetry prints
its spans, New Relic is in its developer mode, and what it has noted is read inside the request.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sandbox
from sandbox import Environment, Workshop

from servers import lack

SETTINGS = {
    "OTEL_TRACES_EXPORTER": "console", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none",
    "NEW_RELIC_DEVELOPER_MODE": "true", "NEW_RELIC_APP_NAME": "shop", "NEW_RELIC_LICENSE_KEY": "0" * 40,
}  # fmt: skip
AGENTS = {
    "opentelemetry": ["opentelemetry-instrument"],
    "newrelic": ["newrelic-admin", "run-program"],
}

APP = """
import sys
from flask import Flask, abort, render_template_string

app = Flask("shop")

@app.route("/hello/<name>")
def hello(name):
    return render_template_string("hello {{ name }}", name=name)

@app.errorhandler(KeyError)
def no_such_key(error):
    return "no such key", 404

@app.route("/item")
def item():
    raise KeyError("item")

@app.route("/fails")
def fails():
    raise ValueError("fails")

@app.after_request
def noted(response):
    transaction = "newrelic" in sys.argv and newrelic.agent.current_transaction()
    if transaction:
        print("NOTED", transaction.path, sorted(map(str, transaction._frameworks)), flush=True)
    return response

if __name__ == "__main__":
    if "newrelic" in sys.argv:
        import newrelic.agent
        newrelic.agent.register_application(timeout=5)
    client = app.test_client()
    print("STATUS", [client.get(path).status_code for path in ("/hello/x", "/item", "/fails", "/none")])
"""
STARTER = "import subprocess, sys\nsubprocess.run([{agent}, sys.executable, 'shop.py', {name!r}], check=True)\n"

# What the alias cannot give alike: names of our modules and classes stand where Flask's own would.
OWN_NAMES = {"wsgiapp.app:App.": "flask.app:Flask.", "wsgiapp.dispatch:Road.": "flask.app:Flask."}

Start = Callable[[bool, list[str]], list[str]]


def starter(agent: str, environment: Environment) -> list[str]:
    """The agent's starter, which is a script in Python, and the Python that it is to start."""
    script, *arguments = AGENTS[agent]
    return [str(environment.scripts / script), *arguments, str(environment.python)]


@pytest.fixture(scope="module")
def environments(workshop: Workshop) -> dict[bool, Environment]:
    """The agents with wsgiapp alone (True) and with Flask (False)."""
    if os.name == "nt":
        lack("needs agents whose starters replace their own process")
    return {alias: workshop("agents", sandbox.AGENTS, [], alias=alias) for alias in (True, False)}


def recorded(output: str) -> list[str]:
    """What the agents and the app printed of requests, without what is another at each run."""
    lines = [line for line in output.splitlines() if line.startswith(("STATUS", "NOTED"))]
    for ours, theirs in OWN_NAMES.items():
        lines = [line.replace(ours, theirs) for line in lines]
    decoder = json.JSONDecoder()
    at = output.find("{\n")
    while at >= 0:
        span, end = decoder.raw_decode(output, at)
        kept = {name: span[name] for name in ("name", "kind", "status", "attributes")}
        lines.append(json.dumps(kept, sort_keys=True))
        at = output.find("{\n", end)
    return lines


@pytest.fixture
def start(environments: dict[bool, Environment], tmp_path: Path) -> Start:
    """Runs a program in one of the environments and returns what was recorded."""
    (tmp_path / "shop.py").write_text(APP, encoding="utf-8")

    def run(alias: bool, arguments: list[str]) -> list[str]:
        done = environments[alias].run(arguments, tmp_path, SETTINGS)
        assert done.returncode == 0, done.stdout + done.stderr
        return recorded(done.stdout)

    return run


@pytest.mark.parametrize("agent", AGENTS)
def test_an_agent_records_what_it_records_on_flask(agent: str, start: Start, environments: dict[bool, Any]) -> None:
    flask = start(False, [*starter(agent, environments[False]), "shop.py", agent])
    alias = start(True, [*starter(agent, environments[True]), "-m", "wsgiapp.as_flask", "shop.py", agent])
    assert len(flask) >= 4 and any("hello" in line for line in flask)
    assert alias == flask


@pytest.mark.parametrize("agent", AGENTS)
def test_an_agent_that_a_program_under_the_alias_starts_meets_the_alias(
    agent: str, start: Start, environments: dict[bool, Any], tmp_path: Path
) -> None:
    parts = ", ".join(map(repr, AGENTS[agent]))
    (tmp_path / "starter.py").write_text(STARTER.format(agent=parts, name=agent), encoding="utf-8")
    flask = start(False, [*starter(agent, environments[False]), "shop.py", agent])
    assert len(flask) >= 4
    assert start(True, ["-m", "wsgiapp.as_flask", "starter.py"]) == flask
