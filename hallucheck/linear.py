"""Matrices of intervals. Floats propose inverses and eigenvectors here; what is proved holds whatever they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import hypot

from hallucheck.functions import size
from hallucheck.interval import ONE, ZERO, Interval, Undefined, check_time, cut, dot, exact, hull, least, total

Vector = list[Interval]
Matrix = list[list[Interval]]
Floats = list[list[float]]


def identity(n: int) -> Matrix:
    """The unit matrix."""
    return [[ONE if i == j else ZERO for j in range(n)] for i in range(n)]


def transpose(a: Sequence[Sequence[Interval]]) -> Matrix:
    """Rows become columns."""
    return [list(column) for column in zip(*a, strict=True)]


def matmul(a: Sequence[Sequence[Interval]], b: Sequence[Sequence[Interval]]) -> Matrix:
    """The product of matrices."""
    check_time()
    columns = transpose(b)
    return [[dot(row, column) for column in columns] for row in a]


def apply(a: Sequence[Sequence[Interval]], v: Sequence[Interval]) -> Vector:
    """A matrix times a vector."""
    return [dot(row, v) for row in a]


def add(a: Matrix, b: Matrix) -> Matrix:
    """The sum of matrices."""
    return [[x + y for x, y in zip(p, q, strict=True)] for p, q in zip(a, b, strict=True)]


def subtract(a: Matrix, b: Matrix) -> Matrix:
    """The difference of matrices."""
    return [[x - y for x, y in zip(p, q, strict=True)] for p, q in zip(a, b, strict=True)]


def scaled(c: Interval, a: Matrix) -> Matrix:
    """A multiple of a matrix."""
    return [[c * x for x in row] for row in a]


def symmetric_part(a: Matrix) -> Matrix:
    """`(A + A^T)/2`, with equal entries on both sides of the diagonal."""
    half = exact(Fraction(1, 2))
    result = [[half * (a[i][j] + a[j][i]) for j in range(i + 1)] for i in range(len(a))]
    return [[result[max(i, j)][min(i, j)] for j in range(len(a))] for i in range(len(a))]


def norm(v: Sequence[Interval]) -> Interval:
    """The Euclidean norm of a vector; its lower end is 0 if it may vanish."""
    square = total(x.power(2) for x in v)
    if square.positive():
        return square.sqrt()
    return hull([ZERO, square.upper().sqrt()]) if square[1] > 0 else ZERO


def largest_size(parts: Sequence[Interval]) -> Interval:
    """A bound of the absolute values."""
    return hull([ZERO, *map(abs, parts)]).upper()


def middles(a: Matrix) -> Matrix:
    """Numbers near the middles, with no width."""
    return [[cut(*x.middle()).middle() for x in row] for row in a]


def width(x: Interval) -> Interval:
    """The width of an interval."""
    return (x.upper() - x.lower()).upper()


def middle_of(box: Vector) -> tuple[Vector, Vector]:
    """A point of a box, in its middle, and the steps from it to all of the box."""
    near = [cut(*x.middle()).middle() for x in box]
    middle = [m if m.inside(x) else x.lower() for m, x in zip(near, box, strict=True)]  # ends may have more bits
    return middle, [x - m for x, m in zip(box, middle, strict=True)]


def is_positive_definite(a: Matrix) -> bool:
    """Is every symmetric matrix in this one positive definite? By elimination."""
    return cholesky(a) is not None


def cholesky(a: Matrix) -> Matrix | None:
    """Lower triangular `L` with `A = L L^T` for every symmetric matrix, or nothing if a pivot may not be positive."""
    factor: Matrix = []
    for i, row in enumerate(a):
        entries: Vector = []
        for j in range(i):
            entries.append((row[j] - dot(entries[:j], factor[j][:j])) / factor[j][j])
        pivot = row[i] - total(x.power(2) for x in entries)
        if not pivot.positive():
            return None
        factor.append([*entries, pivot.sqrt(), *[ZERO] * (len(a) - i - 1)])
    return factor


def solve_lower(factor: Matrix, b: Matrix) -> Matrix:
    """`L^-1 B` for lower triangular `L`."""
    columns: Matrix = []
    for column in transpose(b):
        x: Vector = []
        for i, row in enumerate(factor):
            x.append((column[i] - dot(row[:i], x)) / row[i])
        columns.append(x)
    return transpose(columns)


def float_solve(a: Sequence[Sequence[float]], b: Sequence[Sequence[float]]) -> Floats | None:
    """Gauss in floats: `A^-1 B`, or nothing if a pivot vanishes."""
    n = len(a)
    rows = [[*p, *q] for p, q in zip(a, b, strict=True)]
    for k in range(n):
        check_time()
        best = max(range(k, n), key=lambda i: abs(rows[i][k]))
        rows[k], rows[best] = rows[best], rows[k]
        if not abs(rows[k][k]) > 0:
            return None
        rows[k] = [v / rows[k][k] for v in rows[k]]
        for i in range(n):
            if i != k and (factor := rows[i][k]):
                rows[i] = [v - factor * w for v, w in zip(rows[i], rows[k], strict=True)]
    return [row[n:] for row in rows]


def from_floats(a: Floats) -> Matrix:
    """The doubles, exactly."""
    try:
        return [[exact(Fraction(v)) for v in row] for row in a]
    except (ValueError, OverflowError):
        raise Undefined("floats overflow") from None


def approximate_inverse(a: Matrix) -> Matrix:
    """A matrix near the inverse of one with entries of moderate size: floats, then Newton's method."""
    n = len(a)
    proposal = float_solve(
        [[float(x) for x in row] for row in a], [[float(i == j) for j in range(n)] for i in range(n)]
    )
    if proposal is None:
        raise Undefined("no approximate inverse")
    inverse = from_floats(proposal)
    two = scaled(exact(2), identity(n))
    for _ in range(2):
        inverse = middles(matmul(inverse, subtract(two, matmul(a, inverse))))
    return inverse


def schur(a: Floats) -> tuple[list[list[complex]], list[list[complex]]]:
    """`(T, Q)` with `A` near `Q T Q^*` and `T` nearly upper triangular: shifted QR with Givens rotations."""
    n = len(a)
    t = [[complex(x) for x in row] for row in a]
    q = [[complex(i == j) for j in range(n)] for i in range(n)]  # the adjoint, by rows

    def rotate(i: int, k: int, x: complex, y: complex) -> None:
        """Turn rows and columns `i` and `k` so that the vector `(x, y)` gets its second entry 0."""
        length = hypot(abs(x), abs(y))
        c, s = x / length, y / length
        for rows in (t, q):
            u, v = rows[i], rows[k]
            rows[i] = [c.conjugate() * f + s.conjugate() * g for f, g in zip(u, v, strict=True)]
            rows[k] = [c * g - s * f for f, g in zip(u, v, strict=True)]
        for row in t:
            row[i], row[k] = row[i] * c + row[k] * s, row[k] * c.conjugate() - row[i] * s.conjugate()

    for j in range(n - 2):  # Hessenberg form
        check_time()
        for i in range(j + 2, n):
            if t[i][j]:
                rotate(j + 1, i, t[j + 1][j], t[i][j])
    high, steps = n - 1, 0
    while high > 0 and steps < 60 * n:
        check_time()
        small = 1e-16 * (abs(t[high][high]) + abs(t[high - 1][high - 1])) + 1e-300
        if abs(t[high][high - 1]) <= small:
            t[high][high - 1], high = 0j, high - 1
            continue
        low = high
        while low > 0 and abs(t[low][low - 1]) > 1e-16 * (abs(t[low][low]) + abs(t[low - 1][low - 1])) + 1e-300:
            low -= 1
        (e, f), (g, h) = t[high - 1][high - 1 : high + 1], t[high][high - 1 : high + 1]
        root = ((e - h) ** 2 / 4 + f * g) ** 0.5
        shift = min((e + h) / 2 + root, (e + h) / 2 - root, key=lambda v: abs(v - h))
        if steps % 11 == 10:
            shift += abs(t[high][high - 1])
        x, y = t[low][low] - shift, t[low + 1][low]
        for k in range(low, high):  # chase the bulge
            if abs(x) + abs(y) > 0:
                rotate(k, k + 1, x, y)
            if k + 2 <= high:
                x, y = t[k + 1][k], t[k + 2][k]
        steps += 1
    return t, [list(column) for column in zip(*[[v.conjugate() for v in row] for row in q], strict=True)]


def eigenvectors(a: Floats) -> tuple[Floats, list[list[int]]]:
    """Approximate eigenvectors as columns, real and imaginary parts of complex ones; which columns go together."""
    n = len(a)
    t, q = schur(a)
    scale = max(abs(v) for row in t for v in row) or 1.0
    columns: Floats = []
    blocks: list[list[int]] = []
    for k in range(n):
        mu = t[k][k]
        if mu.imag < -1e-9 * scale:
            continue  # its conjugate is there, too
        y = [0j] * n
        y[k] = 1 + 0j
        for i in range(k - 1, -1, -1):
            gap = t[i][i] - mu
            gap = gap if abs(gap) > 1e-8 * scale else 1e-8 * scale + 0j
            y[i] = -sum(t[i][j] * y[j] for j in range(i + 1, k + 1)) / gap
        v = [sum(q[i][j] * y[j] for j in range(k + 1)) for i in range(n)]
        largest = max(v, key=abs)
        v = [w / largest for w in v]
        parts = [[w.real for w in v]] if mu.imag <= 1e-9 * scale else [[w.real for w in v], [w.imag for w in v]]
        blocks.append(list(range(len(columns), len(columns) + len(parts))))
        columns += parts
    if len(columns) != n:
        raise Undefined("eigenvalues were not found")
    return [list(row) for row in zip(*columns, strict=True)], blocks


class Spectrum:
    """Discs `(real part, imaginary part, radius)` in groups: each group holds as many eigenvalues as it has discs."""

    def __init__(self, groups: list[list[tuple[Interval, Interval, Interval]]]) -> None:
        self.groups = groups

    def least(self, of: Callable[[Interval, Interval, Interval], Interval]) -> Interval:
        """The least value of a function of an eigenvalue, from its ranges on discs."""
        ranges = [[of(*disc) for disc in group] for group in self.groups]
        low = least([value for group in ranges for value in group])
        high = least([hull(group).upper() for group in ranges])
        return hull([low.lower(), high.upper()])

    def least_real_part(self) -> Interval:
        """The smallest real part of an eigenvalue."""
        return self.least(lambda re, im, r: hull([re - r, re + r]))

    def largest_real_part(self) -> Interval:
        """The largest one."""
        return -self.least(lambda re, im, r: hull([-re - r, -re + r]))

    def largest_modulus(self) -> Interval:
        """The largest modulus of an eigenvalue."""
        return -self.least(lambda re, im, r: hull([-(norm([re, im]) + r), r - norm([re, im])]))

    def step_bound(self) -> Interval:
        """`min 2 Re(mu)/|mu|**2`; all real parts have to be positive."""

        def bound(re: Interval, im: Interval, r: Interval) -> Interval:
            middle = norm([re, im])
            return exact(2) * hull([re - r, re + r]) / hull([middle - r, middle + r]).power(2)

        return self.least(bound)

    def negative(self) -> tuple[int, int]:
        """Least and largest possible number of eigenvalues with negative real part."""
        least_count = most = 0
        for group in self.groups:
            reach = hull([end for re, _, r in group for end in (re - r, re + r)])
            least_count += len(group) if reach.negative() else 0
            most += 0 if reach[0] >= 0 else len(group)
        return least_count, most


def spectrum(a: Matrix, symmetric: bool = False) -> Spectrum:
    """All eigenvalues of every matrix in this one: discs of Gershgorin for `V^-1 A V` with approximate
    eigenvectors `V`.

    A pair of conjugate eigenvalues is a block of two rows, which a unitary matrix would make diagonal; that
    matrix is not formed, but sums of sizes of entries grow at most by the factor 3/2 (a Frobenius norm times
    `sqrt 2`).
    """
    scale = max((size(x) for row in a for x in row if x[0] or x[1]), default=0)
    floats = [[float(Interval((x[0], x[1], x[2] - scale))) for x in row] for row in a]
    if symmetric:
        v, blocks = from_floats([[x.real for x in row] for row in schur(floats)[1]]), [[i] for i in range(len(a))]
    else:
        proposal, blocks = eigenvectors(floats)
        v = from_floats(proposal)
    t = similar(a, v)
    for _ in range(2):
        v = middles(matmul(v, add(identity(len(a)), correction(t, blocks))))
        t = similar(a, v)
    return discs(t, blocks)


def least_singular_value(a: Matrix) -> Interval:
    """Of a matrix with no more rows than columns: the root of the least eigenvalue of `A A^T`."""
    return spectrum(symmetric_part(matmul(a, transpose(a))), symmetric=True).least_real_part().sqrt()


def similar(a: Matrix, v: Matrix) -> Matrix:
    """`V^-1 A V`."""
    r = approximate_inverse(v)
    return corrected(r, v, matmul(r, matmul(a, v)))


def inverse(v: Matrix) -> Matrix:
    """`V^-1`."""
    r = approximate_inverse(v)
    return corrected(r, v, r)


def corrected(r: Matrix, v: Matrix, t: Matrix) -> Matrix:
    """`(R V)^-1 T`. With `E = R V - I` it differs from `T` in each column by at most `e/(1 - e)` of its
    largest entry, where `e < 1` bounds the sums of the rows of `|E|`.
    """
    error = subtract(matmul(r, v), identity(len(v)))
    e = largest_size([total(map(abs, row)) for row in error])
    if not e.below(ONE):
        raise Undefined("a matrix may be singular")
    share = e / (ONE - e)
    widths = [(share * largest_size(column)).upper() for column in transpose(t)]
    return [[x + hull([-w, w]) for x, w in zip(row, widths, strict=True)] for row in t]


def correction(t: Matrix, blocks: list[list[int]]) -> Matrix:
    """A small `E` with `T E - E T` near the part of `-T` outside of the blocks: `V (I + E)` is better than `V`."""
    e = [[0.0] * len(t) for _ in t]
    for rows in blocks:
        check_time()
        for columns in blocks:
            if rows is columns:
                continue
            places = [(i, j) for i in rows for j in columns]
            system = [[float(t[i][k]) * (j == l) - float(t[l][j]) * (i == k) for k, l in places] for i, j in places]
            entries = float_solve(system, [[-float(t[i][j])] for i, j in places])
            if entries and all(abs(x[0]) < 1e-3 for x in entries):
                for (i, j), (x,) in zip(places, entries, strict=True):
                    e[i][j] = x
    return from_floats(e)


def discs(t: Matrix, blocks: list[list[int]]) -> Spectrum:
    """The discs of a nearly block diagonal matrix, those that meet in one group."""
    found: list[tuple[Interval, Interval, Interval]] = []
    factor = exact(Fraction(3, 2))
    for block in blocks:
        outside = [abs(t[i][j]) for i in block for j in range(len(t)) if j not in block]
        i = block[0]
        if len(block) == 1:
            found.append((t[i][i], ZERO, (factor * total(outside)).upper()))
            continue
        k = block[1]
        half = exact(Fraction(1, 2))
        re, im = (half * (t[i][i] + t[k][k])).middle(), (half * (t[i][k] - t[k][i])).middle()
        inside = [abs(t[i][i] - re), abs(t[k][k] - re), abs(t[i][k] - im), abs(t[k][i] + im)]
        radius = (factor * total([*outside, *inside])).upper()
        found += [(re, im, radius), (re, -im, radius)]
    groups: list[list[tuple[Interval, Interval, Interval]]] = []
    for disc in found:
        joined = [disc]
        for group in [g for g in groups if any(not apart(disc, other) for other in g)]:
            joined += group
            groups.remove(group)
        groups.append(joined)
    return Spectrum(groups)


def apart(p: tuple[Interval, Interval, Interval], q: tuple[Interval, Interval, Interval]) -> bool:
    """Do two discs certainly not meet?"""
    return (p[2] + q[2]).below(norm([p[0] - q[0], p[1] - q[1]]))
