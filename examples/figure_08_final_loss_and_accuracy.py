r"""
Figure 8: final loss and accuracy against rho
=============================================

Proves of every run of a small network that converges that it has stopped at a hallucinated minimizer which attracts
SAM; uses `sam.run_ensemble`, `find.refine`, `certify` and the tables of the study; assumes that the stored tables are
what the study computed; the one that takes seconds is computed here again. Losses and accuracies are floats.

The paper's Figure 8 shows the training loss and the test accuracy at the last step against :math:`\rho`, for 80 seeds:
SAM alone gets worse with :math:`\rho`, switching stays where it is. The paper puts the high losses down to
hallucinated minimizers.

Ours has five seeds, digits and MNIST images, and tells the two causes of a high loss apart: on these classifiers the
runs that end high are not at hallucinated minimizers; on a small network with squared error some are, and switching
does not keep them away.

The tables come from ``hallucert study`` (half an hour); they are in ``docs/study``.
"""

import csv
from collections import Counter
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import hallucert as hc
from hallucert.tools.study import load_arena

study = Path(__file__).resolve().parent.parent / "docs" / "study"
radii, arms = ("0.5", "1", "2", "5", "10"), ("SAM", "switching")


def table(name):
    """Return the rows of a stored table, one a run."""
    with open(study / f"{name}.csv", newline="") as stream:
        return list(csv.DictReader(stream))


def cell(rows, arm, rho, column):
    """Return a column of the runs of one arm and radius."""
    return np.array([float(row[column]) for row in rows if (row["arm"], row["rho"]) == (arm, rho)])


# %%
# Classifiers
# -----------
#
# Medians over the seeds of the final loss and of the accuracy on the images that were not trained on.

tables = {name: table(name) for name in ("digits", "mnist")}
for name, rows in tables.items():
    for column, what in (("value", "final loss"), ("accuracy", "accuracy")):
        for arm in arms:
            medians = [f"{np.median(cell(rows, arm, rho, column)):8.3g}" for rho in radii]
            print(f"{name:6} {what:10} {arm:9}", *medians)

# %%
# As in the paper, SAM alone drops to chance from :math:`\rho = 2` on, and switching does not. Unlike in the paper,
# switching depends on the radius, too: on MNIST images, after 3,000 steps, its accuracy is lower for :math:`\rho = 5`
# and lower again for :math:`\rho = 10`.

for rho in ("2", "5", "10"):
    assert np.median(cell(tables["digits"], "SAM", rho, "accuracy")) < 0.2
    assert np.median(cell(tables["digits"], "switching", rho, "accuracy")) > 0.9
medians = [np.median(cell(tables["mnist"], "switching", rho, "accuracy")) for rho in ("2", "5", "10")]
assert medians[0] > 0.85 > 0.75 > medians[1] > medians[2]

# %%
# What the runs of SAM alone with :math:`\rho \geq 2` end at, by the diagnosis in floats. For every run on digits that
# stalls, ``no_minimizer_near`` is proved: no point nearby has a minimizer as target (one of the certificates is
# re-proved with :doc:`Figure 5 </gallery/figure_05_switching_losses>`).

for name, rows in tables.items():
    high = [row for row in rows if row["arm"] == "SAM" and float(row["rho"]) >= 2]
    print(name, dict(Counter(row["class"] for row in high)))
    assert not any(row["class"] == "hallucinated minimizer" for row in rows)
stalled = [row["no_minimizer_near"] for row in tables["digits"] if row["no_minimizer_near"]]
print(f"digits: no_minimizer_near is proved for {stalled.count('proved')} of {len(stalled)} runs that stall")
assert stalled.count("proved") == len(stalled) > 0

# %%
# The figure
# ----------
#
# Every run is a dot, lines join the medians.

colours, markers = {"SAM": "#d55e00", "switching": "#0072b2"}, {"SAM": "o", "switching": "s"}


def draw(ax, rows, column, label):
    """Draw one quantity against the radius for both arms."""
    for arm, shift in zip(arms, (-0.09, 0.09), strict=True):
        places = np.arange(len(radii)) + shift
        values = [cell(rows, arm, rho, column) for rho in radii]
        for place, dots in zip(places, values, strict=True):
            ax.plot(np.full(dots.size, place), dots, markers[arm], color=colours[arm], ms=5, alpha=0.5, mew=0)
        ax.plot(
            places, [np.median(dots) for dots in values], color=colours[arm], marker=markers[arm], label=arm, lw=1.8
        )
    ax.set_xticks(np.arange(len(radii)), radii)
    ax.set_xlabel(r"$\rho$", fontsize=12)
    ax.set_ylabel(label, fontsize=11)
    ax.grid(alpha=0.25)


figure, axes = plt.subplots(2, 2, figsize=(10, 7.4), layout="compressed")
for row, (name, rows) in zip(axes, tables.items(), strict=True):
    draw(row[0], rows, "value", "final loss $f(x)$")
    draw(row[1], rows, "accuracy", "accuracy on held-out images")
    row[0].set_yscale("log")
    row[1].set_ylim(0, 1)
    for ax in row:
        ax.set_title({"digits": "500 digits, 64-32-10", "mnist": "1,000 MNIST images, 784-64-10"}[name], fontsize=11)
axes[0, 0].legend(frameon=False)
plt.show()

# %%
# Squared error, computed here
# ----------------------------
#
# The study's third arena has eight random points, a 2-8-1 network and squared error, 100,000 steps. It takes seconds,
# so all fifty runs are computed now. Which of them come to rest is a matter of rounding, as errors grow while a step is
# at the edge of stability; in the table some do in both arms, at the same radius.

arena = load_arena("tiny", quick=False)
f = arena.network
ends = hc.sam.run_ensemble(
    f,
    f.initial(seed=0, count=5),
    hc.sam.each(*radii),
    arena.step_size,
    arena.steps,
    warmup=hc.sam.each(SAM=0, switching=0.1),
    tolerance=arena.tolerance,
)
rows = ends.records()
for name, records in (("now", rows), ("in the table", table("tiny"))):
    print(name, dict(Counter((row["arm"], float(row["rho"])) for row in records if row["status"] == "converged")))

# %%
# The converged runs, proved: hallucinated minimizers that attract, with and without switching.

certificates = [hc.certify(hc.find.refine(f, ends.x[i], ends.rho[i])) for i in np.flatnonzero(ends.converged)]
for i, cert in zip(np.flatnonzero(ends.converged), certificates, strict=True):
    print(f"{ends.arm[i]}, seed {ends.seed[i]}: {cert['hallucinated_minimizer'].statement}")
    for name in ("hallucinated_minimizer", "attractor"):
        assert cert[name].status == "proved"
    assert cert["theorem_3_2"].status == "refuted"
print(dict(Counter(ends.arm[ends.converged])), "of", len(ends), "runs, at rho =", sorted(set(ends.rho[ends.converged])))
assert ends.converged.any()

# %%
# The final losses. Marked are the runs that are proved to have stopped at a hallucinated minimizer, with losses of the
# same size in both arms. The other runs have not stopped, so that their last loss is one moment of a motion.

figure, ax = plt.subplots(figsize=(7.6, 4.6), layout="compressed")
draw(ax, rows, "value", "final loss $f(x)$")
for number, i in enumerate(np.flatnonzero(ends.converged)):
    place = radii.index(ends.rho[i]) + (0.09 if ends.arm[i] == "switching" else -0.09)
    label = None if number else "proved: hallucinated minimizer"
    ax.plot(place, ends.value[i], "o", mfc="none", mec="black", ms=13, mew=1.6, label=label)
ax.set_yscale("log")
ax.set_title("8 random points, 2-8-1, squared error", fontsize=11)
ax.legend(frameon=False)
plt.show()
