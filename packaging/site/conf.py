"""Sphinx: the manual as web pages, which open without a network (`make docs`)."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sphinx.application import Sphinx  # noqa: E402

from brainsr_desktop import __version__  # noqa: E402
from brainsr_desktop.app.manual_pages import FIRST, read_pages  # noqa: E402

project = "BrainSR Desktop"
release = __version__
language = "en"
extensions = ["myst_parser"]
exclude_patterns = ["bench/**"]
myst_heading_anchors = 4
nitpicky = True
html_theme = "furo"
html_title = f"BrainSR Desktop {release}"
html_favicon = str(ROOT / "resources" / "icons" / "brainsr.svg")
html_show_sphinx = False
html_show_sourcelink = False
html_copy_source = False


def add_contents(app: Sphinx, name: str, source: list[str]) -> None:
    """The tree of pages is that of the manual in the window: what the first page links to, in its order."""
    if f"{name}.md" == FIRST:
        names = [page.name.removesuffix(".md") for page in read_pages(Path(app.srcdir)) if page.name != FIRST]
        source[0] += "\n\n```{toctree}\n:hidden:\n\n" + "\n".join(names) + "\n```\n"


def setup(app: Sphinx) -> None:
    """Sphinx calls it."""
    app.connect("source-read", add_contents)
