"""Measure which share of a fixed list of programs and tests runs at each step of the ladder.

    python ladder/share.py            # measure, write share.json and print the table
    python ladder/share.py --print    # print the table of the last measurement

The list: the WSGI validator of Python's library, the example in this project's README, and two applications from
Flask's source distribution with their own tests: the tutorial, and the example with JavaScript. They run in an
environment without Flask, where ``import flask`` means the step. The network is needed once, to make it.
"""

import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHARE = HERE / "share.json"
STEPS = range(1, 16)
PARTS = ["Werkzeug>=3.1.9", "Jinja2>=3.1.6", "itsdangerous>=2.2", "blinker>=1.9", "click>=8.1", "MarkupSafe"]
NEEDS = [*PARTS, "pytest==8.4.*", "flit_core>=3.11"]
LIST = {"WSGI validator": 1, "README example": 1, "tutorial": 24, "javascript example": 8}
VALIDATE = """
import importlib, sys, wsgiref.util, wsgiref.validate
step = importlib.import_module(f"step_{int(sys.argv[1]):02}")
environ = {"QUERY_STRING": ""}
wsgiref.util.setup_testing_defaults(environ)
app = step.app if int(sys.argv[1]) < 3 else step.App(*[__name__] * (int(sys.argv[1]) > 12))
body = wsgiref.validate.validator(app)(environ, lambda status, headers, exc_info=None: print)
list(body)
body.close()
"""
PROBE = "import as_flask, flask; flask.Flask('probe')"


def readme_example():
    """The first Python program in the README and the output that it says, with Flask's names."""
    text = (HERE.parent / "README.md").read_text(encoding="utf-8")
    program = text.partition("```python\n")[2].partition("```")[0]
    output = text.partition("```json\n")[2].partition("```")[0]
    return program.replace("from wsgiapp import App", "from flask import Flask as App"), output


def measure(environment, sandbox, number):
    """How many of each entry of the list pass at step *number*."""
    variables = {"PYTHONPATH": str(HERE), "LADDER_STEP": str(number)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checked = environment.run(["-c", VALIDATE, str(number)], folder, variables)
        program, output = readme_example()
        (folder / "readme.py").write_text(program, encoding="utf-8")
        shown = environment.run([str(HERE / "as_flask.py"), "readme.py"], folder, variables)
        passed = {"WSGI validator": int(checked.returncode == 0), "README example": int(shown.stdout == output)}
        examples = sandbox.unpack(sandbox.FLASK, folder) / "examples"
        possible = environment.run(["-c", PROBE], folder, variables).returncode == 0
        for entry, example in (("tutorial", "tutorial"), ("javascript example", "javascript")):
            passed[entry] = 0
            if not possible:  # no test of an application can pass where no application can be made
                continue
            try:
                results = sandbox.run_pytest(environment, examples / example, ["-p", "as_flask"], variables)
                passed[entry] = results.counts()["passed"]
            except RuntimeError:  # pytest could not even begin
                continue
        return passed


def table(measured):
    """The measurement as a Markdown table."""
    lines = ["| step | " + " | ".join(LIST) + " | share |", "|---" * (len(LIST) + 2) + "|"]
    for number, passed in measured.items():
        share = round(100 * sum(passed.values()) / sum(LIST.values()))
        cells = [f"{passed[entry]} of {LIST[entry]}" for entry in LIST]
        lines.append(f"| {number} | {' | '.join(cells)} | {share} % |")
    return "\n".join(lines)


def main():
    """Measure or read, and print."""
    if "--print" not in sys.argv:
        sys.path.insert(0, str(HERE.parent / "tests" / "conformance"))
        import sandbox

        environment = sandbox.make_environment("ladder", NEEDS)
        sandbox.fetch([sandbox.FLASK], environment)
        with ThreadPoolExecutor(max_workers=2) as pool:
            results = pool.map(lambda number: measure(environment, sandbox, number), STEPS)
            measured = {str(number): passed for number, passed in zip(STEPS, results, strict=True)}
        SHARE.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    print(table(json.loads(SHARE.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
