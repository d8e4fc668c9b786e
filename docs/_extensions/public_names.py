"""References by the names that users write: ``certify``, ``hc.find.branch``, ``DomainError``."""

from __future__ import annotations

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

PLACES = ("hallucert.", "hallucert.errors.")


def resolve(app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.Element) -> nodes.Node | None:
    """Return a link to the public name that an unresolved reference of the Python domain means, or None."""
    if node.get("refdomain") != "py":
        return None
    written = node["reftarget"].removeprefix("hc.")
    python = env.domains["py"]
    for place in PLACES:
        if place + written in python.objects:
            return python.resolve_xref(
                env, node["refdoc"], app.builder, "obj", place + written, pending_xref(reftype="obj"), content
            )
    return None


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the search for public names."""
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
