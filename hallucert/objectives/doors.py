"""What users say of functions and ascent steps, checked: public functions take both through these doors."""

from __future__ import annotations

from hallucert.errors import ArgumentError
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, VARIANTS, RadiusLaw


def checked_objective(f: object, argument: str = "f", others: str = "") -> Objective:
    """Return `f` if it is an `Objective`: the one door for functions; the message says how to make one of it.

    `others` is what else the argument may be, for the message; the caller has looked for it.
    """
    if not isinstance(f, Objective):
        must = (
            f"be {others}an Objective: Objective.parse takes a formula, from_sympy an expression, from_callable a "
            "function of a numpy array, from_torch a module of PyTorch, from_jax a function of JAX, and TanhNetwork is "
            "one"
        )
        raise ArgumentError(argument, f, must)
    return f


def checked_formula(f: object, least: int, most: int) -> FormulaObjective:
    """Return the argument `f` of a proof if it is a rigorous formula of so many variables."""
    f = checked_objective(f)
    f.require_rigorous()
    if not isinstance(f, FormulaObjective) or not least <= f.dimension <= most:
        count = most if least == most else f"at most {most}" if least == 1 else f"{least} to {most}"
        must = f"be a formula of {count} variables"
        raise ArgumentError("f", f"<{type(f).__name__} of {f.dimension} variables>", must)
    return f


def radius_law(variant: object, dimension: int) -> RadiusLaw:
    """Return the law that an argument ``variant=`` names, for a function of `dimension` variables."""
    if isinstance(variant, str) and variant == "asam":
        raise ArgumentError("variant", variant, 'be hallucert.RadiusLaw("asam", scales): the metric has to be given')
    if not isinstance(variant, RadiusLaw) and not (isinstance(variant, str) and variant in VARIANTS):
        raise ArgumentError("variant", variant, 'be "sam", "usam" or hallucert.RadiusLaw("asam", scales)')
    law = variant if isinstance(variant, RadiusLaw) else RadiusLaw(variant)
    if law.scales and len(law.scales) != dimension:
        raise ArgumentError("variant", f"<{len(law.scales)} scales>", f"have {dimension} scales, one a variable")
    return law


def require_sam(variant: object, instead: str) -> None:
    """Refuse every law but SAM's, for what is a theorem or a search about SAM alone; `instead` says why."""
    if not (isinstance(variant, str | RadiusLaw) and variant in ("sam", SAM)):
        raise ArgumentError("variant", variant, f'be "sam": {instead}')
