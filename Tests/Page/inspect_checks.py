"""What the view into the model has to do, driven in a browser: see browser.py."""
import base64
import json
import time
import urllib.parse
import urllib.request

from selenium.webdriver.common.keys import Keys

FOX = "The quick white fox jumps over the lazy"
STAGES = ["tokens", "attention", "cache", "experts", "lens", "sampler", "drafting"]
HOSTILE = '<img src=x onerror="window.hacked=50"> </p><script>window.hacked=51</script> [x](javascript:window.hacked=52) \u202e"\'`'


def look(page, prompt, wait=True, **fields):
    """Opens the view with a prompt in the address, as a shared link does."""
    page.driver.get("about:blank")
    page.driver.get(f"{page.url}/page/inspect.html#{urllib.parse.urlencode({'prompt': prompt} | fields)}")
    page.wait("return document.body.classList.contains('looked')", "the look to begin")
    if wait:
        looked(page)


def looked(page):
    page.wait("return document.body.classList.contains('looked') && !document.querySelector('.look-go.stop')", "the look to end", seconds=120)
    time.sleep(0.1)


def states(page):
    return page.js("return Object.fromEntries([...document.querySelectorAll('.map-stage')].map((e) => [e.querySelector('a').hash.slice(1), e.dataset.state]))")


def said(page, stage):
    return page.js("return document.querySelector(`#${arguments[0]} .waiting:not([hidden])`)?.innerText", stage)


def shares(page, selector):
    return page.js("return [...document.querySelectorAll(arguments[0])].map((e) => parseFloat(e.textContent.replace(/[<>]/, '')))", selector)


def looks_inside(page):
    """Any model: from the chat to the view, one look, every section, and back."""
    with urllib.request.urlopen(page.url + "/props") as reply:
        if not json.load(reply).get("inspect"):
            return print("      this server has no view into the model")
    page.wait("return document.querySelector('.text-link[href=\"/page/inspect.html\"]')?.checkVisibility()", "the link in the header")
    page.find(".text-link").click()
    page.wait("return document.querySelector('#look-prompt')?.value && document.querySelector('#examples .example')", "the view")
    assert page.find("#look-prompt").get_attribute("value") == FOX
    assert set(states(page).values()) == {"idle"} and page.js("return document.querySelectorAll('.lead').length") == len(STAGES)
    page.find("#look-prompt").send_keys(Keys.ENTER)
    looked(page)
    assert not page.find("#trouble").is_displayed(), page.find("#trouble").text
    found = states(page)
    assert set(found) == set(STAGES) and set(found.values()) <= {"here", "none"}, found
    for stage in STAGES:
        assert page.js("return document.querySelector(`#${arguments[0]} .figure`).checkVisibility()", stage) != (found[stage] == "none"), stage
    total = sum(shares(page, "#attention .keys td.share"))
    assert abs(total - 100) < 0.5 * len(page.all("#attention .keys td.share")), f"the shares of a query add up to {total}%"
    assert "softmax of the scores gives these shares." in page.find("#attention .keys").text, page.find("#attention .keys").text[-200:]
    assert page.js("return document.querySelector('#attention canvas[role=img]').width") > 50
    assert urllib.parse.parse_qs(page.js("return location.hash.slice(1)"))["prompt"] == [FOX]
    written = page.js("return [...document.querySelectorAll('.story-token')].map((e) => e.textContent)")
    assert 0 < len(written) <= 8, written
    page.find(".back").click()
    page.wait("return !!document.querySelector('.welcome .example')", "the chat")


# The figures of a list, as the page writes them: scores are kept as float32, the rest as it came.
WRITTEN = "return import('/page/inspectScales.js').then((scales) => arguments[0].map((number) => scales[arguments[1]](arguments[2] ? Math.fround(number) : number)))"


def shows_the_apis_numbers(page):
    """Any model: what the page shows is what `POST /inspect` says for the same prompt, number by number."""
    body = {"prompt": FOX, "max_tokens": 8, "temperature": 0.8, "top_k": 20, "top_p": 0.95, "seed": 1}
    request = urllib.request.Request(page.url + "/inspect", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as reply:
        frames = [json.loads(line) for line in reply]
    of = lambda kind: [frame for frame in frames if frame["kind"] == kind]
    look(page, FOX)
    texts = lambda selector: page.js("return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)", selector)

    def shown(what, selector, numbers, form="percent"):
        written = page.js(WRITTEN, numbers, form, selector.startswith(("#attention", "#experts")))
        assert texts(selector) == written and numbers, f"{what}: the page shows {texts(selector)}, the API says {written}"

    assert texts(".story-token") == [step["chosen"]["text"] for step in of("step")], "the tokens written"
    assert len(page.all(".chip")) == len(of("tokens")[0]["tokens"])
    attention = of("attention")[0]
    row = "#attention .keys tbody tr"
    latent, rotary, probabilities = (attention[part][0][-1] if attention[part] else None for part in ("latent", "rotary", "probabilities"))
    shown("shares of the last query", f"{row} .share-number", probabilities)
    if latent:
        shown("latent scores", f"{row} td:nth-of-type(1)", latent, "decimal")
        shown("rotary scores", f"{row} td:nth-of-type(2)", rotary, "decimal")
        shown("scores", f"{row} td:nth-of-type(3)", [a + b for a, b in zip(latent, rotary)], "decimal")
    firsts = [frame["top"][0] for frame in of("lens")]
    shown("the first choice behind each layer", "#lens tbody tr td:nth-of-type(1) .lens-share", [first["probability"] for first in firsts])
    last = firsts[-1]
    shown("the last layer's first choice", "#lens .finding strong", [last["probability"]])
    step = of("step")[0]
    for place, stage in enumerate(step["stages"], start=1):
        kept = texts(f".stage-card:nth-of-type({place}) .kept-count")[0]
        assert kept.split()[0].replace(",", "") == str(stage["kept"]), (stage["name"], kept)
    shown("the model's first candidates", ".stage-card:nth-of-type(1) .candidate-share", [c["probability"] for c in step["stages"][0]["top"]][:len(page.all(".stage-card:nth-of-type(1) .candidate-share"))])
    cache = of("cache")[0]
    for part in ("bytes", "bytes_per_token", "plain_bytes"):
        assert page.js(WRITTEN, [cache[part]], "bytes")[0] in page.find("#cache .facts").text, (part, page.find("#cache .facts").text)
    if of("routing"):
        chosen = [expert for token in of("routing")[0]["tokens"] for expert in token["experts"]]
        foot = [int(text or 0) for text in texts("#experts .map-foot > span")]
        assert foot == [chosen.count(expert) for expert in range(len(foot))], (foot, chosen)
        token = of("routing")[0]["tokens"][-1]
        rows = [int(text) for text in texts("#experts .keys tbody th")]
        assert set(rows[:len(token["experts"])]) == set(token["experts"]), (rows, token["experts"])
        shown("scores of experts", "#experts .keys td:nth-of-type(1)", [token["scores"][expert] for expert in rows], "decimal")
        if token["scores"] != token["biased"]:
            shown("scores with bias", "#experts .keys td:nth-of-type(2)", [token["biased"][expert] for expert in rows], "decimal")
        weights = dict(zip(token["experts"], token["weights"]))
        shown("weights", "#experts .keys .share-number", [weights[expert] for expert in rows if expert in weights], "decimal")
    if of("draft"):
        assert all(draft["drafted"]["text"].strip() in guess for draft, guess in zip(of("draft"), texts(".guess"))), texts(".guess")
        assert len(page.all(".guess")) == len(of("draft")) and len(page.all(".guess.accepted")) == sum(draft["accepted"] for draft in of("draft"))
    assert page.js("return document.querySelector('#announcer').textContent").startswith(
        f"The look is complete: {of('done')[0]['usage']['prompt_tokens']} tokens read, {of('done')[0]['usage']['completion_tokens']} written"), "what was counted"


def asks_what_was_set(page):
    look(page, "47+35=", wait=True)
    page.js("document.querySelector('.look-numbers').open = true")
    for name, value in [("max_tokens", "3"), ("temperature", "1.5"), ("top_k", ""), ("top_p", "0.5"), ("min_p", "0.1"), ("seed", "9")]:
        box = page.find(f"#look-{name}")
        box.send_keys(Keys.CONTROL + "a")
        box.send_keys(value or Keys.DELETE)
    page.js("[...document.querySelectorAll('#look-form .segments label')].find((l) => l.textContent === 'Chat message').click()")
    page.click(".look-go")
    looked(page)
    with urllib.request.urlopen(page.url + "/mock/requests") as reply:
        sent = json.load(reply)[-1]
    assert sent == {"messages": [{"role": "user", "content": "47+35="}], "max_tokens": 3, "temperature": 1.5, "top_p": 0.5, "min_p": 0.1, "seed": 9}, sent
    page.driver.refresh()
    looked(page)
    with urllib.request.urlopen(page.url + "/mock/requests") as reply:
        assert json.load(reply)[-1] == sent, "the address carries all of it"
    page.js("document.querySelector('.look-numbers').open = true")
    page.find("#look-max_tokens").send_keys("999")
    page.click(".look-go")
    assert "between 0 and 64" in page.find("#look-max_tokens-error").text and page.js("return document.activeElement.id") == "look-max_tokens"


def draws_every_stage(page):
    look(page, FOX, min_p="0.05")
    assert set(states(page).values()) == {"here"}, states(page)
    chips = page.js("return [...document.querySelectorAll('.chip')].map((e) => e.innerText)")
    assert len(chips) == 9 and "20 6c 61 7a 79" in chips[-1] and "special" in page.js("return document.querySelector('.chip.special').textContent"), chips
    assert page.find("#cache .facts").text.split("\n")[:2] == ["for this prompt", "5.6 KiB"], page.find("#cache .facts").text
    assert "80 = 64 of the latent + 16 of the rotary key" in page.find("#cache .kept").text, page.find("#cache .kept").text
    assert len(page.all("#attention .head")) == 4 and len(page.all("#attention .map-row")) == 9
    header = page.find("#attention .keys thead").text
    assert all(word in header for word in ["Latent", "Rotary", "Score", "Share"]), header
    assert "4 of 16 experts" in page.find("#experts .finding").text and len(page.all("#experts .map-foot > span")) == 16
    assert sum(int(e) for e in page.js("return [...document.querySelectorAll('#experts .map-foot > span')].map((e) => e.textContent)")) == 4 * 9, "each token chose four"
    assert "it comes first from layer 1 on" in page.find("#lens .finding").text and len(page.all("#lens tbody tr")) == 5
    assert [e.text for e in page.all(".stage-card h3")] == ["The model", "Temperature", "Top k", "Top p", "Min p"]
    assert page.all(".stage-card:last-child .candidate.drawn") and page.all(".stage-card:last-child .candidate.out")
    assert len(page.all(".guess")) == 4 and len(page.all(".guess.accepted")) == 3 and "the model wrote ·not" in page.find(".guess:not(.accepted)").text
    page.js("document.querySelector('#attention .numbers').open = true; document.querySelector('#experts .numbers').open = true")
    page.wait("return document.querySelectorAll('#attention .numbers tbody td').length === 45 && document.querySelectorAll('#experts .numbers tbody tr').length === 16", "the tables")
    total = sum(shares(page, "#attention .numbers tbody tr:last-child td"))
    assert abs(total - 100) < 3, total


def points_and_chooses(page):
    look(page, FOX)
    heading = "return document.querySelector('#attention .keys h3').innerText"
    assert page.js(heading) == "Query of ·lazy"
    canvas = page.find("#attention canvas[role=img]")
    page.js("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", canvas)
    cell = page.js("return parseFloat(document.querySelector('#attention .map').style.getPropertyValue('--cell'))")
    page.js("""const c = arguments[0], r = c.getBoundingClientRect(), s = arguments[1];
      c.dispatchEvent(new PointerEvent('pointermove', {pointerType: 'mouse', clientX: r.left + 1.5 * s, clientY: r.top + 4.5 * s, bubbles: true}))""", canvas, cell)
    assert page.js(heading) == "Query of ·fox", page.js(heading)
    assert "·fox takes" in page.find("#attention .readout").text and "The" in page.find("#attention .readout").text
    page.js("arguments[0].dispatchEvent(new PointerEvent('pointerleave'))", canvas)
    assert page.js(heading) == "Query of ·lazy", "what was chosen comes back"
    page.js("""const c = arguments[0], r = c.getBoundingClientRect(), s = arguments[1];
      c.dispatchEvent(new MouseEvent('click', {clientX: r.left + 0.5 * s, clientY: r.top + 2.5 * s, bubbles: true}))""", canvas, cell)
    assert page.js(heading) == "Query of ·quick"
    page.js("document.querySelector('#experts [value=biased]').click()")
    assert page.find("#experts .legend-ticks").text
    page.click(".story-token:nth-of-type(4)")
    page.wait("return document.querySelector('#sampler .controls select').selectedOptions[0].text.startsWith('4 of 8')", "the fourth draw")
    assert page.js("return document.activeElement.id") == "sampler"
    page.click("#sampler [aria-label='Token: next']")
    assert page.js("return document.querySelector('#sampler .controls select').selectedOptions[0].text") == "5 of 8: ·did"


def walks_by_keys(page):
    look(page, FOX)
    page.js("document.activeElement.blur(); scrollTo(0, 0)")
    seen, rings = [], []
    for _ in range(70):
        page.keys(Keys.TAB)
        name, ring = page.js("const e = document.activeElement; const l = e.closest('.segments label, .head, .map-row, #look-form') ?? e; const s = getComputedStyle(e), t = getComputedStyle(l);"
                             "return [(e.getAttribute('aria-label') ?? e.labels?.[0]?.innerText ?? e.innerText ?? '').trim(), s.outlineStyle !== 'none' || t.outlineStyle !== 'none' || l.id === 'look-form']")
        if page.js("return document.activeElement === document.body"):
            break
        seen.append(name)
        if not ring:
            rings.append(name)
    assert not rings, f"no visible focus: {rings}"
    for name in ["Skip to the figures", "Chat", "Text to look at", "Look inside", "Layer", "0", "·lazy", "Token", "All shares of this head as a table", "Probabilities after each stage"]:
        assert any(name in one for one in seen), f"{name} is not reached by Tab: {seen}"
    heading = "return document.querySelector('#attention .keys h3').innerText"
    page.js("document.querySelector('#attention .map-row input:checked').focus()")
    page.keys(Keys.ARROW_UP)
    page.wait("return document.querySelector('#attention .keys h3').innerText === 'Query of ·the' && document.activeElement.closest('.map-row')?.textContent === '·the'", "the query above, with the focus")
    habit = page.find("#attention .finding").text
    page.js("document.querySelector('#attention .head input:checked').focus()")
    page.keys(Keys.ARROW_RIGHT)
    assert page.find("#attention .finding").text != habit and "head 1" in page.find("#attention .finding").text
    page.js("document.querySelector('#attention-layer').focus()")
    page.keys(Keys.ARROW_DOWN)
    assert "Layer 1, head 1" in page.find("#attention .finding").text and page.js(heading) == "Query of ·the", "head and query stay chosen over layers"
    page.js("document.querySelector('#attention [aria-label=\"Layer: next\"]').focus()")
    page.keys(Keys.ENTER, Keys.ENTER, Keys.ENTER)
    assert "Layer 3" in page.find("#attention .finding").text and page.js("return document.activeElement.getAttribute('aria-label')") == "Layer: next", "the focus stays at the end"
    address = page.js("return location.href")
    page.js("document.querySelector('a[href=\"#lens\"]').focus()")
    page.keys(Keys.ENTER)
    assert page.js("return document.activeElement.id") == "lens" and page.js("return location.href") == address, "links within leave the address alone"


def looks_into_dense(page):
    look(page, "A dense network")
    assert states(page) == {stage: "none" if stage in ("experts", "drafting") else "here" for stage in STAGES}
    assert said(page, "experts").startswith("This model has no experts") and said(page, "drafting").startswith("This model has no module that drafts")
    assert "no latent attention" in page.find("#attention .keys").text and "no latent attention" in page.find("#cache").text
    assert "Latent" not in page.find("#attention .keys thead").text
    look(page, "A dense network", max_tokens="0")
    assert said(page, "sampler") == "No token was to be written." and not page.all(".story-token")


def comes_bit_by_bit(page):
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]})
    look(page, "slowly does it", wait=False)
    page.wait("return document.querySelector('[data-state=here]')", "the first part")
    assert states(page)["drafting"] == "waiting" and said(page, "drafting") == "On its way…"
    assert page.js("return document.getAnimations().length") == 0, "nothing moves for those who asked for calm"
    page.wait("return document.querySelector('#attention .head')", "attention")
    page.click(".look-go.stop")
    looked(page)
    assert states(page)["drafting"] == "missed" and said(page, "drafting") == "Stopped before this came."
    assert not page.find("#trouble").is_displayed()
    page.find("#look-prompt").send_keys(Keys.ENTER)
    page.wait("return document.querySelector('.look-go.stop')", "the second look")
    page.keys(Keys.ESCAPE)
    looked(page)
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def says_what_failed(page):
    for prompt, words in [("breaks here", "layer 2: the cache has no page left for <b>this</b> request"), ("malformed frames", 'frame "cache", "tokens": expected a whole number from 0, found "many"'),
                          ("cut off", "The connection ended before the look was complete."), ("long " * 200, "prompt: expected at most 128 tokens, found more.")]:
        look(page, prompt)
        assert page.find("#trouble").text == words, page.find("#trouble").text
        assert states(page)["lens"] == "missed"
    look(page, "fine again")
    assert not page.find("#trouble").is_displayed()


def stays_harmless_inside(page):
    look(page, HOSTILE)
    assert states(page)["drafting"] == "here"
    page.js("document.querySelectorAll('details').forEach((d) => d.open = true)")
    page.js("document.querySelectorAll('#main *').forEach((e) => e.dispatchEvent(new MouseEvent('mouseover', {bubbles: true})))")
    time.sleep(0.3)
    assert page.js("return window.hacked") is None
    assert page.js("return document.querySelectorAll('#main :is(img, script, iframe, object, embed, link, style, base, meta)').length") == 0
    assert page.js("return [...document.querySelectorAll('#main *')].every((e) => [...e.attributes].every((a) => !a.name.startsWith('on')))")
    assert "<img src=x onerror=window.hacked=60>" in page.js("return document.querySelector('#sampler').textContent").replace("·", " ")
    assert "⟨202E⟩" in page.find("#tokens").text and "\u202e" not in page.js("return document.querySelector('#stages').textContent").replace(page.js("return document.querySelector('.behind').textContent"), "")
    page.wait("return location.pathname === '/page/inspect.html'", "the same page")


def has_contrast_inside(page):
    look(page, FOX)
    page.js("document.querySelectorAll('details').forEach((d) => d.open = true)")
    pixel = "return document.querySelector('#attention canvas[role=img]').toDataURL()"
    seen = set()
    for theme in ["light", "dark"]:
        page.js("document.querySelector(`.theme [value=${arguments[0]}]`).click()", theme)
        time.sleep(0.4)
        poor = page.poor_contrast()
        assert not poor, f"{theme}: {poor}"
        seen.add(page.js(pixel))
    assert len(seen) == 2, "the map's colours follow the theme"
    page.js("document.querySelector('.theme [value=system]').click()")
    look(page, "breaks here")
    assert not page.poor_contrast()


def is_labelled_inside(page):
    look(page, FOX)
    unnamed = page.js("""
      const name = (e) => (e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.getAttribute('aria-labelledby') || e.querySelector('legend, caption')?.textContent || e.innerText || '').trim();
      return [...document.querySelectorAll('button, input, select, textarea, a, [role], nav, form, summary, section, fieldset, [tabindex="0"]')]
        .filter((e) => e.checkVisibility() && !e.closest('[aria-hidden=true]') && !['status', 'alert'].includes(e.getAttribute('role')) && !name(e)).map((e) => e.outerHTML.slice(0, 120))""")
    assert not unnamed, f"without a name: {unnamed}"
    doubles = page.js("const ids = [...document.querySelectorAll('[id]')].map((e) => e.id); return ids.filter((id, i) => ids.indexOf(id) !== i)")
    assert not doubles, f"ids twice: {doubles}"
    levels = page.js("return [...document.querySelectorAll('h1, h2, h3, h4')].map((e) => Number(e.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1 and all(b - a <= 1 for a, b in zip(levels, levels[1:])), levels
    said_last = page.wait("return document.querySelector('#announcer').textContent", "the announcement")
    assert said_last == "The look is complete: 9 tokens read, 8 written.", said_last


def fits_the_largest(page):
    """64 tokens, 16 heads and 64 experts draw and answer the mouse without a long pause."""
    look(page, "wide " * 63, wait=False)
    page.js("window.longest = 0; new PerformanceObserver((l) => l.getEntries().forEach((e) => window.longest = Math.max(window.longest, e.duration))).observe({entryTypes: ['longtask']})")
    looked(page)
    print(f"      64 tokens, 16 heads, 64 experts: longest task {page.js('return window.longest'):.0f} ms")
    assert page.js("return window.longest") < 1000
    assert len(page.all("#attention .head")) == 16 and page.js("return document.documentElement.scrollWidth <= innerWidth")


INSIDE = [looks_inside, shows_the_apis_numbers, asks_what_was_set, draws_every_stage, points_and_chooses, walks_by_keys, looks_into_dense, comes_bit_by_bit, says_what_failed, stays_harmless_inside, has_contrast_inside,
          is_labelled_inside, fits_the_largest]


def fits_a_phone(page):
    look(page, FOX)
    assert page.js("return document.documentElement.scrollWidth <= innerWidth"), "nothing is wider than the screen"
    assert page.js("return [...document.querySelectorAll('.keys-scroll')].every((e) => e.scrollWidth <= e.clientWidth)"), "the tables beside the maps need no scrolling to the side"
    small = page.js("return [...document.querySelectorAll('button, select, .segments label')].filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 32 && !e.matches('.story-token')).map((e) => e.outerHTML.slice(0, 90))")
    assert not small, f"too small for a finger: {small}"


def whole_picture(page, name):
    """The page from top to bottom, however high it is."""
    width, height = page.js("return [innerWidth, document.documentElement.scrollHeight]")
    picture = page.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}})
    (page.folder / f"{name}.png").write_bytes(base64.b64decode(picture["data"]))


def inside_pictures(open_page, folder):
    """Light, dark and phone, and that a phone has room; `open_page(dark, phone)` opens a browser."""
    for name, dark, phone in [("light", False, False), ("dark", True, False), ("phone", False, True)]:
        page = open_page(dark, phone)
        page.folder = folder
        try:
            if phone:
                fits_a_phone(page)
            else:
                look(page, FOX)
            if folder:
                time.sleep(0.6)
                whole_picture(page, f"inspect-{name}")
        finally:
            page.close()
