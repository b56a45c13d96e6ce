"""Answers what tiktoken makes of texts: the judge of the tests.

Reads requests from stdin and writes answers to stdout. A request is a byte
that says what to do, the number of texts and the texts; an answer is, for each
text, a list of numbers. Numbers are 32 bits, little-endian; texts and lists
are preceded by their length.
"""
import array
import struct
import sys

import regex
import tiktoken


def points(pattern):
    """The code points that a pattern of one character matches in tiktoken."""
    every = "".join(chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000)
    # What the pattern does not match is left out of the encoding.
    enc = tiktoken.Encoding("points", pat_str=pattern, mergeable_ranks={bytes([i]): i for i in range(256)}, special_tokens={})
    return [ord(c) for c in bytes(enc.encode_ordinary(every)).decode()]


def main():
    enc = tiktoken.get_encoding(sys.argv[1])
    pieces = regex.compile(enc._pat_str)
    answers = {
        # the tokens of a text
        b"e": lambda b: enc.encode_ordinary(b.decode()),
        # the same, with special tokens in it
        b"s": lambda b: enc.encode(b.decode(), allowed_special="all"),
        # the tokens of a piece, as bytes
        b"p": enc._core_bpe.encode_single_piece,
        # the lengths of a text's pieces, in characters
        b"c": lambda b: [len(p) for p in pieces.findall(b.decode())],
        # the text of tokens, a byte a number
        b"d": lambda b: list(enc.decode_bytes(array.array("I", b).tolist())),
        # code points that match a pattern
        b"u": lambda b: points(b.decode()),
        # the name of a model's encoding
        b"m": lambda b: list(model(b.decode()).encode()),
        b"v": lambda b: list(tiktoken.__version__.encode()),
    }
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    while op := stdin.read(1):
        answer = answers[op]
        (count,) = struct.unpack("<I", stdin.read(4))
        texts = []
        for _ in range(count):
            (length,) = struct.unpack("<I", stdin.read(4))
            texts.append(stdin.read(length))
        out = []
        for text in texts:
            numbers = answer(text)
            out.append(struct.pack("<I", len(numbers)))
            out.append(array.array("I", numbers).tobytes())
        stdout.write(b"".join(out))
        stdout.flush()


def model(name):
    try:
        return tiktoken.model.encoding_name_for_model(name)
    except KeyError:
        return ""


main()
