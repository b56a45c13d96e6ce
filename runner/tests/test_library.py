"""The functions for files, in the short form and as programs for other bots call them."""

import asyncio

import pytest
from attache.channel import HostError
from attache.library import Library

FILE = {"file_id": "7_1_a", "filename": "a.csv"}


class Link:
    def __init__(self, confirmed=True):
        self.confirmed = confirmed

    def ask(self, what, file=None):
        if file not in (None, "7_1_a"):
            raise HostError("File not found or expired")
        return {"list": {"files": [FILE]}, "stat": {"file": FILE}, "delete": {"file": FILE, "deleted": self.confirmed}}[what]


def test_as_it_is_and_awaited():
    library = Library(Link())

    async def awaited():
        return (
            await library.list_user_files(7, object()),
            await library.get_file_metadata("7_1_a", 7, db_handler=None),
            await library.delete_file("7_1_a", 7, None),
        )

    deleted = {"success": True, "message": "Successfully deleted: a.csv"}
    assert asyncio.run(awaited()) == ([FILE], FILE, deleted)
    assert (library.list_user_files(), library.get_file_metadata("7_1_a"), library.delete_file("7_1_a")) == ([FILE], FILE, deleted)


def test_not_confirmed_and_not_there():
    assert Library(Link(confirmed=False)).delete_file("7_1_a")["success"] is False
    with pytest.raises(FileNotFoundError, match="not found or expired"):
        Library(Link()).delete_file("7_1_b")


def test_a_list_that_stops_says_so():
    class Many(Link):
        def ask(self, what, file=None):
            return {"files": [FILE] * 5000}

    with pytest.warns(UserWarning, match="newest 5,000 files"):
        assert len(Library(Many()).list_user_files()) == 5000
