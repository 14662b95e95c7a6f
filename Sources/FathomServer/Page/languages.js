/**
 * How each language writes comments, strings and words.
 *
 * A language is an ordered list of `[kind, pattern]`; at each place the first pattern that matches
 * wins. Patterns are sticky and none nests one repetition in another, so colouring takes time in
 * proportion to the text. Kinds are the class names of code.css.
 */

/** @typedef {[string, RegExp][]} Rules */

const words = (text) => `\\b(?:${text.trim().split(/\s+/).join("|")})\\b`;
const rule = (kind, source, flags = "") => [kind, new RegExp(source, `y${flags}`)];

const slashComments = [rule("comment", "\\/\\/[^\\n]*"), rule("comment", "\\/\\*[^]*?(?:\\*\\/|$)")];
const hashComment = rule("comment", "#[^\\n]*");
const double = rule("string", '"(?:[^"\\\\\\n]|\\\\[^])*"?');
const single = rule("string", "'(?:[^'\\\\\\n]|\\\\[^])*'?");
const number = rule("number", "\\b(?:0[xX][\\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|\\d[\\d_]*(?:\\.\\d[\\d_]*)?(?:[eE][+-]?\\d+)?)[a-zA-Z]{0,4}\\d{0,2}\\b");
const call = rule("function", "\\b[a-zA-Z_]\\w*(?=\\s?\\()");
const typeName = rule("type", "\\b[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*\\b");
const name = rule("plain", "[A-Za-z_$][\\w$]*");

const swift = [
  ...slashComments, rule("string", '"""[^]*?(?:"""|$)'), rule("string", '#+"[^]*?"#+'), double,
  rule("attribute", "[@#][a-zA-Z]\\w*"),
  rule("keyword", words("actor any as async associatedtype await borrowing break case catch class consuming continue convenience default defer deinit didSet do dynamic else enum extension fallthrough false fileprivate final for func get guard if import in indirect infix init inout internal is isolated lazy let mutating nil nonisolated nonmutating open operator override package postfix precedencegroup prefix private protocol public repeat required rethrows return self Self sending set some static struct subscript super switch throw throws true try typealias unowned var weak where while willSet yield")),
  number, call, typeName, rule("type", words("Int UInt URL UTF8")), name];

const python = [
  hashComment, rule("string", '\\b[rRbBfFuU]{0,2}"""[^]*?(?:"""|$)'), rule("string", '"""[^]*?(?:"""|$)'), rule("string", "'''[^]*?(?:'''|$)"),
  rule("string", "\\b[rRbBfFuU]{1,2}(?:\"(?:[^\"\\\\\\n]|\\\\[^])*\"?|'(?:[^'\\\\\\n]|\\\\[^])*'?)"), double, single,
  rule("attribute", "@[a-zA-Z_][\\w.]*"),
  rule("keyword", words("and as assert async await break case class continue def del elif else except False finally for from global if import in is lambda match None nonlocal not or pass raise return True try while with yield")),
  rule("type", words("bool bytes dict float frozenset int list object set str tuple type self cls")), number, call, typeName, name];

const javascript = [
  ...slashComments, rule("string", "`(?:[^`\\\\]|\\\\[^])*`?"), double, single,
  rule("string", "(?<=[=(,:;!&|?{}\\[\\n]\\s{0,8}|return\\s)\\/(?![*\\/\\s])(?:[^\\/\\\\\\n\\[]|\\\\.|\\[(?:[^\\]\\\\\\n]|\\\\.)*\\])+\\/[dgimsuvy]*"),
  rule("keyword", words("abstract any as async await boolean break case catch class const continue debugger declare default delete do else enum export extends false finally for from function get if implements import in instanceof interface keyof let namespace never new null number of private protected public readonly return satisfies set static string super switch this throw true try type typeof undefined unknown var void while with yield")),
  rule("attribute", "@[a-zA-Z]\\w*"), number, call, typeName, name];

const c = [
  ...slashComments, rule("attribute", "^[ \\t]*#[ \\t]*\\w+(?:[ \\t]*(?:<[^>\\n]*>|\"[^\"\\n]*\"))?", "m"), rule("string", "(?:u8|[LuUR])?\"(?:[^\"\\\\\\n]|\\\\[^])*\"?"), single,
  rule("keyword", words("alignas alignof asm auto break case catch class co_await co_return co_yield concept const const_cast consteval constexpr constinit continue decltype default delete do dynamic_cast else enum explicit export extern false final for friend goto if inline mutable namespace new noexcept nullptr NULL operator override private protected public register reinterpret_cast requires restrict return sizeof static static_assert static_cast struct switch template this thread_local throw true try typedef typeid typename union using virtual volatile while")),
  rule("type", words("bool char char8_t char16_t char32_t double float int int8_t int16_t int32_t int64_t long short signed size_t ssize_t uint8_t uint16_t uint32_t uint64_t unsigned void wchar_t uintptr_t string vector map")), number, call, typeName, name];

const rust = [
  ...slashComments, rule("string", 'b?r#+"[^]*?"#+'), double, rule("string", "b?'(?:[^'\\\\\\n]|\\\\[^'\\n]+|\\\\')'"), rule("attribute", "'[a-z_]\\w*|#!?\\[[^\\]\\n]*\\]?"),
  rule("keyword", words("as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub ref return self Self static struct super trait true type union unsafe use where while")),
  rule("type", words("bool char f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 u32 u64 u128 usize")), rule("function", "\\b[a-z_]\\w*!"), number, call, typeName, name];

const go = [
  ...slashComments, rule("string", "`[^`]*`?"), double, single,
  rule("keyword", words("break case chan const continue default defer else fallthrough false for func go goto if import interface iota map nil package range return select struct switch true type var")),
  rule("type", words("any bool byte complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string uint uint8 uint16 uint32 uint64 uintptr")), number, call, typeName, name];

const json = [
  rule("key", '"(?:[^"\\\\\\n]|\\\\.)*"(?=\\s*:)'), double, ...slashComments, rule("keyword", words("true false null")),
  rule("number", "-?\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d+)?")];

const yaml = [
  hashComment, rule("attribute", "^---|^\\.\\.\\.|[&*][\\w-]+|![\\w!]*", "m"), rule("key", "[\\w.\\/-]{1,80}(?: [\\w.\\/-]{1,80}){0,4}(?=\\s?:(?:\\s|$))", "m"), double, single,
  rule("keyword", words("true false null yes no on off")), rule("number", "-?\\b\\d[\\d._]*\\b(?![\\w.-])"), rule("plain", "[\\w.\\/-]+")];

const shell = [
  rule("comment", "(?<=^|\\s)#[^\\n]*", "m"), rule("string", "\"(?:[^\"\\\\]|\\\\[^])*\"?"), rule("string", "'[^']*'?"),
  rule("type", "\\$(?:\\{[^}\\n]*\\}?|[\\w@#?$!*-]+)"),
  rule("keyword", words("if then else elif fi for while until do done case esac in function select return exit break continue local export readonly set unset shift source alias eval exec trap true false")),
  rule("attribute", "(?<=\\s)--?[a-zA-Z][\\w-]*"), rule("function", "(?<=^[ \\t]*(?:\\$ )?|[|;&][ \\t]*|\\bsudo )[a-zA-Z_][\\w.\\/-]*(?![\\w=])", "m"), rule("plain", "[\\w.\\/-]+")];

const sql = [
  rule("comment", "--[^\\n]*"), slashComments[1], rule("string", "'(?:[^']|'')*'?"), rule("type", '"[^"\\n]*"?|`[^`\\n]*`?'),
  rule("keyword", words("add all alter and any as asc begin between by case cast check column commit constraint create cross database default delete desc distinct drop else end exists explain false foreign from full function group having if in index inner insert intersect into is join key lateral left like limit natural not null offset on or order outer over partition primary recursive references replace returning right rollback row rows select set table temporary then transaction true truncate union unique update using values view when where window with"), "i"),
  rule("type", words("bigint bool boolean bytea char date decimal double float int integer interval json jsonb numeric real serial smallint text time timestamp timestamptz uuid varchar"), "i"), number, call, name];

const html = [
  rule("comment", "<!--[^]*?(?:-->|$)"), rule("comment", "<![^>]*>?"), rule("keyword", "<\\/?[a-zA-Z][\\w:-]*"), rule("keyword", "\\/?>"),
  rule("attribute", "[a-zA-Z_:@][\\w:.@-]*(?=\\s?=)"), rule("string", "(?<==\\s?)\"[^\"]*\"?"), rule("string", "(?<==\\s?)'[^']*'?"), rule("number", "&[#\\w]{1,32};"), rule("plain", "\\w+")];

const css = [
  slashComments[1], double, single, rule("attribute", "@[\\w-]+"), rule("type", "--[\\w-]+"), rule("number", "#[\\da-fA-F]{3,8}\\b(?=[\\s;,)])"),
  rule("key", "[a-zA-Z-]+(?=\\s*:\\s?[^:;{}\\n]*[;}\\n])"), rule("number", "-?\\.?\\d[\\d.]*(?:%|[a-z]{1,5})?"), rule("function", "[a-z-]+(?=\\()"), rule("keyword", "[.#][a-zA-Z_][\\w-]*|::?[a-z-]+|![a-z]+"), rule("plain", "[\\w-]+")];

const diff = [
  rule("comment", "^(?:diff|index|---|\\+\\+\\+|new file|deleted file|similarity|rename)[^\\n]*", "m"), rule("attribute", "^@@[^\\n]*", "m"), rule("added", "^\\+[^\\n]*", "m"), rule("removed", "^-[^\\n]*", "m"), rule("plain", "[^\\n]+")];

/** @type {Map<string, {label: string, rules: Rules}>} */
export const languages = new Map();
for (const [label, rules, ...names] of [
  ["Swift", swift, "swift"], ["Python", python, "python", "py", "python3", "pycon"],
  ["JavaScript", javascript, "javascript", "js", "jsx", "mjs", "cjs", "node"], ["TypeScript", javascript, "typescript", "ts", "tsx"],
  ["C", c, "c", "h"], ["C++", c, "cpp", "c++", "cc", "cxx", "hpp"], ["Objective-C", c, "objc", "objective-c"], ["CUDA", c, "cuda", "cu"],
  ["Rust", rust, "rust", "rs"], ["Go", go, "go", "golang"], ["Java", javascript, "java"], ["Kotlin", swift, "kotlin", "kt"], ["C#", javascript, "csharp", "cs"],
  ["JSON", json, "json", "jsonc", "json5", "jsonl"], ["YAML", yaml, "yaml", "yml"], ["TOML", yaml, "toml", "ini"],
  ["Shell", shell, "shell", "sh", "bash", "zsh", "console", "shellsession", "terminal", "fish"], ["Dockerfile", shell, "dockerfile", "docker"], ["Makefile", shell, "make", "makefile"],
  ["SQL", sql, "sql", "postgresql", "sqlite", "mysql"], ["HTML", html, "html", "htm", "vue", "svelte"], ["XML", html, "xml", "svg"], ["CSS", css, "css", "scss", "less"],
  ["Diff", diff, "diff", "patch"],
]) {
  for (const alias of names) languages.set(alias, { label, rules });
}
