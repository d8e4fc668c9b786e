r"""
A proof that fails, and what to do
==================================

Proves less than it is asked to, on purpose: a point that is none, a degenerate target, a point at a pitchfork, a box
that is too wide, a global minimum that is shared; uses `certify` and the ``reason`` of its claims; assumes nothing. For
each failure there is a way out, and a failure is never reported as a refutation.
"""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap

import hallucert as hc

VERMILION, ORANGE, SKY, GREY = "#d55e00", "#e69f00", "#56b4e9", "#dddddd"

# %%
# How to read a certificate
# -------------------------
#
# Each claim is *proved*, *refuted* (its negation is proved) or *undecided*. An undecided claim has a ``reason``: a
# short code, with a sentence that says the cause and what to try. Claims build on each other, so read from the top:
# those below an open one say ``needs_existence`` or ``needs_premises`` only.
himmelblau = hc.gallery.load("himmelblau")
nothing = hc.certify(himmelblau, (0.5, 0.5), "3.5")
for name, claim in nothing.claims.items():
    print(f"{name:23} {claim.status:10} {claim.reason}")
print(nothing["existence"].reason.explanation)
assert nothing["existence"].reason == "not_a_zero"

# %%
# Here there is simply no hallucinated point. Ways out: go on with the run of SAM, or polish its end by Newton's method
# first. A start that is near enough is polished by `certify` itself.
run = hc.sam.run(himmelblau, (-5, 4.5), "3.5", step_size="0.0005", steps=20_000)
assert hc.certify(hc.find.refine(himmelblau, run.x, "3.5"))["existence"]

# %%
# A degenerate target
# -------------------
#
# The minimizers of :math:`(x^2 + y^2 - 1)^2/4` are a circle, and no theorem on isolated points applies to them. It is
# the square of one residual, and said so, everything is proved. Where :math:`f` is no sum of squares, as
# :math:`(x^2 - 1)^4/4 + y^2/20`, it stays undecided: the library has no theorem for it.
plain = hc.certify(hc.Objective.parse("(x**2 + y**2 - 1)**2 / 4"), (-0.5, 0), "1.5")
square = hc.certify(hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2), (-0.5, 0), "1.5")
quartic = hc.certify(hc.Objective.parse("(x**2 - 1)**4 / 4 + y**2 / 20"), (-0.5, 0), "1.5")
for name, cert in {"circle as a formula": plain, "as a square": square, "flat quartic": quartic}.items():
    print(f"{name:20} existence {cert['existence'].status}, reason {cert['existence'].reason}")
assert plain["existence"].reason == quartic["existence"].reason == "degenerate_target"
assert square["hallucinated_minimizer"] and square["attractor"]

# %%
# A point at a pitchfork
# ----------------------
#
# The four wells have the points :math:`(-s, -s)` with target :math:`(1, 1)`, which change stability at :math:`\rho =
# 3/\sqrt2`. The closer :math:`\rho` is, the smaller the box in which the point is the only one, since two other
# branches come near, and the more bits it takes. `certify` climbs the ladder of precisions by itself; here it may use
# one rung at a time, to see which it needs.
f = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2", name="four wells")
critical = 3 / np.sqrt(2)
rows = []
for distance in np.geomspace(0.3, 1e-14, 28):
    for sign in (-1, 1):
        rho = critical + sign * distance
        s = rho / np.sqrt(2) - 1
        for bits in (30, 53, 106):
            cert = hc.certify(f, (-s, -s), rho, precisions=(bits,))
            if cert["attractor"].status != "undecided":
                break
        assert cert["attractor"].status == ("proved" if sign > 0 else "refuted")
        rows.append((distance, sign, bits, float(max(cert.witness.radius))))
for bits, until in ((30, 2e-3), (53, 1e-6), (106, 1e-14)):
    closest = min(distance for distance, _, needed, _ in rows if needed == bits)
    print(f"{bits:3} bits decide down to a distance of {closest:.0e} from the pitchfork")
    assert closest < until * 1.01

# %%
# At a distance of 1e-18 no rung of the ladder helps: the matrix that preconditions Krawczyk's test is computed in
# doubles, and rounded to doubles :math:`J` is singular. The reason says so. Ways out: another radius, since on both
# sides all is proved, or the branch, whose certificate steps over the fork and says what it left out.
at_fork = hc.certify(f, ("-0.5", "-0.5"), "2.121320343559642574")
print(at_fork["existence"].reason, "-", at_fork["existence"].reason.explanation)
assert at_fork["existence"].reason == "singular_jacobian" and at_fork.provenance.precision == 424
branch = hc.find.branch(f, (0, 0), (1, 1))
pieces = hc.certify(branch)["branch"]
ends = [(float(piece.numbers["rho_start"].upper), float(piece.numbers["rho_end"].lower)) for piece in pieces]
for (_, before), (after, _) in pairwise(ends):
    print(f"the branch is proved up to rho = {before:.6f} and from {after:.6f} on")
    assert before < critical < after < before + 2e-3

# %%
# A box of your own
# -----------------
#
# With ``radius=`` the box is yours: does it hold exactly one point? All three answers occur. In a box that misses the
# point, existence is *refuted*, a proof that it is empty. In a box that holds it, it is proved, unless the box is too
# wide for the test: then it is undecided, although there is a point. (The reason is guessed from the centre of the box
# and does not know that the box was too wide.) Way out: a smaller box, or leave ``radius`` out.
exact = hc.certify(f, (-0.75, -0.75), "2.4748737341529163")
offsets, widths = np.geomspace(1e-6, 0.3, 33), np.geomspace(1e-7, 0.3, 36)
answers = np.empty((len(widths), len(offsets)), dtype=int)
codes = {"refuted": 0, "proved": 1, "undecided": 2}
for j, offset in enumerate(offsets):
    for i, width in enumerate(widths):
        centre = (exact.x[0] + offset, exact.x[1])
        cert = hc.certify(f, centre, "2.4748737341529163", radius=float(width), precisions=(106,))
        answers[i, j] = codes[str(cert["existence"].status)]
        held = offset < width
        assert not (held and answers[i, j] == 0) and not (not held and answers[i, j] == 1)
for name, code in codes.items():
    print(f"{name:9}: {(answers == code).sum()} of {answers.size} boxes")

# %%
# A shared minimum
# ----------------
#
# Himmelblau's function has four global minimizers. Asked whether the target is *the* one over a box that holds others,
# the subdivision cannot separate equal values. Way out: a box that holds one of them.
candidate = hc.find.refine(himmelblau, (-3.06, 0.14), "3.5")
for box in ([(-6, 6), (-6, 6)], [(-5, -3), (-5, -2)]):
    claim = hc.certify(candidate, global_box=box, max_boxes=2000)["global_target"]
    print(f"{box}: {claim.status}, reason {claim.reason}")
    assert (claim.status, claim.reason) == (("undecided", "tie") if box[0] == (-6, 6) else ("proved", None))

# %%
# Left, the pitchfork: the box in which the point is proved to be unique shrinks with the distance, and the bits grow.
# Right, the three answers for a box of one's own around a centre at some distance from the point.
figure, (left, right) = plt.subplots(1, 2, figsize=(11.5, 5.0), layout="constrained")
for bits, colour, marker in ((30, ORANGE, "o"), (53, SKY, "s"), (106, VERMILION, "^")):
    own = np.array([(distance, width) for distance, _, needed, width in rows if needed == bits])
    left.loglog(*own.T, marker, color=colour, mec="black", ms=7, label=f"decided with {bits} bits")
left.set(
    xlabel=r"distance of $\rho$ from the pitchfork",
    ylabel="half width of the box of uniqueness",
    title="At a pitchfork",
)
right.pcolormesh(
    offsets, widths, answers, cmap=ListedColormap([VERMILION, SKY, GREY]), vmin=0, vmax=2, shading="nearest"
)
right.plot(offsets, offsets, color="black", lw=1.4, ls="--", label="above it the box holds the point")
for name, colour in (("refuted: no point", VERMILION), ("proved: exactly one", SKY), ("undecided", GREY)):
    right.plot([], [], "s", color=colour, mec="black", ms=9, label=name)
right.set(xscale="log", yscale="log", ylim=(widths[0], widths[-1]), title="A box of one's own")
right.set(xlabel="distance of its centre from the point", ylabel="its half width")
for ax in (left, right):
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, frameon=False)

plt.show()
