r"""
Figure 10: the SAM loss as rho grows
====================================

Proves for five radii that a hallucinated minimizer lies on the axis of symmetry, farther out for every larger radius,
and that every SAM run that converges has stopped at a hallucinated minimizer; uses `sam.run_ensemble`, `certify` and
`plot.radii`; assumes nothing. That there are none for smaller radii is a search in floats.

The paper's Figure 10 shows for its function of two variables how the SAM loss changes with :math:`\rho`. For small
:math:`\rho` its minimizers are at critical points of the function; for large ones there is a curve of minimizers on
the right, which starts near the maximizer and drifts outward. The paper sees in this its Theorem 2.1, by which
hallucinated minimizers appear when :math:`\rho` is large enough.

We do the same with an analytic function of that shape (:doc:`Figure 1 </gallery/figure_01_sam_hallucinates>`), say from
which radius on, and prove the points in the pictures. The field is in
:doc:`Figure 11 </gallery/figure_11_sam_field_against_rho>`.
"""

import matplotlib.pyplot as plt
import numpy as np

import hallucert as hc

known = hc.gallery.info("figure_one")
f, box = known.objective(), known.box
vertex, maximizer = known.minimizers[0].x, known.maximizers[0].x
radii = ("0.5", "1", "1.25", "1.3", "1.5", "2", "2.5", "4")

# %%
# A threshold
# -----------
#
# The vertex of the curve of minimizers lies left of the maximizer. Just right of the maximizer the ascent step leads
# back over it, and the SAM loss is nearly :math:`f` at a distance :math:`\rho` left of the maximizer. That falls to 0
# when :math:`\rho` reaches the distance of the vertex, and a larger :math:`\rho` leaves room for a point beyond the
# maximizer that is mapped to the vertex.

distance = float(np.linalg.norm(maximizer - vertex))
print(f"from the vertex to the maximizer: {distance:.4f}")
for rho in radii:
    print(f"rho = {rho:>4}: SAM loss just right of the maximizer {f.value(maximizer - (float(rho), 0)):.4f}")
assert 1.25 < distance < 1.3

# %%
# The point :math:`\rho` to the right of the vertex
# -------------------------------------------------
#
# On the axis :math:`y = 0` the loss falls beyond the maximizer, so the gradient there points left. The point at
# distance :math:`\rho` from the vertex is therefore mapped to it, once it is beyond the maximizer. The enclosures move
# to the right.

reached = -np.inf
for rho in radii:
    if float(rho) < distance:
        continue
    cert = hc.certify(f, (vertex[0] + float(rho), 0), rho)
    low, high = cert.enclosure[0]
    gradient = cert["nonstationary"].numbers["gradient_norm"]
    print(f"rho = {rho:>4}: x* = {cert.x[0]:.6f}, enclosed to {high - low:.0e}, |g(x*)| = {gradient}:", end=" ")
    print("hallucinated minimizer", cert["hallucinated_minimizer"].status)
    assert cert["hallucinated_minimizer"].status == "proved"
    assert low > max(reached, maximizer[0])
    reached = high

# %%
# Where SAM goes
# --------------
#
# 36 starts for each radius. Below the threshold no run converges. Above it many do, and every point where one has
# stopped is proved to be a hallucinated minimizer that attracts. The runs that do not converge move about the curve of
# minimizers, about the maximizer, or on the flat right side.

axis = np.linspace(-3, 3, 6)
starts = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
proved = {}
for rho in radii:
    ends = hc.sam.run_ensemble(f, starts, rho, step_size="0.05", steps=10_000)
    certificates = [hc.certify(f, x, rho) for x in ends.x[ends.converged]]
    for cert in certificates:
        assert cert["hallucinated_minimizer"].status == "proved"
        assert cert["attractor"].status == "proved"
    proved[rho] = len(certificates)
    what = ", each to a proved hallucinated minimizer" if certificates else ""
    print(f"rho = {rho:>4}: {len(certificates):2} of {len(starts)} runs converge{what}")
assert all((proved[rho] > 0) == (float(rho) > distance) for rho in radii)

# %%
# The figure
# ----------
#
# The first panel is the loss. From :math:`\rho = 1` on the SAM loss is small on the right of the maximizer, as in the
# paper; from 1.3 on it is 0 there, on a curve that grows out of the maximizer. Where the SAM loss jumps, at the
# minimizers of the loss, the gradient turns around. Colours are quantiles of each panel.

axes = hc.plot.radii(f, box, radii, field="none")
axes[0].figure.set_size_inches(10.4, 11.2)
plt.show()
