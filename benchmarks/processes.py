"""Starting, pinning, weighing and ending the processes of a benchmark.

Rule: whatever is started here is ended by its own id when its `with` block is left.
"""

import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.load.build import BROADCAST, build

ROOT = Path(__file__).resolve().parent.parent
SERVER_CORE, LOAD_CORE = min(os.sched_getaffinity(0)), max(os.sched_getaffinity(0))
_TICKS = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A process of the benchmark did not do what it should; the text says which and what."""


def raise_file_limit() -> None:
    """Let this process and its children open as many files as the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def free_port() -> int:
    """Name a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str] | None = None, stop_seconds: float = 30
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command from the root of the project; its output is shown only if it fails."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield process
        except BaseException:
            output.seek(0)
            sys.stderr.write(output.read()[-4000:].decode(errors="replace"))
            raise
        finally:
            process.terminate()
            try:
                process.wait(stop_seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float) -> None:
    """Ask `ready` until it agrees; raises Failed when the process ends or time is up."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None:
            raise Failed(f"{process.args!r} ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise Failed(f"{process.args!r} was not ready within {seconds} s")
        time.sleep(0.05)


def accepts(port: int) -> bool:
    """Tell whether somebody listens on the port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def pin(pid: int, core: int) -> None:
    """Keep every thread of a process on one core."""
    for task in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(task), {core})


def cpu_seconds(pid: int) -> float:
    """Say how much processor time a process has used since it started."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def pss_kib(pid: int) -> int:
    """Say how much memory is a process's own, in KiB, with its share of what is shared."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise Failed(f"no Pss of process {pid}")


def children(pid: int) -> list[int]:
    """List the child processes of a process."""
    tasks = Path(f"/proc/{pid}/task")
    return [
        int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()
    ]


@contextmanager
def baseline(name: str) -> Iterator[tuple[int, int]]:
    """Run a broadcaster (bare, bare-join, c, c-join) on the server's core: its port and id."""
    port = free_port()
    if name.startswith("bare"):
        command = [sys.executable, "-m", "benchmarks.baselines.bare", str(port)]
        command += ["--join"] if name.endswith("join") else []
    else:
        command = [str(build(BROADCAST)), str(port)]
        command += ["join"] if name.endswith("join") else []
    with running(command) as process:
        pin(process.pid, SERVER_CORE)
        wait_until(lambda: accepts(port), process, 10)
        yield port, process.pid
