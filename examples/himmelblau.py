"""Himmelblau's function: a hallucinated minimizer that repels SAM, one that SAM runs into, and a saddle in disguise.

Run it with ``python examples/himmelblau.py``.
"""

import hallucert as hc

f = hc.gallery.load("himmelblau")
minimizer = (3, 2)

# The paper's construction: climb to the maximizer, take the superlevel set around it, go to its point farthest from
# the minimizer. The gradient there points straight at the minimizer, so one ascent step of length rho lands on it.
farthest = hc.find.farthest_point(f, maximizer=(-0.27, -0.92), target=minimizer)
repelling = hc.certify(farthest)
print(repelling)

# It exists, and f^SAM has a minimizer there. But the farthest point is a maximum of f on the sphere around its target,
# so Theorem 3.2 cannot hold (Proposition 4.3), and here SAM is even proved to be repelled.
assert repelling["hallucinated_minimizer"].status == "proved"
assert repelling["theorem_3_2"].status == "refuted"
assert repelling["attractor"].status == "refuted"

# Minima of f on a sphere around the same target attract. SAM finds one by itself.
run = hc.sam.run(f, start=(-5.0, 4.5), rho="3.5", step_size="0.0005", steps=20_000)
print(run)
attracting = hc.certify(hc.find.refine(f, run.x, rho="3.5"))
print(attracting)
assert attracting["hallucinated_minimizer"].status == "proved"
assert attracting["attractor"].status == "proved"

# SAM has stopped at a point where f is about 64 although four global minimizers with f = 0 are near.
print(f"SAM stopped at {run.x.round(6)}: f = {f.value(run.x):.4f}, while f(x+) = {run.sam_value:.1e}")

# Not every point where SAM stops is a hallucinated minimizer: from here it stops at one whose target is a saddle of f.
run = hc.sam.run(f, start=(-1.5, 0.0), rho="3.5", step_size="0.002", steps=20_000)
disguised = hc.certify(hc.find.refine(f, run.x, rho="3.5"))
print(disguised["target"].statement)
assert disguised["attractor"].status == "proved"
assert disguised["hallucinated_minimizer"].status == "refuted"
