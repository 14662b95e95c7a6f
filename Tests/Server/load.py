"""Mixed traffic on one server for a while: nothing may be lost, mixed up, changed or kept.

    python3 Tests/Server/load.py .build/release/fathom --minutes 30 --active 200 --idle 1000

Every answer is compared with the one its request got alone, before. Some clients stream, some hang up in between, some read slowly,
some send what is no request. The server's memory, its books and its health are looked at all the while. Needs Python 3.9.
"""
import argparse
import asyncio
import json
import multiprocessing
import os
import random
import re
import subprocess
import sys
import time
import urllib.request


def probe(port, seconds, queue):
    """Asks for the server's health from a process of its own: milliseconds, once a second.

    It goes first where it may, so that the clients, which take as much of the machine as the server, do not keep it waiting itself."""
    try:
        os.nice(-10)
    except OSError:
        pass
    times = []
    for _ in range(int(seconds)):
        begin = time.monotonic()
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10).read()
            times.append((time.monotonic() - begin) * 1000)
        except OSError:
            times.append(float("inf"))
        time.sleep(1)
    queue.put(times)


async def ask(port, body, stream=False, leave_after=None, pause=0.0, path="/v1/chat/completions"):
    """One request on a connection of its own: (status, text) or (None, None) for a client that left."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        data = json.dumps(dict(body, stream=stream)).encode() if isinstance(body, dict) else body
        writer.write(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
                     f"Content-Length: {len(data)}\r\n\r\n".encode() + data)
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head.split()[1])
        content, seen = b"", 0
        while True:
            piece = await reader.read(2048 if pause else 1 << 16)
            if not piece:
                break
            content += piece
            seen += 1
            if leave_after is not None and seen >= leave_after:
                return None, None
            if pause:
                await asyncio.sleep(pause)
        return status, text_of(content, stream, b"chunked" in head.lower())
    finally:
        writer.close()


def text_of(content, stream, chunked):
    if chunked:
        whole, rest = b"", content
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            count = int(size, 16)
            if count == 0:
                break
            whole += rest[:count]
            rest = rest[count + 2:]
        content = whole
    if not stream:
        body = json.loads(content)
        if "choices" not in body:
            return body
        message = body["choices"][0]["message"]
        return message.get("reasoning_content", "") + "|" + (message["content"] or "")
    reasoning, answer = "", ""
    for line in content.decode().split("\n\n"):
        if not line.startswith("data: ") or line == "data: [DONE]":
            continue
        event = json.loads(line[6:])
        if "error" in event:
            return event
        for choice in event["choices"]:
            reasoning += choice["delta"].get("reasoning_content", "")
            answer += choice["delta"].get("content", "") or ""
    return reasoning + "|" + answer


async def get(port, path):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read(-1)
    writer.close()
    return answer.decode(errors="replace")


def resident_mb(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read()).group(1)) / 1024


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--active", type=int, default=200)
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random.seed(options.seed)
    process = subprocess.Popen([options.program, "serve", "--port", "0", "--queue", "4000", "--parallel", "64", "--cache-memory", "64MiB"],
                               stdout=subprocess.PIPE, text=True)
    port = int(process.stdout.readline().strip().rsplit(":", 1)[1])
    names = ["Ana", "Bo", "Cy", "Dee"]
    requests = []
    for i in range(120):
        text = f"{random.choice(names)} has {random.randint(2, 99)} apples, buys {random.randint(2, 99)} more. How many now?"
        if i % 4 == 0:
            text = "hello"
        requests.append({"messages": [{"role": "user", "content": text}], "max_tokens": random.choice([8, 80, 160]),
                         "temperature": random.choice([0, 0, 1]), "seed": i, "user_id": f"user-{i % 5}"})
    alone = [(await ask(port, r))[1] for r in requests]
    before = await get(port, "/metrics")
    idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(options.idle)]
    counts = dict(answered=0, streamed=0, left=0, slow=0, malformed=0, wrong=0, lost=0, refused=0)
    memory = []
    queue = multiprocessing.Queue()
    prober = multiprocessing.Process(target=probe, args=(port, options.minutes * 60 * 0.9, queue))
    prober.start()
    end = time.monotonic() + options.minutes * 60

    async def client():
        while time.monotonic() < end:
            i = random.randrange(len(requests))
            kind = random.random()
            try:
                if kind < 0.02:
                    status, _ = await ask(port, random.choice([b"{", b"[]", b'{"messages": 5}', b'{"messages": [], "n": -1}']))
                    counts["malformed"] += 1
                    counts["wrong"] += status not in (400, 422)
                    await asyncio.sleep(0.5)
                    continue
                stream = kind > 0.4
                leave = random.randint(1, 20) if kind > 0.9 else None
                pause = 0.05 if 0.85 < kind <= 0.9 else 0
                status, text = await ask(port, requests[i], stream, leave, pause)
                if leave is not None and status is None:
                    counts["left"] += 1
                elif status == 429:
                    counts["refused"] += 1
                elif status != 200 or text != alone[i]:
                    counts["wrong"] += 1
                    print("wrong:", status, repr(text)[:300], "expected", repr(alone[i])[:300], flush=True)
                else:
                    counts["slow" if pause else "streamed" if stream else "answered"] += 1
            except (OSError, asyncio.IncompleteReadError) as error:
                counts["lost"] += 1
                print("lost:", repr(error), flush=True)

    async def watch():
        while time.monotonic() < end:
            memory.append(resident_mb(process.pid))
            if len(memory) % 60 == 0:
                print(f"{len(memory)} s: {memory[-1]:.0f} MB, {counts}", flush=True)
            await asyncio.sleep(1)

    await asyncio.gather(watch(), *[client() for _ in range(options.active)])
    for _, writer in idle:
        writer.close()
    await asyncio.sleep(2)
    metrics = await get(port, "/metrics")
    pinned = float(re.search(r'state="pinned"\} (\S+)', metrics).group(1))
    blocks = [sum(map(float, re.findall(r'kv_cache_blocks\{state="\w+"\} (\S+)', text))) for text in (before, metrics)]
    running = float(re.search(r"requests_running (\d\S*)", metrics).group(1))
    process.terminate()
    status = process.wait(60)
    health = sorted(queue.get())
    third = max(1, len(memory) // 3)
    report = dict(minutes=options.minutes, idle=options.idle, active=options.active, **counts,
                  health_ms=dict(median=round(health[len(health) // 2], 1), p99=round(health[int(len(health) * 0.99)], 1), max=round(health[-1], 1)),
                  memory_mb=dict(first_third=round(sum(memory[:third]) / third, 1), last_third=round(sum(memory[-third:]) / third, 1), max=round(max(memory), 1)),
                  pinned_blocks=pinned, lost_blocks=blocks[0] - blocks[1], running=running, exit_status=status)
    print(json.dumps(report, indent=2))
    # A tenth is what an allocator keeps of a peak; a leak of a kilobyte a request would be hundreds of megabytes.
    flat = report["memory_mb"]["last_third"] < 1.1 * report["memory_mb"]["first_third"]
    if not flat or health[-1] >= 100:
        print("memory has to stay flat, and /health below 100 ms", file=sys.stderr)
    bad = (not flat) + (health[-1] >= 100) + counts["wrong"] + counts["lost"] + counts["refused"] + pinned + abs(blocks[0] - blocks[1]) + running + status
    sys.exit(1 if bad else 0)


asyncio.run(main())
