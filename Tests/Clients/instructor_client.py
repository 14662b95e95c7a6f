"""instructor: records out of answers.

    FATHOM=.build/release/fathom python Tests/Clients/instructor_client.py

A small model writes no JSON unless it is held to a schema. So the checks are those of the protocol; the ones that need records run
where GET /props says "constrained_output": true.
"""
import importlib.metadata
import json

import instructor
import openai
from checks import KEY, check, finish, get, raises, server, skip
from instructor.core.exceptions import IncompleteOutputException, InstructorRetryException
from pydantic import BaseModel, Field

QUESTION = [{"role": "user", "content": "Ana has 47 apples and buys 35 more. How many now? Answer in JSON."}]


class Count(BaseModel):
    number: int
    # A small model that never saw JSON may not find the end of a text by itself.
    thing: str = Field(max_length=20)


def records(wrapped, many):
    """Strict records, all of them valid."""
    good = 0
    for i in range(many):
        record = wrapped.create(
            model="built-in", messages=QUESTION, response_model=Count, max_retries=0, seed=i, temperature=1.0,
            max_tokens=900)
        good += isinstance(record, Count)
    return good


def main(url):
    seen = []
    plain = openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0)
    modes = {mode: instructor.from_openai(plain, mode=getattr(instructor.Mode, mode)) for mode in ("TOOLS", "MD_JSON", "JSON_SCHEMA")}
    text = modes["TOOLS"].create(model="built-in", messages=QUESTION, response_model=None)
    check("no record asked for: the plain answer", "82" in text.choices[0].message.content, text)

    raises("an answer that was cut off", IncompleteOutputException, lambda: modes["TOOLS"].create(
        model="built-in", messages=QUESTION, response_model=Count, max_retries=0, max_tokens=5))
    for mode in ("TOOLS", "MD_JSON"):
        wrapped = instructor.from_openai(plain, mode=getattr(instructor.Mode, mode))
        wrapped.on("completion:response", seen.append)
        try:
            record = wrapped.create(model="built-in", messages=QUESTION, response_model=Count, max_retries=1)
            check(f"{mode}: a record", isinstance(record, Count), record)
        except (InstructorRetryException, IncompleteOutputException) as error:
            # What came was understood, and no record was found in it.
            check(f"{mode}: an answer without a record", error.__cause__ is not None or error.last_completion, error)
    check("the answers arrive as the package's own type",
          seen and all(type(answer).__name__ == "ChatCompletion" for answer in seen), seen)

    if get(f"{url}/props").get("constrained_output") is not True:
        return skip("strict records, 100 of 100", "this server does not hold answers to a schema")
    check("JSON_SCHEMA: strict records, 100 of 100", records(modes["JSON_SCHEMA"], 100) == 100)
    check("TOOLS: records, 20 of 20", records(modes["TOOLS"], 20) == 20)
    answer = plain.chat.completions.create(
        model="built-in", messages=QUESTION, response_format={"type": "json_object"})
    check("json_object: JSON", isinstance(json.loads(answer.choices[0].message.content), dict), answer)


with server() as address:
    print("instructor", importlib.metadata.version("instructor"), "on openai", openai.__version__)
    main(address)
finish()
