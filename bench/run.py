"""Measures acmewrap beside acme.sh alone and whatever other clients are installed, all in one run; writes bench/RESULTS.md.

Figures are the wall time and the processor time of whole processes. Programs take turns, round by round, so that what else the
machine does hits all of them; ratios are those of medians within this run. Figures of different machines, or days, do not
compare, and on a machine that is busy with something else only the processor time says much.
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
from typing import Callable, Dict, List, Sequence, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from machine import Machine, Sample, measure, set_up
from programs import LANES, PROGRAMS, AcmeSh, Acmewrap, Monitored, Program

RESULTS = Path(__file__).resolve().parent / "RESULTS.md"
ROUNDS = {1: 9, 10: 7, 100: 3, 1000: 1}
MANY = 24
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

Times are those of whole processes, which take turns; ratios are those of the medians. *After a change* is acmewrap's run that
reads the file and every certificate, because one of them changed since the last run or a week has passed; the other row is every
run after it. lego and uacme take one name per call and so run in a loop. Issues are made by a Pebble on the same machine, with
the sleeps of each client as it has them, each for names that are new to it; acmewrap issues {lanes} at a time, the others one
after another.
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
        parts = [heading(machine)]
        for count in sizes:
            rounds = max(1, round(ROUNDS[count] * options.rounds))
            parts.append(
                table(f"Nothing due, {count} certificate{'' if count == 1 else 's'}", quiet(machine, count, rounds))
            )
        if not options.quick:
            parts.append(
                table("One certificate issued, account known", issue(machine, 1, max(1, round(5 * options.rounds))))
            )
            parts.append(table(f"{MANY} certificates issued, account known", issue(machine, MANY, 1)))
        parts.append(table("Imports", imports(machine), base="python -c pass"))
        RESULTS.write_text("\n".join(parts), encoding="utf-8")
    print(f"written to {RESULTS}")


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
            time.sleep(3)  # it does not rely on files that were written a moment ago
        commands[program.name] = run
    return take_turns(commands, rounds)


def issue(machine: Machine, count: int, rounds: int) -> List[Row]:
    """First issues, of new names in each round, from the real authority on this machine; sleeps of the clients included."""
    batches = [[f"i{number}-{batch}.example.com" for number in range(count)] for batch in range(rounds)]
    commands: Dict[str, Command] = {}
    for program in installed(machine):
        if isinstance(program, Monitored):  # whose orders are those of acmewrap
            continue
        folder = program.base / f"issue{count}"
        try:
            program.prepare(folder, [name for batch in batches for name in batch])
            calls = iter([program.issue(folder, batch) for batch in batches])
        except NotImplementedError:
            continue
        commands[program.name] = lambda calls=calls: measure(machine, next(calls))  # type: ignore[misc]
    return take_turns(commands, rounds)


def imports(machine: Machine) -> List[Row]:
    commands = {
        name: (lambda code=code: measure(machine, [sys.executable, "-c", code]))
        for name, code in IMPORTS.items()  # type: ignore[misc]
    }
    return take_turns(commands, 15)


def installed(machine: Machine) -> List[Program]:
    return [program for program in (kind(machine) for kind in PROGRAMS) if program.is_installed()]


def take_turns(commands: Dict[str, Command], rounds: int) -> List[Row]:
    found: Dict[str, List[Sample]] = {name: [] for name in commands}
    for number in range(rounds):
        print(f"  round {number + 1} of {rounds}: {', '.join(commands)}", flush=True)
        for name, command in commands.items():
            found[name].append(command())
    return list(found.items())


def table(title: str, rows: List[Row], base: str = AcmeSh.name) -> str:
    print(title, flush=True)
    against = median(dict(rows)[base])
    head = f"| | rounds | wall, median | least to most | ratio to {base} | processor | ratio |"
    lines = [f"## {title}", "", head, "|---|--:|--:|--:|--:|--:|--:|"]
    for name, samples in rows:
        middle, walls = median(samples), [sample.wall for sample in samples]
        columns = (
            *(name, str(len(samples)), written(middle.wall), f"{written(min(walls))} to {written(max(walls))}"),
            *(f"{middle.wall / against.wall:.4f}", written(middle.processor)),
            f"{middle.processor / against.processor:.4f}",
        )
        lines.append(f"| {' | '.join(columns)} |")
        print("   ", lines[-1], flush=True)
    return "\n".join(lines) + "\n"


def median(samples: List[Sample]) -> Sample:
    return Sample(*(statistics.median(values) for values in zip(*samples)))


def written(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


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
