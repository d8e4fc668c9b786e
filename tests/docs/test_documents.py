"""Claim: what README, docs and examples say runs, prints what they show, and the things that they name are there."""

import ast
import contextlib
import doctest
import importlib
import importlib.util
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
GENERATED = {"_build", "_static", "_templates", "gallery", "generated"}
PAGES = [path for path in sorted(DOCS.rglob("*.md")) if not GENERATED & set(path.relative_to(DOCS).parts)]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *PAGES]
BLOCK = re.compile(r"^(?:<!-- needs (\w+) -->\n)?```(python|text|console)\n(.*?)^```$", re.M | re.S)


OPTIONAL = {"torch", "jax", "optax", "lightning", "transformers"}
"""Packages without which modules of training can be named, but not imported."""
FRAMEWORKS = re.compile(r"^<!-- needs (jax|optax|torch) -->$", re.M)
LONG = ("long-runs.md",)
"""Pages that start processes, and a cluster."""
RUN = [
    pytest.param(path, marks=pytest.mark.frameworks)
    if FRAMEWORKS.search(path.read_text(encoding="utf-8"))
    else pytest.param(path, marks=pytest.mark.thorough if path.name in LONG else ())
    for path in DOCUMENTS
]


def identity(path: Path) -> str:
    """Name a file by its place in the repository."""
    return str(path.relative_to(ROOT))


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    A ``text`` block next after a ``python`` block is what that block prints; ``...`` in it stands for anything, and
    long lines may be wrapped.
    A comment ``<!-- needs torch -->`` in the line before says that the block runs only where that package is; one that
    needs a minute runs where frameworks are tested.
    """

    language: str
    code: str
    needs: str
    shown: str | None = None


def blocks(path: Path) -> list[Block]:
    """Return the Python and console blocks of a Markdown file, with the output that the page shows."""
    text, found, end = path.read_text(encoding="utf-8"), list[Block](), -1
    for match in BLOCK.finditer(text):
        needs, language, code = match.groups()
        follows = found and not text[end : match.start()].strip()
        if language == "text" and follows and found[-1].language == "python":
            found[-1] = Block("python", found[-1].code, found[-1].needs, code)
        elif language != "text":
            found.append(Block(language, code, needs or ""))
        end = match.end()
    return found


def require_output(shown: str, printed: str) -> None:
    """Fail unless a program printed what is shown, where ``...`` stands for anything and line breaks do not count."""
    checker, options = doctest.OutputChecker(), doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    if not checker.check_output(shown, printed, options):
        pytest.fail(checker.output_difference(doctest.Example("", shown), printed, options | doctest.REPORT_NDIFF))


def run_commands(block: Block) -> None:
    """Run the ``$ hallucert`` commands of a console block; other commands (installing, say) are not run."""
    from hallucert.tools.cli import main

    for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block.code, re.M):
        words = shlex.split(command, comments=True)
        if words[0] != "hallucert":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            main(words[1:])
        if shown.strip():
            require_output(shown, printed.getvalue())


@pytest.fixture
def precision_of_jax() -> Iterator[None]:
    """Put back what a page sets for all of a process: doubles in JAX. Without JAX nothing is set."""
    if importlib.util.find_spec("jax") is None:
        yield
        return
    import jax

    before = jax.config.jax_enable_x64
    yield
    jax.config.update("jax_enable_x64", before)


@pytest.mark.usefixtures("precision_of_jax")
@pytest.mark.parametrize("path", RUN, ids=identity)
def test_blocks_run_and_print_what_is_shown(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every block of a page runs, in order, in an empty folder, and prints what the page shows below it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    namespace: dict[str, object] = {"__name__": "__main__"}
    everything = ""
    for block in blocks(path):
        package = "torch" if block.needs == "minute" else block.needs
        if package and importlib.util.find_spec(package) is None:
            continue
        if block.language == "console":
            run_commands(block)
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block.code, str(path), "exec"), namespace)
        everything += printed.getvalue()
        if block.shown is not None:
            require_output(block.shown, printed.getvalue())
    if path.name == "README.md":  # shows no output, so what it promises is looked for
        assert "x* is a hallucinated minimizer of f for rho = 7/2" in everything
        assert (tmp_path / "point.json").stat().st_size > 1000


@pytest.mark.frameworks
@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("torch_*.py")), ids=identity)
def test_examples_that_need_pytorch_run(path: Path) -> None:
    """Examples that the site shows without running them run, and what they assert holds."""
    pytest.importorskip("torch")
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), {"__name__": "__main__"})


def test_a_page_that_shows_other_output_fails() -> None:
    """The comparison sees a wrong digit, a missing line and a line too many."""
    require_output("x in [1.25, ...\ny\n", "x in [1.25, 1.26]\ny\n")
    for shown in ("x in [1.24, ...\ny\n", "x in [1.25, 1.26]\n", "x in [1.25, 1.26]\ny\nz\n"):
        with pytest.raises(pytest.fail.Exception):
            require_output(shown, "x in [1.25, 1.26]\ny\n")


@pytest.mark.parametrize("path", DOCUMENTS, ids=identity)
def test_links_lead_to_files(path: Path) -> None:
    """Relative links lead to files; links to the gallery name an example."""
    text = path.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)", text)
    missing = [target for target in targets if "://" not in target and not (path.parent / target).exists()]
    pages = re.findall(r"\{doc\}`[^`<]*<?/gallery/(\w+)>?`", text)
    assert not missing
    assert not [name for name in pages if name != "index" and not (ROOT / "examples" / f"{name}.py").exists()]


@pytest.mark.parametrize("path", DOCUMENTS, ids=identity)
def test_api_objects_named_in_documents_exist(path: Path) -> None:
    """Every role such as ``{func}`hallucert.certify``` names something that can be imported."""
    roles = r"\{(?:py:)?(?:func|class|meth|attr|mod|exc|data|obj)\}`[^`<]*?<?~?(hallucert[\w.]*)>?`"
    for name in re.findall(roles, path.read_text(encoding="utf-8")):
        assert resolves(name), name


def defined(path: Path) -> set[str]:
    """Return what a file defines or imports at its top, without running it."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        found |= {alias.asname or alias.name for alias in getattr(node, "names", []) if isinstance(alias, ast.alias)}
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
    return found


def resolves(name: str) -> bool:
    """Tell whether a dotted name leads to a module, or to an attribute (or a dataclass field) of one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        module_name = ".".join(parts[:length])
        try:
            found: object = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            source = ROOT.joinpath(*parts[:length]).with_suffix(".py")
            if error.name in OPTIONAL and source.is_file():
                return length == len(parts) or parts[length] in defined(source)
            continue
        for part in parts[length:]:
            if not hasattr(found, part):
                return part in getattr(found, "__annotations__", {})
            found = getattr(found, part)
        return True
    return False


@pytest.mark.parametrize("path", DOCUMENTS, ids=identity)
def test_modules_named_in_documents_exist(path: Path) -> None:
    """Paths in backquotes are there."""
    named = re.findall(r"`((?:hallucert|tests|benchmarks|examples|docs)/[\w/.-]+)`", path.read_text(encoding="utf-8"))
    assert not [name for name in named if not (ROOT / name).exists()]


@pytest.mark.parametrize("path", DOCUMENTS, ids=identity)
def test_documents_name_no_place_on_a_machine(path: Path) -> None:
    """No page names a folder of the machine on which it was written."""
    assert not re.findall(r"(?<![\w.:/])/(?:home|work|tmp|root|Users)/\S*", path.read_text(encoding="utf-8"))


def test_every_reason_is_documented() -> None:
    """The page on undecided claims explains every reason that a claim can have."""
    from hallucert.check.reason import Reason

    text = (DOCS / "how-to" / "undecided.md").read_text(encoding="utf-8")
    assert not [reason.value for reason in Reason if f"| `{reason.value}` |" not in text]
    named = re.findall(r"^\| `([a-z_]+)` \|", text, re.M)
    assert not set(named) - {reason.value for reason in Reason}


def test_every_claim_is_documented() -> None:
    """Both tables of claims list every claim about a point."""
    from hallucert.check.point.rule import BY_NAME

    for name in ("mathematics.md", "certificate-format.md"):
        text = (DOCS / name).read_text(encoding="utf-8")
        assert not [rule.name for rule in BY_NAME.values() if f"| `{rule.name}` |" not in text]


def test_a_saddle_target_is_where_the_mathematics_page_says() -> None:
    """SAM on Himmelblau's function from (-1.5, 0) ends at an attractor whose target is a saddle."""
    import hallucert as hc

    f = hc.gallery.load("himmelblau")
    run = hc.sam.run(f, (-1.5, 0.0), "3.5", "0.002", 20_000)
    cert = hc.certify(f, run.x, "3.5")
    assert abs(cert.x - run.x).max() < 1e-6
    assert "saddle" in cert["target"].statement
    assert (cert["attractor"].status, cert["hallucinated_minimizer"].status) == ("proved", "refuted")


def test_the_farthest_point_with_the_vertex_as_target_belongs_to_an_attracting_curve() -> None:
    """Figure one: the farthest point from the vertex fails (C32) and yet attracts."""
    import hallucert as hc

    known = hc.gallery.info("figure_one")
    cert = hc.certify(hc.find.farthest_point(known.objective(), known.maximizers[0].x, known.minimizers[0].x))
    assert (cert["theorem_3_2"].status, cert["attractor"].status) == ("refuted", "proved")


def test_the_check_script_is_executable_and_valid_bash() -> None:
    """The script that checks the project from nothing can be run."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0


def test_readme_pictures_are_modest() -> None:
    """No picture of the pages is larger than 200 kB."""
    pictures = list((DOCS / "images").glob("*.png"))
    assert pictures
    assert max(picture.stat().st_size for picture in pictures) < 200_000


def test_importing_the_package_loads_nothing_heavy() -> None:
    """`import hallucert` loads none of numpy, numba, scipy, matplotlib."""
    code = "import sys, hallucert; print([m for m in ('numpy', 'numba', 'scipy', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
