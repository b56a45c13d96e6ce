"""Makes the folder above importable as the package attache, as in the sandbox."""

import os
import sys
import tempfile

import pytest

RUNNER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

if "attache" not in sys.modules:
    _folder = tempfile.mkdtemp(prefix="attache-tests-")
    os.symlink(RUNNER, os.path.join(_folder, "attache"))
    sys.path.insert(0, _folder)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path_factory, monkeypatch):
    """What a test draws or saves is written to a folder of its own."""
    monkeypatch.chdir(tmp_path_factory.mktemp("work"))
