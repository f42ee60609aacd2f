"""docs: its generated pages agree with the program, its commands are right, its messages exist, its site is whole."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from brainsr_desktop.app.manual_pages import Page, read_pages, search, slug
from brainsr_desktop.cli.main import build_parser
from brainsr_desktop.train.config import from_table

LARGEST_PICTURE_BYTES = 400_000
LARGEST_GUIDE_BYTES = 700_000


@pytest.fixture(scope="module")
def docs(project: Path) -> Path:
    return project / "docs"


@pytest.fixture(scope="module")
def pages(docs: Path) -> tuple[Page, ...]:
    return read_pages(docs)


@pytest.fixture(scope="module")
def generator(project: Path) -> ModuleType:
    """packaging/make_pages.py, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("make_pages", project / "packaging" / "make_pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_that_every_page_is_in_the_manual(docs: Path, pages: tuple[Page, ...]) -> None:
    there = {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")}
    assert {page.name for page in pages} == there
    assert [page.name for page in pages[:4]] == ["index.md", "guide.md", "keys.md", "judging.md"]


def test_that_the_generated_pages_are_those_of_this_program(generator: ModuleType, docs: Path) -> None:
    made = generator.pages()
    kept = {path: path.read_text(encoding="utf-8") for path in made if path.is_file()}
    assert kept == made, "python packaging/make_pages.py writes them"
    assert {path for path in made if path.parent.name == "models"} == set((docs / "models").glob("*.md"))


def code_of(text: str) -> list[str]:
    """Commands of a page: indented or fenced lines, those that go on joined."""
    lines = [line.strip() for line in text.replace("\\\n", " ").splitlines()]
    return [line.split(" # ")[0] for line in lines if re.match(r"brainsr [a-z]", line)]


def test_that_every_command_of_the_manual_is_one_the_program_takes(pages: tuple[Page, ...]) -> None:
    commands = [command for page in pages for command in code_of(page.text)]
    assert len(commands) > 15
    for command in commands:
        words = [re.sub(r'"?\$\w+"?', "tcp://scheduler:8786", word) for word in shlex.split(command)[1:]]
        if "CONFIG.toml" not in words:
            assert build_parser().parse_args(words).command == words[0], command


def test_that_scripts_and_configurations_of_the_manual_are_well_formed(pages: tuple[Page, ...]) -> None:
    blocks = [found for page in pages for found in re.findall(r"```(\w+)\n(.*?)```", page.text, re.DOTALL)]
    kinds = [kind for kind, _ in blocks]
    assert {"bash", "python", "toml"} <= set(kinds)
    for kind, text in blocks:
        if kind == "python":
            compile(text, "docs", "exec")
        elif kind == "toml":
            assert from_table(tomllib.loads(text)).network.scale == 2
        elif kind == "bash" and sys.platform != "win32":
            subprocess.run(["bash", "-n"], input=text, text=True, check=True)


def test_that_the_messages_of_the_manual_are_those_of_the_program(docs: Path, project: Path) -> None:
    """Parts of sentences in italics in the first column of the tables of troubleshooting.md."""
    sources = (project / "brainsr_desktop").rglob("*.py")
    program = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    program = re.sub(r'"\s*\n\s*f?"', "", program)
    page = (docs / "troubleshooting.md").read_text(encoding="utf-8")
    cells = [line.split("|")[1] for line in page.splitlines() if line.startswith("|")]
    messages = [words for cell in cells for words in re.findall(r"\*([^*]+)\*", cell)]
    assert len(messages) > 25
    for message in messages:
        for part in message.split("…"):
            assert part.strip() in program, message


def test_that_pictures_are_there_described_and_small(docs: Path, pages: tuple[Page, ...]) -> None:
    for page in pages:
        for words, name in re.findall(r"!\[([^]]*)\]\(([^)]+)\)", page.text):
            file = docs / Path(page.name).parent / name
            assert len(words) > 15, name
            assert file.stat().st_size < LARGEST_PICTURE_BYTES, name
    guide = list((docs / "guide").glob("*.png"))
    assert sum(file.stat().st_size for file in guide) < LARGEST_GUIDE_BYTES
    assert all(f"guide/{file.name}" in (docs / "guide.md").read_text(encoding="utf-8") for file in guide)


def test_that_the_site_is_built_without_a_warning_and_asks_no_other_machine(
    project: Path, docs: Path, pages: tuple[Page, ...], tmp_path: Path
) -> None:
    """Sphinx checks that every link between pages, to a heading or to a file leads somewhere."""
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-n",
        "-c",
        project / "packaging" / "site",
    ]
    built = subprocess.run(
        [*map(str, command), str(docs), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "searchindex.js").is_file()
    for page in pages:
        html = (tmp_path / page.name).with_suffix(".html").read_text(encoding="utf-8")
        assert not re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="(?:https?:)?//[^"]*"', html), (
            page.name
        )
    for sheet in (tmp_path / "_static").rglob("*.css"):
        assert not re.search(r"@import|url\(\s*[\"']?(?:https?:)?//", sheet.read_text(encoding="utf-8")), (
            sheet.name
        )


def test_that_search_finds_lines_with_all_words_and_headings_first(pages: tuple[Page, ...]) -> None:
    hits = search(pages, "invented LESION")
    assert hits[0].heading == hits[0].line == "An invented lesion"
    assert hits[0].page.name == "judging.md"
    assert all("invented" in hit.line.casefold() and "lesion" in hit.line.casefold() for hit in hits)
    assert search(pages, "xyzzy") == search(pages, "  ") == ()


@pytest.mark.parametrize(
    ("heading", "wanted"),
    [("What must hold", "what-must-hold"), ("1. Name the data", "1-name-the-data"), ("x2, x4?", "x2-x4")],
)
def test_that_a_heading_is_named_in_links_as_elsewhere(heading: str, wanted: str) -> None:
    assert slug(heading) == wanted
