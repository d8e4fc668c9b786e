"""A pitchfork in rho: the same branch of hallucinated minimizers repels SAM below 3/sqrt(2) and attracts above.

The four-well function (x^2 - 1)^2 + (y^2 - 1)^2 has the hallucinated minimizers (-s, -s), 0 < s < 1, with target (1, 1)
and rho = sqrt(2) (1 + s). The Jacobian of the perturbation map has the eigenvalues 1 and (2s - 1)(s + 1)/(s(1 - s)):
stability changes at s = 1/2. Run it with ``python examples/pitchfork.py``.
"""

import math

import hallucert as hc

f = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2", name="four wells")
critical = 3 / math.sqrt(2)


def on_the_diagonal(rho: str) -> hc.Certificate:
    """Certify the point of the diagonal branch at this radius."""
    s = float(rho) / math.sqrt(2) - 1
    return hc.certify(f, (-s, -s), rho)


expected = {"2.0": "refuted", "2.1": "refuted", "2.15": "proved", "2.5": "proved"}
print(f"stability changes at rho = {critical:.6f}")
for rho, status in expected.items():
    cert = on_the_diagonal(rho)
    smallest = cert["attractor"].numbers["smallest_real_part"]
    print(f"rho = {rho}: attractor {cert['attractor'].status}, smallest real part in {smallest}")
    assert cert["hallucinated_minimizer"].status == "proved"
    assert cert["attractor"].status == status

# SAM started close to the diagonal agrees: it leaves the point at 2.1 and settles at 2.15.
for rho, stays in (("2.1", False), ("2.15", True)):
    s = float(rho) / math.sqrt(2) - 1
    run = hc.sam.run(f, (-s + 0.001, -s - 0.001), rho, step_size="0.005", steps=20_000)
    distance = math.dist(run.x, (-s, -s))
    print(f"rho = {rho}: SAM ends {distance:.2g} away from the diagonal point")
    assert (distance < 1e-6) == stays
