"""Where the servers' programs lie in the wheels that carry them.

The wheels' Python code is never imported: it registers exit handlers and makes directories.
"""

from importlib.util import find_spec
from pathlib import Path

from server.embedded.process import EmbeddedError


def wheel_program(package: str, pattern: str) -> Path:
    """Return the one file of an installed wheel that matches the pattern."""
    spec = find_spec(package)
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        for program in Path(place).glob(pattern):
            return program
    raise EmbeddedError(f"{package} holds no {pattern} for this machine: set an external server")
