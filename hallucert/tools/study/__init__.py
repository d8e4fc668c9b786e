"""What does SAM get stuck at? Networks trained for many seeds and radii, with and without switching."""

from hallucert.tools.study.run import run_study

__all__ = ["run_study"]
