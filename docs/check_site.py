"""Checks built pages: every internal link and anchor resolves, and nothing is loaded from a network.

``python docs/check_site.py build/site`` prints what is wrong, one line each. An ordinary link to a page elsewhere is
fine; a script, style sheet, picture, font or frame from elsewhere is not.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {
    ("audio", "src"),
    ("embed", "src"),
    ("iframe", "src"),
    ("img", "src"),
    ("input", "src"),
    ("link", "href"),
    ("object", "data"),
    ("script", "src"),
    ("source", "src"),
    ("track", "src"),
    ("video", "poster"),
    ("video", "src"),
}
"""Attributes whose address a browser loads, or prepares to, when it shows a page."""

CSS_ADDRESS = re.compile(r"""@import\s+["']([^"']+)|url\(\s*["']?([^"')]+)""")
JS_ADDRESS = re.compile(
    r"""(?:\bfetch|\bimport|\bimportScripts|\bnew\s+(?:WebSocket|EventSource|Worker))\s*\(\s*["'`]([^"'`]+)"""
    r"""|\bimport\s+(?:[\w{},*\s]+from\s+)?["']([^"']+)"""
    r"""|\.open\(\s*["'](?:GET|POST)["']\s*,\s*["'`]([^"'`]+)"""
    r"""|\.(?:src|href)\s*=\s*["'`]([^"'`]+)"""
)


class Page(HTMLParser):
    """What a page names: its anchors, its links, what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the addresses of one element."""
        self._inside = tag
        for name, value in attrs:
            if value is None:
                continue
            if name == "id" or (tag, name) == ("a", "name"):
                self.anchors.add(value)
            elif (tag, name) in {("a", "href"), ("area", "href"), ("form", "action")}:
                self.links.append(value)
            elif (tag, name) in LOADS:
                self.loads.append(value)
            elif name == "srcset":
                self.loads += [part.split()[0] for part in value.split(",") if part.strip()]
            elif name == "style":
                self.loads += css_addresses(value)

    def handle_endtag(self, tag: str) -> None:
        """Leave the element."""
        self._inside = ""

    def handle_data(self, data: str) -> None:
        """Collect the addresses in style sheets and scripts on the page itself."""
        if self._inside == "style":
            self.loads += css_addresses(data)
        elif self._inside == "script":
            self.loads += [address for address in js_addresses(data) if is_elsewhere(address)]


def css_addresses(text: str) -> list[str]:
    """Return the addresses that a style sheet loads."""
    return [first or second for first, second in CSS_ADDRESS.findall(text)]


def js_addresses(text: str) -> list[str]:
    """Return the addresses that a script loads by name."""
    return ["".join(groups) for groups in JS_ADDRESS.findall(text)]


def is_elsewhere(address: str) -> bool:
    """Return whether an address leads out of the site."""
    parts = urlsplit(address.strip())
    return bool(parts.netloc) or parts.scheme in {"http", "https", "ftp", "ws", "wss"}


@dataclass
class Site:
    """A folder of built pages."""

    root: Path
    links: int = field(default=0, init=False)

    @cached_property
    def pages(self) -> dict[Path, Page]:
        """Every page by its path."""
        found = [path for path in sorted(self.root.resolve().rglob("*.html")) if "_static" not in path.parts]
        return {path: Page(path.read_text(encoding="utf-8")) for path in found}

    def problems(self) -> Iterator[str]:
        """Yield a line for everything that is wrong."""
        if not self.pages:
            yield f"{self.root}: no pages"
        for path, page in self.pages.items():
            name = path.relative_to(self.root.resolve())
            for address in page.links:
                if reason := self._broken(path, address):
                    yield f"{name}: link {address}: {reason}"
            for address in page.loads:
                if is_elsewhere(address):
                    yield f"{name}: loads {address} from a network"
                elif reason := self._broken(path, address):
                    yield f"{name}: loads {address}: {reason}"
        yield from self._files(".css", css_addresses)
        yield from self._files(".js", js_addresses)

    def _files(self, suffix: str, addresses: Callable[[str], list[str]]) -> Iterator[str]:
        for path in sorted(self.root.resolve().rglob(f"*{suffix}")):
            for address in addresses(path.read_text(encoding="utf-8")):
                if is_elsewhere(address):
                    yield f"{path.relative_to(self.root.resolve())}: loads {address} from a network"

    def _broken(self, page: Path, address: str) -> str:
        """Return why an address of this site does not resolve, or nothing."""
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            return ""
        self.links += 1
        target = page if not parts.path else (page.parent / unquote(parts.path)).resolve()
        if target.is_dir():
            target /= "index.html"
        if not target.is_file():
            return "there is no such file"
        if not target.is_relative_to(self.root.resolve()):
            return "it leads out of the site"
        anchor = unquote(parts.fragment)
        if anchor and target in self.pages and anchor not in self.pages[target].anchors:
            return "there is no such anchor"
        return ""


if __name__ == "__main__":
    wrong = list(Site(Path(sys.argv[1])).problems())
    print("\n".join(wrong) or "every link resolves and nothing is loaded from a network")
    sys.exit(bool(wrong))
