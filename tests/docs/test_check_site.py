"""Claim: the checker of the built site finds every planted defect, and nothing wrong with a site that has none.

The sites are written by hand: which address a browser would load, or not find, is known beforehand.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def checker() -> ModuleType:
    """The module ``docs/check_site.py``, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("check_site", ROOT / "docs" / "check_site.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["check_site"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Two pages, a style sheet and a script without a defect."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "index.html").write_text(
        '<link rel="stylesheet" href="style.css?v=1"><h1 id="top">A</h1>'
        '<a href="sub/b.html#there">b</a><a href="#top">up</a><a href="sub/">folder</a>'
        '<a href="https://arxiv.org/abs/2509.21818">paper</a><img src="data:image/png;base64,AA">'
        '<script src="code.js" defer></script><a href="mailto:nobody@example.org">write</a>'
    )
    (tmp_path / "sub" / "b.html").write_text(
        '<p id="there"><a href="../index.html">back</a> <code>import("http://x.y")</code>'
    )
    (tmp_path / "sub" / "index.html").write_text("<p>Index.")
    (tmp_path / "style.css").write_text('p { background: url("data:image/svg+xml,x") }')
    (tmp_path / "code.js").write_text('const namespace = "http://www.w3.org/2000/svg"; fetch("./data.json");')
    return tmp_path


def test_a_sound_site_has_no_problems(checker: ModuleType, site: Path) -> None:
    """Two sound pages with a style sheet and a script have six links to follow and no problem."""
    found = checker.Site(site)
    assert list(found.problems()) == []
    assert found.links == 6


@pytest.mark.parametrize(
    "planted",
    [
        '<a href="gone.html">x</a>',
        '<a href="sub/b.html#gone">x</a>',
        '<a href="#gone">x</a>',
        '<a href="../../outside.html">x</a>',
        '<img src="gone.png">',
        '<img src="https://example.org/a.png">',
        '<img srcset="code.js 1x, //example.org/a.png 2x">',
        '<script src="//cdn.example.org/mathjax.js"></script>',
        '<script type="module">import x from "https://example.org/x.js"</script>',
        "<script>fetch('https://example.org/data')</script>",
        '<link rel="stylesheet" href="https://example.org/a.css">',
        '<link rel="preconnect" href="https://fonts.example.org">',
        "<style>@import 'https://example.org/a.css';</style>",
        '<p style="background: url(https://example.org/a.png)">',
        '<iframe src="https://example.org"></iframe>',
    ],
)
def test_a_planted_defect_of_a_page_is_found_once(checker: ModuleType, site: Path, planted: str) -> None:
    """One dead link, missing picture or address on another server in a page is one problem."""
    (site.parent / "outside.html").write_text("<p>Outside.")
    (site / "sub" / "c.html").write_text("<p>Fine." + planted.replace('"sub/b', '"b').replace("code.js", "../code.js"))
    assert len(list(checker.Site(site).problems())) == 1


@pytest.mark.parametrize(
    ("name", "planted"),
    [
        ("style.css", "@import url('https://example.org/fonts.css');"),
        ("style.css", "@font-face { src: url(//example.org/a.woff2) }"),
        ("code.js", 'fetch("https://example.org/a")'),
        ("code.js", 'script.src = "https://example.org/a.js"'),
        ("code.js", "import('https://example.org/a.mjs')"),
        ("code.js", 'request.open("GET", "http://example.org")'),
    ],
)
def test_a_planted_defect_of_a_file_is_found(checker: ModuleType, site: Path, name: str, planted: str) -> None:
    """One address on another server in a style sheet or a script is one problem."""
    with (site / name).open("a") as file:
        file.write(f"\n{planted}\n")
    assert len(list(checker.Site(site).problems())) == 1


def test_an_empty_folder_is_no_site(checker: ModuleType, tmp_path: Path) -> None:
    """A folder without pages is itself the one problem that is reported."""
    assert list(checker.Site(tmp_path).problems()) == [f"{tmp_path}: no pages"]
