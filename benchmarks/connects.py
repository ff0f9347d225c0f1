"""Connect and resume rate: from connect() to the hello reply, and to the end of the recovery.

All sockets come as fast as the server takes them, as after a restart; each of their users is in
ten channels. `behind` is how many messages each channel has that the client has not seen.
"""

from benchmarks.generator import Generator, Opened, Socket
from benchmarks.people import People, Person
from benchmarks.processes import Failed, raise_file_limit
from benchmarks.report import Cell, median, options, report
from benchmarks.server import parlance

CHANNELS = 10
_GROUP = 100


def main() -> None:
    parser = options(__doc__ or "", seconds=0, rounds=3)
    parser.add_argument("--sockets", type=int, default=2_000)
    parser.add_argument("--users", type=int, default=1_000)
    parser.add_argument("--behind", type=int, action="append", help="per channel, repeatable")
    arguments = parser.parse_args()
    behind = arguments.behind or [0, 1, 10]
    raise_file_limit()
    opened: dict[str, list[Opened]] = {}
    with parlance() as server:
        people = People(server)
        groups = grouped(people.make(arguments.users))
        heads = _talk(server.port, people, groups, max(behind))
        for _ in range(arguments.rounds):
            cases = [("connect and hello", None)]
            cases += [(f"resume, {count} behind", count) for count in behind]
            for case, count in cases:
                sockets = _sockets(groups, heads, arguments.sockets, count)
                opened.setdefault(case, []).append(_come(server.port, sockets, count))
    report("connects", [_row(case, kept) for case, kept in opened.items()])


def grouped(everyone: list[Person]) -> list[list[Person]]:
    """Split the people into groups that share their channels."""
    return [everyone[first : first + _GROUP] for first in range(0, len(everyone), _GROUP)]


def make_channels(people: People, groups: list[list[Person]]) -> list[list[str]]:
    """Give every group its own ten channels."""
    names = people.channels([group for group in groups for _ in range(CHANNELS)])
    return [names[first : first + CHANNELS] for first in range(0, len(names), CHANNELS)]


def _talk(
    port: int, people: People, groups: list[list[Person]], messages: int
) -> list[dict[str, int]]:
    """Say at least so many messages in each channel: the heads each group's members then have."""
    channels = make_channels(people, groups)
    with Generator(port) as generator:
        generator.open(
            Socket("b", group[0].token, channel)
            for group, mine in zip(groups, channels, strict=True)
            for channel in mine
        )
        before = heads = [people.heads(group[0]) for group in groups]
        while any(
            head[channel] - at < messages
            for head, start in zip(heads, before, strict=True)
            for channel, at in start.items()
        ):
            generator.run(seconds=0.2, warm=0).check()
            heads = [people.heads(group[0]) for group in groups]
    return heads


def _sockets(
    groups: list[list[Person]], heads: list[dict[str, int]], count: int, behind: int | None
) -> list[Socket]:
    sockets = []
    for number in range(count):
        group = number % len(groups)
        person = groups[group][number // len(groups) % len(groups[group])]
        positions = {} if behind is None else {c: at - behind for c, at in heads[group].items()}
        sockets.append(Socket("i", person.token, positions=positions))
    return sockets


def _come(port: int, sockets: list[Socket], behind: int | None) -> Opened:
    with Generator(port) as generator:
        opened = generator.open(sockets, until="hello" if behind is None else "heads")
    expected = len(sockets) * CHANNELS * (behind or 0)
    if opened.recovered != expected:
        raise Failed(f"{opened.recovered} messages were recovered instead of {expected}")
    return opened


def _row(case: str, kept: list[Opened]) -> dict[str, Cell]:
    return {
        "what": case,
        "sockets": kept[0].opened,
        "per_second": median(each.per_second for each in kept),
        "messages_recovered_per_second": median(each.recovered / each.seconds for each in kept),
        "hello_p50_ms": median(each.hello_ms.p50 for each in kept),
        "hello_p99_ms": median(each.hello_ms.p99 for each in kept),
        "live_p50_ms": median(each.live_ms.p50 for each in kept),
        "live_p99_ms": median(each.live_ms.p99 for each in kept),
        "generator_core": median(each.cpu for each in kept),
    }


if __name__ == "__main__":
    main()
