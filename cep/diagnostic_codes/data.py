"""5xx and 6xx: files and options that do not fit, and data at run time. Core layer."""

from __future__ import annotations

from cep.diagnostic_codes.code import Code

# 50x: rule files that cannot be read.
LOADING = (
    Code(
        "CEP501",
        "rule file cannot be read",
        "There is no file or folder of this name, or the system does not let it be read.",
    ),
    Code(
        "CEP502",
        "folder without rules",
        "The folder and the folders in it hold no file that ends in `.cep`, `.yaml` or `.yml`.",
    ),
    Code(
        "CEP503",
        "rule file is not UTF-8",
        "Rule files are UTF-8 text. The place shown is that of the first byte that is none. Files in another encoding "
        "have to be converted first, for instance with `iconv -t utf-8`.",
    ),
    Code(
        "CEP504",
        "unknown rule pack",
        "`rules:NAME` stands for a rule pack that ships with cep; there is none of this name.",
    ),
    Code(
        "CEP505",
        "no rules",
        "The rule files were read, and none of them holds a rule, so nothing would ever be emitted.",
    ),
)

# 51x: options of a run that concern the rules.
CONSTANTS = (
    Code(
        "CEP510",
        "unknown constant",
        "`--set NAME=VALUE` overrides a constant that the rules declare by `let`; there is none of this name.",
    ),
    Code(
        "CEP511",
        "value that does not fit the constant",
        "What is given for a constant is written as in a rule file, and of the same type as the value it replaces. "
        "Text needs no quotes there.",
    ),
)

# 52x: reference tables. At the start they end the run; while it goes on, the rows read before stay in force.
TABLES = (
    Code(
        "CEP520",
        "table cannot be found",
        "The file of a `table` declaration does not exist, or the system does not let it be read. A relative path "
        "starts at the folder of the rule file that declares the table.",
    ),
    Code(
        "CEP521",
        "table cannot be read",
        "The file of a table is not what its ending says: a row of CSV with more values than columns, a line that is "
        "no JSON object, a file that is no Parquet or SQLite, or an ending that stands for none of them. Tables end in "
        "`.csv`, `.jsonl`, `.ndjson` or `.parquet`; a table of an SQLite file is written `path.db#table`.",
    ),
    Code(
        "CEP522",
        "key column is missing",
        "The table has no column of the name that its declaration gives as its key.",
    ),
    Code(
        "CEP523",
        "key of a table stands twice",
        "Two rows have the same values in the key columns, so that a look-up could find either. Where rows are "
        "versions of one another, a column `valid_from` says from when on each of them counts.",
    ),
    Code(
        "CEP524",
        "row without a key",
        "A row is empty in one of the key columns. Nothing is equal to null, so it could never be found.",
    ),
    Code(
        "CEP525",
        "value that a table cannot hold",
        "A row holds what no event can hold, a list or a map in a key column, or a `valid_from` that is no time: ISO "
        "8601 text with an offset, or a number of seconds, milliseconds, microseconds or nanoseconds since 1970. "
        "`--time-zone` says in which zone times without an offset are meant.",
    ),
)

# 6xx: data at run time. None of them stops the run, unless `--on-error stop` asks for it.
DATA = (
    Code(
        "CEP601",
        "record is not JSON",
        "The line cannot be decoded: it is cut short, holds something else than JSON, holds two objects, or a "
        "string in it holds half of a surrogate pair (`\\ud800`). The line goes to the dead letters and the next "
        "one is read. One object stands on one line; objects written over several lines have to be joined first, "
        "for instance with `jq -c .`.",
    ),
    Code(
        "CEP602",
        "record is too large",
        "The record has more bytes than one may have (1 MiB unless set otherwise). It was cut while it was read "
        "and never held whole: the dead letter keeps its first 64 KiB and its true size.",
    ),
    Code(
        "CEP603",
        "record is not valid UTF-8",
        "The record holds bytes that are no UTF-8, in a field that rules read or in another. Files in another "
        "encoding have to be converted first, for instance with `iconv -t utf-8`.",
    ),
    Code(
        "CEP604",
        "record is nested too deeply",
        "Lists and objects in the record are nested more than 256 levels deep. The limit keeps hostile records "
        "from using up the stack, and is the same on every machine.",
    ),
    Code(
        "CEP605",
        "number is too large",
        "A field that rules read holds a whole number outside 64 bits (-9223372036854775808 to "
        "9223372036854775807) or a number that no 64-bit float can hold, such as `1e999`. Identifiers of that "
        "length belong into strings. Numbers in fields that no rule reads are not looked at, and whole numbers "
        "inside a list or an object may have any size.",
    ),
    Code(
        "CEP606",
        "record is not an object",
        "An event is a JSON object (or a mapping, where an application hands it over). The record is JSON, but a "
        "list, a string, a number, `true`, `false` or `null`.",
    ),
    Code(
        "CEP607",
        "rest of the file cannot be read",
        "A compressed file is cut off or damaged, or the system reports an error while the file is read. What "
        "came before was delivered; the dead letter stands at the line where reading ended and holds what there "
        "was of it. The run goes on with the other files. `gzip -t` and `zstd -t` tell more about a file.",
    ),
    Code(
        "CEP608",
        "row is not CSV",
        "The row has more values than there are columns, a quote that is never closed, text after a closing "
        "quote, a NUL, or a value of more than 128 KiB. The row goes to the dead letters; after a quote that is "
        "never closed, reading goes on at the next line. Where the header is broken, the rest of the file is not "
        "read.",
    ),
    Code(
        "CEP609",
        "key stands twice in a record",
        "A JSON object holds a key a second time, so it cannot be told which value is meant. Keys that no rule reads "
        "count too, those of objects within the record do not. What writes such records has to be mended; to take "
        "the last value, pass the lines through `jq -c .` first.",
    ),
    Code(
        "CEP610",
        "record without a type",
        "Every event has a type: the text in its field `type`, else `event_type`, else `event`. `--type-field NAME` "
        "names another field, and `--type NAME` gives a type to all records of a source that has none.",
    ),
    Code(
        "CEP611",
        "event without a time",
        "The record has no time of its own, and nobody said when it arrived. Event time is the schema's `time` field, "
        "else the first of `ts`, `timestamp`, `time`, `@timestamp` and `event_time` that is present, else arrival.",
    ),
    Code(
        "CEP612",
        "time that cannot be read",
        "Times are ISO 8601 text with an offset (`2026-01-01T12:00:00Z`, `…+02:00`) or a number of seconds, "
        "milliseconds, microseconds or nanoseconds since 1970, told apart by their size. `--time-zone Europe/Berlin` "
        "says in which zone times without an offset are meant.",
    ),
    Code(
        "CEP613",
        "required field is missing",
        "The event's declaration names a field without `?`, and the record does not have it, or it is null. Write "
        "`name: type?` where it may be missing.",
    ),
    Code(
        "CEP614",
        "field has another type",
        "The value is not of the declared type. A whole number passes for a `float`, ISO text or a number for a "
        "`timestamp`, text such as `1h30m` or a number of seconds for a `duration`, text or a number for a `decimal`; "
        "nothing else is converted. Only fields that some rule reads are looked at.",
    ),
    Code(
        "CEP615",
        "value outside its domain",
        'The declaration lists the values that the field may have (`in ["success", "failure"]`), and this is not one '
        "of them.",
    ),
    Code(
        "CEP616",
        "time too far in the future",
        "The event's time is further ahead of its arrival than `--max-skew` allows. Such an event would make all the "
        "others late, so it is set aside and does not move the watermark.",
    ),
    Code(
        "CEP617",
        "value that no event can hold",
        "An application handed over something that is neither text, a number, a bool, null, a list, a map, a time nor "
        "a decimal, or a field whose name is no text.",
    ),
    Code(
        "CEP621",
        "expression failed on this event",
        "A condition or an emitted value cannot be computed for this event: a division by zero, a number that grew out "
        "of 64 bits, a list as a key. For the rule that is named the condition does not hold (or the derived event is "
        "not made); other rules see the event as usual.",
    ),
)

# 49x: what is understood and not run yet.
NOT_YET = (
    Code(
        "CEP490",
        "does not run yet",
        "The construct is part of the language: it parses and is checked. This version has no operator for it, and "
        "refuses the rule rather than running something else.",
    ),
)

# 9xx: bugs of ours.
BUGS = (
    Code(
        "CEP901",
        "a bug in cep",
        "Something happened that the program did not foresee. `CEP_DEBUG=1` shows the traceback; please report it with "
        "the rules and, if possible, the events that lead there.",
    ),
)
