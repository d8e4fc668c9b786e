"""Krawczyk's operator number by number: every bound as rational arithmetic gives it, no wider than by its rounding."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from hallucert.balls import arithmetic
from hallucert.balls.krawczyk import KrawczykOperator, KrawczykResult, compared
from hallucert.clock import Clock, OutOfTime
from hallucert.errors import ArgumentError

ROOM = 1 + Fraction(1, 2**25)
"""Bounds are rounded to 30 bits."""


def _fractions(text):
    return [Fraction(number) for number in text.split()]


def _balls(ar, pairs):
    return [ar.interval(Fraction(low), Fraction(high)) for low, high in pairs]


def _assert_is(ar, ball, low, high):
    """The ball is the interval, but for rounding outward."""
    below, above = ar.endpoints(ball)
    slack = (high - low) * (ROOM - 1) + Fraction(1, 2**90)
    assert low - slack <= below <= low and high <= above <= high + slack


DEFECT = [[("-1/8", "1/16"), (0, "1/4")], [("1/2", "1/2"), ("-1/32", "-1/64")]]
SIZES = [_fractions("1/8 1/4"), _fractions("1/2 1/32")]
"""The largest absolute values of the entries."""


@pytest.mark.parametrize("step", [[("-3/8", "1/8"), (0, "1/64")], [("-1/8", "3/8"), ("-1/64", 0)]])
def test_the_image_is_the_step_and_what_the_defect_may_add(ar, step):
    """``z0 - C G +- |I - C DG| r`` in both coordinates, for steps that reach farther to one side."""
    centre, radius = _fractions("1 -2"), _fractions("1 3/4")
    found = compared(ar, centre, radius, _balls(ar, step), [_balls(ar, row) for row in DEFECT])
    for i in range(2):
        turn = sum(size * r for size, r in zip(SIZES[i], radius, strict=True))
        low, high = map(Fraction, step[i])
        _assert_is(ar, found.image[i], centre[i] - high - turn, centre[i] - low + turn)
        reach = max(-low, high) + turn
        assert reach <= found.spread[i] <= reach * ROOM
    assert found.proved and (found.centre, found.radius) == (centre, radius)


@pytest.mark.parametrize("coordinate", range(2))
@pytest.mark.parametrize("side", [("-3/8", "1/8"), ("-1/8", "3/8")])
def test_a_proof_needs_the_whole_image_inside_of_the_box(ar, coordinate, side):
    """Reaching the end of the box by the longer side of one step, or just not, with and without a defect."""
    steps, radius = [(0, 0), (0, 0)], [Fraction(1), Fraction(1)]
    steps[coordinate] = side
    for defect in (0, Fraction(1, 8)):
        entries = [[(defect, defect), (0, 0)], [(0, 0), (-defect, -defect)]]
        for share, proved in ((1, False), (ROOM, True), (1 / ROOM, False)):
            radius[coordinate] = Fraction(3, 8) / (1 - defect) * share
            rows = [_balls(ar, row) for row in entries]
            assert compared(ar, [Fraction(5), Fraction(-7)], radius, _balls(ar, steps), rows).proved is proved


def _result(ar, radius, defect, image):
    rows = [_balls(ar, row) for row in defect]
    sizes = ([max(abs(Fraction(end)) for end in pair) for pair in row] for row in defect)
    turns = [sum(size * r for size, r in zip(row, radius, strict=True)) for row in sizes]
    turn = _balls(ar, [(-size, size) for size in turns])
    return KrawczykResult(True, _balls(ar, image), [], [Fraction(0)] * 2, radius, [], rows, turn)


WIDE = [(-9, 9), (-9, 9)]


@pytest.mark.parametrize("step", [[("1/16", "3/16"), (0, "-1/64")], [("-3/64", 0), ("-1/8", "1/16")]])
def test_what_is_around_a_centre_in_the_box_is_bounded_by_a_geometric_series(ar, step):
    """``|x - z| <= |C G(z)|/(1 - a)`` in the norm of the box, then ``z - C G(z) +- |I - C DG| |x - z|``."""
    step = [tuple(sorted(map(Fraction, ends))) for ends in step]
    radius, centre = _fractions("1 3/4"), _fractions("1/2 -1/3")
    a = max(sum(s * r for s, r in zip(SIZES[i], radius, strict=True)) / radius[i] for i in range(2))
    size = max(max(-low, high) / r for (low, high), r in zip(step, radius, strict=True)) / (1 - a)
    found = _result(ar, radius, DEFECT, WIDE).around(ar, centre, _balls(ar, step))
    for i, (low, high) in enumerate(step):
        turn = size * sum(s * r for s, r in zip(SIZES[i], radius, strict=True))
        _assert_is(ar, found[i], centre[i] - high - turn, centre[i] - low + turn)


@pytest.mark.parametrize(("entry", "kept"), [("1", True), ("-1", True), ("3/2", True), ("7/8", False)])
@pytest.mark.parametrize("row", range(2))
def test_a_defect_that_does_not_contract_shrinks_nothing(ar, row, entry, kept):
    """Where one row of ``|I - C DG|`` is 1 or more in the norm of the box, the image stays what it was."""
    defect = [[(0, 0), (0, 0)], [(0, 0), (0, 0)]]
    defect[row][row] = entry, entry
    result = _result(ar, _fractions("1 2"), defect, WIDE)
    found = result.around(ar, _fractions("0 0"), _balls(ar, [("1/64", "1/64")] * 2))
    assert (found == result.image) is kept
    assert kept or all(ar.upper(x) < 1 for x in found)


def test_each_coordinate_keeps_the_sharper_enclosure(ar):
    """Of the image and what a step gives, what they have in common is taken, coordinate by coordinate."""
    narrow = ("-1/1024", "1/1024")
    result = _result(ar, _fractions("1 1"), [[("1/2", "1/2"), (0, 0)], [(0, 0), ("1/2", "1/2")]], [narrow, (-9, 9)])
    first, second = result.around(ar, _fractions("0 0"), _balls(ar, [("1/8", "1/8")] * 2))
    low, high = ar.endpoints(first)
    assert -ROOM / 1024 <= low <= Fraction(-1, 1024) and 0 <= high <= Fraction(1, 2**25)
    _assert_is(ar, second, Fraction(-1, 4), Fraction(0))


def _linear(ar, matrix, offset, calls):
    """``z -> M z - b`` and its matrix, noting what they were asked for."""

    def function(z):
        calls.append(("function", [ar.endpoints(x) for x in z]))
        return [
            sum((ar.constant(Fraction(m)) * x for m, x in zip(row, z, strict=True)), -ar.constant(Fraction(b)))
            for row, b in zip(matrix, offset, strict=True)
        ]

    def jacobian(z):
        calls.append(("jacobian", [ar.endpoints(x) for x in z]))
        return [[ar.constant(Fraction(m)) for m in row] for row in matrix]

    return function, jacobian


def test_function_and_jacobian_are_asked_for_the_whole_box(ar):
    """At the centre, and on a box that holds both ends; a step that is known is not computed again."""
    calls, centre, radius = [], _fractions("1 -1/2"), _fractions("1/2 1/4")
    function, jacobian = _linear(ar, [[2, 1], [0, 4]], [1, -1], calls)
    operator = KrawczykOperator(ar, function, jacobian, [_fractions("1/2 0"), _fractions("0 1/4")])
    found = operator.image(centre, radius)
    assert [name for name, _ in calls] == ["function", "jacobian", "function"]
    assert calls[0][1] == [(c, c) for c in centre]
    for _, box in calls[1:]:
        assert all(low <= c - r and c + r <= high for (low, high), c, r in zip(box, centre, radius, strict=True))
    # C G(z0) = C (1/2, -1) = (1/4, -1/4); I - C M = (0, -1/2; 0, 0).
    _assert_is(ar, found.step[0], Fraction(1, 4), Fraction(1, 4))
    _assert_is(ar, found.step[1], Fraction(-1, 4), Fraction(-1, 4))
    _assert_is(ar, found.image[0], Fraction(5, 8), Fraction(7, 8))
    _assert_is(ar, found.image[1], Fraction(-1, 4), Fraction(-1, 4))
    calls.clear()
    again = operator.image(centre, radius, found.step)
    assert [name for name, _ in calls] == ["jacobian", "function"] and again.step is found.step


@pytest.mark.parametrize("radius", ["1", "1 1 1", "1 0", "0 1", "1 -1"])
def test_a_box_has_a_positive_radius_in_each_coordinate(ar, radius):
    """One that is missing, superfluous, 0 or negative is refused by name, also if the others are good."""
    operator = KrawczykOperator(ar, *_linear(ar, [[1, 0], [0, 1]], [0, 0], []), [_fractions("1 0"), _fractions("0 1")])
    with pytest.raises(ArgumentError, match="radius"):
        operator.image(_fractions("0 0"), _fractions(radius))


@pytest.mark.parametrize("rows", [[[1, 0]], [[1, 0], [0]], [[1], [0, 1]], [[1, 0], [0, 1], [0, 0]]])
def test_matrices_are_square(ar, rows):
    """A Jacobian or a preconditioner of which any row, or the number of rows, is wrong is refused by name."""
    exact = [[Fraction(x) for x in row] for row in rows]
    function, jacobian = _linear(ar, [[1, 0], [0, 1]], [0, 0], [])
    good = [_fractions("1 0"), _fractions("0 1")]
    with pytest.raises(ArgumentError, match="jacobian"):
        KrawczykOperator(ar, function, lambda z: [_balls(ar, [(x, x) for x in row]) for row in exact], good).image(
            _fractions("0 0"), _fractions("1 1")
        )
    if len(rows) < 3:
        with pytest.raises(ArgumentError, match="preconditioner"):
            KrawczykOperator(ar, function, jacobian, exact)


def test_a_step_out_of_the_box_in_one_coordinate_ends_the_search(ar):
    """The centre leaves the box in the second coordinate alone: nothing is asked there, and the image stays."""
    calls = []
    function, jacobian = _linear(ar, [[1, 0], [0, 1]], [0, 0], calls)
    operator = KrawczykOperator(ar, function, jacobian, [_fractions("1 0"), _fractions("0 1")])
    rows = [_balls(ar, [(0, 0), (0, 0)]), _balls(ar, [(0, 0), (0, 0)])]
    step = _balls(ar, [("1/64", "1/64"), ("2", "2")])
    image, centre, radius, turn = (
        _balls(ar, [(-1, 1)] * 2),
        _fractions("0 0"),
        _fractions("1 1"),
        _balls(ar, [(0, 0)] * 2),
    )
    result = KrawczykResult(True, image, [], centre, radius, step, rows, turn)
    operator.tighten(result)
    assert calls == []


@pytest.mark.parametrize(
    ("share", "bits", "asked"),
    [("1", 106, 1), ("1/2", 106, 12), ("5/8", 106, 12), ("1/4", 106, 1), ("1/2", 512, 16), ("1/2", 63, 12)],
)
@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_the_centre_moves_as_long_as_steps_get_shorter_by_half(backend, share, bits, asked):
    """Steps of a share of the way: none after an exact one, a dozen or one for 32 bits, one if they hardly shrink."""
    with arithmetic(backend, bits) as ar:
        calls, c = [], Fraction(share)
        function, jacobian = _linear(ar, [[1, 0], [0, 1]], [0, "1/8"], calls)
        operator = KrawczykOperator(ar, function, jacobian, [[c, Fraction(0)], [Fraction(0), c]])
        result = operator.image(_fractions("0 0"), _fractions("1 1"))
        calls.clear()
        found = operator.tighten(result)
        assert len(calls) == asked
        assert ar.within(ar.constant(Fraction(1, 8)), *ar.endpoints(found[1])) and ar.within(
            ar.constant(Fraction(0)), *ar.endpoints(found[0])
        )
        calls.clear()
        operator.tighten(result, 3)
        assert len(calls) == min(asked, 3)


@pytest.mark.parametrize(
    ("power", "defects", "bits", "steps"),
    [
        (80, (10, 10), 57, 0),
        (20, (10, 10), 57, 1),
        (20, (40, 10), 57, 1),
        (20, (10, 40), 57, 1),
        (80, (10, 10), 106, 1),
    ],
)
def test_no_step_is_made_where_so_many_bits_suffice(ar, power, defects, bits, steps):
    """At 106 bits, of which 57 are asked for: none where every side is as narrow as rounding would make it."""
    calls, zero = [], Fraction(1, 2**power)
    function, jacobian = _linear(ar, [[3, 0], [0, 3]], [3 * zero] * 2, calls)
    first, second = (Fraction(1, 3) * (1 - Fraction(1, 2**defect)) for defect in defects)
    operator = KrawczykOperator(ar, function, jacobian, [[first, Fraction(0)], [Fraction(0), second]])
    result = operator.image([Fraction(0)] * 2, [Fraction(1)] * 2)
    noise = ar.interval(-Fraction(1, 2**106), Fraction(1, 2**106))
    calls.clear()
    found = operator.tighten(replace(result, step=[step + noise for step in result.step]), 1, bits)
    assert len(calls) == steps
    assert all(ar.within(ar.constant(zero), *ar.endpoints(side)) for side in found)


def test_a_function_that_is_indeterminate_at_one_point_proves_and_shrinks_nothing(ar):
    """At the centre, though not on the box, there is no proof; at the next centre the search ends."""
    calls, one = [], ar.constant(Fraction(1))

    def function(z):
        calls.append(z)
        return z if ar.upper(z[0]) > Fraction(1, 2) else [ar.indeterminate()]

    operator = KrawczykOperator(ar, function, lambda z: [[one]], [[Fraction(1)]])
    nothing = operator.image([Fraction(0)], [Fraction(1)])
    assert (nothing.proved, nothing.image, nothing.spread, nothing.turn) == (False, [], [], [])
    calls.clear()
    box, step, defect = ar.interval(Fraction(-1), Fraction(1)), [ar.constant(Fraction(1, 4))], [[one - one]]
    turn = [one - one]
    found = operator.tighten(KrawczykResult(True, [box], [], [Fraction(0)], [Fraction(1)], step, defect, turn))
    assert len(calls) == 1 and ar.within(ar.constant(Fraction(-1, 4)), *ar.endpoints(found[0]))


def test_the_comparison_ends_when_the_time_is_up(ar):
    """A clock that is watched and has run out is looked at."""
    with Clock(0).watched(), pytest.raises(OutOfTime):
        compared(ar, _fractions("0"), _fractions("1"), _balls(ar, [(0, 0)]), [_balls(ar, [(0, 0)])])


def test_an_indeterminate_jacobian_proves_nothing(ar):
    """One entry about which nothing is known, also where the preconditioner has a 0."""
    one, zero, unknown = ar.constant(Fraction(1)), ar.constant(Fraction(0)), ar.indeterminate()
    for slopes in ([[one, unknown], [zero, one]], [[one, zero], [unknown, one]]):
        operator = KrawczykOperator(
            ar, lambda z: [zero, zero], lambda z, s=slopes: s, [_fractions("1 0"), _fractions("0 1")]
        )
        found = operator.image(_fractions("0 0"), _fractions("1 1"))
        assert (found.proved, found.image) == (False, [])
