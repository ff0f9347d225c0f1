"""The command line. Settings are read here, once, and handed on as values."""

import asyncio
import contextlib
import sys
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

import cyclopts
import msgspec
from cyclopts import Parameter

import parlance
from chat.errors import ChatError
from server import administration, first_start, logs, probe, supervisor, terminal
from server.embedded.directory import reachable_of_holder
from server.embedded.postgres import url_of
from server.embedded.process import EmbeddedError
from server.settings import SettingsError, read_settings

T = TypeVar("T")

cli = cyclopts.App(
    name="parlance", help="A self-hosted realtime chat server.", version=parlance.__version__
)
application = cyclopts.App(name="application", help="Tenants.")
token = cyclopts.App(name="token", help="Tokens of users.")
cli.command(application)
cli.command(token)

Data = Annotated[str | None, Parameter(help="The data directory; .parlance by default.")]
Url = Annotated[str | None, Parameter(help="The server's address, if not that of the data.")]
UserToken = Annotated[str | None, Parameter(name="--token", help="A user token.")]
Guest = Annotated[str | None, Parameter(help="A guest's name, where guests are admitted.")]


@cli.command
def serve(
    *,
    host: str | None = None,
    port: int | None = None,
    data: Data = None,
    workers: int | None = None,
    log_format: Annotated[str | None, Parameter(help="text or json.")] = None,
) -> int:
    """Run the server until SIGTERM or Ctrl-C, which drain it. SIGHUP restarts it node by node.

    Every setting can also be given as PARLANCE_<NAME> in the environment.
    """
    settings = read_settings(
        host=host, port=port, data=data, workers=workers, log_format=log_format
    )
    logs.configure(settings.log_format, settings.log_level)
    return supervisor.run(settings)


@cli.command
def migrate(*, data: Data = None) -> None:
    """Bring the database schema up to date. `serve` does so by itself."""
    with administration.reach_database(read_settings(data=data)) as settings:
        applied = _run(first_start.migrate(settings))
    _say(f"applied: {', '.join(map(str, applied))}" if applied else "the schema is up to date")


@application.command
def create(name: str, /, *, data: Data = None) -> None:
    """Make an application and print its credentials as JSON. The secret is shown only here."""
    with administration.reach_database(read_settings(data=data)) as settings:
        credentials = _run(administration.create_application(settings, name))
    _say(msgspec.json.format(msgspec.json.encode(credentials)).decode())


@token.command(name="create")
def create_token(
    user: str,
    /,
    *,
    application: str | None = None,
    bot: bool = False,
    expires_in: Annotated[int | None, Parameter(help="Seconds; never, by default.")] = None,
    data: Data = None,
) -> None:
    """Make a token for a user, and the user if there is none of that name. Prints the token."""
    with administration.reach_database(read_settings(data=data)) as settings:
        _, made = _run(
            administration.create_token(settings, application, user, bot=bot, expires_in=expires_in)
        )
    _say(made.token)


@cli.command
def send(
    channel: str,
    text: str | None = None,
    /,
    *,
    data: Data = None,
    url: Url = None,
    user_token: UserToken = None,
    username: Guest = None,
) -> None:
    """Send a message to a channel (its id or name), or each line of standard input."""
    access = terminal.read_access(
        read_settings(data=data).data_directory, url=url, token=user_token, username=username
    )
    _run(
        terminal.send(
            access=access, channel=channel, text=text, source=sys.stdin, output=sys.stdout
        )
    )


@cli.command
def tail(
    channel: str | None = None,
    /,
    *,
    data: Data = None,
    url: Url = None,
    user_token: UserToken = None,
    username: Guest = None,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> None:
    """Print what happens in a channel, or in all of one's channels, until interrupted."""
    access = terminal.read_access(
        read_settings(data=data).data_directory, url=url, token=user_token, username=username
    )
    _run(terminal.tail(access=access, channel=channel, output=sys.stdout, as_json=as_json))


@cli.command
def bench(
    *,
    people: Annotated[int, Parameter(help="Sockets in one room.")] = 20,
    messages: Annotated[int, Parameter(help="Messages of each.")] = 50,
    data: Data = None,
    url: Url = None,
) -> int:
    """Have people talk in a room of a running server, and check what each of them hears.

    Measures the Python client as much as the server; the repository's benchmarks go further.
    """
    access = terminal.read_access(read_settings(data=data).data_directory, url=url)
    return 0 if _run(probe.run(access, people, messages, sys.stdout)) else 1


@cli.command
def doctor(*, data: Data = None) -> int:
    """Check what a server would need: the data directory, PostgreSQL and Redis."""
    settings = read_settings(data=data)
    holder = reachable_of_holder(settings.data_directory)
    if settings.database_url is None and holder is not None:
        settings = msgspec.structs.replace(settings, database_url=url_of(holder))
    return 0 if _run(administration.doctor(settings, sys.stdout)) else 1


def _run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main() -> None:
    """The console script. Refusals are one line on stderr and exit code 1."""
    try:
        with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
            sys.exit(cli(result_action="return_value") or 0)
    except (
        SettingsError,
        EmbeddedError,
        ChatError,
        terminal.TerminalError,
        parlance.ParlanceError,
    ) as problem:
        sys.stderr.write(f"parlance: {problem}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
