"""The documents tell the truth: what they list is compared with what the code has."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pytest
from msgspec import inspect

from chat.errors import ChatError
from protocol.errors import RECONNECT, CloseCode
from protocol.native import frames as native
from protocol.native.codecs import CODECS
from server.__main__ import cli
from server.realtime.commands import HANDLERS
from server.settings import Settings

ROOT = Path(__file__).parent.parent
PROTOCOL = (ROOT / "docs/protocol.md").read_text()
README = (ROOT / "README.md").read_text()
OPERATIONS = (ROOT / "docs/operations.md").read_text()
DOCUMENTS = [
    ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/README.md")
] + sorted((ROOT / "docs").glob("*.md"))
REGISTRIES = r"pypi\.org|pythonhosted|npmjs|docker\.io|ghcr\.io|quay\.io|debian\.org|crates\.io"

COMMANDS = {str(one.__struct_config__.tag): one for one in native.Command.__subclasses__()}
PUSHES = {str(one.__struct_config__.tag): one for one in native.Push.__subclasses__()}
OBJECTS = {
    name: each
    for name, each in vars(native).items()
    if isinstance(each, type)
    and issubclass(each, msgspec.Struct)
    and not issubclass(each, native.Command | native.Push)
}
NO_REFUSALS_OF_THE_CORE = {"malformed", "unknown_type", "internal"}


def part(heading: str) -> str:
    """What stands in the protocol under `## heading`."""
    found = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", PROTOCOL, re.M | re.S)
    assert found, f"there is no part {heading}"
    return found.group(1)


def sections(text: str) -> dict[str, str]:
    """What stands under each `### heading`."""
    pieces = re.split(r"^### (.+)$", text, flags=re.M)
    return {name.strip("`"): body for name, body in zip(pieces[1::2], pieces[2::2], strict=True)}


def rows(text: str) -> list[list[str]]:
    """The cells of the first table in the text, without its head."""
    lines = iter(text.splitlines())
    table: list[list[str]] = []
    for line in lines:
        if line.startswith("|"):
            table.append([cell.strip() for cell in line.strip("|").split(" | ")])
        elif table:
            break
    return [[cell.strip() for cell in row] for row in table[2:]]


def in_words(kind: inspect.Type) -> str:
    """The type of a field as the protocol's tables spell it."""
    match kind:
        case inspect.UnionType(types=types):
            return " or ".join(in_words(each) for each in types)
        case inspect.ListType(item_type=item):
            return f"array of {in_words(item)}"
        case inspect.DictType(value_type=value) if not isinstance(value, inspect.AnyType):
            return f"object of {in_words(value)}"
        case inspect.StructType(cls=cls):
            return f"[{cls.__name__}](#{cls.__name__.lower()})"
        case inspect.LiteralType(values=values):
            return " or ".join(f"`{value}`" for value in sorted(map(str, values)))
        case inspect.IntType(ge=lowest):
            return {None: "integer", 0: "offset", 1: "id"}[lowest]
    return {
        inspect.StrType: "string",
        inspect.BoolType: "boolean",
        inspect.FloatType: "number",
        inspect.DictType: "object",
        inspect.AnyType: "any value",
        inspect.NoneType: "null",
    }[type(kind)]


def default_of(field: inspect.Field) -> str:
    if field.required:
        return "required"
    made = field.default_factory
    value = field.default if made is msgspec.NODEFAULT else made()
    return f"`{msgspec.json.encode(value).decode()}`"


def fields(struct: Any) -> tuple[inspect.Field, ...]:
    described = inspect.type_info(struct)
    assert isinstance(described, inspect.StructType)
    return described.fields


def test_every_command_is_documented_with_its_fields_types_and_defaults() -> None:
    documented = sections(part("Commands"))
    assert documented.keys() == COMMANDS.keys()
    for name, command in COMMANDS.items():
        expected = [
            [f"`{field.name}`", in_words(field.type), default_of(field)]
            for field in fields(command)
            if field.name != "id"
        ]
        assert [row[:3] for row in rows(documented[name])] == expected, name


def test_every_command_names_the_result_that_its_handler_gives() -> None:
    documented = sections(part("Commands"))
    for name, command in COMMANDS.items():
        given = get_type_hints(HANDLERS[command])["return"]
        result = "HelloResult" if given is type(None) else given.__name__
        assert f"Result: [{result}](#{result.lower()})" in documented[name], name


def test_every_push_is_documented_with_its_fields_and_types() -> None:
    documented = sections(part("Pushes"))
    assert documented.keys() == PUSHES.keys()
    for name, push in PUSHES.items():
        expected = [[f"`{field.name}`", in_words(field.type)] for field in fields(push)]
        assert [row[:2] for row in rows(documented[name])] == expected, name


def test_every_object_is_documented_with_its_fields_and_types() -> None:
    documented = sections(part("Objects"))
    assert documented.keys() == OBJECTS.keys()
    for name, struct in OBJECTS.items():
        expected = [[f"`{field.name}`", in_words(field.type)] for field in fields(struct)]
        assert [row[:2] for row in rows(documented[name])] == expected, name


def refusals(family: type[ChatError]) -> Iterator[type[ChatError]]:
    for each in family.__subclasses__():
        yield each
        yield from refusals(each)


def test_every_error_code_is_documented_and_whether_trying_again_can_help() -> None:
    known = {refusal.code: refusal.retry_after is not None for refusal in refusals(ChatError)}
    known |= dict.fromkeys(NO_REFUSALS_OF_THE_CORE, False)
    listed = {row[0].strip("`"): row[1] == "yes" for row in rows(part("Error codes"))}
    assert listed == known


def test_every_close_code_is_documented_and_whether_to_come_back() -> None:
    listed = [(row[0], row[1]) for row in rows(part("Close codes"))]
    assert listed == [(f"`{code.value}`", RECONNECT[code]) for code in CloseCode]


def test_both_subprotocols_are_documented() -> None:
    assert set(re.findall(r"`(parlance\.\w+\.v1)`", PROTOCOL)) == set(CODECS)


def test_the_worked_conversation_consists_of_frames_of_the_protocol() -> None:
    """The mistakes in it are there on purpose, and answered."""
    conversation = part("A conversation")
    said = re.findall(r"^\w+ > (\{.*\})$", conversation, re.M)
    heard = re.findall(r"^\w+ < (\{.*\})$", conversation, re.M)
    told = [msgspec.json.decode(frame, type=native.AnyServerFrame) for frame in heard]
    assert len(told) > 10
    refused = [each for each in told if isinstance(each, native.Error)]
    mistakes = [each for each in refused if each.code in ("invalid", "unknown_type")]
    assert len(said) - len([frame for frame in said if is_command(frame)]) == len(mistakes)


def is_command(frame: str) -> bool:
    try:
        msgspec.json.decode(frame, type=native.AnyCommand)
    except msgspec.ValidationError:
        return False
    return True


def test_the_readme_lists_every_setting_with_its_default() -> None:
    table = README.partition("## Configuration")[2]
    listed = {row[0].strip("`"): row[1].strip("`") for row in rows(table)}
    known = {}
    for field in fields(Settings):
        value = field.default
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        known[f"PARLANCE_{field.name.upper()}"] = "none" if value is None else shown
    assert listed == known


def shell_lines(document: Path) -> list[str]:
    blocks = re.findall(r"^```sh$(.*?)^```$", document.read_text(), re.M | re.S)
    return "".join(blocks).replace("\\\n", " ").splitlines()


def command_lines() -> list[tuple[str, str]]:
    """Every use of `parlance` in a block of shell: the document, and the words after it."""
    return [
        (document.name, shown["rest"].strip())
        for document in DOCUMENTS
        for line in shell_lines(document)
        if (shown := re.search(r"(?:^|[\s/(|])parlance (?P<rest>[a-z][^)|&#>]*)", line))
    ]


@pytest.mark.parametrize(("document", "line"), command_lines())
def test_command_lines_in_the_documents_are_understood(document: str, line: str) -> None:
    cli.parse_args(shlex.split(line), exit_on_error=False, print_error=False)


def test_every_command_of_the_command_line_is_in_the_readme() -> None:
    shown = {line.split()[0] for name, line in command_lines() if name == "README.md"}
    assert shown >= {name for name in cli if not name.startswith("-")}


def test_every_metric_is_documented() -> None:
    source = (ROOT / "server/metrics.py").read_text()
    known = set(re.findall(r'"(parlance_\w+)"', source))
    listed = {row[0].strip("`") for row in rows(OPERATIONS.partition("### Metrics")[2])}
    assert known, "no metrics were found"
    assert {name.removesuffix("_total") for name in listed} == known


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_no_document_names_the_host_of_a_package_registry(document: Path) -> None:
    assert not re.search(REGISTRIES, document.read_text())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    text = document.read_text()
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        path, _, anchor = target.partition("#")
        file = document.parent / path if path else document
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(), re.M)
            anchors = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
            assert anchor in anchors, target


def test_the_bot_in_the_readme_is_the_example() -> None:
    assert (ROOT / "examples/bot.py").read_text().strip() in README
