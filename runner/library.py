"""What the user's code calls to reach the user's files.

A file is bound into the sandbox when it is asked for, and only then.
"""

import os
import warnings
from collections.abc import Mapping

from attache.channel import HostError

FILES = "/files"

LISTED = 5000  # files that the host tells of at once


class Library:
    def __init__(self, link, show=None):
        self.link, self.show = link, show

    def names(self):
        """The functions and the mapping that every session starts with."""
        return {
            "load_file": self.load_file,
            "get_file_path": self.get_file_path,
            "get_file_metadata": self.get_file_metadata,
            "list_user_files": self.list_user_files,
            "delete_file": self.delete_file,
            "analyze_data_file": self.analyze_data_file,
            "ask_table": self.ask_table,
            "FILES": _Files(self),
        }

    def list_user_files(self, *_, **__):
        """Return the user's files, newest first: a list of dicts with file_id,
        filename, file_type, file_size (bytes), uploaded_at and expires_at (ISO, None = never).
        The result may be awaited; arguments of older programs are ignored. Of more
        than 5,000 files the newest are listed, with a warning."""
        found = self.link.ask("list")["files"]
        if len(found) >= LISTED:
            warnings.warn(f"list_user_files lists the newest {LISTED:,} files at most; an older one can be loaded by its id.", stacklevel=2)
        return _List(found)

    def get_file_metadata(self, file_id, *_, **__):
        """Return one file's dict, as list_user_files has it. It may be awaited."""
        return _Dict(self._ask("stat", file_id)["file"])

    def delete_file(self, file_id, *_, **__):
        """Delete a file for good, if the user confirms it twice. Return a dict with
        success and message. It may be awaited."""
        reply = self._ask("delete", file_id)
        name = reply["file"]["filename"]
        message = f"Successfully deleted: {name}" if reply["deleted"] else f"The user did not confirm it: {name} is still there."
        return _Dict(success=reply["deleted"], message=message)

    def get_file_path(self, file_id):
        """Return a path that the file can be read from."""
        file_id = str(file_id)
        if os.sep in file_id and os.path.exists(file_id):
            return file_id
        return self._ask("file", file_id)["path"]

    def load_file(self, file_id, **options):
        """Return a file's content as what fits its kind: a DataFrame for a
        table, text, a picture, and so on. Options go to the reader."""
        from attache import loaders

        file_id = str(file_id)
        if os.path.exists(file_id):
            return loaders.load(file_id, None, options)
        reply = self._ask("file", file_id)
        return loaders.load(reply["path"], reply["file"], options)

    def analyze_data_file(self, file_path, analysis_type="comprehensive"):
        """Print an analysis of a table (an id or a path) and draw charts that
        fit it. analysis_type: comprehensive, quick, statistical, correlation, visualization."""
        from attache import analyze

        return analyze.analyze_data_file(self, file_path, analysis_type)

    def ask_table(self, file, question):
        """Answer a simple question about a table (an id, a path or a DataFrame;
        None is the last one) without a language model: print it, draw it where
        a chart helps, return an Answer. A follow-up changes the last question."""
        from attache import ask

        return ask.ask_table(self, file, question, self.show)

    def explain(self, error):
        """Add to an error about a file that is not there the id of the user's file of that name."""
        if not isinstance(error, FileNotFoundError):
            return
        name = os.path.basename(str(getattr(error, "asked", None) or error.filename or ""))
        try:
            ids = [f["file_id"] for f in self.list_user_files() if f["filename"] == name]
        except Exception:
            return
        if ids:
            error.add_note(f"{name} is a file of the user: load_file({ids[0]!r}) reads it.")

    def _ask(self, what, file_id):
        try:
            return self.link.ask(what, file=str(file_id))
        except HostError as e:
            error = FileNotFoundError(str(e))
            error.asked = file_id
            raise error from None


class _Awaitable:
    """What is there already, and may be awaited all the same."""

    def __await__(self):
        return self
        yield


class _List(_Awaitable, list):
    pass


class _Dict(_Awaitable, dict):
    pass


class _Files(Mapping):
    """FILES: file id to path, of all the user's files. A file's name works as
    well, and means the newest file of that name."""

    def __init__(self, library):
        self._library = library

    def __getitem__(self, file_id):
        try:
            return self._library.get_file_path(file_id)
        except FileNotFoundError as e:
            named = [f["file_id"] for f in self._library.list_user_files() if f["filename"] == file_id]
            if named:
                return self._library.get_file_path(named[0])
            raise KeyError(str(e)) from None

    def __iter__(self):
        return iter([f["file_id"] for f in self._library.list_user_files()])

    def __len__(self):
        return len(self._library.list_user_files())

    def __repr__(self):
        return "FILES(" + ", ".join(self) + ")"
