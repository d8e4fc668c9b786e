"""A second checker of hallucert certificates: Python's standard library alone, and nothing of hallucert.

What a referee has to believe of a file is what checking it loads. Read, in this order and from top to bottom,

1. `arithmetic`: `interval`; `elementary`, unless the function is a polynomial; `linear`, `spectrum` (`eigenvectors` are
   only proposed, nothing rests on them; `norms` for basins and farthest points);
2. `files`: `reading`, the limits and spellings of a hostile file;
3. `functions`: `code` and `formulas`, a function and its derivatives as lists of operations; for networks
   `files/companion` and `programs`;
4. `points`: `krawczyk`, `problem`, `point` (SAM, existence), `rules` and `claims` (what is claimed, and what follows
   from numbers), `file`; then `verify` beside this file, from the name of a file to a verdict.

That is all for points with the claims that need no inputs. Others load what they need besides: `subdivisions` with
`farthest`, `global_target` or `stall`; `attraction`, with `contraction`, `around`, `basins` first; and `curves`, with
`cells` first, for `branch` and `sheet`. In lines, comments and docstrings included:

    a point            2,090
    a farthest point   2,330
    a network          2,570   with files/companion, functions/programs and arithmetic/elementary
    a stall            2,340
    a basin            2,960
    weight decay       3,020
    mini-batches       2,670
    a two-cycle        2,600
    a branch           2,730
    a sheet            2,760
    everything         5,170
"""
