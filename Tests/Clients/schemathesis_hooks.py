"""What schemathesis is to know of this server beyond its description."""
import json
import re

import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.generation import GenerationMode

# A description cannot tell what depends on the model, or on two fields together.
DEPENDS = re.compile(
    r"maximum context length is|expected a token id below|expected token ids below|this chat format|"
    r"tool_calls: expected an array of calls, or no such key|at most 128 answers|best_of: expected n|"
    r"max_tokens: expected at least 1, found 0|to go on with|expected 1 to 128 tokens|"
    r"^(response_format|grammar|json_schema|output_config\.format|text\.format|tool_choice|tools|layers|suffix)\b")


@schemathesis.deserializer("application/x-ndjson")
def lines(context, response):
    return [json.loads(line) for line in response.content.splitlines()]


class Refused(Failure):
    """What the description allows was refused."""


@schemathesis.check
def allowed_requests_are_answered(context, response, case):
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE or response.status_code not in (400, 422):
        return
    message = response.json()["error"]["message"]
    if not DEPENDS.search(message):
        raise Refused(operation=case.operation.label, title="Allowed request refused", message=message)
