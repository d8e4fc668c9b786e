"""How long a proof takes, and its checking: the 18 hallucinated points of the Himmelblau reference.

Run with ``python benchmarks/certify.py``. Compared in one run: `hallucert.certify` (all claims), `hallucert.verify` in
either arithmetic, and what one would write without this library: a Krawczyk test for ``g(x + rho g/|g|) = 0`` in
mpmath's interval context, which shows existence only (and whose elementary functions are not rigorous as shipped).
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mpmath
import numpy as np

import hallucert as hc

REFERENCE = Path(__file__).parents[1] / "tests" / "reference" / "himmelblau.json"


def points() -> list[tuple[np.ndarray, int]]:
    """Return the reference's hallucinated points and radii."""
    data = json.loads(REFERENCE.read_text())
    return [
        (np.array([float(v) for v in point["x"]]), entry["rho"])
        for entry in data["hallucinated"]
        for point in entry["points"]
    ]


def krawczyk_by_hand(x: np.ndarray, rho: int, radius: float = 1e-6) -> bool:
    """Existence near `x` by Krawczyk's test, with hand-written derivatives of Himmelblau's function."""
    iv = mpmath.iv
    iv.prec = 106

    def gradient(p: Any) -> list[Any]:
        a, b = p[0] ** 2 + p[1] - 11, p[0] + p[1] ** 2 - 7
        return [4 * p[0] * a + 2 * b, 2 * a + 4 * p[1] * b]

    def hessian(p: Any) -> list[list[Any]]:
        cross = 4 * (p[0] + p[1])
        return [[12 * p[0] ** 2 + 4 * p[1] - 42, cross], [cross, 12 * p[1] ** 2 + 4 * p[0] - 26]]

    def system(p: Any) -> tuple[list[Any], list[list[Any]]]:
        g, h = gradient(p), hessian(p)
        q = iv.sqrt(g[0] ** 2 + g[1] ** 2)
        u = [g[0] / q, g[1] / q]
        row = [u[0] * h[0][j] + u[1] * h[1][j] for j in range(2)]
        jacobian = [[(i == j) + rho * (h[i][j] - u[i] * row[j]) / q for j in range(2)] for i in range(2)]
        plus = [p[0] + rho * u[0], p[1] + rho * u[1]]
        top = hessian(plus)
        return gradient(plus), [[sum(top[i][k] * jacobian[k][j] for k in range(2)) for j in range(2)] for i in range(2)]

    centre = [iv.mpf(float(v)) for v in x]
    value, at_centre = system(centre)
    inverse = np.linalg.inv([[float(mpmath.mpf(e.mid)) for e in row] for row in at_centre])
    box = [c + iv.mpf([-radius, radius]) for c in centre]
    _, matrix = system(box)
    for i in range(2):
        step = sum(inverse[i, k] * value[k] for k in range(2))
        rest = sum(
            ((i == j) - sum(inverse[i, k] * matrix[k][j] for k in range(2))) * iv.mpf([-radius, radius])
            for j in range(2)
        )
        image = rest - step
        if not (image.a > -radius and image.b < radius):
            return False
    return True


def median_ms(task: Callable[[Any], object], items: list[Any]) -> float:
    """Median time over the items after one warm-up, in milliseconds."""
    task(items[0])
    times = []
    for item in items:
        start = time.perf_counter()
        task(item)
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def main() -> None:
    """Measure and print one table."""
    f = hc.gallery.load("himmelblau")
    items = points()
    certificates = [hc.certify(f, x, rho) for x, rho in items]
    rows = [
        ("certify, arb, 8 claims", median_ms(lambda p: hc.certify(f, *p), items)),
        ("certify, mpmath, 8 claims", median_ms(lambda p: hc.certify(f, *p, backend="mpmath"), items)),
        ("verify, mpmath, 8 claims", median_ms(lambda c: hc.verify(c, "mpmath"), certificates)),
        ("verify, arb, 8 claims", median_ms(lambda c: hc.verify(c, "arb"), certificates)),
        ("mpmath.iv by hand, existence only", median_ms(lambda p: krawczyk_by_hand(*p), items)),
    ]
    base = rows[0][1]
    print(f"{len(items)} points, median per point; proved by hand: {sum(krawczyk_by_hand(*p) for p in items)}")
    for name, value in rows:
        print(f"{name:36s} {value:8.2f} ms   {value / base:6.2f} x certify")


if __name__ == "__main__":
    main()
