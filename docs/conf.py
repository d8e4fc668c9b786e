"""How Sphinx builds the site: ``python docs/build.py``. Nothing here, and nothing in the pages, needs a network."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

import hallucert  # noqa: E402

project = "hallucert"
author = "the hallucert authors"
copyright = "the hallucert authors, MIT licence"
release = version = hallucert.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "command_line",
    "public_names",
    "thumbnails",
]
exclude_patterns = ["**/GALLERY_HEADER.rst", "gallery/sg_execution_times.rst", "sg_execution_times.rst"]
templates_path = ["_templates"]
default_role = "py:obj"

# ---------------------------------------------------------------- pages

myst_enable_extensions = ["amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4
myst_dmath_double_inline = True

# ---------------------------------------------------------------- reference

autosummary_generate = True
autosummary_imported_members = True
autodoc_typehints = "none"
autodoc_mock_imports = ["torch", "jax", "optax", "lightning"]
autodoc_member_order = "bysource"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

# ---------------------------------------------------------------- examples

# Matplotlib draws to files, and numerical libraries leave the other core to the other job.
os.environ.setdefault("MPLBACKEND", "Agg")
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

sphinx_gallery_conf = {
    "examples_dirs": str(HERE.parent / "examples"),
    "gallery_dirs": "gallery",
    # Those that need PyTorch run where that is tested.
    "filename_pattern": r"/(?!torch_)\w+\.py$",
    "within_subsection_order": "example_order.ExampleOrder",
    "parallel": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 0,
    "plot_gallery": "True",
    "backreferences_dir": "gallery/backreferences",
    "doc_module": ("hallucert",),
    "reference_url": {"hallucert": None},
    "image_scrapers": ("thumbnails.scrape", "matplotlib"),
    "reset_modules": ("matplotlib", "example_file.define_file"),
}

# ---------------------------------------------------------------- appearance

html_theme = "pydata_sphinx_theme"
html_title = "hallucert"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
# Pages of their own, without a section to navigate.
html_sidebars = {
    page: []
    for page in (
        "certificate-format",
        "changelog",
        "claims",
        "compared",
        "evidence",
        "index",
        "remedies",
        "start",
        "study",
        "trust",
    )
}
html_theme_options = {
    "show_nav_level": 1,
    "navigation_depth": 2,
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "tango",
    "pygments_dark_style": "monokai",
}

# Formulas: MathJax as one file, glyphs drawn as paths (no fonts), out of a Python package. Its menu, which could load
# speech rules from elsewhere, is off; MathML for screen readers is in the page.
_mathjax = find_spec("sphinx-mathjax-offline")
if _mathjax is None or _mathjax.origin is None:
    raise ModuleNotFoundError('sphinx-mathjax-offline is not installed: pip install ".[docs]"')
html_static_path.append(str(Path(_mathjax.origin).parent / "static" / "mathjax" / "tex-svg-full.js"))
mathjax_path = "tex-svg-full.js"
mathjax3_config = {"options": {"enableMenu": False}}
