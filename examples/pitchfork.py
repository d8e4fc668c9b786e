r"""
A pitchfork in rho
==================

Proves that one branch of hallucinated minimizers repels SAM below :math:`\rho = 3/\sqrt2` and attracts it above, and
that two more branches leave it there; uses `find.branch`, `find.switch_branch`, `certify` and `plot.branches`; assumes
nothing beyond the four-well function :math:`f = (x^2 - 1)^2 + (y^2 - 1)^2`, whose points are known in closed form.
"""

import math

import matplotlib.pyplot as plt
import numpy as np

import hallucert as hc

# %%
# The points :math:`(-s, -s)`, :math:`0 < s < 1`, have the target :math:`(1, 1)` for :math:`\rho = \sqrt2 (1 + s)`: the
# gradient :math:`4 s (1 - s^2) (1, 1)` points straight at it. The Jacobian :math:`J` of :math:`x \mapsto x^+` has the
# eigenvalues :math:`1` and :math:`(2 s - 1)(s + 1)/(s (1 - s))`, so stability changes at :math:`s = 1/2`. A certificate
# a radius says so for exactly that radius, and its enclosures hold the closed form of the smallest eigenvalue of
# :math:`M = 8 J`.
f = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2", name="four wells")
critical = 3 / math.sqrt(2)
print(f"stability changes at rho = {critical:.6f}")

for rho, status in {"2.0": "refuted", "2.1": "refuted", "2.15": "proved", "2.5": "proved"}.items():
    s = float(rho) / math.sqrt(2) - 1
    cert = hc.certify(f, (-s, -s), rho)
    smallest = cert["attractor"].numbers["smallest_real_part"]
    print(f"rho = {rho}: attractor {cert['attractor'].status}, smallest real part in {smallest}")
    exact = 8 * min(1, (2 * s - 1) * (s + 1) / (s * (1 - s)))
    assert float(smallest.lower) - 1e-9 <= exact <= float(smallest.upper) + 1e-9
    assert cert["hallucinated_minimizer"].status == "proved"
    assert cert["attractor"].status == status

# %%
# SAM started close to the diagonal agrees: it leaves the point at 2.1 and settles at 2.15.
for rho, stays in (("2.1", False), ("2.15", True)):
    s = float(rho) / math.sqrt(2) - 1
    run = hc.sam.run(f, (-s + 0.001, -s - 0.001), rho, step_size="0.005", steps=20_000)
    distance = math.dist(run.x, (-s, -s))
    print(f"rho = {rho}: SAM ends {distance:.2g} away from the diagonal point")
    assert (distance < 1e-6) == stays

# %%
# The whole picture is a curve with a fork. The diagonal branch starts at the maximizer :math:`(0, 0)`; where it is
# singular, two half-branches cross it. They are the points with :math:`x + y = -1`, they end at the saddles
# :math:`(0, -1)` and :math:`(-1, 0)` at :math:`\rho = \sqrt5`, and they repel SAM: the pitchfork is subcritical.
diagonal = hc.find.branch(f, (0, 0), (1, 1))
(fork,) = diagonal.branch_points
halves = hc.find.switch_branch(diagonal, fork)
print(diagonal, *halves, sep="\n")
assert abs(fork.rho - critical) < 1e-9
assert all(np.abs(half.x.sum(axis=1) + 1).max() < 1e-9 for half in halves)
assert all(abs(half.end.rho - math.sqrt(5)) < 1e-9 for half in halves)

# %%
# Now the theorems. No cell can hold the fork itself, where the curve is not smooth, so the chain of the diagonal ends a
# little before it and another begins a little behind. On everything else existence and stability are proved for all
# radii at once.
certificates = [hc.certify(branch, gap=1e-3) for branch in (diagonal, *halves)]
for certificate in certificates:
    for claim in certificate.all_claims:
        print(claim.status, claim.statement)
assert all(claim.status == "proved" for certificate in certificates for claim in certificate.all_claims)
assert len(certificates[0]["stability"]) == 2
assert all(len(certificate["stability"]) == 1 for certificate in certificates[1:])

# %%
# Solid lines attract, dashed lines repel, the wide bands are what has been proved. On the right, the gap at the fork.
figure, (left, right) = plt.subplots(1, 2, figsize=(11.0, 5.4), layout="constrained")
hc.plot.branches([diagonal, *halves], ax=left, certificates=certificates, title="Four wells, target (1, 1)")
hc.plot.branches([diagonal, *halves], ax=right, certificates=certificates, title="Close to the fork")
right.set_xlim(critical - 0.012, critical + 0.012)
right.set_ylim(-0.58, -0.42)
right.get_legend().remove()

plt.show()
