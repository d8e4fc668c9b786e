"""Commands that search in floats, and prove what they found if it is to be saved; radii; and what is likely.

``find, branch, sheet, safe-radius, critical-rho, prevalence, basins, two-cycle``, each in the words of the function of
that name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hallucert.errors import ArgumentError, require
from hallucert.exact import float_below
from hallucert.tools import options, output
from hallucert.tools.output import answer, print_lines

if TYPE_CHECKING:
    from hallucert.check.region.safe_radius import SafeRadius
    from hallucert.prove.absence.critical_rho import CriticalRho


FOLLOWED = ("branch", "curve", "surface")
"""Claims that a curve or surface is there."""


def find(
    rho: options.Rho,
    formula: options.Formula = None,
    at: options.Near = None,
    target: options.Target = None,
    gallery: options.GalleryName = None,
    dimension: options.Dimension = None,
    variant: options.Variant = options.Ascent.SAM,
    scales: options.Scales = None,
    as_json: options.AsJson = False,
) -> None:
    """Find hallucinated points near a point, or all that floats find of a target; nothing is proved.

    Exit status: 0 if one is found, 1 if none.
    """
    import hallucert as hc

    f = options.objective_of(formula, gallery, dimension)
    law = options.law_of(variant, scales, f.dimension)
    require(at is None or target is None, "--at, --target", "<both>", "be given, at most one of them")
    if at is not None:
        found = [hc.find.refine(f, options.point_of(at, "--at"), rho, variant=law)]
    else:
        require(target is not None or gallery is not None, "--at, --target", "<neither>", "be given, one of them")
        found = hc.find.on_sphere(f, options.target_of(target, gallery, dimension), rho, variant=law)
    columns = ("x", "target", "rho", "multiplier", "kind")
    data = {"function": f.name, "points": [{name: output.plain(getattr(c, name)) for name in columns} for c in found]}
    text = "\n".join(map(repr, found)) or "No hallucinated point found (in floats; not a proof of absence)."
    answer(lambda: data, lambda: print_lines(text), as_json, found)


def branch(
    formula: options.Formula = None,
    start: options.OnBranch = None,
    target: options.Minimizer = None,
    box: options.Box = None,
    rho_max: options.RhoMax = None,
    rho_min: options.RhoMin = None,
    gallery: options.GalleryName = None,
    dimension: options.Dimension = None,
    budget: options.Seconds = 300.0,
    save: options.SaveAll = None,
    resume: options.Resume = None,
    as_json: options.AsJson = False,
) -> None:
    """Follow branches of hallucinated points of one target in rho: that through a point, or all that start in a box.

    With --save they are proved, too, one alone with --resume behind what a certificate has of it. Exit status: 0 if
    there is one, and with --save each is proved, else 1.
    """
    import hallucert as hc

    f, centre = _with_target(formula, target, gallery, dimension)
    if start is None and box is None and gallery is None:
        raise ArgumentError("--start, --box", "<neither>", "be given, one of them, unless --gallery is")
    sides = None
    if box is not None or start is None:
        sides = options.sides_of(box, gallery, dimension, f.dimension)
    ends: dict[str, Any] = {"rho_max": rho_max, "rho_min": rho_min}
    if start is not None:
        found = [hc.find.branch(f, options.point_of(start, "--start"), centre, box=sides, **ends)]
    else:
        found = list(hc.find.branches(f, centre, sides, **ends))
    if resume is not None and len(found) != 1:
        raise ArgumentError("--resume", str(resume), f"be left out for {len(found)} branches: --start gives one")
    _followed(found, save, budget, as_json, ("rho", "events"), resume)


def sheet(
    residuals: options.Residuals,
    start: options.OnSheet,
    rho: options.Rho,
    box: options.SheetBox = None,
    budget: options.Seconds = 300.0,
    save: options.Save = None,
    resume: options.Resume = None,
    as_json: options.AsJson = False,
) -> None:
    """Follow the curve or surface of hallucinated minimizers through a point, of a sum of squares, for one rho.

    With --save it is proved, too, with --resume behind what a certificate has of it.
    Exit status: 0, or with --save 1 if it is not proved.
    """
    import hallucert as hc

    f = hc.Objective.least_squares(residuals)
    sides = None if box is None else options.sides_of(box, None, None, f.dimension)
    found = hc.find.sheet(f, options.point_of(start, "--start"), rho, box=sides)
    _followed([found], save, budget, as_json, ("rho",), resume)


def _followed(
    found: Sequence[Any],
    save: Path | None,
    budget: float,
    as_json: bool,
    columns: tuple[str, ...],
    resume: Path | None = None,
) -> None:
    """Answer with curves or surfaces; prove and save them if that is asked for."""
    import hallucert as hc

    options.require_savable(save)
    paths = options.numbered(save, len(found))
    proofs: list[Any] = [hc.certify(item, budget=budget, resume=resume) for item in found] if save is not None else []
    for proof, path in zip(proofs, paths, strict=False):
        proof.save(path)

    def data() -> output.JSON:
        items = [
            {"points": len(item.x)} | {name: output.plain(getattr(item, name)) for name in columns} for item in found
        ]
        for item, proof, path in zip(items, proofs, paths, strict=False):
            item |= {"claims": [output.claim_data(claim) for claim in proof.all_claims], "file": path and str(path)}
        return {"function": found[0].objective.name if found else None, "found": items}

    texts = [*map(repr, found), *map(str, proofs)] or ["Nothing found (in floats; not a proof of absence)."]
    followed = [[claim for claim in proof.all_claims if claim.name in FOLLOWED] for proof in proofs]
    proved = all(claims and all(claims) for claims in followed)
    answer(data, lambda: print_lines("\n".join(texts)), as_json, bool(found) and proved)


def _bracketed(found: SafeRadius | CriticalRho, as_json: bool, good: object) -> None:
    """Answer with a bracket of a radius."""
    from hallucert.check.region.safe_radius import SafeRadius

    def data() -> output.JSON:
        ends = {"lower": output.plain(found.lower), "upper": output.plain(found.upper)}
        claim = found.claim if isinstance(found, SafeRadius) else found.safe.claim
        return {**ends, "ended": str(found.ended), "claim": output.claim_data(claim)}

    answer(data, partial(print_lines, str(found)), as_json, good)


def safe_radius(
    formula: options.Formula = None,
    target: options.Minimizer = None,
    box: options.Box = None,
    gallery: options.GalleryName = None,
    dimension: options.Dimension = None,
    budget: options.Seconds = options.FOREVER,
    variant: options.Variant = options.Ascent.SAM,
    as_json: options.AsJson = False,
) -> None:
    """Prove a radius up to which no point is hallucinated with the target; USAM needs a box.

    Exit status: 0 if one is proved, 1 if none.
    """
    import hallucert as hc

    f, centre = _with_target(formula, target, gallery, dimension)
    sides = None if box is None else options.sides_of(box, gallery, dimension, f.dimension)
    found = hc.safe_radius(f, centre, box=sides, budget=budget, variant=options.plain_variant(variant))
    _bracketed(found, as_json, found.everywhere or found.lower > 0)


def critical_rho(
    formula: options.Formula = None,
    target: options.Minimizer = None,
    gallery: options.GalleryName = None,
    dimension: options.Dimension = None,
    budget: options.Seconds = options.FOREVER,
    as_json: options.AsJson = False,
) -> None:
    """Bracket the smallest radius for which a point is hallucinated with the target.

    Exit status: 0 if both ends are proved, 1 if one is not.
    """
    import hallucert as hc

    f, centre = _with_target(formula, target, gallery, dimension)
    found = hc.critical_rho(f, centre, budget=budget)
    _bracketed(found, as_json, found.lower > 0 and found.upper is not None)


def _with_target(formula: str | None, target: str | None, gallery: str | None, dimension: int | None) -> Any:
    """Return the function and the target that the arguments name."""
    f = options.objective_of(formula, gallery, dimension)
    return f, options.target_of(target, gallery, dimension)


def prevalence(
    rho: options.Rho,
    step_size: options.RunStep,
    formula: options.Formula = None,
    box: options.Starts = None,
    gallery: options.GalleryName = None,
    dimension: options.Dimension = None,
    runs: options.Runs = 1000,
    steps: options.Steps = 100_000,
    width: options.Width = None,
    seed: options.Seed = 0,
    variant: options.Variant = options.Ascent.SAM,
    as_json: options.AsJson = False,
) -> None:
    """Estimate which part of random starts ends at hallucinated points, and at which; exact intervals.

    Exit status: 0.
    """
    import hallucert as hc

    f = options.objective_of(formula, gallery, dimension)
    sides = options.sides_of(box, gallery, dimension, f.dimension)
    wide = None if width is None else options.number_of(width, "--width")
    found = hc.prevalence(
        f, sides, rho, step_size, runs, steps, width=wide, seed=seed, variant=options.plain_variant(variant)
    )

    def data() -> output.JSON:
        share, interval = found.hallucinated
        head = {"function": f.name, "rho": rho, "step_size": step_size, "confidence": found.confidence}
        return head | {"hallucinated": share, "interval": list(interval), "shares": found.shares.records()}

    answer(data, lambda: print_lines(str(found)), as_json)


def basins(
    rho: options.Rho,
    step_size: options.RunStep,
    formula: options.Formula = None,
    box: options.Box = None,
    gallery: options.GalleryName = None,
    dimension: options.Dimension = None,
    depth: options.Depth = 12,
    goal: options.Goal = "0.97",
    budget: options.Seconds = 600.0,
    seed: options.Seed = 0,
    draws: options.Draws = 0,
    save: options.Save = None,
    checkpoint: options.Keep = None,
    as_json: options.AsJson = False,
) -> None:
    """Prove which parts of a box of the plane SAM takes to which attractors, into which traps, or out of the box.

    A trap is a set of cells that SAM never leaves, as where it bounces around a minimizer; those that are proved only
    to lead there or to something else that is named are not counted as decided.

    Ctrl-C ends the search, and what it has found is proved. Exit status: 0 if the goal is proved, 1 if less is.
    """
    import hallucert as hc

    f = options.objective_of(formula, gallery, dimension)
    sides = options.sides_of(box, gallery, dimension, f.dimension)
    part = options.number_of(str(goal), "--goal")
    options.require_savable(save)
    searched = partial(hc.basins, goal=part, depth=depth, budget=budget, checkpoint=checkpoint)
    found = searched(f, sides, rho, step_size, seed=seed, draws=draws)
    if save is not None:
        found.save(save)

    def data() -> output.JSON:
        shares = {name: float_below(getattr(found, name)) for name in ("decided", "hallucinated", "trapped")}
        points = [output.plain(point.enclosure) for point in found.attractors]
        claims = [output.claim_data(claim) for claim in found.all_claims]
        head = {"function": f.name, "rho": rho, "step_size": step_size}
        if found.draw is not None:
            for name, labels in (("likely", found.single), ("likely_hallucinated", found.minimizers)):
                shares[name] = float_below(found.likely(*labels))
        return head | shares | {"attractors": points, "claims": claims, "file": save and str(save)}

    answer(data, lambda: print_lines(str(found)), as_json, found.decided >= part)


def two_cycle(
    start: options.From,
    rho: options.Rho,
    step_size: options.RunStep,
    formula: options.Formula = None,
    gallery: options.GalleryName = None,
    dimension: options.Dimension = None,
    steps: options.Steps = 20_000,
    save: options.Save = None,
    backend: options.Prover = options.Backend.ARB,
    as_json: options.AsJson = False,
) -> None:
    """Find the cycle of two points in which SAM from a start ends, and prove what it is and from where it attracts.

    Exit status: 0 if the cycle is proved to exist, 1 if not.
    """
    import hallucert as hc

    f = options.objective_of(formula, gallery, dimension)
    options.require_savable(save)
    found = hc.find.two_cycle(f, options.point_of(start, "--start"), rho, step_size, steps)
    cert = hc.certify(found, backend=str(backend))
    if save is not None:
        cert.save(save)
    words = partial(output.print_certificates, [cert], [save], f, rho)
    answer(lambda: output.certificate_data(cert, save) | {"step_size": step_size}, words, as_json, cert["existence"])


COMMANDS: dict[str, Callable[..., None]] = {
    "find": find,
    "branch": branch,
    "sheet": sheet,
    "safe-radius": safe_radius,
    "critical-rho": critical_rho,
    "prevalence": prevalence,
    "basins": basins,
    "two-cycle": two_cycle,
}
"""The commands by their names."""
