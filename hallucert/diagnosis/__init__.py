"""What a point where SAM came to rest is, in floats."""
