"""What every benchmark shares: its options, its table and its line of JSON."""

import argparse
import platform
import statistics
import sys
from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec
from rich.console import Console
from rich.table import Table

Cell: TypeAlias = str | int | float | None


def options(description: str, seconds: float, rounds: int) -> argparse.ArgumentParser:
    """Make a parser that knows --seconds (of one measurement) and --rounds."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seconds", type=float, default=seconds, help="of one measurement")
    parser.add_argument("--rounds", type=int, default=rounds, help="medians are taken over these")
    return parser


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def report(name: str, rows: list[dict[str, Cell]], notes: Mapping[str, Cell] | None = None) -> None:
    """Print a table with the keys of the first row as its head, then everything as JSON."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    table = Table(title=name, title_justify="left")
    for index, heading in enumerate(rows[0]):
        table.add_column(
            heading.replace("_per_second", "/s").replace("_", " "),
            justify="right" if index else "left",
            no_wrap=not index,
        )
    for row in rows:
        table.add_row(*(_shown(cell) for cell in row.values()))
    console.print(table)
    for note, value in (notes or {}).items():
        console.print(f"{note.replace('_', ' ')}: {_shown(value)}")
    machine = {"python": platform.python_version(), "system": platform.platform()}
    line = {"benchmark": name, "rows": rows, "notes": dict(notes or {}), "machine": machine}
    print(msgspec.json.encode(line).decode(), flush=True)


def _shown(cell: Cell) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return cell
    if abs(cell) >= 1000 or isinstance(cell, int):
        return f"{cell:,.0f}"
    return f"{cell:.2f}"
