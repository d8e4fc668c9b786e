"""Runs of SAM from random weights to a theorem: what proving, checking and simulating them costs; radii of basins.

    python benchmarks/runs.py run 0.01 207 1:61  # prove from these starts, check by mpmath on all cores, simulate
    python benchmarks/runs.py run 0.01,0.9 1:30  # the same with momentum (heavy ball)
    python benchmarks/runs.py simulate FILE      # the run of a certificate again, as points in 2000 bits: no sets
    python benchmarks/runs.py radii 20           # proved radii of so many points over radii at which runs still return

A 2-8-1 tanh network with eight samples, labels -1 and 1, rho = 8; starts are random weights with gain 2: 1:61 is number
61 of 512 from the seed 1, and 207 is 0:207. The
simulation shares nothing with the library but the network's data: its layers are written out for python-flint. The
empirical radius is the largest power of 2 at which SAM comes back to r(x+) = 0 from all starts at that distance: in 24
random directions, and both ways along the eight in which r(x+) changes most.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

import hallucert as hc

RHO, STEP, BITS = 8, "0.01", 2000


def network() -> hc.TanhNetwork:
    """The network and its data."""
    rng = np.random.default_rng(0)
    return hc.TanhNetwork((2, 8, 1), rng.normal(size=(8, 2)), rng.choice([-1.0, 1.0], size=8))


def simulated(
    f: hc.TanhNetwork, start: tuple[Fraction, ...], step: Fraction, momentum: Fraction | None, ends: list[int]
) -> Iterator[list[Fraction]]:
    """Yield where the run is after so many steps: points in `BITS` bits, rounded at every step.

    With momentum heavy ball, and states: beside positions velocities times the step.
    """
    from flint import arb, arb_mat, ctx, fmpq

    ctx.prec = BITS
    n, hidden = f.inputs.shape[0], f.layer_sizes[1]
    inputs = arb_mat([[arb(v) for v in row] for row in f.inputs.tolist()])
    across, targets = inputs.transpose(), [arb(v) for v in f.targets.reshape(-1).tolist()]
    first, second = hidden * 2, hidden * 3

    def gradient(x: list[arb]) -> list[arb]:
        sums = (inputs * arb_mat(2, hidden, [x[2 * j + k] for k in range(2) for j in range(hidden)])).tolist()
        bends = [[(s + b).tanh() for s, b in zip(row, x[first:second], strict=True)] for row in sums]
        weights = x[second : second + hidden]
        errors = [
            (sum(a * w for a, w in zip(row, weights, strict=True)) + x[-1] - y) / n
            for row, y in zip(bends, targets, strict=True)
        ]
        rows = zip(errors, bends, strict=True)
        back = [[e * w * (1 - a * a) for a, w in zip(row, weights, strict=True)] for e, row in rows]
        inner = (across * arb_mat(back)).tolist()
        biases = [sum(column) for column in zip(*back, strict=True)]
        outer = [sum(e * a for e, a in zip(errors, column, strict=True)) for column in zip(*bends, strict=True)]
        return [inner[k][j] for j in range(hidden) for k in range(2)] + biases + outer + [sum(errors)]

    x = [arb(fmpq(v.numerator, v.denominator)).mid() for v in start]
    eta, b = (arb(fmpq(v.numerator, v.denominator)) for v in (step, momentum or Fraction(0)))
    moves = [arb(0)] * len(x)
    for k in range(ends[-1] + 1):
        if k in ends:
            yield [_fraction(v) for v in (x if momentum is None else [*x, *moves])]
        g = gradient(x)
        factor = RHO / sum(v * v for v in g).sqrt()
        plus = [v + factor * s for v, s in zip(x, g, strict=True)]
        moves = [(b * move + eta * s).mid() for move, s in zip(moves, gradient(plus), strict=True)]
        x = [(v - move).mid() for v, move in zip(x, moves, strict=True)]


def _fraction(x: object) -> Fraction:
    mantissa, exponent = x.man_exp()  # type: ignore[attr-defined]
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def simulate(cert: hc.Certificate) -> None:
    """Compare the cubes of a certificate with the simulation."""
    inputs, begun = cert["converges"].inputs, time.process_time()
    ends = [int(end) for end in inputs["ends"]]
    runs = simulated(network(), inputs["start"], inputs["step"], inputs.get("momentum"), ends)
    for end, x, centre, radius in zip(ends, runs, inputs["centres"], inputs["radii"], strict=True):
        off = max(abs(a - b) for a, b in zip(x, centre, strict=True))
        print(f"{end:7d} steps: {float(off / radius):.3f} of the radius 2^{np.log2(float(radius)):.0f} from the centre")
        if off > radius:
            raise SystemExit("the simulation is not in the cube")
    print(f"simulated in {BITS} bits in {time.process_time() - begun:.0f} s")


def run(step: str, names: list[str]) -> None:
    """Prove from some starts, check, and simulate."""
    f, (step, *momentum) = network(), step.split(",")
    asked = {"momentum": momentum[0]} if momentum else {}
    for name in names:
        seed, number = map(int, name.rpartition(":")[::2]) if ":" in name else (0, int(name))
        start, begun = f.initial(seed, count=512, gain=2.0)[number], time.process_time()
        cert = hc.certify(f, None, RHO, basin=step, start=start, budget=3600, **asked)
        claim = cert["converges"]
        print(f"start {seed}:{number}: {claim.status} in {time.process_time() - begun:.0f} s of processor time")
        if claim.status is not hc.Status.PROVED:
            continue
        print(f"{int(claim.inputs['ends'][-1])} steps in {claim.inputs['bits']} bits")
        path = f"run-{seed}-{number}.json"
        cert.save(path)
        begun, wall = _processor(), time.monotonic()
        verdict = hc.verify(path, budget=3600)
        spent = f"{_processor() - begun:.0f} s of processor time, {time.monotonic() - wall:.0f} s"
        print(f"checked by {verdict.backend}: {bool(verdict)}, in {spent}")
        simulate(cert)


def _processor() -> float:
    """Processor time of this process, and of those it has waited for."""
    times = os.times()
    return times.user + times.children_user


def radii(count: int) -> None:
    """Print proved radii over empirical ones, of points where runs in floats end."""
    f, ratios = network(), list[float]()
    ends = hc.sam.run_ensemble(f, f.initial(0, count=512, gain=2.0), RHO, STEP, 100_000, tolerance=1e-9)
    for x in ends.x[ends.shifted_gradient_norm < 1e-8][:count]:
        cert = hc.certify(f, x, RHO, basin=STEP)
        if cert["basin"].status is not hc.Status.PROVED:
            print("no basin is proved")
            ratios.append(0.0)
            continue
        proved, seen = float(cert["basin"].numbers["radius"].lower), empirical(f, cert.x)
        ratios.append(proved / seen)
        print(f"proved {proved:.2e}, empirical {seen:.2e}: {proved / seen:.2e}")
    print(f"median {np.median(ratios):.2e}, at least 1e-3 {np.sum(np.array(ratios) >= 1e-3)} of {len(ratios)}")


def empirical(f: hc.TanhNetwork, x: np.ndarray) -> float:
    """The largest power of 2 at which all runs return."""
    change = f.residual_jacobian(hc.sam.perturbed_point(f, x, RHO)) @ hc.sam.perturbation_jacobian(f, x, RHO)
    steepest = np.linalg.svd(change)[2][: f.residual_count]
    random = np.random.default_rng(1).normal(size=(24, f.dimension))
    lines = np.concatenate([steepest, -steepest, random / np.linalg.norm(random, axis=1)[:, None]])
    for k in range(2, 40):
        found = hc.sam.run_ensemble(f, x + 2.0**-k * lines, RHO, STEP, 100_000, tolerance=1e-9)
        if (found.shifted_gradient_norm < 1e-5).all() and (np.linalg.norm(found.x - x, axis=1) < 0.5).all():
            return 2.0**-k
    return 2.0**-40


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "run":
        run(rest[0], rest[1:])
    elif what == "simulate":
        simulate(hc.load(rest[0]))
    else:
        radii(int(rest[0]))
