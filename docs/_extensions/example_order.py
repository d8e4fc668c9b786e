"""The order of the gallery: where to begin, the stories, then the paper's figures by their numbers."""

from __future__ import annotations

from pathlib import Path

FIRST = (
    *(
        "himmelblau",
        "your_own_function",
        "random_weights_to_certificate",
        "random_weights_to_theorem",
        "a_million_parameters",
    ),
    *("torch_convolutions", "torch_transformer", "a_proof_that_fails"),
)


class ExampleOrder:
    """A sorting key for the scripts of a folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        return "<ExampleOrder>"

    def __call__(self, script: str) -> tuple[int, str]:
        """Return the key of one script."""
        name = Path(script).stem
        rank = FIRST.index(name) if name in FIRST else len(FIRST)
        return rank + name.startswith("figure_"), name
