"""SAM for optax: the steps of a loop written by hand, under jit and scan, and nothing undefined at zero gradients."""

from __future__ import annotations

import numpy as np
import pytest

jax = pytest.importorskip("jax", exc_type=ImportError)
optax = pytest.importorskip("optax", exc_type=ImportError)

from hallucert.errors import ArgumentError  # noqa: E402
from hallucert.training.optax import sam  # noqa: E402

jnp = jax.numpy
pytestmark = pytest.mark.frameworks


@pytest.fixture(autouse=True)
def _doubles():
    with jax.enable_x64(True):
        yield


def well(z):
    return (z["x"] ** 2 - 1) ** 2 / 4 + z["y"] ** 2 / 4


def by_hand(z, rho, steps):
    z = np.array(z)
    for _ in range(steps):
        gradient = lambda z: np.array([z[0] ** 3 - z[0], z[1] / 2])  # noqa: E731
        g = gradient(z)
        z = z - 0.1 * gradient(z + rho * g / np.linalg.norm(g))
    return z


def test_a_scan_under_jit_stops_at_the_hallucinated_point():
    """On the double well with rho = 1.4: the iterates by hand, the end (0.4, 0), and its gradients in the state."""
    optimizer = sam(optax.sgd(0.1), rho=1.4)
    start = {"x": jnp.asarray(0.3), "y": jnp.asarray(0.2)}

    def step(carry, _):
        params, state = carry
        updates, state = optimizer.update(jax.grad(well)(params), state, params, grad_fn=jax.grad(well))
        return (optax.apply_updates(params, updates), state), None

    run = jax.jit(lambda carry, n: jax.lax.scan(step, carry, None, length=n)[0], static_argnums=1)
    few, _ = run((start, optimizer.init(start)), 20)
    assert np.allclose([few["x"], few["y"]], by_hand([0.3, 0.2], 1.4, 20), rtol=0, atol=1e-12)
    end, state = run((start, optimizer.init(start)), 600)
    assert abs(end["x"] - 0.4) < 1e-9 and abs(end["y"]) < 1e-9
    assert abs(state.norm - 0.336) < 1e-9 and state.norm_plus < 1e-9 and state.count == 600


def test_a_zero_gradient_is_no_nan():
    """At a critical point x+ = x, and every number of the state but the cosine is finite."""
    optimizer = sam(optax.adam(0.1), rho=1.0)
    params = {"x": jnp.asarray(1.0), "y": jnp.asarray(0.0)}
    updates, state = optimizer.update(jax.grad(well)(params), optimizer.init(params), params, grad_fn=jax.grad(well))
    assert all(np.isfinite(v) for v in jax.tree.leaves(updates)) and state.norm == 0 and state.norm_plus == 0


def test_steps_are_those_of_optax():
    """The same parameters as optax's own SAM in its opaque mode, with momentum."""
    start = {"x": jnp.asarray(0.3), "y": jnp.asarray(0.2)}
    ours, theirs = (
        sam(optax.sgd(0.1, momentum=0.9), rho=0.2),
        optax.contrib.sam(
            optax.sgd(0.1, momentum=0.9),
            optax.chain(optax.contrib.normalize(), optax.sgd(0.2)),
            sync_period=2,
            opaque_mode=True,
        ),
    )
    ends = []
    for optimizer, extra in ((ours, lambda p: jax.grad(well)(p)), (theirs, lambda p, _: jax.grad(well)(p))):
        params, state = start, optimizer.init(start)
        for _ in range(15):
            updates, state = optimizer.update(jax.grad(well)(params), state, params, grad_fn=extra)
            params = optax.apply_updates(params, updates)
        ends.append([float(params["x"]), float(params["y"])])
    assert np.allclose(*ends, rtol=0, atol=1e-12) and ends[0][0] > 0.5


def test_schedules_and_usam():
    """A schedule of rho is asked with the number of the step; without normalisation the step is rho g."""
    params = {"x": jnp.asarray(0.5), "y": jnp.asarray(0.0)}
    seen = []
    optimizer = sam(optax.sgd(0.0), rho=lambda count: count + 1.0, normalised=False)
    state = optimizer.init(params)
    for _ in range(2):
        _, state = optimizer.update(
            jax.grad(well)(params), state, params, grad_fn=lambda p: (seen.append(float(p["x"])), jax.grad(well)(p))[1]
        )
    assert np.allclose(seen, [0.5 - 0.375, 0.5 - 2 * 0.375]) and state.rho == 2.0


def test_what_is_missing_is_named():
    """No gradient function, no parameters, a negative radius."""
    params = {"x": jnp.asarray(0.5), "y": jnp.asarray(0.0)}
    optimizer = sam(optax.sgd(0.1))
    with pytest.raises(ArgumentError, match="grad_fn"):
        optimizer.update(params, optimizer.init(params), params)
    with pytest.raises(ArgumentError, match="params"):
        optimizer.update(params, optimizer.init(params), grad_fn=jax.grad(well))
    with pytest.raises(ArgumentError, match="rho"):
        sam(optax.sgd(0.1), rho=-1.0)


@pytest.mark.parametrize("size", [1e-5, 1e4])
def test_half_precision_ascends(size):
    """Gradients whose squares under- or overflow in float16 still give a step of length rho."""
    moved = []

    def gradient(p):
        moved.append(p)
        return jnp.full(2, size, jnp.float16)

    optimizer, z = sam(optax.sgd(0.1), rho=0.5), jnp.zeros(2, jnp.float16)
    _, state = optimizer.update(jnp.full(2, size, jnp.float16), optimizer.init(z), z, grad_fn=gradient)
    assert np.isclose(np.linalg.norm(np.asarray(moved[0], float)), 0.5, rtol=1e-3)
    assert np.isclose(float(state.cosine), 1.0, rtol=1e-3)


@pytest.mark.parametrize(
    ("base", "rho", "name"),
    [(optax.sgd, 0.1, "base"), *((optax.sgd(0.1), rho, "rho") for rho in ("a", None, [1], True, float("nan")))],
)
def test_what_is_no_transformation_and_no_radius_is_named(base, rho, name):
    """A class of optimizers instead of one, and radii that are no numbers."""
    with pytest.raises(ArgumentError, match=name):
        sam(base, rho=rho)


def test_a_radius_may_be_a_hyperparameter():
    """Traced under jit, by `optax.inject_hyperparams`: the step of the same number."""
    z, ends, gradient = jnp.asarray([0.5, 0.25]), [], jax.grad(lambda p: (p**4).sum())
    for optimizer in (
        optax.inject_hyperparams(lambda rho: sam(optax.sgd(0.1), rho))(rho=0.5),
        sam(optax.sgd(0.1), 0.5),
    ):
        update = jax.jit(
            lambda z, state, optimizer=optimizer: optimizer.update(gradient(z), state, z, grad_fn=gradient)
        )
        ends.append(update(z, optimizer.init(z))[0])
    assert np.allclose(*ends, rtol=1e-12)


def test_a_gradient_with_its_value_is_refused():
    """`value_and_grad` instead of `grad`: the message names the argument."""
    optimizer, z = sam(optax.sgd(0.1)), jnp.ones(2)
    with pytest.raises(ArgumentError, match="without the value"):
        optimizer.update(z, optimizer.init(z), z, grad_fn=jax.value_and_grad(lambda p: p.sum()))
