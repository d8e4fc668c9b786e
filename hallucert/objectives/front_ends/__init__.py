"""Where formulas come from: texts, sympy expressions, Python functions."""
