"""Counts with tiktoken, gigatoken, tokie and wordchipper; see child in peers.go."""
import base64
import json
import sys
import time

import gigatoken
import tiktoken
import tokie
import wordchipper

cache, data = sys.argv[1:]
texts, kept = {}, {}


def tokenizer_json(enc):
    """Writes a vocabulary as the tokenizer.json that tokie reads, and returns its path."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in printable]
    letter = {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(rest)}

    def name(token):
        return "".join(letter[b] for b in token)

    with open(f"{cache}/{enc}.tiktoken", "rb") as f:
        tokens = [base64.b64decode(line.split()[0]) for line in f if line.strip()]
    with open(f"{data}/{enc.removesuffix('_base')}.merges", "rb") as f:
        merges = f.read()[256:]
    firsts = [int.from_bytes(merges[i : i + 5], "little") & (1 << 18) - 1 for i in range(0, len(merges), 5)]
    lefts = [0] * 256 + [len(tokens[first]) for first in firsts]
    doc = {
        "version": "1.0",
        "added_tokens": [],
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": tiktoken.get_encoding(enc)._pat_str}, "behavior": "Isolated", "invert": False},
                {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False},
            ],
        },
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "vocab": {name(t): i for i, t in enumerate(tokens)},
            "merges": [[name(t[:n]), name(t[n:])] for t, n in zip(tokens, lefts, strict=True) if n],
        },
    }
    path = f"{cache}/{enc}.json"
    with open(path, "w") as f:
        json.dump(doc, f)
    return path


MAKE = {
    "tiktoken": lambda enc: tiktoken.get_encoding(enc).encode_ordinary,
    "gigatoken": lambda enc: gigatoken.Tokenizer.from_tiktoken(f"{cache}/{enc}.tiktoken").encode,
    "tokie": lambda enc: tokie.Tokenizer.from_json(tokenizer_json(enc)).count_tokens,
    "wordchipper": lambda enc: wordchipper.Tokenizer.from_pretrained(enc).encode,
}


def counter(peer, enc, path):
    """The function that a peer counts with."""
    if peer == "gigatoken-cold":
        return MAKE["gigatoken"](enc)
    # A gigatoken that has seen this text, and no other.
    key = (enc, path) if peer == "gigatoken" else enc
    if kept.get(peer, (None,))[0] != key:
        kept[peer] = key, MAKE[peer](enc)
    return kept[peer][1]


for line in sys.stdin:
    peer, enc, path = line.split()
    if path not in texts:
        with open(path, "rb") as f:
            content = f.read()
        texts[path] = content, content.decode()
    f, arg = counter(peer, enc, path), texts[path][0 if peer.startswith("gigatoken") else 1]
    start = time.process_time_ns()
    try:
        tokens = f(arg)
        n = tokens if isinstance(tokens, int) else len(tokens)
    except BaseException as e:  # a panic of Rust is no Exception
        if isinstance(e, KeyboardInterrupt):
            raise
        n = -1
    print(n, time.process_time_ns() - start, flush=True)
