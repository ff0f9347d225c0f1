"""Compiles the C programs of the benchmarks, once per change, into `benchmarks/bin/`."""

import shutil
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parent.parent
LOAD = BENCHMARKS / "load" / "load.c"
BROADCAST = BENCHMARKS / "baselines" / "broadcast.c"


def build(source: Path) -> Path:
    """Return the program compiled from `source`, compiling it if there is none as new."""
    program = BENCHMARKS / "bin" / source.stem
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        program.parent.mkdir(exist_ok=True)
        subprocess.run([*compiler(), "-O2", "-o", str(program), str(source)], check=True)
    return program


def compiler() -> list[str]:
    """Name the C compiler of this machine, or the one that comes with the `bench` extra."""
    for name in ("cc", "gcc", "clang"):
        if shutil.which(name):
            return [name]
    return [sys.executable, "-m", "ziglang", "cc"]


if __name__ == "__main__":
    for source in (LOAD, BROADCAST):
        print(build(source))
