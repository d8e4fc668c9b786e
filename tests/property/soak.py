"""Enclosures against exact and 60-digit values, for as long as one likes: tapes, arrays and intervals of doubles.

    python tests/property/soak.py 1000000 --seed 1

counts checks, each of which is one number that has to lie in one enclosure, or two enclosures of the same numbers that
have to meet; it stops when so many are made, and ends with an error if one fails. With ``--state FILE`` it goes on
where the last run with this file ended. The kinds of checks take turns (`--only` leaves some out):

doubles
    ``+ - * /`` and ``sqrt`` of intervals of doubles, of any sizes, against exact results at points of the operands:
    sums and products of doubles are sums of two doubles, and quotients and roots are compared by multiplying back.
tapes
    Every node of random formulas, their gradients and Hessians, at points and in boxes, at random precisions: both
    backends, intervals of doubles, and those of `hallucheck`, against mpmath's values at 60
    digits (with the difference to 90 as their error) and against each other.
arrays
    Every node of random array programs and their derivatives, in midpoint-radius arrays, against Arb at 212 bits.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
from oracle import Oracle, UndefinedError, random_tape

from hallucert.balls import arithmetic
from hallucert.balls.lanes import FloatLanes, Lanes
from hallucert.exact import float_above, float_below
from hallucert.objectives.builder import gradient_tape, hessian_tape
from hallucert.objectives.tape import Tape

PROGRAMS = Path(__file__).parents[1] / "unit" / "objectives" / "program"
LANES = 4096
DIGITS = (60, 90)

TINIEST = 2**17
"""Sizes beyond two to this power are beyond what balls tell from 0 and infinity."""

Failures = list[str]
Ends = list[tuple[Fraction, Fraction] | None]
"""Of all nodes; None where an arithmetic says nothing."""

# ---------------------------------------------------------------- doubles, against exact results


def doubles(rng: np.random.Generator, size: int) -> np.ndarray:
    """Doubles of all sizes: some near each other, some powers of two, some 0, subnormal or close to overflow."""
    spread = rng.choice([1, 30, 300, 1000])
    exponents = rng.integers(-spread, spread + 1, size=size)
    values = np.ldexp(rng.choice([-1.0, 1.0], size=size) * rng.uniform(0.5, 1, size=size), exponents)
    special = np.array([0.0, 1.0, -1.0, 2.0**-1074, 2.0**-1022, 1e-300, 1e-150, 2.0**511, 3.0, 1 + 2.0**-52, 2.0**1000])
    return np.where(rng.random(size) < 0.1, rng.choice(special, size=size), values)


def two_product(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return doubles ``p + e = a b`` exactly, for numbers of moderate size (Dekker)."""
    (a1, a2), (b1, b2) = _halves(a), _halves(b)
    p = a * b
    return p, a2 * b2 - (((p - a1 * b1) - a2 * b1) - a1 * b2)


def _halves(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    c = 134217729.0 * a
    high = c - (c - a)
    return high, a - high


def two_sum(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return doubles ``s + e = a + b`` exactly (Knuth)."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def at_most(bound: np.ndarray, p: np.ndarray, e: np.ndarray) -> np.ndarray:
    """Tell where ``bound <= p + e`` exactly, if p is the double nearest to ``p + e``: none is between the two."""
    return (bound < p) | ((bound == p) & (e >= 0))


def product_at_least(a: np.ndarray, b: np.ndarray, bound: np.ndarray) -> np.ndarray:
    """Tell where ``bound <= a b`` exactly, for finite a and b of any sizes."""
    (a, i), (b, j) = np.frexp(a), np.frexp(b)
    # A bound that under- or overflows here is far from the product, and on the same side of it as before.
    scaled = np.ldexp(bound, -(i + j))
    lost = (scaled == 0) & (bound != 0)
    return at_most(np.where(lost, np.copysign(2.0**-1074, bound), scaled), *two_product(a, b))


def sum_at_least(a: np.ndarray, b: np.ndarray, bound: np.ndarray) -> np.ndarray:
    """Tell where ``bound <= a + b`` exactly."""
    return at_most(bound, *two_sum(a, b))


def quotient_at_least(a: np.ndarray, b: np.ndarray, bound: np.ndarray) -> np.ndarray:
    """Tell where ``bound <= a / b`` exactly: ``bound |b| <= a sign(b)``, and both changed in sign."""
    finite = np.where(np.isfinite(bound), bound, 0.0)
    return (bound == -np.inf) | product_at_least(-finite, np.abs(b), -a * np.sign(b)) & np.isfinite(bound)


def root_at_least(a: np.ndarray, bound: np.ndarray) -> np.ndarray:
    """Tell where ``bound <= sqrt(a)`` exactly: ``bound <= 0`` or ``bound**2 <= a``."""
    return (bound <= 0) | product_at_least(-bound, bound, -a)


def check_doubles(rng: np.random.Generator, count: Counter[str]) -> Failures:
    """Check one operation of each kind in all lanes, at the ends of the operands and at points between."""
    operands, points = [], []
    for _ in range(2):
        first = doubles(rng, LANES)
        kind = rng.integers(0, 4, size=LANES)
        near = np.nextafter(first, rng.choice([-np.inf, np.inf], size=LANES))
        second = np.choose(kind, [first, near, doubles(rng, LANES), first * (1 + rng.uniform(0, 1e-3, size=LANES))])
        low, high = np.minimum(first, second), np.maximum(first, second)
        operands.append(Lanes(low, high))
        points.append([low, high, np.clip(low / 2 + high / 2, low, high)])
    x, y = operands
    failures: Failures = []

    def compare(name: str, result: Lanes, below: np.ndarray, above: np.ndarray, where: np.ndarray | bool) -> None:
        """Count the ends of a result, which hold or not, in the lanes that count; NaN claims nothing."""
        where = where & ~np.isnan(result.rows).any(axis=0)
        for side, holds in (("low", below), ("high", above)):
            count[f"doubles {name}"] += int(np.count_nonzero(where))
            for k in np.flatnonzero(where & ~holds)[:3]:
                numbers = [float(v).hex() for v in (x.lo[k], x.hi[k], y.lo[k], y.hi[k], result.lo[k], result.hi[k])]
                failures.append(f"doubles {name}, {side}: {numbers}")

    with np.errstate(all="ignore"), FloatLanes() as lanes:
        divisor = (y.lo > 0) | (y.hi < 0)
        total, difference, product, quotient, root = x + y, x - y, x * y, x / y, lanes.sqrt(x)
        for a in points[0]:
            roots = root_at_least(a, root.lo), product_at_least(root.hi, root.hi, a)
            compare("sqrt", root, *roots, x.lo > 0)
            for b in points[1]:
                sums = sum_at_least(a, b, total.lo), sum_at_least(-a, -b, -total.hi)
                differences = sum_at_least(a, -b, difference.lo), sum_at_least(-a, b, -difference.hi)
                products = product_at_least(a, b, product.lo), product_at_least(-a, b, -product.hi)
                by = np.where(divisor, b, 1.0)
                quotients = quotient_at_least(a, by, quotient.lo), quotient_at_least(-a, by, -quotient.hi)
                compare("add", total, *sums, True)
                compare("sub", difference, *differences, True)
                compare("mul", product, *products, True)
                compare("div", quotient, *quotients, divisor)
    return failures


# ---------------------------------------------------------------- tapes, against 60 digits


def node_by_node(tape: Tape, ar: Any, values: list[Any]) -> list[Any]:
    """Run a tape, and return the values of all of its nodes."""
    return list(Tape(tape.variables, tape.nodes, tuple(range(len(tape.nodes)))).evaluate(ar, values))


def true_values(tape: Tape, point: list[Fraction]) -> Ends | None:
    """Bounds of all nodes: 60 digits, and the difference to 90 as the error; None where one is not defined."""
    runs = []
    for digits in DIGITS:
        with mpmath.workdps(digits):
            try:
                runs.append([v.value for v in node_by_node(tape, Oracle, [Oracle.constant(p) for p in point])])
            except (UndefinedError, OverflowError):
                return None
    bounds: Ends = []
    with mpmath.workdps(DIGITS[1]):
        for rough, value in zip(*runs, strict=True):
            error = 4 * abs(rough - value) + abs(value) * mpmath.mpf(10) ** -(DIGITS[0] + 20)
            try:
                bounds.append((_below(value - error), -_below(-value - error)))
            except OverflowError:
                bounds.append(None)
    return bounds


def _below(value: Any) -> Fraction:
    """A rational number at most an mpf, and near it unless its exponent is far below those that any ball has."""
    sign, mantissa, exponent, bits = value._mpf_
    if exponent + bits > TINIEST:
        raise OverflowError
    if mantissa and exponent + bits < -TINIEST:
        return -Fraction(1, 2**TINIEST) if sign else Fraction(0)
    size = Fraction(mantissa << exponent) if exponent >= 0 else Fraction(mantissa, 1 << -exponent)
    return -size if sign else size


def in_doubles(tape: Tape, box: list[tuple[Fraction, Fraction]]) -> Ends:
    """The ends of all nodes in intervals of doubles."""
    with np.errstate(all="ignore"), FloatLanes() as lanes:
        lanes_of_box = [lanes.box(np.array([float_below(a)]), np.array([float_above(b)])) for a, b in box]
        values = node_by_node(tape, lanes, lanes_of_box)
        ends = [tuple(float(end[0]) for end in lanes.ends(value)) for value in values]
    return [(Fraction(a), Fraction(b)) if np.isfinite([a, b]).all() else None for a, b in ends]


def in_balls(name: str, bits: int) -> Callable[..., Ends]:
    """The same in a backend."""

    def run(tape: Tape, box: list[tuple[Fraction, Fraction]]) -> Ends:
        with arithmetic(name, bits) as ar:
            balls = node_by_node(tape, ar, [ar.interval(a, b) for a, b in box])
            return [ar.endpoints(ball) if ar.is_finite(ball) else None for ball in balls]

    return run


class SecondArithmetic:
    """The intervals of `hallucheck`, as the arithmetic of a tape; None is what is not defined."""

    def __init__(self) -> None:
        from hallucheck.arithmetic import elementary, interval

        self.functions, self.interval = elementary, interval

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda x, *more: self._try(getattr(self.functions, name), x, *more)

    def _try(self, function: Callable[..., Any], *values: Any) -> Any:
        plain = [value.value if isinstance(value, Optional) else value for value in values]
        try:
            return Optional(self, None if any(value is None for value in plain) else function(*plain))
        except self.interval.Undefined:
            return Optional(self, None)

    def constant(self, value: Fraction) -> Any:
        return Optional(self, self.interval.exact(value))

    def pi(self) -> Any:
        return Optional(self, self.functions.pi())

    def sqrt(self, x: Any) -> Any:
        return self._try(self.interval.Interval.sqrt, x)

    def power(self, x: Any, exponent: int) -> Any:
        return self._try(self.interval.Interval.power, x, exponent)

    def real_power(self, x: Any, exponent: Fraction) -> Any:
        return self._try(self.functions.real_power, x, exponent)


class Optional:
    """An interval of `hallucheck`, or None."""

    def __init__(self, ar: SecondArithmetic, value: Any) -> None:
        self.ar, self.value = ar, value

    def __add__(self, other: Any) -> Any:
        return self.ar._try(lambda a, b: a + b, self, other)

    def __sub__(self, other: Any) -> Any:
        return self.ar._try(lambda a, b: a - b, self, other)

    def __mul__(self, other: Any) -> Any:
        return self.ar._try(lambda a, b: a * b, self, other)

    def __truediv__(self, other: Any) -> Any:
        return self.ar._try(lambda a, b: a / b, self, other)

    def __neg__(self) -> Any:
        return self.ar._try(lambda a: -a, self)


def in_second(bits: int) -> Callable[..., Ends]:
    """The same in the intervals of `hallucheck`."""

    def run(tape: Tape, box: list[tuple[Fraction, Fraction]]) -> Ends:
        ar = SecondArithmetic()
        with ar.interval.working_precision(bits):
            hulls = [ar.interval.hull([ar.interval.exact(a), ar.interval.exact(b)]) for a, b in box]
            values = node_by_node(tape, ar, [Optional(ar, x) for x in hulls])
        return [None if v.value is None or abs(v.value[2]) > TINIEST else _ends(*v.value) for v in values]

    return run


def _ends(low: int, high: int, exponent: int) -> tuple[Fraction, Fraction]:
    unit = Fraction(2) ** exponent
    return low * unit, high * unit


def check_tapes(rng: np.random.Generator, count: Counter[str]) -> Failures:
    """Check every node of a random formula and its derivatives, in every arithmetic, at two points of a box."""

    def rational() -> Fraction:
        denominator = int(rng.integers(1, 21))
        return Fraction(int(rng.integers(-3 * denominator, 3 * denominator + 1)), denominator)

    def integer(low: int, high: int) -> int:
        return int(rng.integers(low, high + 1))

    tape = random_tape(integer, rational)
    radius = Fraction(1, 2 ** integer(0, 80)) if integer(0, 2) else Fraction(0)
    centre = [rational() for _ in range(tape.dimension)]
    box = [(c - radius, c + radius) for c in centre]
    runs = {name: in_balls(name, integer(30, 220)) for name in ("arb", "mpmath")} | {"doubles": in_doubles}
    if importlib.util.find_spec("hallucheck") is not None:
        runs["hallucheck"] = in_second(integer(30, 220))
    failures: Failures = []
    for derived in (tape, gradient_tape(tape), hessian_tape(gradient_tape(tape))):
        found = {name: run(derived, box) for name, run in runs.items()}
        points = [
            [c + radius * s for c in centre] for s in ((Fraction(1), Fraction(-1, 3)) if radius else (Fraction(0),))
        ]
        truths = {f"60 digits at {i}": true_values(derived, point) for i, point in enumerate(points)}
        known = {name: values for name, values in {**truths, **found}.items() if values is not None}
        names = list(known)
        for i, first in enumerate(names):
            for second in names[i + 1 :]:
                if first.startswith("60") and second.startswith("60"):
                    continue
                for node, (a, b) in enumerate(zip(known[first], known[second], strict=True)):
                    if a is None or b is None:
                        continue
                    count[f"{second} and {first.split(' at')[0]}"] += 1
                    if max(a[0], b[0]) > min(a[1], b[1]):
                        text = f"{derived.nodes[node]} in {centre} +- {radius}, of {tape.to_json()}"
                        failures.append(f"tapes, {first} and {second}: {text}")
    return failures


# ---------------------------------------------------------------- arrays, and the command


def check_arrays(rng: np.random.Generator, count: Counter[str]) -> Failures:
    """Check every node of a random array program and its derivatives."""
    if str(PROGRAMS) not in sys.path:
        sys.path.insert(0, str(PROGRAMS))
    import random_programs

    seen: Counter[str] = Counter()
    failures = random_programs.check(rng, int(rng.integers(3, 14)), seen)
    count["arrays"] += sum(seen[name] for name in ("value", "JVP", "VJP", "HVP"))
    return failures


KINDS = {"doubles": (check_doubles, 1), "tapes": (check_tapes, 8), "arrays": (check_arrays, 4)}
"""What checks, and how often in a turn."""


def turns(seed: int, first: int, kinds: list[str]) -> Iterator[tuple[int, Failures, Counter[str]]]:
    """Go on checking from a turn on: the number of the next one, what failed, and how many checks were made."""
    for turn in range(first, sys.maxsize):
        failures, count = [], Counter[str]()
        for number, kind in enumerate(KINDS):
            check, often = KINDS[kind]
            for repeat in range(often if kind in kinds else 0):
                failures += check(np.random.default_rng([seed, turn, number, repeat]), count)
        yield turn + 1, failures, count


def main() -> int:
    """Check until as many checks were made as asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checks", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--state", type=Path, help="a file with what was done so far")
    parser.add_argument("--only", nargs="+", choices=list(KINDS), default=list(KINDS))
    options = parser.parse_args()
    state = {"seed": options.seed, "turn": 0, "failures": 0, "checks": {}}
    if options.state is not None and options.state.exists():
        state = json.loads(options.state.read_text())
    count = Counter(state["checks"])
    for turn, failures, new in turns(state["seed"], state["turn"], options.only):
        count += new
        print(*failures, sep="\n", end="\n" * bool(failures), flush=True)
        state |= {"turn": turn, "failures": state["failures"] + len(failures), "checks": dict(count)}
        if options.state is not None:
            options.state.write_text(json.dumps(state))
        if count.total() >= options.checks:
            break
    print(f"seed {state['seed']}, {state['turn']} turns: {count.total()} checks, {state['failures']} violations")
    print(dict(count.most_common()))
    return min(state["failures"], 1)


if __name__ == "__main__":
    sys.exit(main())
