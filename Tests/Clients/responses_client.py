"""Drives a server's `/v1/responses` with the `openai` client, and prefix completion of `/beta/chat/completions`.

    pip install openai
    fathom serve --port 8123 &
    python Tests/Clients/responses_client.py http://127.0.0.1:8123

`--key KEY` for a server that has one; `--busy` for one that was started with `--parallel 1 --queue 1`, which has to turn
requests away.
"""

import argparse
import threading

import openai

QUESTION = "Ana has 47 apples, buys 35 more and gives 18 to Bo. How many now?"
ANSWER = "64"
MODEL = "any"
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Weather of a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}


def asked(**changes):
    request = {"model": MODEL, "input": QUESTION, "temperature": 0, "max_output_tokens": 512}
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


def shape(response):
    """What two answers to one question have in common."""
    items = []
    for item in response.output:
        parts = [part.text for part in getattr(item, "content", None) or []]
        summary = [part.text for part in getattr(item, "summary", None) or []]
        items.append((item.type, item.status, parts, summary))
    return items, response.status, response.output_text, response.usage.output_tokens


def whole_and_streamed(client):
    whole = client.responses.create(**asked())
    check(whole.object == "response" and whole.id.startswith("resp_"), f"a response was expected, found {whole}")
    check(whole.status == "completed" and whole.error is None, f"status: {whole.status}, {whole.error}")
    check([item.type for item in whole.output] == ["reasoning", "message"], f"output: {whole.output}")
    check(whole.output[0].content[0].text, f"no reasoning in {whole.output[0]}")
    check(ANSWER in whole.output_text, f"{ANSWER} was expected, found {whole.output_text!r}")

    with client.responses.stream(**asked()) as stream:
        events = list(stream)
        streamed = stream.get_final_response()
    check(shape(streamed) == shape(whole), f"streamed: {shape(streamed)}\nwhole: {shape(whole)}")
    numbers = [event.sequence_number for event in events]
    check(numbers == list(range(len(events))), f"sequence numbers: {numbers}")
    said = [event.type for event in events]
    kinds = [kind for at, kind in enumerate(said) if at == 0 or said[at - 1] != kind]
    check(
        kinds
        == [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.reasoning_text.delta",
            "response.reasoning_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ],
        f"events: {kinds}",
    )
    deltas = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    check(deltas == whole.output_text, f"deltas: {deltas!r}, whole: {whole.output_text!r}")
    names = {event.item_id for event in events if hasattr(event, "item_id")}
    check(names == {item.id for item in streamed.output}, f"items: {names}, of the response: {streamed.output}")

    summary = [event.type for event in client.responses.create(**asked(stream=True, reasoning={"summary": "auto"}))]
    for kind in ("part.added", "text.delta", "text.done", "part.done"):
        check(f"response.reasoning_summary_{kind}" in summary, f"no reasoning_summary_{kind} in {set(summary)}")


def usage(client):
    long = "one two three four five six seven eight nine ten " * 20 + QUESTION
    for _ in range(2):
        answer = client.responses.create(**asked(input=long, max_output_tokens=8))
        seen = answer.usage
        check(seen.output_tokens == 8, f"8 tokens were allowed, usage says {seen}")
        check(seen.total_tokens == seen.input_tokens + seen.output_tokens, f"usage: {seen}")
        check(seen.output_tokens_details.reasoning_tokens == 8, f"all of it was reasoning: {seen}")
        check(answer.status == "incomplete", f"status: {answer.status}")
        check(answer.incomplete_details.reason == "max_output_tokens", f"details: {answer.incomplete_details}")
        check(answer.output[-1].status == "incomplete", f"last item: {answer.output[-1]}")
    check(seen.input_tokens_details.cached_tokens > 0, f"the second request read nothing from the cache: {seen}")
    events = list(client.responses.create(**asked(input=long, max_output_tokens=8, stream=True)))
    check(events[-1].type == "response.incomplete", f"last event: {events[-1].type}")
    check(events[-1].response.usage == seen, f"streamed: {events[-1].response.usage}, whole: {seen}")


def parameters(client):
    answer = client.responses.create(
        **asked(
            instructions="Be brief.",
            metadata={"topic": "apples"},
            user="user_1",
            store=True,
            reasoning={"effort": "low"},
            text={"format": {"type": "text"}},
            top_p=0.9,
        )
    )
    check(answer.metadata == {"topic": "apples"}, f"metadata: {answer.metadata}")
    check(answer.instructions == "Be brief.", f"instructions: {answer.instructions}")
    check(answer.max_output_tokens == 512 and answer.top_p == 0.9, f"limits: {answer}")
    check(answer.reasoning.effort == "low", f"reasoning: {answer.reasoning}")


def conversation(client):
    first = client.responses.create(**asked())
    answer = client.responses.create(
        **asked(
            input=[{"role": "user", "content": [{"type": "input_text", "text": QUESTION}]}]
            + [item.model_dump(exclude_none=True) for item in first.output]
            + [{"role": "user", "content": "hello"}]
        )
    )
    check(answer.output, "a second turn got no answer")


def tools(client):
    answer = client.responses.create(**asked(tools=[WEATHER], tool_choice="auto"))
    check(answer.tools[0].name == "get_weather", f"tools: {answer.tools}")
    bare = client.responses.create(**asked(tools=[WEATHER], tool_choice="none"))
    check(answer.usage.input_tokens > bare.usage.input_tokens, f"tools: {answer.usage}, without: {bare.usage}")
    call = {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": '{"city": "Rome"}'}
    client.responses.create(
        **asked(
            max_output_tokens=16,
            tools=[WEATHER],
            input=[
                {"role": "user", "content": "What is the weather in Rome?"},
                call,
                {"type": "function_call_output", "call_id": "call_1", "output": "sunny"},
            ],
        )
    )


def prefix(base, key):
    """Chat prefix completion, as DeepSeek's beta has it."""
    client = openai.OpenAI(base_url=base + "/beta", api_key=key, max_retries=0)

    def ask(*messages):
        return client.chat.completions.create(model=MODEL, temperature=0, max_tokens=512, messages=list(messages))

    question = {"role": "user", "content": QUESTION}
    whole = ask(question).choices[0].message
    check(whole.reasoning_content, f"no reasoning in {whole}")
    begun = whole.content[: len(whole.content) // 2].rstrip()
    rest = ask(question, {"role": "assistant", "content": begun, "prefix": True}).choices[0].message
    check(not getattr(rest, "reasoning_content", None), f"an answer that was begun is reasoned about: {rest}")
    check(rest.content is not None and not rest.content.startswith(begun), f"the beginning was said again: {rest}")
    thought = ask(
        question,
        {"role": "assistant", "content": begun, "reasoning_content": whole.reasoning_content, "prefix": True},
    ).choices[0].message
    check(
        (begun + thought.content).split() == whole.content.split(),
        f"begun: {begun!r}, rest: {thought.content!r}, whole: {whole.content!r}",
    )


def errors(client, base, key):
    bad = openai.BadRequestError
    error = fails(bad, lambda: client.responses.create(**asked(previous_response_id="resp_1")), "an earlier response")
    check("previous_response_id" in str(error), f"the message names no parameter: {error}")
    check(error.param == "previous_response_id" and error.type == "invalid_request_error", f"body: {error.body}")
    image = {"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,AA", "detail": "auto"}]}
    error = fails(bad, lambda: client.responses.create(**asked(input=[image])), "an image")
    check("input_image" in str(error) and "input[0].content[0]" in str(error), f"the message names no image: {error}")
    fails(bad, lambda: client.responses.create(**asked(input=[])), "no input")
    fails(bad, lambda: client.responses.create(**asked(tools=[{"type": "web_search"}])), "a tool of OpenAI's servers")
    fails(bad, lambda: client.responses.create(**asked(input="one two " * 9000)), "a prompt beyond the context")
    fails(openai.UnprocessableEntityError, lambda: client.responses.create(**asked(temperature=9)), "temperature 9")
    fails(openai.NotFoundError, lambda: client.responses.retrieve("resp_1"), "a response that was stored")
    fails(openai.NotFoundError, lambda: client.models.retrieve("no-such-model"), "an unknown model")


def authentication(base):
    stranger = openai.OpenAI(base_url=base + "/v1", api_key="a-wrong-key", max_retries=0)
    fails(openai.AuthenticationError, lambda: stranger.responses.create(**asked()), "a wrong key")


def busy(client):
    """More at once than a small server takes."""
    refused, others = [], []

    def ask():
        try:
            client.responses.create(**asked())
        except openai.RateLimitError as error:
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base_url")
    parser.add_argument("--key", help="the server's key")
    parser.add_argument("--busy", action="store_true", help="the server takes one request and lets one wait")
    arguments = parser.parse_args()
    base, key = arguments.base_url.rstrip("/"), arguments.key or "none"
    client = openai.OpenAI(base_url=base + "/v1", api_key=key, max_retries=0)
    for part in (whole_and_streamed, usage, parameters, conversation, tools):
        part(client)
        print(f"{part.__name__}: as expected")
    prefix(base, key)
    errors(client, base, key)
    if arguments.key:
        authentication(base)
    if arguments.busy:
        busy(client)
    print("responses: all as expected")


if __name__ == "__main__":
    main()
