"""The functions of the gallery: first those whose hallucinated minimizers are known in closed form, then test functions
of the optimization literature (critical points by 40-digit Newton, 32 digits kept).
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hallucert.exact import Exact
from hallucert.objectives.gallery.entry import (
    Entry,
    Known,
    checked_dimension,
    coordinate_names,
    mirrored,
    points,
    positive_text,
    separable,
    total,
)

_SECTION = "theory, Section 10 (closed-form oracles)"


def double_well(b: Exact = "1/10") -> Entry:
    """``(x^2 - 1)^2/4 + b y^2/2``."""
    text = positive_text(b, "b")
    return Entry(
        name=f"double_well(b={text.strip('()')})",
        formula=f"(x**2 - 1)**2/4 + {text}*y**2/2",
        box=((-2, 2), (-2, 2)),
        description="Target (1, 0): the points (1 - rho, 0), 1 < rho < 2, are hallucinated minimizers and attract SAM.",
        source=_SECTION,
        minimizers=points("1, 0", "-1, 0"),
        saddles=points("0, 0"),
        minimum="0",
    )


def four_well(dimension: int = 2) -> Entry:
    """``sum_i (x_i^2 - 1)^2``."""
    d = checked_dimension(dimension)
    return Entry(
        name=f"four_well(dimension={d})",
        formula=total("(@**2 - 1)**2", d),
        variables=coordinate_names(d),
        box=((-2, 2),) * d,
        description="In two dimensions: a repelling and an attracting family, a pitchfork at rho = 3/sqrt(2), and an "
        "attractor whose target is a saddle.",
        source=_SECTION,
        minimum="0",
        **separable(d, ["1", "-1"], ["0"]),
    )


def cosine_lattice(dimension: int = 2) -> Entry:
    """``sum_i (1 - cos x_i)``."""
    d = checked_dimension(dimension)
    return Entry(
        name=f"cosine_lattice(dimension={d})",
        formula=total("(1 - cos(@))", d),
        variables=coordinate_names(d),
        box=((-7, 7),) * d,
        description="Target 0: -rho e_1, pi < rho < 2 pi, is a hallucinated minimizer that attracts, in any dimension.",
        source=_SECTION,
        minimum="0",
        **separable(d, ["0", "2*pi", "-2*pi"], ["pi", "-pi"]),
    )


def quadratic(a: Exact = 1) -> Entry:
    """``a x^2/2`` on the line."""
    text = positive_text(a, "a")
    return Entry(
        name=f"quadratic(a={text.strip('()')})",
        formula=f"{text}*x**2/2",
        variables=("x",),
        box=((-2, 2),),
        description="No hallucinated minimizers; SAM ends in the two-cycle |x| = eta a rho/(2 - eta a).",
        source=_SECTION,
        minimizers=points("0"),
        minimum="0",
    )


def ring_of_maximizers() -> Entry:
    """``s (s - 3)^2`` with ``s = 2 (exp(x/2) - 1 - x/2) + y^2``: a whole curve of local maximizers."""
    s = "(2*(exp(x/2) - 1 - x/2) + y**2)"
    return Entry(
        name="ring_of_maximizers",
        formula=f"{s}*({s} - 3)**2",
        box=((-5, 3), (-2.5, 2.5)),
        description="s is strictly convex with minimum 0 at the origin. The maximizers form the closed curve s = 1, "
        "where f = 4: a bounded local maximizer set, as Theorem 2.2 asks for, and no isolated one. The tape factors "
        "through s (`objectives.canonical.cut_nodes`).",
        source="this library's own",
        minimizers=points("0, 0", "0, sqrt(3)", "0, -sqrt(3)"),
        maximizers=points("0, 1", "0, -1"),
        minimum="0",
        minimizer_set="the origin (isolated) and the closed curve s = 3",
        maximizer_set="the closed curve s = 1",
    )


# ---------------------------------------------------------------------- from the literature


def three_hump_camel() -> Entry:
    """``2 x^2 - 1.05 x^4 + x^6/6 + x y + y^2``."""
    outer, inner = "sqrt(2.1 + sqrt(0.91))", "sqrt(2.1 - sqrt(0.91))"
    return Entry(
        name="three_hump_camel",
        formula="2*x**2 - 1.05*x**4 + x**6/6 + x*y + y**2",
        box=((-2.5, 2.5), (-2, 2)),
        description="Three minimizers in a row and no maximizer.",
        source="L. C. W. Dixon and G. P. Szego, Towards Global Optimisation 2, North-Holland 1978",
        minimizers=points("0, 0") + mirrored(f"{outer}, -{outer}/2"),
        saddles=mirrored(f"{inner}, -{inner}/2"),
        minimum="0",
    )


def muller_brown() -> Entry:
    """Four exponentials of quadratics: the potential energy surface of Müller and Brown."""
    terms = [
        "-200*exp(-(x - 1)**2 - 10*y**2)",
        "100*exp(-x**2 - 10*(y - 0.5)**2)",
        "170*exp(-6.5*(x + 0.5)**2 + 11*(x + 0.5)*(y - 1.5) - 6.5*(y - 1.5)**2)",
    ]
    return Entry(
        name="muller_brown",
        formula=" - ".join(terms) + " + 15*exp(0.7*(x + 1)**2 + 0.6*(x + 1)*(y - 1) + 0.7*(y - 1)**2)",
        box=((-1.5, 1.2), (-0.3, 2.1)),
        description="Three minimizers in a curved valley, two saddles between them, no maximizer.",
        source="K. Müller and L. D. Brown, Theoretica Chimica Acta 53 (1979) 75-93",
        minimizers=points(
            "-0.55822363463302427747012520222166, 1.4417258418046686550559285663384",
            "0.62349940493087650977099241088874, 0.028037758528685665748783962692402",
            "-0.050010822998206057751145772008681, 0.46669410487197208777281489230268",
        ),
        saddles=points(
            "0.21248658200066200686103296416729, 0.2929883251073677651471906591988",
            "-0.82200155873273209741351514896778, 0.62431280281487136128889592108004",
        ),
    )


def styblinski_tang(dimension: int = 2) -> Entry:
    """``sum_i (x_i^4 - 16 x_i^2 + 5 x_i)/2``."""
    d = checked_dimension(dimension)
    return Entry(
        name=f"styblinski_tang(dimension={d})",
        formula=total("(@**4 - 16*@**2 + 5*@)/2", d),
        variables=coordinate_names(d),
        box=((-5, 5),) * d,
        description="A sum of tilted double wells: 2^d minimizers, one of them global, and one maximizer.",
        source="M. A. Styblinski and T.-S. Tang, Neural Networks 3 (1990) 467-483",
        **separable(
            d,
            ["-2.9035340277711770951189175955099", "2.7468027709908369924530533094721"],
            ["0.15673125678034010266586428603679"],
        ),
    )


def rastrigin(dimension: int = 2) -> Entry:
    """``10 d + sum_i (x_i^2 - 10 cos(2 pi x_i))``."""
    d = checked_dimension(dimension)
    near, top = "0.99495863765233479544939523931328", "0.50254603655467463179196729040904"
    return Entry(
        name=f"rastrigin(dimension={d})",
        formula=f"{10 * d} + " + total("@**2 - 10*cos(2*pi*@)", d),
        variables=coordinate_names(d),
        box=((-5.12, 5.12),) * d,
        description="A bowl with a lattice of minimizers; those listed are nearest to the global one, the origin.",
        source="L. A. Rastrigin, Systems of Extremal Control, Nauka 1974",
        minimum="0",
        **separable(d, ["0", near, "-" + near], [top, "-" + top]),
    )


def rosenbrock(dimension: int = 2) -> Entry:
    """``sum_i 100 (x_(i+1) - x_i^2)^2 + (1 - x_i)^2``."""
    d = checked_dimension(dimension, least=2)
    x = coordinate_names(d)
    return Entry(
        name=f"rosenbrock(dimension={d})",
        formula=" + ".join(f"100*({b} - {a}**2)**2 + (1 - {a})**2" for a, b in pairwise(x)),
        variables=x,
        box=((-2, 2),) * d,
        description="A banana-shaped valley; not convex, yet a single critical point in two dimensions.",
        source="H. H. Rosenbrock, The Computer Journal 3 (1960) 175-184",
        minimizers=points(", ".join(["1"] * d)),
        minimum="0",
    )


def ackley(dimension: int = 2) -> Entry:
    """``-20 exp(-0.2 |x|/sqrt(d)) - exp(mean cos(2 pi x_i)) + 20 + e``: not analytic at its minimizer."""
    d = checked_dimension(dimension)
    squares, cosines = total("@**2", d), total("cos(2*pi*@)", d)
    known = d == 2
    edge, corner, top = (
        "0.95216654595017166807306958737827",
        "0.96847765870772437707827831383109",
        "0.67309652011073770109962430224203",
    )
    return Entry(
        name=f"ackley(dimension={d})",
        formula=f"-20*exp(-0.2*sqrt(({squares})/{d})) - exp(({cosines})/{d}) + 20 + exp(1)",
        variables=coordinate_names(d),
        box=((-5, 5),) * d,
        description="A cone in a lattice of wells; the lists hold the smooth critical points nearest to the origin.",
        source="D. H. Ackley, A Connectionist Machine for Genetic Hillclimbing, Kluwer 1987",
        minimizers=mirrored(f"{edge}, 0", f"0, {edge}", f"{corner}, {corner}", f"{corner}, -{corner}") * known,
        maximizers=mirrored(f"{top}, {top}", f"{top}, -{top}") * known,
        saddles=mirrored("0.62578061685646380059812153922531, 0", "0, 0.62578061685646380059812153922531") * known,
        minimum="0",
        warning="The global minimizer, the origin, is a kink (a cone): f is real-analytic everywhere else only. The "
        "origin is outside the domain of the tape, whose sqrt needs a positive argument, so that nothing can be "
        "certified with the origin as target. In floats value(0) is 0 up to rounding; gradient(0) raises DomainError.",
    )


ORACLES: tuple[Known, ...] = (
    double_well,
    four_well,
    Entry(
        name="ring",
        formula="x**2 + y**2 - 1",
        n=Fraction(2),
        box=((-2, 2), (-2, 2)),
        description="The circle of radius rho - 1, 1 < rho < 2, consists of hallucinated minimizers.",
        source=_SECTION,
        minimizers=points("1, 0", "0, 1", "-1, 0", "0, -1"),
        maximizers=points("0, 0"),
        minimum="0",
        minimizer_set="the unit circle",
    ),
    cosine_lattice,
    Entry(
        name="tilted_quartic",
        formula="x**4/4 - x**3/3 - x**2",
        variables=("x",),
        box=((-2, 3),),
        description="One variable: g = x (x + 1)(x - 2); a point with g toward a minimizer has J = 1, it attracts.",
        source=_SECTION + ": any f on R",
        minimizers=points("2", "-1"),
        maximizers=points("0"),
        minimum="-8/3",
    ),
    Entry(
        name="convex",
        formula="exp(x) - x + y**2/2 + y**4/4",
        box=((-2, 2), (-2, 2)),
        description="Convex: no hallucinated minimizers for any rho (Proposition A.1).",
        source=_SECTION + ": convex f",
        minimizers=points("0, 0"),
        minimum="1",
    ),
    quadratic,
    ring_of_maximizers,
    Entry(
        name="figure_one",
        formula="tanh(x) + 1 - tanh(x)**2 - y**2/4",
        n=Fraction(1),
        box=((-3, 3), (-3, 3)),
        description="The minimizers form the open, parabola-like curve r = 0; grad r vanishes only at (log(3)/2, 0), "
        "where r = 5/4 is its maximum, so that f has exactly one other critical point, an isolated local maximizer. "
        "For rho = 2 SAM is attracted by a curve of hallucinated minimizers on the right of the maximizer.",
        source="this library's own, after Figure 1 of arXiv 2509.21818 (whose function is only once differentiable)",
        minimizers=points("log((3 - sqrt(5))/(1 + sqrt(5)))/2, 0", "0, 2", "0, -2"),
        maximizers=points("log(3)/2, 0"),
        minimum="0",
        minimizer_set="the curve y^2/4 = 1 + tanh(x) - tanh(x)^2",
    ),
)

CLASSICS: tuple[Known, ...] = (
    Entry(
        name="himmelblau",
        formula="(x**2 + y - 11)**2 + (x + y**2 - 7)**2",
        box=((-6, 6), (-6, 6)),
        description="Four global minimizers around one maximizer.",
        source="D. M. Himmelblau, Applied Nonlinear Programming, McGraw-Hill 1972",
        minimizers=points(
            "3, 2",
            "3.5844283403304917449443382393802, -1.8481265269644035535383002090363",
            "-3.7793102533777468918907658412928, -3.2831859912861694122660005143729",
            "-2.8051180869527448530535723980874, 3.1313125182505729658043007234092",
        ),
        maximizers=points("-0.27084459066734761303933618292957, -0.92303855647998146313282415862662"),
        saddles=points(
            "3.3851541836070209379993010128711, 0.073851879837749287719187401359591",
            "0.086677504555396351823025643013918, 2.8842547011747761130629506072601",
            "-3.0730257507643896104725267461136, -0.08135304428796751155305688435818",
            "-0.12796134673068006631046372684182, -1.9537149802445764260962569656349",
        ),
        minimum="0",
    ),
    Entry(
        name="six_hump_camel",
        formula="(4 - 2.1*x**2 + x**4/3)*x**2 + x*y + (4*y**2 - 4)*y**2",
        box=((-2, 2), (-1.5, 1.5)),
        description="Six minimizers, two of them global, two maximizers, symmetric in the origin.",
        source="L. C. W. Dixon and G. P. Szego, Towards Global Optimisation 2, North-Holland 1978",
        minimizers=mirrored(
            "0.08984201310031806242249056062206, -0.71265640302073963339726581422788",
            "1.7036067149699808487709039621006, -0.79608356867262511902570043498234",
            "1.6071047529201972297620044375831, 0.56865145488413137139340472720034",
        ),
        maximizers=mirrored("1.2302298765166526266133974145072, 0.16233458445899497001054801659304"),
        saddles=points("0, 0")
        + mirrored(
            "1.1092053368047864474153160660044, -0.76826809250953984178430750119402",
            "1.6380679841897785637997130976671, 0.22867406904439406995339801384519",
            "1.2960702671671091832872525623425, 0.60508438803865849680962100407292",
        ),
    ),
    three_hump_camel,
    muller_brown,
    styblinski_tang,
    rastrigin,
    Entry(
        name="beale",
        formula="(1.5 - x + x*y)**2 + (2.25 - x + x*y**2)**2 + (2.625 - x + x*y**3)**2",
        box=((-4.5, 4.5), (-4.5, 4.5)),
        description="One global minimizer in a flat valley, two saddles.",
        source="E. M. L. Beale, On an iterative method for finding a local minimum, Princeton 1958",
        minimizers=points("3, 1/2"),
        saddles=points("0, 1", "0.10053793732415835927278923592863, -2.64451358502312496885542269243"),
        minimum="0",
    ),
    Entry(
        name="goldstein_price",
        formula="(1 + (x + y + 1)**2*(19 - 14*x + 3*x**2 - 14*y + 6*x*y + 3*y**2))"
        "*(30 + (2*x - 3*y)**2*(18 - 32*x + 12*x**2 + 48*y - 36*x*y + 27*y**2))",
        box=((-2, 2), (-2, 2)),
        description="Values from 3 to a million: four minimizers and one maximizer, all at rational points.",
        source="A. A. Goldstein and J. F. Price, Mathematics of Computation 25 (1971) 569-574",
        minimizers=points("0, -1", "-0.6, -0.4", "1.8, 0.2", "1.2, 0.8"),
        maximizers=points("0.8, 0.2"),
        saddles=points("-0.4, -0.6", "1.2, -0.2", "1.4, 0.6", "0.6, 0.4"),
        minimum="3",
    ),
    rosenbrock,
    Entry(
        name="peaks",
        formula="3*(1 - x)**2*exp(-x**2 - (y + 1)**2) - 10*(x/5 - x**3 - y**5)*exp(-x**2 - y**2)"
        " - exp(-(x + 1)**2 - y**2)/3",
        box=((-3, 3), (-3, 3)),
        description="Three isolated maximizers and three minimizers: a playground for Theorem 2.1. f -> 0 far away.",
        source="the example surface `peaks` of MATLAB (The MathWorks)",
        minimizers=points(
            "0.22827892055636909878768556585096, -1.6255349574999965188470197399028",
            "-1.3473962443682107842938836968036, 0.20451886609700518033046200402336",
            "0.29644555384683207811506049342586, 0.32019624766683434207744155909576",
        ),
        maximizers=points(
            "-0.0093175819599541156751856726599752, 1.5813679629389997725467914300656",
            "-0.46002451803438664067347363528092, -0.62919650871680091242313875453232",
            "1.2856846972413040886033300084267, -0.004847559075593672320167705441563",
        ),
        saddles=points(
            "0.41632332167850819629579922526888, -0.39414509840242461269954005339541",
            "-0.26593755683724568561698340741201, 0.46673999372626939648566854146255",
            "1.0982728343350927822665235977342, 0.85446097952475245265609287844132",
        ),
    ),
    ackley,
)
