"""Families of hallucinated points: bifurcation diagrams, and sheets with their targets; what is proved of them.

A chart of a surface is drawn as the square in the tangent plane that it is. In three dimensions matplotlib sorts the
patches of one collection by their depth, but not different artists: what is drawn later is over what was drawn before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hallucert.arguments import checked_items, checked_text, quiet
from hallucert.check.branch.certificate import BranchCertificate
from hallucert.check.sheet.certificate import PiecesCertificate, SheetCertificate
from hallucert.errors import ArgumentError, require
from hallucert.find.curves.records import Branch, EndReason, EventType, Sheet, Surface
from hallucert.objectives.objective import Objective
from hallucert.plot import canvas, layout, proved
from hallucert.plot.canvas import BLUE, ORANGE, SKY, VERMILION, WHITE
from hallucert.plot.layout import BLACK, SIZE, Axes
from hallucert.settings import checked_choice

DENSITY = 24
"""Points drawn between two neighbours of a branch."""
CURVE_STEPS, SURFACE_STEPS = 24, 10
"""Ascent steps drawn."""

STABILITY: dict[str, layout.Options] = {
    "attracting": {"color": BLUE, "ls": "-", "label": "attracts SAM"},
    "repelling": {"color": VERMILION, "ls": (0, (4, 2)), "label": "repels SAM"},
    "undecided": {"color": BLACK, "ls": (0, (1, 2)), "label": "stability undecided"},
}
EVENTS = {
    EventType.FOLD: canvas.Style(">", ORANGE, "fold", 48),
    EventType.BRANCH_POINT: canvas.Style("D", WHITE, "branch point", 48),
    EventType.STABILITY: canvas.Style("s", SKY, "stability change", 48),
}
CRITICAL = canvas.Style("o", WHITE, "critical point of f (multiplier 0)", 48)
BAND: layout.Options = {"color": SKY, "lw": 8.0, "alpha": 0.45, "solid_capstyle": "butt", "zorder": 1}
"""What is proved of a curve."""

Family = Any
"""A `Sheet`, a `Surface`, or what is proved of one (`ProvedSheet`, or its certificate)."""

CORNERS = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], dtype=float)
LIGHT = np.array([0.35, -0.55, 0.76])
"""Where the light comes from, in three dimensions: about unit length, from beside matplotlib's usual viewpoint."""
AMBIENT = 0.6
"""Brightness of a patch on edge to the light; one that faces it, on either side, has 1."""


@quiet
def branches(
    branches: Branch | BranchCertificate | Iterable[Branch | BranchCertificate],
    coordinate: str | None = None,
    ax: Axes | None = None,
    certificates: canvas.Found = (),
    title: str | None = None,
) -> Axes:
    """Draw branches as rho against a coordinate.

    Parameters
    ----------
    branches : Branch, BranchCertificate or iterable of these
        From `hallucert.find.branch` and its relatives, all of one function; or certificates of branches and diagrams,
        of which what is proved is drawn from them alone.
    coordinate : str, optional
        A variable, ``"f"`` or ``"multiplier"``; by default the first variable.
    ax : Axes, optional
        Where to draw; new axes by default.
    certificates : BranchCertificate or iterable of BranchCertificate
        What is proved of them is underlaid by a wide band.
    title : str, optional
        Title of the axes.

    Returns
    -------
    Axes
        The axes drawn on. Solid lines attract SAM, dashed lines repel it, as floats say of a `Branch`; of a
        certificate only where that is proved.

    Raises
    ------
    ArgumentError
        If an argument is not as above.
    """
    drawn, title = _checked(branches), checked_text(title, "title")
    f = drawn[0].objective
    names = (*f.variables, "f", "multiplier", "rho")
    name = f.variables[0] if coordinate is None else checked_choice(coordinate, names, "coordinate")
    must = "be certificates of branches"
    single = isinstance(certificates, BranchCertificate)
    underlaid = [certificates] if single else checked_items(certificates, "certificates", must)
    if not all(isinstance(certificate, BranchCertificate) for certificate in underlaid):
        raise ArgumentError("certificates", certificates, must)
    proofs = [item for item in drawn if isinstance(item, BranchCertificate)]
    ax = canvas.own_axes(ax, 7.2, 5.4)
    for certificate in [*proofs, *underlaid]:
        for z in proved.proved_curves(certificate):
            rho, value = _numbers(certificate.objective, _target(certificate), z, name)
            ax.plot(rho, value, label=canvas.once(ax, "certified"), **_band(ax))
    for item in drawn:
        is_proved = isinstance(item, BranchCertificate)
        for word, z in proved.stretches(item) if isinstance(item, BranchCertificate) else _stretches(item):
            rho, value = _numbers(f, _target(item), z, name)
            label = "proved: " * (is_proved and word != "undecided") + str(STABILITY[word]["label"])
            ax.plot(
                rho, value, lw=1.9 * layout.scale(ax), zorder=3, **STABILITY[word] | {"label": canvas.once(ax, label)}
            )
    for item in drawn:
        _mark_events(ax, item, name)
    layout.finish(ax, ("rho", name), title)
    return ax


def _checked(branches: object) -> list[Branch | BranchCertificate]:
    kinds, must = (Branch, BranchCertificate), "be branches or certificates of branches, at least one"
    items = [branches] if isinstance(branches, kinds) else checked_items(branches, "branches", must)
    require(items and all(isinstance(branch, kinds) for branch in items), "branches", branches, must)
    if any(branch.objective.variables != items[0].objective.variables for branch in items):
        raise ArgumentError("branches", "<branches of several functions>", "belong to one function")
    return items


def _target(item: Branch | BranchCertificate) -> np.ndarray:
    """Return the target, of a certificate the middle of its box."""
    if isinstance(item, Branch):
        return item.target
    return np.array([float(low + high) / 2 for low, high in item.box or ()])


def _stretches(branch: Branch) -> Iterator[tuple[str, np.ndarray]]:
    """Yield a stability and points in ``(x, lambda)``, for each stretch of one stability."""
    stretch: list[np.ndarray] = []
    last = ""
    for i in range(len(branch) - 1):
        pair = [str(s) for s in branch.stability[i : i + 2] if s != "undecided"]
        word = pair[0] if pair else "undecided"
        if stretch and word != last:
            yield last, np.concatenate(stretch)
            stretch = []
        stretch.append(_dense(branch, i))
        last = word
    if stretch:
        yield last, np.concatenate(stretch)


def _dense(branch: Branch, i: int) -> np.ndarray:
    """Return points in ``(x, lambda)`` between neighbours `i` and ``i + 1``, by cubic interpolation with tangents."""
    a, b = branch.points[i], branch.points[i + 1]
    length = float(np.linalg.norm(b - a))
    p = np.linspace(0.0, 1.0, DENSITY)[:, None]
    z = (
        (1 + 2 * p) * (1 - p) ** 2 * a
        + p * (1 - p) ** 2 * length * branch.tangent[i]
        + p * p * (3 - 2 * p) * b
        + p * p * (p - 1) * length * branch.tangent[i + 1]
    )
    z[:, -1] *= branch.scale
    return np.asarray(z)


def _numbers(objective: Objective, target: np.ndarray, z: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return rho and the coordinate for points in ``(x, lambda)``."""
    x = z[:, :-1]
    rho = np.linalg.norm(x - target, axis=1)
    if name in objective.variables:
        return rho, x[:, objective.variables.index(name)]
    values = {"f": objective.floats.value, "rho": lambda _: rho, "multiplier": lambda _: z[:, -1]}
    return rho, np.asarray(values[name](x))


def _mark_events(ax: Axes, item: Branch | BranchCertificate, name: str) -> None:
    """Mark folds, ends at critical points and, as floats say, what else happens on a branch."""
    marks: list[tuple[canvas.Style, np.ndarray]] = []
    if isinstance(item, BranchCertificate):
        found = [(EVENTS[EventType.FOLD], z) for z in proved.folds(item, _target(item))]
        for style, z in [*found, *((CRITICAL, z) for z in proved.critical_ends(item))]:
            marks.append((style, np.array(_numbers(item.objective, _target(item), z[None], name)).ravel()))
    else:
        values = item.coordinate(name)
        for event in item.events:
            critical = event.type is EventType.END and event.reason is EndReason.CRITICAL_POINT
            known = CRITICAL if critical else EVENTS.get(event.type)
            if known is not None:
                marks.append((known, np.array([event.rho, values[event.index]])))
    for style, where in marks:
        canvas.mark(ax, where, replace(style, label=canvas.once(ax, style.label)), zorder=5)


# ---------------------------------------------------------------------- sheets


@quiet
def sheet(
    sheet: Sheet | Surface | PiecesCertificate[Any],
    coordinates: Sequence[str] | None = None,
    ax: Axes | None = None,
    certificate: canvas.Found = None,
    title: str | None = None,
) -> Axes:
    """Draw a sheet and its targets: a curve in two coordinates, a surface in two or three.

    Parameters
    ----------
    sheet : Sheet, Surface, SheetCertificate or SurfaceCertificate
        From `hallucert.find.sheet`; or a certificate, of which what is proved is drawn from it alone.
    coordinates : two or three variables, optional
        Their names; by default the first two for a curve and the first three for a surface. Three are for surfaces
        only.
    ax : Axes, optional
        Where to draw, three-dimensional for three coordinates; new axes by default. On three-dimensional axes what is
        drawn later lies in front (``computed_zorder`` is turned off).
    certificate : SheetCertificate or SurfaceCertificate, optional
        What is proved of a curve is underlaid by a wide band; the charts that are proved take the place of those of
        the surface, in a lighter colour.
    title : str, optional
        Title of the axes.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    ArgumentError
        If an argument is not as above.
    """
    if not isinstance(sheet, Sheet | Surface | PiecesCertificate):
        raise ArgumentError("sheet", sheet, "be a Sheet, a Surface or the certificate of one")
    title, curve = checked_text(title, "title"), isinstance(sheet, Sheet | SheetCertificate)
    places = _places(sheet, coordinates, (2,) if curve else (2, 3))
    if certificate is not None and not hasattr(certificate, "curves" if curve else "atlases"):
        raise ArgumentError("certificate", certificate, f"be the certificate of a {'sheet' if curve else 'surface'}")
    ax = _new_space() if ax is None and len(places) == 3 else canvas.own_axes(ax)
    if isinstance(sheet, PiecesCertificate):
        certificate = sheet if certificate is None else certificate
    shown = proved.proved_sheet(sheet) if isinstance(sheet, PiecesCertificate) else sheet
    (_draw_curve if curve else _draw_surface)(ax, shown, places, certificate)
    names = [sheet.objective.variables[i] for i in places]
    if len(places) == 2:
        layout.finish(ax, names, title, equal=True)
    else:
        _finish_space(ax, names, title)
    return ax


def _places(sheet: Family, coordinates: Sequence[str] | None, allowed: tuple[int, ...]) -> list[int]:
    """Return the positions of the coordinates among the variables; by default as many as may be."""
    variables = sheet.objective.variables
    must = f"be {' or '.join({2: 'two', 3: 'three'}[n] for n in allowed)} of {', '.join(variables[:20])}"
    wanted = variables[: allowed[-1]] if coordinates is None else coordinates
    names = [checked_choice(name, variables, "coordinates") for name in checked_items(wanted, "coordinates", must)]
    require(len(names) in allowed and len(set(names)) >= len(names), "coordinates", coordinates, must)
    return [variables.index(name) for name in names]


def _draw_steps(ax: Axes, sheet: Family, places: list[int], count: int, **style: Any) -> None:
    """Draw some of the ascent steps."""
    for k in np.unique(np.linspace(0, len(sheet) - 1, count).astype(int)).tolist():
        ends = np.stack([sheet.x[k], sheet.target[k]])
        ax.plot(*ends.T[places], color=BLACK, label="_step" if k else "ascent steps", **style)


def _draw_curve(ax: Axes, sheet: Family, places: list[int], certificate: canvas.Found) -> None:
    """Draw a curve in two coordinates."""
    for k, x in enumerate(() if certificate is None else proved.proved_curves(certificate)):
        ax.plot(*x.T[places], label="_certified" if k else "certified", **_band(ax))
    width = 1.9 * layout.scale(ax)
    _draw_steps(ax, sheet, places, CURVE_STEPS, lw=width / 3, alpha=0.35, zorder=2)
    ax.plot(*sheet.target.T[places], color=VERMILION, lw=width, zorder=3, label="targets: minimizers of f")
    attracts = isinstance(sheet, proved.ProvedSheet) and sheet.attracts
    label = "proved: attracts SAM" if attracts else "hallucinated minimizers"
    ax.plot(*sheet.x.T[places], color=BLUE, lw=width, zorder=4, label=label)


def _band(ax: Axes) -> layout.Options:
    """Return the look of what is proved, in the size of the picture."""
    return BAND | {"lw": BAND["lw"] * layout.scale(ax)}


# ---------------------------------------------------------------------- surfaces


def _new_space() -> Axes:
    """Make three-dimensional axes in a figure of their own."""
    import matplotlib.pyplot as plt

    axes: Axes = plt.figure(figsize=SIZE, layout="compressed").add_subplot(projection="3d")
    return axes


def _draw_surface(ax: Any, surface: Family, places: list[int], certificate: canvas.Found) -> None:
    """Draw a surface on axes of as many dimensions as there are `places`."""
    if (ax.name == "3d") != (len(places) == 3):
        raise ArgumentError("ax", f"<{ax.name} axes>", f"have {len(places)} dimensions, one for each coordinate")
    # Matplotlib takes limits from what is plotted first: the targets.
    size, dots = layout.scale(ax), {"color": VERMILION, "zorder": 2}
    ax.plot(*surface.target.T[places], ".", ms=2.5 * size, alpha=0.35, **dots)
    ax.plot(*[[np.nan]] * len(places), ".", ms=6 * size, label="targets: minimizers of f", **dots)
    own = squares(surface.x, surface.tangents, surface.half_widths)
    if certificate is not None:
        charts = proved.certified_squares(certificate, surface.objective.dimension)
        own = own[~_within(own, *charts)]
        _patches(ax, squares(*charts)[..., places], SKY, "certified")
    _patches(ax, own[..., places], BLUE, "hallucinated minimizers" if certificate is None else "found, not certified")
    _draw_steps(ax, surface, places, SURFACE_STEPS, lw=0.9 * layout.scale(ax), alpha=0.6, zorder=3)
    shown = np.concatenate([surface.x, surface.target])[:, places]
    if len(places) == 2:
        ax.update_datalim(shown)
        ax.autoscale_view()
    else:
        ax.computed_zorder = False
        ax.auto_scale_xyz(*shown.T, had_data=True)


def squares(x: np.ndarray, tangents: np.ndarray, half_widths: np.ndarray) -> np.ndarray:
    """Return the corners of charts, (n, 4, d), from their centres (n, d), tangents (n, d, 2) and half widths (n,)."""
    offsets = np.einsum("ndk,ck->ncd", tangents, CORNERS)
    return np.asarray(x[:, None] + half_widths[:, None, None] * offsets)


def _within(own: np.ndarray, x: np.ndarray, tangents: np.ndarray, half_widths: np.ndarray) -> np.ndarray:
    """Tell which squares (n, 4, d) have their middle and all corners, a bit inside, over one of other charts."""
    middle = own.mean(axis=1, keepdims=True)
    points = np.concatenate([middle, middle + 0.9 * (own - middle)], axis=1)
    inside = np.zeros(points.shape[:2], dtype=bool)
    for centre, tangent, h in zip(x, tangents, half_widths, strict=True):
        # Parameters of the foot of a point in the tangent plane, and its distance from there.
        s = (points - centre) @ np.linalg.pinv(tangent).T
        height = np.linalg.norm(points - centre - s @ tangent.T, axis=-1)
        inside |= (np.abs(s).max(axis=-1) <= h) & (height <= h * np.linalg.norm(tangent))
    return np.asarray(inside.all(axis=1))


def _patches(ax: Any, corners: np.ndarray, colour: str, label: str) -> None:
    """Draw quadrilaterals (n, 4, 2) flat and half transparent, or (n, 4, 3) solid and shaded."""
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgb

    if not len(corners):
        return
    if corners.shape[-1] == 2:
        ax.add_collection(PolyCollection(list(corners), fc=colour, ec=colour, lw=0.4, alpha=0.3, zorder=4, label=label))
        return
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 3] - corners[:, 0])
    length = np.linalg.norm(normals, axis=1)
    facing = np.abs(normals @ LIGHT) / np.where(length > 0, length, 1)
    shaded = (AMBIENT + (1 - AMBIENT) * np.minimum(facing, 1))[:, None] * np.array(to_rgb(colour))
    rim = (*to_rgb(WHITE), 0.4)
    patches = Poly3DCollection(corners, facecolors=shaded, edgecolors=rim, lw=0.3, zorder=4, label="_" + label)
    ax.add_collection(patches, autolim=False)
    ax.plot(
        *[[np.nan]] * 3, "s", color=colour, ms=8 * layout.scale(ax), label=label
    )  # the legend shows colours without shade


def _finish_space(ax: Any, names: list[str], title: str | None) -> None:
    """Set labels, equal scales, title and legend of three-dimensional axes."""
    ax.set_aspect("equal")
    ax.locator_params(nbins=5 if layout.scale(ax) >= 1 else 3)
    layout.label(ax, names, title)
