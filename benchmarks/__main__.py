"""The command line: measure, print, and with ``--write`` put the figures into the documentation.

python run.py bench [--quick]      requests in process, every framework
python run.py bench --people       the requests of real applications: Flask, wsgiapp and what neither can avoid
python run.py bench --stack        whole servers on the loopback: Flask and wsgiapp, then their peers
python run.py bench --startup      import, commands, first request, memory
python run.py bench --xray         what the X-ray costs a request
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import sys
from pathlib import Path
from typing import Any

from benchmarks import machine, peers, people, picture, report, rounds, stack, startup, xray
from benchmarks.people_workloads import VISIT
from benchmarks.workloads import BY_NAME, FOLDER, WORKLOADS, Workload

PAGE = FOLDER.parent / "docs" / "benchmarks.md"
README = FOLDER.parent / "README.md"
OUTPUT = FOLDER.parent / "build" / "benchmarks"


class BusyError(Exception):
    """Other programs run on this machine, so that figures would be theirs as well."""


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog="run.py bench", description="Measure wsgiapp beside other frameworks.")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--people", dest="kind", action="store_const", const="people", help="requests that people have")
    kind.add_argument("--stack", dest="kind", action="store_const", const="stack", help="whole servers on the loopback")
    kind.add_argument("--startup", dest="kind", action="store_const", const="startup", help="import, start, memory")
    kind.add_argument("--xray", dest="kind", action="store_const", const="xray", help="what the X-ray costs a request")
    parser.set_defaults(kind="requests")
    parser.add_argument("--quick", action="store_true", help="short rounds: a first impression, not a result")
    parser.add_argument("--only", metavar="WORKLOADS", help=f"names, with commas: {', '.join(BY_NAME)}")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder for raw figures and picture")
    parser.add_argument("--write", action="store_true", help="put figures and picture into docs/benchmarks.md")
    parser.add_argument("--check", action="store_true", help="with --xray: exit code 1 when it costs too much")
    parser.add_argument(
        "--busy-anyway", action="store_true", help="with --stack: measure on a busy machine; it is told"
    )
    options = parser.parse_args(arguments)
    if options.busy_anyway and options.kind != "stack":
        parser.error("--busy-anyway needs --stack: only whole servers are refused on a busy machine")
    if options.check and options.kind != "xray":
        parser.error("--check needs --xray: only the X-ray has a bound")
    known = VISIT if options.kind == "people" else BY_NAME
    unknown = set((options.only or "").split(",")) - {"", *known}
    if unknown:
        parser.error(f"no such workload: {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
    return options


def command(options: argparse.Namespace) -> str:
    """The command that makes these figures again; where it leaves them is nobody else's business."""
    kind = "" if options.kind == "requests" else f" --{options.kind}"
    only = f" --only {options.only}" if options.only else ""
    anyway = " --busy-anyway" * options.busy_anyway
    return f"python run.py bench{kind}{' --quick' * options.quick}{only}{' --write' * options.write}{anyway}"


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The raw figures that were asked for."""

    def say(text: str) -> None:
        print(f"  {text}", file=sys.stderr, flush=True)

    if options.kind == "people":
        names = options.only.split(",") if options.only else ()
        return people.run(people.QUICK if options.quick else people.PLAN, names, say)
    chosen = [BY_NAME[name] for name in options.only.split(",")] if options.only else None
    if options.kind == "stack":
        return measure_servers(options, chosen, say)
    if options.kind == "startup":
        return startup.run(startup.QUICK if options.quick else startup.Plan(), say)
    if options.kind == "xray":
        return xray.run(xray.QUICK if options.quick else xray.Plan(), chosen, say)
    return rounds.run(chosen or WORKLOADS, rounds.QUICK if options.quick else rounds.Plan(), say=say)


def measure_servers(options: argparse.Namespace, chosen: list[Workload] | None, say: rounds.Say) -> dict[str, Any]:
    """The raw figures of whole servers: Flask and wsgiapp on many, then all peers.

    :raises BusyError: when other programs run on this machine, and that was not said to be right.
    """
    why = machine.busy()
    if why and not options.busy_anyway:
        raise BusyError(f"the machine is busy: {why}. Stop what else runs, or give --busy-anyway, which is then told.")
    raw = stack.run(stack.QUICK if options.quick else stack.Plan(), chosen, say)
    beside = [BY_NAME[name] for name in peers.Plan().workloads]
    asked = [workload for workload in beside if chosen is None or workload in chosen]
    raw["peers"] = peers.run(peers.QUICK if options.quick else peers.Plan(), asked, say) if asked else None
    return raw | {"busy": why}


def as_json(raw: dict[str, Any]) -> str:
    """The raw figures for people and programs: indented, but every list of plain values on one line."""
    indented = json.dumps(raw, indent=1, ensure_ascii=False)
    return re.sub(r"\[[^][{}]*\]", lambda found: " ".join(found[0].split()), indented) + "\n"


def save(folder: Path, raw: dict[str, Any]) -> None:
    """The raw figures as JSON; requests and whole servers as a picture too."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{raw['kind']}.json").write_text(as_json(raw), encoding="utf-8")
    if raw["kind"] == "requests":
        (folder / "requests.svg").write_text(picture.draw(raw), encoding="utf-8")
    if raw.get("peers"):
        (folder / "stack.svg").write_text(picture.bars(raw), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Run the command line and return the exit code."""
    options = parse(arguments)
    try:
        raw = measure(options)
    except (rounds.WrongAnswerError, stack.ServerError, BusyError) as wrong:
        print(f"run.py bench: {wrong}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    raw["command"] = command(options)
    text = getattr(report, raw["kind"])(raw)
    print(text)
    save(options.output, raw)
    if options.write:
        save(PAGE.with_suffix(""), raw)
        report.insert(PAGE, raw["kind"], f"Made by `{raw['command']}`.\n\n{text}")
        if raw.get("peers"):
            report.show(README)
        print(f"\nWritten to docs/{PAGE.name}.", file=sys.stderr)
    if options.check and report.is_missed(raw):
        print(f"run.py bench: {report.verdict(raw)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that workers and servers are ended too
    sys.exit(main(sys.argv[1:]))
