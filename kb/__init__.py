"""A knowledge base over the documents of municipal secretaries: build an index, search it."""

__version__ = "0.1.0"
