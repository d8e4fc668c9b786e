"""Functions of JAX as objectives: JAX's own numbers, proofs of what was trained, and misuse by its name."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError, MissingPackageError, NotAnalyticError

jax = pytest.importorskip("jax")
pytestmark = pytest.mark.frameworks
jnp, nn, lax = jax.numpy, jax.nn, jax.lax
ravel_pytree = importlib.import_module("jax.flatten_util").ravel_pytree

RNG = np.random.default_rng(0)
IMAGES = ("NHWC", "HWIO", "NHWC")


def dense(p, x):
    return x @ p["kernel"] + p["bias"]


def weights(rows, columns):
    return {"kernel": RNG.normal(size=(rows, columns)) / np.sqrt(rows), "bias": RNG.normal(size=columns) / 4}


def perceptron(activation, width=3):
    """One hidden layer."""
    params = {"first": weights(2, 3), "last": weights(width, 2)}
    return lambda p, x: dense(p["last"], activation(dense(p["first"], x))), params, (5, 2)


def norm(p, x, axes=-1):
    """Layer or batch norm, with the variance as Flax computes it."""
    mean = x.mean(axes, keepdims=True)
    variance = jnp.maximum(0.0, (x * x if axes == -1 else x**2).mean(axes, keepdims=True) - lax.square(mean))
    return (x - mean) * lax.rsqrt(variance + 1e-5) * p["scale"] + p["bias"]


def convolutional():
    def network(p, x):
        y = lax.conv_general_dilated(x, p["kernel"], (1, 1), "SAME", dimension_numbers=IMAGES)
        y = nn.silu(norm(p, y, (0, 1, 2)))
        y = lax.reduce_window(y, 0.0, lax.add, (1, 2, 2, 1), (1, 2, 2, 1), "VALID") / 4
        return dense(p["last"], y.reshape(len(x), -1))

    params = {"kernel": RNG.normal(size=(2, 3, 1, 2)), "scale": np.ones(2), "bias": RNG.normal(size=2)}
    return network, {**params, "last": weights(8, 2)}, (3, 4, 4, 1)


def grouped():
    def network(p, x):
        options = {"dimension_numbers": ("NCH", "OIH", "NCH"), "rhs_dilation": (2,), "feature_group_count": 2}
        y = lax.conv_general_dilated(x, p["kernel"], (2,), ((1, 2),), **options)
        return jnp.tanh(y).mean(2)[:, ::-1] + p["bias"]

    return network, {"kernel": RNG.normal(size=(4, 1, 2)), "bias": RNG.normal(size=4)}, (3, 2, 6)


def residual():
    def network(p, x):
        return dense(p["last"], x + nn.gelu(norm(p, dense(p["inner"], x)), approximate=False))

    params = {"inner": weights(4, 4), "scale": RNG.normal(size=4), "bias": RNG.normal(size=4), "last": weights(4, 1)}
    return network, params, (3, 4)


def attended(p, x, mask=None):
    q, k, v = (jnp.einsum("nte,ehf->nthf", x, p[name]) for name in "qkv")
    scores = jnp.einsum("nthf,nshf->nhts", q, k) / jnp.sqrt(q.shape[-1])
    scores = scores if mask is None else jnp.where(mask, scores, -jnp.inf)
    return jnp.einsum("nhts,nshf->nthf", nn.softmax(scores), v).reshape(x.shape)


def heads():
    return {name: RNG.normal(size=(4, 2, 2)) for name in "qkv"}


def attention():
    return lambda p, x: dense(p["last"], attended(p, x).mean(1)), {**heads(), "last": weights(4, 1)}, (3, 5, 4)


def causal():
    def network(p, tokens):
        x = p["embedding"][tokens]
        mask = jnp.tril(jnp.ones((tokens.shape[1],) * 2, dtype=bool))
        return dense(p["last"], x + attended(p, x, mask))[:, -1]

    return network, {**heads(), "embedding": RNG.normal(size=(5, 4)), "last": weights(4, 5)}, None


def transformer():
    """Two layers, one after the other in a loop, each behind a checkpoint."""

    @jax.checkpoint
    def layer(x, p):
        x = x + attended(p, norm(p, x))
        return x + dense(p["out"], nn.gelu(dense(p["in"], x))), x.sum()

    def network(p, x):
        last, sums = lax.scan(layer, x, p["layers"])
        return last[:, 0, :1] + sums.mean()

    layers = [{**heads(), "scale": np.ones(4), "bias": np.zeros(4), "in": weights(4, 8), "out": weights(8, 4)}] * 2
    return network, {"layers": jax.tree.map(lambda *parts: np.stack(parts), *layers)}, (2, 3, 4)


def recurrent():
    def network(p, x):
        def step(i, state):
            return jnp.tanh(state @ p["state"] + jnp.asarray(x)[:, i] @ p["input"])

        return lax.fori_loop(0, 3, step, jnp.zeros((len(x), 2)))

    return network, {"state": RNG.normal(size=(2, 2)), "input": RNG.normal(size=(2, 2))}, (4, 3, 2)


NETWORKS = {
    **{name: perceptron(getattr(nn, name)) for name in ("tanh", "sigmoid", "softplus", "gelu", "silu", "mish")},
    **{name: perceptron(getattr(nn, name)) for name in ("log_sigmoid", "softmax", "log_softmax", "standardize")},
    "log-sum-exp": perceptron(lambda h: nn.logsumexp(h, axis=0) + jnp.logaddexp(h, 2 * h[:1])),
    "convolution, batch norm, silu": convolutional(),
    "grouped, dilated convolution": grouped(),
    "residual, layer norm, gelu": residual(),
    "attention": attention(),
    "causal attention of tokens": causal(),
    "two transformer layers": transformer(),
    "recurrent": recurrent(),
}


def problem(name):
    """A network, its parameters, the loss, data, and what is minimized as JAX computes it, without a decay."""
    network, params, shape = NETWORKS[name]
    inputs = RNG.integers(0, 5, size=(4, 3)) if shape is None else RNG.normal(size=shape)
    outputs = jax.eval_shape(network, params, inputs)
    if shape is None or name == "softplus":
        labels = RNG.integers(0, outputs.shape[1], size=len(inputs))
        wanted = np.eye(outputs.shape[1])[labels]
        call = lambda p: -(nn.log_softmax(network(p, inputs)) * wanted).sum() / len(inputs)  # noqa: E731
        return network, params, "cross_entropy", (inputs, labels), call
    targets = RNG.normal(size=outputs.shape)
    call = lambda p: ((network(p, inputs) - targets) ** 2).sum() / (2 * len(inputs))  # noqa: E731
    return network, params, "squared", (inputs, targets), call


@pytest.mark.parametrize("name", NETWORKS)
def test_every_architecture_has_jaxs_derivatives(name):
    """Value, gradient and Hessian-vector product to rounding; parameters are JAX's leaves, in their order."""
    network, params, loss, data, call = problem(name)
    f = hc.Objective.from_jax(network, params, loss, data, weight_decay="0.01")
    x, v = f.parameters, RNG.normal(size=f.dimension)
    assert x.tolist() == np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(params)]).tolist()
    with jax.enable_x64(True):
        flat, back = ravel_pytree(jax.tree.map(jnp.asarray, params))
        whole = lambda theta: call(back(theta)) + 0.005 * theta @ theta  # noqa: E731
        value, slope, bend = jax.jit(lambda x: (whole(x), *jax.jvp(jax.grad(whole), (x,), (v,))))(flat)
    assert np.isclose(f.value(x), float(value), rtol=1e-12)
    assert np.allclose(f.gradient(x), slope, rtol=1e-10, atol=1e-12)
    assert np.allclose(f.hessian_vector_product(x, v), bend, rtol=1e-9, atol=1e-11)


def test_names_come_from_the_paths_of_the_parameters():
    """Dictionaries, lists and single arrays; what is no letter or digit is an underscore."""
    params = {"layers": [np.ones((1, 2)), np.ones(2)], "a/~b": 2.0}
    f = hc.Objective.from_jax(lambda p: (p["layers"][0] * p["layers"][1]).sum() * p["a/~b"], params)
    assert f.variables == ("a_b", "layers.0[0,0]", "layers.0[0,1]", "layers.1[0]", "layers.1[1]")
    assert hc.Objective.from_jax(lambda p: p @ p, np.ones(2)).variables == ("params[0]", "params[1]")


def test_single_precision_is_taken_exactly():
    """Parameters and data of float32 and bfloat16 are the doubles that they are; the function is one of doubles."""
    params = {"w": jnp.array([0.1, 0.7], dtype=jnp.float32), "b": jnp.array(0.3, dtype=jnp.bfloat16)}
    assert params["w"].dtype == jnp.float32
    f = hc.Objective.from_jax(lambda p: jnp.tanh(0.1 * p["w"]).sum() * p["b"], params)
    assert f.parameters.tolist() == [0.30078125, *np.float64(np.float32([0.1, 0.7]))]
    wanted = 0.30078125 * np.tanh(0.1 * np.float64(np.float32([0.1, 0.7]))).sum()
    assert np.isclose(f.value(f.parameters), wanted, rtol=1e-15)


def test_values_and_residuals_are_taken_as_they_are():
    """``fn(params)`` gives the loss, or residuals with ``f = |r|^2/2``; a decay comes on top."""
    fn = lambda p: jnp.stack([p[0] ** 2 - p[1], jnp.exp(p[1])])  # noqa: E731
    r = hc.Objective.from_jax(fn, np.array([1.5, 0.5]), "residuals")
    assert r.residual_count == 2 and np.allclose(r.residual([2.0, 1.0]), [3, np.e], rtol=1e-15)
    assert np.isclose(r.value([2.0, 1.0]), (9 + np.e**2) / 2, rtol=1e-15)
    v = hc.Objective.from_jax(lambda p: fn(p).sum(), np.array([1.5, 0.5]), weight_decay=2, name="own")
    assert np.isclose(v.value([2.0, 1.0]), 3 + np.e + 5, rtol=1e-15) and v.name == "own"


def test_a_network_is_proved_and_verified(tmp_path):
    """Layer norm and GELU: a hallucinated minimizer, found and proved, from the file alone."""
    network, params, _ = perceptron(lambda h: nn.gelu(nn.standardize(h)))
    data = np.random.default_rng(1).normal(size=(2, 2, 2))
    f = hc.Objective.from_jax(network, params, "squared", tuple(data))
    rng, candidate = np.random.default_rng(0), None
    while candidate is None:
        try:
            candidate = hc.find.hallucinate(f, 0.7 * rng.normal(size=f.dimension), "2")
        except hc.errors.SearchError:
            continue
    cert = hc.certify(candidate)
    assert cert["hallucinated_minimizer"].status == "proved"
    cert.save(tmp_path / "jax.json")
    assert hc.load(tmp_path / "jax.json").objective.to_json() == f.to_json()


@pytest.mark.parametrize("loss", ["squared", "cross_entropy", lambda o, t: jnp.abs(o[:, 0] - t).mean()])
def test_floats_of_a_function_are_jaxs(loss):
    """Value, gradient, Hessian and products of points and lanes; any loss and ReLU are taken, but not proved."""
    network, params, _ = perceptron(nn.tanh if isinstance(loss, str) else nn.relu)
    labels = np.array([0, 1, 1])
    data = RNG.normal(size=(3, 2)), labels if loss != "squared" else RNG.normal(size=(3, 2))
    kept = hc.Objective.from_jax(network, params, loss, data, weight_decay="0.1", rigorous=False)
    lanes = np.stack([kept.parameters, kept.parameters[::-1]])
    if isinstance(loss, str):
        read = hc.Objective.from_jax(network, params, loss, data, weight_decay="0.1")
        assert np.allclose(kept.value(lanes), read.value(lanes), rtol=1e-12) and kept.variables == read.variables
        assert np.allclose(kept.gradient(lanes), read.gradient(lanes), atol=1e-12)
        assert np.allclose(kept.hessian(lanes), read.hessian(lanes), atol=1e-12)
    run = hc.sam.run(kept, kept.parameters, "0.01", "0.1", 50, progress=False)
    assert kept.value(run.x) < kept.value(kept.parameters)
    with pytest.raises(NotAnalyticError, match="float-only"):
        hc.certify(kept, kept.parameters, "0.1")


FN, P = perceptron(nn.tanh)[:2]
X, Y = np.ones((3, 2)), np.ones((3, 2))


@pytest.mark.parametrize(
    ("argument", "values"),
    [
        ("fn", ("tanh", P, "squared", (X, Y))),
        ("fn", (lambda p: p["first"]["bias"], P)),
        ("fn", (lambda p: (p["first"]["bias"].sum(), 1.0), P)),
        ("params", (FN, {}, "squared", (X, Y))),
        ("params", (FN, {"n": 3}, "squared", (X, Y))),
        ("params", (FN, {"n": np.array([np.nan])}, "squared", (X, Y))),
        ("params", (FN, {"n": "text"}, "squared", (X, Y))),
        ("params", (FN, {"a b": 1.0, "a_b": 2.0}, "squared", (X, Y))),
        ("loss", (FN, P, "hinge", (X, Y))),
        ("loss", (FN, P, lambda o, t: o, (X, Y))),
        ("data", (FN, P, "squared")),
        ("data", (FN, P, "value", (X, Y))),
        ("data", (FN, P, "squared", (X, Y[:2]))),
        ("data", (FN, P, "squared", (X, Y[:, :1]))),
        ("data", (FN, P, "cross_entropy", (X, Y))),
        ("weight_decay", (FN, P, "squared", (X, Y), -1)),
        ("rigorous", (FN, P, "squared", (X, Y), 0, 1)),
    ],
)
def test_misuse_is_named(argument, values):
    """A wrong argument is called by its name."""
    with pytest.raises(ArgumentError) as caught:
        hc.Objective.from_jax(*values)
    assert caught.value.argument == argument


def test_without_jax_the_extra_is_named(monkeypatch):
    """Whoever lacks JAX is told what to install."""
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(MissingPackageError, match=r"hallucert\[jax\]"):
        hc.Objective.from_jax(FN, P, "squared", (X, Y))


@pytest.mark.parametrize(
    ("fn", "rigorous", "names"),
    [
        (lambda p, x: {"logits": x @ p}, True, "one array"),
        (lambda p, x: {"logits": x @ p}, False, "one array"),
        (lambda p, x: jax.nn.relu(x[:, :1] @ p), False, "what the loss takes"),
    ],
)
def test_what_has_no_one_loss_is_refused(fn, rigorous, names):
    """Dicts of outputs, and in floats shapes that do not fit."""
    data = np.arange(6.0).reshape(3, 2), np.ones(3)
    with pytest.raises(ArgumentError, match=names):
        hc.Objective.from_jax(fn, np.ones(2), "squared", data, rigorous=rigorous)
