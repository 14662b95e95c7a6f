"""Merges that the `tokenizers` library learns from a small made-up corpus, and what it encodes with them.

    python make_bpe.py ../bpe/expected.json
    python make_bpe.py --check FOLDER ../bpe/expected.json    # reads a trained tokenizer.json and compares encodings
"""
import argparse
import json
import random

import tokenizers
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from common import SPECIALS, write_json

VOCABULARY = 560
MINIMUM = 2
NAMES = ["Ana", "Bo", "Chloé", "Dmitri", "Eira", "Farid"]
THINGS = ["apples", "pencils", "stamps", "coins", "marbles", "tickets", "envelopes"]
VERBS = ["has", "buys", "gives away", "loses", "finds", "counts", "shares"]
SENTENCES = [
    "How many are left at the end?", "Let's count step by step.", "So the answer is right; that's all.",
    "今天天气很好，我们去公园散步。", "你好，世界！", "Ça va? Où est-il né?", "Привет, мир!", "😀 → ∑ ≤ ½",
    "func add(_ a: Int, _ b: Int) -> Int {\n    return a + b\n}\n", "aaaaaaaaaaaa bbbbbbb aaaa",
    "the theme of the other then they there these",
]


def corpus():
    r = random.Random(20)
    texts = []
    for _ in range(90):
        name, thing = r.choice(NAMES), r.choice(THINGS)
        kind = r.randrange(4)
        if kind == 0:
            texts.append(f"{name} {r.choice(VERBS)} {r.randrange(1000)} {thing} and {r.choice(VERBS)} {r.randrange(100)} of them. "
                         + r.choice(SENTENCES))
        elif kind == 1:
            texts.append(json.dumps({"name": name, "items": [{"kind": thing, "count": r.randrange(50)}], "date": f"2024-0{r.randrange(1, 10)}-1{r.randrange(10)}"},
                                    ensure_ascii=False))
        elif kind == 2:
            texts.append(f"{name.lower()}_{thing}.total += {r.random():.3f}\n\tif {thing}[{r.randrange(9)}] != \"{name}\":\n\t\treturn None\n")
        else:
            texts.append("  ".join(r.choice(SENTENCES) for _ in range(2)))
    return texts


def pre_tokenizer():
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(
            r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"), "isolated"),
        pre_tokenizers.Split(Regex(r"\s?\p{N}"), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])


def unseen():
    return ["", " ", "Ana gives Bo 1234 apples, then 56.", "theatre othering", "{\"name\":\"Zoé\",\"count\":007}", "aaaaaaa",
            "1 2  3   4\n\n5\r\n", "公园里有3只狗。", "\tif x != 'y':\n", "ﬁ ½ ٣ Ⅷ 😀😀", "<think>\nso\n</think>\n\n42<｜end▁of▁sentence｜>",
            "<｜User｜>Hi<｜Assistant｜><think>\n", "<think", "｜User｜"]


def train(texts):
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizer()
    tok.decoder = decoders.ByteLevel()
    tok.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=VOCABULARY, min_frequency=MINIMUM, special_tokens=SPECIALS, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return tok


def encodings(tok, texts):
    return [{"text": t, "ids": tok.encode(t, add_special_tokens=False).ids} for t in texts]


if __name__ == "__main__":
    a = argparse.ArgumentParser()
    a.add_argument("expected")
    a.add_argument("--check", metavar="FOLDER")
    o = a.parse_args()
    if o.check:
        from transformers import AutoTokenizer
        cases = json.load(open(o.expected, encoding="utf-8"))["encode"]
        tok = Tokenizer.from_file(o.check + "/tokenizer.json")
        auto = AutoTokenizer.from_pretrained(o.check)
        for c in cases:
            assert tok.encode(c["text"], add_special_tokens=False).ids == c["ids"], c
            assert auto(c["text"], add_special_tokens=False)["input_ids"] == c["ids"], c
            assert tok.decode(c["ids"], skip_special_tokens=False) == c["text"], c
        print(len(cases), "encodings equal, with tokenizers and with transformers")
        m = [{"role": "system", "content": "Be brief."}, {"role": "system", "content": "Count."}, {"role": "user", "content": "1+1?"},
             {"role": "assistant", "content": "<think>\nx\n</think>\n\n2"}, {"role": "user", "content": "2+2?"}]
        print(repr(auto.apply_chat_template(m, tokenize=False, add_generation_prompt=True)))
    else:
        texts = corpus()
        tok = train(texts)
        trained = json.loads(tok.to_str())
        write_json(o.expected, {
            "library": f"tokenizers {tokenizers.__version__}", "vocabulary_size": VOCABULARY, "minimum_count": MINIMUM, "texts": texts,
            "tokens": [t for t, _ in sorted(trained["model"]["vocab"].items(), key=lambda x: x[1])],
            "merges": trained["model"]["merges"], "encode": encodings(tok, texts[::6] + unseen())}, indent=0)
        print(len(trained["model"]["merges"]), "merges,", tok.get_vocab_size(), "tokens")
