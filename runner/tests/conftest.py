"""Makes the folder above importable as the package attache, as in the sandbox."""

import os
import sys
import tempfile

RUNNER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

if "attache" not in sys.modules:
    _folder = tempfile.mkdtemp(prefix="attache-tests-")
    os.symlink(RUNNER, os.path.join(_folder, "attache"))
    sys.path.insert(0, _folder)
