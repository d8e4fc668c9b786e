r"""
Figure 2: the construction by the farthest point
================================================

Proves every step of the paper's construction of a hallucinated minimizer on Himmelblau's function, and that the point
repels SAM; uses `find.farthest_point`, `certify`, `verify`, `plot.landscape` and `plot.construction`; assumes nothing.

The paper's Figure 2 is a sketch of the proof of Theorem 2.1: around an isolated maximizer lies a superlevel set
:math:`U`; its point :math:`x^*` farthest from a minimizer has a gradient that points straight at that minimizer, so one
ascent step of length :math:`\rho = |x^* - x_{\min}|` lands on it, and :math:`x^*` is a hallucinated minimizer. Ours
is no sketch: it is computed for a given function, each step is proved, and we ask what the paper's figure leaves open,
namely whether SAM goes there.
"""

import matplotlib.pyplot as plt
import numpy as np

import hallucert as hc

f = hc.gallery.load("himmelblau")
target = np.array([3.0, 2.0])

# %%
# The steps, in floats
# --------------------
#
# 1. Climb to a local maximizer, and find a ball :math:`B` around it with the maximizer as only critical point above the
#    level that comes next.
# 2. Choose a level :math:`\alpha` between the largest value on the boundary of :math:`B` and the maximum, and take the
#    component :math:`U` of :math:`\{f \geq \alpha\}` in :math:`B`.
# 3. Go to the point :math:`x^*` of :math:`U` farthest from the minimizer.
# 4. By Lagrange's rule the gradient there is a positive multiple of :math:`x_{\min} - x^*`.

candidate = hc.find.farthest_point(f, maximizer=(-0.27, -0.92), target=target)
steps, x, rho = candidate.construction, candidate.x, float(candidate.rho)
print(f"1. maximizer ({steps.maximizer[0]:.4f}, {steps.maximizer[1]:.4f}), f = {steps.maximum:.3f}")
print(f"   ball of radius {steps.ball_radius:.3f}, on its boundary f <= {steps.boundary_value:.3f}")
print(f"2. level {steps.level:.3f}")
print(f"3. farthest point ({x[0]:.4f}, {x[1]:.4f}), at distance rho = {rho:.4f} from the minimizer")
gradient = f.gradient(x)
cosine = gradient @ (target - x) / (np.linalg.norm(gradient) * rho)
print(f"4. |g(x*)| = {np.linalg.norm(gradient):.3f}, cosine between g(x*) and x_min - x*: 1 - {1 - cosine:.1e}")
assert steps.boundary_value < steps.level < steps.maximum
assert abs(1 - cosine) < 1e-12

# %%
# The steps, proved
# -----------------
#
# The claim ``farthest_point`` is the conjunction: no other critical point above the level in :math:`B` (Lemma A.9 of
# the paper), :math:`U` compact and in the interior (Lemmas A.2 and A.3), :math:`x^*` the only farthest point, the
# multiplier positive (Lemma A.4). All of it is proved again from the certificate by another arithmetic.

cert = hc.certify(candidate)
print(cert)
assert cert["farthest_point"].status == "proved"
assert cert["hallucinated_minimizer"].status == "proved"
verdict = hc.verify(cert, backend="mpmath")
print(verdict)
assert verdict

# %%
# What the sketch does not say
# ----------------------------
#
# The paper reads off the figure that hallucinated minimizers lie near a maximizer, in regions of high loss, with
# :math:`\rho` larger than the distance between minimizer and maximizer. Here that is so.

distance = np.linalg.norm(steps.maximizer - target)
print(f"from minimizer to maximizer {distance:.4f} < rho = {rho:.4f}; f(x*) = {f.value(x):.2f} of {steps.maximum:.2f}")
assert distance < rho

# %%
# But SAM does not go there. :math:`U` lies inside the sphere around :math:`x_{\min}` and touches it at :math:`x^*`, so
# on that sphere :math:`x^*` is a maximum of :math:`f`, where the condition of Theorem 3.2 asks for a minimum: with two
# or more variables the farthest point never meets it (Proposition 4.3 of :doc:`the mathematics </mathematics>`). Here
# it is refuted, and SAM is proved to be repelled.

assert cert["theorem_3_2"].status == "refuted"
assert cert["attractor"].status == "refuted"
run = hc.sam.run(f, x + np.array([1e-6, 0]), candidate.rho, step_size="0.0005", steps=2000, tolerance=0.0)
print(f"SAM starts 1e-6 from x* and is {np.linalg.norm(run.x - x):.2f} away after {run.steps} steps")
assert np.linalg.norm(run.x - x) > 0.1

# %%
# The same minimizer is the target of a point of another kind, a minimum of :math:`f` on the same sphere, and this one
# attracts. The search finds two points for this :math:`\rho`; what is said of them is proved.

others = [hc.certify(other) for other in hc.find.on_sphere(f, target, candidate.rho)]
for other in others:
    kind = other["sphere_type"].statement.split("nondegenerate strict local ")[-1].rstrip(".")
    print(
        f"x* = ({other.x[0]:+.4f}, {other.x[1]:+.4f}), on its sphere a {kind:7}: attractor {other['attractor'].status}"
    )
attracting = [other for other in others if other["attractor"].status == "proved"]
assert attracting
assert all(other["theorem_3_2"].status == "proved" for other in attracting)

# %%
# The figure
# ----------
#
# (a) to (c) are the steps of the construction; (d) goes once around the sphere of (c) and shows why :math:`x^*` repels.
# At the unmarked minimum and maxima on the sphere the gradient points outward, away from :math:`x_{\min}`.

figure, axes = plt.subplots(2, 2, figsize=(11.2, 11.8), layout="compressed")
(first, second), (third, fourth) = axes
half = 1.25 * steps.ball_radius
window = np.stack([steps.maximizer - half, steps.maximizer + half], axis=1)
grid = [np.linspace(low, high, 400) for low, high in window]
values = f.value(np.stack(np.meshgrid(*grid), axis=-1).reshape(-1, 2)).reshape(400, 400)
angles = np.linspace(0, 2 * np.pi, 721)
circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.11), "ncols": 2, "frameon": False, "fontsize": 9.5}


def draw_ball(ax, title):
    """Draw the landscape around the maximizer with the ball B."""
    hc.plot.landscape(f, window, ax=ax, title=title)
    ball = steps.maximizer + steps.ball_radius * circle
    ax.plot(*ball.T, color="#56b4e9", lw=2.4, label="boundary of $B$, where $f$ < level")
    ax.plot(*steps.maximizer, "^", color="#56b4e9", mec="black", ms=10, label="maximizer")


draw_ball(first, "(a) an isolated maximizer, and a ball around it")
first.legend(**below)

draw_ball(second, "(b) the component $U$, and its point farthest from $x_{\\min}$")
inside = np.linalg.norm(np.stack(np.meshgrid(*grid), axis=-1) - steps.maximizer, axis=-1) <= steps.ball_radius
second.contourf(*grid, np.where(inside, values, -1), levels=[steps.level, 2 * steps.maximum], colors=["#e69f00"])
second.contour(*grid, np.where(inside, values, -1), levels=[steps.level], colors="black", linewidths=1.2)
second.scatter([], [], s=110, marker="s", c="#e69f00", edgecolors="black", label="$U$, where $f \\geq$ level")
for share in (0.8, 0.9, 1.0):
    label = "equal distance from $x_{\\min}$" if share == 1 else None
    second.plot(*(target + share * rho * circle).T, color="black", ls=(0, (5, 3)), lw=1.3, label=label)
second.plot(*x, "X", color="#d55e00", mec="black", ms=11, label="$x^*$")
second.legend(**below)

hc.plot.construction(candidate, ax=third, title="(c) from $x^*$ one step along the gradient lands on $x_{\\min}$")

start = np.arctan2(*(x - target)[::-1])
turn = np.linspace(-np.pi, np.pi, 1441)
around = target + rho * np.stack([np.cos(start + turn), np.sin(start + turn)], axis=1)
inward = np.einsum("ij,ij->i", f.gradient(around), target - around) > 0
heights = f.value(around)
fourth.plot(np.degrees(turn), heights, color="black", lw=1.6, label="gradient outward")
fourth.plot(np.degrees(turn), np.where(inward, heights, np.nan), color="#56b4e9", lw=3.6, label="gradient inward")
fourth.plot(0, f.value(x), "X", color="#d55e00", mec="black", ms=11, label="$x^*$: a maximum, proved to repel SAM")
for number, other in enumerate(attracting):
    degrees = np.degrees(np.angle(np.exp(1j * (np.arctan2(*(other.x - target)[::-1]) - start))))
    label = "a minimum, proved to attract SAM" if number == 0 else None
    fourth.plot(degrees, f.value(other.x), "o", color="#e69f00", mec="black", ms=9, label=label)
fourth.set_yscale("log")
fourth.set_box_aspect(1)
fourth.set_xlim(-180, 180)
fourth.set_xticks(range(-180, 181, 60))
fourth.set_xlabel("angle around $x_{\\min}$ from $x^*$, degrees")
fourth.set_ylabel("$f$")
fourth.set_title("(d) $f$ on the sphere of radius $\\rho$ around $x_{\\min}$", fontsize=11)
fourth.grid(alpha=0.25)
fourth.legend(**below)
plt.show()
