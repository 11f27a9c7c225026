"""A knowledge base over the documents of municipal secretaries: build an index, search it."""

import os

__version__ = "0.1.0"

# Read when NumPy is first imported. Its products here are small: threads of its own that wait for each other
# cost more than they bring, and many times over beside a busy process (BENCHMARKS.md).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
