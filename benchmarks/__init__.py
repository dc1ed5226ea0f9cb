"""The benchmarks: the same work done by every framework, checked for equal answers, then timed side by side.

``python -m benchmarks`` is the command line (``python run.py bench`` sets up the environment first). Nothing here is
part of the package that is installed, and nothing of the package imports it.
"""
