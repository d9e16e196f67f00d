"""A chart of ratios as SVG: a bar for each client in each group, on a logarithmic scale."""

from __future__ import annotations

import math
from html import escape
from typing import Dict, List, Mapping

from machine import Sample

LEFT, WIDTH, ROW, GAP = 290, 420, 16, 30
LEAST, MOST = 0.001, 10.0
COLOURS: Dict[str, str] = {"acme.sh": "#8a8a8a", "acmewrap": "#1f6feb", "acmewrap, after a change": "#79a8f3"}
STYLE = "text{font:12px sans-serif;fill:#555}.t{font-weight:bold}@media(prefers-color-scheme:dark){text{fill:#bbb}}"


def draw(groups: Mapping[str, Mapping[str, Sample]]) -> str:
    """The SVG; *groups* has the ratios of each client by the title of the group."""
    parts: List[str] = []
    below = 18
    for title, rows in groups.items():
        parts.append(f'<text class="t" x="8" y="{below}">{escape(title)}</text>')
        for name, ratio in rows.items():
            below += ROW
            length = _position(ratio.wall)
            colour = COLOURS.get(name, "#c9c9c9")
            parts.append(f'<text x="{LEFT - 6}" y="{below}" text-anchor="end">{escape(name)}</text>')
            parts.append(f'<rect x="{LEFT}" y="{below - 10}" width="{length:.1f}" height="11" fill="{colour}"/>')
            parts.append(f'<text x="{LEFT + length + 5:.1f}" y="{below}">{ratio.wall:.2g}</text>')
        below += GAP
    one, height = LEFT + _position(1.0), below
    parts.append(f'<path d="M{one:.1f} 4V{height - GAP}" stroke="#d73a49" stroke-dasharray="3"/>')
    parts.append(
        f'<text x="8" y="{height - 8}">wall time as a ratio to acme.sh (dashed: 1), logarithmic; shorter is faster</text>'
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 60} {height}" role="img">'
    return "\n".join((head, f"<style>{STYLE}</style>", *parts, "</svg>", ""))


def _position(ratio: float) -> float:
    share = (math.log10(min(max(ratio, LEAST), MOST)) - math.log10(LEAST)) / (math.log10(MOST) - math.log10(LEAST))
    return max(1.0, share * WIDTH)
