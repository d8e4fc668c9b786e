"""Thumbnails of the gallery show one panel of an example's first figure, not all of it made small.

The scraper runs before that of matplotlib and keeps the panel; when the gallery has been written, with whole figures as
thumbnails, the panels take their places.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from PIL import Image
from sphinx.application import Sphinx

LATE = 900
"""Of what happens when the builder is there, the gallery comes first, at 500."""

DOTS = 400
"""Pixels of the longer side of a panel."""


def scrape(_: object, variables: dict[str, Any], configuration: dict[str, Any]) -> str:
    """Keep a panel of the first figure of a script: figures are closed after each part of it."""
    kept = panel_of(Path(variables["target_file"]))
    if plt.get_fignums() and "panel" not in variables:
        keep(plt.figure(plt.get_fignums()[0]), kept)
        variables["panel"] = kept
    return ""


def panel_of(script: Path) -> Path:
    """Return where the panel of a script of the gallery is kept."""
    return script.parent / "images" / "thumb" / f"panel_{script.stem}.png"


def keep(figure: Any, path: Path) -> None:
    """Save what is inside of the axes that show most."""
    figure.draw_without_rendering()
    axes = max(figure.axes, key=_worth)
    inside = axes.get_window_extent().transformed(figure.dpi_scale_trans.inverted())
    path.parent.mkdir(parents=True, exist_ok=True)
    for legend in figure.legends:
        legend.set_visible(False)  # matplotlib puts a legend of the whole figure into the part that is saved
    figure.savefig(path, bbox_inches=inside, dpi=DOTS / max(inside.width, inside.height))
    for legend in figure.legends:
        legend.set_visible(True)


def _worth(ax: Any) -> tuple[bool, int, int]:
    """Return what the size and the content of axes are worth: a picture in space comes first."""
    return ax.name == "3d", round(ax.bbox.width * ax.bbox.height / 2000), len(ax.get_children())


def replace(app: Sphinx) -> None:
    """Put the panels, on white, where the thumbnails are."""
    width, height = app.config.sphinx_gallery_conf.get("thumbnail_size", (400, 280))
    for panel in Path(app.srcdir, "gallery", "images", "thumb").glob("panel_*.png"):
        image = Image.open(panel).convert("RGB")
        image.thumbnail((width, height))
        shown = Image.new("RGB", (width, height), "white")
        shown.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
        shown.save(panel.with_name(f"sphx_glr_{panel.stem.removeprefix('panel_')}_thumb.png"))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the exchange."""
    app.connect("builder-inited", replace, priority=LATE)
    return {"parallel_read_safe": True}
