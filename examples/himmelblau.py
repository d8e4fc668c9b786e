r"""
Himmelblau's function: a point that repels, one that attracts, and a saddle in disguise
=======================================================================================

Proves that the paper's farthest point on Himmelblau's function repels SAM, that another hallucinated minimizer attracts
it, and that a third place where SAM stops is no hallucinated minimizer at all; uses `find.farthest_point`, `sam.run`,
`find.refine` and `certify`; assumes nothing.
"""

import matplotlib.pyplot as plt

import hallucert as hc

f = hc.gallery.load("himmelblau")

# %%
# The paper's construction: climb to the maximizer, take the superlevel set around it, go to its point farthest from the
# minimizer :math:`(3, 2)`. The gradient there points straight at the minimizer, so one ascent step of length
# :math:`\rho` lands on it.
farthest = hc.find.farthest_point(f, maximizer=(-0.27, -0.92), target=(3, 2))
repelling = hc.certify(farthest)
print(repelling)

# %%
# It exists, and :math:`f^{\mathrm{SAM}}` has a minimizer there. But the farthest point is a maximum of :math:`f` on the
# sphere around its target, so Theorem 3.2 cannot hold (Proposition 4.3), and here SAM is even proved to be repelled.
assert repelling["farthest_point"].status == repelling["hallucinated_minimizer"].status == "proved"
assert repelling["theorem_3_2"].status == repelling["attractor"].status == "refuted"

# %%
# Minima of :math:`f` on a sphere around a target attract. SAM finds one by itself, and it stops there with a loss of
# about 64, although four global minimizers with the loss 0 are near.
run = hc.sam.run(f, start=(-5.0, 4.5), rho="3.5", step_size="0.0005", steps=20_000)
print(run)
attracting = hc.certify(hc.find.refine(f, run.x, rho="3.5"))
print(attracting)
assert attracting["hallucinated_minimizer"].status == attracting["attractor"].status == "proved"
print(f"SAM stopped at {run.x.round(6)}: f = {f.value(run.x):.4f}, while f(x+) = {run.sam_value:.1e}")
assert 63 < f.value(run.x) < 65 and run.sam_value < 1e-12

# %%
# Not every point where SAM stops is a hallucinated minimizer: from another start it stops where the target is a saddle
# of :math:`f`. To SAM all is well, :math:`g(x^+) = 0`, and the point attracts; but it minimizes neither :math:`f` nor
# :math:`f^{\mathrm{SAM}}`, which is proved, too.
other = hc.sam.run(f, start=(-1.5, 0.0), rho="3.5", step_size="0.002", steps=20_000)
disguised = hc.certify(hc.find.refine(f, other.x, rho="3.5"))
print(disguised["target"].statement)
print(disguised["hallucinated_minimizer"].statement)
assert disguised["attractor"].status == "proved"
assert disguised["hallucinated_minimizer"].status == "refuted"

# %%
# Left, the construction. Middle and right, :math:`f^{\mathrm{SAM}}` with the direction of the SAM step, the two runs,
# the points and their targets on a circle of radius :math:`\rho`. In the middle the run falls into a minimizer of what
# is drawn; on the right it stops where there is none.
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(17.0, 6.4), layout="compressed")
box = [(-6, 6), (-6, 6)]
hc.plot.construction(farthest, ax=left, title=f"The farthest point, rho = {float(farthest.rho):.4f}: repels SAM")
title = "f^SAM, rho = 3.5: a hallucinated minimizer"
hc.plot.landscape(f, box, "3.5", ax=middle, points=[attracting], trajectory=run, title=title)
title = "f^SAM, rho = 3.5: the target is a saddle"
hc.plot.landscape(f, box, "3.5", ax=right, points=[disguised], trajectory=other, title=title)

plt.show()
