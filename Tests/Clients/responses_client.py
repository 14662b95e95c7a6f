"""The openai package on `/v1/responses`, whole and as numbered events, and prefix completion on `/beta/chat/completions`.

    FATHOM=.build/release/fathom python Tests/Clients/responses_client.py
"""
import json

import openai
from checks import KEY, PROMPT, check, crowd, finish, raises, server

WEATHER = {
    "type": "function", "name": "get_weather", "description": "Weather of a city.", "strict": True,
    "parameters": {"type": "object", "properties": {"city": {"type": "string", "maxLength": 12}}, "required": ["city"],
                   "additionalProperties": False}}
LONG = "one two three four five six seven eight nine ten " * 20 + PROMPT


def client(url, key=KEY, base="/v1"):
    return openai.OpenAI(base_url=url + base, api_key=key, max_retries=0, timeout=60)


def asked(content=PROMPT, **changes):
    return {"model": "any", "input": content, "temperature": 0, "max_output_tokens": 512, **changes}


def shape(response):
    """What two answers to one question have in common."""
    items = [(i.type, i.status, [p.text for p in getattr(i, "content", None) or []],
              [p.text for p in getattr(i, "summary", None) or []], getattr(i, "arguments", None)) for i in response.output]
    return items, response.status, response.output_text, response.usage.output_tokens


def whole_and_streamed(api):
    whole = api.responses.create(**asked())
    check("a response of reasoning and a message", [i.type for i in whole.output] == ["reasoning", "message"]
          and whole.id.startswith("resp_") and whole.status == "completed" and whole.error is None, whole)
    check("its texts", whole.output[0].content[0].text and "64" in whole.output_text, whole.output_text)
    with api.responses.stream(**asked()) as stream:
        events, final = list(stream), stream.get_final_response()
    check("the stream is the whole", shape(final) == shape(whole), shape(final))
    numbers = [event.sequence_number for event in events]
    check("events are numbered", numbers == list(range(len(events))), numbers)
    said = [event.type for event in events]
    item = ["output_item.added", "content_part.added", "{}.delta", "{}.done", "content_part.done", "output_item.done"]
    order = (["response.created", "response.in_progress"]
             + [f"response.{kind.format('reasoning_text')}" for kind in item]
             + [f"response.{kind.format('output_text')}" for kind in item] + ["response.completed"])
    check("events in their order", [k for at, k in enumerate(said) if at == 0 or said[at - 1] != k] == order, said)
    deltas = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    check("deltas make the text", deltas == whole.output_text, deltas)
    names = {event.item_id for event in events if hasattr(event, "item_id")}
    check("events name the response's items", names == {item.id for item in final.output}, names)
    summary = {event.type for event in api.responses.create(**asked(stream=True, reasoning={"summary": "auto"}))}
    check("reasoning as a summary", {f"response.reasoning_summary_{kind}" for kind in
                                     ("part.added", "text.delta", "text.done", "part.done")} <= summary, summary)


def usage(api):
    answers = [api.responses.create(**asked(LONG, max_output_tokens=8)) for _ in range(2)]
    for answer in answers:
        seen = answer.usage
        check("usage: eight tokens, all of them reasoning, and the sum",
              seen.output_tokens == seen.output_tokens_details.reasoning_tokens == 8
              and seen.total_tokens == seen.input_tokens + 8, seen)
        check("an incomplete response says why", answer.status == answer.output[-1].status == "incomplete"
              and answer.incomplete_details.reason == "max_output_tokens", answer)
    check("usage: the second reads from the cache", seen.input_tokens_details.cached_tokens > 0, seen)
    last = list(api.responses.create(**asked(LONG, max_output_tokens=8, stream=True)))[-1]
    check("usage: streamed the same", last.type == "response.incomplete" and last.response.usage == seen, last)


def parameters(api):
    answer = api.responses.create(**asked(
        instructions="Be brief.", metadata={"topic": "apples"}, user="user_1", store=True, reasoning={"effort": "low"},
        text={"format": {"type": "text"}}, top_p=0.9))
    check("a response tells what it was asked", (answer.metadata, answer.instructions, answer.max_output_tokens, answer.top_p,
                                                 answer.reasoning.effort)
          == ({"topic": "apples"}, "Be brief.", 512, 0.9, "low"), answer)
    form = {"type": "json_schema", "name": "n", "strict": True, "schema": {"type": "object", "properties": {"n": {"type": "integer"}},
                                                                           "required": ["n"], "additionalProperties": False}}
    answer = api.responses.create(**asked(text={"format": form}))
    check("a form of text", list(json.loads(answer.output_text)) == ["n"] and answer.text.format.type == "json_schema", answer)


def conversation(api):
    first = api.responses.create(**asked())
    turns = ([{"role": "user", "content": [{"type": "input_text", "text": PROMPT}]}]
             + [item.model_dump(exclude_none=True) for item in first.output] + [{"role": "user", "content": "hello"}])
    check("a second turn", api.responses.create(**asked(turns)).output)


def tools(api):
    called = asked(tools=[WEATHER], tool_choice="required", parallel_tool_calls=False)
    whole = api.responses.create(**called)
    call = whole.output[-1]
    check("tools: one has to be called", call.type == "function_call" and call.name == "get_weather"
          and list(json.loads(call.arguments)) == ["city"], whole)
    events = list(api.responses.create(**called, stream=True))
    pieces = [e.delta for e in events if e.type == "response.function_call_arguments.delta"]
    check("tools: arguments come in pieces", len(pieces) > 2 and "".join(pieces) == call.arguments, pieces)
    check("tools: the stream is the whole", shape(events[-1].response) == shape(whole), events[-1])
    answer = api.responses.create(**asked(tools=[WEATHER], tool_choice="auto", max_output_tokens=16))
    bare = api.responses.create(**asked(tools=[WEATHER], tool_choice="none", max_output_tokens=16))
    check("tools: tool_choice none leaves them out", answer.usage.input_tokens > bare.usage.input_tokens
          and answer.tools[0].name == "get_weather", (answer.usage, bare.usage))
    turns = [{"role": "user", "content": "What is the weather in Rome?"},
             {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": '{"city": "Rome"}'},
             {"type": "function_call_output", "call_id": "call_1", "output": "sunny"}]
    check("tools: results are read", api.responses.create(**asked(turns, tools=[WEATHER], max_output_tokens=16)).output)


def prefix(url):
    """Chat prefix completion, as DeepSeek's beta has it."""
    def ask(*messages):
        return client(url, base="/beta").chat.completions.create(
            model="any", temperature=0, max_tokens=512, messages=list(messages)).choices[0].message

    question = {"role": "user", "content": PROMPT}
    whole = ask(question)
    begun = whole.content[: len(whole.content) // 2].rstrip()
    rest = ask(question, {"role": "assistant", "content": begun, "prefix": True})
    check("prefix: goes on, without reasoning", not getattr(rest, "reasoning_content", None) and rest.content is not None
          and not rest.content.startswith(begun), rest)
    thought = ask(question, {"role": "assistant", "content": begun, "reasoning_content": whole.reasoning_content, "prefix": True})
    check("prefix: with its reasoning, to the same end", (begun + thought.content).split() == whole.content.split(), thought)


def errors(api):
    def fails(what, error=openai.BadRequestError, words="", content=PROMPT, **changes):
        raised = raises(what, error, lambda: api.responses.create(**asked(content, **changes)))
        check(f"{what}: says what", words in str(raised), raised)
        return raised

    error = fails("an earlier response", words="previous_response_id", previous_response_id="resp_1")
    check("an error's body", (error.param, error.type) == ("previous_response_id", "invalid_request_error"), error.body)
    image = {"type": "input_image", "image_url": "data:image/png;base64,AA", "detail": "auto"}
    fails("an image", words="input[0].content[0]", content=[{"role": "user", "content": [image]}])
    fails("no input", content=[])
    fails("a tool of OpenAI's servers", tools=[{"type": "web_search"}])
    fails("a prompt beyond the context", content="one two " * 9000)
    fails("temperature 9", openai.UnprocessableEntityError, temperature=9)
    raises("a response that was stored", openai.NotFoundError, lambda: api.responses.retrieve("resp_1"))


with server() as url:
    print(f"openai {openai.__version__}")
    api = client(url)
    for part in whole_and_streamed, usage, parameters, conversation, tools, errors:
        part(api)
    prefix(url)
with server("--api-key", KEY) as url:
    raises("a key: a wrong one", openai.AuthenticationError, lambda: client(url, "another-key").responses.create(**asked()))
with server("--parallel", "1", "--queue", "1") as url:
    crowd("a full queue", openai.RateLimitError, lambda: client(url).responses.create(**asked()))
finish()
