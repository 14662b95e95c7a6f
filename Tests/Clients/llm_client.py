"""The `llm` command, told of this server by its extra-openai-models.yaml.

    FATHOM=.build/release/fathom python Tests/Clients/llm_client.py
"""
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile

from checks import KEY, PROMPT, check, finish, server

LLM = os.path.join(os.path.dirname(sys.executable), "llm")


def main(url, folder):
    with open(os.path.join(folder, "extra-openai-models.yaml"), "w") as file:
        file.write(f"- model_id: fathom\n  model_name: built-in\n  api_base: {url}/v1\n  supports_tools: true\n  supports_schema: true\n"
                   f"- model_id: fathom-text\n  model_name: built-in\n  api_base: {url}/v1\n  completion: true\n")
    environment = dict(os.environ, LLM_USER_PATH=folder, OPENAI_API_KEY=KEY)

    def llm(*arguments, expect=0):
        run = subprocess.run([LLM, *arguments], env=environment, capture_output=True, text=True, timeout=60)
        check(f"llm {' '.join(arguments)[:60]}", run.returncode == expect, (run.returncode, run.stderr[-500:]))
        return run

    check("the model is listed", "fathom" in llm("models").stdout)
    whole = llm("-m", "fathom", "--no-stream", PROMPT).stdout
    check("an answer", "64" in whole, whole)
    check("streamed: the same", llm("-m", "fathom", PROMPT).stdout == whole)
    usage = llm("-m", "fathom", "-u", PROMPT)
    check("usage is told", "input" in usage.stderr and "output" in usage.stderr, usage.stderr)
    check("options", len(llm("-m", "fathom", "-o", "max_tokens", "3", "-o", "temperature", "0.5", "-o", "seed", "7",
                             PROMPT).stdout) < len(whole) + 8)
    llm("-m", "fathom", "hello")
    check("a conversation goes on", llm("-c", "Use 4, 7 and 9 to make 55.").stdout.strip() != "")
    system = llm("-m", "fathom", "-s", "Be brief.", PROMPT).stdout
    check("a system prompt", system.strip() != "")
    check("completions", llm("-m", "fathom-text", "-o", "max_tokens", "8", "Ana has 47 apples").stdout.strip() != "")
    record = json.loads(llm("-m", "fathom", "--schema", "number int", PROMPT).stdout)
    check("a schema: a record of it", list(record) == ["number"] and isinstance(record["number"], int), record)
    offered = llm("-m", "fathom", "--functions", "def weather(city: str) -> str:\n    return 'rain'", PROMPT).stdout
    check("a function is offered, and what comes is an answer", offered.strip() != "", offered)
    logs = json.loads(llm("logs", "list", "--json", "-n", "0").stdout)
    counted = [entry for entry in logs if entry["model"] == "fathom"]
    check("the log has tokens of each answer",
          len(counted) >= 6 and all(e["input_tokens"] and e["output_tokens"] for e in counted),
          [(e["input_tokens"], e["output_tokens"]) for e in counted])
    failed = llm("-m", "fathom", "apples " * 2000, expect=1)
    check("a prompt beyond the context: the server's words", "maximum context length is 1024 tokens" in failed.stderr, failed.stderr)


with server() as address, tempfile.TemporaryDirectory() as home:
    print("llm", importlib.metadata.version("llm"))
    main(address, home)
finish()
