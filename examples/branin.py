r"""
Branin's function: radii of its three minimizers
================================================

Proves, for each of the three global minimizers, a radius below which no hallucinated point has it as target, brackets
the smallest radius that has one, and proves a hallucinated minimizer just above it; uses `safe_radius`,
`critical_rho`, `find.on_sphere` and `certify`; assumes nothing. The radii take a second or two for all three together.

.. math::

   f = \Bigl(y - \frac{5.1}{4\pi^2} x^2 + \frac{5}{\pi} x - 6\Bigr)^2 + 10 \Bigl(1 - \frac{1}{8\pi}\Bigr) \cos x + 10.
"""

import time

import matplotlib.pyplot as plt

import hallucert as hc

f = hc.Objective.parse("(y - 5.1/(4*pi**2)*x**2 + 5*x/pi - 6)**2 + 10*(1 - 1/(8*pi))*cos(x) + 10")
box = [(-5, 10), (0, 15)]
minimizers = [point.x for point in hc.find.critical_points(f, box) if point.kind == "minimizer"]
minimizers.sort(key=lambda x: x[0])
assert len(minimizers) == 3

# %%
# Below the *safe radius* :math:`f` is convex on the ball around the minimizer, so no point with this target exists. The
# *critical radius* is the smallest one that has a point; between the two there is none either, which is shown by
# searching all of the shells between.
brackets = []
for minimizer in minimizers:
    began = time.perf_counter()
    safe, critical = hc.safe_radius(f, minimizer), hc.critical_rho(f, minimizer)
    brackets.append(critical)
    print(
        f"({minimizer[0]:.4f}, {minimizer[1]:.4f}): convex up to {float(safe.lower):.5f}, critical rho in "
        f"[{float(critical.lower):.5f}, {float(critical.upper):.5f}], {time.perf_counter() - began:.1f} s"
    )
    assert safe.lower < critical.lower < critical.upper < 1.001 * critical.lower

# %%
# Just above, at 1.01 times the upper end, points of each target are there: what they are is proved, one by one.
above = []
for minimizer, critical in zip(minimizers, brackets, strict=True):
    rho = f"{1.01 * float(critical.upper):.3f}"
    proofs = [hc.certify(candidate) for candidate in hc.find.on_sphere(f, minimizer, rho)]
    proofs = [proof for proof in proofs if proof["hallucinated_minimizer"].status == "proved"]
    assert proofs
    above += proofs
    for proof in proofs:
        kind = {"proved": "attracts SAM", "refuted": "repels SAM"}.get(proof["attractor"].status, "undecided")
        print(f"rho = {rho}: hallucinated minimizer at ({proof.x[0]:.4f}, {proof.x[1]:.4f}), {kind}")

# %%
# Farthest points, those of Theorem 2.1, do not exist here: the construction starts at a local maximizer, and
# :math:`\partial^2 f/\partial y^2 = 2` everywhere, so :math:`f` has none. Its hallucinated minimizers come from the
# other minimizers and from saddles instead (Proposition 4.5).
assert all(point.kind != "maximizer" for point in hc.find.critical_points(f, [(-15, 20), (-15, 30)]))

_, ax = plt.subplots(figsize=(6.4, 6.6), layout="compressed")
hc.plot.landscape(f, box, ax=ax, points=above, title="Hallucinated minimizers just above the critical radii")
