#!/usr/bin/env python3
"""A server that answers from a script, for working on the page and for testing it.

It speaks what `fathom serve` speaks and sends the same headers. What an answer looks like depends on a
word in the question: SCRIPTS below. It is also the hostile model: "hostile" answers with everything
that ever ran as script in somebody's chat page.

    python3 Tests/Page/mock_server.py --port 8177 [--key SECRET]
"""
import argparse
import json
import pathlib
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import mock_inspect

PAGE = pathlib.Path(__file__).resolve().parents[2] / "Sources/FathomServer/Page"
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
          "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".svg": "image/svg+xml"}
MODELS = [{"id": "fathom-7m", "context_length": 4096}, {"id": "deepseek-ai/DeepSeek-V2-Lite-Chat", "context_length": 32768}]
PROPS = {
    "model": "fathom-7m", "context_length": 4096, "chat_format": "deepseek", "reasons": True, "inspect": True, "version": "0.0.0",
    "default_generation_settings": {"temperature": 0.6, "top_p": 0.95, "top_k": 0, "min_p": 0, "max_tokens": 1024,
                                    "presence_penalty": 0, "frequency_penalty": 0, "repetition_penalty": 1},
    "examples": [
        "Ana has 47 apples, buys 35 more and gives 18 to Bo. How many now?",
        "Use 3, 7, 25 and 50 to make 118.",
        "A train leaves at 9:40 and travels for 85 minutes. When does it arrive?",
        {"title": "Which city had the most rain? A small table question", "prompt": "| city | rain |\n|---|---|\n| Oslo | 63 |\n| Lima | 2 |\n\nWhich city had the most rain?"},
    ],
}

APPLES = ("47+35: 7+5+0=12 4+3+1=08 >82\n82-18: 2-8-0=14 8-1-1=06 >64\n", "**64** apples")

SHOWCASE_THOUGHT = """The question is about how latent attention saves memory. Let me collect what matters.

First: what is stored per token. With multi-head attention it is 2 * n_h * d_h values per layer; V3 would have 128 heads of 128, so 32,768 values. With MLA it is the latent (512) and the shared rotary key (64), so 576.

32768 / 576 = 56.9. So about 57 times less. I should check the absorbed form too: W_UK goes into the query.

Then a short table, a piece of code, and the formula."""

SHOWCASE = r"""Latent attention keeps **one small vector per token** instead of a key and a value for every head.

## What is stored

For each token the model writes a latent $c_t = W^{DKV} h_t$ of 512 values and one rotary key of 64 that all heads share:

$$
\mathrm{softmax}\left(\frac{q_t^{\top} k_j}{\sqrt{d_h + d_h^R}}\right) v_j, \qquad
\sum_{j=1}^{t} \alpha_{t,j} = 1
$$

| Scheme | Values per token and layer | V3, 61 layers, bf16 |
|:--|--:|--:|
| Multi-head | 32,768 | 3.8 MiB |
| Grouped, 8 groups | 2,048 | 244 KiB |
| **Latent** | **576** | **68.6 KiB** |

The up-projection never has to run over the cache, because it can be *absorbed* into the query:

```swift
/// `qNope [s, h, d], wUK [h, d, c] → qLatent [s, h, c]`
func absorb(_ qNope: Tensor, into wUK: Tensor) -> Tensor {
  var qLatent = Tensor(zeros: [qNope.shape[0], 128, 512])
  for h in 0..<128 {  // one head at a time
    qLatent[h] = matmul(qNope[h], wUK[h])
  }
  return qLatent
}
```

Three things follow:

1. Decoding reads **57 times** fewer bytes per token.
2. The cache fits where it did not before:
   - a 4,096-token conversation takes 274 MiB,
   - a block of 64 tokens takes 4.3 MiB.
3. Prefill may still use the expanded form, which has fewer multiplications.

> The two forms give the same numbers up to rounding; which one is faster depends on how many new tokens share a read of the cache.

Matrices and cases work as well: $A = \begin{pmatrix} 1 & \rho \\ \rho & 1 \end{pmatrix}$ and
$$f(x) = \begin{cases} x^2 & \text{if } x \ge 0 \\ -x & \text{otherwise} \end{cases}$$

```python
def ratio(heads: int = 128, width: int = 128, latent: int = 512, rope: int = 64) -> float:
    return 2 * heads * width / (latent + rope)  # 56.9
```

More in [the report](https://arxiv.org/abs/2412.19437), section 2.1.

- [x] memory
- [ ] speed
"""

HOSTILE = r"""<img src=x onerror="window.hacked=1"> <script>window.hacked=2</script>

<svg onload="window.hacked=3"><script>window.hacked=4</script></svg> <iframe src="https://evil.example/x"></iframe>

[a](javascript:window.hacked=5) [b](JaVaScRiPt:window.hacked=6) [c](java
script:window.hacked=7) [d](	javascript:window.hacked=8) [e](data:text/html,<script>window.hacked=9</script>)
[f](vbscript:x) [g](&#106;avascript:window.hacked=10) [h](javascript&colon;window.hacked=11) [i](//evil.example/x)
[j](<javascript:window.hacked=12>) <javascript:window.hacked=13> [k](https://ok.example/" onmouseover="window.hacked=14)
[l](file:///etc/passwd) [m](blob:x) [n](\javascript:window.hacked=15) [bank.example](https://evil.example/login)

![pixel](https://evil.example/pixel.png) ![p2](javascript:window.hacked=16) [![p3](https://evil.example/3.png)](https://evil.example/4)

$\href{javascript:window.hacked=17}{x}$ $\url{javascript:window.hacked=18}$ $\includegraphics{https://evil.example/5.png}$
$\text{<img src=x onerror=window.hacked=19>}$ $\htmlData{onclick=x}{y}$ $\style{background:url(https://evil.example/6)}{z}$
$$\begin{matrix}<script>window.hacked=20</script>\end{matrix}$$

| <img src=x onerror=window.hacked=21> | b |
|---|---|
| [t](javascript:window.hacked=22) | `<script>window.hacked=23</script>` |

```html"><img src=x onerror=window.hacked=24>
<script>window.hacked=25</script>
```

```"onmouseover=window.hacked=26
</code></pre><script>window.hacked=27</script>
```

# <style>@import url(https://evil.example/7.css);</style> <link rel=stylesheet href=https://evil.example/8.css>

__proto__ [constructor](#constructor) &lt;script&gt;window.hacked=28&lt;/script&gt; <base href="https://evil.example/">
<form action="https://evil.example"><button>go</button></form> <meta http-equiv=refresh content="0;url=https://evil.example">

The end."""

WEATHER_CALLS = [("call_a", "get_weather", '{"city": "Oslo", "unit": "celsius"}'), ("call_b", "get_weather", '{"city": "Lima", "unit": "celsius"}')]


def pieces(text):
    """Splits text the way tokens do, more or less."""
    return re.findall(r"\s?[^\W_]{1,6}|\s?[^\w\s]|\s+|_", text)


class State:
    requests = []
    down_until = 0.0
    key = None
    lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def setup(self):
        super().setup()
        self.connection.settimeout(60)

    def headers_of_page(self, kind, length, extra=()):
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        for name, value in extra:
            self.send_header(name, value)
        self.end_headers()

    def reply(self, value, status=200, extra=()):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.headers_of_page("application/json", len(body), extra)
        self.wfile.write(body)

    def refuse(self, status, message, code=None, extra=()):
        self.reply({"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}, status, extra)

    def gate(self, path):
        if time.monotonic() < State.down_until and not path.startswith("/mock/"):
            self.close_connection = True
            self.connection.close()
            return False
        needs_key = path.startswith("/v1/") or path in ("/props", "/apply-template") or (path == "/inspect" and self.command == "POST")
        if State.key and needs_key and self.headers.get("Authorization") != f"Bearer {State.key}":
            self.refuse(401, "Incorrect API key provided. It is the one that the server was started with (--api-key).", "invalid_api_key")
            return False
        return True

    def do_GET(self):
        url = urlparse(self.path)
        if not self.gate(url.path):
            return
        if url.path == "/mock/requests":
            return self.reply(State.requests)
        if url.path == "/mock/down":
            State.down_until = time.monotonic() + float(parse_qs(url.query)["seconds"][0])
            return self.reply({})
        if url.path == "/health":
            return self.reply({"status": "ok"})
        if url.path == "/v1/models":
            return self.reply({"object": "list", "data": MODELS})
        if url.path == "/props":
            return self.reply(PROPS)
        names = {"/": "index.html", "/inspect": "inspect.html"}
        name = names.get(url.path, url.path.removeprefix("/page/") if url.path.startswith("/page/") else "")
        file = PAGE / name
        if not re.fullmatch(r"[A-Za-z][A-Za-z.]*", name) or not file.is_file():
            return self.refuse(404, f"There is nothing at {url.path}.")
        body = file.read_bytes()
        self.send_response(200)
        self.headers_of_page(TYPES[file.suffix], len(body))
        self.wfile.write(body)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        if not self.gate(self.path):
            return
        if self.path == "/apply-template":
            turns = "".join(f"<｜{m['role'].capitalize()}｜>{m['content']}" for m in body["messages"])
            return self.reply({"prompt": f"<｜begin▁of▁sentence｜>{turns}<｜Assistant｜><think>\n"})
        answer = {"/v1/chat/completions": self.chat, "/inspect": self.inspect}.get(self.path)
        if not answer:
            return self.refuse(404, f"There is nothing at {self.path}.")
        with State.lock:
            State.requests.append(body)
        try:
            answer(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    # Streams

    def start(self, kind="text/event-stream"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def raw(self, text):
        self.wfile.write(text.encode())
        self.wfile.flush()

    def chunk(self, delta=None, finish=None, **more):
        value = {"id": "chatcmpl-mock", "object": "chat.completion.chunk", "created": 0, "model": self.model,
                 "choices": [{"index": 0, "delta": delta or {}, "finish_reason": finish}], "usage": None} | more
        self.raw(f"data: {json.dumps(value)}\n\n")

    def inspect(self, body):
        prompt = body.get("prompt", "")
        if len(mock_inspect.tokens_of(prompt)) > 128:
            return self.refuse(400, "prompt: expected at most 128 tokens, found more.", "invalid_value")
        self.start("application/x-ndjson")
        for frame in mock_inspect.frames(body):
            self.raw(json.dumps(frame, separators=(",", ":")) + "\n")
            time.sleep(0.4 if "slowly" in prompt else 0.02)

    def chat(self, body):
        self.model = body.get("model", "fathom-7m")
        last = body["messages"][-1]
        question = last["content"].lower()
        prompt = sum(len(pieces(m["content"] or "")) + 4 for m in body["messages"]) + 6
        if "error 429" in question:
            return self.refuse(429, "The server is busy: 8 requests wait already. Try again in 2 seconds.", "rate_limit_exceeded", [("Retry-After", "2")])
        if "error 400" in question:
            return self.refuse(400, "temperature: expected a number from 0 to 5, found \"<b>hot</b>\".", "invalid_value")
        self.start()
        self.chunk({"role": "assistant", "content": ""})
        if "queue" in question:
            for _ in range(5):
                self.raw(": keep-alive\n\n")
                time.sleep(0.5)
        if "progress" in question or "showcase" in question:
            total, cached = (1480, 256) if "progress" in question else (prompt, 0)
            for step in range(0, 6 if "progress" in question else 1):
                self.chunk(prompt_progress={"total": total, "cache": cached, "processed": cached + (total - cached) * step // 5, "time_ms": step * 300})
                time.sleep(0.3 if "progress" in question else 0)
        thought, answer, calls, pause, finish = APPLES[0], APPLES[1], [], 0.004, "stop"
        if body.get("thinking", {}).get("type") == "disabled":
            thought = ""
        if last["role"] == "tool":
            thought, answer = "", f"It came back: {last['content']}"
        elif "showcase" in question:
            thought, answer, pause = SHOWCASE_THOUGHT, SHOWCASE, 0.003
        elif "think long" in question:
            thought, answer, pause = SHOWCASE_THOUGHT, "Done.", 0.02
        elif "hostile" in question:
            thought, answer, pause = HOSTILE, HOSTILE, 0
        elif "weather" in question:
            thought, answer, calls, finish = "I need the weather of both places.\n", "", WEATHER_CALLS, "tool_calls"
        elif "bad call" in question:
            thought, answer, calls, finish = "", "", [("call_x", "<img src=x onerror=window.hacked=30>", '{"half": "</code><script>window.hacked=31')], "tool_calls"
        elif "error stream" in question or "connection lost" in question:
            thought, answer = "", "This answer begins well and then, in the middle of a sentence, it"
        elif "slow" in question:
            thought, answer, pause = "", " ".join(f"word{n}" for n in range(400)), 0.03
        elif "essay" in question:
            thought, answer, pause = "", "\n\n".join(f"### Part {n}\n\n" + "The line sinks until it touches the ground. " * 12 for n in range(14)), 0
        elif "flood" in question:
            thought, pause = "", 0
            answer = "```js\n" + "".join(f"let value{n} = f(\"{n}\") // {n}\n" for n in range(2000)) + "```\n\n" + "A *line* with `code` and $x^2$. " * 1200
        elif "nothing" in question:
            answer, finish = "", "length"
        elif "cut short" in question:
            thought, answer, finish = "", "This answer ends where the limit", "length"
        elif match := re.search(r"say: (.*)", last["content"], re.S):
            thought, answer = "", match[1]
        start, produced, reasoning = time.monotonic(), 0, 0
        for piece in pieces(thought):
            self.chunk({"reasoning_content": piece})
            reasoning += 1
            time.sleep(pause)
        for piece in pieces(answer):
            self.chunk({"content": piece})
            produced += 1
            time.sleep(pause)
            if produced > 8 and "error stream" in question:
                return self.raw('data: {"error":{"message":"The engine ran out of pages for this request.","type":"server_error","code":"out_of_pages"}}\n\n')
            if produced > 8 and "connection lost" in question:
                return self.connection.close()
        for index, (identifier, name, arguments) in enumerate(calls):
            self.chunk({"tool_calls": [{"index": index, "id": identifier, "type": "function", "function": {"name": name, "arguments": ""}}]})
            for piece in pieces(arguments):
                self.chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
                time.sleep(pause)
        self.chunk({}, finish)
        completion = produced + reasoning
        elapsed = max(time.monotonic() - start, 0.001)
        cached = prompt // 64 * 64
        self.raw("data: " + json.dumps({
            "id": "chatcmpl-mock", "object": "chat.completion.chunk", "created": 0, "model": self.model, "choices": [],
            "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
                      "prompt_cache_hit_tokens": cached, "prompt_cache_miss_tokens": prompt - cached,
                      "prompt_tokens_details": {"cached_tokens": cached}, "completion_tokens_details": {"reasoning_tokens": reasoning}},
            "timings": {"cache_n": cached, "prompt_n": prompt - cached, "prompt_ms": 12.5, "predicted_n": completion,
                        "predicted_ms": elapsed * 1000, "predicted_per_second": completion / elapsed}}) + "\n\n")
        self.raw("data: [DONE]\n\n")


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A browser that closes a connection is no error."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def serve(port=0, key=None):
    """Starts a server in the background. Returns it and its address."""
    State.key = key
    server = Server(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_address[1]}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8177)
    parser.add_argument("--key", help="ask for this API key")
    options = parser.parse_args()
    _, address = serve(options.port, options.key)
    print(address, flush=True)
    threading.Event().wait()
