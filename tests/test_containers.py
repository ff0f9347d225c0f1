"""The Dockerfile and compose.yaml, checked without a container engine: by a linter, against the
settings and files of this repository, and against each other."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from dockerfile_parse import DockerfileParser

from server.settings import Settings, read_settings

ROOT = Path(__file__).parent.parent
DOCKERFILE = ROOT / "Dockerfile"
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
VARIABLES = {f"PARLANCE_{field.upper()}" for field in Settings.__struct_fields__}
SECRETS = {"POSTGRES_PASSWORD": "sesame", "VALKEY_PASSWORD": "mellon"}


@pytest.fixture(scope="module")
def parsed() -> DockerfileParser:
    return DockerfileParser(path=str(DOCKERFILE), env_replace=False)


def instructions(parsed: DockerfileParser, name: str) -> list[str]:
    return [each["value"] for each in parsed.structure if each["instruction"] == name]


def environment(parsed: DockerfileParser) -> dict[str, str]:
    return {name: value for name, value in parsed.envs.items() if name.startswith("PARLANCE_")}


def filled_in(value: str) -> str:
    """A value of compose.yaml as compose hands it on: `${NAME:-default}`, `${NAME:?complaint}`."""
    return re.sub(
        r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}", lambda m: m[2] or SECRETS.get(m[1], ""), value
    )


def test_the_linter_has_nothing_to_say_about_the_dockerfile() -> None:
    linter = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert linter is not None
    said = subprocess.run([linter, str(DOCKERFILE)], capture_output=True, text=True)
    assert (said.returncode, said.stdout) == (0, "")


def test_every_base_image_has_a_version(parsed: DockerfileParser) -> None:
    images = [
        *parsed.parent_images,
        *(each["image"] for each in SERVICES.values() if "image" in each),
    ]
    assert len(images) == 4
    for image in images:
        assert re.fullmatch(r"[\w./-]+:\d[\w.-]*", image), image


def test_the_image_runs_the_server_as_an_unprivileged_user(parsed: DockerfileParser) -> None:
    assert instructions(parsed, "USER")[-1] == "10001:10001"
    assert instructions(parsed, "ENTRYPOINT") == ['["parlance"]']
    assert parsed.cmd == '["serve"]'


def test_the_entry_point_is_a_script_of_the_project(parsed: DockerfileParser) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "parlance" in project["scripts"]
    assert project["name"] == "parlance"


def copied(parsed: DockerfileParser) -> list[str]:
    return [source for each in instructions(parsed, "COPY") for source in each.split()[:-1]]


def test_what_is_copied_exists_and_is_what_the_wheel_is_made_of(parsed: DockerfileParser) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    needed = {"pyproject.toml", project["project"]["readme"], *packages}
    needed |= set(project["project"]["license-files"])
    assert set(copied(parsed)) == needed
    assert all((ROOT / source).exists() for source in needed)


def test_the_builder_is_sent_what_is_copied_and_nothing_else(parsed: DockerfileParser) -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert patterns[0] == "*"
    assert {line[1:] for line in patterns if line.startswith("!")} == set(copied(parsed))


def test_the_settings_in_the_image_are_settings_and_agree_with_its_port_and_volume(
    parsed: DockerfileParser,
) -> None:
    given = environment(parsed)
    assert set(given) <= VARIABLES
    settings = read_settings(given)
    assert settings.host == "0.0.0.0"
    assert instructions(parsed, "EXPOSE") == [str(settings.port)]
    assert instructions(parsed, "VOLUME") == [settings.data]


def test_the_image_is_healthy_when_it_is_ready(parsed: DockerfileParser) -> None:
    (check,) = instructions(parsed, "HEALTHCHECK")
    code = re.search(r'CMD \["python", "-c", "(.*)"\]$', check)
    assert code is not None, check
    program = code[1].replace('\\"', '"')
    compile(program, "healthcheck", "exec")
    assert "/ready" in program
    assert (ROOT / "server/app.py").read_text().count('Route("/ready"') == 1


def test_compose_gives_the_server_settings_it_has_and_takes() -> None:
    given = {name: filled_in(str(value)) for name, value in SERVICES["chat"]["environment"].items()}
    assert set(given) <= VARIABLES
    settings = read_settings(given)
    assert settings.workers > 1
    assert settings.log_format == "json"


def test_compose_points_the_server_at_its_own_servers_with_their_passwords() -> None:
    given = {name: filled_in(str(value)) for name, value in SERVICES["chat"]["environment"].items()}
    database, redis = (urlsplit(given[f"PARLANCE_{name}_URL"]) for name in ("DATABASE", "REDIS"))
    postgres = SERVICES["postgres"]["environment"]
    assert database.hostname in SERVICES
    assert (database.username, database.path) == (postgres["POSTGRES_USER"], "/parlance")
    assert postgres["POSTGRES_DB"] == "parlance"
    assert database.password == filled_in(postgres["POSTGRES_PASSWORD"])
    assert redis.hostname in SERVICES
    assert redis.password == filled_in(SERVICES["valkey"]["environment"]["VALKEY_PASSWORD"])


def test_no_secret_is_written_into_compose() -> None:
    for service in SERVICES.values():
        for name, value in service["environment"].items():
            if "PASSWORD" in name or "AUTH" in name:
                assert re.fullmatch(r"\$\{\w+_PASSWORD:\?[^}]+\}", value), name


def test_compose_publishes_the_port_of_the_image_on_this_machine_only(
    parsed: DockerfileParser,
) -> None:
    (port,) = SERVICES["chat"]["ports"]
    assert port.split(":") == ["127.0.0.1", "8000", environment(parsed)["PARLANCE_PORT"]]
    assert all("ports" not in each for name, each in SERVICES.items() if name != "chat")


def test_compose_starts_the_server_when_the_others_are_healthy() -> None:
    waits = SERVICES["chat"]["depends_on"]
    assert set(waits) == {"postgres", "valkey"}
    for name, wait in waits.items():
        assert wait == {"condition": "service_healthy"}
        assert SERVICES[name]["healthcheck"]["test"]


def test_compose_gives_every_process_an_init_and_the_server_time_to_drain() -> None:
    assert all(service["init"] for service in SERVICES.values())
    grace = int(SERVICES["chat"]["stop_grace_period"].removesuffix("s"))
    assert grace > Settings().drain_seconds + 30
    assert SERVICES["chat"]["volumes"] == ["chat:/data"]
