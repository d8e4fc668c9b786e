"""
How likely are hallucinated minimizers?
=======================================

The paper proves that hallucinated minimizers exist and that some attract SAM, and asks how often a run ends at one.
:func:`hallucert.prevalence` answers for random starts: it runs SAM from each of them, says what every end point is, and
gives the proportions with exact (Clopper-Pearson) intervals. Runs whose steps were used up on the way are counted
apart, so no percentage hides them.
"""

import matplotlib.pyplot as plt
import numpy as np

import hallucert as hc

# %%
# Himmelblau's function
# ---------------------
# Starts are uniform in the square of half-width 6. For small radii SAM bounces around a minimizer; the larger the
# radius, the more runs end at points where the gradient does not vanish. Most of these have a *saddle* as target and
# are no hallucinated minimizers: `target` is a claim of its own for a reason.

f = hc.Objective.parse("(x**2 + y - 11)**2 + (x + y**2 - 7)**2", name="Himmelblau's function")
square = [(-6, 6), (-6, 6)]
radii = ["0.5", "1", "1.5", "2", "2.5", "3", "3.5", "4", "5", "6"]
found = [hc.prevalence(f, square, rho, "0.002", runs=300, steps=8000) for rho in radii]
hc.plot.prevalence(found, title="Himmelblau's function, 300 starts a radius, step 0.002")

# %%
# At one radius, class by class. The text after the name is the point that ``x+`` is at.

print(found[6])

# %%
# A network
# ---------
# The same for a network with one hidden layer of eight units on eight random points, from the usual random weights.
# A run is stopped after 100,000 steps; what is still on its way then is known to be nothing else.

rng = np.random.default_rng(0)
network = hc.TanhNetwork((2, 8, 1), rng.normal(size=(8, 2)), np.sign(rng.normal(size=8)), loss="squared")
of_network = [hc.prevalence(network, None, rho, "0.01", runs=40, steps=100_000) for rho in ("1", "2", "4", "8")]
hc.plot.prevalence(of_network, title="2-8-1 network, 40 starts a radius, step 0.01")
print(of_network[-1])
plt.show()
