"""Figures as text: tables for the terminal and for the page of the documentation, out of the raw figures alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.programs import FRAMEWORKS
from benchmarks.workloads import BY_NAME

FLOORS = ("jinja2",)  # measured beside the frameworks, shown below the table


def number(value: float) -> str:
    """Three digits that mean something; what was counted stays whole."""
    if value >= 100 or isinstance(value, int):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """A Markdown table, aligned so that it reads as plain text too: the first columns are *words*, the rest figures."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(head))]

    def show(line: Sequence[str]) -> str:
        cells = [
            cell.rjust(width) if index >= words else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        return f"| {' | '.join(cells)} |"

    rule = [("-" * (width - 1) + ":") if index >= words else "-" * width for index, width in enumerate(widths)]
    return "\n".join([show(lines[0]), show(rule), *(show(line) for line in lines[1:])])


# -- requests in process -------------------------------------------------------------------------


def columns(raw: dict[str, Any]) -> list[str]:
    """The names of the frameworks that were asked, floors apart, in their order."""
    asked = {name for results in raw["results"].values() for name in results}
    return [framework.name for framework in FRAMEWORKS if framework.name in asked and framework.name not in FLOORS]


def titles(names: Iterable[str]) -> list[str]:
    """How the frameworks of those names are called."""
    known = {framework.name: framework.title for framework in FRAMEWORKS}
    return [known[name] for name in names]


def table(raw: dict[str, Any], figure: str) -> str:
    """One line a workload, one column a framework; "-" where the framework cannot do it."""
    names = columns(raw)

    def row(workload: str, results: dict[str, Any]) -> list[str]:
        values = [results.get(name, {}).get(figure) for name in names]
        return [BY_NAME[workload].title, *("-" if value is None else number(value) for value in values)]

    return markdown(["", *titles(names)], (row(*item) for item in raw["results"].items()))


def reasons(raw: dict[str, Any]) -> list[str]:
    """Why a figure is missing, once for each framework and reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for workload, results in raw["results"].items():
        for name in columns(raw):
            if "unable" in results.get(name, {}):
                found.setdefault((name, results[name]["unable"]), []).append(BY_NAME[workload].title)
    return [f"- {titles([name])[0]} ({reason}): {'; '.join(where)}" for (name, reason), where in found.items()]


def floors(raw: dict[str, Any]) -> list[str]:
    """What no framework can go below, in words."""
    return [
        f"The floor of “{BY_NAME[workload].title}” is the template's bare render: {number(results[name]['us'])} µs."
        for workload, results in raw["results"].items()
        for name in FLOORS
        if "us" in results.get(name, {})
    ]


def programs(raw: dict[str, Any]) -> list[str]:
    """Version and note of each framework."""
    pairs = [pair for results in raw["results"].values() for pair in results.items()]
    known = {name: result for name, result in pairs if "note" in result}
    return [
        f"- {' '.join([*titles([name]), known[name]['version']]).strip()}: {known[name]['note']}"
        for name in columns(raw)
        if name in known
    ]


def requests(raw: dict[str, Any]) -> str:
    """The whole report on requests in process."""
    plan = raw["plan"]
    how = (
        f"Medians of {plan['rounds']} rounds in turn, each of {plan['batches']} batches of about "
        f"{plan['batch_ms']:g} ms. {machine.sentence(raw['machine'])}"
    )
    missing = reasons(raw)
    return "\n\n".join([
        how,
        "Microseconds a request:",
        table(raw, "us"),
        "Times the cost of wsgiapp, round by round:",
        table(raw, "ratio"),
        "Python functions entered by one request (compiled ones do not count):",
        table(raw, "calls"),
        *floors(raw),
        *(["Not measured:\n\n" + "\n".join(missing)] if missing else []),
        "The programs:\n\n" + "\n".join(programs(raw)),
    ])  # fmt: skip


# -- workloads that people have ------------------------------------------------------------------


def people(raw: dict[str, Any]) -> str:
    """The report on the people's workloads: total, floor, and what is the framework's own."""
    head = [
        "µs a request", "Flask", "wsgiapp", "Flask ÷ wsgiapp", "floor", "Flask's own", "wsgiapp's own", "own ÷ own",
        "wsgiapp above the floor", "spread",
    ]  # fmt: skip
    plan, results, titles = raw["plan"], raw["results"], raw["titles"]

    def row(name: str) -> list[str]:
        flask, own, floor = (results[name][each] for each in ("flask", "wsgiapp", "floor"))
        shares = flask["own_us"], own["own_us"]
        shown = [number(value) for value in (flask["us"], own["us"], flask["ratio"], floor["us"], *shares)]
        times = number(shares[0] / shares[1]) if min(shares) > 0 else "-"
        above = f"{shares[1] / floor['us']:.0%}"
        wide = max(each["spread"] for each in (flask, own, floor))
        return [titles[name], *shown, times, above, f"{wide:.0%}"]

    how = (
        f"Medians of {plan['rounds']} rounds in turn, each of {plan['batches']} batches of about "
        f"{plan['batch_ms']:g} ms, process time. {machine.sentence(raw['machine'])}"
    )
    words = (
        "The floor is the same source with nothing in the framework's place: its view, queries, templates and JSON. "
        "“Own” is what a framework takes above it. The spread tells how noisy the run was: how far the middle half of "
        "the rounds lies apart, in percent of the median, for the noisiest of the three."
    )
    lacking = [f"- {titles[name]}: {reason}" for name, reason in unable(raw).items()]
    parts = [how, markdown(head, [row(name) for name in results if name not in unable(raw)]), words]
    return "\n\n".join(parts + (["Not measured:\n\n" + "\n".join(lacking)] if lacking else []))


def unable(raw: dict[str, Any]) -> dict[str, str]:
    """The people's workloads that were not measured, each with the reason."""
    reasons = {
        name: state["unable"]
        for name, states in raw["results"].items()
        for state in states.values()
        if "unable" in state
    }
    return {name: "; ".join(raw["missing"]) or reason for name, reason in reasons.items()}


# -- servers -------------------------------------------------------------------------------------


def stack(raw: dict[str, Any]) -> str:
    """The report on whole servers: one line for each server, workload and number of connections."""
    head = [
        "server",
        "workload",
        "conn.",
        "Flask req/s",
        "wsgiapp req/s",
        "ratio",
        "Flask p50 ms",
        "wsgiapp p50 ms",
        "Flask p99 ms",
        "wsgiapp p99 ms",
        "Flask CPU µs",
        "wsgiapp CPU µs",
        "client busy",
    ]

    def row(result: dict[str, Any]) -> list[str]:
        flask, own = result["flask"], result["wsgiapp"]
        start = [result["server"], BY_NAME[result["workload"]].title, str(result["connections"])]
        pairs = [(flask[name], own[name]) for name in ("p50_ms", "p99_ms", "cpu_us")]
        shown = ["-" if value is None else number(value) for pair in pairs for value in pair]
        busy = max(flask["client_busy"], own["client_busy"])
        return [*start, number(flask["rate"]), number(own["rate"]), f"{result['ratio']:.2f}", *shown, f"{busy:.0%}"]

    plan = raw["plan"]
    how = (
        f"Medians of {plan['rounds']} rounds in turn, each of {plan['seconds']:g} s or {plan['requests']:,} "
        f"requests; one worker process. {machine.sentence(raw['machine'])}"
    )
    missing = [f"- {reason}" for reason in raw["missing"]]
    if raw.get("busy"):
        how += f" It was measured on a busy machine, on request: {raw['busy']}."
    parts = [how, markdown(head, map(row, raw["results"]), words=2)]
    parts += ["Not measured:\n\n" + "\n".join(missing)] if missing else []
    return "\n\n".join(parts + (beside(raw["peers"]) if raw.get("peers") else []))


def beside(raw: dict[str, Any]) -> list[str]:
    """The report on the peers: one table a workload, the highest rate first."""
    head = ["framework", "server", "req/s", "wsgiapp is times", "p50 ms", "p99 ms", "CPU µs", "client busy", "spread"]

    def row(result: dict[str, Any]) -> list[str]:
        figures = [result[name] for name in ("rate", "behind", "p50_ms", "p99_ms", "cpu_us")]
        shown = ["-" if value is None else number(value) for value in figures]
        return [result["title"], result["server"], *shown, f"{result['client_busy']:.0%}", f"{result['spread']:.0%}"]

    plan = raw["plan"]
    how = (
        f"Beside other frameworks: medians of {plan['rounds']} rounds in turn of {plan['seconds']:g} s each, "
        f"{plan['connections'][0]} connections, one worker process. The spread is that of the rates, in percent."
    )
    parts = [how]
    for name, results in raw["results"].items():
        ordered = sorted(results, key=lambda result: -result["rate"])
        parts += [f"{BY_NAME[name].title}:", markdown(head, map(row, ordered), words=2)]
    missing = [f"- {reason}" for reason in raw["missing"]]
    return parts + (["Not measured:\n\n" + "\n".join(missing)] if missing else [])


# -- start-up ------------------------------------------------------------------------------------


def startup(raw: dict[str, Any]) -> str:
    """The report on start-up: one line a figure."""
    results = raw["results"]
    names = list(results)
    rows = []
    for key, title in raw["figures"].items():
        values = [results[name].get(key) for name in names]
        rows.append([title, *("-" if value is None else number(value) for value in values)])
    how = f"Best of {raw['plan']['processes']} fresh processes, in turn. {machine.sentence(raw['machine'])}"
    slowest = [
        f"- {name}: " + ", ".join(f"{module} {number(ms)} ms" for module, ms in results[name]["slowest"])
        for name in names
        if results[name].get("slowest")
    ]
    if "workers" in raw["plan"]:
        how += (
            f" A worker is one of {raw['plan']['workers']} of gunicorn's; memory that processes share is divided among "
            "them (PSS)."
        )
    shares = "Most of the import is (time in each package's own modules):\n\n" + "\n".join(slowest)
    return "\n\n".join([how, markdown(["", *names], rows), shares])


# -- the X-ray -----------------------------------------------------------------------------------


def cheaper(raw: dict[str, Any]) -> dict[str, Any] | None:
    """The toolbar that adds less to the page; None where none was measured."""
    found: dict[str, Any] | None = min(raw.get("toolbars", {}).values(), key=lambda each: each["more_us"], default=None)
    return found


def shares(raw: dict[str, Any]) -> dict[str, float]:
    """What each variant that the bound is about adds to the page, as a part of what the cheaper toolbar adds to it."""
    figures, toolbar = raw["results"][raw["goal"]["workload"]], cheaper(raw)
    if toolbar is None:
        return {}
    return {name: figures[name]["more_us"] / toolbar["more_us"] for name in raw["goal"]["variants"]}


def is_missed(raw: dict[str, Any]) -> bool:
    """Say whether recording costs more than the bound allows, or was not measured."""
    found = shares(raw)
    return not found or any(share > 1 / raw["goal"]["part"] for share in found.values())


def verdict(raw: dict[str, Any]) -> str:
    """Whether the bound is kept, and by how much."""
    toolbar = cheaper(raw)
    if toolbar is None:
        return "Other toolbars were not measured in this run, so it says nothing of the bound."
    said = [f"1/{1 / share:.0f} when {raw['variants'][name]}" for name, share in shares(raw).items() if share > 0]
    return (
        f"The bound, a {'thirtieth' if raw['goal']['part'] == 30 else raw['goal']['part']} of what {toolbar['title']}"
        f" adds to the same page, is {'exceeded' if is_missed(raw) else 'kept'}: {', '.join(said)}."
    )


def under_toolbars(raw: dict[str, Any]) -> str:
    """What other toolbars add to the page."""
    rows = [[each["title"], number(each["us"]), f"{each['more_us']:+,.0f}"] for each in raw["toolbars"].values()]
    return markdown(["the same page under other toolbars", "µs", "more µs"], rows)


def variants(raw: dict[str, Any], workload: str) -> str:
    """One line a variant: what a request takes, what that is more than without an X-ray, and the calls."""
    head = [raw["workloads"][workload], "µs", "more µs", "more %", "calls", "more calls"]

    def row(name: str, result: dict[str, Any]) -> list[str]:
        title, took, calls = raw["variants"][name], number(result["us"]), number(result["calls"])
        if name == raw["base"]:
            return [title, took, "-", "-", calls, "-"]
        more, percent = (round(value, 1) + 0.0 for value in (result["more_us"], (result["ratio"] - 1) * 100))  # no -0.0
        return [title, took, f"{more:+.1f}", f"{percent:+,.1f}", calls, f"{result['more_calls']:+d}"]

    return markdown(head, (row(*item) for item in raw["results"][workload].items()))


def xray(raw: dict[str, Any]) -> str:
    """The report on what the X-ray costs."""
    plan = raw["plan"]
    how = (
        f"Medians of {plan['processes'] * plan['rounds']} rounds in turn, {plan['rounds']} in each of "
        f"{plan['processes']} processes for a variant, a round being {plan['batches']} batches of about "
        f"{plan['batch_ms']:g} ms; the page's loop has {raw['turns']:,} turns. {machine.sentence(raw['machine'])}"
    )
    tables = [variants(raw, workload) for workload in raw["results"]]
    return "\n\n".join([how, *tables, *([under_toolbars(raw)] if "toolbars" in raw else []), verdict(raw)])


# -- the page ------------------------------------------------------------------------------------


#: The picture that the README shows, and the one of whole servers, which follows it once it is measured.
PICTURE = "![What a request costs, by framework and workload](docs/benchmarks/requests.svg)"
SERVERS = "![Requests a second of whole servers, by framework](docs/benchmarks/stack.svg)"


def show(readme: Path) -> None:
    """Have the README show the picture of whole servers.

    :raises ValueError: when there is no picture of requests that it could follow.
    """
    content = readme.read_text(encoding="utf-8")
    if SERVERS in content:
        return
    if content.count(PICTURE) != 1:
        raise ValueError(f"{readme.name} needs the line {PICTURE}, once, for the picture of whole servers to follow")
    readme.write_text(content.replace(PICTURE, f"{PICTURE}\n\n{SERVERS}"), encoding="utf-8")


#: Kinds for which the page gets a section of its own the first time that their figures are written.
SECTIONS = {"people": "Workloads that people have"}


def insert(page: Path, kind: str, text: str) -> None:
    """Put *text* between the page's markers of that kind.

    :raises ValueError: when the page has no such markers.
    """
    begin, end = f"<!-- bench {kind}: begin -->", f"<!-- bench {kind}: end -->"
    content = page.read_text(encoding="utf-8")
    if kind in SECTIONS and not content.count(begin) + content.count(end):
        content = f"{content.rstrip()}\n\n## {SECTIONS[kind]}\n\n{begin}\n{end}\n"
    if content.count(begin) != 1 or content.count(end) != 1:
        raise ValueError(f"{page.name} needs the lines {begin} and {end}, once each, for the figures to stand between")
    before, _, rest = content.partition(begin)
    _, _, after = rest.partition(end)
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
