"""Settings: what the environment and the command line give, checked once, in one line."""

import pytest

from server.settings import Settings, SettingsError, read_settings


def test_nothing_given_is_the_default() -> None:
    assert read_settings({}) == Settings()


def test_the_command_line_goes_before_the_environment() -> None:
    environment = {"PARLANCE_PORT": "9000", "PARLANCE_WORKERS": "3", "PARLANCE_DEFLATE": "true"}
    settings = read_settings(environment, port=9001, workers=None)
    assert (settings.port, settings.workers, settings.deflate) == (9001, 3, True)


def test_an_empty_variable_is_not_given() -> None:
    assert read_settings({"PARLANCE_DATABASE_URL": ""}).database_url is None


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "http"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("WORKERS", "0"),
        ("WORKERS", "257"),
        ("WORKERS", "1.5"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "loud"),
        ("DATABASE_URL", "mysql://x"),
        ("DATABASE_URL", "postgresql"),
        ("DATABASE_URL", "http://[x"),
        ("REDIS_URL", "http://x"),
        ("HEARTBEAT_SECONDS", "-1"),
        ("HEARTBEAT_SECONDS", "0"),
        ("HELLO_SECONDS", "0"),
        ("COMMANDS_PER_SECOND", "0"),
        ("DRAIN_SECONDS", "nan"),
        ("DRAIN_SECONDS", "inf"),
        ("MAX_FRAME_BYTES", "4095"),
        ("OUTGOING_BUFFER_BYTES", "1"),
        ("DEFLATE", "perhaps"),
        ("FILES_URL", "ftp://x"),
        ("FILES_URL", "/var/files"),
        ("FILES_URL", "s3://"),
        ("MAX_FILE_BYTES", "0"),
        ("MAX_FILE_BYTES", "many"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name_in_one_line(variable: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({f"PARLANCE_{variable}": value})
    assert variable.lower() in str(refused.value)
    assert "\n" not in str(refused.value)


def test_passwords_are_not_shown() -> None:
    settings = read_settings(
        {
            "PARLANCE_DATABASE_URL": "postgresql://me:secret@db/chat",
            "PARLANCE_REDIS_URL": "rediss://:secret@cache",
        }
    )
    assert ":secret@" not in repr(settings)
    assert "me:***@db" in repr(settings)


def test_files_are_on_disk_and_of_fifty_megabytes_unless_told_otherwise() -> None:
    settings = read_settings({})
    assert (settings.files_url, settings.max_file_bytes) == (None, 50_000_000)
    told = {"PARLANCE_FILES_URL": "s3://bucket/prefix", "PARLANCE_MAX_FILE_BYTES": "1000"}
    settings = read_settings(told)
    assert (settings.files_url, settings.max_file_bytes) == ("s3://bucket/prefix", 1000)
