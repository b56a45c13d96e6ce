"""Trains a small tokenizer as a family of models has it, and answers what the
library tokenizers makes of texts. Arguments: the family, the file to write, and
files to learn from. Requests and answers are those of oracle.py; of the
operations it has e, the tokens of a text, and s, with special tokens in it.
"""
import array
import struct
import sys

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
TAIL = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + TAIL  # GLM-4 too
QWEN2 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + TAIL
QWEN3_5 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
DEEPSEEK = [
    r"\p{N}{1,3}",
    "[一-龥\u3040-ゟ゠-ヿ]+",
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
]
O200K = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+",
])  # gpt-oss, Llama 4, MiniMax


def splits(*patterns):
    parts = [pre_tokenizers.Split(Regex(p), "isolated") for p in patterns]
    return pre_tokenizers.Sequence(parts + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


FAMILIES = {
    "gpt2": (pre_tokenizers.ByteLevel(add_prefix_space=False), None, False),
    "llama3": (splits(LLAMA3), None, True),
    "qwen2": (splits(QWEN2), normalizers.NFC(), False),
    "qwen3.5": (splits(QWEN3_5), normalizers.NFC(), False),
    "deepseek": (splits(*DEEPSEEK), normalizers.Sequence([]), False),
    "o200k": (splits(O200K), None, False),
    "starcoder": (pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]), None, False),
}


def main():
    family, path, *files = sys.argv[1:]
    pre, norm, whole = FAMILIES[family]
    tok = Tokenizer(models.BPE(ignore_merges=whole))
    tok.pre_tokenizer = pre
    if norm is not None:
        tok.normalizer = norm
    trainer = trainers.BpeTrainer(vocab_size=6000, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                                  special_tokens=["<|endoftext|>", "<｜begin▁of▁sentence｜>", "[INST]"])
    tok.train(files, trainer)
    tok.add_special_tokens([AddedToken("<|im_start|>", special=True, normalized=False)])
    tok.save(path)
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    while op := stdin.read(1):
        tok.encode_special_tokens = op == b"e"
        (count,) = struct.unpack("<I", stdin.read(4))
        texts = []
        for _ in range(count):
            (length,) = struct.unpack("<I", stdin.read(4))
            texts.append(stdin.read(length).decode())
        out = []
        for enc in tok.encode_batch(texts, add_special_tokens=False):
            out.append(struct.pack("<I", len(enc.ids)))
            out.append(array.array("I", enc.ids).tobytes())
        stdout.write(b"".join(out))
        stdout.flush()


main()
