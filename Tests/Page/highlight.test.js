import assert from "node:assert/strict";
import test from "node:test";
import { highlight, languageLabel } from "../../Sources/FathomServer/Page/highlight.js";
import { languages } from "../../Sources/FathomServer/Page/languages.js";

const kinds = (text, language) => highlight(text, language).filter(({ kind }) => kind !== "plain").map(({ kind, text: part }) => `${kind}:${part}`);

test("comments, strings, words and numbers are told apart", () => {
  assert.deepEqual(kinds('let a = "x // y" // z', "swift"), ["keyword:let", 'string:"x // y"', "comment:// z"]);
  assert.deepEqual(kinds("def f(x):\n  return 0x1F # it's", "python"), ["keyword:def", "function:f", "keyword:return", "number:0x1F", "comment:# it's"]);
  assert.deepEqual(kinds("const r = /a\\/[/]b/g; a / b", "js"), ["keyword:const", "string:/a\\/[/]b/g"]);
  assert.deepEqual(kinds("fn f<'a>(c: char) { 'x' }", "rust"), ["keyword:fn", "attribute:'a", "type:char", "string:'x'"]);
  assert.deepEqual(kinds('{"a": "b", "c": null}', "json"), ['key:"a"', 'string:"b"', 'key:"c"', "keyword:null"]);
  assert.deepEqual(kinds("SELECT a FROM t -- c", "sql"), ["keyword:SELECT", "keyword:FROM", "comment:-- c"]);
  assert.deepEqual(kinds("-a\n+b\n@@ x @@\n c", "diff"), ["removed:-a", "added:+b", "attribute:@@ x @@"]);
  assert.deepEqual(kinds("key: value # c", "yaml"), ["key:key", "comment:# c"]);
  assert.deepEqual(kinds('echo "$HOME" --long # c', "bash"), ["function:echo", 'string:"$HOME"', "attribute:--long", "comment:# c"]);
  assert.deepEqual(kinds('<a href="x">b</a>', "html"), ["keyword:<a", "attribute:href", 'string:"x"', "keyword:>", "keyword:</a>"]);
  assert.deepEqual(kinds("#include <stdio.h>\nint x;", "c"), ["attribute:#include <stdio.h>", "type:int"]);
  assert.deepEqual(kinds("func main() { defer f() }", "go"), ["keyword:func", "function:main", "keyword:defer", "function:f"]);
  assert.deepEqual(kinds(".a { color: red; }", "css"), ["keyword:.a", "key:color"]);
});

test("no character is lost or added, in any language, of any text", () => {
  let seed = 5;
  const random = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
  const parts = ['"', "'", "`", "/*", "*/", "//", "#", "\n", "\\", "a", "1", "<", ">", "=", "${", "}", '"""', "--", " ", "é", "😀", ":", "@x", "(", "!"];
  for (const language of languages.keys()) {
    for (let round = 0; round < 60; round += 1) {
      const text = Array.from({ length: 40 }, () => parts[random(parts.length)]).join("");
      assert.equal(highlight(text, language).map((piece) => piece.text).join(""), text, `${language}: ${text}`);
    }
  }
});

test("unknown languages stay plain and keep their name", () => {
  assert.deepEqual(highlight("a b", "klingon"), [{ kind: "plain", text: "a b" }]);
  assert.equal(languageLabel("klingon"), "klingon");
  assert.equal(languageLabel("PY"), "Python");
  assert.deepEqual(highlight("x", "__proto__"), [{ kind: "plain", text: "x" }]);
});

test("repetitions take time in proportion", () => {
  for (const language of new Set(languages.keys())) {
    for (const part of ['"', "/*", "a ", "`", "'", "<", "/", "\\", "- a:", "<!--", '#"', '"""', "$", "0", "a(", " ", "{"]) {
      const start = performance.now();
      highlight(part.repeat(5000), language);
      const took = performance.now() - start;
      assert.ok(took < 700, `${language} ${part} took ${took} ms`);
    }
  }
});
