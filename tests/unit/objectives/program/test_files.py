"""Array programs in files: what is written is read back the same, and nothing else is read."""

import copy
import json

import numpy as np
import program_samples as samples
import pytest

from hallucert.errors import CertificateError
from hallucert.objectives.program.evaluate import FloatArrays
from hallucert.objectives.program.files import MAX_NUMBERS, program_from_json
from hallucert.objectives.writing import program_to_json


def data(name="layer norm"):
    return json.loads(json.dumps(program_to_json(samples.program(name))))


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_what_is_written_is_read_back(name):
    """Through text; the program read computes the same doubles, and is written alike."""
    program = samples.program(name)
    again = program_from_json(data(name), "program")
    assert program_to_json(again) == program_to_json(program)
    x = samples.points(name)
    assert FloatArrays().run(again, x)[0].tolist() == FloatArrays().run(program, x)[0].tolist()


def leaves(value, path=()):
    """Every place of plain data."""
    yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*path, key))


def changed(value, path, new):
    value = copy.deepcopy(value)
    if not path:
        return new
    at = value
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = new
    return value


@pytest.mark.parametrize("new", [None, -2, 10**9, 1.5, True, "x", "1/0", [], {}, [[]], [2**40], "9" * 5000])
def test_anything_in_any_place_is_refused_or_is_a_program(new):
    """Whatever stands in whatever place, reading raises `CertificateError` or gives a program that is consistent."""
    whole = data()
    for path in leaves(whole):
        try:
            program = program_from_json(changed(whole, path, new), "program")
        except CertificateError as error:
            assert str(error).startswith("certificate field program")
        else:
            assert program_to_json(program) == changed(whole, path, new)


def test_constants_are_doubles_in_their_one_spelling():
    """No decimal, no rational, no number that is not a double."""
    whole = data("network")
    place = next(i for i, node in enumerate(whole["nodes"]) if node[0] == "constant")
    for text in ("0.5", "1/3", "2p1", "1p-2000", "inf", "nan", 1, None):
        with pytest.raises(CertificateError, match=rf"nodes\[{place}\]"):
            program_from_json(changed(whole, ("nodes", place, 2, 0), text), "program")


def test_numbers_are_counted_over_the_whole_program():
    """Many constants of moderate size are as refused as one that is too large."""
    half = MAX_NUMBERS // 2 + 1
    nodes = [["input", [], 0, [1]]]
    for _ in range(2):
        nodes.append(["take", [0], [0] * half, [half]])
    nodes.append(["add", [1, 2], None, [half]])
    with pytest.raises(CertificateError, match="in all"):
        program_from_json({"inputs": [[1]], "nodes": nodes, "outputs": [3]}, "program")


def test_programs_that_would_fill_the_memory_are_refused():
    """A few characters may ask for values without end, or for products without end."""
    large = [["input", [], 0, [1]], ["broadcast", [0], [0], [1, 2**24]], ["sum", [1], [1], [1]]]
    with pytest.raises(CertificateError, match="entries in all"):
        program_from_json({"inputs": [[1]], "nodes": large, "outputs": [2]}, "program")
    wide = [["input", [], 0, [1]], ["broadcast", [0], [0], [1, 2**10, 2**10]], ["reshape", [1], None, [2**10, 2**10]]]
    wide += [["contract", [2, 2], "ij,jk->ik", [2**10, 2**10]]]
    with pytest.raises(CertificateError, match="products"):
        program_from_json({"inputs": [[1]], "nodes": wide, "outputs": [3]}, "program")


def test_a_node_that_nothing_needs_is_refused():
    """There is one spelling of a program: no dead code."""
    nodes = [["input", [], 0, [1]], ["exp", [0], None, [1]], ["sin", [0], None, [1]]]
    with pytest.raises(CertificateError, match="no output needs"):
        program_from_json({"inputs": [[1]], "nodes": nodes, "outputs": [1]}, "program")


def test_an_input_has_one_node():
    """Two nodes of one input would each get a part of its derivative."""
    nodes = [["input", [], 0, [1]], ["input", [], 0, [1]], ["mul", [0, 1], None, [1]], ["sum", [2], [0], []]]
    with pytest.raises(CertificateError, match="one node for each input"):
        program_from_json({"inputs": [[1]], "nodes": nodes, "outputs": [3]}, "program")


def test_positions_are_integers_in_the_array():
    """Booleans, floats and places outside are refused."""
    for bad in (True, 1.0, 3, -2):
        nodes = [["input", [], 0, [3]], ["take", [0], [0, bad], [2]]]
        with pytest.raises(CertificateError):
            program_from_json({"inputs": [[3]], "nodes": nodes, "outputs": [1]}, "program")
    assert np.array_equal(
        program_from_json(
            {"inputs": [[3]], "nodes": [["input", [], 0, [3]], ["take", [0], [0, -1], [2]]], "outputs": [1]}, "p"
        )
        .nodes[1]
        .data,
        [0, -1],
    )
