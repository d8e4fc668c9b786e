"""Names of functions of mathematics that are no operations here, and how to write those that can be composed.

They are no names of variables either: whoever writes ``ln*(x)``, or reads it, means the logarithm. Names that are as
common for variables, such as ``gamma`` or ``power``, are not among them.
"""

from __future__ import annotations

FUNCTIONS_ELSEWHERE: dict[str, str] = {
    "ln": "log(x)",
    "lg": "log(x)/log(10)",
    "log2": "log(x)/log(2)",
    "log10": "log(x)/log(10)",
    "log1p": "log(1 + x)",
    "expm1": "exp(x) - 1",
    "exp2": "2**x",
    "exp10": "10**x",
    "cbrt": "x**(1/3) for x > 0",
    "pow": "x**y",
    "sqr": "x**2",
    "hypot": "sqrt(x**2 + y**2)",
    "sec": "1/cos(x)",
    **dict.fromkeys(("csc", "cosec"), "1/sin(x)"),
    **dict.fromkeys(("cot", "cotan", "ctg", "cotg"), "cos(x)/sin(x)"),
    "tg": "tan(x)",
    "sech": "1/cosh(x)",
    **dict.fromkeys(("csch", "cosech"), "1/sinh(x)"),
    "coth": "cosh(x)/sinh(x)",
    **dict.fromkeys(("asinh", "arcsinh", "arsinh"), "log(x + sqrt(x**2 + 1))"),
    **dict.fromkeys(("acosh", "arccosh", "arcosh"), "log(x + sqrt(x**2 - 1))"),
    **dict.fromkeys(("atanh", "arctanh", "artanh"), "log((1 + x)/(1 - x))/2"),
    **dict.fromkeys(("logistic", "expit"), "sigmoid(x)"),
    "logit": "log(x/(1 - x))",
    "swish": "silu(x)",
    "mish": "x*tanh(softplus(x))",
    **dict.fromkeys(("logsumexp", "logaddexp"), "log(exp(x) + exp(y))"),
    **dict.fromkeys(("asin", "arcsin", "acos", "arccos", "atan", "arctan", "atan2", "arctan2", "arctg", "acot"), ""),
    **dict.fromkeys(("erfc", "erfinv", "lgamma", "gammaln", "digamma", "softmax", "gelu", "sinc"), ""),
}
"""By name: what to write instead, empty where no composition of known functions is the same function."""
