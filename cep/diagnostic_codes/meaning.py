"""2xx to 4xx: rules that read well and have no meaning: names, types, patterns and bounds. Core layer."""

from __future__ import annotations

from cep.diagnostic_codes.code import Code

# 2xx: names. Found when all files are read: what is declared, and what each name means.
NAMES = (
    Code(
        "CEP201",
        "declared twice",
        "Two declarations have the same name: event types and definitions share one namespace over all files, and "
        "so do constants, tables and rules each. Or an `emit` gives two fields the same name. The first one holds "
        "while the rest is checked.",
    ),
    Code(
        "CEP202",
        "unknown phrase",
        "A phrase of several words is the name of a definition (`define failed login as …`), and nothing is "
        "declared under this one. The last word of a phrase may be in the plural. A single word may be an event "
        "type that nobody declares, several words may not.",
    ),
    Code(
        "CEP203",
        "event type that is nearly another",
        "A single word that nobody declares is an event type of its own. This one differs from a known type or "
        "definition only by case or by a letter, and so is taken for a mistake. If it is meant, declare it with "
        "`event NAME { … }`. In a test, and in `per key = (Type.field, …)`, types are written out exactly.",
    ),
    Code(
        "CEP204",
        "unknown field",
        "The schema of the event type (or, for a type that rules emit, their `emit` clauses) does not have this "
        "field. A type that nobody declares has whatever fields its events bring; an `event` declaration makes them "
        "known, and mistakes in them findable.",
    ),
    Code(
        "CEP205",
        "unknown name",
        "The name is none of what may be meant here: a key of the rule, a step, a constant (`let`), a parameter, or "
        "a field of the event at hand. Text stands in quotes.",
    ),
    Code(
        "CEP206",
        "field of which step",
        "In `where`, `having` and `emit` a bare name is a key of the rule, or a field of the only step. A pattern "
        "with several steps needs the step in front: `ok.ip`. In a rule that joins inputs the input stands in "
        "front.",
    ),
    Code(
        "CEP207",
        "step name clash, or a step as a value",
        "A step is named by `as`, else after its event type in snake case (`OrderPlaced` is `order_placed`); two "
        "steps of one rule must not share a name. A step stands for a whole event: to compare or emit something, "
        "name a field of it. Whole events are only arguments of functions such as `time(ok)`.",
    ),
    Code(
        "CEP208",
        "step is not bound yet",
        "The condition of a step is tested when a candidate for it arrives, and can read only the steps before it. "
        "Members of `and`, `or` and `N of` do not know each other. Conditions over several steps stand in `where`: "
        "each is tested as soon as the last step it names has arrived.",
    ),
    Code(
        "CEP209",
        "step without an event",
        "What stands behind `no` stays away, and what stands behind `until` only ends a loop: neither binds an "
        "event that could be read. Their own conditions may read the steps before them.",
    ),
    Code(
        "CEP210",
        "word without a meaning here",
        "`this` is the event at hand (in conditions and in rules over windows), `prev` the event before it, `first` "
        "and `last` those of the match or window, `window` the window with its `start` and `end`. Each is known "
        "only where there is such a thing.",
    ),
    Code(
        "CEP211",
        "unknown function",
        "There is no function or aggregate of this name. Applications add functions with `@cep.function`; rule "
        "files never load code.",
    ),
    Code(
        "CEP212",
        "declaration that needs itself",
        "A definition or constant leads back to itself by the path shown, so it can never be worked out.",
    ),
    Code(
        "CEP213",
        "parentheses that do not fit the phrase",
        "After an event type, or a definition without parameters, parentheses hold one condition; its parts are "
        "joined by `and`. After a definition with parameters the first parentheses hold its arguments, the second a "
        "condition.",
    ),
    Code(
        "CEP214",
        "single `=` in a condition",
        "`=` gives a value to a parameter, a field or a constant; `==` compares.",
    ),
    Code(
        "CEP215",
        "unknown table",
        "`expect … from`, `lookup` and `given table` name a reference table, which is declared by `table NAME from "
        '"PATH" key FIELD`.',
    ),
    Code(
        "CEP216",
        "emitted value without a name",
        "`emit X(ok.ip)` names its field `ip`. What is not a path has no name of its own: `emit X(total = sum(x))`.",
    ),
    Code(
        "CEP217",
        "name that derived events use themselves",
        "A derived event has the fields `type`, `time` and `cep` of its own, beside the emitted ones.",
    ),
    Code(
        "CEP218",
        "unknown severity",
        "A severity is one of `info`, `low`, `medium`, `high` and `critical`.",
    ),
    Code(
        "CEP219",
        "test of something that is not there",
        "A test names a rule that does not exist, or expects an event that none of its rules emits.",
    ),
    Code(
        "CEP220",
        "unused definition",
        "No rule and no other declaration uses this definition, constant or table. It may be misspelt where it is "
        "meant to be used. Nothing is said while something cannot be read or a name is unknown.",
    ),
    Code(
        "CEP221",
        "emitted type that is nearly another",
        "Nobody reads the type that this rule emits, and its name differs only by case or a letter from one that is "
        "known: likely one of the two is misspelt.",
    ),
    Code(
        "CEP222",
        "plural of an unknown type",
        "`three Payments` means three events of the type `Payment` where that type is declared, emitted or named "
        "elsewhere in the rules. Where nothing is known of it the word is taken as it stands.",
    ),
    Code(
        "CEP223",
        "table that is used as a value",
        "A table is no list and no event. A rule over windows reads its rows by `from Payment lookup cards on card == "
        "cards.number`, and `expect Heartbeat from hosts for 60 seconds` reads its keys.",
    ),
    Code(
        "CEP224",
        "rule that says what another says",
        "Apart from its name, description, severity, tags and `meta` the rule is one that stands before it, so each "
        "match is told twice. Or it looks at single events (a pattern of one event, or `from` without `over` and "
        "`when`), is another but for its condition, and that is the narrower one: each conjunct of the wider stands in "
        "it or follows from a comparison with a constant. Rules that are disabled do not count.",
    ),
    Code(
        "CEP230",
        "comment that ignores nothing",
        "`# cep: ignore[CEP415]` speaks of the line that it stands in or, alone on a line, of the next one. No such "
        "warning is told there, or none any more.",
    ),
    Code(
        "CEP231",
        "comment that cannot ignore",
        "Only warnings can be ignored, each by its code: `# cep: ignore[CEP415, CEP220] reason`. An error cannot, nor "
        "a code that does not exist.",
    ),
)

# 3xx: types. Found when what names mean is known. A value of type `any` is checked at run time only.
TYPES = (
    Code(
        "CEP301",
        "values that cannot be compared",
        "Two values can be compared when they are both numbers, both text, both times, both durations, and so on; "
        "only numbers, texts, times and durations have an order. Convert one side: `float(x)`, `string(x)`, "
        "`timestamp(x)`.",
    ),
    Code(
        "CEP302",
        "arithmetic that does not fit",
        "Numbers go with numbers, durations with durations; text is joined by `+`; the difference of two times is a "
        "duration, and a duration can be added to a time. A number of seconds is no duration: write its unit.",
    ),
    Code(
        "CEP303",
        "condition that is no condition",
        "`when`, `where`, `having`, the parentheses after an event, and what stands beside `and`, `or` and `not` "
        'must be true or false. `x == "a" or "b"` is written `x in ["a", "b"]`.',
    ),
    Code(
        "CEP304",
        "list where one value is meant",
        'A step that loops has a list of values for each field. To look for a value in it write `"x" in fails.ip`; '
        "`first(fails).ip`, `last(fails).ip` and `fails[0].ip` are single values; `any(fails.ip, x -> …)` and "
        "`all(…)` ask of each.",
    ),
    Code(
        "CEP305",
        "value that the field never has",
        'The schema lists the values of this field (`outcome: string in ["success", "failure"]`), and this is none '
        "of them, so that the comparison could never hold.",
    ),
    Code(
        "CEP306",
        "arguments that do not fit the function",
        "Too many or too few arguments, a name that the function does not have, or `where` and `over` in the "
        "arguments of a function that is no aggregate. The hint shows how the function is called.",
    ),
    Code(
        "CEP307",
        "argument of the wrong type",
        "The function takes another type here. The hint shows how it is called, or how to convert the value.",
    ),
    Code(
        "CEP308",
        "nothing to aggregate, or to compare with",
        "An aggregate needs events: those of a window (`over …`), of the match (in `having`, `emit` and `where`), "
        "or of an earlier step that it names (`count(fails)`). It ranges over the events of one step, or over all. "
        "`crosses above` compares with the evaluation before and stands in the `when` of a rule over windows.",
    ),
    Code(
        "CEP309",
        "aggregate inside an aggregate",
        "An aggregate looks at one event after the other, and there is no group of events inside one. Only the "
        "ranking of `top(x, n, sum(y))` is an aggregate itself.",
    ),
    Code(
        "CEP310",
        "regular expression that is not valid",
        "Regular expressions are those of RE2, which run in linear time whatever the text. They have no look-around "
        "and no back-references. Flags are `i` (case does not matter), `m` (`^` and `$` at line ends) and `s` (`.` "
        "matches line ends).",
    ),
    Code(
        "CEP311",
        "division by zero",
        "The divisor is always zero. An event that is divided by zero at run time goes to the dead letters.",
    ),
    Code(
        "CEP312",
        "value that is not known when the rules are loaded",
        "Constants, bounds, windows, the values of `meta` and some arguments must not depend on events. Write a "
        "literal, the name of a constant, or a calculation with these.",
    ),
    Code(
        "CEP313",
        "not a duration, or one that is out of range",
        "A bound, a window or a wait is a duration longer than zero and no longer than 10,000 years: `5 minutes`, "
        "`1h30m`, `250ms`, a constant, or a calculation in parentheses.",
    ),
    Code(
        "CEP314",
        "value without parts",
        '`.name` and `["name"]` look into a map, `[0]` into a list. A string, a number or a time has no parts.',
    ),
    Code(
        "CEP315",
        "value that cannot be emitted",
        "The fields of a derived event are values that JSON can hold: no regular expressions and no whole events.",
    ),
    Code(
        "CEP316",
        "value that does not fit its declaration",
        "The schema declares another type for this field. In tests, text may stand for times and addresses.",
    ),
    Code(
        "CEP317",
        "schema that is not valid",
        "The types are `string int float decimal bool timestamp duration ip list<T> map<T> any`, each with `?` if "
        "it may be missing. The time field is a timestamp, the id field a single value.",
    ),
    Code(
        "CEP318",
        "two outcomes of different types",
        "Both outcomes of `if`, and both sides of `??`, must be of one type, so that what is done with the result "
        "is known to be right. Null goes with every type.",
    ),
)

# 4xx: patterns and bounds, and clauses that contradict each other.
PATTERNS = (
    Code(
        "CEP401",
        "`no` where it has no meaning",
        "`no B` says that B stays away between two steps, or after the last one. Inside `and`, `or` and `N of` "
        "there is no such stretch of time. Behind `no` stands one event, or in parentheses several with `or`, or a "
        "group such as `no (B then C)`, but nothing with `every` or `until`; at the start of a pattern only events.",
    ),
    Code(
        "CEP402",
        "name for what stays away",
        "`as` names the event that a step binds. What stays away, and what ends a loop, binds none.",
    ),
    Code(
        "CEP403",
        "absence without a beginning",
        "`no B` counts from the step before it. At the start of a pattern nothing says since when, so a time is "
        "needed: `no Heartbeat for 60 seconds` is silence since the last one.",
    ),
    Code(
        "CEP404",
        "closing step that may be empty",
        "A match is complete at the first event at which nothing more is needed. A last step that may be empty "
        "would never take an event.",
    ),
    Code(
        "CEP405",
        "pattern that can match nothing",
        "Every part of it may be empty, so that it would match before any event.",
    ),
    Code(
        "CEP406",
        "absence without an end",
        "A closing `no B` needs a deadline: `no B for 30 minutes`, counted from the step before, or a `within` of "
        "the rule, counted from the first event.",
    ),
    Code(
        "CEP407",
        "loop without an end",
        "A pattern that closes with `A+ until B` waits for B. If it never comes only the deadline of `within` ends "
        "the loop.",
    ),
    Code(
        "CEP408",
        "`every` where it has no meaning",
        "`then every B` completes a match at each later B; `three every A` looks at all combinations. It stands "
        "before one event or a loop of one event. At the start of a pattern it is not needed: every event that can "
        "start a match starts one.",
    ),
    Code(
        "CEP409",
        "bound that is too short",
        "The least waits of the steps (`after 10 minutes`, `no B for 10 minutes`) add up to more than the `within` "
        "around them, so that no match can ever be complete. A closing wait does not count.",
    ),
    Code(
        "CEP410",
        "`limit` without `every`",
        "`limit N` bounds the live runs of a rule whose starts may complete several matches, by `every`.",
    ),
    Code(
        "CEP411",
        "skip to a step that is not there",
        "`after match skip to first NAME` and `skip to last NAME` name a step of the pattern.",
    ),
    Code(
        "CEP412",
        "firing that the window does not have",
        "Windows that close (tumbling, hopping, sessions, calendar) are each evaluated once and remember nothing.",
    ),
    Code(
        "CEP413",
        "rules in a circle",
        "A rule reads what it leads to itself, over the path shown: one event could go round for ever. `any(…)` "
        "reads source events only and closes no circle, nor does a rule that is disabled.",
    ),
    Code(
        "CEP414",
        "condition on an empty window",
        "A window without events does not exist, so `count() == 0` never holds. Silence is a pattern: `when no "
        "Heartbeat for 60 seconds`, and `expect Heartbeat from hosts for 60 seconds` for those that were never "
        "heard of.",
    ),
    Code(
        "CEP415",
        "pattern that nothing bounds",
        "The pattern waits for a further event and nothing says how long, so that each start is kept until the "
        "limit of runs per key drops it. `within` bounds the whole match, `then within 30 seconds` one step.",
    ),
    Code(
        "CEP416",
        "name on more than one step",
        "`as` names one event, or a loop of one event. Inside a group the steps are named one by one; `(A or B) as "
        "x` over events without names is one step.",
    ),
    Code(
        "CEP417",
        "count or `until` that does not fit",
        "`3 of (A, B)` can never be complete; `until` ends a loop or a group, at one event.",
    ),
    Code(
        "CEP419",
        "bounds that contradict each other",
        "A step whose earliest time lies after its latest, a longest session that is shorter than its gap, or a "
        "bound on a step that stays away (which is written `no B for D`).",
    ),
    Code(
        "CEP420",
        "unknown time zone",
        "Time zones are names of the IANA database, such as `Europe/Berlin` or `UTC`.",
    ),
    Code(
        "CEP421",
        "time-out that never comes",
        "`on timeout emit` tells of runs whose time is up. Without a `within`, of the rule, a group or a step, no "
        "time is.",
    ),
    Code(
        "CEP422",
        "`expect` that does not fit",
        "`expect Heartbeat from hosts for 60 seconds` begins a pattern and waits for one event. The key columns of "
        "the table are the keys of the rule, in order.",
    ),
    Code(
        "CEP423",
        "declarations that build on each other too deeply",
        "Definitions, constants or rules build on each other over hundreds of levels. Name event types directly in "
        "some.",
    ),
    Code(
        "CEP424",
        "condition on the last event of a loop",
        "A bare name in `where` is a field of the last event of the loop, so the others are not tested. What each of "
        "them must meet stands in the parentheses of the event: `three Reading(temperature > 80)`. Where the last one "
        "is meant write `last(readings).temperature`.",
    ),
    Code(
        "CEP425",
        "condition that is always true or always false",
        "Nothing in the events can change it: it compares literals, asks of one field what no value meets (`x > 5 and "
        "x < 3`) or what every value meets (`x > 5 or x <= 5`), compares a whole number with a fraction, or a function "
        "with what it never gives (`hour(at) > 23`). What hangs on a constant or an argument alone is a switch and is "
        "not told.",
    ),
    Code(
        "CEP426",
        "`not` before a comparison with a field that may be missing",
        "A comparison with null is unknown, and so is its `not`: `not x == 1` does not hold for events without `x`. "
        "Write `x != 1 or x is null` where they shall pass, `x != 1` or `x is not null and not x == 1` where they "
        "shall not.",
    ),
    Code(
        "CEP427",
        "step that can never match",
        "The events of this step come from no source that is declared, and the rules that emit them are disabled, or "
        "never emit such values. Or `where` asks of the step what its own condition excludes.",
    ),
)
