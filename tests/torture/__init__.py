"""What a build and a service promise when things go wrong, measured: `make torture`.

`python -m tests.torture` runs all of it and prints one table of counts; tests/test_reliability.py runs small
versions of the same. Everything goes through the `kb` command, HTTP and `KnowledgeBase`, as people use them;
only the encoder is the tests' own, unless a measurement says otherwise.
"""
