"""The one namespace of all files: what is declared, and which declaration a phrase means. Language layer.

A phrase is looked up as written, then with its last word in the singular; blanks and ``_`` between words are the same.
A single word that nobody declares is an event type of its own, unless it differs from a known one only by case or by a
letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from cep.diagnostics import Fix, Span, did_you_mean
from cep.language import syntax
from cep.language.checking.near_names import NearNames
from cep.language.parser import ParsedFile
from cep.language.reader.phrases import likely_meant
from cep.language.report import Report
from cep.language.words import closest, quoted, quoted_phrase

D = TypeVar("D", bound=syntax.Declaration)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a phrase means: a definition, or an event type. ``broken``: it was reported, here or by the parser."""

    type: str
    definition: syntax.Definition | None = None
    broken: bool = False


@dataclass(slots=True)
class Namespace:
    """All declarations by name. Where a name is declared twice the first holds; the others are reported.

    ``broken_parts`` are what could be read of broken rules, which are not among ``rules``.
    """

    report: Report
    events: dict[str, syntax.EventDeclaration] = field(default_factory=dict)
    definitions: dict[str, syntax.Definition] = field(default_factory=dict)
    constants: dict[str, syntax.Constant] = field(default_factory=dict)
    tables: dict[str, syntax.Table] = field(default_factory=dict)
    rules: dict[str, syntax.Rule] = field(default_factory=dict)
    all_rules: list[syntax.Rule] = field(default_factory=list)
    broken_parts: list[syntax.Rule] = field(default_factory=list)
    tests: list[syntax.RuleTest] = field(default_factory=list)
    emitted: dict[str, list[str]] = field(default_factory=dict)
    mentioned: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    broken_phrases: set[str] = field(default_factory=set)
    broken_constants: set[str] = field(default_factory=set)
    broken_tables: set[str] = field(default_factory=set)
    broken_rules: set[str] = field(default_factory=set)
    open_types: set[str] = field(default_factory=set)
    has_broken: bool = False
    _near: NearNames | None = None
    _named: NearNames = field(default_factory=lambda: NearNames(()))
    _built_on: set[str] | None = None

    @classmethod
    def of(cls, files: Sequence[ParsedFile], report: Report) -> Namespace:
        """The namespace of these files, in their order."""
        space = cls(report)
        for file in files:
            for declaration in file.tree.declarations:
                space._add(declaration)
            for broken in file.broken:
                space._add_broken(broken.kind, broken.name, broken.emits)
        for rule in space.broken_parts:
            if "name" not in rule.broken and rule.name in space.rules:
                space._twice("rule", rule.name, rule.name_span, space.rules[rule.name].name_span)
        for phrase, definition in space.definitions.items():
            if phrase in space.events:
                space._twice("event", definition.phrase, definition.span, space.events[phrase].span)
        space.mentioned.update(_single_words(space))
        return space

    def _add(self, declaration: syntax.Declaration) -> None:
        match declaration:
            case syntax.EventDeclaration(name=name):
                self._put("event", self.events, name, declaration)
            case syntax.Definition():
                self._put("definition", self.definitions, joined(declaration.words), declaration)
            case syntax.Constant(name=name):
                self._put("constant", self.constants, name, declaration)
            case syntax.Table(name=name):
                self._put("table", self.tables, name, declaration)
            case syntax.Rule(broken=broken) if broken:
                self.broken_parts.append(declaration)
            case syntax.Rule(name=name):
                self._put("rule", self.rules, name, declaration)
                self.all_rules.append(declaration)
                for emitted in emitted_types(declaration):
                    self.emitted.setdefault(emitted, []).append(name)
            case syntax.RuleTest():
                self.tests.append(declaration)

    def _put(self, what: str, into: dict[str, D], name: str, declaration: D) -> None:
        first = into.setdefault(name, declaration)
        if first is not declaration:
            shown = declaration.phrase if isinstance(declaration, syntax.Definition) else name
            self._twice(what, shown, place_of(declaration), place_of(first))

    def _twice(self, what: str, name: str, span: Span, first: Span) -> None:
        message = f"the {what} `{name}` is declared twice"
        hint = "give one of them another name"
        self.report.error("CEP201", message, span, hint, ((first, "it is declared here already"),))

    def _add_broken(self, kind: str, name: str, emits: tuple[str, ...]) -> None:
        self.has_broken = True
        self.broken_phrases.update(emits)
        self.open_types.update(emits)
        match kind:
            case "event":
                self.broken_phrases.add(name)
            case "define":
                self.broken_phrases.add(joined(name.split()))
            case "let":
                self.broken_constants.add(name)
            case "table":
                self.broken_tables.add(name)
            case "rule":
                self.broken_rules.add(name)
                if name and not emits:
                    self.broken_phrases.add(camel_case(name))

    # ---- looking up ----

    def lookup(self, words: Sequence[str], span: Span) -> Meaning:
        """What the phrase means; reports a phrase that means nothing."""
        found = self._find(words)
        if found is None and len(words) == 1:
            found = self._new_type(words[0], span)
        if found is None:
            self._unknown(words, span)
            return Meaning(" ".join(words), broken=True)
        if found.definition is not None:
            self.used.add(joined(found.definition.words))
        return found

    def _find(self, words: Sequence[str]) -> Meaning | None:
        for spelling in spellings(words):
            if spelling in self.definitions:
                return Meaning(spelling, self.definitions[spelling])
            if spelling in self.events or spelling in self.emitted:
                return Meaning(spelling, broken=spelling in self.broken_phrases)
            if spelling in self.broken_phrases:
                return Meaning(spelling, broken=True)
        return None

    def known(self) -> list[str]:
        """Event types and phrases that are declared or emitted, as they are written."""
        phrases = [definition.phrase for definition in self.definitions.values()]
        return list(dict.fromkeys([*self.events, *self.emitted, *phrases]))

    def _new_type(self, word: str, span: Span) -> Meaning | None:
        singular = next((form for form in spellings([word])[1:] if form in self.mentioned), None)
        if singular is not None:
            return Meaning(singular)
        near = self.near_miss(word)
        if near is not None:
            self._refuse_near_miss(word, near, span)
            return Meaning(word, broken=True)
        return Meaning(word)

    def unknown_singular(self, word: str) -> str | None:
        """The singular of a plural word that nobody declares, in either form; null for all other words."""
        singulars = spellings([word])[1:]
        likely = [form for form in singulars if word.removeprefix(form) == "es" and form.endswith(_TAKES_ES)]
        singular = (likely or singulars or [word])[0]
        endings = ("us", "is", "as", "os")
        if singular == word or word.endswith(endings) or self._find([word]) or singular in self.mentioned:
            return None
        return singular if self.near_miss(word) is None else None

    def _refuse_near_miss(self, word: str, near: str, span: Span) -> None:
        by = "only by case" if word.lower() == near.lower() else "by a letter"
        if "_" in word or " " in near:
            by = "by little"
        message = f"`{word}` is not declared and differs from `{near}` {by}"
        hint = f"{did_you_mean(near)} else declare it: `event {quoted(word)} {{ … }}`"
        alone = word.lower() == near.lower() and self._index().near(word) == [near]
        self.report.error(
            "CEP203", message, span, hint, fix=Fix(span.first(len(word)), quoted(near), word) if alone else None
        )

    def near_miss(self, word: str) -> str | None:
        """A known type or definition from which the word differs by case or by a letter.

        A type that only definitions name is known to everybody else, and may stand beside the definition made of it.
        """
        types = self._types_in_definitions()
        found = [name for form in spellings([word]) for name in self._index().near(form)]
        known = [name for name in found if word not in self._types_of_definition(name)]
        if not known and word not in types:
            known = [name for form in spellings([word]) for name in self._named.near(form)]
        forms = spellings([word])
        return next((name for name in known if joined([name]) not in forms), None)

    def _index(self) -> NearNames:
        if self._near is None:
            self._near = NearNames(self.known())
            self._named = NearNames(name for name in self._types_in_definitions() if self._find([name]) is None)
        return self._near

    def _types_of_definition(self, phrase: str) -> list[str]:
        definition = self.definitions.get(joined([phrase]))
        return [] if definition is None else [e.words[0] for e in definition.events if len(e.words) == 1]

    def _types_in_definitions(self) -> set[str]:
        if self._built_on is None:
            self._built_on = {t for phrase in self.definitions for t in self._types_of_definition(phrase)}
        return self._built_on

    def _unknown(self, words: Sequence[str], span: Span) -> None:
        phrase = " ".join(words)
        message = f"nothing is called `{phrase}`"
        hint = likely_meant(words) or self._two_events(words) or self._named_event(words) or self._nearest(phrase)
        self.report.error("CEP202", message, span, hint, fix=self._fix_of_phrase(words, span))

    def _fix_of_phrase(self, words: Sequence[str], span: Span) -> Fix | None:
        """The one phrase that differs by a letter, in the plural where the words are."""
        for spelling in spellings(words):
            near = self._index().near(spelling.replace("_", " "))
            if len(near) != 1:
                continue
            ending = joined(words).removeprefix(spelling)
            meant = f"{near[0]}{ending}".split()
            if joined(near[0].split()) in spellings(meant):
                return Fix(span.first(len(" ".join(words))), quoted_phrase(tuple(meant)), " ".join(words))
        return None

    def _nearest(self, phrase: str) -> str:
        """By the index where one name differs by a letter: the other comparison looks at each name."""
        near = next(iter(self._index().near(phrase)), None) or closest(phrase, self.known())
        for spelling in spellings(phrase.split()):
            near = near or closest(spelling.replace("_", " "), self.known())
        return did_you_mean(near) or f"declare it: `define {phrase} as EVENT(…)`"

    def _two_events(self, words: Sequence[str]) -> str | None:
        for cut in range(1, len(words)):
            before, after = words[:cut], words[cut:]
            if self._is_event(before) and self._is_event(after):
                return f"write `then` between them: `{' '.join(before)} then {' '.join(after)}`"
        last = next((form for form in spellings(words[-1:]) if self._is_event([form])), None)
        if last is not None and closest(" ".join(words), self.known()) is None:
            phrase = " ".join([*words[:-1], last]).lower()
            return f"declare it: `define {phrase} as {last}(…)`"
        return None

    def _named_event(self, words: Sequence[str]) -> str | None:
        """``Login ok``: an event and the name of a step, if no phrase is nearly that."""
        if len(words) < 2 or not self._is_event(words[:-1]) or any(self._index().near(s) for s in spellings(words)):
            return None
        return f"to name the step write `{' '.join(words[:-1])} as {words[-1]}`, else declare the phrase with `define`"

    def _is_event(self, words: Sequence[str]) -> bool:
        return self._find(words) is not None or (len(words) == 1 and words[0] in self.mentioned)

    # ---- definitions that build on themselves ----

    def definition_cycles(self) -> set[str]:
        """The definitions that lead back to themselves; each cycle is reported once, with its path."""
        inside: set[str] = set()
        done: set[str] = set()
        for start in self.definitions:
            self._follow(start, [], done, inside)
        return inside

    def _follow(self, phrase: str, path: list[str], done: set[str], inside: set[str]) -> None:
        if phrase in path:
            cycle = path[path.index(phrase) :]
            if not inside.issuperset(cycle):
                names = [self.definitions[name].phrase for name in [*cycle, phrase]]
                shown = " → ".join(f"`{name}`" for name in names)
                message = f"the definition leads back to itself: {shown}"
                hint = "let one of them name an event type"
                span = self.definitions[phrase].span
                related = tuple((self.definitions[n].span, "on the way") for n in cycle[1:])
                self.report.error("CEP212", message, span, hint, related)
            inside.update(cycle)
            return
        if phrase in done:
            return
        done.add(phrase)
        for event in self.definitions[phrase].events:
            meaning = self._find(event.words)
            if meaning is not None and meaning.definition is not None:
                target = joined(meaning.definition.words)
                self._follow(target, [*path, phrase], done, inside)


_TAKES_ES = ("x", "ss", "z", "ch", "sh")


def joined(words: Sequence[str]) -> str:
    """The words as one, the form under which phrases are looked up."""
    return "_".join("_".join(words).split())


def spellings(words: Sequence[str]) -> list[str]:
    """The phrase as written, then with its last word in the singular, likely forms first."""
    forms = [joined(words)]
    last = words[-1]
    singulars = []
    if len(last) > 3 and last.endswith("ies"):
        singulars.append(f"{last[:-3]}y")
    if len(last) > 1 and last.endswith("s") and not last.endswith("ss"):
        singulars.append(last[:-1])
    if len(last) > 3 and last.endswith("es"):
        singulars.append(last[:-2])
    forms.extend(joined([*words[:-1], singular]) for singular in singulars)
    return list(dict.fromkeys(forms))


def snake_case(name: str) -> str:
    """``OrderPlaced`` → ``order_placed``, ``failed login`` → ``failed_login``."""
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"\W+", "_", name).strip("_").lower() or "step"


def camel_case(name: str) -> str:
    """``brute_force`` → ``BruteForce``."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[\W_]+", name)) or name


def emitted_types(rule: syntax.Rule) -> list[str]:
    """The types that a rule emits."""
    first = rule.emit.type if rule.emit is not None else camel_case(rule.name)
    return list(dict.fromkeys([first, *([rule.on_timeout.type] if rule.on_timeout else [])]))


def place_of(declaration: syntax.Declaration) -> Span:
    """Where a declaration is underlined: a rule at its name."""
    return declaration.name_span if isinstance(declaration, syntax.Rule) else declaration.span


def events_in(node: object) -> list[syntax.EventPhrase | syntax.AnyEvent]:
    """The phrases and ``any(…)`` of a pattern, an input or a window, in the order written."""
    return list(_events(node))


def phrases_in(node: object) -> list[syntax.EventPhrase]:
    """The phrases of a pattern, an input or a window, in the order written."""
    return [event for event in _events(node) if isinstance(event, syntax.EventPhrase)]


def _events(node: object) -> Iterator[syntax.EventPhrase | syntax.AnyEvent]:
    match node:
        case syntax.EventPhrase() | syntax.AnyEvent():
            yield node
        case tuple():
            for part in node:
                yield from _events(part)
        case syntax.Group(pattern=inner):
            yield from _events(inner)
        case (
            syntax.Repeat(element=inner)
            | syntax.Every(element=inner)
            | syntax.Consecutive(element=inner)
            | syntax.Named(element=inner)
            | syntax.Absence(element=inner)
            | syntax.Expectation(element=inner)
            | syntax.Link(element=inner)
        ):
            yield from _events(inner)
        case syntax.Until(element=inner, stop=stop):
            yield from _events((inner, stop))
        case syntax.Or(members=members) | syntax.And(members=members) | syntax.SomeOf(members=members):
            yield from _events(members)
        case syntax.Sequence(first=first, links=links):
            yield from _events((first, *links))
        case syntax.Input(source=source, joins=joins):
            yield from _events((source, *joins))
        case syntax.Source(events=events):
            yield from events
        case syntax.Join(source=source):
            yield from _events(source)
        case syntax.Window(event=syntax.EventPhrase() as event):
            yield event


def _single_words(space: Namespace) -> Iterator[str]:
    """Single words that stand for events somewhere, and the types of events in tests."""
    for definition in space.definitions.values():
        for event in definition.events:
            if len(event.words) == 1:
                yield event.words[0]
    for rule in (*space.all_rules, *space.broken_parts):
        for phrase in phrases_in((rule.pattern, rule.input, rule.over)):
            if len(phrase.words) == 1:
                yield phrase.words[0]
    for test in space.tests:
        for row in test.given:
            if isinstance(row, syntax.TimedEvent):
                yield row.type
