"""What the scripted server says to `POST /inspect`: a network's insides, made up and always the same.

The numbers are those of no model, but they hang together as a model's do: shares are the softmax of
their scores, chosen experts are the best of the kept groups, stages of the sampler follow one another.
Words in the prompt choose what happens: "dense" is a network without latents, experts and drafts, "wide"
one with many heads and experts, "breaks" ends with an error, "cut off" without an end, "malformed" with a
frame of the wrong shape, "slowly" takes its time.
"""
import math
import random
import re

HOSTILE = ["<img src=x onerror=window.hacked=60>", "</script><script>window.hacked=61</script>", "\u202ereversed", "javascript:window.hacked=62"]
FOX = [[" dog", " cat", " fence", " sheep", " brown", " fox", " river", " hound", " wall", " puppy"], [".", ",", " and", "!", " in", " that", "\n", ";", " who", " by"],
       [" The", " It", "\n", " And", " Then", " But", " He", " A", " She", " So"], [" dog", " fox", " quick", " lazy", " next", " end", " cat", " other", " day", " two"],
       [" did", " was", " barked", " slept", " only", " had", " just", " looked", " ran", " never"], [" not", " nothing", " so", " too", " it", " nt", " what", " wake", " a", " n"],
       [" wake", " move", " even", " mind", " care", " see", " look", " notice", " bark", " like"], [" up", ".", " at", " from", ",", " to", "!", " until", " for", " when"]]


def tokens_of(text):
    pieces = re.findall(r" ?[^\W_]+|[^\w\s]|\s+|_", text)
    begin = "<｜begin▁of▁sentence｜>"
    return [{"id": 0, "text": begin, "bytes": list(begin.encode()), "special": True}] + [{"id": identifier(piece), "text": piece, "bytes": list(piece.encode()), "special": False} for piece in pieces]


def identifier(text):
    return random.Random("id" + text).randrange(100, 32000)


def softmax(scores):
    top = max(scores)
    raised = [math.exp(score - top) for score in scores]
    return [value / sum(raised) for value in raised]


def attention(tokens, layer, heads, has_latent):
    """Heads rest on the first token, look one back, look at themselves, or compare contents."""
    shown = tokens[:64]
    latent, rotary, shares = [], [], []
    for head in range(heads):
        habit = (head + layer) % 4
        latent.append([]), rotary.append([]), shares.append([])
        for query in range(len(shown)):
            contents, distances = [], []
            for key in range(query + 1):
                dice = random.Random(f"{layer} {head} {shown[query]['id']} {shown[key]['id']}")
                sink = 3.2 if key == 0 and habit in (0, 3) else 0
                contents.append(round(dice.gauss(0, 1.1 if habit == 3 else 0.5) + sink + (1.8 if habit == 2 and key == query else 0), 3))
                back = query - key
                distances.append(round((2.6 * (back == 1) if habit == 1 else 0.5 * math.cos(back * 0.9)) - 0.06 * back, 3))
            latent[-1].append(contents)
            rotary[-1].append(distances)
            shares[-1].append([round(share, 5) for share in softmax([a + b for a, b in zip(contents, distances)])])
    scores = [[[round(a + b, 3) for a, b in zip(c, d)] for c, d in zip(*pair)] for pair in zip(latent, rotary)]
    parts = {"latent": latent, "rotary": rotary} if has_latent else {"latent": None, "rotary": None, "scores": scores}
    return {"kind": "attention", "layer": layer, "heads": heads, "probabilities": shares} | parts


def routing(tokens, layer, experts):
    rows, size = [], experts["count"] // experts["groups"]
    bias = [round(random.Random(f"bias {layer} {expert}").uniform(-0.12, 0.12), 4) for expert in range(experts["count"])]
    for token in tokens:
        dice = random.Random(f"route {layer} {token['id']}")
        scores = [round(1 / (1 + math.exp(-dice.gauss(-0.7, 1.1))), 4) for _ in range(experts["count"])]
        biased = [round(score + add, 4) for score, add in zip(scores, bias)]
        worth = [sum(sorted(biased[group * size:(group + 1) * size])[-2:]) for group in range(experts["groups"])]
        kept = sorted(range(experts["groups"]), key=lambda group: -worth[group])[:experts["groups_kept"]]
        allowed = [expert for expert in range(experts["count"]) if expert // size in kept]
        chosen = sorted(allowed, key=lambda expert: -biased[expert])[:experts["chosen"]]
        total = sum(scores[expert] for expert in chosen)
        rows.append({"experts": chosen, "weights": [round(scores[expert] / total, 4) for expert in chosen], "groups": kept, "scores": scores, "biased": biased})
    return {"kind": "routing", "layer": layer, "tokens": rows}


def listed(words, shares, top):
    pairs = sorted(zip(words, shares), key=lambda pair: -pair[1])[:top]
    return [{"id": identifier(word), "text": word, "probability": round(share, 5)} for word, share in pairs]


def lens(layers, words, top):
    early = [" of", "ing", " the", "…", " and", "er", "<0x0A>", " lazy", "ly", " over"]
    for layer in range(-1, layers):
        known = (layer + 1) / layers
        dice = random.Random(f"lens {layer}")
        mixed = {}
        for place, word in enumerate(early):
            mixed[word] = mixed.get(word, 0) + math.exp(2 - 0.35 * place + dice.gauss(0, 0.4)) * (1 - known) ** 1.5
        for place, word in enumerate(words):
            mixed[word] = mixed.get(word, 0) + math.exp(3.6 - 0.75 * place) * known ** 2.2
        total = sum(mixed.values()) * (1.9 - 0.8 * known)
        yield {"kind": "lens", "layer": layer, "top": listed(mixed, [value / total for value in mixed.values()], top)}


def step(index, words, body, vocabulary, top):
    dice = random.Random(f"step {index}")
    logits = [3.4 - 0.55 * place + dice.gauss(0, 0.25) for place in range(len(words))]
    pairs = sorted(zip(words, softmax(logits + [1.2])), key=lambda pair: -pair[1])
    stages, shares, kept = [], dict(pairs), vocabulary

    def stage(name):
        stages.append({"name": name, "kept": kept, "top": listed(shares, shares.values(), top)})

    stage("model")
    temperature = body.get("temperature", 0)
    if temperature:
        powers = {word: share ** (1 / temperature) for word, share in shares.items()}
        shares = {word: power / (sum(powers.values()) * 1.06) for word, power in powers.items()}
        stage("temperature")
        for name in ["top_k", "top_p", "min_p"]:
            if not body.get(name):
                continue
            order = sorted(shares.items(), key=lambda pair: -pair[1])
            if name == "top_k":
                order = order[:body[name]]
            elif name == "top_p":
                sums = [sum(share for _, share in order[:place]) for place in range(len(order))]
                order = [pair for pair, before in zip(order, sums) if before < body[name]]
            else:
                order = [pair for pair in order if pair[1] >= body[name] * order[0][1]]
            kept = max(len(order), min(kept, body["top_k"])) if name == "top_k" else len(order)
            total = sum(share for _, share in order)
            shares = {word: share / total for word, share in order}
            stage(name)
    word = max(shares, key=shares.get)
    share = dict(pairs)[word]
    return {"kind": "step", "index": index, "stages": stages, "chosen": {"id": identifier(word), "text": word, "probability": round(share, 5), "log_probability": round(math.log(share), 5)}}


def frames(body):
    """All frames for a request, in the contract's order."""
    prompt = body.get("prompt") or "".join(message["content"] for message in body.get("messages", []))
    tokens = tokens_of(prompt)
    dense, wide, hostile = "dense" in prompt, "wide" in prompt, "<" in prompt
    layers, heads, top, count = 4, 16 if wide else 4, body.get("top", 10), body.get("max_tokens", 8)
    latent = None if dense else {"rank": 64, "rotary": 16, "nope": 32, "value": 32}
    experts = None if dense else {"count": 64 if wide else 16, "chosen": 6 if wide else 4, "shared": 1, "groups": 8 if wide else 4, "groups_kept": 3 if wide else 2, "scoring": "sigmoid"}
    vocabulary = 32000
    yield {"kind": "model", "id": "mock/" + ("dense-4l" if dense else "latent-4l"), "layers": layers, "heads": heads, "hidden": 256, "vocabulary": vocabulary, "latent": latent, "experts": experts,
           "first_mixture_layer": None if dense else 1, "drafts": not dense}
    yield {"kind": "tokens", "tokens": tokens}
    for layer in range(layers):
        yield attention(tokens, layer, heads, not dense)
        if "breaks" in prompt and layer == 1:
            yield {"kind": "error", "message": "layer 2: the cache has no page left for <b>this</b> request"}
            return
    if "malformed" in prompt:
        yield {"kind": "cache", "tokens": "many"}
        return
    if "cut off" in prompt:
        return
    if experts:
        for layer in range(1, layers):
            yield routing(tokens, layer, experts)
    plain = 2 * layers * heads * (80 if latent else 64)
    per_token = 2 * layers * (80 if latent else 2 * 2 * 32)
    yield {"kind": "cache", "tokens": len(tokens), "bytes": per_token * len(tokens), "bytes_per_token": per_token, "plain_bytes": plain * len(tokens), "plain_bytes_per_token": plain, "type": "bf16"}
    script = [words[:6] + HOSTILE for words in FOX] if hostile else FOX
    yield from lens(layers, script[0], top)
    made = accepted = 0
    for index in range(count):
        words = script[index % len(script)]
        now = step(index, words, body, vocabulary, top)
        yield now
        if dense or index % 2 == 0 or index + 1 > count:
            continue
        made += 1
        is_right = index % 3 != 2
        accepted += is_right
        chosen = {name: now["chosen"][name] for name in ("id", "text")}
        guess = chosen if is_right else {"id": identifier(words[1]), "text": words[1]}
        yield {"kind": "draft", "index": index, "drafted": guess | {"probability": round(0.81 - 0.06 * index, 4)}, "accepted": is_right, "instead": None if is_right else chosen}
    yield {"kind": "done", "usage": {"prompt_tokens": len(tokens), "completion_tokens": count}, "drafts": None if dense else {"made": made, "accepted": accepted}}
