"""litellm's DeepSeek provider, pointed at this server: reasoning, streaming, usage, errors.

    FATHOM=.build/release/fathom python Tests/Clients/litellm_client.py
"""
import asyncio
import importlib.metadata
import json
import os

# Its table of prices is part of the package; nothing is to be fetched.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm  # noqa: E402
from checks import KEY, PROMPT, check, finish, raises, server  # noqa: E402

litellm.telemetry = False
litellm.suppress_debug_info = True
MESSAGES = [{"role": "user", "content": PROMPT}]


def ask(url, messages=MESSAGES, **options):
    return litellm.completion(
        model="deepseek/deepseek-reasoner", api_base=url, api_key=KEY, messages=messages, num_retries=0, **options)


def main(url):
    answer = ask(url)
    message, usage = answer.choices[0].message, answer.usage
    check("content and reasoning_content", "64" in message.content and "47+35" in message.reasoning_content, message)
    check("usage sums", usage.total_tokens == usage.prompt_tokens + usage.completion_tokens, usage)
    check("usage has DeepSeek's cache counts",
          usage.prompt_cache_hit_tokens + usage.prompt_cache_miss_tokens == usage.prompt_tokens, usage)
    check("usage has the reasoning tokens", usage.completion_tokens_details.reasoning_tokens > 0, usage)
    chunks = list(ask(url, stream=True, stream_options={"include_usage": True}))
    deltas = [c.choices[0].delta for c in chunks if c.choices]
    reasoning = "".join(getattr(d, "reasoning_content", None) or "" for d in deltas)
    content = "".join(d.content or "" for d in deltas)
    check("stream: the same texts", (reasoning, content) == (message.reasoning_content, message.content), (reasoning, content))
    last = [c.usage for c in chunks if getattr(c, "usage", None)]
    check("stream: the same usage", last and last[-1].total_tokens == usage.total_tokens, last)
    whole = litellm.stream_chunk_builder(chunks, messages=MESSAGES)
    check("stream: put together again", whole.choices[0].message.content == message.content, whole)
    other = litellm.completion(model="openai/built-in", api_base=f"{url}/v1", api_key=KEY, messages=MESSAGES)
    check("as an OpenAI server: the same", other.choices[0].message.content == message.content, other)
    text = litellm.text_completion(
        model="text-completion-openai/built-in", api_base=f"{url}/v1", api_key=KEY, prompt="Ana has 47 apples", max_tokens=8)
    check("text_completion", len(text.choices[0].text) > 0 and text.usage.completion_tokens == 8, text)
    thinking = ask(url, thinking={"type": "disabled"}).choices[0].message
    check("thinking disabled: no reasoning", not (getattr(thinking, "reasoning_content", None) or "").strip(), thinking)
    several = litellm.batch_completion(
        model="deepseek/deepseek-chat", api_base=url, api_key=KEY, messages=[MESSAGES] * 8)
    check("batch_completion: eight alike", [a.choices[0].message.content for a in several] == [message.content] * 8, several)

    async def stream():
        return "".join([c.choices[0].delta.content or "" async for c in await litellm.acompletion(
            model="deepseek/deepseek-reasoner", api_base=url, api_key=KEY, messages=MESSAGES, stream=True) if c.choices])
    check("acompletion: the same", asyncio.run(stream()) == message.content)
    tool = {"type": "function", "function": {"name": "weather", "parameters": {
        "type": "object", "properties": {"city": {"type": "string", "maxLength": 12}}, "required": ["city"]}}}
    forced = dict(tools=[tool], tool_choice="required", parallel_tool_calls=False)
    call = ask(url, **forced).choices[0].message.tool_calls[0].function
    check("tools: a call that has to be made", call.name == "weather" and list(json.loads(call.arguments)) == ["city"], call)
    chunks = list(ask(url, stream=True, **forced))
    again = litellm.stream_chunk_builder(chunks, messages=MESSAGES).choices[0].message.tool_calls[0].function
    check("tools: the streamed call is the same", (again.name, again.arguments) == (call.name, call.arguments), again)
    raises("a prompt beyond the context", litellm.ContextWindowExceededError,
           lambda: ask(url, [{"role": "user", "content": "apples " * 2000}]), status_code=400)
    raises("a tool without a name", litellm.BadRequestError,
           lambda: ask(url, tools=[{"type": "function", "function": {}}]), status_code=400)
    # Its own class for what this provider answers with 422.
    raises("temperature 3", litellm.BadRequestError, lambda: ask(url, temperature=3), status_code=422)


with server() as address:
    print("litellm", importlib.metadata.version("litellm"))
    main(address)
with server("--api-key", KEY + "s") as address:
    raises("a wrong key", litellm.AuthenticationError, lambda: ask(address), status_code=401)
finish()
