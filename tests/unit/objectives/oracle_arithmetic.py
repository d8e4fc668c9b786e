"""Two arithmetics this library did not write, to run tapes in: Python's fractions and mpmath at 50 digits."""

from fractions import Fraction

import mpmath

DIGITS = 50


class Rationals:
    """Exact rationals; only tapes of ``+ - * /`` and integer powers run in them."""

    def constant(self, value: Fraction) -> Fraction:
        return value

    def power(self, x: Fraction, exponent: int) -> Fraction:
        return x**exponent


class Mpmath:
    """Real numbers at the working precision of mpmath; complex results mean: outside the domain."""

    exp, log, sqrt = staticmethod(mpmath.exp), staticmethod(mpmath.log), staticmethod(mpmath.sqrt)
    sin, cos, tanh = staticmethod(mpmath.sin), staticmethod(mpmath.cos), staticmethod(mpmath.tanh)
    erf = staticmethod(mpmath.erf)

    def softplus(self, x: mpmath.mpf) -> mpmath.mpf:
        return max(x, mpmath.mpf(0)) + mpmath.log1p(mpmath.exp(-abs(x)))

    def constant(self, value: Fraction) -> mpmath.mpf:
        return mpmath.mpf(value.numerator) / value.denominator

    def pi(self) -> mpmath.mpf:
        return +mpmath.pi

    def power(self, x: mpmath.mpf, exponent: int) -> mpmath.mpf:
        return x**exponent

    def real_power(self, x: mpmath.mpf, exponent: Fraction) -> mpmath.mpf:
        return mpmath.power(x, self.constant(exponent))
