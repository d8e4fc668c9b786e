"""What is printed about a function is read as that function, whatever its variables are called in a file.

The oracle is the parser itself, with default settings: a name that it reads in another way than the tape is refused by
every door through which a tape comes, or read only with the list of variables that is printed beside it.
"""

import copy
import json

import pytest
import sympy

import hallucert as hc
from hallucert.check.file.fields import problem_digest
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.errors import ArgumentError, CertificateError, FormulaError
from hallucert.objectives.builder import TapeBuilder
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.reading import objective_from_json
from hallucert.objectives.tape import Node, Tape

RESERVED = ["pi", "exp", "log", "sqrt", "sin", "tanh", "sinh", "softplus", "square", "abs", "max", "relu", "where"]
CONSTANTS = ["e", "E", "I", "Pi", "inf", "nan", "oo", "True", "None"]
NO_NAMES = [
    "",
    "x y",
    "x\n",
    " x",
    "x+1",
    "2x",
    "x.y",
    "\u0445",
    "\u03c0",
    "x\u200b",
    "x\x1b[2J",
    "x" * 65,
    "a,b",
    "x²",
]


def _square(name):
    """The tape of ``name**2`` as a file holds it."""
    return {"variables": [name], "nodes": [["var", 0], ["pow", 0, 2]], "outputs": [1]}


DOORS = {
    "parse": lambda name: hc.Objective.parse("(x + 1)**2", ["x", name]),
    "least_squares": lambda name: hc.Objective.least_squares(["x - 1"], [name, "x"]),
    "sympy": lambda name: hc.Objective.from_sympy(sympy.Symbol(name) ** 2),
    "builder": lambda name: TapeBuilder([name]),
    "tape": lambda name: FormulaObjective(Tape((name,), (Node("var", 0), Node("pow", 0, 2)), (1,))),
    "formula in a file": lambda name: objective_from_json({"kind": "formula", "tape": _square(name)}),
    "residuals in a file": lambda name: objective_from_json(
        {"kind": "least_squares", "residuals": _square(name), "n": "1"}
    ),
}


@pytest.mark.parametrize("door", DOORS)
def test_no_door_lets_in_a_name_that_a_formula_cannot_hold(door):
    """Names of functions, known or refused, the number pi, and what is no name at all, look-alikes included."""
    for name in RESERVED + NO_NAMES:
        with pytest.raises((ArgumentError, CertificateError), match=r"variables|symbol"):
            DOORS[door](name)
    DOORS[door]("v")


@pytest.fixture(scope="module")
def certificates():
    f = hc.Objective.parse("(v**2 - 1)**2/4 + y**2/20")
    ring = hc.Objective.least_squares(["v**2 + y**2 - 1"])
    return {
        "point": hc.certify(f, [-0.5, 0], "1.5"),
        "branch": hc.certify(hc.find.branch(f, hc.find.refine(f, [-0.5, 0], "1.5"), box=[(-0.52, -0.48), (-1, 1)])),
        "sheet": hc.certify(hc.find.sheet(ring, [0.5, 0], "1.5", ds=0.05, max_steps=1), precisions=[53]),
        "census": hc.census(f, [(-2, 2), (-2, 2)], "1.5"),
    }


def _renamed(data, name):
    """The file with its first variable under another name, and the digest that a forger recomputes."""
    data = copy.deepcopy(data)
    objective = data["problem"]["objective"]
    objective["residuals" if "residuals" in objective else "tape"]["variables"][0] = name
    data["digest"] = problem_digest(data["problem"])
    return data


@pytest.mark.parametrize("kind", ["point", "branch", "sheet", "census"])
def test_a_card_never_shows_another_function(certificates, kind):
    """Reserved names are refused in files of every kind; names of constants are listed, and not read without a list."""
    data = to_json(certificates[kind])
    for name in RESERVED:
        with pytest.raises(CertificateError, match=r"variables.*name of a function or constant"):
            from_json(_renamed(data, name))
    for name in CONSTANTS:
        again = from_json(_renamed(data, name))
        assert str(again).splitlines()[0].endswith(f" ({name} is a variable)")
        if kind != "sheet":  # of residuals no formula is printed
            with pytest.raises(FormulaError, match="constant elsewhere"):
                hc.Objective.parse(again.objective.name)
            read = hc.Objective.parse(again.objective.name, again.objective.variables)
            assert read.value([0.3, 0.7]) == pytest.approx((0.3**2 - 1) ** 2 / 4 + 0.7**2 / 20, rel=1e-14)


def test_the_checkers_report_says_it_too(certificates):
    """A verdict names the function as the card does, also if several variables may be mistaken."""
    data = _renamed(to_json(certificates["point"]), "E")
    assert str(hc.verify(from_json(data))).startswith("1/4*(E**2 - 1)**2 + 1/20*y**2 (E is a variable): checked with")
    data["problem"]["objective"]["tape"]["variables"] = ["E", "I"]
    data["digest"] = problem_digest(data["problem"])
    assert " (E, I are variables)" in str(hc.verify(from_json(data)))


@pytest.mark.parametrize("bad", ["\x1b[2J", "a\nb", "\r", "\u202e", "\u0430", "\x00", "\ud800"])
def test_a_file_cannot_write_to_the_terminal_what_is_no_plain_text(certificates, bad, tmp_path):
    """Sentences are printable ASCII, and an error about a stranger's field name is printable, on one line."""
    for kind, certificate in certificates.items():
        for field in ("name", "key", "variable"):
            data = to_json(certificate)
            if field == "name" and kind != "census":
                data["claims"][0]["name"] += bad
            elif field == "key":
                data["problem"][bad] = "1"
                data["digest"] = problem_digest(data["problem"])
            else:
                data = _renamed(data, "x" + bad)
            (tmp_path / "bad.json").write_text(json.dumps(data))
            with pytest.raises(CertificateError) as caught:
                hc.load(tmp_path / "bad.json")
            assert str(caught.value).isprintable()
