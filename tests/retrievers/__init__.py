"""Tests of the retrievers for frameworks, with the real frameworks: `make retrievers`."""
