"""Settings: read and checked once, in `server/__main__.py`; everyone else is handed values."""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import msgspec

from chat.files import MAX_FILE_BYTES


class SettingsError(Exception):
    """A setting that cannot be used; the text is one line for the operator."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may choose. Every field is also `PARLANCE_<NAME>` in the environment."""

    host: str = "127.0.0.1"
    port: int = 8000
    data: str = ".parlance"
    workers: int = 1
    database_url: str | None = None
    redis_url: str | None = None
    files_url: str | None = None
    max_file_bytes: int = MAX_FILE_BYTES
    secrets_key: str | None = None
    link_previews: bool = False
    log_format: str = "text"
    log_level: str = "info"
    heartbeat_seconds: float = 25.0
    hello_seconds: float = 10.0
    presence_grace_seconds: float = 3.0
    drain_seconds: float = 10.0
    max_frame_bytes: int = 2 * 1024 * 1024
    outgoing_buffer_bytes: int = 1024 * 1024
    commands_per_second: float = 100.0
    deflate: bool = False

    def __repr__(self) -> str:
        shown = [f"{f}={_masked(f, getattr(self, f))!r}" for f in self.__struct_fields__]
        return f"Settings({', '.join(shown)})"

    @property
    def data_directory(self) -> Path:
        return Path(self.data).absolute()


def read_settings(
    environment: Mapping[str, str] = os.environ, **given: str | int | float | bool | None
) -> Settings:
    """Merge the environment with what the command line gave (which wins) and check all of it.

    Raises SettingsError naming the setting and what it takes.
    """
    values: dict[str, object] = {}
    for field in Settings.__struct_fields__:
        variable = f"PARLANCE_{field.upper()}"
        if given.get(field) is not None:
            values[field] = given[field]
        elif environment.get(variable):
            values[field] = environment[variable]
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"settings: {error}") from None
    _check(settings)
    return settings


def _check(settings: Settings) -> None:
    if not 0 <= settings.port <= 65535:
        raise SettingsError(f"settings: port {settings.port} is not between 0 and 65535")
    if not 1 <= settings.workers <= 256:
        raise SettingsError(f"settings: workers {settings.workers} is not between 1 and 256")
    if settings.log_format not in ("text", "json"):
        raise SettingsError("settings: log_format takes text or json")
    if settings.log_level not in ("debug", "info", "warning", "error"):
        raise SettingsError("settings: log_level takes debug, info, warning or error")
    _check_url("database_url", settings.database_url, ("postgresql", "postgres"))
    _check_url("redis_url", settings.redis_url, ("redis", "rediss", "unix"))
    _check_url("files_url", settings.files_url, ("s3",))
    if settings.files_url is not None and not urlsplit(settings.files_url).netloc:
        raise SettingsError("settings: files_url must name a bucket, as in s3://bucket/prefix")
    if settings.max_file_bytes < 1:
        raise SettingsError("settings: max_file_bytes takes at least 1")
    for field in Settings.__struct_fields__:
        value = getattr(settings, field)
        if isinstance(value, int | float) and not (value >= 0 and math.isfinite(value)):
            raise SettingsError(f"settings: {field} cannot be {value}")
    for field in ("heartbeat_seconds", "hello_seconds", "commands_per_second"):
        if not getattr(settings, field):
            raise SettingsError(f"settings: {field} must be more than 0")
    if settings.max_frame_bytes < 4096 or settings.outgoing_buffer_bytes < 65536:
        raise SettingsError(
            "settings: max_frame_bytes takes at least 4096, outgoing_buffer_bytes at least 65536"
        )


def _check_url(field: str, url: str | None, schemes: tuple[str, ...]) -> None:
    if url is None:
        return
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if scheme not in schemes:
        known = " or ".join(f"{known}://" for known in schemes)
        raise SettingsError(f"settings: {field} must start with {known}")


def _masked(field: str, value: object) -> object:
    if field == "secrets_key" and value is not None:
        return "***"
    if field.endswith("_url") and isinstance(value, str):
        parts = urlsplit(value)
        if parts.password:
            host = parts.netloc.rpartition("@")[2]
            return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:***@{host}"))
    return value
