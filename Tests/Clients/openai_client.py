"""The openai package: what it reads, how it streams, and which of its errors it raises.

    FATHOM=.build/release/fathom python Tests/Clients/openai_client.py
"""
import asyncio
import json
import math
import os
import shutil
import tempfile

import openai
from checks import KEY, PROMPT, check, finish, raises, server
from pydantic import BaseModel, Field

MESSAGES = [{"role": "user", "content": PROMPT}]
# Open enough for chance to have a say.
GREETING = [{"role": "user", "content": "Tell me a story."}]
TOOL = {"type": "function", "function": {
    "name": "weather", "description": "The weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string", "maxLength": 12}}, "required": ["city"]}}}


def client(url, **options):
    return openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0, timeout=60, **options)


def ask(api, messages=MESSAGES, **options):
    return api.chat.completions.create(model="built-in", messages=messages, **options)


def texts(answer):
    """Reasoning and content of each choice."""
    return [(getattr(c.message, "reasoning_content", None) or "", c.message.content) for c in answer.choices]


def gathered(stream):
    """A stream put together: texts by choice, reasons, the usage, and all chunks."""
    parts, reasons, usage, chunks = {}, {}, None, list(stream)
    for chunk in chunks:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            reasoning, content = parts.get(choice.index, ("", ""))
            delta = choice.delta
            parts[choice.index] = (
                reasoning + (getattr(delta, "reasoning_content", None) or ""), content + (delta.content or ""))
            reasons[choice.index] = choice.finish_reason or reasons.get(choice.index)
    return [parts[i] for i in sorted(parts)], reasons, usage, chunks


def chat(api):
    answer = ask(api)
    (reasoning, content), = texts(answer)
    check("chat: an answer with its reasoning", "64" in content and "47+35" in reasoning, (reasoning, content))
    usage = answer.usage
    check("chat: usage sums", usage.prompt_tokens + usage.completion_tokens == usage.total_tokens, usage)
    check("chat: hits and misses make the prompt",
          usage.prompt_cache_hit_tokens + usage.prompt_cache_miss_tokens == usage.prompt_tokens, usage)
    check("chat: reasoning tokens are some of the answer's",
          0 < usage.completion_tokens_details.reasoning_tokens < usage.completion_tokens, usage)
    check("chat: finish_reason", answer.choices[0].finish_reason == "stop", answer.choices[0].finish_reason)

    parts, reasons, streamed, chunks = gathered(ask(api, stream=True, stream_options={"include_usage": True}))
    check("stream: the same text as without", parts == texts(answer), parts)
    check("stream: the same counts as without",
          (streamed.prompt_tokens, streamed.completion_tokens, streamed.total_tokens)
          == (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), streamed)
    check("stream: the role comes first, the usage last",
          chunks[0].choices[0].delta.role == "assistant" and not chunks[-1].choices and chunks[-1].usage is not None
          and all(c.usage is None for c in chunks[:-1]), chunks[-2:])
    check("stream: finish_reason", reasons == {0: "stop"}, reasons)
    scored = [c for c in ask(api, stream=True, logprobs=True) for c in c.choices]
    check("stream: as many probabilities as tokens",
          sum(len(c.logprobs.content) for c in scored if c.logprobs) == usage.completion_tokens, len(scored))
    check("stream: no usage unless asked for", gathered(ask(api, stream=True))[2] is None)
    with api.chat.completions.stream(model="built-in", messages=MESSAGES) as stream:
        final = stream.get_final_completion()
    check("stream helper: the same text", final.choices[0].message.content == content, final)


def parameters(api):
    warm = dict(temperature=1.5, max_tokens=40)
    one = texts(ask(api, GREETING, seed=7, **warm))
    check("seed: the same twice", one == texts(ask(api, GREETING, seed=7, **warm)), one)
    check("seed: others answer otherwise",
          len({str(texts(ask(api, GREETING, seed=s, **warm))) for s in range(12)}) > 1)
    several = ask(api, GREETING, n=3, seed=7, **warm)
    check("n: three choices in order", [c.index for c in several.choices] == [0, 1, 2], several.choices)
    check("n: choice i is that of seed + i",
          texts(several) == [texts(ask(api, GREETING, seed=7 + i, **warm))[0] for i in range(3)], texts(several))
    check("n: usage counts all answers, and the prompt once",
          several.usage.completion_tokens <= 120 and several.usage.prompt_tokens == ask(api, GREETING).usage.prompt_tokens,
          several.usage)
    streamed, *_ = gathered(ask(api, GREETING, n=3, seed=7, stream=True, **warm))
    check("n: streamed choices are the same", streamed == texts(several), streamed)

    stopped = ask(api, stop=["="])
    check("stop: ends before the text", texts(stopped)[0][0].endswith("5+0") and texts(stopped)[0][1] == ""
          and stopped.choices[0].finish_reason == "stop", texts(stopped))
    short = ask(api, max_tokens=5)
    check("max_tokens: that many, and length",
          short.usage.completion_tokens == 5 and short.choices[0].finish_reason == "length", short)
    check("max_completion_tokens: the same", ask(api, max_completion_tokens=5).usage.completion_tokens == 5)

    scores = ask(api, logprobs=True, top_logprobs=4).choices[0].logprobs.content
    whole = b"".join(bytes(s.bytes) for s in scores).decode()
    answer = texts(ask(api))[0]
    check("logprobs: their bytes are the answer", whole.startswith(answer[0]) and answer[1] in whole, whole)
    check("logprobs: greedy picks the likeliest", all(s.logprob == max(t.logprob for t in s.top_logprobs) for s in scores))
    check("logprobs: four each, in order, none above 1",
          all(len(s.top_logprobs) == 4 and s.top_logprobs == sorted(s.top_logprobs, key=lambda t: -t.logprob)
              and sum(math.exp(t.logprob) for t in s.top_logprobs) <= 1 + 1e-9 for s in scores))
    for what, options in [("reasoning_effort none", {"reasoning_effort": "none"}),
                          ("thinking disabled", {"extra_body": {"thinking": {"type": "disabled"}}})]:
        blunt = ask(api, **options)
        check(f"{what}: no reasoning, but an answer", texts(blunt)[0][0].strip() == "" and texts(blunt)[0][1], texts(blunt))
    tooled = ask(api, tools=[TOOL], tool_choice="auto", parallel_tool_calls=False)
    check("tools: taken into the prompt", tooled.usage.prompt_tokens > 100 and tooled.choices[0].message.content is not None,
          tooled)
    unused = ask(api, tools=[TOOL], tool_choice="none")
    check("tools: tool_choice none leaves them out", texts(unused) == texts(ask(api)), texts(unused))


def tools(api):
    """Calls that have to be made; what is in them is a small model's guess."""
    def called(seed=7, **options):
        return ask(api, [{"role": "user", "content": "How is the weather in Rome?"}], tools=[TOOL], parallel_tool_calls=False,
                   seed=seed, **options)

    def arguments(call):
        values = json.loads(call.function.arguments)
        return list(values) == ["city"] and isinstance(values["city"], str)

    for what, choice in [("required", "required"), ("named", {"type": "function", "function": {"name": "weather"}})]:
        whole = called(tool_choice=choice)
        message, (call,) = whole.choices[0].message, whole.choices[0].message.tool_calls
        check(f"tools {what}: a call with arguments of the schema", call.type == "function" and call.id
              and call.function.name == "weather" and arguments(call), whole)
        check(f"tools {what}: finish_reason", whole.choices[0].finish_reason == "tool_calls", whole.choices[0].finish_reason)
        chunks = [c for c in called(tool_choice=choice, stream=True) if c.choices]
        deltas = [d for c in chunks for d in c.choices[0].delta.tool_calls or []]
        check(f"tools {what}: streamed, the first piece names the call", deltas[0].index == 0 and deltas[0].id
              and deltas[0].type == "function" and deltas[0].function.name == "weather", deltas[0])
        check(f"tools {what}: the others carry arguments alone", len(deltas) > 3
              and all(d.index == 0 and not d.id and not d.function.name for d in deltas[1:]), deltas)
        check(f"tools {what}: put together they are the whole call",
              "".join(d.function.arguments or "" for d in deltas) == call.function.arguments, deltas)
        check(f"tools {what}: the stream's finish_reason", chunks[-1].choices[0].finish_reason == "tool_calls", chunks[-1])
    with api.chat.completions.stream(model="built-in", messages=MESSAGES, tools=[TOOL], tool_choice="required",
                                     parallel_tool_calls=False) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion().choices[0].message.tool_calls[0]
    check("tools: the stream helper's events", "tool_calls.function.arguments.delta" in kinds
          and "tool_calls.function.arguments.done" in kinds and arguments(final), (kinds, final))
    turns = [{"role": "user", "content": "How is the weather in Rome?"}, message.model_dump(exclude_none=True),
             {"role": "tool", "tool_call_id": call.id, "content": "rain"}]
    answer = ask(api, turns, tools=[TOOL], max_tokens=16)
    check("tools: the result is read, and answered", answer.usage.prompt_tokens > whole.usage.prompt_tokens, answer.usage)
    strict = json.loads(json.dumps(TOOL))
    strict["function"]["strict"] = True
    strict["function"]["parameters"]["additionalProperties"] = False
    good = sum(arguments(ask(api, MESSAGES, tools=[strict], tool_choice="required", parallel_tool_calls=False, seed=i, temperature=1.0)
                         .choices[0].message.tool_calls[0]) for i in range(100))
    check("tools: strict arguments, 100 of 100", good == 100, good)


class Count(BaseModel):
    number: int
    thing: str = Field(max_length=20)


def parsed(api):
    """The package's own way to records: a strict schema made of a class."""
    good = sum(isinstance(api.chat.completions.parse(
        model="built-in", messages=MESSAGES, response_format=Count, seed=i, temperature=1.0).choices[0].message.parsed, Count)
        for i in range(100))
    check("parse: records of a class, 100 of 100", good == 100, good)
    raises("parse: an answer that was cut off", openai.LengthFinishReasonError, lambda: api.chat.completions.parse(
        model="built-in", messages=MESSAGES, response_format=Count, max_tokens=2))


def caching(api):
    messages = [{"role": "user", "content": "Pia has 12 pears. " * 12 + "How many pears?"}]
    first, second = ask(api, messages), ask(api, messages)
    check("cache: nothing at first", first.usage.prompt_tokens_details.cached_tokens == 0
          and first.usage.prompt_tokens > 64, first.usage)
    check("cache: whole blocks of 64 on the second call",
          second.usage.prompt_tokens_details.cached_tokens == second.usage.prompt_cache_hit_tokens
          == (first.usage.prompt_tokens - 1) // 64 * 64 > 0, second.usage)
    check("cache: the same text", texts(first) == texts(second), texts(second))
    other = ask(api, messages, user="somebody else")
    check("cache: users share nothing", other.usage.prompt_tokens_details.cached_tokens == 0, other.usage)


def completions(api):
    def complete(prompt, **options):
        return api.completions.create(model="built-in", prompt=prompt, **options)

    plain = complete("Ana has 47 apples", max_tokens=12)
    parts = list(complete("Ana has 47 apples", max_tokens=12, stream=True, stream_options={"include_usage": True}))
    check("completions: stream = plain",
          "".join(c.text for p in parts for c in p.choices) == plain.choices[0].text, parts)
    check("completions: the usage of the stream", parts[-1].usage == plain.usage, parts[-1])
    scored = complete("Ana has 47 apples", max_tokens=4, echo=True, logprobs=3)
    choice, scores = scored.choices[0], scored.choices[0].logprobs
    check("completions: echo begins with the prompt", choice.text.startswith("Ana has 47 apples"), choice.text)
    check("completions: nothing is known of the first token", scores.token_logprobs[0] is None and scores.top_logprobs[0] is None
          and all(s <= 0 for s in scores.token_logprobs[1:]), scores.token_logprobs)
    check("completions: four lists of one length",
          len(scores.tokens) == len(scores.token_logprobs) == len(scores.top_logprobs) == len(scores.text_offset)
          == scored.usage.total_tokens, scored)
    check("completions: text_offset says where tokens begin",
          all(choice.text[offset:].startswith(token) for token, offset in zip(scores.tokens[1:], scores.text_offset[1:])),
          scores.text_offset)
    streamed = [p.choices[0].logprobs for p in complete("Ana has 47 apples", max_tokens=4, echo=True, logprobs=3, stream=True)
                if p.choices[0].logprobs]
    check("completions: streamed probabilities are the same",
          [sum((getattr(s, name) for s in streamed), []) for name in ("tokens", "token_logprobs", "text_offset")]
          == [scores.tokens, scores.token_logprobs, scores.text_offset], streamed)
    only = complete("Ana has 47 apples", max_tokens=0, echo=True, logprobs=1)
    check("completions: the prompt alone", only.choices[0].text == "Ana has 47 apples"
          and only.choices[0].logprobs.token_logprobs == scores.token_logprobs[:-4], only)
    both = complete(["Ana has 47 apples", "Use 4, 7"], max_tokens=12, n=2)
    check("completions: two prompts, two answers each",
          [c.index for c in both.choices] == [0, 1, 2, 3] and both.choices[0].text == both.choices[1].text
          == plain.choices[0].text, both)


def errors(api):
    raises("a message without text", openai.BadRequestError, lambda: ask(api, [{"role": "user"}]),
           status_code=400, param="messages[0].content", type="invalid_request_error")
    raises("no messages", openai.BadRequestError, lambda: ask(api, []), status_code=400, param="messages")
    raises("temperature 3", openai.UnprocessableEntityError, lambda: ask(api, temperature=3),
           status_code=422, param="temperature")
    raises("n 9", openai.UnprocessableEntityError, lambda: ask(api, n=9), status_code=422, param="n")
    raises("a word for a number", openai.BadRequestError, lambda: ask(api, max_tokens="many"), param="max_tokens")
    raises("a prompt beyond the context", openai.BadRequestError,
           lambda: ask(api, [{"role": "user", "content": "apples " * 2000}]), code="context_length_exceeded")
    raises("the same, streamed", openai.BadRequestError,
           lambda: ask(api, [{"role": "user", "content": "apples " * 2000}], stream=True), code="context_length_exceeded")
    raises("a model that is not there", openai.NotFoundError, lambda: api.models.retrieve("gpt-9"), code="model_not_found")
    raises("a path that is not there", openai.NotFoundError, lambda: api.embeddings.create(model="built-in", input="a"),
           status_code=404)


def models(api):
    listed = [m.id for m in api.models.list()]
    check("models: the one there is", listed == ["built-in"], listed)
    check("models: by its name", api.models.retrieve("built-in").object == "model")
    raw = api.chat.completions.with_raw_response.create(
        model="built-in", messages=MESSAGES, extra_headers={"X-Request-Id": "mine-1"})
    check("x-request-id: ours comes back", raw.headers["x-request-id"] == "mine-1" == raw.request_id, raw.headers)
    check("x-request-id: one of the server's own", ask(api, max_tokens=1)._request_id.startswith("req_"))
    for base in ("", "/beta"):
        other = openai.OpenAI(base_url=api.base_url.join("/").__str__().rstrip("/") + base, api_key=KEY)
        check(f"DeepSeek's base address {base or '/'}: the same answer", texts(ask(other)) == texts(ask(api)))


async def together(url, many=50):
    """The same questions, one after the other and all at once."""
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0, timeout=120) as api:
        async def one(i):
            options = dict(temperature=0.0 if i % 2 else 1.2, seed=i, max_tokens=80)
            messages = [{"role": "user", "content": f"Ana has {20 + i} apples and buys {35 + 3 * i} more. How many now?"}]
            if i % 3:
                return texts(await api.chat.completions.create(model="built-in", messages=messages, **options))
            parts = [c async for c in await api.chat.completions.create(
                model="built-in", messages=messages, stream=True, **options)]
            return gathered(parts)[0]

        solo = [await one(i) for i in range(many)]
        crowd = await asyncio.gather(*(one(i) for i in range(many)))
        same = sum(a == b for a, b in zip(solo, crowd))
        check(f"AsyncOpenAI: {many} at once as one by one", same == many, f"{same} the same")


def locked():
    with server("--api-key", KEY) as url:
        check("a key: the right one", ask(client(url), max_tokens=1).usage.completion_tokens == 1)
        wrong = openai.OpenAI(base_url=f"{url}/v1", api_key="another-key", max_retries=0)
        raises("a key: a wrong one", openai.AuthenticationError, lambda: ask(wrong), status_code=401, code="invalid_api_key")
        raises("a key: a wrong one for models", openai.AuthenticationError, lambda: wrong.models.list(), status_code=401)


def crowded():
    """One request at a time and nobody in line: the next is turned away, and a patient client gets its answer."""
    with server("--parallel", "1", "--queue", "0") as url:
        api = client(url)
        # As long as the context is: some hundred times what the refusal takes.
        busy = ask(api, GREETING, stream=True, extra_body={"ignore_eos": True}, logprobs=True, top_logprobs=20, max_tokens=1000)
        next(iter(busy))
        try:
            ask(api)
            check("a full queue: RateLimitError", False, "an answer")
        except openai.RateLimitError as error:
            check("a full queue: RateLimitError", error.code == "rate_limit_exceeded", error)
            check("a full queue: Retry-After", error.response.headers.get("retry-after", "").isdigit(), error.response.headers)
        patient = openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=5, timeout=60)
        busy.close()
        check("a full queue: a client that tries again", "64" in texts(ask(patient))[0][1])


def broken():
    """Weights that change while a stream runs: it ends with an error that the package raises."""
    here = os.path.dirname(os.path.abspath(__file__))
    source = os.path.join(here, "..", "..", "Sources", "FathomInference", "BuiltIn", "model")
    with tempfile.TemporaryDirectory() as folder:
        model = shutil.copytree(source, os.path.join(folder, "model"))
        weights = next(os.path.join(model, name) for name in os.listdir(model) if name.endswith(".safetensors"))
        with server("--model", model, "--cache-disk", "0") as url:
            api = client(url)
            stream = ask(api, GREETING, stream=True, n=8, max_tokens=900, temperature=1, extra_body={"ignore_eos": True})
            chunks = iter(stream)
            first = next(chunks)
            with open(weights, "ab") as file:
                file.write(b"more")
            try:
                for _ in chunks:
                    pass
                check("an error in the middle of a stream: APIError", False, "an answer")
            except openai.APIError as error:
                check("an error in the middle of a stream: APIError", type(error) is openai.APIError and first.choices
                      and error.code == "model_failure" and "changed" in error.message, (type(error), error.code, error.message))
            raises("the next request: InternalServerError", openai.InternalServerError, lambda: ask(api), status_code=500)


with server() as url:
    print(f"openai {openai.__version__}")
    api = client(url)
    chat(api)
    parameters(api)
    tools(api)
    parsed(api)
    caching(api)
    completions(api)
    errors(api)
    models(api)
    asyncio.run(together(url))
locked()
crowded()
broken()
finish()
