"""The documents are whole: every command, configuration key and rule is documented, and nothing else is."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len
from typer.core import TyperGroup

from jobs.cli.app import COMMANDS, load_command
from jobs.config.config import Config
from recon.extras import EXTRAS, advice
from recon.journal.words import LedgerAccount
from recon.rules import CATALOGUE
from tests.kit import breaks_page, config_page, settlement_page, terminal_page
from tests.kit.places import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = ROOT / "docs"
EXAMPLE = (ROOT / "config.toml").read_text(encoding="utf-8")


def commands() -> list[str]:
    """Every command of the command line, with its group's name."""
    found = []
    for name in COMMANDS:
        command = load_command(name)
        inner = list(command.commands) if isinstance(command, TyperGroup) else []
        found += [f"recon {name} {other}" for other in inner] or [f"recon {name}"]
    return found


@pytest.mark.parametrize("command", commands())
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"`{command}" in README


def test_the_readme_names_no_command_that_does_not_exist() -> None:
    known = commands()
    groups = {command.rsplit(" ", 1)[0] for command in known}
    for words in re.findall(r"`recon ([a-z-]+(?: [a-z-]+)?)", README):
        whole, first = f"recon {words}", f"recon {words.split()[0]}"
        assert whole in known or first in known or whole in groups, words


def test_the_page_of_the_configuration_is_that_of_the_sections() -> None:
    """Every key of every section stands on it, with its words from config.toml: one without words is named."""
    assert config_page.PAGE.read_text("utf-8") == config_page.page(), "python -m tests.kit.config_page"


def test_config_toml_describes_no_key_that_does_not_exist() -> None:
    words = config_page.read_words(EXAMPLE)
    every_key = {(path, key) for path, model in config_page.tables(Config, ()) for key, _ in config_page.keys(model)}
    free = {"journal.accounts", "journal.tax_codes", "orders.NAME.ignore"}
    assert {(path, key) for path, key in words.keys if path not in free} - every_key == {("rules.CODE", "grace")}
    accounts = {key for path, key in words.keys if path == "journal.accounts"}
    assert accounts == {account.value for account in LedgerAccount}


def test_the_page_of_the_breaks_is_that_of_the_rules() -> None:
    assert breaks_page.PAGE.read_text("utf-8") == breaks_page.page(), "python -m tests.kit.breaks_page"
    assert f": {len(CATALOGUE)} of them" in README


def test_the_navigation_of_the_site_lists_every_page_once() -> None:
    trees = re.findall(r"```\{toctree\}\n(.*?)```", (DOCS / "index.md").read_text(encoding="utf-8"), re.DOTALL)
    listed = [line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")]
    pages = {page.relative_to(DOCS).with_suffix("").as_posix() for page in DOCS.rglob("*.md")} - {"index"}
    assert sorted(listed) == sorted(pages), "a page of docs/ is in one list of docs/index.md"


def test_the_page_of_settlement_is_what_the_code_reckons() -> None:
    assert settlement_page.PAGE.read_text("utf-8") == settlement_page.page(), "python -m tests.kit.settlement_page"


def spoken() -> list[tuple[str, str]]:
    """Every command of the documents with its page: those in code, one a line, and those between back-ticks."""
    commands = set()
    for page in (ROOT / "README.md", *DOCS.rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        blocks = "\n".join(re.findall(r"^ *```(?:sh)?\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL))
        lines = re.findall(r"^ *(?:\S*/)?(recon [a-z-][^#\n│]*)", blocks, re.MULTILINE)
        commands |= {(page.name, line.strip()) for line in [*lines, *re.findall(r"`(recon [a-z-][^`\n]*)`", text)]}
    return sorted(commands)


@pytest.mark.parametrize(("page", "line"), [said for said in spoken() if said[0] != "terminal.md"])
def test_a_command_of_the_documents_exists_with_its_options(page: str, line: str) -> None:
    words = shlex.split(line.replace("…", "").replace("'", " "))[1:]
    if words[:1] == ["--config"]:
        words = words[2:]
    if words[:1] == ["--help"] or words[0].startswith("-"):
        return
    assert words[0] in COMMANDS, f"{page}: {line}"
    command = load_command(words[0])
    if isinstance(command, TyperGroup) and len(words) > 1 and words[1] in command.commands:
        command = command.commands[words[1]]
    known = {name for parameter in command.params for name in parameter.opts} | {"--help", "-h"}
    assert {word for word in words if word.startswith("--")} <= known, f"{page}: {line}"


def test_the_pictures_of_the_terminal_are_of_ten_commands_and_as_wide_as_they_say() -> None:
    page = terminal_page.PAGE.read_text(encoding="utf-8")
    assert re.findall(r"^## recon (.+)$", page, re.MULTILINE) == list(terminal_page.COMMANDS)
    assert len(terminal_page.COMMANDS) >= 10
    assert not [
        text
        for text in re.findall(r"^## recon (?:brea|runs|matches|presets)[^#]*", page, re.MULTILINE)
        if wider(text)
    ]


def wider(text: str) -> list[str]:
    """Lines of pictures that are wider than their terminal."""
    pictures = re.findall(r"^(\d+)(?: and 120)? columns:\n\n```\n(.*?)```", text, re.MULTILINE | re.DOTALL)
    return [line for columns, lines in pictures for line in lines.splitlines() if cell_len(line) > int(columns)]


@pytest.mark.proof
def test_the_site_is_built_without_a_warning_and_asks_for_nothing_elsewhere(tmp_path: Path) -> None:
    words = ("-q", "-W", "--keep-going", "-b", "html", "-d", tmp_path / "trees", DOCS, tmp_path / "site")
    built = subprocess.run([sys.executable, "-m", "sphinx", *words], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    for page in (tmp_path / "site").glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"<(?:script|img|iframe|link)[^>]*(?:src|href)=\"(\w+:)?//", text), page.name


def test_every_page_that_a_document_leads_to_exists() -> None:
    for page in (ROOT / "README.md", *DOCS.rglob("*.md")):
        for name in re.findall(r"\]\(([\w./-]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / name).exists(), f"{page.name}: {name}"


def test_every_target_of_make_that_the_readme_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`make ([a-z-]+)", README)) | {"demo", "test"}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_what_the_program_says_in_the_page_of_changes_it_says() -> None:
    words = re.findall(r"^\| `([^|]+)` \|", (DOCS / "changes.md").read_text(encoding="utf-8"), re.MULTILINE)
    rooms = (file for room in ("recon", "jobs", "reports") for file in (ROOT / room).rglob("*.py"))
    source = "\n".join((*(file.read_text(encoding="utf-8") for file in rooms), *map(advice, EXTRAS)))
    assert len(words) > 8
    assert not [phrase for phrase in words if phrase not in source]


def test_the_readme_is_read_in_a_quarter_of_an_hour() -> None:
    assert len(README.splitlines()) < 300, "what is longer has a page in docs/"


def test_every_file_that_the_readme_or_the_architecture_names_exists() -> None:
    for text in (README, (DOCS / "architecture.md").read_text(encoding="utf-8")):
        for name in re.findall(r"`((?:recon|jobs|reports|tests)/[\w/.]*)`", text):
            assert (ROOT / name).exists(), name
