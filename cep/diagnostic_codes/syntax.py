"""1xx: what a person has written that is not the rule language. Core layer."""

from __future__ import annotations

from cep.diagnostic_codes.code import Code

# 1xx: syntax. Found while a file is read; the declaration is left out, the others are read and checked.
SYNTAX = (
    Code(
        "CEP100",
        "something stands where it cannot stand",
        "The text is no sentence of the language. The message names what was found and what it follows, the hint what "
        "could stand there.",
    ),
    Code(
        "CEP101",
        "unknown character",
        "The character is no part of the language outside texts and comments. Typographic quotes come from word "
        "processors and chat programs: texts stand in straight quotes. A comment begins with `#`.",
    ),
    Code(
        "CEP102",
        "text is not closed",
        "A text in quotes, a name in backticks and a regular expression end in the line in which they begin. Inside a "
        'text `\\"` stands for the quote and `\\n` for a line break.',
    ),
    Code(
        "CEP103",
        "bracket is not closed",
        "A parenthesis, bracket or brace was opened and the declaration, or its next clause, came before the one that "
        "closes it. The place shown is that of the opening one.",
    ),
    Code(
        "CEP104",
        "bracket does not fit",
        "A closing parenthesis, bracket or brace closes nothing, or another kind than the one that is open.",
    ),
    Code(
        "CEP105",
        "text ends too early",
        "The declaration ends where more must come, for instance after `when`, `then` or an operator. A line that "
        "begins with `event`, `define`, `let`, `table`, `rule` or `test` begins a new declaration.",
    ),
    Code(
        "CEP106",
        "unknown declaration",
        "A rule file holds `event`, `define`, `let`, `table`, `rule` and `test`. The word that stands where one of "
        "them begins is none of them.",
    ),
    Code(
        "CEP107",
        "unknown word",
        "The word is no clause or keyword of the language, but nearly one. Keywords are written in small letters. A "
        "name that looks like a misspelt keyword stands in backticks.",
    ),
    Code(
        "CEP108",
        "written twice",
        "A clause, a field, a key or a parameter stands twice where one is allowed. Conditions are joined by `and`; "
        "only `meta` may stand several times.",
    ),
    Code(
        "CEP109",
        "clause of the other kind of rule",
        "A rule over a pattern has `when PATTERN`, and with it `within`, `after match`, `on timeout` and `limit`. A "
        "rule over windows begins with `from` and has `over`.",
    ),
    Code(
        "CEP110",
        "name is missing",
        'Every declaration has a name: `rule brute_force`, `event Login`, and a test a text: `test "what it shows"`.',
    ),
    Code(
        "CEP111",
        "rule looks for nothing",
        "A rule has either `when` with a pattern, or `from` with the events that it reads, perhaps with `over` and "
        "`when`.",
    ),
    Code(
        "CEP112",
        "`=` and `==` mixed up",
        "`==` compares, in every condition. A single `=` gives a value to a name: in `let`, in `emit`, in the "
        "arguments of a definition and in the data of tests.",
    ),
    Code(
        "CEP113",
        "written as in another language",
        "The sign or word belongs to another language and has a counterpart here, which the hint gives: `and`, `or`, "
        "`not`, `!=`, `then`, `no`, `at least 4`.",
    ),
    Code(
        "CEP115",
        "unit of time is missing",
        "A duration has a unit: `5 minutes`, `5m`, `1h30m`, `250ms`, `an hour`. A bare number is none, since nobody "
        "can tell whether seconds or minutes are meant.",
    ),
    Code(
        "CEP116",
        "duration cannot be held",
        "Durations are whole microseconds of 64 bits: from one microsecond to about 292,000 years.",
    ),
    Code(
        "CEP117",
        "number cannot be held",
        "Whole numbers have 64 bits, others are finite 64-bit floats. A number begins with a digit and ends before "
        "the first letter, save for a unit of time. Longer identifiers belong into texts.",
    ),
    Code(
        "CEP118",
        "reserved word as a name",
        "A few words are keywords wherever they stand. As the name of a field, an event or a step such a word stands "
        "in backticks: `` `not` ``.",
    ),
    Code(
        "CEP119",
        "phrase holds a reserved word",
        "The words of a definition may hold none of the words that end a pattern, nor begin with a number or a word "
        "that begins one, because its uses could not be told from other patterns. Join the words by `_`, or write the "
        "word in backticks.",
    ),
    Code(
        "CEP120",
        "`and` and `or` without parentheses",
        "In a pattern `and` mixed with `or` can be read in two ways. Parentheses say which is meant. In conditions "
        "`and` binds tighter than `or`.",
    ),
    Code(
        "CEP121",
        "form of `emit`",
        "`emit` is followed by the name of the derived event and, in parentheses, its fields: `emit Alert(user, n = "
        "count())`. `emit Alert(*)` copies the fields of the last event.",
    ),
    Code(
        "CEP122",
        "value of another form",
        "`severity` takes a bare word, `tags` a list of texts in brackets.",
    ),
    Code(
        "CEP123",
        "unknown escape",
        "In a text a backslash is followed by one of `n t r b f 0`, a quote, a slash, a backslash, `xHH`, `uHHHH` or "
        "`u{HHHHHH}`. A backslash itself is written twice. Regular expressions between slashes need no doubling.",
    ),
    Code(
        "CEP124",
        "comparisons in a chain",
        "`1 < x < 5` compares a truth value with 5 in some languages and means a range in others. Write `x between 1 "
        "and 5`, which includes both ends, or two comparisons joined by `and`.",
    ),
    Code(
        "CEP125",
        "nested too deep",
        "Parentheses, lists and the like are nested at most 64 levels deep, and at most 200 operators follow each "
        "other. Long lists of alternatives belong into `in [...]` or into a table.",
    ),
    Code(
        "CEP126",
        "file or declaration is too long",
        "A declaration has at most 64 KiB, a YAML file 256 KiB, any rule file 4 MiB. Data belongs into tables.",
    ),
    Code(
        "CEP127",
        "clauses in an order that cannot be read",
        "`when` holds a condition only after a `from`, else a pattern; so `from` stands before `over` and `when`. "
        "After a pattern's `within` no further step can follow: a bound on a part stands inside its parentheses.",
    ),
    Code(
        "CEP128",
        "comma is missing",
        "Fields, arguments, list items and keys are separated by commas.",
    ),
    Code(
        "CEP129",
        "count has no meaning",
        "A count is at least 1, and a range ends at or above its start: `2 to 5 A`.",
    ),
    Code(
        "CEP130",
        "nested data outside a test",
        "Braces with named values stand only in the data of tests, where nested events have to be written. Rules read "
        "nested data with `a.b` and emit single fields.",
    ),
    Code(
        "CEP131",
        "part of a declaration is missing",
        '`define WORDS as EVENT`, `table NAME from "PATH" key FIELD`, `event NAME { FIELD: TYPE }`, `test "NAME" given '
        "… expect …`: one of the parts is not there, or a row of a test has no time.",
    ),
    Code(
        "CEP140",
        "no YAML",
        "The file cannot be read as YAML. Values that hold `: ` or ` #`, or begin with a bracket, a brace, a quote or "
        "another sign of YAML, stand in quotes; indentation is made of blanks.",
    ),
    Code(
        "CEP141",
        "references in YAML",
        "Anchors, aliases and further documents are not read in rule files: each value is written where it belongs. "
        "What rules share stands in `define` and `let`.",
    ),
    Code(
        "CEP142",
        "tags in YAML",
        "Tags such as `!!str` are not read in rule files. Quotes make a text of any value.",
    ),
    Code(
        "CEP143",
        "merge keys in YAML",
        "The key `<<` is not read in rule files. What rules share stands in `define` and `let`.",
    ),
    Code(
        "CEP144",
        "key stands twice",
        "A mapping has each key once. Most YAML readers keep the last of several without a word, which hides rules.",
    ),
    Code(
        "CEP145",
        "unknown key",
        "The key is none that this place knows. They are the clauses of the language with `_` for the blank: "
        "`after_match`, `on_timeout`, `at_most`.",
    ),
    Code(
        "CEP146",
        "value of the wrong shape",
        "A list, a mapping or a single value stands where another of them is wanted.",
    ),
    Code(
        "CEP147",
        "key is missing",
        "A table has `from` and `key`, a test `name` and `expect`, a row of a test a time.",
    ),
)
