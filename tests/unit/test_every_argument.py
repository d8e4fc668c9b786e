"""Every argument of every public function takes what it is given or refuses it with a typed error.

The functions are found by looking, so that one that is added, or an argument that is added, fails here until it has a
base call. What a call returns is not looked at: other tests do.
"""

from __future__ import annotations

import importlib.util
import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib.pyplot as plt
import pytest
import sympy
from nasty_values import Held, nasty

import hallucert as hc
from hallucert.errors import HallucertError
from hallucert.objectives.program.objective import ProgramObjective
from hallucert.prove.certify import OfBranch, OfFunction

pytestmark = pytest.mark.thorough

WELL = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
LINE = hc.Objective.least_squares(["x**2 + y**2 - 1"])
SQUARES = hc.Objective.least_squares(["x**2 - 1", "y**2 - 1"])
NET = hc.TanhNetwork((1, 1, 2), [[1.0], [2.0]], [0, 1], loss="cross_entropy", weight_decay="0.1")
BOX, POINT = [(-2, 2), (-1, 1)], [-0.5, 0.01]
BRANCH = hc.find.branch(hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2"), (0, 0), (1, 1), rho_max=1.5, max_steps=20)
SHEET = hc.find.sheet(hc.find.hallucinate(LINE, (-0.5, 0.1), "1.5").objective, (-0.5, 0.0), "1.5", max_steps=5)
SHORT = hc.find.branch(WELL, (-0.5, 0), (1, 0), ds=1e-3, ds_max=1e-3, max_steps=1)
BOWL, BENT = hc.Objective.parse("x**2"), hc.Objective.parse("x**2 + 2*y**2")
CYCLE = hc.find.two_cycle(BENT, (1, 1), 1, "0.1", 100)
CENSUS = hc.census(WELL, BOX, "1.5", workers=1)
TORCH = importlib.import_module("torch").nn.Linear(1, 1) if importlib.util.find_spec("torch") else None
JAX: dict[str, Any] = {"loss": "squared", "weight_decay": 1, "rigorous": True, "name": "f"}
FARTHEST = hc.find.farthest_point(hc.gallery.load("four_well"), (0, 0), (1, 1))
PREVALENCE = hc.prevalence(WELL, BOX, "1.5", "0.1", runs=3, steps=5, progress=False)

SHAPES: dict[str, Any] = {"f": WELL, "x": POINT, "rho": "1.5", "variant": "sam"}
STEPS: dict[str, Any] = {"ds": 0.1, "ds_min": 0.01, "ds_max": 0.2, "max_steps": 3}
LIMITS: dict[str, Any] = {"box": BOX, "rho_max": 1.6, "rho_min": "0.1", "events": ["fold"], **STEPS}
RUN: dict[str, Any] = {
    "rho": "1.5",
    "step_size": 0.1,
    "steps": 3,
    "warmup": 0.5,
    "every": 1,
    "tolerance": 1e-9,
    "bound": 10,
    "progress": False,
    "momentum": 0.1,
    "batch_seed": 1,
    "batches": None,
    "batch_order": "independent",
    "dtype": "float64",
    "threads": 1,
    "variant": "sam",
}
FLOW = {"f": WELL, "box": BOX, "rho": "1.5", "step_size": "0.1", "attractors": (), "budget": Held(0.1), "seed": 0}
GRID: dict[str, Any] = {"levels": 2, "resolution": 10}
PICTURE: dict[str, Any] = {"ax": None, "title": None, **GRID}
CELLS = hc.basins(WELL, BOX, "1.5", "0.1", attractors=(), depth=1, workers=1)

BASES: dict[str, list[dict[str, Any]]] = {
    "certify": [
        {"subject": WELL, "x": POINT, "rho": "1.5", "progress": False, "variant": "sam"},
        {"subject": WELL, "x": POINT, "rho": "1.5", "radius": "1e-3", "precisions": [53], "backend": "arb"},
        {
            "subject": WELL,
            "x": POINT,
            "rho": "1.5",
            "basin": 1,
            "start": [-0.5, 0],
            "precisions": Held([53]),
            "budget": 1,
        },
        {"subject": WELL, "x": POINT, "rho": "1.5", "global_box": BOX, "max_boxes": 1, "precisions": Held([53])},
        {"subject": WELL, "x": POINT, "rho": "1.5", "basin": 2, "momentum": "1/2", "nesterov": True, "budget": Held(1)},
        {"subject": CYCLE, "radius": "1e-3", "max_boxes": 10, "precisions": Held([53])},
        {"subject": SHORT, "gap": 0.01, "budget": Held(1e-3)},
        {"subject": SHORT, "resume": None, "budget": Held(1e-3)},
        {"subject": WELL, "x": POINT, "rho": "1.5", "checkpoint": None, "weight_decay": 1, "precisions": Held([53])},
        {
            "subject": SQUARES,
            "x": [-0.5, -0.5],
            "rho": "1.5",
            "batches": [[0], [1]],
            "probabilities": ["1/3", "2/3"],
            "precisions": Held([53]),
        },
    ],
    "certify_stall": [{**SHAPES, "progress": False, "x": (0.001, -0.5), "radius": "1e-3", "backend": "arb"}],
    "load": [{"path": "nowhere.json"}],
    "verify": [{"source": CENSUS, "progress": False, "backend": "arb", "max_boxes": 1, "budget": 1e-3}],
    "diagnose": [{**SHAPES, "progress": False, "step_size": 0.1, "products": 20}],
    "census": [
        {
            "f": WELL,
            "box": BOX,
            "rho": "1.5",
            "max_boxes": 1,
            "budget": 0.1,
            "workers": 1,
            "checkpoint": None,
            "progress": False,
            "tolerance": 1e-4,
            "backend": "float",
            "variant": "sam",
        }
    ],
    "diagram": [
        {
            "f": BENT,
            "progress": False,
            "target": (0, 0),
            "box": BOX,
            "backend": "arb",
            "max_boxes": 1,
            "budget": 1e-3,
            "seed": 0,
            "resume": None,
        }
    ],
    "safe_radius": [
        {
            "f": WELL,
            "target": (1, 0),
            "rtol": 0.1,
            "max_boxes": 5,
            "budget": 0.1,
            "backend": "float",
            "progress": False,
        },
        {"f": WELL, "target": (1, 0), "box": BOX, "variant": "usam", "max_boxes": 5},
    ],
    "critical_rho": [
        {
            "f": WELL,
            "target": (1, 0),
            "rtol": 0.1,
            "limit": 1.2,
            "progress": False,
            "max_boxes": 5,
            "budget": 0.1,
            "backend": "float",
            "variant": "sam",
        }
    ],
    "RadiusLaw": [{"variant": "asam", "scales": [1, "1/2"]}],
    "TanhNetwork": [
        {
            "layer_sizes": (1, 1, 2),
            "inputs": [[1.0], [2.0]],
            "targets": [0, 1],
            "loss": "cross_entropy",
            "weight_decay": "0.1",
            "label_smoothing": "0.1",
            "output": "tanh",
            "name": "net",
        },
        {"layer_sizes": (1, 1, 1), "inputs": [[1.0], [2.0]], "targets": [1.0, 2.0]},
    ],
    "TanhNetwork.initial": [{"self": NET, "seed": 0, "scheme": "normal", "gain": 1.0, "count": 2}],
    "TanhNetwork.predict": [{"self": NET, "x": [0.1] * 6, "inputs": [[1.0]]}],
    "TanhNetwork.accuracy": [{"self": NET, "x": [0.1] * 6, "inputs": [[1.0]], "labels": [0]}],
    "Objective.parse": [{"formula": "x*y", "variables": ["x", "y"], "name": "f"}],
    "Objective.least_squares": [{"residuals": ["x*y"], "variables": ["x", "y"], "n": 2, "name": "f"}],
    "Objective.from_torch": [
        {
            "module": TORCH,
            "loss": "squared",
            "data": ([[1.0]], [0.5]),
            "weight_decay": 1,
            "trainable": False,
            "rigorous": True,
            "name": "f",
        }
    ],
    "Objective.from_jax": [
        {"fn": lambda p, x: p[0] * x, "params": [1.0], **JAX, "data": ([[1.0]], [0.5])},
        {"fn": lambda p: p[0] ** 2, "params": [1.0], **JAX, "loss": "value", "data": None},
    ],
    "Objective.from_sympy": [{"expression": sympy.Symbol("x") ** 2, "variables": ["x"], "name": "f"}],
    "Objective.from_callable": [{"function": lambda x: x[0] ** 2, "dimension": 1, "rigorous": True, "name": "f"}],
    **{f"Objective.{name}": [{"self": WELL, "x": POINT}] for name in ("value", "gradient", "hessian")},
    "Objective.hessian_vector_product": [{"self": WELL, "x": POINT, "v": POINT}],
    **{f"Objective.{name}": [{"self": LINE, "x": POINT}] for name in ("residual", "residual_jacobian")},
    "Branch.coordinate": [{"self": BRANCH, "name": "x"}],
    "find.branch": [{"f": WELL, "progress": False, "start": (-0.5, 0), "target": (1, 0), "variant": "sam", **LIMITS}],
    "find.branches": [
        {"f": BOWL, "progress": False, "target": (0,), "seed": 0, "variant": "sam", **LIMITS, "box": [(-1, 1)]}
    ],
    "find.switch_branch": [{"branch": BRANCH, "event": BRANCH.events[0], **LIMITS}],
    "find.critical_points": [{"f": WELL, "progress": False, "box": BOX, "starts": 3, "seed": 0}],
    "find.farthest_point": [
        {
            "f": FARTHEST.objective,
            "maximizer": (0, 0),
            "target": (1, 1),
            "level": None,
            "seed": 0,
            "variant": "sam",
            "level_function": None,
        }
    ],
    "find.two_cycle": [{"f": BENT, "start": (1, 1), "rho": 1, "step_size": "0.1", "max_steps": 9, "progress": False}],
    "find.hallucinate": [
        {
            "f": LINE,
            "progress": False,
            "start": POINT,
            "rho": "1.5",
            "max_steps": 3,
            "tolerance": 1e-9,
            "variant": "sam",
        },
        {"f": SQUARES, "start": [-0.45, -0.5], "rho": "1.5", "batches": [[0], [1]]},
    ],
    "find.on_branch": [{"branch": BRANCH, "rho": "1.4"}],
    "find.on_sphere": [
        {"f": WELL, "progress": False, "target": (1, 0), "rho": "1.5", "starts": 1, "seed": 0, "variant": "sam"}
    ],
    "find.refine": [{**SHAPES, "progress": False, "max_steps": 3, "weight_decay": None}],
    "find.sheet": [
        {
            "f": LINE,
            "progress": False,
            "start": (-0.5, 0),
            "rho": "1.5",
            "box": [(-2, 2), (-2, 2)],
            "variant": "sam",
            **STEPS,
        }
    ],
    **{
        f"sam.{name}": [SHAPES]
        for name in ("perturbed_point", "sam_value", "shifted_gradient", "sam_gradient", "sam_matrix")
    },
    "sam.perturbation_jacobian": [SHAPES],
    "sam.direction_jacobian": [{"f": WELL, "x": POINT, "variant": "sam"}],
    "sam.run": [{"f": WELL, "start": POINT, "batch_size": None, **RUN}],
    "sam.run_ensemble": [
        {**RUN, "f": NET, "starts": [[0.1] * 6], "batch_size": 1, "seeds": [3], "held_out": ([[1.0]], [0])},
        {"f": WELL, "starts": [POINT], "rho": 1, "step_size": 0.1, "steps": 2, "observe_every": 1, "checkpoint": None},
    ],
    "sam.each": [{"values": "1"}],
    "basins": [{**FLOW, "goal": 0.5, "depth": 1, "workers": 1, "checkpoint": None, "draws": 0, "progress": False}],
    "prevalence": [
        {
            "f": WELL,
            "sampler": BOX,
            "rho": 1,
            "step_size": 0.1,
            "runs": 2,
            "steps": 2,
            "width": 0.5,
            "confidence": 0.95,
            "seed": 0,
            "prove": 0,
            "progress": False,
        }
    ],
    "plot.certificate": [{"certificate": CENSUS, "ax": None, "title": None}],
    "plot.prevalence": [{"found": PREVALENCE, "ax": None, "title": None}],
    "plot.branches": [{"branches": BRANCH, "coordinate": "x", "certificates": (), "ax": None, "title": None}],
    "plot.save": [{"ax": None, "path": "picture.png"}],
    "plot.basins": [{"found": CELLS, "steps": False, **PICTURE}],
    "plot.census": [{"found": CENSUS, "steps": False, **PICTURE}],
    "plot.construction": [{"candidate": FARTHEST, **PICTURE}],
    "plot.landscape": [
        {
            "f": WELL,
            "box": BOX,
            "rho": "1.5",
            "points": (),
            "trajectory": [(0, 0), (1, 1)],
            "surface": "f",
            "field": "none",
            "spheres": False,
            **PICTURE,
        }
    ],
    "plot.plane": [
        {
            "f": WELL,
            "center": POINT,
            "directions": [(1, 0)],
            "points": [(1, 1)],
            "rho": None,
            "names": ["a", "b"],
            "extent": 1.0,
            "trajectory": None,
            **PICTURE,
        }
    ],
    "plot.radii": [
        {"f": WELL, "box": BOX, "rho": ["1.5"], "points": None, "columns": 2, "field": "none", "size": None, **GRID},
    ],
    "plot.sheet": [{"sheet": SHEET, "coordinates": ["x", "y"], "certificate": None, "ax": None, "title": None}],
    "gallery.info": [{"name": "rastrigin", "dimension": 2}, {"name": "double_well", "b": 1}],
    "gallery.load": [{"name": "rastrigin", "dimension": 2}, {"name": "double_well", "b": 1}],
    "gallery.names": [{}],
}

OPTIONS = {
    "certify": {*OfFunction.__annotations__, *OfBranch.__annotations__},
    "diagnose": {"x", "rho", "step_size", "products", "variant", "progress"},
}
"""What functions take as ``**options``."""

METHODS = {"Objective": hc.Objective, "TanhNetwork": hc.TanhNetwork, "Branch": hc.Branch}
UNCHECKED = (
    *("enclose_",),
    *("require_rigorous", "to_json", "as_formula"),
)
"""Parts of the names of methods for the library's own arrays and balls, unchecked, and of those that take nothing."""


def _public() -> dict[str, Callable[..., Any]]:
    """Find every public function, the classes that users make objects of, and their methods."""
    found: dict[str, Callable[..., Any]] = {"RadiusLaw": hc.RadiusLaw, "TanhNetwork": hc.TanhNetwork}
    for prefix, module in {"": hc, "find.": hc.find, "sam.": hc.sam, "plot.": hc.plot, "gallery.": hc.gallery}.items():
        found |= {prefix + n: f for n in module.__all__ if inspect.isfunction(f := getattr(module, n))}
    inherited = {name for name, _ in inspect.getmembers(ProgramObjective, inspect.isroutine)}
    for owner, kind in METHODS.items():
        for name, method in inspect.getmembers(kind, lambda m: inspect.isfunction(m) or inspect.ismethod(m)):
            own = not name.startswith("_") and (owner != "TanhNetwork" or name not in inherited)
            if own and not any(part in name for part in UNCHECKED):
                found[f"{owner}.{name}"] = method
    return found


FUNCTIONS = _public()


def test_every_argument_has_a_base_call():
    """A public function or argument that is missing below is not tried by the other test."""
    assert set(FUNCTIONS) == set(BASES)
    for name, function in FUNCTIONS.items():
        parameters = inspect.signature(function).parameters
        open_ended = ("VAR_KEYWORD", "VAR_POSITIONAL") if name in OPTIONS else ("VAR_KEYWORD",)
        named = {n for n, p in parameters.items() if p.kind.name not in open_ended}
        tried = {argument for base in BASES[name] for argument in base}
        extra = {"b", "dimension"} if name.startswith("gallery.") else OPTIONS.get(name, set())
        assert named | OPTIONS.get(name, set()) <= tried <= named | extra, name


OWN_ERRORS = ("progress", "rho", "step_size")
"""Arguments that may be functions of the user's, whose errors are the user's own."""


def _calls(name: str) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yield every call as the argument, the nasty value, and all arguments."""
    for base, value in itertools.product(BASES[name], nasty()):
        plain = {a: v.value if isinstance(v, Held) else v for a, v in base.items()}
        for argument in base:
            held = argument == "self" or isinstance(base[argument], Held)
            if not held and not (callable(value) and argument in OWN_ERRORS):
                yield argument, value, {**plain, argument: value}


def _call(function: Callable[..., Any], arguments: dict[str, Any]) -> None:
    positional = [arguments.pop(name) for name in ("self", "values") if name in arguments]
    function(*positional, **arguments)


def _marked(name: str) -> Any:
    """A function of another framework is tried where these are."""
    foreign = name in ("Objective.from_torch", "Objective.from_jax")
    return pytest.param(name, marks=pytest.mark.frameworks) if foreign else name


@pytest.mark.parametrize("name", [_marked(name) for name in sorted(BASES)])
@pytest.mark.filterwarnings("ignore")
def test_nasty_values_raise_typed_errors_or_none(name, tmp_path, monkeypatch):
    """No value makes a function fail in another way, nor hang."""
    monkeypatch.chdir(tmp_path)  # "abc" is the name of a checkpoint
    wrong = []
    for argument, value, arguments in _calls(name):
        try:
            _call(FUNCTIONS[name], arguments)
        except HallucertError as error:
            str(error).encode()
        except Exception as error:
            if not (isinstance(error, OSError) and argument in ("path", "source", "resume")):
                wrong.append(f"{argument} = {_short(value)}: {type(error).__name__}: {error}"[:150])
    plt.close("all")
    assert not wrong, "\n" + "\n".join(wrong[:40]) + f"\n{len(wrong)} in all"


def _short(value: Any) -> str:
    try:
        return repr(value)[:40]
    except ValueError:
        return f"<{type(value).__name__}>"
