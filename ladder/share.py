"""Measure which share of a fixed list of programs and tests runs at each step of the ladder.

    python ladder/share.py            # measure, write share.json and print the table
    python ladder/share.py --print    # print the table of the last measurement

The list: the things that programs written for Flask do, which `things` tries; the example in this project's README; and
two applications from Flask's source distribution with their own tests, unchanged: the tutorial, and the example with
JavaScript. These programs run in an environment without Flask, where ``import flask`` means the step. The network is
needed once, to make it.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from things import THINGS

HERE = Path(__file__).resolve().parent
SHARE = HERE / "share.json"
LAST = 15
STEPS = range(1, LAST + 1)
PARTS = ["Werkzeug>=3.1.9", "Jinja2>=3.1.6", "itsdangerous>=2.2", "blinker>=1.9", "click>=8.1", "MarkupSafe"]
NEEDS = [*PARTS, "pytest==8.4.*", "flit_core>=3.11"]
PROGRAMS = {"README example": 1, "tutorial": 24, "JavaScript example": 8}
PROBE = "import as_flask, flask; flask.Flask('probe')"


def readme_example():
    """The first Python program in the README and the output that it says, with Flask's names."""
    text = (HERE.parent / "README.md").read_text(encoding="utf-8")
    program = text.partition("```python\n")[2].partition("```")[0]
    output = text.partition("```json\n")[2].partition("```")[0]
    return program.replace("from wsgiapp import App", "from flask import Flask as App"), output


def what_works(number):
    """The things that programs do which work at step *number*, measured in a process of their own."""
    done = subprocess.run([sys.executable, str(HERE / "things.py"), str(number)], capture_output=True, check=True)
    return json.loads(done.stdout)


def first_steps():
    """For each thing the step from which on it works, or nothing where the last step lacks it."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        working = list(pool.map(what_works, STEPS))
    lacking = {name: [number for number in STEPS if name not in working[number - 1]] for name in THINGS}
    return {name: max(steps, default=0) + 1 if LAST not in steps else None for name, steps in lacking.items()}


def run_programs(environment, sandbox, number):
    """How many tests of each program pass at step *number*."""
    variables = {"PYTHONPATH": str(HERE), "LADDER_STEP": str(number)}
    passed = dict.fromkeys(PROGRAMS, 0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program, output = readme_example()
        (folder / "readme.py").write_text(program, encoding="utf-8")
        shown = environment.run([str(HERE / "as_flask.py"), "readme.py"], folder, variables)
        passed["README example"] = int(shown.stdout == output)
        if environment.run(["-c", PROBE], folder, variables).returncode:
            return passed  # no test of an application can pass where no application can be made
        examples = sandbox.unpack(sandbox.FLASK, folder) / "examples"
        for entry, example in (("tutorial", "tutorial"), ("JavaScript example", "javascript")):
            with contextlib.suppress(RuntimeError):  # pytest could not even begin
                results = sandbox.run_pytest(environment, examples / example, ["-p", "as_flask"], variables)
                passed[entry] = results.counts()["passed"]
    return passed


def measure():
    """Everything, as it is kept in share.json."""
    sys.path.insert(0, str(HERE.parent / "tests" / "conformance"))
    import sandbox

    with sandbox.alone():
        environment = sandbox.make_environment("ladder", NEEDS, alias=False)
        sandbox.fetch([sandbox.FLASK], environment)
    with ThreadPoolExecutor(max_workers=2) as pool:
        passed = list(pool.map(lambda number: run_programs(environment, sandbox, number), STEPS))
    programs = {entry: [each[entry] for each in passed] for entry in PROGRAMS}
    return {"things": first_steps(), "programs": programs}


def at(measured, number):
    """What runs at step *number*: how many things, how much of each program, and the share of the whole list."""
    first = measured["things"]
    things = sum(1 for step in first.values() if step is not None and step <= number)
    passed = {entry: measured["programs"][entry][number - 1] for entry in PROGRAMS}
    share = round(100 * (things + sum(passed.values())) / (len(first) + sum(PROGRAMS.values())))
    return things, passed, share


def tables(measured):
    """The measurement as two Markdown tables: how much runs at each step, and what begins to work there."""
    first = measured["things"]
    lines = ["| step | things | " + " | ".join(PROGRAMS) + " | share |", "|---" * (len(PROGRAMS) + 3) + "|"]
    for number in STEPS:
        things, passed, share = at(measured, number)
        cells = [f"{things} of {len(first)}", *(f"{passed[entry]} of {PROGRAMS[entry]}" for entry in PROGRAMS)]
        lines.append(f"| {number} | {' | '.join(cells)} | {share} % |")
    lines += ["", "| step | what begins to work |", "|---|---|"]
    for number in [*STEPS, None]:
        names = [name for name, step in first.items() if step == number]
        lines.append(f"| {number or 'none'} | {' · '.join(names) or 'nothing of the list'} |")
    return "\n".join(lines)


def main():
    """Measure or read, and print."""
    if "--print" not in sys.argv:
        SHARE.write_text(json.dumps(measure(), indent=1) + "\n", encoding="utf-8")
    print(tables(json.loads(SHARE.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
