"""A second checker of hallucert certificates: Python's standard library alone, and nothing of hallucert.

Read in this order: `interval` and `functions` (arithmetic), `code` and `objectives` (functions and
derivatives), `linear` and `spectrum` (matrices), `reading` (files), `krawczyk`, `problem` and `point` (SAM, existence),
`claims`, `regions`, `contraction`, `basins`, `momentum`, `batches` and `cycle` (theorems), `verify` (a file from end to
end), then `curves`, `branch` and `sheet`.
"""
