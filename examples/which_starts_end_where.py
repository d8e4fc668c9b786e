"""
Which starts end where, proved
==============================

A run shows where one start ends. :func:`hallucert.basins` proves it of whole cells of a box of the plane at once: SAM
with a fixed step takes *every* point of such a cell to a certified attractor, into a trap, or out of the box. How
that is proved is in :doc:`/mathematics/basins`.
"""

import matplotlib.pyplot as plt
import numpy as np

import hallucert as hc

# %%
# The double well
# ---------------
# The minimizers are at (1, 0) and (-1, 0). For rho = 3/2 SAM with the step 1/10 goes to neither: whatever is coloured
# here converges to a hallucinated minimizer, (-1/2, 0) or (1/2, 0). Of the white rest *nothing is proved*: the boundary
# of both basins, and cells next to the three points where the gradient vanishes and SAM is not defined.

f = hc.gallery.load("double_well")
found = hc.basins(f, [(-2, 2), (-1, 1)], rho="3/2", step_size="0.1", depth=8)
print(found)
hc.plot.basins(found)
assert found.hallucinated > 0.5  # a theorem about more than half of the starts

# %%
# What is proved of a start, :meth:`Basins.at <hallucert.Basins.at>` says: 0 if nothing, 1 if it leaves the box, and
# the number of its attractor plus one if it has one; larger numbers, two for each, are those of traps. Runs in floats
# agree, as they must.

starts = np.random.default_rng(0).uniform([-2, -1], [2, 1], size=(300, 2))
labels = found.at(starts)
ends = hc.sam.run_ensemble(f, starts, "3/2", "0.1", 3000).x
for k, attractor in enumerate(found.attractors, 2):
    away = np.linalg.norm(ends[labels == k] - attractor.x, axis=1)
    print(f"to {attractor.x.round(6).tolist()}: {len(away)} starts, at most {away.max():.1e} away in the end")

# %%
# Attractors, and starts that leave
# ---------------------------------
# The three-hump camel has hallucinated minimizers too, and starts from which SAM comes out of the box. Cells near its
# saddles are torn: hardly one of them does one thing. Of tiny cells, drawn at random from what is not decided, nearly
# all do, and each is followed with proof; so it is known, but for one draw in a billion, what most of the rest does.

camel = hc.gallery.load("three_hump_camel")
left = hc.basins(camel, [(-2.5, 2.5), (-2, 2)], rho="1", step_size="0.05", depth=8, draws=2000)
print(left)
print(f"{float(left.decided):.2f} is decided, likely {float(left.likely(*left.single)):.2f}")
assert left.likely(*left.single) > 0.85
hc.plot.basins(left)
plt.show()

# %%
# A file of basins holds the attractors and the cells; `hallucert verify` encloses the image of each cell again, in
# another arithmetic. Finer cells decide more: `hallucert basins` on the command line goes on from a checkpoint.
