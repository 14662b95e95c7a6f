"""The anthropic package: messages whole and as events, counts, tools that are called, and which of its errors it raises.

    FATHOM=.build/release/fathom python Tests/Clients/anthropic_client.py
"""
import anthropic
from checks import KEY, PROMPT, check, crowd, finish, raises, server

WEATHER = {
    "name": "get_weather", "description": "Weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string", "maxLength": 12}}, "required": ["city"],
                     "additionalProperties": False}}
LONG = "one two three four five six seven eight nine ten " * 20 + PROMPT


def client(url, key=KEY):
    return anthropic.Anthropic(base_url=url, api_key=key, max_retries=0, timeout=60)


def asked(content=PROMPT, **changes):
    # Some versions of the package have no parameter for the temperature.
    return {"model": "any", "max_tokens": 512, "extra_body": {"temperature": 0},
            "messages": [{"role": "user", "content": content}], **changes}


def text(message):
    return "".join(block.text for block in message.content if block.type == "text")


def shape(message):
    """What two answers to one question have in common."""
    return ([(b.type, getattr(b, "text", None), getattr(b, "thinking", None), getattr(b, "signature", None),
              getattr(b, "name", None), getattr(b, "input", None)) for b in message.content],
            message.stop_reason, message.stop_sequence, message.usage.output_tokens)


def streamed(api, request):
    """The kinds of events of a stream, and the message that the package makes of them."""
    with api.messages.stream(**request) as stream:
        return [event.type for event in stream], stream.get_final_message()


def whole_and_streamed(api, where):
    whole = api.messages.create(**asked())
    check(f"{where}: a message of thinking and text", [b.type for b in whole.content] == ["thinking", "text"]
          and whole.id.startswith("msg_") and whole.role == "assistant" and "64" in text(whole), whole)
    check(f"{where}: thinking has a text and a signature", whole.content[0].thinking and whole.content[0].signature, whole)
    check(f"{where}: how it ended", (whole.stop_reason, whole.stop_sequence) == ("end_turn", None), whole)
    kinds, message = streamed(api, asked())
    check(f"{where}: the stream is the whole", shape(message) == shape(whole), message)
    check(f"{where}: events in their order", kinds[0] == "message_start" and kinds[-1] == "message_stop"
          and kinds.count("content_block_start") == kinds.count("content_block_stop") == 2
          and kinds.count("message_delta") == 1 and kinds.index("signature") < kinds.index("content_block_stop"), kinds)
    raw = [event.type for event in api.messages.create(**asked(stream=True))]
    check(f"{where}: raw events", [kind for kind in raw if kind not in ("content_block_delta", "ping")] ==
          ["message_start"] + 2 * ["content_block_start", "content_block_stop"] + ["message_delta", "message_stop"], raw)


def usage(api):
    request = asked(LONG, max_tokens=8)
    counted = api.messages.count_tokens(model="any", messages=request["messages"]).input_tokens
    first, second = api.messages.create(**request), api.messages.create(**request)
    for answer in first, second:
        seen = answer.usage
        check("usage: input and cache make what count_tokens says",
              seen.input_tokens + seen.cache_read_input_tokens == counted > 64, (counted, seen))
        check("usage: eight tokens, and why no more", (seen.output_tokens, answer.stop_reason) == (8, "max_tokens"), answer)
    check("usage: the second reads from the cache", second.usage.cache_read_input_tokens > 0, second.usage)
    _, message = streamed(api, request)
    check("usage: streamed the same", message.usage == second.usage, message.usage)
    more = api.messages.count_tokens(model="any", system="Be kind.", messages=request["messages"]).input_tokens
    check("count_tokens: a system prompt counts", more > counted, (more, counted))


def stop_sequences(api):
    words = text(api.messages.create(**asked())).split()
    request = asked(stop_sequences=["never comes", words[1]])
    for how, stopped in ("whole", api.messages.create(**request)), ("streamed", streamed(api, request)[1]):
        check(f"stop_sequences: {how}", (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", words[1])
              and words[1] not in text(stopped), stopped)


def thinking(api):
    short = api.messages.create(**asked(max_tokens=256, thinking={"type": "enabled", "budget_tokens": 4}))
    full = api.messages.create(**asked())
    check("thinking: a budget makes it shorter", short.usage.output_tokens_details.thinking_tokens
          < full.usage.output_tokens_details.thinking_tokens, (short.usage, full.usage))
    for what in ({"thinking": {"type": "disabled"}}, {"thinking": {"type": "adaptive"}}, {"output_config": {"effort": "low"}}):
        check(f"thinking: {what}", api.messages.create(**asked(**what)).content)


def conversation(api):
    first = api.messages.create(**asked())
    turns = [{"role": "user", "content": PROMPT}, {"role": "assistant", "content": first.content},
             {"role": "user", "content": [{"type": "text", "text": "hello"}]}]
    answer = api.messages.create(**asked(
        system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        metadata={"user_id": "user_1"}, messages=turns))
    check("a second turn", answer.content, answer)
    begun = text(first)[: len(text(first)) // 2].rstrip()
    rest = api.messages.create(**asked(messages=[turns[0], {"role": "assistant", "content": begun}]))
    check("an answer that was begun ends as text", [b.type for b in rest.content] == ["text"], rest)


def tools(api):
    called = asked(tools=[WEATHER], tool_choice={"type": "any", "disable_parallel_tool_use": True})
    whole = api.messages.create(**called)
    call = whole.content[-1]
    check("tools: one has to be called", whole.stop_reason == "tool_use" and call.type == "tool_use"
          and call.name == "get_weather" and list(call.input) == ["city"], whole)
    pieces = [e.delta.partial_json for e in api.messages.create(**asked(tools=[WEATHER], tool_choice={"type": "any", "disable_parallel_tool_use": True}, stream=True))
              if e.type == "content_block_delta" and e.delta.type == "input_json_delta"]
    check("tools: arguments come in pieces", len(pieces) > 2 and "".join(pieces).startswith("{"), pieces)
    check("tools: put together they are the whole", shape(streamed(api, called)[1]) == shape(whole), whole)
    cut = asked(tools=[WEATHER], tool_choice={"type": "tool", "name": "get_weather"}, max_tokens=len(pieces) // 2 + 12)
    check("tools: a call that is cut off", streamed(api, cut)[1].stop_reason == api.messages.create(**cut).stop_reason
          == "max_tokens")
    turns = [{"role": "user", "content": "What is the weather in Rome?"},
             {"role": "assistant", "content": [
                 {"type": "text", "text": "I look."},
                 {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Rome"}}]},
             {"role": "user", "content": [
                 {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": True,
                  "content": [{"type": "text", "text": "no such city"}]}]}]
    check("tools: results are read", api.messages.create(**asked(tools=[WEATHER], messages=turns, max_tokens=16)).content)
    offered, bare = [api.messages.count_tokens(model="any", messages=turns[:1], tools=[WEATHER], tool_choice={"type": kind})
                     .input_tokens for kind in ("auto", "none")]
    check("tools: tool_choice none leaves them out", offered > bare, (offered, bare))


def errors(api, url):
    def fails(what, error=anthropic.BadRequestError, words="", **changes):
        raised = raises(what, error, lambda: api.messages.create(**asked(**changes)))
        check(f"{what}: says what", words in str(raised), raised)
        return raised

    error = fails("max_tokens 0", words="max_tokens", max_tokens=0)
    check("an error's body", error.body["type"] == "error" and error.body["error"]["type"] == "invalid_request_error", error.body)
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    fails("an image", words="messages[0].content[0]", messages=[{"role": "user", "content": [image]}])
    fails("no messages", messages=[])
    fails("temperature 9", extra_body={"temperature": 9})
    fails("a prompt beyond the context", content="one two " * 9000)
    fails("a tool of Anthropic's servers", tools=[{"type": "web_search_20250305", "name": "web_search"}])
    raises("an unknown model", anthropic.NotFoundError, lambda: api.models.retrieve("no-such-model"))
    raises("an unknown path", anthropic.NotFoundError, lambda: client(url + "/nowhere").messages.create(**asked()))


with server() as url:
    print(f"anthropic {anthropic.__version__}")
    api = client(url)
    whole_and_streamed(api, "/")
    whole_and_streamed(client(url + "/anthropic"), "/anthropic")
    for part in usage, stop_sequences, thinking, conversation, tools:
        part(api)
    errors(api, url)
with server("--api-key", KEY) as url:
    check("a key: the right one", client(url).messages.create(**asked(max_tokens=1)).usage.output_tokens == 1)
    error = raises("a key: a wrong one", anthropic.AuthenticationError,
                   lambda: client(url, "another-key").messages.create(**asked()))
    check("a key: the body", error.body["error"]["type"] == "authentication_error", error.body)
with server("--parallel", "1", "--queue", "1") as url:
    error = crowd("a full queue", anthropic.RateLimitError, lambda: client(url).messages.create(**asked()))
    check("a full queue: Retry-After", error and error.response.headers.get("retry-after", "").isdigit(), error)
finish()
