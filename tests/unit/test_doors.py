"""Numbers come in through one door: exactly, or not at all, and the same everywhere."""

from __future__ import annotations

import decimal
import sys
from decimal import Decimal
from fractions import Fraction

import flint
import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import hallucert as hc
from hallucert.arrays import checked_box, checked_lanes, exact_box, exact_point, real_array
from hallucert.decimals import format_exact
from hallucert.errors import ArgumentError, HallucertError
from hallucert.exact import MAX_BITS, exact, parse_exact, whole
from hallucert.objectives.doors import checked_formula

WELL = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
WELLS = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
NET = hc.TanhNetwork((1, 1, 2), [[1.0], [2.0]], [0, 1], loss="cross_entropy")

# A third, to 60 bits and to 100: neither is a double. From mpmath's own arithmetic on its own mantissas.
NARROW, WIDE = Fraction(2**60 // 3, 2**60), Fraction(2**100 // 3, 2**100)
with mpmath.workprec(200):
    MPF, NEGATIVE = mpmath.ldexp(2**100 // 3, -100), -mpmath.ldexp(2**100 // 3, -100)


class Tensor:
    """Does what torch's do: without dimensions it has one item; with a gradient it refuses to become an array."""

    def __init__(self, values: object, requires_grad: bool = False) -> None:
        self.array, self.requires_grad = np.array(values), requires_grad

    shape = property(lambda self: self.array.shape)

    def item(self) -> object:
        return self.array.item()

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        if self.requires_grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        return self.array

    def __len__(self) -> int:
        return len(self.array)


EXACT = {
    "mpf": (MPF, WIDE),
    "negative mpf": (NEGATIVE, -WIDE),
    "mpf of an integer": (mpmath.mpf(2) ** 90, Fraction(2**90)),
    "longdouble": (np.longdouble(2**60 // 3) / np.longdouble(2**60), NARROW),
    "float32": (np.float32(0.1), Fraction(13421773, 2**27)),
    "float16": (np.float16(0.1), Fraction(819, 2**13)),
    "uint64": (np.uint64(2**64 - 1), Fraction(2**64 - 1)),
    "int8": (np.int8(-128), Fraction(-128)),
    "sympy Float": (sympy.Float(MPF, 40), WIDE),
    "sympy Rational": (sympy.Rational(1, 3), Fraction(1, 3)),
    "sympy Integer": (sympy.Integer(10) ** 30, Fraction(10**30)),
    "Decimal": (Decimal("0.1"), Fraction(1, 10)),
    "Decimal with an exponent": (Decimal("-1E-40"), Fraction(-1, 10**40)),
    "fmpz": (flint.fmpz(3) ** 50, Fraction(3**50)),
    "fmpq": (flint.fmpq(1, 3), Fraction(1, 3)),
    "exact arb": (flint.arb(3) / 4, Fraction(3, 4)),
    "array without dimensions": (np.array(0.1), Fraction(0.1)),
    "wide array without dimensions": (np.array(np.longdouble(2**60 // 3) / np.longdouble(2**60)), NARROW),
    "object in an array": (np.array(Fraction(1, 3), dtype=object), Fraction(1, 3)),
    "text in an array": (np.array("1/3"), Fraction(1, 3)),
    "unmasked array": (np.ma.array(0.5, mask=False), Fraction(1, 2)),
    "tensor": (Tensor(0.1), Fraction(0.1)),
}

REFUSED = {
    "bool": True,
    "numpy bool": np.bool_(False),
    "bool in an array": np.array(True),
    "complex": 1 + 0j,
    "complex64": np.complex64(1),
    "masked": np.ma.masked,
    "masked array": np.ma.array(1.0, mask=True),
    "masked integer": np.ma.array(1, mask=True),
    "NaN": float("nan"),
    "mpf NaN": mpmath.mpf("nan"),
    "mpf infinity": mpmath.mpf("-inf"),
    "Decimal NaN": Decimal("NaN"),
    "Decimal infinity": Decimal("-Infinity"),
    "longdouble infinity": np.longdouble("inf"),
    "float16 NaN": np.float16("nan"),
    "pi": mpmath.pi,
    "sympy pi": sympy.pi,
    "root": sympy.sqrt(2),
    "symbol": sympy.Symbol("x"),
    "sympy NaN": sympy.nan,
    "sympy infinity": sympy.oo,
    "imaginary unit": sympy.I,
    "mpc": mpmath.mpc(1, 0),
    "time": np.timedelta64(1, "ns"),
    "interval": mpmath.iv.mpf([1, 2]),
    "ball": flint.arb(1, 1e-9),
    "arb infinity": flint.arb("inf"),
    "bytes": b"1",
    "one entry": np.array([1.0]),
    "one integer": np.array([1]),
    "gradient": Tensor(1.0, requires_grad=True),
    "long": Fraction(1, 10**6100),
    "long mpf": mpmath.mpf(10) ** 99999,
    "long Decimal": Decimal("1E999999"),
    "long int": 10**7000,
    "date": np.datetime64("2020-01-01", "ns"),
    "float class": float,
    "acb": flint.acb(1),
}


@pytest.mark.parametrize("name", EXACT)
def test_types_with_an_exact_form_are_taken_exactly(name):
    """The number is the one that the type holds, whatever the precision of the contexts is at the moment."""
    value, expected = EXACT[name]
    with mpmath.workprec(20), decimal.localcontext(prec=3):
        assert exact(value) == expected
        assert exact_point([value, 1], 2, "x") == (expected, 1)
        assert real_array([value], "x", "be numbers").tolist() == [float(expected)]


@pytest.mark.parametrize("name", REFUSED)
def test_everything_else_is_refused(name):
    """By the argument's name, alone and in a list, as a number and as an integer."""
    value = REFUSED[name]
    for door in (
        lambda: exact(value, "a"),
        lambda: exact_point([1, value], 2, "a"),
        lambda: exact_box([(0, 1), (0, value)], 2, "a"),
        lambda: checked_lanes([[1.0, 2.0], [3.0, value]], 2, "a"),
    ):
        with pytest.raises(ArgumentError, match=r"^a must"):
            door()
    assert name.startswith("long int") or whole(value) is None


def test_integers():
    """Integers of any library are integers; what only equals one is not."""
    for value in (3, np.int8(3), np.uint64(3), np.array(3), sympy.Integer(3), flint.fmpz(3), Tensor(3)):
        assert whole(value) == 3
    for value in (3.0, Fraction(3), "3", True, np.array([3]), np.float64(3), sympy.Float(3), None, Decimal(3)):
        assert whole(value) is None


def test_messages_say_what_to_do_about_gradients():
    """A tensor that requires a gradient is refused with advice, alone and in a list, also of integers."""
    tensor = Tensor([-0.5, 0.0], requires_grad=True)
    for call in (
        lambda: WELL.value(tensor),
        lambda: hc.certify(WELL, tensor, 1),
        lambda: hc.certify(WELL, (-0.5, 0), Tensor(1.5, requires_grad=True)),
        lambda: hc.find.refine(WELL, [Tensor(-0.5, requires_grad=True), 0], 1),
        lambda: hc.TanhNetwork((1, 1, 1), [tensor, tensor], [1.0, 2.0]),
    ):
        with pytest.raises(ArgumentError, match="detach"):
            call()


POINTS = {
    "list": [-0.5, 0],
    "strings": ["-1/2", "0"],
    "fractions": (Fraction(-1, 2), Fraction(0)),
    "wide": [-mpmath.mpf(1) / 2 - mpmath.mpf(10) ** -30, 0],
    "longdoubles": np.array([-0.5, 0], dtype=np.longdouble),
    "integers": np.array([-1, 1]),
    "objects": np.array([Fraction(-1, 2), "0"], dtype=object),
    "texts": np.array(["-1/2", "0"]),
    "0-d arrays": [np.array(-0.5), np.array(0.0)],
    "tensor": Tensor([-0.5, 0.0]),
    "range": range(1, 3),
    "iterator": None,
    "unmasked": np.ma.array([-0.5, 0], mask=[0, 0]),
    "masked": np.ma.array([-0.5, 0], mask=[0, 1]),
    "one masked": [-0.5, np.ma.masked],
    "bools": [True, False],
    "a bool": [-0.5, False],
    "array of bools": np.array([True, False]),
    "complex": [-0.5, 0j],
    "bytes": b"12",
    "set": {-0.5, 0.25},
    "dictionary": {-0.5: 1, 0.25: 2},
    "0-d": np.array(1.0),
    "missing": [-0.5, None],
    "dates": np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[D]"),
    "ragged": [[-0.5], [0, 1]],
}
TAKEN = tuple(POINTS)[:13]


@pytest.mark.parametrize("name", POINTS)
def test_all_doors_agree_about_points(name):
    """What is a point for a proof is a point for floats, searches, runs and diagnoses."""
    doors = {
        "certify": lambda x: hc.certify(WELL, x, "1.5", precisions=[53]),
        "start": lambda x: hc.certify(WELL, (-0.5, 0), "1.5", precisions=[53], basin=1, start=x),
        "certify_stall": lambda x: hc.certify_stall(WELL, x, "1.5", radius="1e-9"),
        "value": WELL.value,
        "gradient": WELL.gradient,
        "hessian": WELL.hessian,
        "product": lambda x: WELL.hessian_vector_product((1, 1), x),
        "refine": lambda x: hc.find.refine(WELL, x, "1.5"),
        "on_sphere": lambda x: hc.find.on_sphere(WELL, x, "1.5", starts=1),
        "sam_value": lambda x: hc.sam.sam_value(WELL, x, "1.5"),
        "run": lambda x: hc.sam.run(WELL, x, "1.5", 0.1, 1),
        "diagnose": lambda x: hc.diagnose(WELL, x, "1.5"),
        "safe_radius": lambda x: hc.safe_radius(WELL, x, max_boxes=1),
        "plane": lambda x: hc.plot.plane(WELL, x, directions=(0, 0)),
    }
    answers = {}
    for door, call in doors.items():
        try:
            call(iter([-0.5, 0]) if name == "iterator" else POINTS[name])
        except ArgumentError as error:
            # A message about the point itself; that a search found nothing near is another thing.
            answers[door] = "finite numbers" not in error.must
        except HallucertError:
            answers[door] = True
        else:
            answers[door] = True
    assert answers == dict.fromkeys(doors, name in TAKEN)


def test_a_wide_radius_is_not_the_double_next_to_it():
    """Proofs are about the radius that was given, beside 3/sqrt(2) on either side, within half a unit of its double.

    On the diagonal of the four wells x = -s with (1 + s) sqrt(2) = rho, and J has the eigenvalue
    (2 s - 1)(s + 1)/(s (1 - s)): the point attracts iff s > 1/2, that is rho > 3/sqrt(2).
    """
    with mpmath.workdps(50):
        threshold = 3 / mpmath.sqrt(2)
        for side in (1, -1):
            rho = threshold + side * mpmath.mpf(10) ** -17
            cert = hc.certify(WELLS, (-0.5, -0.5), rho)
            assert Fraction(*map(int, (rho.man, 2**-rho.exp))) == cert.rho
            assert float(rho) == float(threshold)
            assert cert["attractor"].status is (hc.Status.PROVED if side > 0 else hc.Status.REFUTED)


def test_constants_of_functions_are_taken_exactly():
    """In traced functions, on either side of the variable, and in sympy's expressions."""
    wide = {"mpf": MPF, "longdouble": EXACT["longdouble"][0], "Decimal": Decimal("0.1"), "fmpq": flint.fmpq(1, 3)}
    for name, constant in wide.items():
        expected = EXACT.get(name, (None, Fraction(1, 3)))[1]
        for function in (lambda x, c=constant: x[0] * c, lambda x, c=constant: c * x[0]):
            tape = hc.Objective.from_callable(function, 1).tape
            assert [n.value for n in tape.nodes if n.op == "const"] == [expected], name
    node = (sympy.Symbol("x") ** 2 + sympy.Float(MPF, 40)).as_expr()
    assert [n.value for n in hc.Objective.from_sympy(node).tape.nodes if n.op == "const"] == [WIDE]
    for constant in (mpmath.pi, mpmath.iv.mpf([1, 2]), np.ma.masked, Tensor(1.0, requires_grad=True), 10**7000):
        with pytest.raises(ArgumentError):
            hc.Objective.from_callable(lambda x, c=constant: x[0] + c, 1)


def test_data_and_boxes_of_proofs_are_doubles_or_refused():
    """What a proof keeps as doubles is not rounded to them: a third is refused, a half is taken in every form."""
    third, half = [Fraction(1, 3), MPF, "0.1", np.longdouble(1) / 3, 2**53 + 1, Decimal("0.1")], ["1/2", Decimal("0.5")]
    for number in third:
        calls = {
            "inputs": lambda n=number: hc.TanhNetwork((1, 1, 1), [[n], [1]], [1, 2]),
            "targets": lambda n=number: hc.TanhNetwork((1, 1, 1), [[1], [1]], [1, n]),
            "box": lambda n=number: hc.census(WELL, [(-9, n), (-9, 9)], 1),
            "global_box": lambda n=number: hc.certify(WELL, (-0.5, 0), "1.5", global_box=[(-9, n), (-9, 9)]),
        }
        for argument, call in calls.items():
            with pytest.raises(ArgumentError, match=rf"^{argument} must .*each exactly a double"):
                call()
    for number in (*half, np.float16(0.5), sympy.Rational(1, 2), np.array(0.5)):
        assert hc.TanhNetwork((1, 1, 1), [[number], [1]], [1, number]).inputs[0, 0] == 0.5
        assert checked_box([(number, 1)], 1, rounded=False)[0, 0] == 0.5


@pytest.mark.parametrize("wrong", [np.array([2**53 + 1, 1]), np.array([2**64 - 1, 1], dtype=np.uint64)])
def test_large_integers_in_arrays(wrong):
    """Integers beyond 2**53 are rounded for searches, and refused for proofs unless they are doubles."""
    assert real_array(wrong, "x", "be numbers")[0] == float(int(wrong[0]))
    with pytest.raises(ArgumentError, match="each exactly a double"):
        real_array(wrong, "x", "be numbers", rounded=False)
    assert real_array(np.array([2**60]), "x", "be numbers", rounded=False)[0] == 2.0**60


def sizes() -> st.SearchStrategy[Fraction]:
    """Numbers around the limits: of bits, of digits, and of what Python prints."""
    edges = [2**19998, 2**19999, 2**20000, 3**6308, 3**6310, 10**3008, 10**3011, 10**4299, 10**6018, 10**6020]
    edges += [10**6100, 10**7000]
    return st.builds(
        lambda v, inverse, plus: (Fraction(1, v) if inverse else Fraction(v)) + plus,
        st.sampled_from(edges),
        st.booleans(),
        st.sampled_from([0, 1]),
    )


@settings(max_examples=60, deadline=None, derandomize=True)
@given(sizes())
def test_what_comes_in_can_be_written_and_read(value):
    """As text every number that the door takes comes back from a file as itself."""
    try:
        number = exact(value)
    except ArgumentError as error:
        assert value.numerator.bit_length() + value.denominator.bit_length() > MAX_BITS and len(str(error)) < 400
    else:
        assert parse_exact(format_exact(number)) == value


@settings(max_examples=30, deadline=None, derandomize=True)
@given(sizes(), sizes())
def test_what_is_certified_can_be_saved_and_loaded(tmp_path_factory, first, second):
    """Whatever certify takes as rho, radius, centre, step or start: the file is read and says the same."""
    path = tmp_path_factory.mktemp("sizes") / "point.json"
    x = (Fraction(-1, 2), Fraction(0))
    for rho, options in (
        (Fraction(3, 2), {"radius": first}),
        (Fraction(3, 2) + min(first, 1 / first), {}),
        (Fraction(3, 2), {"basin": 1, "start": [x[0] + min(second, 1 / second), min(first, 1 / first)]}),
        (first, {"x": [x[0], second], "radius": "1e-3"}),
    ):
        try:
            cert = hc.certify(WELL, options.pop("x", x), rho, precisions=[53], **options)
        except HallucertError:
            continue
        cert.save(path)
        loaded = hc.load(path)
        assert loaded.rho == rho and loaded.witness == cert.witness
        assert all(loaded[name].statement == cert[name].statement for name in cert.claims)


def test_diagrams_of_long_boxes_can_be_read(tmp_path):
    """The sentence about the box stays as short as a file allows; here its ends have 1,981 characters each."""
    end = 2 + Fraction(1, 10**990)
    found = hc.diagram(hc.Objective.parse("x**2 + 2*y**2"), (0, 0), [(-end, end), (-end, end)])
    found.save(tmp_path / "diagram.json")
    assert found.complete and hc.load(tmp_path / "diagram.json").region == ((-end, end), (-end, end))


def test_functions_of_more_variables_than_a_file_may_have():
    """They are refused when they come in, not when the file is read."""
    f = hc.Objective.from_callable(lambda x: (x**2).sum(), 1001)
    with pytest.raises(ArgumentError, match=r"^subject must have at most 1000 variables"):
        hc.certify(f, np.ones(1001), 1)


def test_long_integers_in_messages():
    """Integers that Python does not print are described by their size."""
    assert sys.get_int_max_str_digits() == 4300
    with pytest.raises(ArgumentError, match=r"it was <int of 16610 bits that cannot be printed>"):
        hc.certify_stall(WELL, (-0.5, 0.1), 10**5000)
    with pytest.raises(ArgumentError, match=r"it was <list that cannot be printed>"):
        WELL.value([10**5000, 1])


@pytest.mark.parametrize(
    ("least", "most", "said"),
    [(2, 2, "of 2 variables"), (1, 3, "of at most 3 variables"), (2, 4, "of 2 to 4 variables")],
)
def test_a_formula_of_another_number_of_variables_is_refused_with_the_right_number(least, most, said):
    """One number is said as one number."""
    five = hc.Objective.parse("+".join(f"x{i}**2" for i in range(5)))
    with pytest.raises(ArgumentError, match=said):
        checked_formula(five, least, most)
