"""What a server must survive: malformed, hostile and abandoned requests, one line of outcome for each.

    python3 Tests/Server/hostile.py .build/release/fathom [--quick]

--quick leaves out the body that takes a minute, and does not look at how fast things are.

Starts servers of its own on free ports, with the built-in model. Needs Python 3.9 and nothing else. Exits with 1 if anything
was not as expected. Items are numbered as in docs/server-faults.md.
"""
import concurrent.futures
import json
import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

PROMPT = "Ana has 47 apples, buys 35 more and gives 18 to Bo. How many now?"
QUICK = "--quick" in sys.argv
# How often the usual time an answer may take: a sanitizer makes everything slow.
PATIENCE = 10 if QUICK else 1
outcomes = []
lock = threading.Lock()


class Server:
    def __init__(self, program, *arguments, limit=None):
        command = [program, "serve", "--port", "0", *arguments]
        if limit:
            command = ["bash", "-c", f'ulimit -n {limit}; exec "$@"', "bash", *command]
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        match = re.search(r":(\d+)\s*$", line)
        if not match:
            self.log.seek(0)
            sys.exit(f"the server did not start: {line!r} {self.log.read().decode()[-2000:]}")
        self.port = int(match.group(1))
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def connect(self, timeout=30):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def raw(self, data, timeout=30, half_close=False):
        """Sends bytes; returns the status of the first response (0 if the connection just ended) and all that came."""
        with self.connect(timeout) as connection:
            try:
                for piece in [data] if isinstance(data, bytes) else data:
                    connection.sendall(piece)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            answer = read_all(connection)
        match = re.match(rb"HTTP/1\.\d (\d+)", answer)
        return (int(match.group(1)) if match else 0), answer

    def ask(self, body, path="/v1/chat/completions", headers=(), method="POST", timeout=30):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        head = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", f"Content-Length: {len(body)}"]
        if not any(h.lower().startswith("content-type") for h in headers):
            head.append("Content-Type: application/json")
        status, answer = self.raw("\r\n".join([*head, *headers, "", ""]).encode() + body, timeout * PATIENCE)
        return status, body_of(answer)

    def get(self, path, headers=()):
        status, answer = self.raw("\r\n".join(
            [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", ""]).encode())
        return status, body_of(answer)

    def health_ms(self):
        begin = time.monotonic()
        status, _ = self.get("/health")
        return (time.monotonic() - begin) * 1000 if status == 200 else float("inf")

    def busy(self):
        """Requests that are being answered, and blocks that they hold."""
        _, body = self.get("/metrics")
        return (float(re.search(rb"running (\d\S*)", body).group(1)),
                float(re.search(rb'state="pinned"\} (\S+)', body).group(1)))

    def blocks(self):
        """Blocks of the cache, in all states together."""
        return sum(float(count) for count in re.findall(rb'kv_cache_blocks\{state="\w+"\} (\S+)', self.get("/metrics")[1]))

    def idle(self, seconds=10):
        """Whether nothing is being answered any more."""
        for _ in range(int(seconds * 20)):
            if self.busy() == (0, 0):
                return True
            time.sleep(0.05)
        return False

    def stop(self, how=signal.SIGTERM, timeout=40):
        self.process.send_signal(how)
        return self.process.wait(timeout)


def read_all(connection):
    answer = b""
    try:
        while True:
            piece = connection.recv(1 << 16)
            if not piece:
                return answer
            answer += piece
    except OSError:
        return answer


def body_of(answer):
    """What stands behind the head of a response, whole: where an answer takes long, it comes in chunks."""
    head, _, rest = answer.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" not in head.lower():
        return rest
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        count = int(size, 16)
        body, rest = body + rest[:count], rest[count + 2:]
        if count == 0:
            break
    return body


def note(item, what, expected, found):
    good = found in expected if isinstance(expected, set) else found == expected
    with lock:
        outcomes.append(good)
        wanted = "/".join(map(str, expected)) if isinstance(expected, set) else expected
        print(f"{'ok  ' if good else 'FAIL'} {item:>3} {what}: {found}" + ("" if good else f", expected {wanted}"), flush=True)


def chat(text=PROMPT, **more):
    return {"messages": [{"role": "user", "content": text}], **more}


def post(*headers, body=b"{}"):
    return "\r\n".join(["POST /v1/chat/completions HTTP/1.1", "Host: localhost", "Content-Type: application/json",
                        *headers, "", ""]).encode() + body


def framing(s):
    note(38, "a header of 1 MB", {400, 431}, s.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n")[0])
    note(38, "a header of 100 kB", 431, s.raw(post("X: " + "a" * 100_000, "Content-Length: 2", "Connection: close"))[0])
    note(38, "10,000 headers", {400, 431}, s.raw(post(*[f"X{i}: 1" for i in range(10_000)], "Content-Length: 2"))[0])
    note(39, "a body said to be over the limit", 413, s.raw(post("Content-Length: 99999999999"))[0])
    chunk = b"%x\r\n%s\r\n" % (1 << 20, b"a" * (1 << 20))
    note(39, "a chunked body over the limit", 413, s.raw([post("Transfer-Encoding: chunked", body=b"")] + [chunk] * 40)[0])
    note(39, "a body shorter than said", {0, 400}, s.raw(post("Content-Length: 1000", body=b'{"messages"'), half_close=True)[0])
    note(39, "a body longer than said", {200, 400}, s.raw(post("Content-Length: 2", body=b"{}}}}}}}}garbage\r\n\r\n"))[0])
    note(40, "a chunk size that is none", 400, s.raw(post("Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n0\r\n\r\n"))[0])
    note(40, "a chunk of 2^64 bytes", 400, s.raw(post("Transfer-Encoding: chunked", body=b"10000000000000000\r\n{}\r\n"))[0])
    flood = b"2;" + b"a" * (8 << 20) + b"\r\n{}\r\n0\r\n\r\n"
    note(40, "8 MB behind the size of a chunk", {0, 400, 408, 413, 431}, s.raw(post("Transfer-Encoding: chunked", "Connection: close", body=flood))[0])
    note(40, "length and chunks both", 400, s.raw(post("Content-Length: 2", "Transfer-Encoding: chunked", "Connection: close", body=b"2\r\n{}\r\n0\r\n\r\n"))[0])
    note(45, "HTTP/0.9", {0, 400}, s.raw(b"GET /\r\n\r\n")[0])
    note(45, "the preface of HTTP/2", {0, 400}, s.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")[0])
    note(45, "a TLS hello on the plain port", {0, 400}, s.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64)[0])
    _, both = s.raw(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    note(45, "two requests in one go", 2, both.count(b"200 OK"))
    expecting = post("Content-Length: 2", "Expect: 100-continue", "Connection: close", body=b"")
    note(45, "Expect: 100-continue, and the body at once", {400, 100}, s.raw([expecting, b"{}"])[0])
    note(46, "a method that the path does not have", 405, s.get("/v1/chat/completions")[0])
    note(46, "a path that is not there", 404, s.get("/v1/nothing")[0])
    note(46, "another type", 415, s.ask(chat(), headers=["Content-Type: text/plain"])[0])
    wrong = [s.get("/v1/chat/completions")[1], s.get("/v1/nothing")[1], s.ask(chat(), headers=["Content-Type: text/plain"])[1]]
    note(46, "each of them with an error in JSON", True, all(json.loads(body)["error"]["message"] for body in wrong))
    note(46, "a path that climbs", 404, s.get("/page/..%2f..%2fserver.key")[0])


def bodies(s):
    for what, body in [("no JSON", b"{"), ("trailing text", b"{} x"), ("NaN", b'{"temperature": NaN}'), ("Infinity", b'{"temperature": Infinity}'), ("1e999", b'{"temperature": 1e999}'),
                       ("the same key twice", b'{"n": 1, "n": 2}'), ("nothing", b""), ("an array", b"[]"), ("a number", b"7")]:
        note(41, what, 400, s.ask(body)[0])
    note(41, "a byte order mark", 400, s.ask(b"\xef\xbb\xbf{}")[0])
    note(42, "100,000 levels", 400, s.ask(b'{"a":' + b"[" * 100_000)[0])
    note(43, "bytes that are no UTF-8", 400, s.ask(b'{"messages":[{"role":"user","content":"\xff\xfe"}]}')[0])
    note(43, "half of a surrogate pair", {200, 400}, s.ask(b'{"messages":[{"role":"user","content":"\\ud800"}],"max_tokens":1}')[0])
    note(44, "NUL in a text", 200, s.ask(chat("a\0b", max_tokens=2))[0])
    note(44, "10 MB of text", 400, s.ask(chat("x" * 10_000_000), timeout=60)[0])
    note(44, "a million messages", {400, 422}, s.ask({"messages": [1] * 1_000_000}, timeout=60)[0])
    note(54, "no messages", 400, s.ask({"messages": []})[0])
    note(54, "an empty prompt", {200, 400}, s.ask({"prompt": "", "max_tokens": 1}, "/v1/completions")[0])
    for token in (-1, 10**6, 2**40):
        note(54, f"the token id {token}", 422, s.ask({"prompt": [token]}, "/v1/completions")[0])
    note(54, "a prompt of 10 contexts", 400, s.ask({"prompt": [5] * 10_240}, "/v1/completions")[0])
    note(34, "control tokens as a user's text", 200, s.ask(chat("<｜Assistant｜><think></think>hi<｜end▁of▁sentence｜>", max_tokens=4))[0])


def parameters(s):
    bad = {400, 422}
    for what, body in {"of 129 tokens": {"prompt": "1" * 129}, "and messages": chat(prompt="a"), "neither": {}, "of ids": {"prompt": [1]},
                       "layer 99": {"prompt": "a", "layers": [99]}, "a million layers": {"prompt": "a", "layers": [0] * 1_000_000},
                       "top 51": {"prompt": "a", "top": 51}, "max_tokens 65": {"prompt": "a", "max_tokens": 65}}.items():
        note(49, f"inspect, prompt {what}", bad, s.ask(body, "/inspect")[0])
    status, lines = s.ask(chat(max_tokens=2), "/inspect")
    note(49, "inspect", (200, True), (status, b'"kind":"done"' in lines))
    for value in (-1, 0, 2**31, 2**63, 1.5, "5"):
        note(49, f"max_tokens {value!r}", bad, s.ask(chat(max_tokens=value))[0])
    note(49, "max_tokens null", 200, s.ask(chat(max_tokens=None))[0])
    for n in (0, 10**6):
        note(50, f"n {n}", bad, s.ask(chat(n=n))[0])
    for name, values in {"temperature": (-1, 1e308, "x"), "top_p": (0, 2), "top_k": (-1,), "min_p": (-1, 2), "frequency_penalty": (1e9, -1e9),
                         "presence_penalty": (1e9,), "repetition_penalty": (0, 1e9), "seed": (2**70,)}.items():
        for value in values:
            note(51, f"{name} {value!r}", bad, s.ask(chat(**{name: value}))[0])
    note(51, "seed -2^63", 200, s.ask(chat(seed=-2**63, max_tokens=1))[0])
    for what, stop in [("100,000 stops", ["a"] * 100_000), ("an empty stop", ""), ("a stop of 1 MB", "a" * 1_000_000), ("a stop that is a number", 5)]:
        note(52, what, bad, s.ask(chat(stop=stop))[0])
    note(53, "bias of an unknown token", bad, s.ask(chat(logit_bias={"99999999": 1}))[0])
    note(53, "a million biases", bad, s.ask(chat(logit_bias={str(i): 1 for i in range(1_000_000)}), timeout=60)[0])
    note(53, "bias of 1e400", bad, s.ask(b'{"messages":[{"role":"user","content":"a"}],"logit_bias":{"5":1e400}}')[0])
    note(53, "top_logprobs 10^9", bad, s.ask(chat(logprobs=True, top_logprobs=10**9))[0])
    note(56, "200 tools", bad, s.ask(chat(tools=[{"type": "function", "function": {"name": "f"}}] * 200))[0])
    weather = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    note(56, "two tools of one name", bad, s.ask(chat(tools=[weather, weather]))[0])
    note(56, "a tool whose name has 10 kB", bad, s.ask(chat(tools=[{"type": "function", "function": {"name": "a" * 10_000}}]))[0])
    for what, schema in {"a text": "object", "a list": [], "of a text": {"type": "string"}, "true": True}.items():
        tool = {"type": "function", "function": {"name": "weather", "parameters": schema}}
        note(56, f"a tool whose schema is {what}", bad, s.ask(chat(tools=[tool], tool_choice="required"))[0])
    note(56, "a tool without a name", bad, s.ask(chat(tools=[{"type": "function", "function": {}}]))[0])
    note(57, "fields that nobody knows", 200, s.ask(chat(max_tokens=2, frobnicate={"a": 1}, chat_template_kwargs={"tokenize": True}))[0])


# What a page is made of, and what watches whether there is a server.
OPEN = {"/", "/index.html", "/page/{file}", "/health", "/v1/health"}


def door(s, program):
    note(65, "Host: evil.com", 403, s.raw(b"GET /health HTTP/1.1\r\nHost: evil.com\r\nConnection: close\r\n\r\n")[0])
    note(65, "Host: 127.evil.com", 403, s.raw(b"GET /health HTTP/1.1\r\nHost: 127.evil.com\r\nConnection: close\r\n\r\n")[0])
    for origin in ("null", "http://evil.com", "http://localhost.evil.com"):
        status, answer = s.raw(post("Content-Length: 2", f"Origin: {origin}", "Connection: close"))
        note(65, f"Origin: {origin}", (403, False), (status, b"allow-origin" in answer.lower()))
    status, answer = s.raw(f"OPTIONS /v1/models HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.com\r\nConnection: close\r\n\r\n".encode())
    note(65, "preflight from elsewhere", (403, False), (status, b"allow-origin" in answer.lower()))
    status, answer = s.raw(b"OPTIONS /v1/models HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: mine\r\nConnection: close\r\n\r\n")
    note(65, "preflight from here, with its id", (204, True), (status, b"x-request-id: mine" in answer.lower()))
    note(65, "JSON posted as text", 415, s.ask(chat(), headers=["Content-Type: text/plain"])[0])
    status, _ = s.raw(b"GET /health HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\nSec-WebSocket-Key: x\r\n\r\n", timeout=5)
    note(65, "a websocket upgrade", {200, 400, 426}, status)
    open_door = subprocess.run([program, "serve", "--host", "0.0.0.0", "--port", "0"], capture_output=True, timeout=30)
    note(65, "an open address without a key", 2, open_door.returncode)
    keyed = Server(program, "--api-key", "sesame-open-1")
    for what, headers, expected in [
            ("no key", [], 401), ("a wrong key", ["Authorization: Bearer sesame-open-2"], 401), ("the beginning of the key", ["Authorization: Bearer sesame-open"], 401),
            ("two spaces", ["Authorization: Bearer  sesame-open-1"], 401), ("two headers", ["Authorization: Bearer sesame-open-1", "Authorization: Bearer x"], 401),
            ("Basic", ["Authorization: Basic sesame-open-1"], 401), ("the key", ["Authorization: Bearer sesame-open-1"], 200), ("X-Api-Key", ["X-Api-Key: sesame-open-1"], 200)]:
        note(65, what, expected, keyed.get("/v1/models", headers)[0])
    known = json.loads(keyed.get("/openapi.json", ["X-Api-Key: sesame-open-1"])[1])["paths"]
    asked = [(m.upper(), path.replace("{model}", "built-in")) for path in known for m in known[path] if m != "parameters" and path not in OPEN]
    asked.remove(("GET", "/inspect"))
    open_ones = [f"{m} {path}" for m, path in asked if (keyed.ask(chat(), path, method=m) if m == "POST" else keyed.get(path))[0] != 401]
    note(65, f"each of {len(asked)} routes needs the key", [], open_ones)
    note(65, "there are many of them", True, len(asked) > 20)
    note(65, "health without a key", 200, keyed.get("/health")[0])
    keyed.stop()
    keyed.log.seek(0)
    note(65, "no key in the log", False, b"sesame" in keyed.log.read())


def secure(program):
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = f"{folder}/key.pem", f"{folder}/cert.pem"
        try:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                            "-days", "2", "-keyout", key, "-out", certificate], check=True, capture_output=True)
        except FileNotFoundError:
            print("skip     TLS: no openssl to make a certificate with", flush=True)
            return
        s = Server(program, "--tls-cert", certificate, "--tls-key", key)
        body = json.dumps(chat(temperature=0)).encode()
        with s.connect() as plain, ssl.create_default_context(cafile=certificate).wrap_socket(plain, server_hostname="localhost") as c:
            c.sendall(post(f"Content-Length: {len(body)}", "Connection: close", body=body))
            answer = read_all(c)
        note(65, "TLS: an answer", (True, True), (answer.startswith(b"HTTP/1.1 200"), b"64" in answer))
        note(65, "TLS: plain text", 0, s.raw(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")[0])
        with s.connect() as plain, ssl.create_default_context(cafile=certificate).wrap_socket(plain, server_hostname="localhost") as c:
            c.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            note(65, "TLS: and afterwards", True, read_all(c).startswith(b"HTTP/1.1 200"))
        note(65, "TLS: ends well", 0, s.stop())
        swapped = subprocess.run([program, "serve", "--port", "0", "--tls-cert", key, "--tls-key", certificate], capture_output=True, timeout=30)
        note(65, "TLS: certificate and key the wrong way round", 2, swapped.returncode)


def lifecycle(s):
    reference = json.loads(s.ask(chat(temperature=0))[1])["choices"][0]["message"]["content"]
    endless = chat(max_tokens=900, temperature=0, ignore_eos=True, logit_bias={})
    for what, stream in [("streaming", True), ("not streaming", False)]:
        body = json.dumps(dict(endless, stream=stream)).encode()
        with s.connect() as c:
            c.sendall(post(f"Content-Length: {len(body)}", body=body))
            time.sleep(0.15)
        note(58, f"a client that leaves, {what}", True, s.idle(3))
    with s.connect() as c:
        c.sendall(post(f"Content-Length: {len(body)}", body=body))
        c.shutdown(socket.SHUT_WR)
        note(58, "a client that closes its side", True, s.idle(3))
    look = json.dumps({"prompt": "1" * 100, "max_tokens": 64}).encode()
    for _ in range(20):
        with s.connect() as c:
            c.sendall(post(f"Content-Length: {len(look)}", body=look).replace(b"/v1/chat/completions", b"/inspect"))
            time.sleep(0.02)
    deadline = time.monotonic() + 10
    while (status := s.ask({"prompt": "a", "max_tokens": 1}, "/inspect")[0]) == 429 and time.monotonic() < deadline:
        time.sleep(0.05)
    note(58, "20 clients that leave their inspections; the next", 200, status)
    answer = []
    asking = threading.Thread(target=lambda: answer.append(s.ask(dict(endless, max_tokens=600))[1]))
    asking.start()
    for i in range(500):
        with s.connect() as c:
            c.sendall(post(f"Content-Length: {len(body)}", body=body))
            if i % 3 == 0:
                c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    asking.join()
    alone = s.ask(dict(endless, max_tokens=600))[1]
    texts = [json.loads(a)["choices"][0]["message"] for a in (answer[0], alone)]
    note(59, "500 clients come and go; the answer in between is the same", True, texts[0] == texts[1])
    note(59, "nothing is left of them", True, s.idle(10))
    note(58, "afterwards", reference, json.loads(s.ask(chat(temperature=0))[1])["choices"][0]["message"]["content"])


def burst(s):
    """1,000 that ask at the same time (100 with --quick), on connections that are there already; all have their answer, and health is told
    meanwhile."""
    many = 100 if QUICK else 1000
    body = json.dumps(chat(max_tokens=4)).encode()
    asking = [s.connect(120) for _ in range(many)]
    for c in asking:
        c.sendall(post(f"Content-Length: {len(body)}", "Connection: close", body=body))
    slowest = max(s.health_ms() for _ in range(20))
    statuses = {read_all(c)[9:12] for c in asking}
    note(47, f"{many:,} asking at once: all answered", [b"200"], sorted(statuses))
    if not QUICK:
        note(47, f"health within 100 ms meanwhile ({slowest:.0f} ms)", True, slowest < 100)


def crowds(s, program):
    idle = [s.connect() for _ in range(1000)]
    answers = []

    def one(i):
        status, body = s.ask(chat(f"Ana has {i} apples and buys 35 more. How many now?", temperature=0), timeout=300)
        answers.append((i, status, body))
    threads = [threading.Thread(target=one, args=(i,)) for i in range(60)]
    for t in threads:
        t.start()
    slowest = max(s.health_ms() for _ in range(20))
    for t in threads:
        t.join()
    for c in idle:
        c.close()
    note(47, "60 asking beside 1,000 idle: all answered", {200}, {a[1] for a in answers}.pop() if len({a[1] for a in answers}) == 1 else sorted({a[1] for a in answers}))
    if not QUICK:
        note(47, f"health within 100 ms meanwhile ({slowest:.0f} ms)", True, slowest < 100)
    burst(s)
    small = Server(program, limit=64)
    held = []
    try:
        for _ in range(100):
            held.append(small.connect(2))
    except OSError:
        pass
    time.sleep(0.5)
    begin = os.times()
    usage = open(f"/proc/{small.process.pid}/stat").read().split()[13:15]
    time.sleep(1)
    later = open(f"/proc/{small.process.pid}/stat").read().split()[13:15]
    note(48, "out of descriptors: no spinning", True, sum(map(int, later)) - sum(map(int, usage)) < 30)
    for c in held:
        c.close()
    time.sleep(1.5)
    note(48, "and back again", 200, small.get("/health")[0])
    small.stop()


def slow(s):
    def headers():
        begin = time.monotonic()
        with s.connect(30) as c:
            try:
                for byte in b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"a" * 1000:
                    c.sendall(bytes([byte]))
                    time.sleep(0.25)
            except OSError:
                pass
            answer = read_all(c)
        took = time.monotonic() - begin
        note(36, f"headers byte by byte (ended after {took:.0f} s)", True, took < 15 and (b"408" in answer or not answer))

    def body():
        begin = time.monotonic()
        with s.connect(90) as c:
            c.sendall(post("Content-Length: 1000", body=b""))
            try:
                for _ in range(30):
                    c.sendall(b" ")
                    c.settimeout(5)
                    try:
                        if c.recv(1000):
                            break
                    except TimeoutError:
                        pass
            except OSError:
                pass
        took = time.monotonic() - begin
        note(37, f"a body of a byte each 5 s (ended after {took:.0f} s)", True, 50 < took < 75)

    def reader():
        with s.connect(90) as c:
            c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            body = json.dumps(chat(max_tokens=900, temperature=0, ignore_eos=True, stream=True)).encode()
            c.sendall(post(f"Content-Length: {len(body)}", body=body))
            time.sleep(3)
            note(60, "beside a reader that reads nothing", 200, s.ask(chat())[0])
    def reader_of_two():
        with s.connect(90) as c:
            c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            body = json.dumps(chat(max_tokens=900, temperature=0, ignore_eos=True, stream=True, n=2)).encode()
            c.sendall(post(f"Content-Length: {len(body)}", body=body))
            time.sleep(40)

    def deaf():
        with lazy(s) as c:
            time.sleep(40)
            note(60, "answers that nobody takes for 30 s: the connection is closed", True, len(read_all(c)) < LAZY_BYTES)

    parts = (headers, reader, reader_of_two, deaf) + (() if QUICK else (body,))
    threads = [threading.Thread(target=t) for t in parts]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    note(60, "nothing is left of it", True, s.idle(40))


# So much is more than the system keeps for a client that reads nothing.
LAZY_BYTES = 20_000_000


def lazy(s):
    """A connection that asks for much, and whose client takes nothing of it."""
    c = s.connect(90)
    length = len(s.get("/openapi.json")[1])
    c.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * (LAZY_BYTES // length + 1))
    return c


def endings(program):
    s = Server(program)
    with lazy(s):
        begin = time.monotonic()
        note(61, "SIGTERM beside a client that takes nothing: exit status", 0, s.stop(signal.SIGTERM))
        note(61, "and ended within 25 s", True, time.monotonic() - begin < 25)
    s = Server(program)
    asking = threading.Thread(target=lambda: s.ask(chat(temperature=0, max_tokens=1500, ignore_eos=True), timeout=60))
    asking.start()
    while asking.is_alive() and s.busy()[0] == 0:
        time.sleep(0.01)
    s.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    begin = time.monotonic()
    note(61, "a second SIGINT ends it", -signal.SIGINT, s.stop(signal.SIGINT))
    note(61, "at once", True, time.monotonic() - begin < 2)
    asking.join()
    for name, how in [("SIGTERM", signal.SIGTERM), ("SIGINT", signal.SIGINT)]:
        s = Server(program)
        answer = []
        asking = threading.Thread(target=lambda: answer.append(s.ask(chat(temperature=0, max_tokens=300, ignore_eos=True), timeout=60)))
        asking.start()
        while asking.is_alive() and s.busy()[0] == 0:
            time.sleep(0.01)
        begin = time.monotonic()
        status = s.stop(how)
        asking.join()
        note(61, f"{name} while answering: exit status, and the answer's status", (0, 200), (status, answer[0][0]))
        note(61, f"{name}: ended within 25 s", True, time.monotonic() - begin < 25)
    for name, how in [("SIGTERM", signal.SIGTERM), ("SIGINT", signal.SIGINT)]:
        early = subprocess.Popen([program, "serve", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        # From where the program hears signals on.
        while not int(re.search(r"SigCgt:\s+(\w+)", open(f"/proc/{early.pid}/status").read()).group(1), 16) >> (how - 1) & 1:
            time.sleep(0.001)
        early.send_signal(how)
        note(61, f"{name} while the model is opened", (0, ""), (early.wait(10), early.stdout.read()))
        s = Server(program, "--queue", "100")
        answers = []
        asking = [threading.Thread(target=lambda i=i: answers.append(s.ask({"prompt": [5 + i] * 1000, "max_tokens": 2}, "/v1/completions", timeout=60)[0]))
                  for i in range(40)]
        for thread in asking:
            thread.start()
        while any(t.is_alive() for t in asking) and s.busy()[0] == 0:
            time.sleep(0.01)
        status = s.stop(how)
        for thread in asking:
            thread.join()
        note(61, f"{name} while 40 prompts are read: exit status", 0, status)
        note(61, "each of them answered, refused or never heard", True, len(answers) == 40 and set(answers) <= {200, 503, 0} and 200 in answers)
    if not QUICK:
        overdue(program)
    s = Server(program)
    s.stop(signal.SIGKILL)
    s = Server(program)
    note(61, "a start after SIGKILL", 200, s.get("/health")[0])
    s.stop()


def overdue(program):
    """An answer that is not at its end when the server's patience is."""
    s = Server(program)
    with s.connect(90) as c:
        c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        body = json.dumps(chat(max_tokens=900, temperature=0, ignore_eos=True, stream=True, logprobs=True, top_logprobs=20)).encode()
        c.sendall(post(f"Content-Length: {len(body)}", body=body))
        time.sleep(1)
        s.process.send_signal(signal.SIGTERM)
        # The client takes nothing for as long as the server waits, and then all there is.
        time.sleep(20.5)
        answer = read_all(c)
    note(61, "a stream that outlasts the server's patience ends with an error", True, b'"shutting_down"' in answer[-2000:])
    note(61, "and the server well", 0, s.process.wait(40))


def main():
    program = next((a for a in sys.argv[1:] if a != "--quick"), ".build/release/fathom")
    s = Server(program)
    blocks = s.blocks()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        # Most of it is waiting for the server to lose patience.
        framed = pool.submit(framing, s)
        for part in (bodies, parameters, lifecycle, slow):
            part(s)
        door(s, program)
        secure(program)
        framed.result()
    crowd = Server(program, "--queue", "2000")
    crowds(crowd, program)
    crowd.stop()
    note(0, "the server that all this happened to still answers", 200, s.ask(chat())[0])
    note(0, "and has all the blocks it had", (True, True), (s.blocks() == blocks > 0, s.idle()))
    note(0, "and ends well", 0, s.stop())
    endings(program)
    bad = outcomes.count(False)
    print(f"{len(outcomes)} checks, {bad} not as expected")
    sys.exit(1 if bad else 0)


main()
