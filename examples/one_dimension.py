r"""
One dimension
=============

Proves everything there is to prove about the double well :math:`f = (x^2 - 1)^2/4` on the line: which points are
hallucinated for one radius, for all radii, below which radius there are none, and that here the paper's two theorems
meet; uses `census`, `diagram`, `critical_rho`, `find.farthest_point`, `certify`, `plot.landscape` and `plot.branches`;
assumes nothing but the derivative :math:`f' = x^3 - x`.
"""

import matplotlib.pyplot as plt

import hallucert as hc

# %%
# On the line the direction uphill is a sign, so SAM looks at :math:`x^+ = x + \rho` where :math:`f` rises and at
# :math:`x - \rho` where it falls. A point is hallucinated if :math:`f' \ne 0` there and it sees a critical point of
# :math:`f` at distance :math:`\rho` uphill. The double well has the minimizers :math:`\pm 1` and the maximizer 0. From
# :math:`-1 < x < 0` uphill is to the right: there :math:`x = 1 - \rho` sees the minimizer 1, for
# :math:`1 < \rho < 2`. By symmetry :math:`\rho - 1` sees :math:`-1`. That is all, and a census proves it.
f = hc.Objective.parse("(x**2 - 1)**2 / 4", name="double well")
found = hc.census(f, [(-2, 2)], "1.5")
print(found)
assert found.complete and [round(float(point.x[0]), 12) for point in found.points] == [0.5, -0.5]

# %%
# SAM started anywhere between the wells stops there: away from the critical points of :math:`f`, the nearest of which
# is half a unit away. The graph of :math:`f^{SAM}` is a piece of that of :math:`f` moved to the left, beside one moved
# to the right; it jumps where the direction uphill changes.
cert = hc.certify(f, [-0.5], "1.5", basin="0.1", start=["-0.9"])
run = hc.sam.run(f, [-0.9], "1.5", step_size="0.1", steps=1000)
print(cert["basin"].statement)
print(cert["converges"].statement)
assert cert["hallucinated_minimizer"] and cert["attractor"] and cert["converges"]
hc.plot.landscape(f, [(-1.4, 1.4)], "1.5", points=cert, trajectory=run, title="SAM stops at -1/2")

# %%
# For all radii at once: every point of :math:`[-2, 2]` that sees the minimizer 1, for any :math:`\rho`, lies on one
# branch, from the maximizer, where :math:`\rho = 1`, to the other minimizer, where :math:`\rho = 2`, and all of it
# attracts. So the critical radius of this minimizer is 1: below it there is nothing.
diagram = hc.diagram(f, [1], [(-2, 2)])
print(diagram["completeness"][0].statement)
critical = hc.critical_rho(f, [1], rtol=1e-6)
print(critical)
assert diagram.complete and critical.lower <= 1 <= critical.upper
hc.plot.branches(diagram)

# %%
# *Where the two theorems meet.* Theorem 2.1 finds a hallucinated minimizer as the point of a superlevel set around a
# maximizer that is farthest from a minimizer. In two or more dimensions such a point is a maximum of :math:`f` on the
# sphere around the target, and condition (C32) of Theorem 3.2, with which SAM is attracted, fails there. On the line
# the sphere is two points and has no tangent: :math:`x^+ = x \pm \rho` moves with :math:`x`, :math:`J = 1`, and (C32),
# which asks that :math:`Du > -1/\rho`, says :math:`0 > -1/\rho`. So Theorem 3.1 says that hallucinated minimizers are
# as isolated as their targets, Theorem 3.2 that each of them attracts, and the very point that the proof of existence
# constructs is one where SAM stops.
point = hc.find.farthest_point(f, maximizer=[0], target=[1], level="0.140625")
meeting = hc.certify(point)
for name in ("farthest_point", "theorem_3_2", "attractor"):
    print(meeting[name].statement)
    assert meeting[name]

plt.show()
