"""Counts with tiktoken and gigatoken; see child in peers.go."""
import sys
import time

import gigatoken
import tiktoken

cache = sys.argv[1]
tik, warm, texts = {}, {}, {}


def new_gigatoken(enc):
    return gigatoken.Tokenizer.from_tiktoken(f"{cache}/{enc}.tiktoken")


for line in sys.stdin:
    peer, enc, path = line.split()
    if path not in texts:
        data = open(path, "rb").read()
        texts[path] = data, data.decode()
    data, text = texts[path]
    if peer == "tiktoken":
        if enc not in tik:
            tik[enc] = tiktoken.get_encoding(enc)
        f = tik[enc].encode_ordinary
        arg = text
    elif peer == "gigatoken":
        # One that has seen this text, and no other.
        if (enc, path) not in warm:
            warm.clear()
            warm[enc, path] = new_gigatoken(enc)
        f, arg = warm[enc, path].encode, data
    else:
        f, arg = new_gigatoken(enc).encode, data
    start = time.process_time_ns()
    tokens = f(arg)
    elapsed = time.process_time_ns() - start
    print(len(tokens), elapsed, flush=True)
