"""A node is a cut exactly if the function is a function of that node alone."""

import itertools

import mpmath
import numpy as np
import pytest
from oracle_arithmetic import Mpmath

from hallucert.errors import ArgumentError
from hallucert.objectives.canonical import cut_nodes, inner_part, outer_part
from hallucert.objectives.front_ends.parser import parse_tape
from hallucert.objectives.objective import Objective
from hallucert.objectives.tape import Tape, node_operands


def is_cut(tape: Tape, cut: int) -> bool:
    """By paths: removing `cut` leaves no way from an input to the output, and `cut` itself depends on the inputs."""
    reached = set()
    for i, node in enumerate(tape.nodes):
        if i != cut and (node.op == "var" or any(j in reached for j in node_operands(node))):
            reached.add(i)
    depends = any(node.op == "var" for node in inner_part(tape, cut).nodes)
    inner = tape.nodes[cut].op != "var" and cut != tape.outputs[0]
    return inner and depends and tape.outputs[0] not in reached


@pytest.mark.parametrize(
    "formula",
    [
        "exp(x) + y",  # y is read after exp(x): exp(x) alone does not determine the sum
        "sin(x**2 + y**2)**2 + 1",
        "(x + y)*(x + y - 3)**2",
        "(2*(exp(x/2) - 1 - x/2) + y**2)*((2*(exp(x/2) - 1 - x/2) + y**2) - 3)**2",
        "x*y + exp(x*y)",
        "x*exp(x)",
        "exp(exp(exp(x)))",
        "pi*sqrt(2)*(x - y)**2",
        "(x + y)**2 + z",
        "x",
    ],
)
def test_cut_nodes_are_the_articulation_points(formula):
    """cut_nodes lists the nodes that every path from an input to the output passes through, and no others."""
    tape = parse_tape([formula])
    assert cut_nodes(tape) == [i for i in range(len(tape.nodes)) if is_cut(tape, i)]


def test_the_factorization_multiplies_out():
    """f = phi(s(x)) for every cut, to 45 digits."""
    tape = parse_tape(["sin((x**2 + y**2)/7)**2 + exp(sin((x**2 + y**2)/7))"])
    assert len(cut_nodes(tape)) >= 2
    with mpmath.workdps(50):
        x = [mpmath.mpf("0.9"), mpmath.mpf("-1.7")]
        for cut in cut_nodes(tape):
            s = inner_part(tape, cut).evaluate(Mpmath(), x)
            assert abs(outer_part(tape, cut).evaluate(Mpmath(), s)[0] - tape.evaluate(Mpmath(), x)[0]) < 1e-45


def test_ring_of_maximizers_factors_through_its_level_function():
    """The gallery's ring of maximizers is s (s - 3)^2 of its cut node, and s is the level function it names."""
    from hallucert.objectives import gallery

    tape = gallery.load("ring_of_maximizers").tape
    (cut,) = cut_nodes(tape)
    s, phi = Objective.parse("2*(exp(x/2) - 1 - x/2) + y**2"), Objective.parse("s*(s - 3)**2")
    inner, outer = inner_part(tape, cut), outer_part(tape, cut)
    assert inner == s.tape and outer == phi.tape
    grid = np.array(list(itertools.product(np.linspace(-2, 2, 5), repeat=2)))
    np.testing.assert_allclose(gallery.load("ring_of_maximizers").value(grid), phi.value(s.value(grid)[:, None]))


def test_only_cuts_can_be_cut():
    """outer refuses a node through which the tape does not factor."""
    tape = parse_tape(["exp(x) + y"])
    with pytest.raises(ArgumentError, match="factors"):
        outer_part(tape, 1)
