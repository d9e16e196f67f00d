"""Measures acmewrap beside acme.sh alone and whatever other clients are installed, all in one run; writes bench/RESULTS.md.

Measured are the wall time and the processor time of whole processes. Programs take turns, round by round, so that what else the
machine does hits all of them. What is written are the ratios of medians within one run: seconds of different machines, or days, do
not compare, and on a machine that is busy with something else only the processor time says much.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Sequence, Tuple, Type

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import chart
from machine import Machine, Sample, measure, set_up
from programs import LANES, PROGRAMS, AcmeSh, Acmewrap, Certbot, Monitored, Program, Uacme

FOLDER = Path(__file__).resolve().parent
RESULTS, CHART = FOLDER / "RESULTS.md", FOLDER / "chart.svg"
ROUNDS = {1: 9, 10: 7, 100: 3, 1000: 1}
MANY, NAMES, DELAY = 24, 20, 3  # certificates, names of one, seconds
UNDRAWN = ("Imports", "Nothing due, 10 certificates", "Nothing due, 100 certificates")
LOOKS = ("plan", "status", "check")  # measured for the largest number of certificates
SWIFT = (AcmeSh, Acmewrap, Certbot, Uacme)  # lego and dehydrated take minutes for that many
IMPORTS = {
    "python -c pass": "pass",
    "import acmewrap": "import acmewrap",
    "acmewrap.load, .Job, .Plan": "import acmewrap; acmewrap.load, acmewrap.Job, acmewrap.Plan",
    "import sh": "import sh",
    "import jinja2": "import jinja2",
}

HEADING = """\
# Measured side by side

Written by `make bench` on {day}: {processors} processors, {system}; {versions}. Load when it began: {load:.1f}.

Whole processes, which take turns; the figures are ratios of medians, in wall time and in processor time. *After a change* is
acmewrap's run that reads the file and every certificate, because one of them changed since the last run or a week has passed; the
other row is every run after it. lego and uacme take one name per call and so run in a loop. Issues are made by a Pebble on the same
machine, with the sleeps of each client as it has them, each for names that are new to it; acmewrap issues {lanes} at a time, the
others one after another. What takes some of them minutes is measured of the others alone.

![Wall time of each client, as a ratio to acme.sh](chart.svg)
"""

Row = Tuple[str, List[Sample]]
Command = Callable[[], Sample]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=1000, metavar="N", help="the largest number of certificates (1000)")
    parser.add_argument("--rounds", type=float, default=1.0, metavar="FACTOR", help="more or fewer rounds (1.0)")
    parser.add_argument("--quick", action="store_true", help="no issues, which take minutes")
    options = parser.parse_args()
    sizes = [count for count in ROUNDS if count <= options.most]
    with set_up(max((*sizes, MANY))) as machine:
        begun, tables = heading(machine), {}
        for title, measured in tables_of(machine, sizes, options.rounds, quick=options.quick):
            tables[title] = measured()
            write(begun, tables)
    print(f"written to {RESULTS} and {CHART}")


def tables_of(
    machine: Machine, sizes: List[int], factor: float, *, quick: bool
) -> Iterator[Tuple[str, Callable[[], List[Row]]]]:
    """What is measured by the title of its table; what takes longest comes last."""

    def issues(kind: str, rounds: int = 1, **what: Any) -> Callable[[], List[Row]]:
        return lambda: issue(machine, kind, max(1, round(rounds * factor)), **what)

    def nothing(count: int) -> Callable[[], List[Row]]:
        return lambda: quiet(machine, count, max(1, round(ROUNDS[count] * factor)))

    if not quick:
        yield "One certificate issued", issues("one", rounds=5)
    for count in sizes:
        yield f"Nothing due, {count} certificate{'' if count == 1 else 's'}", nothing(count)
    yield "Imports", lambda: imports(machine)
    if not quick:
        yield f"One certificate of {NAMES} names issued", issues("names", names=NAMES, those=SWIFT)
        yield f"{MANY} certificates issued", issues("many", count=MANY, those=SWIFT)
        late = issues("late", count=MANY, those=(AcmeSh, Acmewrap), delay=DELAY)
        yield f"{MANY} certificates issued, validation takes {DELAY} s", late


def write(begun: str, tables: Mapping[str, List[Row]]) -> None:
    """After each table, as the last take minutes."""
    RESULTS.write_text("\n".join([begun, *(table(title, rows) for title, rows in tables.items())]), encoding="utf-8")
    drawn = {title: ratios(rows) for title, rows in tables.items() if title not in UNDRAWN}
    CHART.write_text(chart.draw(drawn), encoding="utf-8")


def quiet(machine: Machine, count: int, rounds: int) -> List[Row]:
    """The run over certificates of which none is due."""
    names = list(machine.leaves)[:count]
    commands: Dict[str, Command] = {}
    for program in installed(machine):
        folder = program.base / f"quiet{count}"
        program.store(folder, names)
        argv, codes = program.check(folder, names), program.quiet_codes

        def run(argv: Sequence[str] = argv, codes: Tuple[int, ...] = codes) -> Sample:
            return measure(machine, list(argv), codes=codes)

        if isinstance(program, Acmewrap):

            def first(program: Acmewrap = program, run: Command = run) -> Sample:
                program.forget()
                return run()

            commands[f"{program.name}, after a change"] = first
            for word in LOOKS if count == max(ROUNDS) and type(program) is Acmewrap else ():
                commands[f"{program.name} {word}"] = lambda argv=[*argv[:-1], word]: measure(machine, argv)  # type: ignore[misc]
            time.sleep(3)  # it does not rely on files that were written a moment ago
        commands[program.name] = run
    return take_turns(commands, rounds)


def issue(
    machine: Machine,
    kind: str,
    rounds: int,
    *,
    count: int = 1,
    names: int = 1,
    those: Sequence[Type[Program]] = PROGRAMS,
    delay: float = 0.0,
) -> List[Row]:
    """First issues, of new names in each round, from the real authority on this machine, which sees no token before *delay*
    seconds have passed; sleeps of the clients included.
    """
    batches = [
        [[f"{kind}{batch}-{number}-{name}.example.com" for name in range(names)] for number in range(count)]
        for batch in range(rounds)
    ]
    commands: Dict[str, Command] = {}
    for program in installed(machine, those):
        if isinstance(program, Monitored):  # whose orders are those of acmewrap
            continue
        folder = program.base / kind
        try:
            program.prepare(folder, [names for batch in batches for names in batch])
            calls = iter([program.issue(folder, batch) for batch in batches])
        except NotImplementedError:
            continue
        commands[program.name] = lambda calls=calls: measure(machine, next(calls))  # type: ignore[misc]
    machine.delay.seconds = delay
    return take_turns(commands, rounds)


def imports(machine: Machine) -> List[Row]:
    def timed(code: str) -> Command:
        return lambda: measure(machine, [sys.executable, "-c", code])

    return take_turns({name: timed(code) for name, code in IMPORTS.items()}, 15)


def installed(machine: Machine, those: Sequence[Type[Program]] = PROGRAMS) -> List[Program]:
    return [program for program in (kind(machine) for kind in those) if program.is_installed()]


def take_turns(commands: Dict[str, Command], rounds: int) -> List[Row]:
    found: Dict[str, List[Sample]] = {name: [] for name in commands}
    for number in range(rounds):
        print(f"  round {number + 1} of {rounds}: {', '.join(commands)}", flush=True)
        for name, command in commands.items():
            found[name].append(command())
    return list(found.items())


def ratios(rows: List[Row]) -> Dict[str, Sample]:
    """The medians of each row, as ratios to those of the first."""
    base = median(rows[0][1])
    return {name: Sample(*(value / of for value, of in zip(median(samples), base))) for name, samples in rows}


def table(title: str, rows: List[Row]) -> str:
    base, found = median(rows[0][1]), ratios(rows)
    lines = [f"## {title}", "", "| | rounds | wall time | least to most | processor time |", "|---|--:|--:|--:|--:|"]
    for name, samples in rows:
        walls = [sample.wall / base.wall for sample in samples]
        spread = f"{min(walls):.4f} to {max(walls):.4f}"
        columns = (name, str(len(samples)), f"{found[name].wall:.4f}", spread, f"{found[name].processor:.4f}")
        lines.append(f"| {' | '.join(columns)} |")
    return "\n".join(lines) + "\n"


def median(samples: List[Sample]) -> Sample:
    return Sample(*(statistics.median(values) for values in zip(*samples)))


def heading(machine: Machine) -> str:
    versions = [f"Python {platform.python_version()}", f"acme.sh {machine.program.resolve().name.rpartition('-')[2]}"]
    for argv in (["certbot", "--version"], ["lego", "--version"], ["uacme", "--version"]):
        try:
            done = subprocess.run(argv, capture_output=True, check=False, text=True)
        except OSError:
            continue
        versions.append((done.stdout or done.stderr).strip().splitlines()[0])
    return HEADING.format(
        day=time.strftime("%Y-%m-%d", time.gmtime()),
        processors=os.cpu_count(),
        system=f"{platform.system()} {platform.machine()}",
        versions="; ".join(versions),
        load=os.getloadavg()[0],
        lanes=LANES,
    )


if __name__ == "__main__":
    main()
