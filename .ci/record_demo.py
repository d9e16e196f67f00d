#!/usr/bin/env python3
"""Runs `acmewrap demo` and draws what it said as docs/demo.svg: text in a terminal's window, of nothing but SVG.

Left out are the configuration, the two acts about a forced renewal, and which places acme.sh was not taken from; the rest is as it
was said, with the temporary folder as ~ and lines cut off at the window's edge.
"""

from __future__ import annotations

import re
import subprocess
import sys
from html import escape
from pathlib import Path
from typing import Iterator, List

TOP = Path(__file__).resolve().parent.parent
COLUMNS, LINE, LETTER, MARGIN, BAR = 104, 18, 7.8, 16, 34
LEFT_OUT = ("$ acmewrap issue", "$ acmewrap cron")
STYLE = """\
text { font: 13px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: #c9d1d9; white-space: pre }
.command { fill: #ffffff; font-weight: bold } .proven { fill: #56d364 } .table { fill: #79c0ff }"""


def main() -> int:
    program = TOP / ".venv" / "bin" / "acmewrap"
    done = subprocess.run([program, "demo"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        print(done.stdout, file=sys.stderr)
        return done.returncode
    lines = list(shorten(done.stdout))
    target = TOP / "docs" / "demo.svg"
    target.write_text(draw(lines), encoding="utf-8")
    print(f"{target}: {len(lines)} lines")
    return 0


def shorten(text: str) -> Iterator[str]:
    """What is drawn of all that the demo says."""
    text = re.sub(r"/\S+/acmewrap-demo-[^/\s]+/(nas|web)", "~", text)
    for act in re.split(r"\n(?=\$ )", text)[1:]:
        if not act.startswith(LEFT_OUT):
            for line in act.rstrip().splitlines():
                if not re.match(r"  acme\.sh (\S+: trying|was not taken)", line):
                    yield line if len(line) <= COLUMNS else f"{line[: COLUMNS - 1]}…"
            yield ""


def draw(lines: List[str]) -> str:
    while lines and not lines[-1]:
        lines = lines[:-1]
    width, height = round(2 * MARGIN + COLUMNS * LETTER), BAR + len(lines) * LINE + MARGIN
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="title">',
        '<title id="title">acmewrap demo: a certificate is issued, deployed and proven; a second run does nothing</title>',
        f"<style>{STYLE}</style>",
        f'<rect width="{width}" height="{height}" rx="10" fill="#0d1117"/>',
        *(f'<circle cx="{20 + 18 * at}" cy="18" r="5.5" fill="{fill}"/>' for at, fill in enumerate(COLOURS)),
    ]
    for number, line in enumerate(lines):
        kind = "command" if line.startswith("$ ") else "proven" if re.match(r"  proven:|Every", line) else ""
        kind = "table" if line.startswith("CERTIFICATE") else kind
        shown = f' class="{kind}"' if kind else ""
        drawn.append(f'<text x="{MARGIN}" y="{BAR + 14 + number * LINE}"{shown}>{escape(line)}</text>' if line else "")
    return "\n".join((*filter(None, drawn), "</svg>", ""))


COLOURS = ("#ff5f56", "#ffbd2e", "#27c93f")

if __name__ == "__main__":
    sys.exit(main())
