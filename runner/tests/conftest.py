"""Makes the folder above importable as the package attache, as in the sandbox."""

import datetime
import importlib.util
import os
import sys

import pytest

RUNNER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

if "attache" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("attache", os.path.join(RUNNER, "__init__.py"), submodule_search_locations=[RUNNER])
    sys.modules["attache"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["attache"])


@pytest.fixture(autouse=True)
def _own_folder(tmp_path_factory, monkeypatch):
    """What a test draws or saves is written to a folder of its own."""
    monkeypatch.chdir(tmp_path_factory.mktemp("work"))


def plain(value):
    """A value as it is compared: None where it is missing, dates as text."""
    import pandas as pd

    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return None
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value


@pytest.fixture
def check(tmp_path, capsys):
    """Load content and compare the first values of columns, the number of rows and what is noted."""

    def check(content, want, said="", name="t.csv", length=None, unsaid=(), **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        from attache.loaders import load

        frame = load(path, None, options)
        notes = capsys.readouterr().err
        for column, values in want.items():
            assert column in frame.columns, list(frame.columns)
            got = [plain(v) for v in frame[column].tolist()[: len(values)]]
            assert got == values and [type(v) is str for v in got] == [type(v) is str for v in values], f"{column}: {got}"
        assert length is None or len(frame) == length
        for part in [said] if isinstance(said, str) else said:
            assert part in notes
        assert not [part for part in unsaid if part in notes]
        return frame

    return check
