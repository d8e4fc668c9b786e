"""The directive ``command-line``: what ``hallucert --help`` and the help of every command print, as sections."""

from __future__ import annotations

import contextlib
import io
import os
import re
from typing import Any, ClassVar
from unittest import mock

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

from hallucert.tools.cli import main

WIDTH = "96"


def help_text(*arguments: str) -> str:
    """Return what the program prints with these arguments and ``--help``."""
    printed = io.StringIO()
    terminal = {"COLUMNS": WIDTH, "TERMINAL_WIDTH": WIDTH, "NO_COLOR": "1"}
    with mock.patch.dict(os.environ, terminal), contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        main([*arguments, "--help"])
    return printed.getvalue().strip()


def command_names() -> list[str]:
    """Return the names of the commands, in the order in which the program lists them."""
    listed = help_text().partition("Commands:\n")[2]
    return re.findall(r"^  (\w[\w-]*)", listed, re.M)


class CommandLine(Directive):
    """One section a command, with its help as the program prints it."""

    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        sections: list[nodes.Node] = [nodes.literal_block("", help_text(), language="text")]
        for name in command_names():
            section = nodes.section(ids=[f"hallucert-{name}"], names=[f"hallucert {name}"])
            section += nodes.title("", f"hallucert {name}")
            section += nodes.literal_block("", help_text(name), language="text")
            sections.append(section)
        return sections


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("command-line", CommandLine)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
