"""What the checks of faults share: the server that they are about, places for files, and a word for what cannot be checked.

Not the checks: Scripts/verify-faults lists them.
"""
import contextlib
import pathlib
import tempfile

from server_process import ServerProcess


class NotChecked(Exception):
    """Something that the check needs cannot be had."""


class Setting:
    """The compiled server, and how much is to be done."""

    def __init__(self, root, arguments):
        self.root = root
        self.build = arguments.build.resolve()
        self.checkpoint = arguments.checkpoint.resolve()
        self.cache = arguments.cache.resolve()
        self.requests = arguments.requests
        self.examples = arguments.examples
        self.seed = arguments.seed

    def server(self, *options, checkpoint=None, cache=None, **others):
        """A server of the checkpoint; it is killed at the end of a `with` if it still runs."""
        return ServerProcess(self.build, checkpoint or self.checkpoint, cache or self.cache, *options, **others)

    @contextlib.contextmanager
    def folder(self):
        """An empty folder that is there for the duration of a `with`."""
        with tempfile.TemporaryDirectory() as folder:
            yield pathlib.Path(folder)
