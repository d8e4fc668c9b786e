"""The trusted room: what a claim is, what is measured for it and what follows, and the files that carry claims."""
