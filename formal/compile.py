"""Compile the theory that exported certificates import, and exported certificates, with Coq.

    python formal/compile.py [--certificate POINT.json] [FILE.v ...]

The theory is compiled first, those of its files that have changed and those after them. Each given file is then
accepted, or what Coq objects to is printed. A file of our own asks what its `theorem` says and assumes: that has to be
its `statement`, and what the certificate says, if one is given; and the assumptions have to be in the list `AXIOMS`.
The exit status is 0 if all of them were accepted, 1 if one was not, 2 if there is no such file. Coq, coq-interval and
coquelicot have to be installed; in Debian they are `coq`, `libcoq-interval` and `libcoq-coquelicot`.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

FORMAL = Path(__file__).resolve().parent

OPTIONS = ("-w", "-ambiguous-paths", "-Q", str(FORMAL), "Hallucert")

AXIOMS = (
    "ClassicalDedekindReals.sig_not_dec : forall P : Prop, {~ ~ P} + {~ P}",
    "ClassicalDedekindReals.sig_forall_dec : forall P : nat -> Prop, (forall n : nat, {P n} + {~ P n}) -> "
    "{n : nat | ~ P n} + {forall n : nat, P n}",
    "FunctionalExtensionality.functional_extensionality_dep : forall (A : Type) (B : A -> Type) "
    "(f g : forall x : A, B x), (forall x : A, f x = g x) -> f = g",
    "Classical_Prop.classic : forall P : Prop, P \\/ ~ P",
)
"""What theorems may assume, as Coq lists it: axioms of the classical real numbers."""

CLOSED = "Closed under the global context"
"""What Coq prints of a theorem without assumptions."""

PROBE = """\
{words}
Require Exported.candidate.
{lemmas}
Theorem same : {statement}.
Proof. {rewriting}exact Exported.candidate.theorem. Qed.
Print Assumptions same.
"""
"""The file that asks. It does not import the other one: no notation, name or output of that reaches it."""

LEMMA = "Lemma same_{name} : Exported.candidate.{name} = {name}. Proof. reflexivity. Qed."


class Refused(Exception):
    """Coq does not accept a file, or a theorem of it assumes too much."""


def run(*command: str) -> str:
    """Run a program of Coq and return what it prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(done.stderr.strip() or f"{command[0]} ended with status {done.returncode}")
    return done.stdout


def coqc(file: Path, *options: str) -> str:
    """Compile a file and return what it prints."""
    return run("coqc", *OPTIONS, *options, str(file))


def theory() -> list[Path]:
    """Return the files of the theory, each after those that it imports."""
    files = sorted(str(file) for folder in ("theory", "tapes") for file in (FORMAL / folder).glob("*.v"))
    return [Path(name) for name in run("coqdep", "-Q", str(FORMAL), "Hallucert", "-sort", *files).split()]


def compile_theory() -> None:
    """Compile what is not up to date: a file is if its result is younger than all sources up to it."""
    newest = 0.0
    for source in theory():
        newest = max(newest, source.stat().st_mtime)
        result = source.with_suffix(".vo")
        if not result.exists() or result.stat().st_mtime < newest:
            coqc(source)


def words(certificate: Path) -> str:
    """Return what the file that this library exports says above its data: the function, the numbers, the statement."""
    from hallucert import load
    from hallucert.export.coq import DATA, theorem

    return theorem(load(certificate)).partition(DATA)[0]


def question(certificate: Path | None) -> str:
    """Return the file that asks; with a certificate, definition by definition, which spares Coq a long comparison."""
    if certificate is None:
        return PROBE.format(words="", lemmas="", statement="Exported.candidate.statement", rewriting="")
    above = words(certificate)
    names = re.findall(r"^Definition (\w+)", above, re.MULTILINE)[:-1]
    lemmas = "\n".join(LEMMA.format(name=name) for name in names)
    rewriting = f"unfold statement. rewrite {', '.join(f'<- ?same_{name}' for name in names)}. "
    return PROBE.format(words=above, lemmas=lemmas, statement="statement", rewriting=rewriting)


def strange_in(output: str) -> str:
    """Return what ``Print Assumptions`` lists besides `AXIOMS`: other axioms, or types, or checks switched off."""
    listed = " ".join(output.removeprefix("Axioms:\n").split())
    for axiom in (*AXIOMS, CLOSED):
        listed = listed.replace(axiom, "", 1)
    return " ".join(listed.split())


def check(file: Path, certificate: Path | None = None) -> list[str]:
    """Compile an exported certificate and return what its theorem assumes, which must be allowed.

    Raises
    ------
    Refused
        If Coq does not accept it; or `theorem` is not the file's `statement`, nor, where a certificate is given, the
        statement that is exported of that; or it assumes what is not in `AXIOMS`.
    """
    with TemporaryDirectory() as folder:
        exported = "-Q", folder, "Exported"
        candidate, probe = (Path(folder, name) for name in ("candidate.v", "probe.v"))
        candidate.write_bytes(file.read_bytes())
        coqc(candidate, *exported)
        probe.write_text(question(certificate), encoding="ascii")
        try:
            output = coqc(probe, *exported)
        except Refused as objection:
            raise Refused(f"{file} proves another statement\n{objection}") from objection
    if strange := strange_in(output):
        raise Refused(f"{file} assumes {strange}")
    if not output:
        raise Refused(f"{file} assumes nobody knows what")
    return [axiom.split()[0] for axiom in AXIOMS if axiom.split()[0] in output]


def main(arguments: Sequence[str]) -> int:
    """Compile the theory and the given files, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--certificate", type=Path, help="what the theorem of each file has to say")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE.v")
    given = parser.parse_args(arguments)
    named = [*given.files, *([given.certificate] if given.certificate else [])]
    if missing := [str(file) for file in named if not file.is_file()]:
        print(f"no such file: {', '.join(missing)}\n\n{__doc__}", file=sys.stderr)
        return 2
    began = time.monotonic()
    compile_theory()
    print(f"theory: {time.monotonic() - began:.0f} s", flush=True)
    refused = 0
    for file in given.files:
        began = time.monotonic()
        try:
            check(file, given.certificate)
            verdict = "accepted"
        except Refused as objection:
            refused += 1
            verdict = f"REFUSED\n{objection}"
        print(f"{file}: {time.monotonic() - began:.0f} s, {verdict}", flush=True)
    return min(refused, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
