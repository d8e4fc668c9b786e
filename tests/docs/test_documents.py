"""Claim: what README, docs and examples say runs, and the files that they name are there."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def blocks(path: Path) -> list[str]:
    """Return the Python blocks of a Markdown file."""
    return re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_python_blocks_run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {}
    for block in blocks(path):
        exec(compile(block, str(path), "exec"), namespace)


def test_readme_example_proves_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    block = blocks(ROOT / "README.md")[0]
    exec(compile(block, "README.md", "exec"), {})
    assert "x* is a hallucinated minimizer of f for rho = 7/2" in capsys.readouterr().out
    assert (tmp_path / "point.json").stat().st_size > 1000


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8"))
    missing = [target for target in targets if "://" not in target and not (path.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_modules_named_in_documents_exist(path: Path) -> None:
    named = re.findall(r"`(hallucert/[\w/]+(?:\.py|/))`", path.read_text(encoding="utf-8"))
    assert not [name for name in named if not (ROOT / name).exists()]


def test_every_claim_is_documented() -> None:
    from hallucert.prove.point_claims import BY_NAME

    for name in ("mathematics.md", "certificate-format.md"):
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        assert not [rule.name for rule in BY_NAME.values() if f"| `{rule.name}` |" not in text]


def test_a_saddle_target_is_where_the_mathematics_page_says() -> None:
    import hallucert as hc

    f = hc.gallery.load("himmelblau")
    run = hc.sam.run(f, (-1.5, 0.0), "3.5", "0.002", 20_000)
    cert = hc.certify(f, run.x, "3.5")
    assert abs(cert.x - run.x).max() < 1e-6
    assert "saddle" in cert["target"].statement
    assert (cert["attractor"].status, cert["hallucinated_minimizer"].status) == ("proved", "refuted")


def test_the_farthest_point_with_the_vertex_as_target_belongs_to_an_attracting_curve() -> None:
    import hallucert as hc

    known = hc.gallery.info("figure_one")
    cert = hc.certify(hc.find.farthest_point(known.objective(), known.maximizers[0].x, known.minimizers[0].x))
    assert (cert["theorem_3_2"].status, cert["attractor"].status) == ("refuted", "proved")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_run(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out


def test_the_check_script_is_executable_and_valid_bash() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0


def test_readme_pictures_are_modest() -> None:
    pictures = list((ROOT / "docs" / "images").glob("*.png"))
    assert pictures
    assert max(picture.stat().st_size for picture in pictures) < 200_000


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, hallucert; print([m for m in ('numpy', 'numba', 'scipy', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "certificates").glob("*.json")), ids=lambda path: path.stem)
def test_certificates_of_the_documentation_are_re_proved(path: Path) -> None:
    import hallucert as hc

    assert hc.verify(path, backend="arb")
