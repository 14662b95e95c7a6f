"""langchain-openai: chat, streams, usage, batches, tools.

    FATHOM=.build/release/fathom python Tests/Clients/langchain_client.py
"""
import asyncio
import importlib.metadata

import openai
from checks import KEY, PROMPT, check, finish, raises, server
from langchain_core.exceptions import ContextOverflowError
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAI
from pydantic import BaseModel, Field


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return "rain"


class City(BaseModel):
    """The weather of a city."""
    city: str = Field(max_length=12)


@tool(args_schema=City)
def weather_of(city: str) -> str:
    """The weather of a city."""
    return "rain"


class Count(BaseModel):
    """How many of what."""
    number: int
    thing: str = Field(max_length=20)


def main(url):
    def model(**options):
        options = {"temperature": 0, "max_retries": 0, "use_responses_api": False, **options}
        return ChatOpenAI(model="built-in", base_url=f"{url}/v1", api_key=KEY, **options)

    answer = model().invoke(PROMPT)
    usage = answer.usage_metadata
    check("invoke: an answer", "64" in answer.content, answer)
    check("invoke: usage sums", usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"], usage)
    check("invoke: reasoning tokens", usage["output_token_details"]["reasoning"] > 0, usage)
    check("invoke: finish_reason and fingerprint", answer.response_metadata["finish_reason"] == "stop"
          and answer.response_metadata["system_fingerprint"], answer.response_metadata)
    whole = None
    for chunk in model(stream_usage=True).stream(PROMPT):
        whole = chunk if whole is None else whole + chunk
    check("stream: the same text", whole.content == answer.content, whole)
    check("stream: the same counts",
          [whole.usage_metadata[k] for k in ("input_tokens", "output_tokens", "total_tokens")]
          == [usage[k] for k in ("input_tokens", "output_tokens", "total_tokens")], whole.usage_metadata)
    scored = model(logprobs=True, top_logprobs=2).invoke(PROMPT).response_metadata["logprobs"]["content"]
    check("logprobs: one for each token", len(scored) == usage["output_tokens"], len(scored))
    batch = model().batch([PROMPT] * 6)
    check("batch: six alike", [a.content for a in batch] == [answer.content] * 6, batch)
    check("ainvoke: the same", asyncio.run(model().ainvoke(PROMPT)).content == answer.content)
    turns = [SystemMessage("Be brief."), HumanMessage("hello"), AIMessage("Hello!"), HumanMessage(PROMPT)]
    check("a conversation", model().invoke(turns).content.strip() != "")
    chain = ChatPromptTemplate.from_messages([("user", "Ana has {a} apples and buys {b} more. How many now?")]) | model()
    check("a chain", "82" in chain.invoke({"a": 47, "b": 35}).content)
    check("stop", "=" not in str(model(stop=["="]).invoke(PROMPT).content))
    tools = model().bind_tools([weather]).invoke("How is the weather in Rome?")
    check("bind_tools: taken into the prompt", tools.usage_metadata["input_tokens"] > 100, tools)
    # What city a small model writes is its own guess; how long it is, the schema says.
    forced = model(seed=7).bind_tools([weather_of], tool_choice="weather_of", parallel_tool_calls=False)
    called = forced.invoke("How is the weather in Rome?")
    (call,) = called.tool_calls
    check("bind_tools: a call that has to be made", call["name"] == "weather_of" and list(call["args"]) == ["city"]
          and isinstance(call["args"]["city"], str) and not called.invalid_tool_calls, called)
    pieces = list(forced.stream("How is the weather in Rome?"))
    whole = pieces[0]
    for piece in pieces[1:]:
        whole += piece
    check("bind_tools: the streamed call is the same", sum(len(p.tool_call_chunks) for p in pieces) > 3
          and [(c["name"], c["args"]) for c in whole.tool_calls] == [(call["name"], call["args"])], whole)
    turns = [HumanMessage("How is the weather in Rome?"), called, ToolMessage("rain", tool_call_id=call["id"])]
    check("bind_tools: the result is read", model(max_tokens=8).bind_tools([weather_of]).invoke(turns).usage_metadata["output_tokens"] > 0)
    for method in ("json_schema", "function_calling"):
        records = [model(seed=i, temperature=1).with_structured_output(Count, method=method, strict=True).invoke(PROMPT)
                   for i in range(100)]
        check(f"with_structured_output {method}, strict: 100 of 100", all(isinstance(r, Count) for r in records), records)
    text = OpenAI(model="built-in", base_url=f"{url}/v1", api_key=KEY, max_tokens=8, temperature=0, max_retries=0)
    plain = text.invoke("Ana has 47 apples")
    check("completions: streamed as plain", plain and "".join(text.stream("Ana has 47 apples")) == plain, plain)
    raises("temperature 3", openai.UnprocessableEntityError, lambda: model(temperature=3).invoke(PROMPT), status_code=422)
    try:
        model().invoke("apples " * 2000)
        check("a prompt beyond the context: refused", False, "an answer")
    except openai.BadRequestError as error:
        check("a prompt beyond the context: ContextOverflowError",
              isinstance(error, ContextOverflowError) and error.code == "context_length_exceeded", error)


with server() as address:
    print("langchain-openai", importlib.metadata.version("langchain-openai"))
    main(address)
finish()
