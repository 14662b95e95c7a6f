"""Drives a server with the `anthropic` client.

    pip install anthropic
    fathom serve --port 8123 &
    python Tests/Clients/anthropic_client.py http://127.0.0.1:8123

`--key KEY` for a server that has one; `--busy` for one that was started with `--parallel 1 --queue 1`, which has to turn
requests away.
"""

import argparse
import threading

import anthropic

QUESTION = "Ana has 47 apples, buys 35 more and gives 18 to Bo. How many now?"
ANSWER = "64"
MODEL = "any"
WEATHER = {
    "name": "get_weather",
    "description": "Weather of a city.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}


def asked(**changes):
    request = {
        "model": MODEL,
        "max_tokens": 512,
        # Some versions of the client have no parameter for it.
        "extra_body": {"temperature": 0},
        "messages": [{"role": "user", "content": QUESTION}],
    }
    request.update(changes)
    return request


def check(condition, message):
    assert condition, message


def fails(kind, call, about):
    try:
        call()
    except kind as error:
        return error
    except Exception as error:
        raise AssertionError(f"{about}: expected {kind.__name__}, found {type(error).__name__}: {error}")
    raise AssertionError(f"{about}: expected {kind.__name__}, found an answer")


def text(message):
    return "".join(block.text for block in message.content if block.type == "text")


def shape(message):
    """What two answers to one question have in common."""
    return (
        [
            (block.type, getattr(block, "text", None), getattr(block, "thinking", None), getattr(block, "signature", None))
            for block in message.content
        ],
        message.stop_reason,
        message.stop_sequence,
        message.usage.output_tokens,
    )


def whole_and_streamed(client):
    whole = client.messages.create(**asked())
    check(whole.type == "message" and whole.role == "assistant", f"a message was expected, found {whole}")
    check(whole.id.startswith("msg_"), f"id: {whole.id}")
    check([block.type for block in whole.content] == ["thinking", "text"], f"blocks: {whole.content}")
    check(whole.content[0].thinking and whole.content[0].signature, f"thinking without text or signature: {whole}")
    check(ANSWER in text(whole), f"{ANSWER} was expected, found {text(whole)!r}")
    check(whole.stop_reason == "end_turn" and whole.stop_sequence is None, f"stop: {whole.stop_reason}")

    with client.messages.stream(**asked()) as stream:
        kinds = [event.type for event in stream]
        streamed = stream.get_final_message()
    check(shape(streamed) == shape(whole), f"streamed: {shape(streamed)}\nwhole: {shape(whole)}")
    check(kinds[0] == "message_start" and kinds[-1] == "message_stop", f"events: {kinds}")
    check(kinds.count("content_block_start") == kinds.count("content_block_stop") == 2, f"events: {kinds}")
    check(kinds.count("message_delta") == 1, f"events: {kinds}")
    check(kinds.index("signature") < kinds.index("content_block_stop"), f"the signature came late: {kinds}")

    raw = [event.type for event in client.messages.create(**asked(stream=True))]
    check(
        [kind for kind in raw if kind != "content_block_delta"]
        == ["message_start"] + 2 * ["content_block_start", "content_block_stop"] + ["message_delta", "message_stop"],
        f"raw events: {raw}",
    )


def usage(client):
    long = "one two three four five six seven eight nine ten " * 20 + QUESTION
    request = asked(messages=[{"role": "user", "content": long}], max_tokens=8)
    counted = client.messages.count_tokens(model=MODEL, messages=request["messages"]).input_tokens
    check(counted > 64, f"count_tokens: {counted}")
    for _ in range(2):
        answer = client.messages.create(**request)
        seen = answer.usage
        check(
            seen.input_tokens + seen.cache_read_input_tokens == counted,
            f"count_tokens says {counted}, usage says {seen}",
        )
        check(seen.cache_creation_input_tokens == 0, f"usage: {seen}")
        check(seen.output_tokens == 8, f"8 tokens were allowed, usage says {seen.output_tokens}")
        check(answer.stop_reason == "max_tokens", f"stop: {answer.stop_reason}")
    check(seen.cache_read_input_tokens > 0, f"the second request read nothing from the cache: {seen}")
    with client.messages.stream(**request) as stream:
        streamed = stream.get_final_message().usage
    check(
        (streamed.input_tokens, streamed.cache_read_input_tokens, streamed.output_tokens)
        == (seen.input_tokens, seen.cache_read_input_tokens, seen.output_tokens),
        f"streamed: {streamed}\nwhole: {seen}",
    )
    more = client.messages.count_tokens(
        model=MODEL, system="Be kind.", messages=[{"role": "user", "content": [{"type": "text", "text": long}]}]
    ).input_tokens
    check(more > counted, f"with a system prompt {more} tokens, without {counted}")


def stop_sequences(client):
    answer = client.messages.create(**asked())
    words = text(answer).split()
    check(len(words) >= 2, f"an answer of several words was expected, found {words}")
    for stream in (False, True):
        request = asked(stop_sequences=["never comes", words[1]])
        if stream:
            with client.messages.stream(**request) as events:
                stopped = events.get_final_message()
        else:
            stopped = client.messages.create(**request)
        check(stopped.stop_reason == "stop_sequence", f"stop: {stopped.stop_reason}")
        check(stopped.stop_sequence == words[1], f"stop sequence: {stopped.stop_sequence!r}, not {words[1]!r}")
        check(words[1] not in text(stopped), f"the stop sequence was told: {text(stopped)!r}")


def thinking(client):
    short = client.messages.create(**asked(max_tokens=256, thinking={"type": "enabled", "budget_tokens": 4}))
    full = client.messages.create(**asked())
    check(
        short.usage.output_tokens_details.thinking_tokens < full.usage.output_tokens_details.thinking_tokens,
        f"a budget of 4 tokens took {short.usage}, none took {full.usage}",
    )
    for kind in ({"type": "disabled"}, {"type": "adaptive"}):
        check(client.messages.create(**asked(thinking=kind)).content, f"thinking {kind}: no answer")
    check(client.messages.create(**asked(output_config={"effort": "low"})).content, "effort low: no answer")


def conversation(client):
    first = client.messages.create(**asked())
    answer = client.messages.create(
        **asked(
            system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
            metadata={"user_id": "user_1"},
            messages=[
                {"role": "user", "content": QUESTION},
                {"role": "assistant", "content": first.content},
                {"role": "user", "content": [{"type": "text", "text": "hello"}]},
            ],
        )
    )
    check(answer.content, "a second turn got no answer")
    begun = text(first)[: len(text(first)) // 2].rstrip()
    rest = client.messages.create(
        **asked(messages=[{"role": "user", "content": QUESTION}, {"role": "assistant", "content": begun}])
    )
    check(
        [block.type for block in rest.content] == ["text"],
        f"an answer that was begun ends as text, found {rest.content}",
    )


def tools(client):
    answer = client.messages.create(**asked(tools=[WEATHER], tool_choice={"type": "auto"}))
    check(answer.stop_reason in ("end_turn", "tool_use", "max_tokens"), f"stop: {answer.stop_reason}")
    offered = client.messages.count_tokens(model=MODEL, messages=asked()["messages"], tools=[WEATHER])
    bare = client.messages.count_tokens(
        model=MODEL, messages=asked()["messages"], tools=[WEATHER], tool_choice={"type": "none"}
    )
    check(offered.input_tokens > bare.input_tokens, f"tools: {offered}, without: {bare}")
    turns = [
        {"role": "user", "content": "What is the weather in Rome?"},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Rome"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_1",
                    "is_error": True,
                    "content": [{"type": "text", "text": "no such city"}],
                }
            ],
        },
    ]
    client.messages.create(**asked(tools=[WEATHER], messages=turns, max_tokens=16))


def errors(client, base, key):
    bad = anthropic.BadRequestError
    error = fails(bad, lambda: client.messages.create(**asked(max_tokens=0)), "max_tokens 0")
    check(error.body["type"] == "error" and error.body["error"]["type"] == "invalid_request_error", f"body: {error.body}")
    check("max_tokens" in str(error), f"the message names no parameter: {error}")
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    error = fails(bad, lambda: client.messages.create(**asked(messages=[{"role": "user", "content": [image]}])), "an image")
    check("image" in str(error) and "messages[0].content[0]" in str(error), f"the message names no image: {error}")
    fails(bad, lambda: client.messages.create(**asked(messages=[])), "no messages")
    fails(bad, lambda: client.messages.create(**asked(extra_body={"temperature": 9})), "temperature 9")
    fails(bad, lambda: client.messages.create(**asked(messages=[{"role": "user", "content": "one two " * 9000}])), "a prompt beyond the context")
    with_server_tool = asked(tools=[{"type": "web_search_20250305", "name": "web_search"}])
    fails(bad, lambda: client.messages.create(**with_server_tool), "a tool of Anthropic's servers")
    fails(anthropic.NotFoundError, lambda: client.models.retrieve("no-such-model"), "an unknown model")
    stray = anthropic.Anthropic(base_url=base + "/nowhere", api_key=key, max_retries=0)
    fails(anthropic.NotFoundError, lambda: stray.messages.create(**asked()), "an unknown path")


def authentication(base):
    stranger = anthropic.Anthropic(base_url=base, api_key="a-wrong-key", max_retries=0)
    error = fails(anthropic.AuthenticationError, lambda: stranger.messages.create(**asked()), "a wrong key")
    check(error.body["error"]["type"] == "authentication_error", f"body: {error.body}")


def busy(client):
    """More at once than a small server takes."""
    refused, others = [], []

    def ask():
        try:
            client.messages.create(**asked())
        except anthropic.RateLimitError as error:
            refused.append(error)
        except Exception as error:
            others.append(error)

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(not others, f"errors of other kinds: {others}")
    check(refused, "nobody was turned away")
    check(refused[0].body["error"]["type"] == "rate_limit_error", f"body: {refused[0].body}")
    check(refused[0].response.headers.get("retry-after"), "no Retry-After")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base_url")
    parser.add_argument("--key", help="the server's key")
    parser.add_argument("--busy", action="store_true", help="the server takes one request and lets one wait")
    arguments = parser.parse_args()
    base, key = arguments.base_url.rstrip("/"), arguments.key or "none"
    for start in ("", "/anthropic"):
        client = anthropic.Anthropic(base_url=base + start, api_key=key, max_retries=0)
        whole_and_streamed(client)
    client = anthropic.Anthropic(base_url=base, api_key=key, max_retries=0)
    for part in (usage, stop_sequences, thinking, conversation, tools):
        part(client)
        print(f"{part.__name__}: as expected")
    errors(client, base, key)
    if arguments.key:
        authentication(base)
    if arguments.busy:
        busy(client)
    print("anthropic: all as expected")


if __name__ == "__main__":
    main()
