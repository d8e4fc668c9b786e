"""Float-only objectives: any numpy-style function, kept as it is and differentiated by autograd.

For functions that no tape can hold (branches, ``abs``, lookups). Everything in `hallucert.sam`, `find` and `diagnose`
works; nothing can be proved. At kinks the derivatives are those of whichever branch autograd takes.

Autograd differentiates functions written with ``autograd.numpy``. So that plain ``numpy`` works too, the function is
called with a `NumpyBox`, which hands every numpy function that meets it to the autograd function of the same name.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np

from hallucert.arguments import checked_text, checked_whole
from hallucert.errors import ArgumentError, HallucertError, NotAnalyticError, require
from hallucert.objectives.floats import Floats
from hallucert.objectives.front_ends.functions import function_name
from hallucert.objectives.objective import Objective
from hallucert.objectives.tape import MAX_VARIABLES

Value = Any
"""What numpy and autograd hand around, which have no types for it."""

_MUST = (
    "be differentiable by autograd: written with arithmetic and functions of numpy, autograd.numpy or "
    "autograd.scipy. Functions of PyTorch and JAX are not taken"
)


class FloatObjective(Objective):
    """What has no formula: whatever needs one is refused."""

    rigorous = False

    def require_rigorous(self) -> None:
        """Raise `NotAnalyticError`: there is no formula."""
        raise NotAnalyticError(
            f"{self.name} is a float-only objective (rigorous=False): nothing can be proved about it, because "
            "there is no formula to enclose. Give it as a formula, a sympy expression or a traceable callable"
        )

    def _refuse(self, arithmetic: object = None, x: object = None) -> NoReturn:
        """There is nothing to enclose, and a Python function is not data."""
        self.require_rigorous()
        raise NotAnalyticError(f"{self.name} has no formula")

    enclose_value = enclose_gradient = enclose_hessian = to_json = _refuse


class NumericObjective(FloatObjective):
    """An objective that exists in floats only: `function` takes one array of shape (d,) and returns a scalar."""

    def __init__(self, function: Callable[[Value], Value], dimension: int, name: str | None = None) -> None:
        require(callable(function), "function", function, "be callable")
        count = checked_whole(dimension, 1, "dimension", MAX_VARIABLES)
        self.variables = tuple(f"x{i}" for i in range(count))
        self.name = checked_text(name, "name") or function_name(function) or f"a function of {self.dimension} variables"
        self._floats = NumericFloats(function, count)

    def __repr__(self) -> str:
        return f"<Objective {self.name[:60]!r} of {self.dimension} variables, floats only>"

    @property
    def floats(self) -> NumericFloats:
        return self._floats


class NumericFloats(Floats):
    """A Python function on lanes, one after the other."""

    def __init__(self, function: Callable[[Value], Value], dimension: int) -> None:
        self.function, self.dimension = function, dimension

    def value(self, x: np.ndarray) -> np.ndarray:
        return _each(lambda p: float(self._boxed(p)), (), x)

    def domain_arguments(self, x: np.ndarray) -> np.ndarray:
        """Return 1 where the function is finite, else NaN: that is all that is known of its domain."""
        return np.where(np.isfinite(self.value(x)), 1.0, np.nan)[:, None]

    def gradient(self, x: np.ndarray) -> np.ndarray:
        """Return the gradients, by autograd; NaN where the function itself is."""
        from autograd import value_and_grad

        run = value_and_grad(self._boxed)
        both = _each(lambda p: np.append(*run(p)), (1 + self.dimension,), x)
        return np.where(np.isnan(both[:, :1]), np.nan, both[:, 1:])

    def hessian(self, x: np.ndarray) -> np.ndarray:
        from autograd import hessian

        full = _each(hessian(self._boxed), (self.dimension, self.dimension), x)
        return (full + full.transpose(0, 2, 1)) / 2

    def hessian_vector(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        from autograd import hessian_vector_product

        return _each(hessian_vector_product(self._boxed), (self.dimension,), x, v)

    def _boxed(self, x: Value) -> Value:
        """Call the function so that both kinds of numpy work; `x` is an array or autograd's box of one."""
        result = _unbox(self.function(NumpyBox(x)))
        plain: Value = getattr(result, "_value", result)
        require(np.shape(plain) == (), "function", f"<one that returns shape {np.shape(plain)}>", "return a scalar")
        return result


def _each(function: Callable[..., Value], shape: tuple[int, ...], *lanes: np.ndarray) -> np.ndarray:
    """Apply `function` lane by lane; overflow and the like are NaN or inf in the result, not warnings."""
    result = np.empty((lanes[0].shape[0], *shape))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        # autograd's warning where a derivative is 0 because the function is linear or constant
        warnings.filterwarnings("ignore", message="Output seems independent of input")
        for i, point in enumerate(zip(*lanes, strict=True)):
            try:
                result[i] = function(*point)
            except HallucertError:
                raise
            except Exception as error:
                was = f"<one that raises {type(error).__name__}: {error}>"
                raise ArgumentError("function", was, _MUST) from error
    return result


class NumpyBox(np.lib.mixins.NDArrayOperatorsMixin):
    """An array, or autograd's box of one, that numpy's own functions accept; `content` is what it stands for."""

    def __init__(self, content: Value) -> None:
        self.content = content

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Value, **options: Value) -> Value:
        if method != "__call__":
            if method == "reduce" and ufunc is np.add:
                return _call("sum", inputs, {"axis": options.get("axis", 0)})
            raise TypeError(f"np.{ufunc.__name__}.{method} has no derivative in autograd")
        options.pop("out", None)
        return _call(ufunc.__name__, inputs, options, "" if hasattr(np, ufunc.__name__) else "special")

    def __array_function__(self, function: Value, types: Value, args: Value, kwargs: Value) -> Value:
        linear_algebra = "linalg" in getattr(function, "__module__", "")
        return _call(function.__name__, args, kwargs, "linalg" if linear_algebra else "")

    def __getitem__(self, place: Value) -> Value:
        return NumpyBox(self.content[_unbox(place)])

    def __len__(self) -> int:
        return len(self.content)

    def __iter__(self) -> Iterator[Value]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return bool(getattr(self.content, "_value", self.content))

    def __getattr__(self, name: str) -> Value:
        """Attributes of the array; its methods give boxes again. A 0-d box in an object array answers ``.exp()``."""
        if name.startswith("_"):
            raise AttributeError(name)
        if not hasattr(self.content, name):
            return lambda *args, **kwargs: _call(name, (self, *args), kwargs)
        attribute = getattr(self.content, name)
        if callable(attribute):
            return lambda *args, **kwargs: _box(attribute(*_unbox(args), **_unbox(kwargs)))
        return _box(attribute) if name == "T" else attribute


def _call(name: str, args: Value, kwargs: Value, submodule: str = "") -> Value:
    import autograd.numpy
    import autograd.scipy.special

    modules = {"": autograd.numpy, "linalg": autograd.numpy.linalg, "special": autograd.scipy.special}
    module = modules[submodule]
    if not hasattr(module, name):
        raise TypeError(f"{name} has no counterpart in {module.__name__}")
    return _box(getattr(module, name)(*_unbox(args), **_unbox(kwargs)))


def _box(value: Value) -> Value:
    """Wrap what depends on ``x``; comparisons, shapes and the like stay what they are."""
    if isinstance(value, list | tuple):
        return type(value)(_box(item) for item in value)
    plain: Value = getattr(value, "_value", value)
    while hasattr(plain, "_value"):
        plain = plain._value
    return NumpyBox(value) if getattr(plain, "dtype", None) == np.float64 else value


def _unbox(value: Value) -> Value:
    """Replace every `NumpyBox` inside `value`, also in lists and object arrays, by its content."""
    if isinstance(value, NumpyBox):
        return value.content
    if isinstance(value, np.ndarray) and value.dtype == object:
        import autograd.numpy

        items = [_unbox(item) for item in value.ravel()]
        return autograd.numpy.reshape(autograd.numpy.array(items), value.shape)
    if type(value) in (list, tuple):
        return type(value)(_unbox(item) for item in value)
    return {key: _unbox(item) for key, item in value.items()} if isinstance(value, dict) else value
