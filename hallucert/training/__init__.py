"""SAM in training code: an optimizer, a monitor that says where a run stands, and a guard against stalling.

`hallucert.training.torch` has them for PyTorch; what they record and conclude is the same for every framework.
"""
