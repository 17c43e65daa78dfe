"""Plots and tables of docs/performance.md, from what the benchmarks found.

    python benchmarks/draw.py

Plots go to docs/_static/performance/, tables between the page's own marks.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import figures
import matplotlib as mpl
from matplotlib.figure import Figure

DOCS = Path(__file__).resolve().parent.parent / "docs"
PLOTS = DOCS / "_static" / "performance"
OURS, OTHERS = "#1f6feb", "#8c959f"
CAPACITY = 6000  # calls a minute that the page takes for what IdentityX stands

mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "same bytes each time"})


def main() -> None:
    PLOTS.mkdir(parents=True, exist_ok=True)
    found = figures.read()
    page = DOCS / "performance.md"
    text = page.read_text()
    for name, write in SECTIONS.items():
        if name in found:
            text = _put(text, name, [*write(found[name]["found"]), "", _where(found[name])])
    page.write_text(text)


def _put(text: str, name: str, lines: list[str]) -> str:
    """The page with ``lines`` between the marks of ``name``."""
    marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.S)
    body = "\n".join(lines)
    new, number = marks.subn(lambda match: f"{match[1]}{body}\n{match[2]}", text)
    if number != 1:
        raise SystemExit(f"docs/performance.md has {number} places for {name}.")
    return new


def _where(entry: dict[str, Any]) -> str:
    return f"*{entry['date']}, {entry['on']}, load {entry['load']}.*"


def _table(head: list[str], rows: Iterator[list[str]] | list[list[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "| " + " | ".join(["---", *["--:"] * (len(head) - 1)]) + " |"
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def _compared(medians: dict[str, float], to: str) -> Iterator[str]:
    rows = [[name, f"{us:,.1f}", f"{us / medians[to]:.2f}"] for name, us in medians.items()]
    yield from _table(["", "µs", f"x {to.split(':')[0].split(',')[0]}"], rows)


def hits(medians: dict[str, float]) -> Iterator[str]:
    _bars("hits", medians, "microseconds a request, each line ten times as long")
    yield from _compared(
        medians, next(n for n in ("simplejwt, stateless", *medians) if n in medians)
    )


def first_is_one(medians: dict[str, float]) -> Iterator[str]:
    yield from _compared(medians, next(iter(medians)))


def pages(medians: dict[str, float]) -> Iterator[str]:
    _bars("pages", medians, "microseconds a page", is_log=False)
    yield from first_is_one(medians)


def load(rows: dict[str, str]) -> Iterator[str]:
    yield from _table(["", "found"], [[title, text] for title, text in rows.items()])


def growth(found: dict[str, Any]) -> Iterator[str]:
    readers = found["readers"]
    _lines(readers, found["rows"])
    head = ["cache", "processes", "TTL, s", *[f"{n:,}" for n in readers], "stands"]
    yield from _table(head, [_grown(readers, row) for row in found["rows"]])


def _grown(readers: list[int], row: dict[str, Any]) -> list[str]:
    calls = row["calls"]
    return [
        {"shared": "one", "own": "each its own"}[row["cache"]],
        str(row["processes"]),
        str(row["ttl"]),
        *[f"{count:,.0f}" for count in calls],
        f"{_stands(readers, calls):,.0f}",
    ]


def _stands(readers: list[int], calls: list[float]) -> float:
    """Readers a minute with which `CAPACITY` is reached, to two digits."""
    points = list(zip(readers, calls, strict=True))
    for (few, low), (many, high) in itertools.pairwise(points):
        if high >= CAPACITY:
            part = (math.log(CAPACITY) - math.log(low)) / (math.log(high) - math.log(low))
            number = few * (many / few) ** part
            return float(f"{number:.2g}")
    return float(readers[-1])


# --- plots --------------------------------------------------------------------------------------


def _bars(name: str, medians: dict[str, float], label: str, *, is_log: bool = True) -> None:
    figure = Figure(figsize=(7.5, 0.9 + 0.36 * len(medians)), layout="constrained")
    axes = figure.subplots()
    names = list(medians)[::-1]
    colors = [OURS if "dentity" in each else OTHERS for each in names]
    bars = axes.barh(names, [medians[each] for each in names], color=colors)
    axes.bar_label(bars, fmt=lambda us: f"{us:,.1f}" if us < 100 else f"{us:,.0f}", padding=4)
    if is_log:
        axes.set_xscale("log")
    axes.margins(x=0.12)
    axes.set_xlabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    _save(figure, name)


def _lines(readers: list[int], rows: list[dict[str, Any]]) -> None:
    figure = Figure(figsize=(7.5, 4.6), layout="constrained")
    axes = figure.subplots()
    styles = {60: "-", 600: "--", 3600: ":"}
    shown = [
        row for row in rows if (row["cache"], row["processes"]) in {("shared", 20), ("own", 20)}
    ]
    for row in shown:
        is_shared = row["cache"] == "shared"
        what = "one cache for all" if is_shared else "a cache a process"
        axes.loglog(
            readers,
            row["calls"],
            styles[row["ttl"]],
            color=OURS if is_shared else OTHERS,
            label=f"{what}, TTL {row['ttl']} s",
        )
    axes.axhline(CAPACITY, color="#cf222e", linewidth=1)
    axes.annotate(f"{CAPACITY:,} calls a minute", (readers[0], CAPACITY * 1.2), color="#cf222e")
    axes.set_xlabel("readers a minute, 20 processes")
    axes.set_ylabel("calls to IdentityX a minute")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    _save(figure, "growth")


def _save(figure: Figure, name: str) -> None:
    figure.savefig(PLOTS / f"{name}.svg", metadata={"Date": None, "Creator": None})


SECTIONS: dict[str, Callable[[Any], Iterator[str]]] = {
    "hits": hits,
    "redis": first_is_one,
    "entitled": first_is_one,
    "asking": first_is_one,
    "pages": pages,
    "load": load,
    "growth": growth,
}

if __name__ == "__main__":
    main()
