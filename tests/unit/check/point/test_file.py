"""Files of points: half widths are positive, and residual form is for at most as many residuals as variables."""

from __future__ import annotations

import pytest

import hallucert as hc
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.errors import CertificateError


@pytest.mark.parametrize("radius", ["0", "-1p-10"])
@pytest.mark.parametrize("coordinate", [0, 1])
def test_half_widths_of_a_witness_are_positive(radius, coordinate):
    """One that is 0 or below, in any coordinate, is refused by name."""
    data = to_json(hc.certify(hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20"), (-0.5, 0), "1.5"))
    assert from_json(data)["existence"]
    data["witness"]["radius"][coordinate] = radius
    with pytest.raises(CertificateError) as caught:
        from_json(data)
    assert caught.value.field == "witness.radius"


def test_as_many_residuals_as_variables_are_solved_in_residual_form():
    """The point of (x^2 - 1, y) is found from its two residuals, and its file is read and proved again."""
    f = hc.Objective.least_squares(["x**2 - 1", "y"])
    certificate = hc.certify(f, (-0.5, 0), "1.5")
    assert certificate.problem.residual and certificate["existence"]
    again = from_json(to_json(certificate))
    assert again.problem.residual and len(again.witness.radius) == 2 and hc.verify(again)
