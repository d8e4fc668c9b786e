"""Builds the site: examples in docstrings, certificates, pages and gallery, then links. ``python docs/build.py``

Needs ``python -m pip install ".[docs]"``. Warnings are errors, every script of ``examples/`` that needs no PyTorch runs
anew, and every certificate that the pages quote is proved again by the arithmetic that did not make it. The last line
says what was built, or the exit status is 1 and the lines above say why.
"""

from __future__ import annotations

import argparse
import doctest
import os
import pkgutil
import shutil
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

from check_site import Site

import hallucert

DOCS = Path(__file__).resolve().parent
FRAMEWORKS = {"torch", "jax", "optax", "lightning"}
"""What the site is built without."""
PATIENCE = 3600.0
"""Seconds for one certificate."""
GENERATED = ("api/generated", "gallery", "sg_execution_times.rst")


def run_doctests() -> tuple[int, int]:
    """Run the examples in all docstrings; return how many examples there are and how many failed."""
    attempted = failed = 0
    for module in pkgutil.walk_packages(hallucert.__path__, "hallucert."):
        if module.name.endswith("__main__"):
            continue
        try:
            result = doctest.testmod(import_module(module.name))
        except ImportError as error:
            if error.name not in FRAMEWORKS:
                raise
            continue
        attempted, failed = attempted + result.attempted, failed + result.failed
    return attempted, failed


def unproved(certificates: list[Path]) -> list[str]:
    """Prove certificates again, from the files alone; return the names of those with a claim that was not."""
    return [path.name for path in certificates if not hallucert.verify(path, budget=PATIENCE)]


def run_sphinx(output: Path, jobs: int) -> bool:
    """Build the pages; return whether there was neither an error nor a warning."""
    options = ["-W", "--keep-going", "-q", "-E", "-j", str(jobs), "-b", "html", "-d", str(output.parent / "doctrees")]
    command = [sys.executable, "-m", "sphinx", *options, str(DOCS), str(output)]
    return subprocess.run(command, check=False).returncode == 0


def unexecuted(output: Path) -> list[str]:
    """Return the examples without a page that says how long they ran, where they need no framework."""
    pages = {script.name: output / "gallery" / f"{script.stem}.html" for script in runnable()}
    ran = {name for name, page in pages.items() if page.is_file() and "Total running time" in page.read_text("utf-8")}
    return [name for name in pages if name not in ran]


def runnable() -> list[Path]:
    """Return the examples that run when the site is built."""
    return [path for path in sorted((DOCS.parent / "examples").glob("*.py")) if not path.name.startswith("torch_")]


def forget() -> None:
    """Remove what earlier builds generated among the sources."""
    for name in GENERATED:
        path = DOCS / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def fail(reason: str) -> int:
    """Say why there is no site."""
    print(f"site: failed, {reason}", flush=True)
    return 1


def main() -> int:
    """Build and check; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=DOCS.parent / "build" / "site")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--quick", action="store_true", help="run only examples that changed since the last build")
    arguments = parser.parse_args()
    output, start = arguments.output.resolve(), time.monotonic()

    examples, failed = run_doctests()
    if failed:
        return fail(f"{failed} of {examples} examples in docstrings do not print what they say")
    certificates = sorted((DOCS / "certificates").rglob("*.json"))
    if false := unproved(certificates):
        return fail(f"these certificates were not re-proved: {', '.join(false)}")
    shutil.rmtree(output, ignore_errors=True)
    if not arguments.quick:
        forget()
    if not run_sphinx(output, arguments.jobs):
        return fail("Sphinx stopped or warned, see above")
    if missing := unexecuted(output):
        return fail(f"these examples did not run: {', '.join(missing)}")
    site = Site(output)
    if problems := list(site.problems()):
        print("\n".join(problems))
        return fail(f"{len(problems)} addresses do not resolve or lead to a network")
    print(
        f"site: {len(site.pages)} pages, {site.links} addresses resolve, {len(runnable())} scripts and {examples} "
        f"lines of docstrings ran, {len(certificates)} certificates re-proved, {time.monotonic() - start:.0f} s: "
        f"{output / 'index.html'}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
