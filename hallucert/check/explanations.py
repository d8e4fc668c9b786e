"""What each reason of an undecided claim means, and what to try next. No check needs it: only what prints a reason."""

from __future__ import annotations

_REASONS: dict[str, str] = {
    "needs_existence": "no point is proved to exist, so there is nothing to speak about; see the existence claim",
    "needs_premises": "it needs claims that are themselves undecided; see their reasons",
    "not_a_zero": (
        "the shifted gradient does not vanish near the point: Newton's method finds no zero there; "
        "check that x is the end of a run with this rho. hallucert.find.refine looks for the zero nearest to x, and "
        "hallucert.diagnose tells whether the run still moves or jumps back and forth, far from any zero"
    ),
    "no_decay": (
        "the shifted gradient does not vanish near the point: Newton's method finds no zero there. The cross-entropy "
        "of a network without weight decay falls towards an infimum at infinity and may have none; give "
        "weight_decay > 0. Where the run stalls, hallucert.certify_stall can prove that no minimizer is near"
    ),
    "zero_gradient": (
        "the gradient at the point is not certainly nonzero, so the ascent direction g/|g| is not defined on the box; "
        "the point may be an ordinary critical point of f"
    ),
    "domain": (
        "the function is not certainly defined and analytic at the point or at its perturbed point, or on all of the "
        "stated box (log, sqrt, a power or a division reaches the edge of its domain there)"
    ),
    "degenerate_target": (
        "the target looks degenerate: the Hessian at the perturbed point has an eigenvalue indistinguishable from 0, "
        "as on a curve of minimizers or at x**4, or where the infimum is reached only at infinity, as with the "
        "cross-entropy of a network; M = H(x+) J is then singular and no isolated-point theorem applies. If f is a sum "
        "of squares give it as Objective.least_squares; to a network give weight_decay > 0"
    ),
    "degenerate_saddle": (
        "the target looks like a degenerate saddle: the Hessian at the perturbed point has an eigenvalue "
        "indistinguishable from 0 and a negative one, as where a network predicts the same for every sample. "
        "M = H(x+) J is then singular and no isolated point can be proved; hallucert.certify_stall can prove that no "
        "minimizer is near. With weight_decay > 0 such a saddle is often isolated"
    ),
    "nearly_degenerate": (
        "the Hessian at the perturbed point has an eigenvalue much smaller than the largest, and the enclosures do not "
        "separate it from 0; allow more precision, or raise the weight decay of a network"
    ),
    "singular_jacobian": (
        "the perturbation Jacobian looks singular: a fold or a branch point in rho lies nearby; try another rho"
    ),
    "rank_deficient": (
        "the Jacobian of the perturbed residuals looks rank deficient, so the slice meets the solutions tangentially; "
        "drop redundant residuals or try another point"
    ),
    "precision": "the enclosures were too wide at every precision tried; allow more precision or a larger budget",
    "straddles": (
        "the enclosure of the deciding number contains the threshold; more precision helps unless equality holds"
    ),
    "scale": (
        "the sign is certain, but a certificate gives numbers with an error of 2**-bits of the size of their kind, and "
        "here that is more than the number itself, which is very small beside others. Scale the variables so that the "
        "derivatives of f along all of them are of one size, or allow more bits, as in precisions=(1500,)"
    ),
    "dimension": (
        "the subdivision behind this claim is done for d <= 3 only, of maximizer sets for 2 <= d <= 3; the claim "
        "sphere_type states the Lagrange and curvature conditions in any dimension"
    ),
    "not_a_maximizer": (
        "the given maximizer is not proved to be one: no negative definite Hessian at a proved critical point"
    ),
    "not_a_maximum": (
        "the point is not proved to be a nondegenerate maximum of f on the sphere around its target, "
        "which a farthest point must be (Proposition 4.3)"
    ),
    "level": "the level of the point is not certainly below the maximum; choose a level farther from the top",
    "budget": (
        "the subdivision ran out of boxes before every box was settled: another point at (nearly) the same distance, "
        "another critical point in the component, or a level too close to the boundary's; raise max_boxes or "
        "change the level"
    ),
    "unsettled": (
        "a piece of the recorded subdivision is not settled by the test that is named for it; make the claim anew, in "
        "this arithmetic or with more bits"
    ),
    "tie": (
        "another point of the box has a value that cannot be told from the target's, for example a second global "
        "minimizer; state a smaller box, or give f as Objective.least_squares"
    ),
    "outside": (
        "the target is not certainly inside of the stated box: it lies outside of it or on its edge; enlarge the box "
        "until the target is in its interior"
    ),
    "places": (
        "some smallest pieces of the box are neither free of points nor inside of a proved cell: branches cross there, "
        "the target is no minimizer, or a branch was not found; take a box without the place"
    ),
    "size": (
        "what it is about has as many rows and columns as there are parameters, and is not formed at this size; "
        "the claims projected_c32 and attractor are about what SAM does near the point"
    ),
    "orders": (
        "an epoch of more than five batches has too many orders to look at each; take fewer batches, or see the claim "
        "mean_square about independent ones"
    ),
    "no_cycle": (
        "near the given points no two different ones are found that SAM with this step takes to each other; check rho "
        "and the step. hallucert.find.two_cycle looks for them from a start; where both points are one, SAM rests: "
        "hallucert.find.refine and hallucert.certify are for that"
    ),
    "no_minimizer": (
        "no box around the middle of the cycle was shown to hold exactly one critical point, a nondegenerate "
        "minimizer: the cycle goes around another kind of critical point, or is too large beside the distance to others"
    ),
    "time": "the time budget was spent before the end; allow a larger budget",
    "start": (
        "the run was not shown to come into the basin: it goes elsewhere, or takes more steps or bits than are tried; "
        "look in floats where it ends (hallucert.sam.run), or take a larger step or a later start"
    ),
    "step": (
        "with this step SAM is not shown to contract around the point: the point repels, the step is not certainly "
        "below the bound of the claim attractor, or the norm of the eigenvectors does not show it; ask for a smaller "
        "step"
    ),
}

_OPEN = {
    "critical_point": (
        "a critical point of f lies on the sphere around the target, or too near to tell: the ascent direction is not "
        "defined there"
    ),
    "singular": "the system looks singular: a fold or a branch point in rho lies nearby; try another rho",
    "resolution": "rho is too small for doubles beside the coordinates of the target; take a larger rho",
    "degenerate_target": "the target is not proved to be an isolated, nondegenerate critical point",
    "boundary": "the point lies on the boundary of the box, or too near to tell; change the box",
    "domain": "f is not certainly defined there",
    "duplicate": "it cannot be told from another point; raise the precision",
    "budget": "the budget was spent; raise max_boxes or seconds",
}

_ENDS = {
    "reached": "as narrow as asked",
    "boxes": "wider than asked: the budget of boxes was spent; raise max_boxes",
    "time": "wider than asked: the budget of time was spent; raise seconds",
    "resolution": "wider than asked: the smallest boxes at the lower end cannot be decided",
    "range": "without an upper end: nothing was found up to the largest radius that is looked at",
}

EXPLANATIONS = {"Reason": _REASONS, "Open": _OPEN, "SearchEnd": _ENDS}
"""By the class of the code."""
