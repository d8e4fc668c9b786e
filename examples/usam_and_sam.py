r"""
USAM and SAM: the same points, another stability
================================================

Proves that the unnormalised ascent step has hallucinated minimizers where SAM has them but loses some as attractors,
and that it has none at all for small radii; uses ``variant="usam"`` of `certify` and `sam.run_ensemble`, `find.branch`,
`census` and `certify_usam_absence`; assumes exact arithmetic of the steps, as everywhere.
"""

from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np

import hallucert as hc
from hallucert.prove.absence.radii import certify_usam_absence

VERMILION, ORANGE, BLUE = "#d55e00", "#e69f00", "#0072b2"

# %%
# USAM steps uphill by :math:`\rho g`, without dividing by :math:`|g|`. A point is hallucinated with target :math:`c` if
# :math:`g(x) = \lambda (c - x)`: for SAM with the radius :math:`\rho = |x - c|`, for USAM with :math:`\rho =
# 1/\lambda`. So both have the same points, at different radii, and one branch shows both.
#
# The double well on the line, target 1: the points are :math:`-1 < x < 0`, with :math:`\lambda = -x (1 + x)`. Their
# radius is :math:`1 - x` for SAM, which runs through all of them once, and :math:`1/\lambda \ge 4` for USAM, which
# turns back at :math:`x = -1/2`.
f = hc.Objective.parse("(x**2 - 1)**2 / 4", name="double well")
branch = hc.find.branch(f, (-1,), (1,))
x = branch.x[:, 0]
assert np.allclose(branch.multiplier, -x * (1 + x)) and np.allclose(branch.rho, 1 - x)
proof = hc.certify(branch)
print(proof["stability"][0].statement)
assert all(claim.status == "proved" for claim in proof.all_claims)

# %%
# SAM is attracted to every one of them. USAM is attracted where :math:`J = 1 + \rho f''` is positive, which is where
# the Moreau objective :math:`f(y) + |y - c|^2/(2 \rho)` has a minimum: left of :math:`-1/2`. At :math:`\rho = 16/3`
# there is one point of each kind, :math:`-3/4` and :math:`-1/4`.
for place in ("-3/4", "-1/4"):
    cert = hc.certify(f, [Fraction(place)], "16/3", variant="usam")
    print(f"x = {place}:", cert["sphere_type"].statement, cert["attractor"].statement)
    assert cert["hallucinated_minimizer"]
    assert cert["attractor"].status == ("proved" if place == "-3/4" else "refuted")
    radius = 1 - Fraction(place)
    assert hc.certify(f, [Fraction(place)], radius)["attractor"].status == "proved"
    print(f"    and for SAM, with rho = {radius}, it attracts")

# %%
# More of them, with exact radii :math:`1/\lambda`, for the picture.
places = [Fraction(-k, 20) for k in range(1, 20) if k != 10]
usam = [hc.certify(f, [p], -1 / (p * (1 + p)), variant="usam")["attractor"].status for p in places]
assert usam == ["refuted" if p > Fraction(-1, 2) else "proved" for p in places]

# %%
# For small radii USAM hallucinates nothing. If :math:`I + \rho H` is positive definite on a convex set, :math:`x
# \mapsto x^+` is injective there, and no point of it but :math:`c` itself is mapped to :math:`c`. Here :math:`f'' \ge
# -1`, so that is every :math:`\rho < 1`; at 1.1 it is refuted, and rightly: from 1 on there are points with the
# maximizer 0 as target.
for rho in ("0.5", "0.99", "1.1"):
    claim = certify_usam_absence(f, rho, [(-3, 3)])
    print(f"rho = {rho}:", claim.status, claim.statement)
    assert claim.status == ("refuted" if rho == "1.1" else "proved")
beyond = hc.certify(f, [(1 - 1 / 1.1) ** 0.5], "1.1", variant="usam")
print(beyond["existence"].status, beyond["target"].statement)
assert beyond["existence"] and "maximizer" in beyond["target"].statement

# %%
# SAM has no such threshold: for every :math:`\rho < 1`, however small, :math:`x = \rho` has the target 0.
small = hc.certify(f, ["1/100"], "1/100")
print("SAM, rho = 1/100:", small["existence"].status, small["target"].statement)
assert small["existence"] and small["hallucinated_minimizer"].status == "refuted"

# %%
# In the plane: the 14 hallucinated points of Himmelblau's function for SAM with :math:`\rho = 3.5`, each with the
# radius of USAM that makes it one (rounded to a double, so that the point moves by about as little). Seven attract SAM,
# and of those only three attract USAM; none attracts USAM alone. A minimum of the Moreau objective is one of :math:`f`
# on the sphere, and the converse is false.
himmelblau = hc.gallery.load("himmelblau")
census = hc.census(himmelblau, [(-6, 6), (-6, 6)], "3.5")
both, sam_only, usam_only = 0, 0, 0
for point in census.points:
    q = np.linalg.norm(himmelblau.gradient(point.x))
    cert = hc.certify(himmelblau, point.x, 3.5 / q, variant="usam")
    assert cert["existence"] and np.abs(cert.x - point.x).max() < 1e-12
    sam, usam_too = point.stability == "attractor", cert["attractor"].status == "proved"
    both, sam_only, usam_only = (
        both + (sam and usam_too),
        sam_only + (sam and not usam_too),
        usam_only + (usam_too > sam),
    )
print(f"of {len(census.points)} points {both} attract both, {sam_only} SAM only, {usam_only} USAM only")
assert (len(census.points), both, sam_only, usam_only) == (14, 3, 4, 0)
assert certify_usam_absence(himmelblau, "0.014", [(-6, 6), (-6, 6)]).status == "proved"

# %%
# Runs of USAM on the line agree, and show what it does instead. It keeps the ordinary critical points, since
# :math:`x^+ = x` there: at a critical point the linearised step is :math:`I - \eta H (I + \rho H)`, so a minimizer
# attracts, and so does a *maximizer* with :math:`f'' < -1/\rho`. From :math:`\rho = 1` on USAM stops at 0, too.
starts = np.linspace(-1.3, 1.3, 131)[:, None] + 1e-3
for rho in ("0.5", "2", "16/3"):
    ends = hc.sam.run_ensemble(f, starts, rho, step_size="0.02", steps=8000, variant="usam")
    stops, counts = np.unique(ends.x[ends.converged].round(6) + 0.0, return_counts=True)
    print(f"USAM, rho = {rho:4}:", ", ".join(f"{n} to {at:g}" for at, n in zip(stops, counts, strict=True)))
    assert (0 in stops) == (rho != "0.5") and (-0.75 in stops) == (rho == "16/3")

# %%
# Left and middle, the same branch against the radius of SAM and of USAM; right, the Moreau objective of target 1, whose
# minimum and maximum are the two points.
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(13.5, 4.8), layout="constrained")
t = np.linspace(-0.985, -0.015, 400)
left.plot(1 - t, t, color=BLUE, lw=2, label="attracts SAM, proved")
left.set(xlabel=r"$\rho$ of SAM, $|x - 1|$", ylabel="x", title="SAM, target 1", xlim=(0.9, 2.1))
lam = -t * (1 + t)
middle.plot(1 / lam[t < -0.5], t[t < -0.5], color=BLUE, lw=2, label="attracts USAM")
middle.plot(1 / lam[t > -0.5], t[t > -0.5], color=VERMILION, lw=2, ls="--", label="repels USAM")
for p, status in zip(places, usam, strict=True):
    name = f"proved: {'attracts' if status == 'proved' else 'repels'}"
    if name in middle.get_legend_handles_labels()[1]:
        name = "_" + name
    marker, colour = ("o", BLUE) if status == "proved" else ("X", VERMILION)
    middle.plot(-1 / (p * (1 + p)), p, marker, color=colour, mec="black", ms=8, label=name, ls="none")
middle.axvspan(0, 0.99, color="#dddddd", label="no points of any target, proved")
middle.set(xlabel=r"$\rho$ of USAM, $1/\lambda$", ylabel="x", title="USAM, target 1", xlim=(0, 14))
y = np.linspace(-1.6, 1.9, 400)
moreau = f.value(y[:, None]) + (y - 1) ** 2 * 3 / 32
right.plot(y, f.value(y[:, None]), color="black", lw=1.6, label="$f$")
right.plot(y, moreau, color=ORANGE, lw=2, label=r"$f(y) + |y - 1|^2/(2\rho)$")
for place, colour, marker in ((-0.75, BLUE, "o"), (-0.25, VERMILION, "X")):
    height = f.value(np.array([place])) + (place - 1) ** 2 * 3 / 32
    right.plot(place, height, marker, color=colour, mec="black", ms=9, label=f"x = {place}", ls="none")
right.set(ylim=(-0.05, 1), xlabel="y", title=r"Moreau objective, $\rho$ = 16/3")
for ax in (left, middle, right):
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, frameon=False)

plt.show()
