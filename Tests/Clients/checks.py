"""What the scripts of this folder share: a server of their own, and one line for each check."""
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import urllib.request

PROGRAM = os.path.abspath(os.environ.get("FATHOM", ".build/release/fathom"))
PROMPT = "Ana has 47 apples, buys 35 more and gives 18 to Bo. How many now?"
# Packages that want a key get one; a server without keys takes any.
KEY = "a-key-of-this-test"
failures = []
count = 0


def check(what, holds, found=""):
    """Prints the outcome of a check; `found` is told where it does not hold."""
    global count
    count += 1
    print(f"ok    {what}" if holds else f"FAIL  {what}: found {found!r}", flush=True)
    if not holds:
        failures.append(what)
    return holds


def skip(what, why):
    print(f"skip  {what}: {why}", flush=True)


def raises(what, kind, action, **expected):
    """Checks that an action raises an error of exactly this class, with attributes of these values; gives the error."""
    try:
        action()
    except Exception as error:
        found = {name: getattr(error, name, None) for name in expected}
        check(f"{what}: {kind.__name__}", type(error) is kind and found == expected, (error, found))
        return error
    check(f"{what}: {kind.__name__}", False, "no error")


def crowd(what, kind, action, many=12):
    """Does something many times at once: some have to fail with this class, and none with another; gives one of the errors."""
    refused, others = [], []

    def one():
        try:
            action()
        except kind as error:
            refused.append(error)
        except Exception as error:
            others.append(error)

    threads = [threading.Thread(target=one) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(f"{what}: {kind.__name__} for some of {many}, no other error", refused and not others, (len(refused), others))
    return refused[0] if refused else None


def finish():
    print(f"{count - len(failures)} of {count} checks of {os.path.basename(sys.argv[0])} hold", flush=True)
    sys.exit(1 if failures or not count else 0)


def get(url):
    with urllib.request.urlopen(url, timeout=30) as response:
        return json.load(response)


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


@contextlib.contextmanager
def server(*options):
    """A server with the built-in model on a free port, that knows of no earlier run; gives its address."""
    log, cache = tempfile.TemporaryFile(), tempfile.TemporaryDirectory()
    process = subprocess.Popen(
        [PROGRAM, "serve", "--port", "0", "--cache-dir", cache.name, *options], stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        match = re.search(r"http://\S+:\d+", process.stdout.readline())
        if not match:
            log.seek(0)
            sys.exit(f"the server did not start: {log.read().decode()[-2000:]}")
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield match.group(0)
        check("the server is still there at the end", process.poll() is None, process.returncode)
    finally:
        process.terminate()
        process.wait(30)
        cache.cleanup()
