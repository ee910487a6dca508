"""Hypothesis strategies for syntax trees: every tree that the parser can make, and no other.

``files()`` gives whole files; ``expressions()``, ``patterns()``, ``rules()`` and the rest their parts. Names are drawn from the
words of the language as often as from others, so that the printer's backticks are tested where they matter. Nothing here is
checked: names need not be declared and types need not fit.
"""

from __future__ import annotations

import string
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cep.language import syntax
from cep.language.words import words_of
from cep.types import INT64_MAX, INT64_MIN

KEYWORDS = words_of(
    """event define let table rule test time id in as from key when where within per having after match skip past last next
    first emit on timeout to at most least limit severity tags meta disabled then immediately between and or more not no for
    expect until every up some any number of all optional exactly consecutive left join lookup over events partial session
    each since while true given nothing if else like matches is null missing crosses above below false one two three five
    twelve hundred second minute hour day week month minutes a an s m h d w count sum start end type prev this window x
    user followed by without"""
)
PLAIN = words_of("user amount ip Login order_placed Überweisung @timestamp _x B2 naïve")
ODD = ("source.ip", "a b", "2fast", "my-field", "é!", "failed login", '"', "#", "a\tb")

plain_names = st.sampled_from(PLAIN)
names = st.sampled_from(PLAIN) | st.sampled_from(KEYWORDS) | st.sampled_from(ODD)
words = st.lists(names, min_size=1, max_size=4).map(tuple)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
durations_us = (
    st.sampled_from([0, 1, 1_000, 250_000, 500_000, 10**6, 6 * 10**7, 5_400_000_000, 86_400_000_000, 604_800_000_000])
    | st.integers(0, 10**15)
    | st.integers(0, INT64_MAX)
)
counts = st.sampled_from([1, 2, 3, 5, 12, 13, 20, 100]) | st.integers(1, 10**6)
durations_only = st.builds(syntax.Literal, durations_us, st.just("duration"))


def _tuples(items: SearchStrategy[Any], least: int = 0, most: int = 3) -> SearchStrategy[Any]:
    return st.lists(items, min_size=least, max_size=most).map(tuple)


def maybe(items: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """The strategy's value, or null."""
    return st.none() | items


# ---- expressions ----


def literals() -> SearchStrategy[syntax.Literal]:
    finite = st.floats(allow_nan=False, allow_infinity=False)
    signed_durations = durations_us | durations_us.map(lambda us: -us)
    return st.one_of(
        st.builds(syntax.Literal, texts, st.just("string")),
        st.builds(syntax.Literal, st.integers(INT64_MIN, INT64_MAX) | st.integers(-9, 9), st.just("int")),
        st.builds(syntax.Literal, finite, st.just("float")),
        st.builds(syntax.Literal, st.booleans(), st.just("bool")),
        st.just(syntax.Literal(None, "null")),
        st.builds(syntax.Literal, signed_durations, st.just("duration")),
    )


_regex_parts = st.sampled_from(["a", ".", "*", "[0-9]", "\\d", "\\\\", "/", "(b|c)", " ", "#", "^", '"', "é", "{2}"])
regexes = st.builds(
    syntax.Regex,
    st.lists(_regex_parts, min_size=1, max_size=6).map("".join),
    st.text(string.ascii_lowercase, max_size=2),
)

_BINARY = (
    "+ - * / % ** == != < <= > >= and or ?? in|not in|like|not like|matches|not matches|crosses above|crosses below"
)
BINARY_OPERATORS = tuple(
    part for chunk in _BINARY.split("|") for part in (chunk.split() if chunk.startswith("+") else [chunk])
)


def _negation(operand: Any) -> Any:
    """What the parser makes of a minus: it is folded into a number that is not negative."""
    if isinstance(operand, syntax.Literal) and operand.kind in ("int", "float", "duration") and operand.value >= 0:
        return syntax.Literal(-operand.value, operand.kind)
    return syntax.Unary("-", operand)


def _larger(inner: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.one_of(
        st.builds(syntax.Binary, st.sampled_from(BINARY_OPERATORS), inner, inner),
        st.builds(syntax.Unary, st.just("not"), inner),
        inner.map(_negation),
        st.builds(syntax.Between, inner, inner, inner, st.booleans()),
        st.builds(syntax.IsNull, inner, st.booleans(), st.booleans()),
        st.builds(syntax.Conditional, inner, inner, inner),
        st.builds(syntax.Member, inner, names),
        st.builds(syntax.Index, inner, inner),
        st.builds(syntax.ListOf, _tuples(inner)),
        st.builds(syntax.Call, names, _tuples(_arguments(inner))),
    )


def _simple_arguments(inner: SearchStrategy[Any]) -> SearchStrategy[syntax.Argument]:
    return st.one_of(
        st.builds(syntax.Argument, inner),
        st.builds(syntax.Argument, inner, names),
        st.builds(syntax.Argument, st.builds(syntax.Lambda, names, inner)),
    )


def _arguments(inner: SearchStrategy[Any]) -> SearchStrategy[syntax.Argument]:
    limited = st.builds(syntax.Argument, inner, where=maybe(inner), over=maybe(_windows(inner)))
    return _simple_arguments(inner) | limited


def _durations(inner: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.one_of(durations_only, durations_only, st.builds(syntax.Name, names), inner)


def _windows(inner: SearchStrategy[Any]) -> SearchStrategy[syntax.Window]:
    durations = _durations(inner)
    window = syntax.Window
    return st.one_of(
        st.builds(window, st.just("last_time"), durations),
        st.builds(window, st.just("last_count"), maybe(durations), counts, partial=st.booleans()),
        st.builds(window, st.just("tumbling"), durations),
        st.builds(window, st.just("hopping"), durations, step=durations),
        st.builds(window, st.just("tumbling_count"), count=counts),
        st.builds(window, st.just("session"), durations, maximum=maybe(durations)),
        st.builds(
            window, st.just("calendar"), unit=st.sampled_from(["hour", "day", "week", "month"]), zone=maybe(texts)
        ),
        st.just(window("all")),
        st.builds(window, st.just("since"), event=_phrases(inner)),
    )


def _phrases(inner: SearchStrategy[Any]) -> SearchStrategy[syntax.EventPhrase]:
    return st.builds(syntax.EventPhrase, words, _tuples(_tuples(_simple_arguments(inner), most=2), most=2))


_atoms = st.one_of(st.builds(syntax.Name, names), literals(), regexes)


def expressions(leaves: int = 8) -> SearchStrategy[Any]:
    """Expressions; ``leaves`` bounds their size."""
    return st.recursive(_atoms, _larger, max_leaves=leaves)


_small = expressions(4)
_tiny = expressions(2)
durations = _durations(_tiny)
windows = _windows(_tiny)
phrases = st.one_of(st.builds(syntax.EventPhrase, words), _phrases(_tiny))


# ---- patterns ----
# Each level of precedence is a strategy: what may stand there without parentheses. Anything else is in a Group.


def patterns(leaves: int = 6) -> SearchStrategy[Any]:
    """Patterns; ``leaves`` bounds their size."""
    any_events = st.builds(syntax.AnyEvent, maybe(_tiny))
    primary = st.recursive(phrases | any_events, _larger_primaries, max_leaves=leaves)
    return _whole_patterns(primary)


def _larger_primaries(primary: SearchStrategy[Any]) -> SearchStrategy[Any]:
    whole = _whole_patterns(primary)
    return st.one_of(
        st.builds(syntax.Group, whole, maybe(durations)),
        st.builds(syntax.And, _tuples(whole, least=1), st.just(True)),
        st.builds(syntax.SomeOf, counts, _tuples(whole, least=1)),
    )


def _repeats(primary: SearchStrategy[Any]) -> SearchStrategy[Any]:
    bounds = st.one_of(
        st.sampled_from([(0, 1), (0, None), (1, None), (1, 1)]),
        st.tuples(counts, st.none()),
        counts.map(lambda n: (n, n)),
        st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda pair: (min(pair), max(*pair, 1))),
    )
    modes = st.sampled_from([None, None, "consecutive", "every"])
    return st.tuples(primary, bounds, st.booleans(), modes).map(
        lambda parts: syntax.Repeat(parts[0], *parts[1], parts[2], parts[3])
    )


def _units(primary: SearchStrategy[Any]) -> SearchStrategy[Any]:
    quantified = st.one_of(
        primary,
        primary,
        _repeats(primary),
        st.builds(syntax.Every, primary),
        st.builds(syntax.Consecutive, primary),
    )
    named = quantified | st.builds(syntax.Named, quantified, names)
    absence = st.builds(syntax.Absence, primary, maybe(durations))
    return st.one_of(
        named,
        named,
        st.builds(syntax.Until, named, primary),
        absence,
        st.builds(syntax.Named, absence, names),
    )


def _whole_patterns(primary: SearchStrategy[Any]) -> SearchStrategy[Any]:
    units = _units(primary)
    disjunctions = st.one_of(
        units,
        units,
        st.builds(syntax.And, _tuples(units, least=2)),
        st.builds(syntax.Or, _tuples(units, least=2)),
    )
    steps = disjunctions | st.builds(syntax.Expectation, primary, names, durations)
    bounds = st.one_of(
        st.builds(syntax.StepBound, durations, st.none()),
        st.builds(syntax.StepBound, st.none(), durations),
        st.builds(syntax.StepBound, durations, durations),
    )
    links = st.builds(syntax.Link, disjunctions, st.booleans(), _tuples(bounds, most=2))
    return st.one_of(steps, st.builds(syntax.Sequence, steps, _tuples(links, least=1)))


# ---- clauses ----

_parts = names | texts | st.integers(0, 100)
_paths = st.builds(lambda first, rest: syntax.Path((first, *rest)), names, _tuples(_parts, most=2))


def _last_name(path: syntax.Path) -> str:
    return [part for part in path.parts if isinstance(part, str)][-1]


def _distinct(items: SearchStrategy[Any], most: int = 3) -> SearchStrategy[Any]:
    return st.lists(items, max_size=most, unique_by=lambda item: item.name).map(tuple)


keys = st.one_of(
    names.map(lambda name: syntax.Key(name, (syntax.Path((name,)),))),
    st.builds(lambda name, path, optional: syntax.Key(name, (path,), optional=optional), names, _paths, st.booleans()),
    st.builds(syntax.Key, names, _tuples(_paths, least=1), st.just(True), st.booleans()),
)
key_lists = _distinct(keys)
emit_fields = st.builds(syntax.EmitField, _small, maybe(names))
emits = st.builds(syntax.Emit, names, _tuples(emit_fields), st.booleans())
strategies = st.one_of(
    st.builds(syntax.AfterMatch, st.sampled_from(["past_last", "to_next", "no_skip"])),
    st.builds(syntax.AfterMatch, st.sampled_from(["to_first", "to_last"]), names),
)
limits_per_time = st.builds(syntax.AtMost, counts, durations, key_lists)
firings = st.one_of(
    st.just(syntax.Firing("every_time")),
    st.builds(syntax.Firing, st.just("every_count"), counts),
    st.builds(syntax.Firing, st.just("while_true"), duration=durations),
)
sources = st.builds(syntax.Source, _tuples(phrases, least=1), maybe(names))
joins = st.one_of(
    st.builds(syntax.Join, sources, _tiny, durations, st.booleans()),
    st.builds(syntax.Lookup, names, _tiny),
)
inputs = st.builds(syntax.Input, sources, _tuples(joins, most=2))
_shared: dict[str, Any] = {
    "doc": maybe(texts),
    "where": maybe(_small),
    "per": key_lists,
    "having": maybe(_tiny),
    "emit": maybe(emits),
    "to": _tuples(names | texts, most=2),
    "at_most": maybe(limits_per_time),
    "severity": maybe(names),
    "tags": _tuples(texts, most=2),
    "meta": _distinct(st.builds(syntax.Meta, names, _tiny), most=2),
    "disabled": st.booleans(),
}


def pattern_rules() -> SearchStrategy[syntax.Rule]:
    return st.builds(
        syntax.Rule,
        names,
        pattern=patterns(),
        within=maybe(durations),
        after_match=maybe(strategies),
        on_timeout=maybe(emits),
        limit=maybe(counts),
        **_shared,
    )


def window_rules() -> SearchStrategy[syntax.Rule]:
    conditions = st.one_of(st.tuples(st.none(), st.none()), st.tuples(_small, maybe(firings)))

    def build(when: Any, **clauses: Any) -> syntax.Rule:
        return syntax.Rule(when=when[0], firing=when[1], **clauses)

    return st.builds(build, when=conditions, name=names, input=inputs, over=maybe(windows), **_shared)


def rules() -> SearchStrategy[syntax.Rule]:
    """Rules of both kinds, with any clauses."""
    return pattern_rules() | window_rules()


# ---- other declarations ----

types = st.recursive(
    st.builds(syntax.TypeExpr, plain_names, st.just(()), st.booleans(), _tuples(_atoms, most=2)),
    lambda inner: st.builds(syntax.TypeExpr, plain_names, _tuples(inner, least=1, most=2), st.booleans()),
    max_leaves=3,
)
fields = st.builds(syntax.FieldDeclaration, names, types)
events = st.builds(syntax.EventDeclaration, names, _distinct(fields, most=4), maybe(names), maybe(names))
parameters = _distinct(st.builds(syntax.Parameter, names, maybe(_tiny)))
definitions = st.builds(syntax.Definition, words, _tuples(phrases, least=1), parameters)
constants = st.builds(syntax.Constant, names, _small)
tables = st.builds(syntax.Table, names, texts, _tuples(names, least=1))

_values = st.recursive(
    literals(),
    lambda inner: st.one_of(
        st.builds(syntax.ListOf, _tuples(inner)),
        st.builds(syntax.MapOf, _tuples(st.tuples(names | texts, inner), most=2)),
    ),
    max_leaves=4,
)
data = _tuples(st.builds(syntax.EmitField, _values, names))
timed_events = st.builds(syntax.TimedEvent, names, data, durations_us)
repeated_events = st.builds(syntax.TimedEvent, names, data, maybe(durations_us), st.integers(0, 99), durations_only)
passes = st.builds(syntax.TimePasses, durations_us)
fixtures = st.builds(syntax.Fixture, texts)
tests = st.builds(
    syntax.RuleTest,
    texts,
    _tuples(names),
    _tuples(timed_events | repeated_events | passes | fixtures),
    _tuples(timed_events),
    _tuples(st.builds(syntax.TableRows, names, _tuples(data)), most=2),
    maybe(texts),
)


def declarations() -> SearchStrategy[Any]:
    """Declarations of all kinds."""
    return st.one_of(rules(), rules(), events, definitions, constants, tables, tests)


def files(most: int = 4) -> SearchStrategy[syntax.RuleFile]:
    """Whole files of up to ``most`` declarations."""
    return st.builds(syntax.RuleFile, _tuples(declarations(), most=most))
