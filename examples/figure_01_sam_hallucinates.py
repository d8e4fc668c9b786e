r"""
Figure 1: SAM runs into a hallucinated minimizer
================================================

Proves that the point where SAM stops is a hallucinated minimizer, that it lies on a curve of such points, and that a
piece of this curve attracts SAM; uses `sam.run`, `find.refine`, `find.sheet`, `certify` and `plot.landscape`; assumes
nothing, except that the counts of runs are floats.

The paper's Figure 1 shows a function of two variables whose minimizers form a curve on the left, what SAM makes of it,
and the field that SAM follows: on the right, beyond a maximizer of the function, the SAM loss has a curve of minimizers
where the function itself has none, and SAM goes there. The paper's function is once differentiable, joined from pieces.
Ours is an analytic one of the same shape, because the theorems and the proofs need more derivatives:

.. math::

   f = r^2/2, \qquad r(x, y) = \tanh x + 1 - \tanh^2 x - y^2/4.

Its minimizers are the open curve :math:`r = 0`, and its only other critical point is an isolated local maximizer. The
SAM loss is :math:`f^{\mathrm{SAM}}(x) = f(x^+)` with :math:`x^+ = x + \rho\, g(x)/|g(x)|`.
"""

from collections import Counter

import matplotlib.pyplot as plt
import numpy as np

import hallucert as hc

known = hc.gallery.info("figure_one")
f, box, rho, step_size = known.objective(), known.box, "2", "0.05"
print(known)

# %%
# SAM stops where the loss does not
# ---------------------------------
#
# One run. The loss at the end is far above its minimum 0 and its gradient does not vanish, while the SAM loss and the
# shifted gradient do. All this is floats: a run that has stopped, and no reason to believe anything yet.

run = hc.sam.run(f, (1.2, -1.6), rho, step_size, steps=20_000)
print(run)
assert run.value > 0.6 and run.gradient_norm > 0.2
assert run.sam_value < 1e-18 and run.shifted_gradient_norm < 1e-9

# %%
# What is proved of the end point
# -------------------------------
#
# Now in ball arithmetic: the exact point exists, it is a hallucinated minimizer, and SAM is attracted.

cert = hc.certify(hc.find.refine(f, run.x, rho))
print(cert)
assert cert["hallucinated_minimizer"].status == "proved"
assert cert["attractor"].status == "proved"
assert hc.verify(cert, backend="mpmath")

# %%
# Here we differ from the paper, which says of its function that "the conditions of Theorem 3.2 are indeed satisfied".
# For ours the condition of Theorem 3.2 fails at this point, provably. What attracts SAM is its projection to the
# direction in which the residual changes, ``projected_c32``; along the curve nothing needs to contract.

assert cert["theorem_3_2"].status == "refuted"
assert cert["projected_c32"].status == "proved"

# %%
# A curve of them
# ---------------
#
# The paper's curve of SAM minimizers is there, too: Theorem 3.1. We follow it for this one radius as far as
# :math:`x \geq 0.9` and prove that the whole piece consists of hallucinated minimizers, and attracts.

curve = hc.find.sheet(f, run.x, rho, box=[(0.9, 3), (-3, 3)])
certified = hc.certify(curve)
for claim in certified:
    print(claim)
assert [str(claim.status) for claim in certified["curve"]] == ["proved"]
assert [str(claim.status) for claim in certified["attractor"]] == ["proved"]

# %%
# How many runs end there
# -----------------------
#
# Of 400 starts on a grid, none reaches a minimizer of the loss. Most converge to the curve; the others move along the
# axis far to the right, where the loss is flat, and have not stopped after 20,000 steps. These are floats.

axis = np.linspace(-3, 3, 20)
starts = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
ends = hc.sam.run_ensemble(f, starts, rho, step_size, steps=20_000)
kinds = Counter(str(hc.diagnose(f, x, rho, step_size).kind) for x in ends.x)
print(dict(kinds))
on_piece = ends.converged & (ends.x[:, 0] >= 0.9)
print(f"converged to the certified piece: {on_piece.sum()}; smallest f at any end point: {ends.value.min():.2f}")
print(
    f"still moving: from x = {ends.x[~ends.converged, 0].min():.2f} on, f near {ends.value[~ends.converged].max():.3f}"
)
assert kinds["hallucinated minimizer"] > 300
assert ends.value.min() > 0.4

# %%
# The figure
# ----------
#
# Left the loss with the run, right the SAM loss with the field :math:`-g(x^+)`. The band on the right is the certified
# piece of the curve, and the star is the target: one ascent step from the end point lands on a minimizer of the loss.
# The loss has a slope where the run ends, and the SAM loss has a valley there.

figure, (left, right) = plt.subplots(1, 2, figsize=(11.2, 6.4), layout="compressed")
hc.plot.landscape(f, box, ax=left, trajectory=run, title="(a) the loss $f$, and a run of SAM")
left.plot(*known.maximizers[0].x, "^", color="white", mec="black", ms=9, label="maximizer of $f$")
left.plot(*run.x, "o", color="#e69f00", mec="black", ms=9, zorder=6, label="where SAM stops")
left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.11), ncols=2, frameon=False, fontsize=9.5)
hc.plot.landscape(
    f,
    box,
    rho,
    ax=right,
    points=[cert],
    trajectory=run,
    title=r"(b) the SAM loss $f^{\mathrm{SAM}}$ for $\rho = 2$, and SAM's field",
)
right.plot(*certified.curves[0].T, color="#d55e00", lw=5, alpha=0.85, zorder=5, label="proved: hallucinated minimizers")
right.legend(loc="upper center", bbox_to_anchor=(0.5, -0.11), ncols=2, frameon=False, fontsize=9.5)
plt.show()
