r"""
Himmelblau's complete diagram
=============================

Proves that every hallucinated minimizer of Himmelblau's function in :math:`[-6, 6]^2`, for every radius, lies on one
of sixteen curves, with their folds and stability, and the smallest radius of each target; uses `hallucert.diagram`,
`find.branches`, `critical_rho`, `census` and their pictures; assumes exact SAM and that box.
"""

import matplotlib.pyplot as plt

import hallucert as hc

f = hc.gallery.load("himmelblau")
minimizers = [point.x for point in hc.gallery.info("himmelblau").minimizers]
box = [(-6, 6), (-6, 6)]

# %%
# From which radius on is there a hallucinated minimizer at all? For each of the four minimizers the infimum of the
# radii is enclosed: below the bracket an exhaustive search has proved that there is none, for its upper end one is
# proved.
thresholds = [hc.critical_rho(f, minimizer) for minimizer in minimizers]
for minimizer, threshold in zip(minimizers, thresholds, strict=True):
    print(f"target {minimizer.round(3)}: {float(threshold.lower):.5f} <= critical rho <= {float(threshold.upper):.5f}")
    assert threshold.upper - threshold.lower < 0.003

# %%
# Each critical point of :math:`f` other than the target starts one branch, where the multiplier
# :math:`\lambda = |g|/\rho` is zero (Proposition 4.5), and most branches join two of them. There are nine critical
# points (the census below proves it), so eight others and four branches a target. `hallucert.diagram` follows them,
# proves each as a chain of overlapping cells with exactly one arc of solutions in every cell, folds and changes of
# stability included, and then searches the box for points outside of all cells, without a radius: there are none.
diagrams = [hc.diagram(f, minimizer, box) for minimizer in minimizers]
assert all(diagram.complete and len(diagram.chains) == 4 for diagram in diagrams)
print(diagrams[0]["completeness"][0].statement)
claims = [claim for diagram in diagrams for claim in diagram.all_claims]
assert all(claim.status == "proved" for claim in claims)
print(f"{sum(diagram.cells for diagram in diagrams)} cells, {len(claims)} claims")
folds = [fold for diagram in diagrams for fold in diagram["fold"]]
print(*(fold.statement for fold in folds), sep="\n")
assert len(folds) == 2

# %%
# On one branch, from the minimizer :math:`(-2.81, 3.13)` to the saddle :math:`(0.09, 2.88)` with the target
# :math:`(3.58, -1.85)`, stability changes without a fold: two complex eigenvalues of the SAM matrix cross the imaginary
# axis while :math:`\rho` is strictly monotone.
branches = [hc.find.branches(f, minimizer, box) for minimizer in minimizers]
turning = [b for own in branches for b in own if any(event.type == "stability change" for event in b.events)]
(event,) = [event for event in turning[0].events if event.type == "stability change"]
print(event)
assert len(turning) == 1 and abs(event.rho - 5.981) < 1e-3 and not turning[0].folds
print(*(claim.statement for claim in hc.certify(turning[0])["stability"]), sep="\n")

# %%
# One panel a target, with the smallest radius as a dotted line: each time it is the distance of a saddle at which a
# branch begins, so it lies in the bracket that was proved without any branch. Nothing is missing in these pictures.
for threshold, own in zip(thresholds, branches, strict=True):
    smallest = min(min(branch.start.rho, branch.end.rho, branch.rho.min()) for branch in own)
    assert threshold.lower <= smallest <= threshold.upper

figure, axes = plt.subplots(2, 2, figsize=(11.0, 8.6), layout="constrained", sharex=True)
for ax, minimizer, own, proofs, threshold in zip(axes.flat, minimizers, branches, diagrams, thresholds, strict=True):
    hc.plot.branches(own, ax=ax, certificates=proofs, title=f"target ({minimizer[0]:.2f}, {minimizer[1]:.2f})")
    ax.axvline(float(threshold.upper), color="black", lw=1.2, ls=":", label=r"critical $\rho$")
    ax.get_legend().remove()
handles = dict(reversed(pair) for ax in axes.flat for pair in zip(*ax.get_legend_handles_labels(), strict=True))
figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4, frameon=False)

# %%
# A branch tells what happens to one point as :math:`\rho` changes; the census tells what is there for one
# :math:`\rho`, and that nothing else is. With :math:`\rho = 3.5` six hallucinated minimizers attract SAM. So does
# one point that is none: its target is a saddle. The other seven repel.
census = hc.census(f, box, "3.5")
print(census)
assert census.complete and (len(census.critical_points), len(census.points)) == (9, 14)
assert census.counts()["minimizer"] == {"attractor": 6}
assert census.counts()["saddle"] == {"attractor": 1, "repeller": 3}
assert census.counts()["maximizer"] == {"repeller": 4}

# %%
# The two pictures agree. A vertical line at 3.5 meets the branches of the four minimizers in as many points as
# the census has of that target.
crossings = [sum(len(hc.find.on_branch(branch, "3.5")) for branch in own) for own in branches]
counted = sum(point.kind == "minimizer" for point in census.points)
print(f"crossings at rho = 3.5 by target: {crossings}, census: {counted}")
assert sum(crossings) == counted

hc.plot.census(census, title="Himmelblau, rho = 3.5: all hallucinated points")

plt.show()
