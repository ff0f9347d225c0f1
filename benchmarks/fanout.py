"""Fan-out: deliveries per second of Parlance, of a bare Python protocol and of a C program.

Parlance does everything it always does: tokens, rules, PostgreSQL, Redis, offsets. The others
send on what they get. All hold their sockets at once and run in turns on the same core.
"""

from collections import defaultdict
from contextlib import ExitStack

import msgspec

from benchmarks.generator import Generator, Run, Socket
from benchmarks.people import People, Person
from benchmarks.processes import baseline, cpu_seconds, raise_file_limit
from benchmarks.report import Cell, median, options, report
from benchmarks.server import parlance

SHAPES = {
    "1 room x 1,000": (1, 1_000),
    "100 rooms x 10": (100, 10),
    "1 room x 10,000": (1, 10_000),
}
_RIVALS = {1: ("bare", "c"), 16: ("bare", "bare-join", "c-join")}
_USERS = 1_000


class Rival(msgspec.Struct, frozen=True):
    """A server with its sockets open, and the runs made with it."""

    name: str
    pid: int
    generator: Generator
    runs: dict[int, list[tuple[Run, float]]]

    def measure(self, window: int, seconds: float, size: int) -> Run:
        """Run once and keep it, with the processor seconds the server spent per second."""
        before = cpu_seconds(self.pid)
        run = self.generator.run(seconds, window=window, size=size, warm=0).check()
        spent = (cpu_seconds(self.pid) - before) / (run.seconds + run.drain_seconds)
        self.runs[window].append((run, spent))
        return run


def main() -> None:
    parser = options(__doc__ or "", seconds=3, rounds=3)
    parser.add_argument("--shape", choices=SHAPES, action="append", help="only this one")
    parser.add_argument(
        "--window", type=int, choices=_RIVALS, action="append", help="only this one"
    )
    arguments = parser.parse_args()
    raise_file_limit()
    rows: list[dict[str, Cell]] = []
    with ExitStack() as stack:
        server = stack.enter_context(parlance())
        everyone = People(server).make(_USERS)
        bases = {
            name: stack.enter_context(baseline(name))
            for name in sorted({name for names in _RIVALS.values() for name in names})
        }
        for shape in arguments.shape or SHAPES:
            with ExitStack() as opened:
                rooms, size = SHAPES[shape]
                generator = opened.enter_context(Generator(server.port))
                generator.open(_native_rooms(People(server), everyone, rooms, size))
                rivals = [Rival("parlance", server.nodes[0], generator, defaultdict(list))]
                for name, (port, pid) in bases.items():
                    generator = opened.enter_context(Generator(port, "bare"))
                    generator.open(rooms_of(rooms, size))
                    rivals.append(Rival(name, pid, generator, defaultdict(list)))
                windows = arguments.window or list(_RIVALS)
                _take_turns(rivals, windows, arguments.rounds, arguments.seconds)
                rows += _rows(shape, rivals, windows)
    report("fanout", rows)


def rooms_of(rooms: int, size: int, names: list[str] | None = None) -> list[Socket]:
    """Rooms of so many sockets; the first of each sends."""
    return [
        Socket("b" if seat == 0 else "r", room=names[room] if names else str(room))
        for room in range(rooms)
        for seat in range(size)
    ]


def _native_rooms(people: People, everyone: list[Person], rooms: int, size: int) -> list[Socket]:
    members = len(everyone) // rooms
    groups = [everyone[room * members : (room + 1) * members] for room in range(rooms)]
    names = people.channels(groups)
    return [
        msgspec.structs.replace(socket, token=groups[number // size][number % members].token)
        for number, socket in enumerate(rooms_of(rooms, size, names))
    ]


def _take_turns(rivals: list[Rival], windows: list[int], rounds: int, seconds: float) -> None:
    """Measure each in turn; Parlance goes first, to tell the others how large its frame is."""
    for window in windows:
        for _ in range(rounds):
            frame = rivals[0].measure(window, seconds, 64).frame_bytes
            for rival in rivals[1:]:
                if rival.name in _RIVALS[window]:
                    rival.measure(window, seconds, frame - 2)


def _rows(shape: str, rivals: list[Rival], windows: list[int]) -> list[dict[str, Cell]]:
    rows: list[dict[str, Cell]] = []
    for window in windows:
        rates = {
            rival.name: median(run.deliveries_per_second for run, _ in rival.runs[window])
            for rival in rivals
            if rival.runs[window]
        }
        python, c = _RIVALS[window][-2:]
        rows += [
            _row(shape, window, rival, rates[python], rates[c])
            for rival in rivals
            if rival.runs[window]
        ]
    return rows


def _row(shape: str, window: int, rival: Rival, python: float, c: float) -> dict[str, Cell]:
    runs = [run for run, _ in rival.runs[window]]
    rate = median(run.deliveries_per_second for run in runs)
    return {
        "shape": shape,
        "window": window,
        "server": rival.name,
        "deliveries_per_second": rate,
        "to_python": rate / python,
        "to_c": rate / c,
        "p50_ms": median(run.delivery_ms.p50 for run in runs),
        "p99_ms": median(run.delivery_ms.p99 for run in runs),
        "server_core": median(spent for _, spent in rival.runs[window]),
        "cpu_s_per_million": median(
            spent / run.deliveries_per_second * 1e6 for run, spent in rival.runs[window]
        ),
        "generator_core": median(run.cpu for run in runs),
        "frame_bytes": runs[0].frame_bytes,
    }


if __name__ == "__main__":
    main()
