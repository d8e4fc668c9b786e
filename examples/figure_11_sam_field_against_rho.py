r"""
Figure 11: the field of SAM as rho grows
========================================

Proves for four radii that a hallucinated minimizer on the axis of symmetry attracts SAM, with a bound for the step;
uses `certify`, `sam.run` and `plot.radii`; assumes nothing. That the maximizer attracts SAM for smaller radii is seen
in floats.

The paper's Figure 11 shows the field :math:`-g(x^+)` that SAM follows for growing :math:`\rho`, beside the SAM loss of
its Figure 10. For small :math:`\rho` critical points of the function attract; for large ones the minimizers on the
right do, and the paper says that the conditions of its Theorem 3.2 are satisfied there.

With our analytic function of that shape the fields look alike. That the points attract is proved; that the condition of
Theorem 3.2 holds is refuted. The landscapes without the field are in
:doc:`Figure 10 </gallery/figure_10_sam_loss_against_rho>`.
"""

import matplotlib.pyplot as plt
import numpy as np

import hallucert as hc

known = hc.gallery.info("figure_one")
f, box = known.objective(), known.box
vertex, maximizer = known.minimizers[0].x, known.maximizers[0].x
radii = ("0.5", "1", "1.5", "2", "2.5")
large = ("1.5", "2", "2.5", "4")
step_size = "0.05"

# %%
# Attraction, proved
# ------------------
#
# The point on the axis at distance :math:`\rho` from the vertex of the curve of minimizers. It attracts SAM across the
# curve on which it lies: every eigenvalue of the tangent kernel has positive real part. The condition of Theorem 3.2
# asks for :math:`w^T J w > 0` in every direction :math:`w`, also along the curve, where SAM need not move; it fails. On
# the row space of :math:`Dr(x^+)` it holds.

certificates = {rho: hc.certify(f, (vertex[0] + float(rho), 0), rho) for rho in large}
for rho, cert in certificates.items():
    print(f"rho = {rho}")
    for name in ("hallucinated_minimizer", "attractor", "theorem_3_2", "projected_c32"):
        print("  ", cert[name])
    assert cert["hallucinated_minimizer"].status == "proved"
    assert cert["attractor"].status == "proved"
    assert cert["theorem_3_2"].status == "refuted"
    assert cert["projected_c32"].status == "proved"

# %%
# The maximizer attracts as long as rho is small
# ----------------------------------------------
#
# A run that starts 0.01 from the maximizer. For :math:`\rho = 0.5` and 1 it stays there: each ascent step leads over
# the maximizer to the slope on the other side, and the way down that slope leads :math:`x` back to the maximizer. From
# 1.5 on the ascent step leads beyond the minimizers, where the way down has turned around, and SAM leaves the maximizer
# for the hallucinated minimizers on its right. These grow out of the maximizer just where it ceases to attract, at the
# radius 1.27 of :doc:`Figure 10 </gallery/figure_10_sam_loss_against_rho>`. All of this is floats.

for rho in radii:
    run = hc.sam.run(f, maximizer + np.array([0.01, 0.001]), rho, step_size, steps=5000)
    away = float(np.linalg.norm(run.x - maximizer))
    print(f"rho = {rho:>3}: {away:.3f} from the maximizer after {run.steps} steps, {run.status.label}")
    assert (away < 0.1) == (float(rho) < 1.27)

# %%
# The same for the minimizers. SAM does not converge to them, for any radius: close by it bounces across the curve.

for rho in ("0.1", "0.5", "1"):
    run = hc.sam.run(f, vertex + np.array([0.01, 0.3]), rho, step_size, steps=5000)
    print(f"rho = {rho:>3}: f = {run.value:.1e}, |g(x+)| = {run.shifted_gradient_norm:.2f}, {run.status.label}")

# %%
# The figure
# ----------
#
# The SAM loss with the direction of the field, and the certified points with their ascent steps.

points = {number: [certificates[rho]] for number, rho in enumerate(radii) if rho in certificates}
axes = hc.plot.radii(f, box, radii, points=points)
axes[0].figure.set_size_inches(10.8, 7.8)
plt.show()
