#!/usr/bin/env python3
"""Drives the chat page in a browser: every feature once, hostile answers, keys, labels, pictures.

    python3 Tests/Page/browser.py --mock [--screenshots DIR]
    python3 Tests/Page/browser.py --program .build/release/fathom [--screenshots DIR]
    python3 Tests/Page/browser.py --url http://127.0.0.1:8080 [--screenshots DIR]

Needs chromium, chromedriver and selenium. With --program and --url the server is a real one and only what any
model can do is checked; with --mock the scripted server beside this file answers, and all of it is. A page
that asks another server for anything, writes an error to the console or breaks its content security
policy fails, whatever else it does.
"""
import argparse
import atexit
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from inspect_checks import INSIDE, inside_pictures, look, looks_inside, shows_the_apis_numbers

APPLES = "Ana has 47 apples, buys 35 more and gives 18 to Bo. How many now?"
HOSTILE_TITLE = '<img src=x onerror="window.hacked=40">'


class Page:
    """A browser with the page open, and words for what people do in it."""

    def __init__(self, url, dark=False, phone=False):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run", "--window-size=1280,860",
                         "--disable-background-networking", "--disable-component-update", "--hide-scrollbars", "--force-color-profile=srgb"]:
            options.add_argument(argument)
        if phone:
            options.add_experimental_option("mobileEmulation", {"deviceMetrics": {"width": 390, "height": 780, "pixelRatio": 2.0, "touch": True}})
        self.downloads = pathlib.Path(tempfile.mkdtemp(prefix="page-test-"))
        options.add_experimental_option("prefs", {"download.default_directory": str(self.downloads)})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
        self.url, self.problems = url, []
        self.driver.get(url)
        self.wait("return !!document.querySelector('.welcome .example')", "the first view")

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, script, what, *arguments, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = self.js(script, *arguments)
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(f"waited {seconds} s for {what}")

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def last(self, selector):
        return self.all(selector)[-1]

    def click(self, selector, last=False):
        self.wait("return document.querySelector(arguments[0])", selector, selector)
        element = self.last(selector) if last else self.find(selector)
        self.js("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
        ActionChains(self.driver).move_to_element(element).perform()
        element.click()

    def keys(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def type(self, text):
        box = self.find("#composer-box")
        box.click()
        box.send_keys(text)

    def ask(self, text, wait=True):
        self.type(text)
        self.find("#composer-box").send_keys(Keys.ENTER)
        if self.phone_sends_by_button():
            self.click(".send:not(.stop)")
        if wait:
            self.done()

    def put(self, text):
        """Sends text with line ends, which typing would take for the key that sends."""
        self.js("const b = document.querySelector('#composer-box'); b.value = arguments[0]; b.dispatchEvent(new Event('input')); document.querySelector('#composer').requestSubmit()", text)
        time.sleep(0.2)

    def phone_sends_by_button(self):
        return self.js("return matchMedia('(pointer: coarse)').matches")

    def done(self, seconds=60):
        self.wait("return document.querySelectorAll('.answer').length > 0 && !document.querySelector('[aria-busy=true]')", "the answer", seconds=seconds)

    def answer(self):
        return self.js("return [...document.querySelectorAll('.answer')].at(-1).querySelector('.prose').innerText")

    def new(self):
        self.click(".new-chat")
        self.wait("return !!document.querySelector('.welcome')", "an empty conversation")

    def picture(self, name):
        if self.folder:
            time.sleep(0.35)
            self.driver.save_screenshot(str(self.folder / f"{name}.png"))

    folder = None
    scripted = True

    def check_logs(self, allow=()):
        """Console errors, policy violations and requests to others since the last look."""
        for entry in self.driver.get_log("browser"):
            message = entry["message"]
            if entry["level"] in ("SEVERE", "WARNING") and not any(word in message for word in allow):
                raise AssertionError(f"console: {message}")
        origin = self.url.rstrip("/")
        for entry in self.driver.get_log("performance"):
            event = json.loads(entry["message"])["message"]
            if event["method"] == "Network.requestWillBeSent":
                address = event["params"]["request"]["url"]
                initiated_by_us = address.startswith((origin + "/", "data:", "blob:" + origin, "about:"))
                browser_itself = address.startswith(("chrome:", "chrome-extension:", "devtools:"))
                assert initiated_by_us or browser_itself, f"asked another server: {address}"

    def poor_contrast(self):
        """What is hard to read on its ground, in words."""
        return self.js(CONTRAST)

    def close(self):
        self.driver.quit()


# Checks: each gets a page that may hold earlier conversations, and leaves it with a fresh one.

def sends_and_streams(page):
    page.ask(APPLES, wait=False)
    page.wait("return document.querySelectorAll('.answer').length", "an answer to begin")
    page.done()
    assert page.answer().strip(), "an answer has words"
    numbers = page.find(".numbers").text
    for word in ["tok/s", "first token", "tokens"]:
        assert word in numbers, f"{word} in {numbers}"
    assert page.find(".meter").is_displayed(), "the context meter shows"
    assert page.js("return document.title").startswith("Ana has 47 apples"), "the title follows the question"


def folds_thoughts(page):
    page.ask("think long", wait=False)
    page.wait("return document.querySelector('.reasoning.live[open]')", "live thoughts to unfold")
    live = page.find(".reasoning-numbers").text
    assert "s" in live and "tokens" in live, live
    page.picture("thinking")
    page.done()
    assert not page.find(".reasoning").get_attribute("open"), "thoughts fold when they are done"
    page.click(".reasoning summary")
    assert page.find(".reasoning-text").is_displayed()
    assert "32768 / 576" in page.find(".reasoning-text").text


def stops(page):
    page.ask("slow", wait=False)
    page.wait("return document.querySelector('.prose')?.innerText.includes('word5')", "some words")
    page.click(".send.stop")
    page.done()
    assert "stopped by you" in page.find(".numbers").text
    page.ask("slow again", wait=False)
    page.wait("return [...document.querySelectorAll('.prose')].at(-1).innerText.includes('word2')", "some words")
    page.keys(Keys.ESCAPE)
    page.done()
    assert "word399" not in page.answer()


def regenerates_and_walks(page):
    page.ask("say: first")
    page.click(".answer [aria-label='Answer again']")
    page.done()
    assert page.find(".answer .branches-place").text == "2/2"
    page.click(".answer [aria-label='Previous branch']")
    assert page.find(".answer .branches-place").text == "1/2"
    assert page.js("return document.activeElement.closest('.branches') !== null"), "the focus stays at the branches"
    page.click(".answer [aria-label='Next branch']")
    assert page.find(".answer .branches-place").text == "2/2"


def edits_as_a_branch(page):
    page.ask("say: one")
    page.ask("say: later")
    page.click(".user [aria-label='Edit message']")
    box = page.find(".edit-box")
    box.clear()
    box.send_keys("say: two", Keys.CONTROL, Keys.ENTER)
    page.wait("return document.querySelectorAll('.message').length === 2", "the branch")
    page.done()
    assert page.answer() == "two"
    assert page.find(".user .branches-place").text == "2/2"
    page.click(".user [aria-label='Previous branch']")
    assert page.answer() == "later", "the old branch is as it was left"
    assert len(page.all(".message")) == 4


def keeps_over_reload(page):
    page.ask("say: **kept**")
    page.type("a draft")
    time.sleep(0.5)
    page.driver.refresh()
    page.wait("return document.querySelector('.answer .prose strong')?.innerText === 'kept'", "the conversation after a reload")
    assert page.find("#composer-box").get_attribute("value") == "a draft"
    page.find("#composer-box").clear()
    page.new()
    page.click(".conversation-open")
    page.wait("return document.querySelector('.answer .prose strong')", "the conversation from the list")


def survives_reload_while_answering(page):
    page.ask("slow", wait=False)
    page.wait("return document.querySelector('.prose')?.innerText.includes('word60')", "some words", seconds=30)
    page.driver.refresh()
    page.wait("return document.querySelector('.answer .prose')?.innerText.includes('word20')", "what had come")
    assert "interrupted" in page.find(".numbers").text


def renders(page):
    page.ask("showcase")
    page.wait("return document.querySelectorAll('figure.code').length === 2", "code")
    for selector in [".prose h4", ".prose table td[data-align=right]", ".prose math mfrac", ".prose math msqrt", ".prose math mtable", ".prose li ul li", ".prose blockquote",
                     ".code-keyword", ".code-comment", ".prose input[type=checkbox][disabled]", ".prose a[rel~=noopener][href^='https://arxiv.org']"]:
        assert page.all(selector), selector
    assert not page.all(".prose code.tex"), "every formula is set"
    assert page.find(".code-label").text == "Swift"


def copies(page):
    page.driver.execute_cdp_cmd("Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]})
    page.put("say: ```js\nlet a\n```")
    page.done()
    page.click(".code-copy")
    time.sleep(0.2)
    assert page.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])") == "let a"
    page.click(".answer [aria-label='Copy answer']")
    time.sleep(0.2)
    assert "```" in page.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")


def sends_settings(page):
    page.click("[aria-controls=settings]")
    for name, value in [("temperature", "0.3"), ("top_p", "0.8"), ("top_k", "40"), ("min_p", "0.05"), ("presence_penalty", "0.1"), ("frequency_penalty", "0.2"),
                        ("repetition_penalty", "1.1"), ("max_tokens", "77"), ("seed", "5")]:
        page.find(f"#set-{name}").send_keys(value)
    assert page.find("#set-temperature").get_attribute("placeholder") == "0.6", "the server's own value shows"
    page.find("#set-system").send_keys("Be brief.")
    page.find("#set-stop").send_keys("END\nSTOP")
    page.js("[...document.querySelectorAll('.panel-section label')].find(l => l.textContent === 'Off').click()")
    page.js("[...document.querySelectorAll('.panel-section label')].find(l => l.textContent === 'JSON object').click()")
    page.js("const s = document.querySelector('#set-effort'); s.value = 'high'; s.dispatchEvent(new Event('change'))")
    page.click(".link-button")
    page.picture("settings")
    page.find("#set-seed").send_keys("x-")
    page.click(".panel-head .icon-button")
    page.ask("say: ok")
    with urllib.request.urlopen(page.url + "/mock/requests") as reply:
        body = json.load(reply)[-1]
    expected = {"temperature": 0.3, "top_p": 0.8, "top_k": 40, "min_p": 0.05, "presence_penalty": 0.1, "frequency_penalty": 0.2, "repetition_penalty": 1.1, "max_tokens": 77, "seed": 5,
                "stop": ["END", "STOP"], "thinking": {"type": "disabled"}, "response_format": {"type": "json_object"}, "reasoning_effort": "high", "stream": True,
                "stream_options": {"include_usage": True}, "return_progress": True, "model": "fathom-7m"}
    for name, value in expected.items():
        assert body.get(name) == value, f"{name}: expected {value}, found {body.get(name)}"
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert body["tools"][0]["function"]["name"] == "get_weather"
    assert page.find(".prose .code-label").text == "JSON", "an answer that was asked for as JSON shows as code"


def calls_tools(page):
    page.ask("What is the weather in Oslo and Lima?")
    boxes = page.all(".tool-result")
    assert len(boxes) == 2 and page.all(".tool-card .code-key"), "two cards with pretty arguments"
    boxes[0].send_keys('{"celsius": 4}')
    page.click(".tool-actions .primary")
    assert page.js("return document.activeElement === document.querySelectorAll('.tool-result')[1]"), "an empty box takes the focus"
    page.picture("tools")
    boxes[1].send_keys("19 degrees", Keys.CONTROL, Keys.ENTER)
    page.wait("return document.querySelectorAll('.answer').length === 2", "the next answer")
    page.done()
    assert "19 degrees" in page.answer()
    with urllib.request.urlopen(page.url + "/mock/requests") as reply:
        sent = json.load(reply)[-1]["messages"]
    assert [m["role"] for m in sent] == ["user", "assistant", "tool", "tool"]
    assert sent[1]["reasoning_content"] and sent[2]["tool_call_id"] == "call_a"
    assert not page.all(".tool-result"), "what was sent is shown, not asked for"
    page.js("document.querySelector('.tool-actions .button').click()")
    page.all(".tool-result")[1].send_keys(" and dry", Keys.CONTROL, Keys.ENTER)
    page.wait("return [...document.querySelectorAll('.answer')].at(-1).innerText.includes('and dry')", "an answer to other results")


def shows_errors(page):
    page.ask("error 400")
    assert page.find(".answer-error-words").text.startswith('temperature: expected a number from 0 to 5, found "<b>hot</b>".'), "the server's words"
    page.ask("error 429")
    assert "try again in 2 s" in page.last(".answer-error-words").text
    page.ask("error stream")
    assert "ran out of pages" in page.last(".answer-error-words").text and page.answer(), "what had come stays"
    page.ask("connection lost")
    assert "connection" in page.last(".answer-error-words").text.lower()
    page.picture("errors")
    count = len(page.all(".message"))
    page.js("[...document.querySelectorAll('.answer-error .button')].at(-1).click()")
    page.wait("return document.querySelector('[aria-busy=true]') !== null || document.querySelectorAll('.branches').length", "the retry")
    page.done()
    assert len(page.all(".message")) == count


def waits_for_the_server(page):
    page.ask("queue", wait=False)
    page.wait("return document.querySelector('.status-text')?.innerText.startsWith('In the queue')", "the queue's notice")
    page.done()
    page.ask("progress", wait=False)
    page.wait("return /Reading the prompt: [\\d,]+ of 1,480 tokens, 256/.test([...document.querySelectorAll('.status-text')].at(-1)?.innerText)", "the prompt's progress")
    page.picture("progress")
    page.done()
    page.ask("cut short")
    assert "token limit" in page.last(".numbers").text
    page.ask("nothing")
    assert "limit was reached before" in page.last(".status").text


def comes_back(page):
    urllib.request.urlopen(page.url + "/mock/down?seconds=2.5")
    page.ask("say: hello")
    assert page.find("#banner").is_displayed(), "a banner says that the server is gone"
    assert "can't be reached" in page.find(".answer-error-words").text
    page.picture("unreachable")
    page.wait("return document.querySelector('#banner').hidden", "the server to be back")
    page.click(".answer-error .button")
    page.done()
    assert page.answer() == "hello" and not page.all(".branches"), "the retry takes the failed answer's place"


def shows_what_was_sent(page):
    page.ask("say: x")
    page.click(".answer [aria-label='Request and response']")
    page.wait("return document.querySelector('.inspect-panel')?.innerText.includes('<｜User｜>say: x')", "the prompt")
    page.picture("prompt")
    page.keys(Keys.TAB)
    for name, word in [("Request", '"stream": true'), ("Response", '"finish_reason": "stop"')]:
        page.js("[...document.querySelectorAll('[role=tab]')].find(t => t.textContent === arguments[0]).click()", name)
        page.wait("return document.querySelector('.inspect-panel').innerText.includes(arguments[0])", name, word)
    page.keys(Keys.ESCAPE)
    assert not page.all("dialog")
    page.type("in the box")
    page.click("[aria-label='Prompt and request']")
    page.wait("return document.querySelector('.inspect-panel')?.innerText.includes('<｜User｜>in the box')", "the next prompt")
    page.keys(Keys.ESCAPE)
    page.find("#composer-box").clear()


def themes(page):
    background = "return getComputedStyle(document.body).backgroundColor"
    light = page.js(background)
    page.js("document.querySelector('.theme [value=dark]').click()")
    dark = page.js(background)
    assert light != dark
    page.driver.refresh()
    page.wait("return !!document.querySelector('.new-chat')", "the page")
    assert page.js(background) == dark, "the choice lasts"
    page.js("document.querySelector('.theme [value=system]').click()")
    assert page.js(background) == light


def exports_and_imports(page):
    page.ask("say: export me")
    page.js("document.querySelector('.menu').open = true")
    page.js("[...document.querySelectorAll('.menu-item')].find(b => b.textContent === 'Export all').click()")
    end = time.monotonic() + 10
    while not (files := list(page.downloads.glob("*.json"))) and time.monotonic() < end:
        time.sleep(0.1)
    exported = json.loads(files[0].read_text())
    assert exported["format"] == "fathom-conversations" and exported["conversations"]
    before = page.js("return document.querySelectorAll('.conversation').length")
    page.find("#import-file").send_keys(str(files[0]))
    page.wait("return document.querySelectorAll('.conversation').length === arguments[0]", "twice as many", before + len(exported["conversations"]))


def refuses_bad_files(page):
    bad = page.downloads / "bad.txt"
    bad.write_text('{"format": "fathom-conversations", "version": 1, "conversations": [{"nodes": [{"id": "a", "parent": "a", "role": "user", "content": "x"}]}]}')
    page.find("#import-file").send_keys(str(bad))
    page.wait("return [...document.querySelectorAll('.toast.error')].some(t => t.innerText.includes('no message before it'))", "the toast")
    page.js("document.querySelectorAll('.toast .icon-button').forEach(b => b.click())")
    hostile = page.downloads / "hostile.json"
    hostile.write_text(json.dumps({"format": "fathom-conversations", "version": 1, "conversations": [{
        "id": "<svg onload=window.hacked=41>", "title": HOSTILE_TITLE, "settings": {"system": HOSTILE_TITLE, "tools": "<script>window.hacked=42</script>"},
        "nodes": [{"id": "1", "parent": None, "role": "user", "content": HOSTILE_TITLE, "innerHTML": HOSTILE_TITLE},
                  {"id": "2", "parent": "1", "role": "assistant", "content": f"[x](javascript:window.hacked=43) {HOSTILE_TITLE}", "reasoning": HOSTILE_TITLE, "finish": HOSTILE_TITLE,
                   "error": {"message": HOSTILE_TITLE}, "toolCalls": [{"id": HOSTILE_TITLE, "name": HOSTILE_TITLE, "arguments": HOSTILE_TITLE}]}]}]}))
    page.find("#import-file").send_keys(str(hostile))
    page.wait("return document.querySelector('.bubble')?.innerText.startsWith('<img')", "the imported conversation as text")
    page.js("document.querySelector('[aria-controls=settings]').click()")
    time.sleep(0.3)
    page.js("document.querySelector('[aria-controls=settings]').click()")
    harmless(page)


def harmless(page):
    assert page.js("return window.hacked") is None, f"script {page.js('return window.hacked')} ran"
    assert page.js("return [...document.querySelectorAll('.message a')].every(a => /^(https?|mailto):/.test(a.href) && a.rel.includes('noopener'))"), "links lead to http, https or mailto"
    assert page.js("return document.querySelectorAll('.message :is(img, script, iframe, object, embed, link, style, base, meta, video, audio, source, .prose form, .prose button:not(.code-copy))').length") == 0
    assert page.js("return [...document.querySelectorAll('.message *')].every(e => [...e.attributes].every(a => !a.name.startsWith('on')))"), "no handlers"
    assert page.js("return [...document.querySelectorAll('.message svg')].every(e => e.classList.contains('icon'))"), "no drawings but ours"


def stays_harmless(page):
    page.ask("hostile")
    assert "The end." in page.answer(), "the whole answer is shown"
    page.click(".reasoning summary")
    # What a person may press: every link-like word, with the page staying where it is.
    for link in page.all(".prose .dead-link"):
        page.js("arguments[0].click()", link)
    page.js("document.querySelectorAll('.prose *').forEach(e => e.dispatchEvent(new MouseEvent('mouseover', {bubbles: true})))")
    harmless(page)
    page.ask("bad call")
    harmless(page)
    page.ask(HOSTILE_TITLE)
    harmless(page)
    time.sleep(0.3)
    assert page.js("return location.pathname") == "/"


def renames_searches_deletes(page):
    page.ask("say: needle in the hay")
    page.js("document.querySelector('.conversation [aria-label^=Rename]').click()")
    page.find(".rename").send_keys(Keys.CONTROL + "a")
    page.find(".rename").send_keys("Renamed by hand", Keys.ENTER)
    page.wait("return document.querySelector('.conversation-open')?.innerText === 'Renamed by hand'", "the new title")
    page.find(".search").send_keys("needle hay")
    page.wait("return document.querySelectorAll('.conversation').length === 1", "one found")
    page.find(".search").send_keys("zzz")
    page.wait("return document.querySelectorAll('.conversation').length === 0", "none found")
    page.js("const s = document.querySelector('.search'); s.value = ''; s.dispatchEvent(new Event('input'))")
    page.wait("return document.querySelectorAll('.conversation').length > 1", "all again")
    before = len(page.all(".conversation"))
    page.js("document.querySelector('.conversation [aria-label^=Delete]').click()")
    page.click("dialog .button:not(.danger)")
    assert len(page.all(".conversation")) == before, "cancelling keeps it"
    page.js("document.querySelector('.conversation [aria-label^=Delete]').click()")
    page.click("dialog .danger")
    page.wait("return document.querySelectorAll('.conversation').length === arguments[0]", "one less", before - 1)


def follows_other_tabs(page):
    page.ask("say: first tab")
    first = page.driver.current_window_handle
    address = page.driver.current_url
    page.driver.switch_to.new_window("tab")
    page.driver.get(address)
    page.wait("return document.querySelector('.prose')?.innerText === 'first tab'", "the conversation in the second tab")
    page.ask("say: second tab")
    page.driver.close()
    page.driver.switch_to.window(first)
    page.wait("return document.querySelectorAll('.prose').length === 2 && document.querySelectorAll('.prose')[1].innerText === 'second tab'", "the first tab to follow")
    page.ask("say: third")
    assert len(page.all(".message")) == 6, "neither tab lost what the other said"


def deletes_all(page):
    page.js("document.querySelector('.menu').open = true")
    page.js("[...document.querySelectorAll('.menu-item')].find(b => b.textContent === 'Delete all').click()")
    page.picture("delete")
    page.click("dialog .danger")
    page.wait("return document.querySelectorAll('.conversation').length === 0", "an empty list")
    page.driver.refresh()
    page.wait("return !!document.querySelector('.welcome')", "the first view")
    assert not page.all(".conversation"), "gone after a reload as well"


def obeys_keys(page):
    page.ask("say: by key")
    page.ask("think long")
    page.js("document.activeElement.blur()")
    page.keys("t")
    assert page.last(".reasoning").get_attribute("open"), "T unfolds"
    page.keys("r")
    page.done()
    page.js("document.activeElement.blur()")
    page.keys("[")
    assert page.last(".answer .branches-place").text == "1/2"
    page.js("document.activeElement.blur()")
    page.keys("k")
    assert page.js("return document.activeElement.classList.contains('message')")
    page.keys("e")
    assert page.js("return document.activeElement.classList.contains('edit-box')")
    page.keys(Keys.ESCAPE)
    page.keys("?")
    assert page.find("dialog .shortcuts").is_displayed()
    page.picture("help")
    page.keys(Keys.ESCAPE)
    page.keys("/")
    assert page.js("return document.activeElement.id") == "composer-box"
    page.keys("?")
    assert page.find("#composer-box").get_attribute("value") == "?", "a sign is a sign while one types"
    page.find("#composer-box").clear()
    ActionChains(page.driver).key_down(Keys.CONTROL).send_keys("k").key_up(Keys.CONTROL).perform()
    assert page.js("return document.activeElement.classList.contains('search')")
    ActionChains(page.driver).key_down(Keys.CONTROL).send_keys("b").key_up(Keys.CONTROL).perform()
    time.sleep(0.3)
    assert not page.find(".search").is_displayed()
    ActionChains(page.driver).key_down(Keys.CONTROL).send_keys("b").key_up(Keys.CONTROL).perform()
    ActionChains(page.driver).key_down(Keys.CONTROL).key_down(Keys.SHIFT).send_keys("o").key_up(Keys.SHIFT).key_up(Keys.CONTROL).perform()
    page.wait("return !!document.querySelector('.welcome')", "a new conversation by key")
    # Everything is reached by Tab alone, and always with a visible ring.
    page.driver.refresh()
    page.wait("return !!document.querySelector('.welcome')", "the page")
    page.js("document.activeElement.blur()")
    seen = set()
    for _ in range(40):
        page.keys(Keys.TAB)
        name, ring = page.js("const e = document.activeElement; const l = e.closest('.segments label') ?? e.closest('.composer-box') ?? e; const s = getComputedStyle(e), t = getComputedStyle(l);"
                             "return [e.getAttribute('aria-label') ?? e.innerText, s.outlineStyle !== 'none' || t.outlineStyle !== 'none' || l !== e]")
        if name and page.js("return document.activeElement !== document.body"):
            assert ring or name == "", f"{name} shows no focus"
        seen.add((name or "").strip())
    for name in ["New conversation", "Search conversations", "Settings", "Message", "Prompt and request", "Model", "More"]:
        assert name in seen, f"{name} is not reached by Tab: {seen}"


def is_labelled(page):
    page.ask("showcase")
    page.js("document.querySelector('[aria-controls=settings]').click()")
    unnamed = page.js("""
      const name = (e) => (e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.getAttribute('aria-labelledby') || e.innerText || e.title || '').trim();
      return [...document.querySelectorAll('button, input, select, textarea, a, dialog, [role], nav, aside, form, summary')]
        .filter((e) => e.checkVisibility() && !e.closest('[aria-hidden=true]') && !['status', 'alert'].includes(e.getAttribute('role')) && !name(e)).map((e) => e.outerHTML.slice(0, 120))""")
    assert not unnamed, f"without a name: {unnamed}"
    doubles = page.js("const ids = [...document.querySelectorAll('[id]')].map(e => e.id); return ids.filter((id, i) => ids.indexOf(id) !== i)")
    assert not doubles, f"ids twice: {doubles}"
    landmarks = page.js("return ['nav', 'main', 'header', 'aside', 'form'].filter(t => document.querySelectorAll(t).length !== (t === 'header' ? document.querySelectorAll('header').length : 1))")
    assert landmarks == [], landmarks
    assert page.js("return document.querySelectorAll('h1').length") == 1
    announced = page.wait("return document.querySelector('#announcer').textContent", "the announcement")
    assert announced.startswith("Answer: Latent attention"), "the whole answer is said once"
    page.js("document.querySelector('[aria-controls=settings]').click()")


CONTRAST = """
const parse = (c) => { const m = c.match(/[\\d.]+/g).map(Number); return c.startsWith('color(srgb') ? [m[0] * 255, m[1] * 255, m[2] * 255, m[3] ?? 1] : [m[0], m[1], m[2], m[3] ?? 1]; };
const over = (a, b) => a[3] === 1 ? a : [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
const shade = (c) => { const f = c.slice(0, 3).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2]; };
const found = [];
for (const e of document.querySelectorAll('body *')) {
  if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !e.getClientRects().length || !e.checkVisibility({opacityProperty: true, visibilityProperty: true}) || e.closest('.visually-hidden, option, :disabled')) continue;
  let ground = [255, 255, 255, 1]; const chain = [];
  for (let p = e; p; p = p.parentElement) chain.push(parse(getComputedStyle(p).backgroundColor));
  for (const c of chain.reverse()) ground = over(c, ground);
  const ink = over(parse(getComputedStyle(e).color), ground);
  const [a, b] = [shade(ink), shade(ground)].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  const size = parseFloat(getComputedStyle(e).fontSize);
  if (ratio < (size >= 24 ? 3 : 4.5)) found.push(`${e.tagName}.${e.className} "${e.textContent.trim().slice(0, 30)}" ${ratio.toFixed(2)}`);
}
return [...new Set(found)]"""


def has_contrast(page):
    page.ask("showcase")
    page.click(".reasoning summary")
    page.ask("What is the weather?")
    page.ask("error 400")
    page.js("document.querySelector('[aria-controls=settings]').click()")
    for theme in ["light", "dark"]:
        page.js("document.querySelector(`.theme [value=${arguments[0]}]`).click()", theme)
        time.sleep(0.4)
        poor = page.poor_contrast()
        assert not poor, f"{theme}: {poor}"
    page.js("document.querySelector('.theme [value=system]').click(); document.querySelector('[aria-controls=settings]').click()")


def stays_quick(page):
    """A conversation of 600 messages opens and answers without a pause that anyone would feel."""
    nodes, parent = [], None
    for number in range(300):
        for role, content in [("user", f"question {number}"), ("assistant", f"## Answer {number}\n\ntext with **bold** and $x^{number}$\n\n```js\nlet a = {number}\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |")]:
            nodes.append({"id": f"{role}{number}", "parent": parent, "role": role, "content": content})
            parent = f"{role}{number}"
    file = page.downloads / "long.json"
    file.write_text(json.dumps({"format": "fathom-conversations", "version": 1, "conversations": [{"title": "long", "nodes": nodes}]}))
    page.js("""window.longest = 0; new PerformanceObserver((l) => l.getEntries().forEach((e) => window.longest = Math.max(window.longest, e.duration))).observe({entryTypes: ['longtask']})""")
    page.find("#import-file").send_keys(str(file))
    page.wait("return document.querySelectorAll('.message').length === 600", "all messages", seconds=30)
    assert page.js("const s = document.querySelector('#scroller'); return s.scrollHeight - s.scrollTop - s.clientHeight < 40"), "the end is on screen"
    opened = page.js("const t = window.longest; window.longest = 0; return t")
    page.ask("showcase")
    answered = page.js("return window.longest")
    print(f"      600 messages: longest task {opened:.0f} ms opening, {answered:.0f} ms answering (0: none above 50)")
    assert opened < 1500 and answered < 400, f"{opened} {answered}"
    if not page.scripted:
        return
    page.js("window.longest = 0")
    page.ask("flood")
    flooded = page.js("return window.longest")
    assert page.js("return [...document.querySelectorAll('.prose')].at(-1).innerText.length") > 80_000
    print(f"      25,000 tokens at once: longest task {flooded:.0f} ms")
    assert flooded < 1000, flooded


def asks_for_the_key(mock, folder):
    """Against a server with a key: the dialog comes, a wrong key brings it again, the right one lets in."""
    server, url = mock.serve(key="secret")
    page = Page(url)
    page.folder = folder
    try:
        for key in ["wrong", "secret"]:
            page.wait("return !!document.querySelector('dialog #key-box') && !document.querySelector('#key-box').value", "the dialog")
            page.picture("key")
            page.find("#key-box").send_keys(key, Keys.ENTER)
            time.sleep(0.4)
        page.wait("return document.querySelectorAll('.model option').length === 2", "the models")
        assert page.js("return sessionStorage.getItem('fathom.key')") == "secret" and page.js("return localStorage.getItem('fathom.key')") is None
        page.ask("say: in")
        assert page.answer() == "in"
        look(page, "in")
        assert page.all("#tokens .chip"), "the view into the model has the key too"
        page.check_logs(allow=["401"])
    finally:
        page.close()
        server.shutdown()
        mock.State.key = None


ANY_MODEL = [sends_and_streams, regenerates_and_walks, themes, exports_and_imports, refuses_bad_files, renames_searches_deletes, has_contrast, looks_inside, shows_the_apis_numbers, deletes_all]
SCRIPTED = [sends_and_streams, folds_thoughts, stops, regenerates_and_walks, edits_as_a_branch, keeps_over_reload, survives_reload_while_answering, renders, copies, sends_settings,
            calls_tools, shows_errors, waits_for_the_server, comes_back, shows_what_was_sent, themes, exports_and_imports, refuses_bad_files, stays_harmless,
            renames_searches_deletes, follows_other_tabs, obeys_keys, is_labelled, has_contrast, stays_quick, *INSIDE, deletes_all]
# Statuses and broken connections are the browser's own lines in the console; the checks provoke them.
PROVOKED = {"shows_errors": ["429", "400", "ERR_"], "comes_back": ["ERR_"], "stays_harmless": [], "has_contrast": ["400"], "says_what_failed": ["400"], "calls_tools": []}


def pictures(url, folder, question="Please showcase how latent attention saves memory"):
    """Light and dark, wide and phone: empty, and an answer from its beginning."""
    for dark in [False, True]:
        for phone in [False, True]:
            page = Page(url, dark, phone)
            page.folder = folder
            name = f"{'dark' if dark else 'light'}-{'phone' if phone else 'wide'}"
            try:
                page.picture(f"{name}-empty")
                page.put(question)
                page.done()
                if question == APPLES:
                    page.click(".reasoning summary")
                for place, top in [("top", 0), ("middle", 700), ("end", 1e6)]:
                    page.js("document.querySelector('#scroller').scrollTop = arguments[0]", top)
                    page.picture(f"{name}-{place}")
                page.js("document.querySelector('[aria-controls=settings]').click()")
                page.picture(f"{name}-settings")
                page.js("document.querySelector('[aria-controls=settings]').click()")
                if phone:
                    page.js("document.querySelector('[aria-controls=sidebar]').click()")
                    page.picture(f"{name}-list")
            finally:
                page.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", help="a running server")
    parser.add_argument("--program", help="start this program's server, with the built-in model")
    parser.add_argument("--mock", action="store_true", help="start the scripted server")
    parser.add_argument("--screenshots", type=pathlib.Path, help="a folder for pictures")
    parser.add_argument("--only", help="names of checks, with commas; 'pictures', 'inside_pictures' and 'asks_for_the_key' too")
    options = parser.parse_args()
    if [bool(options.url), bool(options.program), options.mock].count(True) != 1:
        parser.error("one of --url, --program and --mock")
    if options.screenshots:
        options.screenshots.mkdir(parents=True, exist_ok=True)
    mock = None
    url = (options.url or "").rstrip("/")
    if options.program:
        server = subprocess.Popen([options.program, "serve", "--port", "0", "--cache-disk", "0"], stdout=subprocess.PIPE, text=True)
        atexit.register(server.terminate)
        url = server.stdout.readline().strip()
    if options.mock:
        sys.path.insert(0, str(pathlib.Path(__file__).parent))
        import mock_server as mock
        _, url = mock.serve()
    wanted = options.only.split(",") if options.only else None
    checks = [check for check in (SCRIPTED if mock else ANY_MODEL) if not wanted or check.__name__ in wanted]
    failures = 0
    page = Page(url) if checks else None
    for check in checks:
        page.folder, page.scripted = options.screenshots, mock is not None
        start = time.monotonic()
        try:
            check(page)
            assert page.js("return window.hacked") is None
            page.check_logs(PROVOKED.get(check.__name__, ()))
            print(f"ok    {check.__name__} ({time.monotonic() - start:.1f} s)", flush=True)
        except Exception:
            failures += 1
            print(f"FAIL  {check.__name__}\n{traceback.format_exc(limit=3)}", flush=True)
            page.picture(f"failed-{check.__name__}")
            page.driver.get_log("browser")
        page.js("document.querySelectorAll('dialog').forEach(d => d.close()); document.querySelectorAll('.toast .icon-button').forEach(b => b.click())")
        page.driver.get(url + "/")
        page.wait("return !!document.querySelector('.welcome .example')", "the first view")
    if page:
        page.close()
    for name, applies, run in [("asks_for_the_key", mock, lambda: asks_for_the_key(mock, options.screenshots)), ("inside_pictures", mock, lambda: inside_pictures(lambda dark, phone: Page(url, dark, phone), options.screenshots)),
                               ("pictures", options.screenshots, lambda: pictures(url, options.screenshots, **({} if mock else {"question": APPLES})))]:
        if not applies or (wanted and name not in wanted):
            continue
        try:
            run()
            print(f"ok    {name}", flush=True)
        except Exception:
            failures += 1
            print(f"FAIL  {name}\n{traceback.format_exc(limit=3)}", flush=True)
    print(f"{failures} failures" if failures else "all checks passed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
