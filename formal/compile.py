"""Compile the theory that exported certificates import, and exported certificates, with Coq.

    python formal/compile.py [FILE.v ...]

The theory is compiled first, those of its files that have changed and those after them. Each given file is then
accepted, or what Coq objects to is printed; and what a theorem assumes has to be in the list `AXIOMS`. The exit status
is 0 if all of them were accepted, 1 if one was not, 2 if there is no such file. Coq, coq-interval and coquelicot have
to be installed; in Debian they are `coq`, `libcoq-interval` and `libcoq-coquelicot`.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

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


class Refused(Exception):
    """Coq does not accept a file, or a theorem of it assumes too much."""


def run(*command: str) -> str:
    """Run a program of Coq and return what it prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(done.stderr.strip() or f"{command[0]} ended with status {done.returncode}")
    return done.stdout


def coqc(file: Path) -> str:
    """Compile a file and return what it prints."""
    return run("coqc", *OPTIONS, str(file))


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


def strange_in(output: str) -> str:
    """Return what ``Print Assumptions`` lists besides `AXIOMS`: other axioms, or types, or checks switched off."""
    listed = " ".join(output.partition("Axioms:\n")[2].split())
    for axiom in AXIOMS:
        listed = listed.replace(axiom, "", 1)
    return " ".join(listed.split())


def check(file: Path) -> list[str]:
    """Compile an exported certificate and return what it assumes, which must be allowed.

    Raises
    ------
    Refused
        If Coq does not accept it; or nothing shows what it assumes, or that is not in `AXIOMS`.
    """
    output = coqc(file)
    if strange := strange_in(output):
        raise Refused(f"{file} assumes {strange}")
    if not ("Axioms:\n" in output or "Closed under the global context" in output):
        raise Refused(f"{file} assumes nobody knows what")
    return [axiom.split()[0] for axiom in AXIOMS if axiom.split()[0] in output]


def main(files: Sequence[str]) -> int:
    """Compile the theory and the given files, and say what came of it."""
    if missing := [name for name in files if not Path(name).is_file()]:
        print(f"no such file: {', '.join(missing)}\n\n{__doc__}", file=sys.stderr)
        return 2
    began = time.monotonic()
    compile_theory()
    print(f"theory: {time.monotonic() - began:.0f} s", flush=True)
    refused = 0
    for name in files:
        began = time.monotonic()
        try:
            check(Path(name))
            verdict = "accepted"
        except Refused as objection:
            refused += 1
            verdict = f"REFUSED\n{objection}"
        print(f"{name}: {time.monotonic() - began:.0f} s, {verdict}", flush=True)
    return min(refused, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
