"""What a compiled library merely tries to import is not asked for."""

import subprocess
import sys

PROGRAM = """
import sys
sys.path.insert(0, %r)
from attache import imports
from attache.channel import HostError

class Link:
    interruptible = True
    asked = []
    def ask(self, what, module):
        self.asked.append(module)
        raise HostError("no")

ns = {}
importer = imports.Importer(Link(), ns)
importer.install()
exec(compile("import lxml.etree", "<cell 1>", "exec"), ns)
for missing in ("not_there", "not_there_either.part"):
    try:
        exec(compile("import " + missing, "<cell 1>", "exec"), ns)
    except ModuleNotFoundError:
        pass
print(Link.asked)
"""


def test_what_the_user_did_not_write_is_not_asked_for(tmp_path):
    """lxml.etree tries rnc2rng, from compiled code that has no frame of its own."""
    import attache

    (tmp_path / "attache").symlink_to(attache.__path__[0])
    done = subprocess.run([sys.executable, "-c", PROGRAM % str(tmp_path)], capture_output=True, text=True)
    assert done.stdout.strip() == "['not_there', 'not_there_either']", done.stderr
