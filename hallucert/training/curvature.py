"""Eigenvalues of the Hessian during a run of SAM in PyTorch: how sharp it is at ``x`` and ``x+``, and what is stable.

They come from Hessian-vector products of a copy of the network, in double precision, on data that are given: nothing of
the run is touched, neither weights nor gradients, statistics or random numbers.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch

from hallucert.arguments import checked_whole
from hallucert.diagnosis.spectra import ritz_values
from hallucert.errors import require
from hallucert.find.eigenvalues import extreme_eigenvalues, hessian_at
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import RadiusLaw
from hallucert.training.guard import Group


class Curvature:
    """The ends of the spectrum of the Hessian at ``x`` and at ``x+``, and the edge of stability.

    Parameters
    ----------
    model : module
        The network that is trained. Dropout layers are switched off; batch normalization stays as it is.
    loss, data
        As for `hallucert.Objective.from_torch` with ``rigorous=False``: also any function of outputs and targets; all
        that eigenvalues shall be of, a batch that stays the same for example.
    every : int
        Steps from one measurement to the next.
    products : int
        Hessian-vector products for each of the three spectra, at least 4, and twice as many for the edge; each spectrum
        keeps so many vectors of doubles.
    variant : {"sam", "usam"}
        The ascent, for ``x+``.

    Raises
    ------
    ArgumentError
        For data that do not fit, or a loss that changes from call to call.

    Notes
    -----
    The edge is ``step |mu| / (2 + 2 momentum)``, ``mu`` the largest eigenvalue of ``M = H(x+) J``, ``J`` the derivative
    of ``x+``: above 1 gradient steps of this length leave a fixed point of the iteration. With Nesterov's momentum the
    divisor is ``2 (1 + momentum)/(1 + 2 momentum)``. NaN for other base optimizers, which have steps of their own.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        loss: Any,
        data: Any,
        *,
        every: int = 100,
        products: int = 20,
        variant: str = "sam",
    ) -> None:
        require(variant in ("sam", "usam"), "variant", variant, "be sam or usam")
        self.model, self.loss, self.data, self.law = model, loss, data, RadiusLaw(variant)
        self.every = checked_whole(every, 1, "every")
        self.products = checked_whole(products, 4, "products")
        self.objective()

    def __repr__(self) -> str:
        return f"<Curvature of {type(self.model).__name__} every {self.every} steps>"

    def objective(self) -> Objective:
        """Return the loss as a function of the weights, at present those of the network."""
        require(isinstance(self.model, torch.nn.Module), "model", self.model, "be a module of PyTorch")
        still = copy.deepcopy(self.model)
        for part in still.modules():
            if isinstance(part, torch.nn.modules.dropout._DropoutNd):
                part.eval()
        return Objective.from_torch(still, self.loss, self.data, rigorous=False)

    def measured(self, group: Group, factor: float = 1.0) -> dict[str, float]:
        """Return what a `Row` has of it, for the options of a group of weights (``lr``, ``rho``, ``momentum``)."""
        if not all(bool(p.isfinite().all()) for p in self.model.parameters()):
            return {}  # the run has diverged
        f: Any = self.objective()
        rho, x = group["rho"] * factor, f.parameters
        size, u = self.law.floats.direction(f.gradient(x))
        here = hessian_at(f, x)
        there = hessian_at(f, x + rho * u) if size > 0 else here
        start = np.random.default_rng(0).standard_normal(x.size)
        found: dict[str, float] = {}
        for name, hessian in (("", here), ("_plus", there)):
            ends = extreme_eigenvalues(hessian, start, self.products)
            found |= {f"smallest{name}": ends.smallest, f"largest{name}": ends.largest}
        if (reach := _reach(group)) is not None and size > 0:

            def m(v: np.ndarray) -> np.ndarray:
                return there(v + rho / size * self.law.floats.tangential(u, here(v)))

            found["edge"] = reach * float(np.abs(ritz_values(m, start, self.products)[0]).max())
        return found


def _reach(group: Group) -> float | None:
    """Return the step over what is stable at curvature 1; None for steps that are not those of SGD."""
    if group.get("dampening", 1) != 0:  # others do not have it, or take gradients in part
        return None
    momentum = group["momentum"]
    allowed = 2 * (1 + momentum) / (1 + 2 * momentum * bool(group["nesterov"]))
    return float(group["lr"]) / allowed
